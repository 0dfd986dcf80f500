//! [`LossSurface`]: loss and accuracy on a grid of the plane θ + αδ + βη, with what made it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Npz, NpzValues, PlaneRecord, ResultError, write_atomic};

/// One evaluated cell.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Index into α.
    pub i: usize,
    /// Index into β.
    pub j: usize,
    /// Mean cross-entropy; may be non-finite (then JSON `null`, read back as NaN).
    #[serde(with = "non_finite")]
    pub loss: f64,
    /// Share of right predictions.
    #[serde(with = "non_finite")]
    pub accuracy: f64,
    /// Standard error of the loss over the samples.
    #[serde(with = "non_finite")]
    pub loss_std_error: f64,
    /// Samples evaluated.
    pub count: u32,
}

pub(super) mod non_finite {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        if value.is_finite() { serializer.serialize_f64(*value) } else { serializer.serialize_str(&value.to_string()) }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Number {
            Finite(f64),
            Named(String),
        }
        match Number::deserialize(deserializer)? {
            Number::Finite(value) => Ok(value),
            Number::Named(name) => name.parse().map_err(serde::de::Error::custom),
        }
    }
}

/// What a surface is of: enough to make it again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LandscapeManifest {
    /// Version of the format: 1.
    pub version: u32,
    /// Name of the checkpoint.
    pub checkpoint: String,
    /// Its file.
    pub checkpoint_path: PathBuf,
    /// blake3 of its tensors, hex.
    pub checkpoint_hash: String,
    /// Architecture.
    pub architecture: String,
    /// Name of the dataset.
    pub dataset: String,
    /// blake3 of its pixels and labels after subset, resizing and corruption, hex.
    pub dataset_hash: String,
    /// Images evaluated in every cell.
    pub samples: usize,
    /// Key of the preset of the random directions (`li2018`, ...), or `file`, `line`, `checkpoints`, `trajectory`.
    pub definition: String,
    /// Normalization of random directions: `filter`, ...
    pub normalization: String,
    /// What 1-D tensors do: `zero`, `moving`, `as in the file`.
    pub one_dimensional: String,
    /// `frozen`.
    pub batch_norm: String,
    /// `cross_entropy`.
    pub loss: String,
    /// `f32`.
    pub precision: String,
    /// Seed of the directions.
    pub seed: u64,
    /// blake3 of the directions, hex.
    pub directions_hash: String,
    /// Cosine between δ and η.
    #[serde(with = "non_finite")]
    pub cosine: f64,
    /// Mean and standard deviation of the input normalization.
    pub input_normalization: ([f64; 3], [f64; 3]),
    /// Loss at θ itself, evaluated by the same code; may be non-finite.
    #[serde(with = "non_finite")]
    pub center_loss: f64,
    /// The plane, and what is drawn on it; absent in files that are older than other planes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plane: Option<PlaneRecord>,
    /// The job, enough to compute the surface again: JSON of [`LandscapeJob`](crate::job::LandscapeJob) without its folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<serde_json::Value>,
}

/// Loss and accuracy over the plane; [A, B] arrays are row-major with index i·B + j at (alpha\[i\], beta\[j\]).
#[derive(Clone, Debug, PartialEq)]
pub struct LossSurface {
    /// [A]
    pub alpha: Vec<f64>,
    /// [B]
    pub beta: Vec<f64>,
    /// Mean cross-entropy, [A, B]; NaN where not computed or where it is NaN.
    pub loss: Vec<f64>,
    /// Share of right predictions, [A, B].
    pub accuracy: Vec<f64>,
    /// Standard error of the loss, [A, B].
    pub loss_std_error: Vec<f64>,
    /// Samples, [A, B]; 0 = not computed.
    pub count: Vec<u32>,
    /// What it is of.
    pub manifest: LandscapeManifest,
}

impl LossSurface {
    /// A surface of which nothing is computed yet.
    pub fn pending(alpha: Vec<f64>, beta: Vec<f64>, manifest: LandscapeManifest) -> Self {
        let n = alpha.len() * beta.len();
        let nan = vec![f64::NAN; n];
        Self { alpha, beta, loss: nan.clone(), accuracy: nan.clone(), loss_std_error: nan, count: vec![0; n], manifest }
    }

    /// Puts a cell in its place; a cell outside the grid is ignored.
    pub fn set(&mut self, cell: &Cell) {
        if cell.i >= self.alpha.len() || cell.j >= self.beta.len() {
            return;
        }
        let k = cell.i * self.beta.len() + cell.j;
        self.loss[k] = cell.loss;
        self.accuracy[k] = cell.accuracy;
        self.loss_std_error[k] = cell.loss_std_error;
        self.count[k] = cell.count;
    }

    /// Number of computed cells.
    pub fn computed(&self) -> usize {
        self.count.iter().filter(|&&n| n > 0).count()
    }

    /// Smallest and largest finite computed loss.
    pub fn range(&self) -> Option<(f64, f64)> {
        let finite = self.loss.iter().zip(&self.count).filter(|&(v, &n)| n > 0 && v.is_finite()).map(|(v, _)| *v);
        finite.fold(None, |range, v| match range {
            None => Some((v, v)),
            Some((low, high)) => Some((low.min(v), high.max(v))),
        })
    }

    /// Writes `landscape.npz` and `landscape.json` into `folder`.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), ResultError> {
        let (a, b) = (self.alpha.len(), self.beta.len());
        let mut npz = Npz::default();
        npz.push("alpha", &[a], NpzValues::F64(self.alpha.clone()));
        npz.push("beta", &[b], NpzValues::F64(self.beta.clone()));
        npz.push("loss", &[a, b], NpzValues::F64(self.loss.clone()));
        npz.push("accuracy", &[a, b], NpzValues::F64(self.accuracy.clone()));
        npz.push("loss_std_error", &[a, b], NpzValues::F64(self.loss_std_error.clone()));
        npz.push("count", &[a, b], NpzValues::I64(self.count.iter().map(|&n| i64::from(n)).collect()));
        npz.save(&folder.join("landscape.npz"))?;
        let json = serde_json::to_string_pretty(&self.manifest).unwrap_or_default() + "\n";
        write_atomic(&folder.join("landscape.json"), json.as_bytes())
    }

    /// Reads what [`LossSurface::save`] wrote.
    ///
    /// # Errors
    /// When a file is missing, unreadable or not what it should be.
    pub fn load(folder: &Path) -> Result<Self, ResultError> {
        let path = folder.join("landscape.npz");
        let npz = Npz::load(&path)?;
        let invalid = |message: String| ResultError::Invalid { message, path: path.clone() };
        let array = |name: &str| npz.f64(name).ok_or_else(|| invalid(format!("expected an array `{name}`, found none")));
        let (alpha, beta) = (array("alpha")?, array("beta")?);
        let n = alpha.len() * beta.len();
        let grid = |name: &str| {
            let values = array(name)?;
            if values.len() == n { Ok(values) } else { Err(invalid(format!("expected {n} values in `{name}`, found {}", values.len()))) }
        };
        let json = folder.join("landscape.json");
        let text = std::fs::read_to_string(&json).map_err(|source| ResultError::Io { action: "read", source, path: json.clone() })?;
        let manifest = serde_json::from_str(&text).map_err(|error| ResultError::Invalid { message: error.to_string(), path: json })?;
        Ok(Self {
            loss: grid("loss")?,
            accuracy: grid("accuracy")?,
            loss_std_error: grid("loss_std_error")?,
            count: grid("count")?.into_iter().map(|x| x as u32).collect(),
            alpha,
            beta,
            manifest,
        })
    }
}
