//! [`LandscapeBand`]: mean and standard deviation of several random planes through one point.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::landscape_manifest::loss_label;
use super::{LossSurface, Npz, NpzValues, ResultError, json, nearest_node};

/// Loss over K ≥ 2 planes of one grid: mean and standard deviation (n − 1) over planes, [A, B] row-major as in [`LossSurface`]. A cell
/// that is not finite on one plane is not finite here.
#[derive(Clone, Debug, PartialEq)]
pub struct LandscapeBand {
    /// `[A]`
    pub alpha: Vec<f64>,
    /// `[B]`
    pub beta: Vec<f64>,
    /// [A, B]
    pub mean: Vec<f64>,
    /// Standard deviation over planes, the uncertainty of a single random plane. [A, B]
    pub std: Vec<f64>,
    /// What determines it.
    pub manifest: BandManifest,
}

/// What determines a band.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BandManifest {
    /// Version of the format: 1.
    pub version: u32,
    /// Name of the checkpoint.
    pub checkpoint: String,
    /// Name of the dataset.
    pub dataset: String,
    /// Images evaluated in every cell.
    pub samples: usize,
    /// The loss, as in the manifest of a surface.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub loss: String,
    /// Definition of the directions.
    pub definition: String,
    /// Seed of each plane.
    pub seeds: Vec<u64>,
    /// blake3 of each plane's directions.
    pub directions_hashes: Vec<String>,
    /// The job, as in the manifest of a surface.
    pub recipe: serde_json::Value,
}

impl BandManifest {
    /// The label of the loss, see [`LandscapeManifest::loss_label`](super::LandscapeManifest::loss_label).
    pub fn loss_label(&self) -> String {
        loss_label(&self.loss)
    }
}

impl LandscapeBand {
    /// The band of complete surfaces.
    ///
    /// # Errors
    /// When there are fewer than two, their grids differ, or one is not complete.
    pub fn of(surfaces: &[LossSurface], recipe: serde_json::Value) -> Result<Self, String> {
        let [first, rest @ ..] = surfaces else { return Err("expected at least 2 planes for a band, found none".into()) };
        if rest.is_empty() {
            return Err("expected at least 2 planes for a band, found 1".into());
        }
        if rest.iter().any(|other| other.alpha != first.alpha || other.beta != first.beta) {
            return Err("expected planes of one grid for a band, found several".into());
        }
        if let Some(open) = surfaces.iter().find(|surface| surface.computed() < surface.count.len()) {
            return Err(format!("expected complete planes for a band, found {} of {} cells", open.computed(), open.count.len()));
        }
        let k = surfaces.len() as f64;
        let over = |cell: usize| surfaces.iter().map(move |surface| surface.loss[cell]);
        let mean: Vec<f64> = (0..first.loss.len()).map(|cell| over(cell).sum::<f64>() / k).collect();
        let std =
            mean.iter().enumerate().map(|(cell, mean)| (over(cell).map(|x| (x - mean).powi(2)).sum::<f64>() / (k - 1.0)).sqrt()).collect();
        let manifest = BandManifest {
            version: 1,
            checkpoint: first.manifest.checkpoint.clone(),
            dataset: first.manifest.dataset.clone(),
            samples: first.manifest.samples,
            loss: first.manifest.loss.clone(),
            definition: first.manifest.definition.clone(),
            seeds: surfaces.iter().map(|surface| surface.manifest.seed).collect(),
            directions_hashes: surfaces.iter().map(|surface| surface.manifest.directions_hash.clone()).collect(),
            recipe,
        };
        Ok(Self { alpha: first.alpha.clone(), beta: first.beta.clone(), mean, std, manifest })
    }

    /// (α, mean, standard deviation) along α at the β of the grid nearest to 0.
    pub fn cut(&self) -> Vec<(f64, f64, f64)> {
        let Some(j) = nearest_node(&self.beta, 0.0) else { return Vec::new() };
        let at = |i: usize| i * self.beta.len() + j;
        self.alpha.iter().enumerate().map(|(i, alpha)| (*alpha, self.mean[at(i)], self.std[at(i)])).collect()
    }

    /// Writes `landscape_band.npz` and `landscape_band.json` into `folder`.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), ResultError> {
        let (a, b) = (self.alpha.len(), self.beta.len());
        let mut npz = Npz::default();
        npz.push("alpha", &[a], NpzValues::F64(self.alpha.clone()));
        npz.push("beta", &[b], NpzValues::F64(self.beta.clone()));
        npz.push("loss_mean", &[a, b], NpzValues::F64(self.mean.clone()));
        npz.push("loss_std", &[a, b], NpzValues::F64(self.std.clone()));
        npz.save(&folder.join("landscape_band.npz"))?;
        json::save(&folder.join("landscape_band.json"), &self.manifest)
    }

    /// Reads what [`LandscapeBand::save`] wrote.
    ///
    /// # Errors
    /// When a file is missing, unreadable or not what it should be.
    pub fn load(folder: &Path) -> Result<Self, ResultError> {
        let path = folder.join("landscape_band.npz");
        let npz = Npz::load(&path)?;
        let invalid = |message: String| ResultError::Invalid { message, path: path.clone() };
        let array = |name: &str| npz.f64(name).ok_or_else(|| invalid(format!("expected an array `{name}`, found none")));
        let manifest = json::load(&folder.join("landscape_band.json"))?;
        let band = Self { alpha: array("alpha")?, beta: array("beta")?, mean: array("loss_mean")?, std: array("loss_std")?, manifest };
        let n = band.alpha.len() * band.beta.len();
        let found = [band.mean.len(), band.std.len()];
        if found == [n, n] { Ok(band) } else { Err(invalid(format!("expected {n} values for each array, found {found:?}"))) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::result::LandscapeManifest;

    fn surface(seed: u64, loss: [f64; 6]) -> LossSurface {
        let manifest = LandscapeManifest { seed, samples: 10, ..Default::default() };
        let mut surface = LossSurface::pending(vec![-1.0, 0.0, 1.0], vec![0.0, 1.0], manifest);
        (surface.loss, surface.count) = (loss.to_vec(), vec![10; 6]);
        surface
    }

    #[test]
    fn mean_and_deviation_are_over_planes_and_what_is_not_finite_stays_so() {
        let planes = [surface(3, [1.0, 2.0, 1.0, 5.0, 4.0, f64::NAN]), surface(4, [3.0, 2.0, 1.0, 5.0, 8.0, 1.0])];
        let band = LandscapeBand::of(&planes, serde_json::Value::Null).unwrap();
        assert_eq!(band.mean[..5], [2.0, 2.0, 1.0, 5.0, 6.0]);
        assert!(band.mean[5].is_nan() && band.std[5].is_nan());
        assert!((band.std[0] - 2.0f64.sqrt()).abs() < 1e-12 && band.std[1] == 0.0);
        assert_eq!(band.cut().iter().map(|(alpha, mean, _)| (*alpha, *mean)).collect::<Vec<_>>(), [(-1.0, 2.0), (0.0, 1.0), (1.0, 6.0)]);
        assert_eq!(band.manifest.seeds, [3, 4]);
        let folder = tempfile::tempdir().unwrap();
        band.save(folder.path()).unwrap();
        assert_eq!(LandscapeBand::load(folder.path()).unwrap().std[..5], band.std[..5]);
    }

    #[test]
    fn one_plane_other_grids_and_open_cells_are_no_band() {
        let one = surface(0, [1.0; 6]);
        let refusal = |planes: &[LossSurface]| LandscapeBand::of(planes, serde_json::Value::Null).unwrap_err();
        assert!(refusal(std::slice::from_ref(&one)).contains("found 1"));
        let mut other = one.clone();
        other.alpha[0] = -2.0;
        assert!(refusal(&[one.clone(), other]).contains("one grid"));
        let mut open = one.clone();
        open.count[2] = 0;
        assert!(refusal(&[one, open]).contains("5 of 6"));
    }
}
