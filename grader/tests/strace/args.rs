//! The arguments of a call as strace prints them with `-X raw -xx`: numbers as numbers, strings in hex.

/// The parts of a list, split at the commas that are not inside brackets or quotes.
pub fn split(list: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = list;
    while !rest.trim().is_empty() {
        let end = find(rest, ',').unwrap_or(rest.len());
        parts.push(rest[..end].trim());
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    parts
}

/// Where `wanted` stands outside of all brackets and quotes.
pub fn find(text: &str, wanted: char) -> Option<usize> {
    let mut depth = 0;
    let mut quoted = false;
    for (at, letter) in text.char_indices() {
        // With -xx a string holds hex digits only: no quote inside it is ever escaped.
        match letter {
            '"' => quoted = !quoted,
            _ if quoted => {}
            _ if depth == 0 && letter == wanted => return Some(at),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// What is between the brackets, if there are any: `[a, b]`, `{a, b}`.
pub fn inner(text: &str) -> Option<&str> {
    let bracketed = |open, close| text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
    bracketed('[', ']').or_else(|| bracketed('{', '}'))
}

/// A field of a structure: `{name=value, …}`.
pub fn field<'a>(structure: &'a str, name: &str) -> Option<&'a str> {
    // clone3 shows what it returns after its structure: `{flags=…} => {parent_tid=[12]}`.
    let structure = structure.split(" => ").next()?;
    split(inner(structure)?).into_iter().find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
}

/// A number: decimal, hexadecimal, octal, negative, `NULL`, or several joined by `|`.
pub fn number(text: &str) -> Option<u64> {
    text.split('|').try_fold(0, |sum, part| Some(sum | one_number(part.trim())?))
}

fn one_number(text: &str) -> Option<u64> {
    if text == "NULL" {
        return Some(0);
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return u64::from_str_radix(digits, 16).ok();
    }
    if text.len() > 1
        && let Some(digits) = text.strip_prefix('0')
    {
        return u64::from_str_radix(digits, 8).ok();
    }
    text.parse::<i64>().map(|value| value as u64).or_else(|_| text.parse()).ok()
}

/// The bytes of a string: `"\x61\x62"`, with `...` after it where it was cut.
pub fn bytes(text: &str) -> Option<Vec<u8>> {
    let quoted = text.trim_end_matches("...").strip_prefix('"')?.strip_suffix('"')?;
    let mut codes = quoted.split("\\x");
    if codes.next() != Some("") {
        return None;
    }
    codes.map(|code| u8::from_str_radix(code, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_split_at_its_own_commas_only() {
        assert_eq!(split(r#"1, [{a="\x2c", b=2}, 3], NULL"#), ["1", r#"[{a="\x2c", b=2}, 3]"#, "NULL"]);
        assert_eq!(split(""), [""; 0]);
    }

    #[test]
    fn numbers_come_in_every_base() {
        assert_eq!(number("0x1200000|17"), Some(0x120_0011));
        assert_eq!(number("0644"), Some(0o644));
        assert_eq!(number("-1"), Some(u64::MAX));
        assert_eq!(number("NULL"), Some(0));
        assert_eq!(number("9223372036854775808"), Some(1 << 63));
        assert_eq!(number("O_RDONLY"), None);
    }

    #[test]
    fn strings_are_bytes_whether_cut_or_not() {
        assert_eq!(bytes(r#""\x61\x0a"..."#), Some(b"a\n".to_vec()));
        assert_eq!(bytes(r#""""#), Some(Vec::new()));
        assert_eq!(bytes("0x7ffe0"), None);
    }

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let info = "{si_signo=17, si_code=0x1, si_pid=30959, si_status=0}";
        assert_eq!(field(info, "si_pid"), Some("30959"));
        assert_eq!(field("{flags=0x3d0f00, exit_signal=0} => {parent_tid=[7]}", "flags"), Some("0x3d0f00"));
        assert_eq!(field(info, "pid"), None);
    }
}
