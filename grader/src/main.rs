use clap::Parser;
#[derive(Parser)]
struct A { #[arg(long)] x: Option<String> }
fn main() { A::parse(); }
