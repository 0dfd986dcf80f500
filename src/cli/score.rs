//! `flatland score`

use clap::Args;
use serde_json::json;

use super::options::SessionOptions;
use super::runner::Runner;
use super::say;
use crate::figure::number::percent_with_error;
use crate::job::{Analysis, JobSpec};
use crate::result::{ScoreTable, gather_scores};

/// Arguments of `flatland score`.
#[derive(Debug, Args)]
pub struct Score {
    #[command(flatten)]
    session: SessionOptions,
}

impl Score {
    /// Computes the scores; `DIR/scores.json` holds all checkpoints in the session's order.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let options = &self.session;
        let session = options.load()?;
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
        let (accuracy, error) = table.accuracy(dataset).unzip();
        say(&format!("{name}, {dataset}: accuracy {} %", percent_with_error(accuracy, error)));
    }
    for (score, datasets) in &table.scores {
        for (dataset, detection) in datasets {
            let error = table.std_error(score, dataset);
            let numbers = detection.as_ref().map_or("undefined".to_owned(), |detection| {
                format!(
                    "AUROC {}, FPR@95 {}, AUPR-in {:.2}, AUPR-out {:.2}",
                    percent_with_error(Some(detection.auroc), error.auroc),
                    percent_with_error(Some(detection.fpr95), error.fpr95),
                    100.0 * detection.aupr_in,
                    100.0 * detection.aupr_out
                )
            });
            say(&format!("{name}, {score}, ID against {dataset}: {numbers}"));
        }
    }
    Ok(())
}
