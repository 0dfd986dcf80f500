//! Detection scores, one file each, and the numbers made of them: detection against all ID data, accuracies.
//!
//! Every score is a pure function of one image's logits, in f64 from f32 logits, and larger for ID; a network with a head has one more,
//! `confidence`, see [`Head::confidence`](crate::model::Head::confidence). Deliberately absent: the
//! metrics themselves (`flatland::metric`, which the window shares), thresholds, pictures.

mod energy;
mod msp;

use flatland::job::{JobEvent, Partial, ProgressMeter, Reporter, ScoreJob};
use flatland::metric;
use flatland::result::{DatasetScores, Detection, ScoreTable};
use flatland::session::Role;

use super::AnalysisError;
use super::embedding::{Features, extract};
use crate::model::{Network, Samples};

pub use energy::energy;
pub use msp::msp;

/// Names of the scores, as in the results.
pub const NAMES: [&str; 2] = ["msp", "energy"];

/// Name of the score that a head gives beside them.
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
    let mut scored: Vec<Option<(Role, DatasetScores)>> = vec![None; datasets.len()];
    // ID first: detection is against it.
    let (id, others): (Vec<usize>, Vec<usize>) = (0..datasets.len()).partition(|k| datasets[*k].0 == Role::Id);
    for k in id.into_iter().chain(others) {
        let (role, samples) = &datasets[k];
        let features = extract(network, samples, &mut meter, reporter)?;
        let scores = score(&samples.dataset.name, &samples.dataset.labels, *role, &features, job.temperature);
        for (name, values) in &scores.scores {
            let nan = values.iter().filter(|value| value.is_nan()).count();
            if nan > 0 {
                let message = format!("{nan} of {} `{name}` scores of `{}` are NaN: no detection numbers", values.len(), scores.name);
                reporter.report(JobEvent::Warning { message });
            }
        }
        scored[k] = Some((*role, scores));
        if scored.iter().all(Option::is_some) {
            break;
        }
        let so_far = || scored.iter().flatten().cloned().collect();
        partial.tell(reporter, |folder| table(so_far(), job.temperature).save(folder, &job.checkpoint.name));
    }
    table(scored.into_iter().flatten().collect(), job.temperature).save(&job.out, &job.checkpoint.name)?;
    Ok(())
}

fn score(name: &str, label: &[i64], role: Role, features: &Features, temperature: f64) -> DatasetScores {
    let images = || features.logits.chunks_exact(features.classes.max(1));
    let columns = [images().map(msp).collect(), images().map(|logits| energy(logits, temperature)).collect()];
    let confidence = features.confidence.clone().map(|values| (CONFIDENCE.to_owned(), values));
    DatasetScores {
        name: name.into(),
        role: role.key().into(),
        label: label.to_vec(),
        prediction: features.prediction.clone(),
        scores: NAMES.map(str::to_owned).into_iter().zip(columns).chain(confidence).collect(),
    }
}

/// Right predictions among the labelled images, and their number.
fn right(data: &DatasetScores) -> (usize, usize) {
    let labelled = data.label.iter().zip(&data.prediction).filter(|&(&label, _)| label >= 0);
    labelled.fold((0, 0), |(right, n), (label, prediction)| (right + usize::from(label == prediction), n + 1))
}

/// Detection of each CS, near and far dataset against all ID data together, and accuracies of labelled ID and CS data.
fn table(scored: Vec<(Role, DatasetScores)>, temperature: f64) -> ScoreTable {
    let mut table = ScoreTable { temperature, ..ScoreTable::default() };
    let of = |role: Role| scored.iter().filter(move |(found, _)| *found == role).map(|(_, data)| data);
    let (id_right, id_labelled) = of(Role::Id).map(right).fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
    for (role, data) in &scored {
        table.roles.insert(data.name.clone(), role.key().into());
        table.samples.insert(data.name.clone(), data.label.len());
        let (right, labelled) = right(data);
        if labelled > 0 && matches!(role, Role::Id | Role::Cs) {
            table.accuracy.insert(data.name.clone(), right as f64 / labelled as f64);
            if *role == Role::Cs && id_labelled > 0 {
                table.accuracy_pooled.insert(data.name.clone(), (id_right + right) as f64 / (id_labelled + labelled) as f64);
            }
        }
    }
    let own = scored.iter().any(|(_, data)| data.scores.contains_key(CONFIDENCE)).then_some(CONFIDENCE);
    for name in NAMES.into_iter().chain(own) {
        let values = |data: &DatasetScores| data.scores.get(name).cloned().unwrap_or_default();
        let id: Vec<f64> = of(Role::Id).flat_map(values).collect();
        let shifted = scored.iter().filter(|(role, _)| matches!(role, Role::Cs | Role::Near | Role::Far));
        let against = shifted.map(|(_, data)| (data.name.clone(), detection(&id, &values(data)))).collect();
        table.scores.insert(name.into(), against);
    }
    table.datasets = scored.into_iter().map(|(_, data)| data).collect();
    table
}

/// `None` when a number is undefined: a side is empty or holds a NaN.
fn detection(id: &[f64], ood: &[f64]) -> Option<Detection> {
    Some(Detection {
        auroc: metric::auroc(id, ood)?,
        fpr95: metric::fpr95(id, ood)?,
        fpr95_id_positive: metric::fpr95_id_positive(id, ood)?,
        aupr_in: metric::aupr_in(id, ood)?,
        aupr_out: metric::aupr_out(id, ood)?,
    })
}

#[cfg(test)]
mod tests;
