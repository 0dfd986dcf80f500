//! `flatland-worker`: the process in which everything that touches libtorch runs.

use std::process::ExitCode;

use flatland_engine::{model, worker};

const USAGE: &str = "usage: flatland-worker serve [--threads N]

Answers jobs, one JSON object a line on stdin, with events, one JSON object a line on stdout.
`flatland` starts it; there is no need to do so by hand.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["serve"] => {}
        ["serve", "--threads", threads] => match threads.parse() {
            Ok(threads @ 1..) => tch::set_num_threads(threads),
            _ => return refuse(&format!("expected a number of threads ≥ 1, found `{threads}`")),
        },
        _ => return refuse(USAGE),
    }
    worker::keep_freed_memory();
    model::init();
    worker::serve();
    ExitCode::SUCCESS
}

fn refuse(message: &str) -> ExitCode {
    eprintln!("{message}");
    ExitCode::from(2)
}
