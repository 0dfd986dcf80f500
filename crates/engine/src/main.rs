//! `flatland-worker`: the process in which everything that touches libtorch runs.

use std::path::Path;
use std::process::ExitCode;

use flatland_core::job::Device;
use flatland_engine::{model, worker};

const USAGE: &str = "usage: flatland-worker serve [--threads N]
       flatland-worker train DIR [--device auto|cpu|cuda:N] [--threads N]

serve: answers jobs, one JSON object a line on stdin, with events, one JSON object a line on stdout.
train: trains the run in the run directory DIR, which holds its run.toml.
`flatland` starts both; there is no need to do so by hand.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (mut words, mut device) = (Vec::new(), Device::Auto);
    let mut rest = arguments.iter().map(String::as_str);
    while let Some(argument) = rest.next() {
        match argument {
            "--threads" => match rest.next().map(str::parse) {
                Some(Ok(threads @ 1..)) => tch::set_num_threads(threads),
                found => return refuse(&format!("expected a number of threads ≥ 1 after --threads, found {found:?}")),
            },
            "--device" => match rest.next().unwrap_or_default().parse() {
                Ok(asked) => device = asked,
                Err(message) => return refuse(&message),
            },
            word => words.push(word),
        }
    }
    match words[..] {
        ["serve"] => {
            worker::keep_freed_memory();
            model::init();
            worker::serve();
            ExitCode::SUCCESS
        }
        ["train", dir] => {
            worker::keep_freed_memory();
            match worker::train(Path::new(dir), device) {
                Ok(()) => ExitCode::SUCCESS,
                Err(message) => {
                    eprintln!("{message}");
                    ExitCode::FAILURE
                }
            }
        }
        _ => refuse(USAGE),
    }
}

fn refuse(message: &str) -> ExitCode {
    eprintln!("{message}");
    ExitCode::from(2)
}
