//! [`run`]: a landscape job.

use std::path::Path;
use std::time::{Duration, Instant};

use flatland::job::{JobEvent, LandscapeJob, ProgressMeter, Reporter};
use flatland::result::{Cell, LandscapeManifest, LossSurface, ResultError};

use super::super::{AnalysisError, check_labels};
use super::Evaluator;
use super::order::center_out;
use super::plane::Plane;
use crate::model::{Network, Samples};

/// Files of a job.
const DIRECTIONS: &str = "directions.npz";
const FILES: [&str; 2] = ["landscape.json", "landscape.npz"];

/// How often the unfinished surface goes to disk.
const SAVE_EVERY: Duration = Duration::from_secs(2);

/// Computes L(θ + αδ + βη) on the grid of `job` into `job.out/landscape.npz` and `.json`, and `directions.npz` when asked.
///
/// Cells come nearest to θ first, each told as [`JobEvent::Cells`]. An unfinished surface of the same job (checkpoint, images,
/// directions, axes, definition) in `job.out` is continued, another is replaced. What is on disk at the end does not depend on
/// interruptions.
///
/// # Errors
/// [`AnalysisError::Cancelled`] when the reporter says so (what is computed stays on disk); when images have no labels, axes are empty,
/// not finite or not ascending, directions do not fit, or a file cannot be read or written.
pub fn run(network: &Network, samples: &Samples, job: &LandscapeJob, reporter: &mut dyn Reporter) -> Result<(), AnalysisError> {
    check_labels(samples, network.classes)?;
    check_axis("alpha", &job.alpha)?;
    check_axis("beta", &job.beta)?;
    let plane = Plane::of_job(network, samples, job, reporter)?;
    if job.save_directions {
        plane.directions.save(&job.out.join(DIRECTIONS))?;
    }
    let evaluator = Evaluator::new(network, samples, &plane.directions)?;
    let center = evaluator.center(reporter)?;
    let manifest = manifest(network, samples, job, &plane, center.loss);
    let mut surface = match continued(&job.out, job, &manifest) {
        Some(surface) => surface,
        None => {
            forget(&job.out)?;
            LossSurface::pending(job.alpha.clone(), job.beta.clone(), manifest)
        }
    };
    let known = cells(&surface);
    let total = job.alpha.len() * job.beta.len();
    let mut progress = ProgressMeter::new("cells", format!("landscape of {}", job.checkpoint.name), known.len() as u64, total as u64);
    let mut done = known.len() as u64;
    progress.set(done, reporter);
    if !known.is_empty() {
        reporter.report(JobEvent::Cells { cells: known });
    }
    surface.save(&job.out)?;
    let mut saved = Instant::now();
    for (i, j) in center_out(&job.alpha, &job.beta) {
        if surface.count[i * job.beta.len() + j] > 0 {
            continue;
        }
        let value = match evaluator.evaluate(job.alpha[i], job.beta[j], reporter) {
            Err(AnalysisError::Cancelled) => {
                surface.save(&job.out)?;
                return Err(AnalysisError::Cancelled);
            }
            value => value?,
        };
        let cell = Cell { i, j, loss: value.loss, accuracy: value.accuracy, loss_std_error: value.std_error, count: value.count };
        surface.set(&cell);
        reporter.report(JobEvent::Cells { cells: vec![cell] });
        done += 1;
        progress.set(done, reporter);
        if saved.elapsed() >= SAVE_EVERY {
            surface.save(&job.out)?;
            saved = Instant::now();
        }
    }
    Ok(surface.save(&job.out)?)
}

fn check_axis(name: &str, axis: &[f64]) -> Result<(), AnalysisError> {
    let invalid = |found: String| Err(AnalysisError::Invalid(format!("expected finite, ascending values for {name}, found {found}")));
    if axis.is_empty() {
        return invalid("none".into());
    }
    match axis.iter().find(|x| !x.is_finite()) {
        Some(x) => invalid(x.to_string()),
        None => match axis.windows(2).find(|pair| pair[0] >= pair[1]) {
            Some(pair) => invalid(format!("{} before {}", pair[0], pair[1])),
            None => Ok(()),
        },
    }
}

fn manifest(network: &Network, samples: &Samples, job: &LandscapeJob, plane: &Plane, center_loss: f64) -> LandscapeManifest {
    LandscapeManifest {
        version: 1,
        checkpoint: job.checkpoint.name.clone(),
        checkpoint_path: job.checkpoint.path.clone(),
        checkpoint_hash: network.hash(),
        architecture: network.architecture.clone(),
        dataset: samples.dataset.name.clone(),
        dataset_hash: samples.dataset.hash(),
        samples: samples.len(),
        definition: plane.definition(job),
        normalization: plane.normalization(),
        one_dimensional: plane.one_dimensional().into(),
        batch_norm: plane.record.statistics.clone(),
        loss: "cross_entropy".into(),
        precision: "f32".into(),
        seed: job.seed,
        directions_hash: plane.directions.hash(),
        cosine: plane.directions.cosine(),
        input_normalization: job.checkpoint.normalization.constants(),
        center_loss,
        plane: Some(plane.record.clone()),
        recipe: Some(job.recipe()),
    }
}

/// The surface in `folder` when it is of the same job, whatever people call the checkpoint and the dataset now.
fn continued(folder: &Path, job: &LandscapeJob, manifest: &LandscapeManifest) -> Option<LossSurface> {
    let mut surface = LossSurface::load(folder).ok()?;
    let named = LandscapeManifest {
        checkpoint: manifest.checkpoint.clone(),
        checkpoint_path: manifest.checkpoint_path.clone(),
        dataset: manifest.dataset.clone(),
        // What the cells depend on is in the other fields, the hash of the directions first; files of before have neither of these.
        plane: manifest.plane.clone(),
        recipe: manifest.recipe.clone(),
        ..surface.manifest.clone()
    };
    // Compared as text: a NaN equals itself, and the file's own precision is what counts.
    let same = |a: &LandscapeManifest| serde_json::to_string(a).ok();
    if same(&named)? != same(manifest)? || surface.alpha != job.alpha || surface.beta != job.beta {
        return None;
    }
    if surface.count.iter().any(|&n| n != 0 && n as usize != manifest.samples) {
        return None;
    }
    surface.manifest = named;
    Some(surface)
}

/// Removes another job's surface, its manifest first: arrays without a manifest are never taken for anything.
fn forget(folder: &Path) -> Result<(), AnalysisError> {
    for name in FILES {
        let path = folder.join(name);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(ResultError::Io { action: "replace", source, path }.into());
            }
            _ => {}
        }
    }
    Ok(())
}

/// The computed cells of a surface.
fn cells(surface: &LossSurface) -> Vec<Cell> {
    let columns = surface.beta.len();
    let computed = surface.count.iter().enumerate().filter(|&(_, &count)| count > 0);
    computed
        .map(|(k, &count)| Cell {
            i: k / columns,
            j: k % columns,
            loss: surface.loss[k],
            accuracy: surface.accuracy[k],
            loss_std_error: surface.loss_std_error[k],
            count,
        })
        .collect()
}
