//! Cells that are saved already: in the job's folder, and in the user's cache.

use std::path::Path;

use flatland_core::job::LandscapeJob;
use flatland_core::result::{Cell, CellStore, LandscapeManifest, LossRows, LossSurface, ResultError, SAMPLE_LOSSES};

use tch::Device;

use super::super::AnalysisError;

/// Files of a surface.
const FILES: [&str; 3] = ["landscape.json", "landscape.npz", SAMPLE_LOSSES];

/// Saves cells with the losses of their images: in the job's folder, and in the cache where there is one.
#[derive(Debug)]
pub(super) struct SavedCells {
    rows: LossRows,
    store: Option<CellStore>,
    columns: usize,
}

impl SavedCells {
    /// Fills the empty `surface` with saved cells, and prepares saving further ones.
    ///
    /// A surface in the job's folder of the same network, images, directions and definition is continued, whatever the names of checkpoint and
    /// dataset and whatever its axes are. Another one is removed. Cells from the cache must be of the same kind of `device`.
    ///
    /// # Errors
    /// When a file cannot be written. A cache that cannot be opened is reported by `warned` and not used.
    pub(super) fn fill(
        surface: &mut LossSurface,
        job: &LandscapeJob,
        device: Device,
        warned: &mut dyn FnMut(String),
    ) -> Result<Self, AnalysisError> {
        let known = continued(&job.out, job, &surface.manifest);
        if known.is_none() {
            forget(&job.out)?;
        }
        let store = job.cells.as_ref().and_then(|root| {
            match CellStore::open(root, &surface.manifest, if device.is_cuda() { "cuda" } else { "cpu" }) {
                Ok(store) => Some(store),
                Err(error) => {
                    warned(format!("cells are not kept beyond this folder: {error}"));
                    None
                }
            }
        });
        let shape = [job.alpha.len(), job.beta.len(), surface.manifest.samples];
        let mut kept = Self { rows: LossRows::npy(&job.out.join(SAMPLE_LOSSES), shape)?, store, columns: job.beta.len() };
        for (cell, losses) in known.into_iter().flatten() {
            surface.set(&cell);
            if let Some(losses) = losses {
                kept.put(job, &cell, &losses)?;
            }
        }
        for (i, &alpha) in job.alpha.iter().enumerate() {
            for (j, &beta) in job.beta.iter().enumerate() {
                if surface.count[i * kept.columns + j] > 0 {
                    continue;
                }
                if let Some((cell, losses)) = kept.store.as_mut().and_then(|store| store.get(alpha, beta)) {
                    surface.set(&Cell { i, j, ..cell });
                    kept.rows.write(i * kept.columns + j, &losses)?;
                }
            }
        }
        Ok(kept)
    }

    /// Saves a cell with the losses of its images.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(super) fn put(&mut self, job: &LandscapeJob, cell: &Cell, losses: &[f32]) -> Result<(), AnalysisError> {
        self.rows.write(cell.i * self.columns + cell.j, losses)?;
        if let Some(store) = &mut self.store {
            store.put(job.alpha[cell.i], job.beta[cell.j], cell, losses)?;
        }
        Ok(())
    }
}

/// A cell, and the losses of its images where they are saved.
type KnownCell = (Cell, Option<Vec<f32>>);

fn continued(folder: &Path, job: &LandscapeJob, manifest: &LandscapeManifest) -> Option<Vec<KnownCell>> {
    let surface = LossSurface::load(folder).ok()?;
    // Compared as text, so that NaN equals NaN, in the precision of the file.
    let essence = |manifest: &LandscapeManifest| serde_json::to_string(&manifest.essence()).ok();
    if essence(&surface.manifest)? != essence(manifest)? || surface.count.iter().any(|&n| n != 0 && n as usize != manifest.samples) {
        return None;
    }
    let columns = surface.beta.len();
    let mut rows = LossRows::open_npy(&folder.join(SAMPLE_LOSSES), [surface.alpha.len(), columns, manifest.samples]);
    let place = |axis: &[f64], value: f64| axis.iter().position(|&x| x == value);
    let moved = |cell: Cell| {
        let losses = rows.as_mut().and_then(|rows| rows.read(cell.i * columns + cell.j, cell.loss));
        let (i, j) = (place(&job.alpha, surface.alpha[cell.i])?, place(&job.beta, surface.beta[cell.j])?);
        Some((Cell { i, j, ..cell }, losses))
    };
    Some(surface.cells().into_iter().filter_map(moved).collect())
}

/// Removes another job's surface, its manifest first: arrays without a manifest are ignored.
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
