//! `flatland score`

use clap::Args;
use serde_json::json;

use super::options::SessionOptions;
use super::output::say;
use super::runner::Runner;
use crate::figure::number::{UNDEFINED, percent, plain};
use crate::figure::table::{accuracy_in_percent, detection_in_percent};
use flatland_core::job::{Analysis, JobSpec};
use flatland_core::result::{ScoreDefinitions, ScoreTable, gather_scores};

/// Arguments of `flatland score`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("What the numbers are (shares; stdout has them in %, scores.json beside them):\n\n{ScoreDefinitions}"))]
pub struct Score {
    #[command(flatten)]
    session: SessionOptions,
    /// These scores instead of those that the session names, by their keys: msp,knn,vim. `flatland scores` lists them.
    #[arg(long, value_name = "KEYS", value_delimiter = ',')]
    scores: Vec<String>,
}

impl Score {
    /// Computes the scores; `DIR/scores.json` holds all checkpoints in the session's order.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let options = &self.session;
        let mut session = options.load()?;
        if !self.scores.is_empty() {
            session.scores.names.clone_from(&self.scores);
        }
        let jobs = options.plan(&session, Analysis::Scores, &options.plan_options())?;
        let mut runner = Runner::start(options.compute.worker());
        runner.run(jobs, |job, _| tell(job, options.json))?;
        gather_scores(&options.out, session.checkpoints.iter().map(|entry| entry.name.as_str()))?;
        runner.verdict()
    }
}

/// The result of one job: a line a dataset, or one object.
pub(super) fn tell(job: &JobSpec, json: bool) -> anyhow::Result<()> {
    let JobSpec::Score(job) = job else { return Ok(()) };
    let name = &job.checkpoint.name;
    let table = ScoreTable::load(&job.out, name)?;
    if json {
        let mut object = json!({ "checkpoint": name, "out": job.out });
        if let (Some(object), serde_json::Value::Object(table)) = (object.as_object_mut(), serde_json::to_value(&table)?) {
            object.extend(table);
        }
        say(&object.to_string());
        return Ok(());
    }
    for dataset in table.accuracy.keys() {
        let unit = if table.lacks_accuracy(dataset) { "" } else { " %" };
        say(&format!("{name}, {dataset}: accuracy {}{unit}", accuracy_in_percent(&table, dataset)));
    }
    for (score, datasets) in &table.scores {
        for (dataset, detection) in datasets {
            let numbers = match detection {
                Some(detection) => {
                    let [auroc, fpr95] = detection_in_percent(&table, score, dataset);
                    format!(
                        "AUROC {auroc}, FPR@95 {fpr95}, AUPR-in {}, AUPR-out {} (base rate {})",
                        plain(100.0 * detection.aupr_in, 2),
                        plain(100.0 * detection.aupr_out, 2),
                        percent(table.base_rate.get(dataset).copied())
                    )
                }
                None => format!("{UNDEFINED}: {}", table.why_no_detection(score, dataset).unwrap_or_default()),
            };
            say(&format!("{name}, {score}, ID against {dataset}: {numbers}"));
        }
    }
    Ok(())
}
