//! `flatland inspect`

use std::path::PathBuf;

use clap::Args;

use super::output::say;
use super::runner::Runner;
use crate::figure::number::count;
use flatland_core::job::{JobOutput, JobSpec, WorkerOptions};
use flatland_core::result::{Inspection, Loadable, ProgramValue};
use flatland_core::session::{NetworkChoice, resolved, split_weights};

/// Arguments of `flatland inspect`.
#[derive(Debug, Args)]
pub struct Inspect {
    /// Checkpoint files; FILE@KEY is the state dict KEY of a file that holds several.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Read the files as this network instead of inferring it: a name, or an exported program (.pt2) with the same tensors.
    #[arg(long, value_name = "NAME|PROGRAM")]
    architecture: Option<String>,
    /// The value of the exported program that is the penultimate features; without it the input of its last affine map.
    #[arg(long, value_name = "NODE")]
    features: Option<String>,
    /// The output of the exported program that is the logits, where it has several.
    #[arg(long, value_name = "NAME")]
    output: Option<String>,
    /// Leave out the tensors that this glob means (repeatable): those that the network does not have.
    #[arg(long, value_name = "GLOB")]
    ignore: Vec<String>,
    /// The state dict to read of files that hold several, by its key as `state dicts` lists it.
    #[arg(long, value_name = "KEY")]
    weights: Option<String>,
    /// One JSON object a file on stdout.
    #[arg(long)]
    json: bool,
}

impl Inspect {
    /// Reports on every file; fails when one is refused.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        // An absolute path names the same program wherever the worker runs.
        let here = std::env::current_dir().unwrap_or_default();
        let job = |path: &PathBuf| {
            let (path, own) = split_weights(path);
            let weights = own.or_else(|| self.weights.clone());
            let architecture = self.architecture.as_deref().map(|architecture| resolved(architecture, &here));
            let ignore = self.ignore.clone();
            let (features, output) = (self.features.clone(), self.output.clone());
            let choice = NetworkChoice { architecture, weights, ignore, features, output, ..NetworkChoice::default() };
            JobSpec::Inspect { path, choice }
        };
        let jobs = self.files.iter().map(job).collect();
        let mut runner = Runner::start(WorkerOptions::default());
        let mut refused = Vec::new();
        runner.run(jobs, |_, output| {
            let JobOutput::Inspection(report) = output else { return Ok(()) };
            if self.json {
                say(&serde_json::to_string(&report)?);
            } else if report.error.is_none() || !report.tensors.is_empty() || report.program.is_some() {
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
    let details =
        [report.classes.map(|classes| format!("{classes} classes")), report.input_label("x").map(|input| format!("input {input}"))];
    let details: Vec<String> = details.into_iter().flatten().collect();
    let details = if details.is_empty() { String::new() } else { format!(" ({})", details.join(", ")) };
    let architecture = report.architecture.clone().unwrap_or_else(unknown);
    let others =
        if report.question.is_some() { report.ambiguous.iter().map(|other| format!(" or {other}")).collect() } else { String::new() };
    row("architecture", architecture + &others + &details);
    row("parameters", format!("{} in {} tensors", count(report.parameters.unsigned_abs()), report.tensors.len()));
    judgement(report, &mut row);
    if report.architecture.is_some() {
        let different = [("missing", &report.missing), ("unexpected", &report.unexpected), ("mismatched", &report.mismatched)];
        for (what, names) in different.into_iter().filter(|(_, names)| !names.is_empty()) {
            row(what, names.join(", "));
        }
    }
    if report.state_dicts.len() > 1 {
        let read = |key: &String| if report.weights.as_ref() == Some(key) { format!("{key} (read)") } else { key.clone() };
        row("state dicts", report.state_dicts.iter().map(read).collect::<Vec<_>>().join(", "));
    }
    if let Some(program) = &report.program {
        row("features", candidates(&program.features));
        row("outputs", candidates(&program.outputs));
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

/// Candidates, each with its width: `view (64, used, default), linear (10)`.
fn candidates(values: &[ProgramValue]) -> String {
    let of = |value: &ProgramValue| {
        let width = value.width.map_or_else(|| "another shape".into(), |width| width.to_string());
        let flags = [(value.used, ", used"), (value.default, ", default")].map(|(is, flag)| if is { flag } else { "" }).concat();
        format!("{} ({width}{flags})", value.name)
    };
    values.iter().map(of).collect::<Vec<_>>().join(", ")
}

/// What is known of the network, what is assumed, what else the tensors would fit.
fn judgement(report: &Inspection, row: &mut impl FnMut(&str, String)) {
    for known in &report.certain {
        row("certain", format!("{}: {}", known.what, known.value));
    }
    for assumed in &report.assumed {
        row("assumed", format!("{}: {}", assumed.what, assumed.value));
    }
    match &report.question {
        Some(question) => row("ambiguous", question.clone()),
        None if !report.ambiguous.is_empty() => {
            row("ambiguous", format!("the same tensors, chosen with --architecture or `architecture`: {}", report.ambiguous.join(", ")));
        }
        None => {}
    }
    for Loadable { architecture, ignore } in &report.loadable {
        let ignore: String = ignore.iter().map(|glob| format!(" --ignore '{glob}'")).collect();
        row("can be read", format!("--architecture {architecture}{ignore}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flatland_core::result::{Assumed, ProgramValues};

    fn said(what: &str, value: &str) -> Assumed {
        Assumed { what: what.into(), value: value.into() }
    }

    #[test]
    fn a_report_separates_certain_assumed_and_ambiguous_properties() {
        let mut report = Inspection {
            architecture: Some("resnet20".into()),
            certain: vec![said("classes", "10")],
            assumed: vec![said("activation", "ReLU")],
            ambiguous: vec!["resnet20_noshort".into()],
            ..Inspection::default()
        };
        let printed = text(&report);
        for line in ["certain       classes: 10", "assumed       activation: ReLU", "`architecture`: resnet20_noshort"] {
            assert!(printed.contains(line), "{printed}");
        }
        report.question = Some("2 networks have these tensors".into());
        let printed = text(&report);
        assert!(
            printed.contains("resnet20 or resnet20_noshort") && printed.contains("ambiguous     2 networks have these tensors"),
            "{printed}"
        );
        report.loadable = vec![Loadable { architecture: "resnet8".into(), ignore: vec!["head.*".into()] }];
        assert!(text(&report).contains("can be read   --architecture resnet8 --ignore 'head.*'"));
    }

    #[test]
    fn a_report_lists_the_state_dicts_of_a_file_that_holds_several() {
        let report = Inspection { state_dicts: vec!["model".into(), "ema".into()], weights: Some("ema".into()), ..Inspection::default() };
        assert!(text(&report).contains("state dicts   model, ema (read)"), "{}", text(&report));
        let one = Inspection { state_dicts: vec!["model".into()], ..Inspection::default() };
        assert!(!text(&one).contains("state dicts"));
    }

    #[test]
    fn a_report_on_an_exported_program_has_its_container_operations_and_notes() {
        let report = Inspection {
            container: Some("exported program (.pt2)".into()),
            architecture: Some("net.pt2".into()),
            certain: vec![said("architecture", "an exported program of PyTorch 2.11.0, 61 operations")],
            notes: vec!["its operations never read aux.weight".into()],
            ..Inspection::default()
        };
        let printed = text(&report);
        for line in [
            "container     exported program (.pt2)",
            "architecture  net.pt2",
            "certain       architecture: an exported program of PyTorch 2.11.0, 61 operations",
            "note          its operations never read aux.weight",
        ] {
            assert!(printed.contains(line), "{printed}");
        }
    }

    #[test]
    fn a_report_on_an_exported_program_lists_the_candidates_for_features_and_logits() {
        let value = |name: &str, width, is| ProgramValue { name: name.into(), width, default: is, used: is };
        let program = ProgramValues {
            features: vec![value("relu", Some(32), false), value("view", Some(64), true)],
            outputs: vec![value("linear", Some(10), false), value("map", None, false)],
        };
        let report = Inspection { program: Some(program), ..Inspection::default() };
        let printed = text(&report);
        for line in ["features      relu (32), view (64, used, default)", "outputs       linear (10), map (another shape)"] {
            assert!(printed.contains(line), "{printed}");
        }
        let json = serde_json::to_value(&report).unwrap_or_default();
        assert_eq!(json["program"]["features"][1], serde_json::json!({"name": "view", "width": 64, "default": true, "used": true}));
    }

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
