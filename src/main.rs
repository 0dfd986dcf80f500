//! `flatland`: dispatches to the command line or the window.

use std::process::ExitCode;

use flatland::{cli, ui};

fn main() -> ExitCode {
    match cli::parse(&ui::tab_keys()) {
        cli::Asked::Command(command) => cli::run(&command),
        cli::Asked::Window { files, tab, worker } => cli::finish(ui::run(files, tab, worker)),
        cli::Asked::Nothing(code) => code,
    }
}
