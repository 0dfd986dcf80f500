//! [`Embedding`]: penultimate features of several datasets under one checkpoint, and their t-SNE.

use std::path::Path;

use super::{Npz, NpzValues, ResultError};

/// Features, logits and 2-D coordinates of N images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Embedding {
    /// Penultimate features, [N, D] row-major.
    pub features: Vec<f32>,
    /// D
    pub feature_dim: usize,
    /// Logits, [N, C] row-major.
    pub logits: Vec<f32>,
    /// C
    pub classes: usize,
    /// Labels, [N]; -1 = none.
    pub label: Vec<i64>,
    /// Predicted class, [N].
    pub prediction: Vec<i64>,
    /// Role key of each image's dataset, [N]: `id`, `cs`, ...
    pub role: Vec<String>,
    /// Name of each image's dataset, [N].
    pub dataset: Vec<String>,
    /// Position of each image in its source, [N].
    pub index: Vec<i64>,
    /// t-SNE coordinates, [N].
    pub tsne: Vec<[f32; 2]>,
}

impl Embedding {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.label.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.label.is_empty()
    }

    /// Writes `embedding.npz` into `folder`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), ResultError> {
        let n = self.len();
        let mut npz = Npz::default();
        npz.push("features", &[n, self.feature_dim], NpzValues::F32(self.features.clone()));
        npz.push("logits", &[n, self.classes], NpzValues::F32(self.logits.clone()));
        npz.push("label", &[n], NpzValues::I64(self.label.clone()));
        npz.push("prediction", &[n], NpzValues::I64(self.prediction.clone()));
        npz.push("role", &[n], NpzValues::Text(self.role.clone()));
        npz.push("dataset", &[n], NpzValues::Text(self.dataset.clone()));
        npz.push("index", &[n], NpzValues::I64(self.index.clone()));
        npz.push("tsne", &[n, 2], NpzValues::F32(self.tsne.iter().flatten().copied().collect()));
        npz.save(&folder.join("embedding.npz"))
    }

    /// Reads what [`Embedding::save`] wrote.
    ///
    /// # Errors
    /// When the file is missing, unreadable or not what it should be.
    pub fn load(folder: &Path) -> Result<Self, ResultError> {
        let path = folder.join("embedding.npz");
        let npz = Npz::load(&path)?;
        let invalid =
            |name: &str| ResultError::Invalid { message: format!("expected an array `{name}` of the documented type"), path: path.clone() };
        let floats = |name: &str| match npz.get(name) {
            Some(super::Array { values: NpzValues::F32(v), shape, .. }) if shape.len() == 2 => Ok((v.clone(), shape[1])),
            _ => Err(invalid(name)),
        };
        let ints = |name: &str| match npz.get(name).map(|array| &array.values) {
            Some(NpzValues::I64(v)) => Ok(v.clone()),
            _ => Err(invalid(name)),
        };
        let texts = |name: &str| match npz.get(name).map(|array| &array.values) {
            Some(NpzValues::Text(v)) => Ok(v.clone()),
            _ => Err(invalid(name)),
        };
        let ((features, feature_dim), (logits, classes), (tsne, _)) = (floats("features")?, floats("logits")?, floats("tsne")?);
        Ok(Self {
            features,
            feature_dim,
            logits,
            classes,
            label: ints("label")?,
            prediction: ints("prediction")?,
            role: texts("role")?,
            dataset: texts("dataset")?,
            index: ints("index")?,
            tsne: tsne.chunks_exact(2).map(|p| [p[0], p[1]]).collect(),
        })
    }
}
