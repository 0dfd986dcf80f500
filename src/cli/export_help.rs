//! `flatland export-help`

mod family;
mod recognize;
mod rules;
mod snippet;
mod state_dict;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::output::say;
use super::runner::Runner;
use family::Library;
use flatland_core::job::{JobOutput, JobSpec, WorkerOptions};
use flatland_core::result::Inspection;
use flatland_core::session::{NetworkChoice, split_weights};
use recognize::{Network, recognize};
use snippet::Snippet;

/// Arguments of `flatland export-help`.
#[derive(Debug, Args)]
pub struct ExportHelp {
    /// A checkpoint file whose network is to be exported; FILE@KEY is the state dict KEY of a file that holds several.
    #[arg(value_name = "STATE_DICT")]
    file: Option<PathBuf>,
    /// One JSON object on stdout.
    #[arg(long)]
    json: bool,
}

/// What is printed with `--json`.
#[derive(Debug, Serialize, PartialEq)]
struct Answer {
    /// Python library that has the network, or `flatland` where no export is needed.
    library: Option<&'static str>,
    /// Its name there.
    model: Option<String>,
    classes: Option<i64>,
    /// Python that exports it; null where none is needed.
    snippet: Option<String>,
}

impl ExportHelp {
    /// Prints the Python that exports a network: of the file, or of any.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let Some(file) = &self.file else {
            let any = snippet::generic();
            let answer = Answer { library: None, model: None, classes: None, snippet: Some(any.code.clone()) };
            return self.print(&answer, &text("any network", &any));
        };
        let (path, weights) = split_weights(file);
        let job = JobSpec::Inspect { path, choice: NetworkChoice { weights, ..NetworkChoice::default() } };
        let mut runner = Runner::start(WorkerOptions::default());
        runner.run(vec![job], |_, output| {
            let JobOutput::Inspection(report) = output else { return Ok(()) };
            // A network that Flatland does not know is the usual case here, and no error.
            if let (Some(error), true) = (&report.error, report.tensors.is_empty()) {
                let file = report.file.display().to_string();
                anyhow::bail!(if error.contains(&file) { error.clone() } else { format!("{error} ({file})") });
            }
            let (answer, text) = answer(&report);
            self.print(&answer, &text)
        })?;
        runner.verdict()
    }

    fn print(&self, answer: &Answer, text: &str) -> anyhow::Result<()> {
        say(&if self.json { serde_json::to_string(answer)? } else { text.to_owned() });
        Ok(())
    }
}

/// The answer on a file, and as text.
fn answer(report: &Inspection) -> (Answer, String) {
    let file = report.file.display();
    if let (Some(architecture), None) = (&report.architecture, &report.error) {
        let answer = Answer { library: Some("flatland"), model: Some(architecture.clone()), classes: report.classes, snippet: None };
        return (answer, format!("{file}: Flatland reads this file as it is ({architecture}); no export is needed"));
    }
    let seen = recognize(&report.tensors, report.container.as_deref() != Some("safetensors"));
    let found = snippet::of_file(report, &seen);
    let model = match seen.network {
        Network::Model(_, model) => Some(model.name.to_owned()),
        Network::Family(family) if family.library == Library::HuggingFace => Some(family.class()),
        Network::Family(_) | Network::Unknown => None,
    };
    let answer = Answer {
        library: seen.network.family().map(|family| family.library.key()),
        model,
        classes: seen.classes.map(|(_, classes)| classes),
        snippet: Some(found.code.clone()),
    };
    (answer, text(&file.to_string(), &found))
}

/// A Python file: what was inferred and what must be checked are comments.
fn text(title: &str, snippet: &Snippet) -> String {
    let inferred = snippet.inferred.iter().map(|line| format!("  inferred: {line}"));
    let check = snippet.check.iter().map(|line| format!("  check: {line}"));
    // A file name may hold line breaks; a comment ends at one.
    let comment = |line: String| format!("# {}\n", line.replace(['\n', '\r'], " "));
    let comments: String = std::iter::once(title.to_owned()).chain(inferred).chain(check).map(comment).collect();
    comments + &snippet.code
}
