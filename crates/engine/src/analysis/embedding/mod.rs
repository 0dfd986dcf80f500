//! Penultimate features of several datasets for one checkpoint, and their joint 2-D embedding.
//!
//! Features, then principal components, then t-SNE started from the first two of them (or these alone, where too few images differ; the result
//! records which). Nothing is random except a seeded jitter that separates equal points. Not here: metrics of the embedding; its distances
//! mean little.

mod features;
mod pca;
mod tsne;

use std::time::{Duration, Instant};

use flatland_core::job::{EmbeddingJob, JobEvent, ProgressMeter, Reporter, label_record, unreadable};
use flatland_core::result::{Embedding, Engine, FEWEST_POINTS, Picture, different_points};
use flatland_core::session::Role;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::AnalysisError;
use crate::model::{Network, Samples};

pub use features::{Features, extract};
pub use pca::{Projection, project};
pub use tsne::{Continue, TsneSettings, fit, largest_perplexity};

/// Time between two sets of live positions.
const LIVE: Duration = Duration::from_millis(300);

/// Standard deviation of the first coordinate of the initial embedding, as in openTSNE and scikit-learn.
const INITIAL_STD: f64 = 1e-4;

/// Features, logits and t-SNE of all `datasets` together, into `job.out/embedding.npz`; live positions are reported on the way.
///
/// # Errors
/// When there are no images, a feature is not finite, a setting is out of range, the job is cancelled, or the file cannot be written.
pub fn run(network: &Network, datasets: &[(Role, Samples)], job: &EmbeddingJob, reporter: &mut dyn Reporter) -> Result<(), AnalysisError> {
    if !(job.perplexity.is_finite() && job.perplexity >= 1.0) {
        return Err(AnalysisError::Invalid(format!("expected a perplexity ≥ 1, found {}", job.perplexity)));
    }
    let mut embedding = gather(network, datasets, job, reporter)?;
    let projection = project(&embedding.features, embedding.feature_dim, job.components.max(2))?;
    let different = different_points(&embedding.features, embedding.feature_dim, FEWEST_POINTS);
    let (places, picture) = picture(&projection, different, job, &embedding.role, reporter)?;
    embedding.tsne = places.into_iter().map(single).collect();
    embedding.picture = picture;
    embedding.save(&job.out)?;
    Ok(())
}

/// All of the embedding except the 2-D positions.
fn gather(
    network: &Network,
    datasets: &[(Role, Samples)],
    job: &EmbeddingJob,
    reporter: &mut dyn Reporter,
) -> Result<Embedding, AnalysisError> {
    let images = datasets.iter().map(|(_, samples)| samples.len() as u64).sum();
    if images == 0 {
        return Err(AnalysisError::Invalid(format!("an embedding needs images, found none in {} datasets", datasets.len())));
    }
    let mut meter = ProgressMeter::new("images", format!("features of {}", job.checkpoint.name), 0, images);
    let mut embedding = Embedding { unreadable: unreadable(datasets.iter().map(|(_, samples)| &*samples.dataset)), ..Embedding::default() };
    let mut has_id_names = false;
    for (role, samples) in datasets {
        let data = &samples.dataset;
        if role.has_classes() {
            embedding.labels.insert(data.name.clone(), label_record(data));
        }
        let found = extract(network, samples, &mut meter, reporter)?;
        if samples.is_empty() {
            continue;
        }
        let broken = found.features.chunks_exact(found.dim.max(1)).filter(|feature| !feature.iter().all(|x| x.is_finite())).count();
        if broken > 0 {
            return Err(AnalysisError::Invalid(format!(
                "an embedding needs finite features, found {broken} of {} images of `{}` with NaN or infinity under {}",
                samples.len(),
                data.name,
                job.checkpoint.name
            )));
        }
        embedding.feature_dim = found.dim;
        embedding.classes = found.classes;
        // Names of other classes do not describe the network's predictions; those of the ID data go before those of other datasets.
        let has_names = role.has_classes() && data.classes.len() == found.classes;
        if has_names && (embedding.class_names.is_empty() || (*role == Role::Id && !has_id_names)) {
            embedding.class_names.clone_from(&data.classes);
            has_id_names = *role == Role::Id;
        }
        embedding.features.extend(found.features);
        embedding.logits.extend(found.logits);
        embedding.prediction.extend(found.prediction);
        embedding.label.extend(&data.labels);
        embedding.role.extend(std::iter::repeat_n(role.key().to_owned(), samples.len()));
        embedding.dataset.extend(std::iter::repeat_n(data.name.clone(), samples.len()));
        embedding.index.extend(data.index.iter().map(|&i| i as i64));
    }
    Ok(embedding)
}

/// The 2-D positions of the projected features, of which `different` differ, and the method that computed them.
fn picture(
    projection: &Projection,
    different: usize,
    job: &EmbeddingJob,
    roles: &[String],
    reporter: &mut dyn Reporter,
) -> Result<(Vec<[f64; 2]>, Picture), AnalysisError> {
    let plane = projection.plane();
    let n = plane.len();
    let mut live = Live { reporter, roles: roles.to_vec(), sent: None };
    let Some(initial) = initial(&plane, job.seed).filter(|_| different >= FEWEST_POINTS) else {
        let picture = Picture::too_few(different, n);
        live.warn(picture.describe());
        return Ok((plane, picture));
    };
    let perplexity = job.perplexity.min(largest_perplexity(n));
    let mut picture = Picture { engine: Engine::Bhtsne, perplexity: Some(perplexity), reason: None };
    if perplexity < job.perplexity {
        picture.reason = Some(format!("perplexity {perplexity:.1}, as {} needs more than {n} images", job.perplexity));
        live.warn(picture.describe());
    }
    let settings = TsneSettings { perplexity, iterations: job.iterations };
    let mut meter = ProgressMeter::new("iterations", format!("t-SNE of {}", job.checkpoint.name), 0, job.iterations as u64);
    let fitted = fit(&projection.points, projection.dim, &initial, settings, &mut |iteration, xy| {
        if live.reporter.cancelled() {
            return Continue::No;
        }
        if iteration > 0 {
            meter.set(iteration as u64, live.reporter);
        }
        if live.sent.is_none_or(|sent| sent.elapsed() >= LIVE) {
            live.positions(iteration, xy);
        }
        Continue::Yes
    })?;
    live.positions(job.iterations, &fitted);
    Ok((fitted, picture))
}

/// The first two principal components at standard deviation 1e-4, with 1 % of seeded jitter so that equal points separate and a
/// line can spread; `None` when all points are equal.
fn initial(plane: &[[f64; 2]], seed: u64) -> Option<Vec<[f64; 2]>> {
    let deviation = (plane.iter().map(|point| point[0] * point[0]).sum::<f64>() / plane.len().max(1) as f64).sqrt();
    if deviation <= 0.0 {
        return None;
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut place = |x: f64| {
        let jitter: f64 = StandardNormal.sample(&mut random);
        INITIAL_STD * (x / deviation + 0.01 * jitter)
    };
    Some(plane.iter().map(|&[x, y]| [place(x), place(y)]).collect())
}

fn single([x, y]: [f64; 2]) -> [f32; 2] {
    [x as f32, y as f32]
}

/// Live positions that are sent to the window.
struct Live<'a> {
    reporter: &'a mut dyn Reporter,
    /// Sent with the first positions only.
    roles: Vec<String>,
    sent: Option<Instant>,
}

impl Live<'_> {
    fn warn(&mut self, message: String) {
        self.reporter.report(JobEvent::Warning { message });
    }

    fn positions(&mut self, iteration: usize, xy: &[[f64; 2]]) {
        self.sent = Some(Instant::now());
        let xy = xy.iter().copied().map(single).collect();
        self.reporter.report(JobEvent::Positions { iteration, xy, roles: std::mem::take(&mut self.roles) });
    }
}

#[cfg(test)]
mod tests;
