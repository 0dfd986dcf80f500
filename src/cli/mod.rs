//! The command line: one file per subcommand. Results go to files and stdout, progress and errors to stderr.
//!
//! The work is done by the modules that the window uses too. Deliberately absent: mathematics, tensors, the window.

mod conformance;
mod convert;
mod demo;
mod embed;
mod export_help;
mod figure_options;
mod figures;
mod hessian;
mod inspect;
mod landscape;
mod methods;
mod options;
mod output;
mod progress_line;
mod runner;
mod runs;
mod score;
mod scores;
mod sharpness;
mod surface_file;
mod sweep;
mod train;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use flatland_core::job::WorkerOptions;
use flatland_core::session::{Tab, split_weights};
use runner::{AlreadyReported, Interrupted};

/// Loss landscapes, sharpness and out-of-distribution behaviour of neural networks, side by side.
#[derive(Debug, Parser)]
#[command(name = "flatland", version, args_conflicts_with_subcommands = true, arg_required_else_help = false)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// A session (*.toml), or checkpoints and sets of images, to open in the window; with nothing given, what was open last, at first the bundled demo session.
    /// FILE@KEY is the state dict KEY of a checkpoint that holds several.
    #[arg(value_name = "SESSION|CHECKPOINT|IMAGES")]
    files: Vec<PathBuf>,
    /// The tab to open the window on; the one that the session was left on when absent.
    #[arg(long)]
    tab: Option<String>,
    /// Threads of the arithmetic; all cores when absent.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    threads: Option<u32>,
}

/// A subcommand with its arguments.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compute the bundled demo session with all its figures, without a display.
    Demo(demo::Demo),
    /// Say what checkpoint files hold, which networks they are, and why one is refused. Executes nothing in them.
    Inspect(inspect::Inspect),
    /// Print the Python that exports a network for Flatland: any, or the one that the tensors of a checkpoint file tell.
    ExportHelp(export_help::ExportHelp),
    /// The fine-tuning methods with their objectives, hyperparameters and needs.
    Methods(methods::Methods),
    /// Loss landscapes L(θ + αδ + βη), per checkpoint and dataset; resumes what it finds in DIR. Also of a landscape.json: that one again.
    Landscape(landscape::Landscape),
    /// A loss surface as a file of another program: ParaView, OBJ, STL, tomgoldstein/loss-landscape; and the last of these back.
    Convert(convert::Convert),
    /// Sharpness S(ρ), per checkpoint and dataset.
    Sharpness(sharpness::Sharpness),
    /// Eigenvalues, trace and spectral density of the Hessian at θ, per checkpoint and dataset.
    Hessian(hessian::Hessian),
    /// Penultimate features, logits and their t-SNE, per checkpoint.
    Embed(embed::Embed),
    /// Detection scores with AUROC, AUPR, FPR@95 and accuracies, per checkpoint.
    Score(score::Score),
    /// The detection scores with their definitions, hyperparameters and needs.
    Scores(scores::Scores),
    /// Check every definition on this machine against closed forms and float64, and write the errors as a page.
    Conformance(conformance::Conformance),
    /// Fine-tune a network in a run directory, by a process of its own.
    Train(train::Train),
    /// List runs, and pause, resume, stop, kill or follow them.
    Runs(runs::Runs),
    /// Every figure and table of a session; computes what it does not find in the cache.
    Figures(figures::Figures),
}

/// What the arguments ask for.
#[derive(Debug)]
pub enum Asked {
    /// A subcommand.
    Command(Command),
    /// The window.
    Window {
        /// Sessions and checkpoints to open.
        files: Vec<PathBuf>,
        /// The tab to open.
        tab: Option<Tab>,
        /// How to start its worker.
        worker: WorkerOptions,
    },
    /// Nothing more: the answer was printed already.
    Nothing(ExitCode),
}

/// Reads the arguments of this process; `tabs` are the keys of those that the window has. Help, version and errors in the arguments are answered here.
pub fn parse(tabs: &[&'static str]) -> Asked {
    let command = Arguments::command().mut_arg("tab", |tab| tab.value_parser(PossibleValuesParser::new(tabs)));
    let arguments = match command.try_get_matches().and_then(|matches| Arguments::from_arg_matches(&matches)) {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return Asked::Nothing(ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2)));
        }
    };
    let Arguments { command, files, tab, threads } = arguments;
    if let Some(command) = command {
        return Asked::Command(command);
    }
    if let Err(error) = ready_for_window(&files) {
        return Asked::Nothing(finish(Err(error)));
    }
    let worker = WorkerOptions { threads: threads.map(|n| n as usize), ..WorkerOptions::default() };
    let tab = tab.and_then(|tab| tabs.iter().find(|known| **known == tab)).map(|key| Tab::new(key));
    Asked::Window { files, tab, worker }
}

/// Checks that a display and the files exist.
fn ready_for_window(files: &[PathBuf]) -> anyhow::Result<()> {
    let missing = |name: &str| std::env::var_os(name).is_none_or(|value| value.is_empty());
    if cfg!(all(unix, not(target_os = "macos"))) && missing("DISPLAY") && missing("WAYLAND_DISPLAY") {
        anyhow::bail!(
            "cannot open the window: expected a display, found neither DISPLAY nor WAYLAND_DISPLAY set; `flatland demo --out DIR` computes the \
             demo without one, `flatland --help` lists what else needs none"
        );
    }
    if let Some(path) = files.iter().find(|path| !split_weights(path).0.exists()) {
        anyhow::bail!("expected a session or a checkpoint, found nothing there ({})", path.display());
    }
    Ok(())
}

/// Runs a subcommand; the exit code is 0 only on success, 130 when interrupted.
pub fn run(command: &Command) -> ExitCode {
    finish(match command {
        Command::Demo(command) => command.run(),
        Command::Inspect(command) => command.run(),
        Command::ExportHelp(command) => command.run(),
        Command::Methods(command) => command.run(),
        Command::Landscape(command) => command.run(),
        Command::Convert(command) => command.run(),
        Command::Sharpness(command) => command.run(),
        Command::Hessian(command) => command.run(),
        Command::Embed(command) => command.run(),
        Command::Score(command) => command.run(),
        Command::Scores(command) => command.run(),
        Command::Conformance(command) => command.run(),
        Command::Train(command) => command.run(),
        Command::Runs(command) => command.run(),
        Command::Figures(command) => command.run(),
    })
}

/// Prints an error to stderr, if there is one, and gives the exit code.
pub fn finish(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<Interrupted>() => {
            eprintln!("{error}");
            ExitCode::from(130)
        }
        Err(error) if error.is::<AlreadyReported>() => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_a_precision_takes_one() {
        let parse = |line: &str| Arguments::try_parse_from(line.split_whitespace());
        for refused in ["flatland train run.toml --precision bf16", "flatland demo --out x --precision tf32"] {
            assert!(parse(refused).is_err_and(|error| error.to_string().contains("--precision")), "{refused}");
        }
        for taken in ["flatland landscape s.toml --out x --precision bf16", "flatland figures s.toml --out x --precision tf32"] {
            assert!(parse(taken).is_ok(), "{taken}");
        }
    }
}
