//! The command line.

#![forbid(unsafe_code)]

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn main() -> std::process::ExitCode {
    use clap::Parser;
    grader::commands::run(&grader::cli::Cli::parse()).into()
}

/// What is traced here is the Linux kernel; elsewhere there is nothing to judge by.
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn main() -> std::process::ExitCode {
    eprintln!(
        "grader: it judges programs by tracing them on Linux for x86-64, and this is {} for {}; run it in a virtual \
         machine or a container with such a Linux",
        std::env::consts::OS,
        std::env::consts::ARCH
    );
    std::process::ExitCode::from(3)
}
