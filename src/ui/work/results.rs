//! Reads the results of jobs from their folders.

use std::path::Path;

use crate::ui::state::store::{CellLosses, Loaded};
use flatland_core::job::{JobSpec, LandscapeJob, Named, is_complete};
use flatland_core::result::{
    Embedding, HessianSpectrum, LandscapeBand, LossDifference, LossRows, LossSurface, ResultError, SAMPLE_LOSSES, ScoreTable,
    SharpnessCurve,
};
use flatland_core::session::PickedCell;

/// What was read from a job's folder.
pub struct JobFiles {
    /// The result.
    pub loaded: Option<Box<Loaded>>,
    /// Whether the result is complete.
    pub complete: bool,
    /// Why a file could not be read.
    pub error: Option<String>,
}

/// Reads a job's folder; all fields are empty when there is none.
pub fn load(spec: &JobSpec) -> JobFiles {
    match spec.out().and_then(|folder| read(spec, folder)) {
        None => JobFiles { loaded: None, complete: false, error: None },
        Some(Ok((loaded, complete))) => JobFiles { loaded: Some(Box::new(loaded)), complete, error: None },
        Some(Err(error)) => JobFiles { loaded: None, complete: false, error: Some(error.to_string()) },
    }
}

/// Reads the partial result that a running job wrote into `folder`. `None` when the job has ended and removed it.
pub fn load_partial(spec: &JobSpec, folder: &Path) -> Option<Loaded> {
    read(spec, folder)?.ok().map(|(loaded, _)| loaded)
}

/// The result of `spec` in `folder`, and whether it is complete; `None` when there is none.
fn read(spec: &JobSpec, folder: &Path) -> Option<Result<(Loaded, bool), ResultError>> {
    let name = spec.checkpoint().map(|checkpoint| checkpoint.name.as_str()).unwrap_or_default();
    let present = |file: &str| folder.join(file).is_file();
    match spec {
        JobSpec::Landscape(job) if present("landscape.npz") => Some(landscape(spec, job, folder)),
        JobSpec::Hessian(_) if present("hessian.json") => {
            Some(HessianSpectrum::load(folder).map(|spectrum| (Loaded::Hessian(spectrum.named(spec)), true)))
        }
        JobSpec::Sharpness(job) if present("sharpness.json") => Some(SharpnessCurve::load(folder).map(|curve| {
            let curve = curve.named(spec);
            let complete = curve.points.len() >= job.settings.rho.len();
            (Loaded::Sharpness(curve), complete)
        })),
        JobSpec::Embedding(_) if present("embedding.npz") => {
            Some(Embedding::load(folder).map(|embedding| (Loaded::Embedding(embedding.named(spec)), true)))
        }
        JobSpec::Score(_) if present("scores.json") => {
            Some(ScoreTable::load(folder, name).map(|table| (Loaded::Scores(table.named(spec)), true)))
        }
        JobSpec::Landscape(_)
        | JobSpec::Hessian(_)
        | JobSpec::Sharpness(_)
        | JobSpec::Embedding(_)
        | JobSpec::Score(_)
        | JobSpec::Inspect { .. }
        | JobSpec::Methods
        | JobSpec::Pace { .. }
        | JobSpec::Weights(_)
        | JobSpec::Conformance(_) => None,
    }
}

/// The surface of a job, the band of its planes if it has several, and whether the result is complete.
fn landscape(spec: &JobSpec, job: &LandscapeJob, folder: &Path) -> Result<(Loaded, bool), ResultError> {
    let surface = LossSurface::load(folder)?.named(spec);
    let complete = is_complete(job, &surface);
    if job.plane.planes < 2 {
        return Ok((Loaded::Landscape(surface), complete));
    }
    // The band is written when the last plane is done.
    let band = LandscapeBand::load(folder).ok().filter(|band| band.manifest.seeds.len() == job.plane.planes);
    Ok(match band {
        Some(band) => (Loaded::Planes(surface, band.named(spec)), complete),
        None => (Loaded::Landscape(surface), false),
    })
}

/// The surface in folder `own` minus that in `base`, which is the `baseline`'s, image by image.
pub fn difference(key: &(String, String), own: &Path, base: &Path, baseline: &str) -> Result<LossSurface, String> {
    let read = |folder: &Path| LossSurface::load(folder).map_err(|error| error.to_string());
    let (a, b) = (read(own)?, read(base)?);
    let mut surface = LossDifference::between((&a, own), (&b, base))?.surface(&a, &b, baseline);
    (surface.manifest.checkpoint, surface.manifest.dataset) = key.clone();
    Ok(surface)
}

/// Reads the losses of single images at a node of a surface whose results are in `folder`.
pub fn cell_losses(surface: &LossSurface, folder: &Path, cell: PickedCell, dataset: String) -> CellLosses {
    let path = folder.join(SAMPLE_LOSSES);
    let read = || {
        let node = |axis: &[f64], value: f64| axis.iter().position(|node| *node == value);
        let at = node(&surface.alpha, cell.alpha).zip(node(&surface.beta, cell.beta));
        let (i, j) = at.ok_or_else(|| format!("expected a node of the grid, found α = {}, β = {}", cell.alpha, cell.beta))?;
        let k = i * surface.beta.len() + j;
        let shape = [surface.alpha.len(), surface.beta.len(), surface.manifest.samples];
        let rows = LossRows::open_npy(&path, shape).ok_or_else(|| {
            format!(
                "expected the losses of single images beside the landscape, found none of this grid ({}); older results have none",
                path.display()
            )
        });
        let row = rows?.read(k, surface.loss[k]);
        row.ok_or_else(|| format!("expected losses whose mean is that of the cell, found others ({})", path.display()))
    };
    CellLosses { losses: read(), cell: cell.clone(), dataset }
}
