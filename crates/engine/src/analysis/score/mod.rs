//! Detection scores, one file each.
//!
//! Every score is a pure function of one image's logits, in f64 from f32 logits, and larger for ID; a network with a head has one more,
//! `confidence`, see [`Head::confidence`](crate::model::Head::confidence). Not here: the numbers made of them
//! ([`ScoreTable::of`]), thresholds, pictures.

mod energy;
mod msp;

use flatland_core::job::{JobEvent, Partial, ProgressMeter, Reporter, ScoreJob, label_record, unreadable};
use flatland_core::result::{DatasetScores, LabelRecord, ScoreTable};
use flatland_core::session::Role;
use indexmap::IndexMap;

use super::AnalysisError;
use super::embedding::{Features, extract};
use crate::model::{Network, Samples};

pub use energy::energy;
pub use msp::msp;

/// Names of the scores, as in the results.
pub const NAMES: [&str; 2] = ["msp", "energy"];

/// Name of the additional score of a head.
pub const CONFIDENCE: &str = "confidence";

/// Largest logit; NaN when one is NaN.
fn maximum(logits: &[f32]) -> f64 {
    logits.iter().fold(f64::NEG_INFINITY, |best, &z| if z.is_nan() { f64::NAN } else { best.max(f64::from(z)) })
}

/// Scores every image of `datasets` and writes `scores.json` and `scores.npz` into `job.out`.
///
/// # Errors
/// When there is no image of role `id`, the temperature is not positive, the job is cancelled, or a file cannot be written.
pub fn run(network: &Network, datasets: &[(Role, Samples)], job: &ScoreJob, reporter: &mut dyn Reporter) -> Result<(), AnalysisError> {
    if !(job.temperature.is_finite() && job.temperature > 0.0) {
        return Err(AnalysisError::Invalid(format!("expected a temperature > 0, found {}", job.temperature)));
    }
    if !datasets.iter().any(|(role, samples)| *role == Role::Id && !samples.is_empty()) {
        let found: Vec<&str> = datasets.iter().map(|(role, _)| role.key()).collect();
        return Err(AnalysisError::Invalid(format!(
            "scores need images of at least one dataset of role `id`, found roles [{}]",
            found.join(", ")
        )));
    }
    let images = datasets.iter().map(|(_, samples)| samples.len() as u64).sum();
    let mut meter = ProgressMeter::new("images", format!("scores of {}", job.checkpoint.name), 0, images);
    let mut partial = Partial::of(&job.out);
    let mut scored: Vec<Option<DatasetScores>> = vec![None; datasets.len()];
    let of_classes = datasets.iter().filter(|(role, _)| role.has_classes());
    let labels: IndexMap<String, LabelRecord> =
        of_classes.map(|(_, samples)| (samples.dataset.name.clone(), label_record(&samples.dataset))).collect();
    let table = |scored| ScoreTable { labels: labels.clone(), ..ScoreTable::of(scored, job.temperature) };
    // ID first: detection compares with it.
    let (id, others): (Vec<usize>, Vec<usize>) = (0..datasets.len()).partition(|k| datasets[*k].0 == Role::Id);
    for k in id.into_iter().chain(others) {
        let (role, samples) = &datasets[k];
        let features = extract(network, samples, &mut meter, reporter)?;
        let index = samples.dataset.index.iter().map(|&i| i as i64).collect();
        let scores = score(&samples.dataset.name, &samples.dataset.labels, *role, &features, job.temperature);
        scored[k] = Some(DatasetScores { index, ..scores });
        if scored.iter().all(Option::is_some) {
            break;
        }
        let so_far = || scored.iter().flatten().cloned().collect();
        partial.tell(reporter, |folder| table(so_far()).save(folder, &job.checkpoint.name));
    }
    let unreadable = unreadable(datasets.iter().map(|(_, samples)| &*samples.dataset));
    let table = ScoreTable { unreadable, ..table(scored.into_iter().flatten().collect()) };
    table.notes().into_iter().for_each(|message| reporter.report(JobEvent::Warning { message }));
    table.save(&job.out, &job.checkpoint.name)?;
    Ok(())
}

fn score(name: &str, label: &[i64], role: Role, features: &Features, temperature: f64) -> DatasetScores {
    let images = || features.logits.chunks_exact(features.classes.max(1));
    let columns = [images().map(msp).collect(), images().map(|logits| energy(logits, temperature)).collect()];
    let confidence = features.confidence.clone().map(|values| (CONFIDENCE.to_owned(), values));
    DatasetScores {
        name: name.into(),
        role: role.key().into(),
        index: Vec::new(),
        label: label.to_vec(),
        prediction: features.prediction.clone(),
        tied: features.tied,
        scores: NAMES.map(str::to_owned).into_iter().zip(columns).chain(confidence).collect(),
    }
}

#[cfg(test)]
mod tests;
