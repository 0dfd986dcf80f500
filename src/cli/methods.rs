//! `flatland methods`

use clap::Args;

use super::output::say;
use super::runner::Runner;
use flatland_core::data::Augmentation;
use flatland_core::job::{JobOutput, JobSpec, MethodInfo, ParameterInfo, ParameterKind, WorkerOptions};

/// Arguments of `flatland methods`.
#[derive(Debug, Args)]
pub struct Methods {
    /// One JSON array on stdout.
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// The table of docs/methods.md.
    #[arg(long)]
    markdown: bool,
}

impl Methods {
    /// Prints the registry of the worker.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let mut runner = Runner::start(WorkerOptions::default());
        runner.run(vec![JobSpec::Methods], |_, output| {
            let JobOutput::Methods { methods } = output else { return Ok(()) };
            if self.json {
                say(&serde_json::to_string(&methods)?);
            } else if self.markdown {
                say(markdown(&methods).trim_end());
            } else {
                say(&methods.iter().map(text).collect::<Vec<_>>().join("\n\n"));
            }
            Ok(())
        })?;
        runner.verdict()
    }
}

fn text(method: &MethodInfo) -> String {
    let mut lines = vec![format!("{}  {}", method.key, method.name)];
    let mut row = |name: &str, value: &str| lines.push(format!("  {name:<10} {value}"));
    row("minimizes", &method.objective);
    row("source", &method.source);
    row("needs", needs(method));
    row("score", &method.score);
    for parameter in &method.parameters {
        row(&parameter.key, &format!("{}: {}; {}", parameter.symbol, values(parameter), parameter.about));
    }
    lines.join("\n")
}

fn needs(method: &MethodInfo) -> &'static str {
    match (method.outliers, method.environments) {
        (false, false) => "ID images",
        (true, false) => "ID images, outliers",
        (false, true) => "ID images in environments",
        (true, true) => "ID images in environments, outliers",
    }
}

/// `0.5 (0 to 10)`
fn values(parameter: &ParameterInfo) -> String {
    let text = match &parameter.kind {
        ParameterKind::Number { default, min, max, .. } => format!("{default} ({min} to {max})"),
        ParameterKind::Integer { default, min, max } => format!("{default} ({min} to {max})"),
        ParameterKind::Choice { default, options, .. } => format!("{default} ({})", options.join(", ")),
        ParameterKind::Switch { default } => format!("{default} (true, false)"),
        ParameterKind::Augmentation { default: Some(Augmentation { kind, severity: Some(severity) }) } => {
            format!("none; a form offers {kind} of severity {severity}")
        }
        ParameterKind::Augmentation { default: Some(Augmentation { kind, severity: None }) } => format!("none; a form offers {kind}"),
        ParameterKind::Augmentation { default: None } => "none".into(),
    };
    if parameter.unit.is_empty() { text } else { format!("{text} {}", parameter.unit) }
}

/// docs/methods.md without its last section, which is written by hand.
fn markdown(methods: &[MethodInfo]) -> String {
    let mut lines = vec![
        "| `name` | Method | Minimizes | Source | Data | Score of the trained model |".to_owned(),
        "|---|---|---|---|---|---|".to_owned(),
    ];
    let cell = |text: &str| text.replace('|', "\\|");
    for method in methods {
        let key = format!("`{}`", method.key);
        let cells: [&str; 6] = [&key, &method.name, &method.objective, &method.source, needs(method), &method.score];
        lines.push(format!("| {} |", cells.map(cell).join(" | ")));
    }
    for method in methods.iter().filter(|method| !method.parameters.is_empty()) {
        lines.extend([String::new(), format!("### {} (`{}`)", method.name, method.key), String::new()]);
        lines.extend(["| Key | Symbol | Default (range) | What it does |".to_owned(), "|---|---|---|---|".to_owned()]);
        for parameter in &method.parameters {
            let (key, values) = (format!("`{}`", parameter.key), values(parameter));
            let cells: [&str; 4] = [&key, &parameter.symbol, &values, &parameter.about];
            lines.push(format!("| {} |", cells.map(cell).join(" | ")));
        }
    }
    lines.join("\n")
}
