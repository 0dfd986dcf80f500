//! Detection scores, one file each, and their registry.
//!
//! Every score is larger for ID. Features and logits of a dataset are computed once, in f32, for all scores of a job; the scores are in f64. A network
//! with a head has one more, `confidence`, see [`Head::confidence`](crate::model::Head::confidence). Not here: the numbers made of them
//! ([`ScoreTable::of`]), thresholds, pictures.

mod affine_head;
mod ash_b;
mod ash_p;
mod ash_s;
mod dice;
mod energy;
mod gaussian;
mod generalized_entropy;
mod grad_norm;
mod klm;
mod knn;
mod largest_logit;
mod max_logit;
mod mds;
mod msp;
mod odin;
mod percentile;
mod pruning;
mod react;
mod registration;
mod registry;
mod rmds;
mod scale;
mod training;
mod vim;

use flatland_core::job::{JobEvent, Partial, ProgressMeter, Reporter, ScoreJob, label_record, unreadable};
use flatland_core::result::{DatasetScores, FittedOn, LabelRecord, ScoreTable};
use flatland_core::session::{Role, ScoreInfo, ScoreSettings};
use indexmap::IndexMap;

use super::AnalysisError;
use super::embedding::extract;
use crate::model::{Network, Samples};
use affine_head::AffineHead;
use registration::{Score, Setup, Subject};
use training::Training;

pub use energy::energy;
pub use msp::msp;

/// Name of the additional score of a head.
pub const CONFIDENCE: &str = "confidence";

/// Scores every image of `datasets` and writes `scores.json` and `scores.npz` into `job.out`. `train`: the ID training images, where a score is fitted.
///
/// # Errors
/// When there is no image of role `id`, the temperature is not positive, a score is not known or not defined for the network, the job is cancelled, or a
/// file cannot be written.
pub fn run(
    network: &Network,
    datasets: &[(Role, Samples)],
    train: Option<&Samples>,
    job: &ScoreJob,
    reporter: &mut dyn Reporter,
) -> Result<(), AnalysisError> {
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
    let settings = ScoreSettings { names: job.names.clone(), parameters: job.parameters.clone(), ..ScoreSettings::default() };
    let chosen = settings.chosen().map_err(AnalysisError::Invalid)?;
    let train = train.filter(|_| chosen.iter().any(|info| info.fitted));
    let images = datasets.iter().map(|(_, samples)| samples.len() as u64).sum::<u64>() + train.map_or(0, |train| train.len() as u64);
    let mut meter = ProgressMeter::new("images", format!("scores of {}", job.checkpoint.name), 0, images);
    let fitted = Fitted::new(network, &chosen, train, job, &mut meter, reporter)?;
    let mut partial = Partial::of(&job.out);
    let mut scored: Vec<Option<DatasetScores>> = vec![None; datasets.len()];
    let of_classes = datasets.iter().filter(|(role, _)| role.has_classes());
    let labels: IndexMap<String, LabelRecord> =
        of_classes.map(|(_, samples)| (samples.dataset.name.clone(), label_record(&samples.dataset))).collect();
    let table = |scored| ScoreTable {
        labels: labels.clone(),
        hyperparameters: fitted.hyperparameters.clone(),
        fitted_on: fitted.on.clone(),
        ..ScoreTable::of(scored, job.temperature)
    };
    // ID first: detection compares with it.
    let (id, others): (Vec<usize>, Vec<usize>) = (0..datasets.len()).partition(|k| datasets[*k].0 == Role::Id);
    for k in id.into_iter().chain(others) {
        let (role, samples) = &datasets[k];
        let features = extract(network, samples, &mut meter, reporter)?;
        let normalization = samples.dataset.arrays.is_none().then_some(&job.checkpoint.normalization);
        let subject = Subject { network, normalization, x: &samples.x, features: &features };
        scored[k] = Some(score(samples, *role, &fitted, &subject, reporter)?);
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

/// The scores of a job, ready for images.
struct Fitted {
    scores: Vec<(&'static str, Box<dyn Score>)>,
    /// Score → all of its hyperparameters, where it has any.
    hyperparameters: IndexMap<String, IndexMap<String, f64>>,
    on: Option<FittedOn>,
}

impl Fitted {
    fn new(
        network: &Network,
        chosen: &[&'static ScoreInfo],
        train: Option<&Samples>,
        job: &ScoreJob,
        meter: &mut ProgressMeter,
        reporter: &mut dyn Reporter,
    ) -> Result<Self, AnalysisError> {
        // Refusals come before the long computation.
        let affine: Vec<String> = chosen.iter().filter(|info| info.affine).map(|info| format!("`{}`", info.key)).collect();
        let head = if affine.is_empty() { None } else { Some(AffineHead::of(network, &format!("the scores {}", affine.join(", ")))?) };
        let training = match train {
            Some(train) => {
                let dataset = &train.dataset;
                Some(Training::new(&dataset.name, extract(network, train, meter, reporter)?, dataset.labels.clone(), network.device)?)
            }
            None => None,
        };
        let on = training.as_ref().map(|training| FittedOn { dataset: training.name.clone(), images: training.images() });
        let mut fitted = Self { scores: Vec::new(), hyperparameters: IndexMap::new(), on };
        for info in chosen {
            let parameters = info.resolve(job.parameters.get(info.key).unwrap_or(&Default::default())).map_err(AnalysisError::Invalid)?;
            let setup = Setup {
                info,
                parameters: parameters.clone(),
                temperature: job.temperature,
                training: training.as_ref(),
                head: head.as_ref(),
            };
            let score = (registry::find(info)?.build)(&setup)?;
            let stated = parameters.into_iter().chain(score.chosen());
            let stated: IndexMap<String, f64> = stated.map(|(key, value)| (key.to_owned(), value)).collect();
            if !stated.is_empty() {
                fitted.hyperparameters.insert(info.key.to_owned(), stated);
            }
            fitted.scores.push((info.key, score));
        }
        Ok(fitted)
    }
}

fn score(
    samples: &Samples,
    role: Role,
    fitted: &Fitted,
    subject: &Subject<'_>,
    reporter: &mut dyn Reporter,
) -> Result<DatasetScores, AnalysisError> {
    let features = subject.features;
    let mut scores = IndexMap::new();
    for (key, score) in &fitted.scores {
        scores.insert((*key).to_owned(), score.of(subject, reporter)?);
    }
    scores.extend(features.confidence.clone().map(|values| (CONFIDENCE.to_owned(), values)));
    Ok(DatasetScores {
        name: samples.dataset.name.clone(),
        role: role.key().into(),
        index: samples.dataset.index.iter().map(|&i| i as i64).collect(),
        label: samples.dataset.labels.clone(),
        prediction: features.prediction.clone(),
        tied: features.tied,
        scores,
    })
}

#[cfg(test)]
mod reference_tests;
#[cfg(test)]
mod tests;
