//! fork: one call returns twice. What is asked for stands in README.md, beside this `src`.

use nix::unistd::getpid;

fn main() {
    println!("hello world (pid:{})", getpid());

    // Here one process becomes two. README.md, "In Rust", shows the
    // call and its three answers; "Asserted" says what each of the
    // three must lead to. main may return an ExitCode, as in hello.
    todo!("fork, then let the parent print its line and the child print its own")
}
