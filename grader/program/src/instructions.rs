//! The two instructions of x86-64 that a stack is full of: calls, and system calls.

/// Whether bytes of code end with a call: `E8` and four bytes, or `FF /2` with its operand.
pub(crate) fn ends_with_call(code: &[u8]) -> bool {
    let byte = |back: usize| code.len().checked_sub(back).and_then(|at| code.get(at)).copied();
    let direct = byte(5) == Some(0xe8);
    let indirect = (2..=7)
        .any(|back| byte(back) == Some(0xff) && byte(back - 1).is_some_and(|operand| operand >> 3 & 7 == 2));
    direct || indirect
}

/// Whether bytes of code end with a system call: `syscall`, `sysenter` or `int 0x80`.
pub(crate) fn ends_with_system_call(code: &[u8]) -> bool {
    [[0x0f, 0x05], [0x0f, 0x34], [0xcd, 0x80]].iter().any(|instruction| code.ends_with(instruction))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_told_from_other_instructions() {
        let calls: [&[u8]; 4] = [
            &[0x90, 0x90, 0xe8, 1, 2, 3, 4],
            &[0x90, 0x90, 0x90, 0x90, 0x90, 0xff, 0xd0],
            &[0x90, 0xff, 0x15, 1, 2, 3, 4],
            &[0xff, 0x94, 0x24, 0x80, 0, 0, 0],
        ];
        assert!(calls.iter().all(|code| ends_with_call(code)));
        let others: [&[u8]; 4] = [&[], &[0xe8], &[0x90; 7], &[0x90, 0x90, 0x90, 0x90, 0x90, 0xff, 0xe0]];
        assert!(others.iter().all(|code| !ends_with_call(code)));
    }

    #[test]
    fn system_calls_are_told_from_other_instructions() {
        assert!(ends_with_system_call(&[0xb8, 1, 0, 0, 0, 0x0f, 0x05]));
        assert!(!ends_with_system_call(&[0xb8, 1, 0, 0, 0, 0x0f, 0x0b]) && !ends_with_system_call(&[]));
    }
}
