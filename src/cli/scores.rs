//! `flatland scores`

use clap::Args;

use super::output::say;
use flatland_core::session::{SCORES, ScoreInfo, ScoreParameter};

/// Arguments of `flatland scores`.
#[derive(Debug, Args)]
pub struct Scores {
    /// One JSON array on stdout.
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// The table of docs/scores.md.
    #[arg(long)]
    markdown: bool,
}

impl Scores {
    /// Prints the registry.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        if self.json {
            say(&serde_json::to_string(SCORES.as_slice())?);
        } else if self.markdown {
            say(&markdown());
        } else {
            say(&SCORES.iter().map(text).collect::<Vec<_>>().join("\n\n"));
        }
        Ok(())
    }
}

fn text(score: &ScoreInfo) -> String {
    let mut lines = vec![format!("{}  {}", score.key, score.label)];
    let mut row = |name: &str, value: &str| lines.push(format!("  {name:<11} {value}"));
    row("score", score.formula);
    row("source", score.source);
    row("needs", &needs(score));
    for parameter in score.parameters {
        row(parameter.key, &format!("{}; {}", values(parameter), parameter.about));
    }
    lines.join("\n")
}

fn needs(score: &ScoreInfo) -> String {
    let needs = [
        (score.fitted, "ID training images"),
        (score.affine, "logits affine in the features"),
        (score.gradient, "gradients by the images"),
    ];
    let needed: Vec<&str> = needs.into_iter().filter_map(|(needed, what)| needed.then_some(what)).collect();
    if needed.is_empty() { "nothing more".into() } else { needed.join(", ") }
}

/// `k = 50 (1 to 1000000000)`
fn values(parameter: &ScoreParameter) -> String {
    format!("{} = {} ({} to {})", parameter.symbol, parameter.default, parameter.min, parameter.max)
}

fn markdown() -> String {
    let mut lines = vec!["| Key | Score | Formula | Source | Needs | Hyperparameters |".to_owned(), "|---|---|---|---|---|---|".to_owned()];
    for score in &SCORES {
        let parameter = |parameter: &ScoreParameter| format!("`{}`: {}. {}", parameter.key, values(parameter), parameter.about);
        let parameters = score.parameters.iter().map(parameter).collect::<Vec<_>>().join("; ");
        let cells = [&format!("`{}`", score.key), score.label, score.formula, score.source, &needs(score), &parameters];
        lines.push(format!("| {} |", cells.map(|cell| cell.replace('|', "\\|")).join(" | ")));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_page_on_scores_has_the_table_of_the_registry() {
        let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scores.md");
        assert!(
            std::fs::read_to_string(page).unwrap().contains(&markdown()),
            "put what `flatland scores --markdown` prints into docs/scores.md"
        );
    }

    #[test]
    fn a_score_is_listed_with_its_hyperparameters_and_its_needs() {
        let listed = |key: &str| text(SCORES.iter().find(|score| score.key == key).unwrap());
        assert!(listed("knn").contains("k = 50 (1 to 1000000000)") && listed("knn").contains("ID training images"));
        assert!(listed("msp").contains("nothing more"));
    }
}
