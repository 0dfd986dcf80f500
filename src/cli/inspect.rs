//! `flatland inspect`

use std::path::PathBuf;

use clap::Args;

use super::runner::Runner;
use super::say;
use crate::figure::number::count;
use crate::job::{JobOutput, JobSpec, WorkerOptions};
use crate::result::Inspection;
use crate::session::NetworkChoice;

/// Arguments of `flatland inspect`.
#[derive(Debug, Args)]
pub struct Inspect {
    /// Checkpoint files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// One JSON object a file on stdout.
    #[arg(long)]
    json: bool,
}

impl Inspect {
    /// Reports on every file; fails when one is refused.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let jobs = self.files.iter().map(|path| JobSpec::Inspect { path: path.clone(), choice: NetworkChoice::default() }).collect();
        let mut runner = Runner::start(WorkerOptions::default());
        let mut refused = Vec::new();
        runner.run(jobs, |_, output| {
            let JobOutput::Inspection(report) = output else { return Ok(()) };
            if self.json {
                say(&serde_json::to_string(&report)?);
            } else if report.error.is_none() || !report.tensors.is_empty() {
                say(&text(&report));
            }
            if let Some(error) = &report.error {
                let file = report.file.display().to_string();
                refused.push(if error.contains(&file) { error.clone() } else { format!("{error} ({file})") });
            }
            Ok(())
        })?;
        runner.verdict()?;
        match refused.len() {
            0 => Ok(()),
            _ => anyhow::bail!(refused.join("\nerror: ")),
        }
    }
}

fn text(report: &Inspection) -> String {
    let unknown = || "unknown".to_owned();
    let mut lines = vec![report.file.display().to_string()];
    let mut row = |name: &str, value: String| lines.push(format!("  {name:<13} {value}"));
    row("container", report.container.clone().unwrap_or_else(unknown));
    let details = [
        report.classes.map(|classes| format!("{classes} classes")),
        report.input.map(|[channels, height, width]| format!("input {channels}x{height}x{width}")),
    ];
    let details: Vec<String> = details.into_iter().flatten().collect();
    let details = if details.is_empty() { String::new() } else { format!(" ({})", details.join(", ")) };
    row("architecture", report.architecture.clone().unwrap_or_else(unknown) + &details);
    row("parameters", format!("{} in {} tensors", count(report.parameters.unsigned_abs()), report.tensors.len()));
    if report.architecture.is_some() {
        let different = [("missing", &report.missing), ("unexpected", &report.unexpected), ("mismatched", &report.mismatched)];
        if different.iter().all(|(_, names)| names.is_empty()) {
            row("match", "every tensor is there, none is left over".into());
        }
        for (what, names) in different.into_iter().filter(|(_, names)| !names.is_empty()) {
            row(what, names.join(", "));
        }
    }
    if !report.globals.is_empty() {
        row("refers to", report.globals.join(", "));
    }
    for note in &report.notes {
        row("note", note.clone());
    }
    let width = report.tensors.iter().map(|tensor| tensor.name.chars().count()).max().unwrap_or(0);
    for tensor in &report.tensors {
        lines.push(format!("    {:<width$}  {:<5} {:?}", tensor.name, tensor.dtype, tensor.shape));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_what_does_not_fit() {
        let report = Inspection {
            file: "x.pt".into(),
            architecture: Some("resnet20".into()),
            classes: Some(10),
            missing: vec!["linear.bias".into()],
            ..Inspection::default()
        };
        let text = text(&report);
        assert!(text.contains("resnet20 (10 classes)") && text.contains("missing       linear.bias"), "{text}");
    }
}
