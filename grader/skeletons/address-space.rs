//! address-space: one address, two values. What is asked for stands in README.md, beside this `src`.

fn main() {
    let x = 1;
    println!("start: x={x} at {:p}", &raw const x);

    // Fork as in the exercise before. README.md, "Task", says what each
    // of the two does with x, and what it prints.
    todo!(
        "fork, then let the parent subtract 1 from x and print its line, and the child add 1 and print its own"
    )
}
