//! [`Embedding`]: penultimate features of several datasets under one checkpoint, and their 2-D coordinates.

use std::path::Path;

use super::{Array, LabelRecord, Npz, NpzValues, Picture, ResultError, Unreadable, UnreadableImage};
use indexmap::IndexMap;

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
    /// Labels, `[N]`; -1 = none.
    pub label: Vec<i64>,
    /// Predicted class, `[N]`.
    pub prediction: Vec<i64>,
    /// Role key of each image's dataset, `[N]`: `id`, `cs`, ...
    pub role: Vec<String>,
    /// Name of each image's dataset, `[N]`.
    pub dataset: Vec<String>,
    /// Position of each image in its source, `[N]`.
    pub index: Vec<i64>,
    /// Coordinates, `[N]`; by t-SNE, unless `picture` states another engine.
    pub tsne: Vec<[f32; 2]>,
    /// The engine that computed the coordinates.
    pub picture: Picture,
    /// ID and CS dataset → what its labels follow from; empty in older files.
    pub labels: IndexMap<String, LabelRecord>,
    /// Names of the network's classes in label order, as its ID data call them, `[C]`; empty where they are not known and in older files.
    pub class_names: Vec<String>,
    /// Images that could not be read.
    pub unreadable: Unreadable,
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

    /// Writes `embedding.npz` into `folder`. Where images could not be read, it also has `unreadable` (their files), `unreadable_reason` and
    /// `unreadable_dataset`, `[K]`.
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
        self.picture.write(&mut npz);
        // One record per dataset, as JSON.
        let records = self.labels.values().map(|record| serde_json::to_string(record).unwrap_or_default());
        npz.push("labelled", &[self.labels.len()], NpzValues::Text(self.labels.keys().cloned().collect()));
        npz.push("labels", &[self.labels.len()], NpzValues::Text(records.collect()));
        if !self.class_names.is_empty() {
            npz.push("class_names", &[self.class_names.len()], NpzValues::Text(self.class_names.clone()));
        }
        self.push_unreadable(&mut npz);
        npz.save(&folder.join("embedding.npz"))
    }

    fn push_unreadable(&self, npz: &mut Npz) {
        let rows: Vec<(&String, &UnreadableImage)> =
            self.unreadable.iter().flat_map(|(dataset, images)| images.iter().map(move |image| (dataset, image))).collect();
        if rows.is_empty() {
            return;
        }
        let k = rows.len();
        let mut texts = |name: &str, of: &dyn Fn(&(&String, &UnreadableImage)) -> String| {
            npz.push(name, &[k], NpzValues::Text(rows.iter().map(of).collect()));
        };
        texts("unreadable", &|(_, image)| image.path.to_string_lossy().into_owned());
        texts("unreadable_reason", &|(_, image)| image.reason.clone());
        texts("unreadable_dataset", &|(dataset, _)| (*dataset).clone());
    }

    /// Reads what [`Embedding::save`] wrote.
    ///
    /// # Errors
    /// When the file is missing, unreadable or not what it should be: every array of its type, with a row for each label.
    pub fn load(folder: &Path) -> Result<Self, ResultError> {
        let path = folder.join("embedding.npz");
        Self::of(&Npz::load(&path)?).map_err(|message| ResultError::Invalid { message, path })
    }

    /// The embedding in an archive, or what was expected of it and found.
    fn of(npz: &Npz) -> Result<Self, String> {
        let n = array(npz, "label")?.shape.first().copied().unwrap_or(0);
        let ((features, feature_dim), (logits, classes)) = (floats(npz, "features", n, None)?, floats(npz, "logits", n, None)?);
        let (tsne, _) = floats(npz, "tsne", n, Some(2))?;
        let index = ints(npz, "index", n)?;
        if let Some(position) = index.iter().find(|position| **position < 0) {
            return Err(format!("expected positions of images from 0 on in `index`, found {position}"));
        }
        let tsne: Vec<[f32; 2]> = tsne.chunks_exact(2).map(|p| [p[0], p[1]]).collect();
        let picture = Picture::read(npz)?.unwrap_or_else(|| Picture::unrecorded(&features, feature_dim, &tsne));
        Ok(Self {
            features,
            feature_dim,
            logits,
            classes,
            label: ints(npz, "label", n)?,
            prediction: ints(npz, "prediction", n)?,
            role: texts(npz, "role", n)?,
            dataset: texts(npz, "dataset", n)?,
            index,
            tsne,
            picture,
            labels: labels(npz)?,
            class_names: if npz.get("class_names").is_some() { texts(npz, "class_names", classes)? } else { Vec::new() },
            unreadable: unreadable(npz)?,
        })
    }
}

/// The records of the labels; none in older files.
fn labels(npz: &Npz) -> Result<IndexMap<String, LabelRecord>, String> {
    let Some(count) = npz.get("labelled").and_then(|array| array.shape.first().copied()) else { return Ok(IndexMap::new()) };
    let records = texts(npz, "labels", count)?.into_iter();
    let record = |text: String| serde_json::from_str(&text).map_err(|error| format!("expected records of labels in `labels`: {error}"));
    let records = records.map(record).collect::<Result<Vec<_>, _>>()?;
    Ok(texts(npz, "labelled", count)?.into_iter().zip(records).collect())
}

/// The unreadable images that the archive lists.
fn unreadable(npz: &Npz) -> Result<Unreadable, String> {
    let mut all = Unreadable::new();
    let Some(k) = npz.get("unreadable").map(|array| array.shape.first().copied().unwrap_or(0)) else { return Ok(all) };
    let rows = texts(npz, "unreadable", k)?.into_iter().zip(texts(npz, "unreadable_reason", k)?);
    for (dataset, (path, reason)) in texts(npz, "unreadable_dataset", k)?.into_iter().zip(rows) {
        all.entry(dataset).or_default().push(UnreadableImage { path: path.into(), reason });
    }
    Ok(all)
}

fn array<'a>(npz: &'a Npz, name: &str) -> Result<&'a Array, String> {
    npz.get(name).ok_or_else(|| {
        let known: Vec<&str> = npz.arrays.iter().map(|array| array.name.as_str()).collect();
        format!("expected an array `{name}`, found {}", if known.is_empty() { "none".into() } else { known.join(", ") })
    })
}

/// What was expected of an array, and what was found.
fn unlike(array: &Array, shape: &str, values: &str) -> String {
    let found = match array.values {
        NpzValues::F32(_) => "f32",
        NpzValues::F64(_) => "f64",
        NpzValues::I64(_) => "i64",
        NpzValues::U8(_) => "u8",
        NpzValues::Text(_) => "strings",
    };
    format!("expected `{}` of shape {shape} ({values}; a row for each label), found {:?} ({found})", array.name, array.shape)
}

/// An array [n, columns] and its number of columns.
fn floats(npz: &Npz, name: &str, n: usize, columns: Option<usize>) -> Result<(Vec<f32>, usize), String> {
    let array = array(npz, name)?;
    match (&array.values, array.shape.as_slice()) {
        (NpzValues::F32(v), [rows, found]) if *rows == n && columns.is_none_or(|columns| columns == *found) => Ok((v.clone(), *found)),
        _ => Err(unlike(array, &format!("[{n}, {}]", columns.map_or("any".into(), |columns| columns.to_string())), "f32")),
    }
}

fn ints(npz: &Npz, name: &str, n: usize) -> Result<Vec<i64>, String> {
    let array = array(npz, name)?;
    match &array.values {
        NpzValues::I64(v) if array.shape == [n] => Ok(v.clone()),
        _ => Err(unlike(array, &format!("[{n}]"), "i64")),
    }
}

fn texts(npz: &Npz, name: &str, n: usize) -> Result<Vec<String>, String> {
    let array = array(npz, name)?;
    match &array.values {
        NpzValues::Text(v) if array.shape == [n] => Ok(v.clone()),
        _ => Err(unlike(array, &format!("[{n}]"), "strings")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn embedding() -> Embedding {
        Embedding {
            features: vec![0.5; 9],
            feature_dim: 3,
            logits: vec![1.0; 6],
            classes: 2,
            label: vec![0, 1, -1],
            prediction: vec![0, 0, 1],
            role: ["id", "id", "far"].map(str::to_owned).into(),
            dataset: ["test", "test", "textures"].map(str::to_owned).into(),
            index: vec![4, 7, 0],
            tsne: vec![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]],
            picture: Picture::too_few(1, 3),
            class_names: ["cat", "dog"].map(str::to_owned).into(),
            labels: [("test".to_owned(), LabelRecord { rule: "cifar10".into(), ..LabelRecord::default() })].into(),
            unreadable: [("test", "a/é.jpg"), ("textures", "b.png")]
                .map(|(dataset, path)| (dataset.to_owned(), vec![UnreadableImage { path: path.into(), reason: "cut short".into() }]))
                .into(),
        }
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        for saved in [embedding(), Embedding::default()] {
            saved.save(folder.path()).unwrap();
            assert_eq!(Embedding::load(folder.path()).unwrap(), saved);
        }
    }

    #[test]
    fn arrays_that_do_not_fit_together_are_refused_with_the_file() {
        let folder = tempfile::tempdir().unwrap();
        embedding().save(folder.path()).unwrap();
        let path = folder.path().join("embedding.npz");
        let whole = Npz::load(&path).unwrap();
        let two = |text: &str| NpzValues::Text(vec![text.into(); 2]);
        for (name, shape, values, expected) in [
            (
                "tsne",
                &[3, 3][..],
                NpzValues::F32(vec![0.0; 9]),
                "expected `tsne` of shape [3, 2] (f32; a row for each label), found [3, 3] (f32)",
            ),
            ("tsne", &[6], NpzValues::F32(vec![0.0; 6]), "found [6] (f32)"),
            ("features", &[2, 3], NpzValues::F32(vec![0.0; 6]), "expected `features` of shape [3, any] (f32"),
            ("logits", &[3, 2], NpzValues::F64(vec![0.0; 6]), "found [3, 2] (f64)"),
            (
                "prediction",
                &[4],
                NpzValues::I64(vec![0; 4]),
                "expected `prediction` of shape [3] (i64; a row for each label), found [4] (i64)",
            ),
            ("index", &[1, 3], NpzValues::I64(vec![0; 3]), "found [1, 3] (i64)"),
            ("index", &[3], NpzValues::I64(vec![0, -5, 1]), "expected positions of images from 0 on in `index`, found -5"),
            ("role", &[2], two("id"), "expected `role` of shape [3] (strings"),
            ("dataset", &[2], two("test"), "expected `dataset` of shape [3] (strings"),
            ("label", &[2], NpzValues::I64(vec![0; 2]), "of shape [2, any]"),
        ] {
            let mut npz = whole.clone();
            npz.arrays.retain(|array| array.name != name);
            npz.save(&path).unwrap();
            let error = Embedding::load(folder.path()).unwrap_err().to_string();
            assert!(error.contains(&format!("expected an array `{name}`, found ")), "{error}");
            npz.push(name, shape, values);
            npz.save(&path).unwrap();
            let error = Embedding::load(folder.path()).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("embedding.npz"), "{error}");
        }
    }
}
