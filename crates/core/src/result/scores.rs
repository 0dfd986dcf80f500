//! [`ScoreTable`]: per-sample detection scores of one checkpoint and the numbers computed from them.

use std::path::Path;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{LabelRecord, Npz, NpzValues, ResultError, ScoreDefinitions, Unreadable, json, safe_name};
use crate::metric::{auroc_std_error, fpr95_std_error, share_std_error};

/// How well a score separates one dataset from all ID data. OOD is positive, as in OpenOOD.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// Area under the ROC curve.
    pub auroc: f64,
    /// Share of ID flagged at the first threshold that catches 95 % of OOD.
    pub fpr95: f64,
    /// The other convention: share of OOD kept at the threshold that keeps 95 % of ID.
    pub fpr95_id_positive: f64,
    /// Area under precision-recall, ID positive.
    pub aupr_in: f64,
    /// Area under precision-recall, OOD positive.
    pub aupr_out: f64,
}

/// ID training images that scores were fitted on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FittedOn {
    /// Name of the dataset.
    pub dataset: String,
    /// Number of its images.
    pub images: usize,
}

/// Standard errors of a [`Detection`] over the images; `None` where they are not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DetectionError {
    /// Of the AUROC.
    pub auroc: Option<f64>,
    /// Of FPR@95.
    pub fpr95: Option<f64>,
}

/// Per-sample scores of one dataset; larger is more ID.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DatasetScores {
    /// Name of the dataset.
    pub name: String,
    /// Its role key.
    pub role: String,
    /// Position of each image in its source, `[N]`; empty if it is not known (older files).
    pub index: Vec<i64>,
    /// Labels, `[N]`; -1 = none.
    pub label: Vec<i64>,
    /// Class of the largest logit, `[N]`, the first of several; -1 where it is not defined: a logit is NaN, or the largest one is infinite.
    pub prediction: Vec<i64>,
    /// Images in which several logits are the largest.
    pub tied: usize,
    /// Score key (`msp`, `energy`, ..) → `[N]`.
    pub scores: IndexMap<String, Vec<f64>>,
}

impl DatasetScores {
    /// The values of a score, `[N]`; empty for a score that the images do not have.
    pub fn values(&self, score: &str) -> &[f64] {
        self.scores.get(score).map_or(&[], Vec::as_slice)
    }
}

/// The numbers of one checkpoint; what `scores.json` holds under its name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScoreTable {
    /// Dataset → share of right predictions, for labelled ID and CS data; `None` where it is not defined.
    pub accuracy: IndexMap<String, Option<f64>>,
    /// CS dataset → accuracy pooled with all ID data, OpenOOD's `csid`; `None` where it is not defined.
    pub accuracy_pooled: IndexMap<String, Option<f64>>,
    /// Score → dataset → detection against all ID data; `None` where it is not defined.
    pub scores: IndexMap<String, IndexMap<String, Option<Detection>>>,
    /// Score → dataset → standard errors of its detection; see [`ScoreTable::with_std_errors`].
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub std_errors: IndexMap<String, IndexMap<String, DetectionError>>,
    /// Temperature of the energy score.
    pub temperature: f64,
    /// Score → hyperparameters with which it was computed, where it has any.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub hyperparameters: IndexMap<String, IndexMap<String, f64>>,
    /// The images that scores were fitted on, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fitted_on: Option<FittedOn>,
    /// Dataset → role key, in order.
    pub roles: IndexMap<String, String>,
    /// Dataset → images.
    pub samples: IndexMap<String, usize>,
    /// CS, near or far dataset → its share of the images that it makes with all ID data.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub base_rate: IndexMap<String, f64>,
    /// Dataset → images whose logits are not finite, where there are any.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub non_finite: IndexMap<String, usize>,
    /// Dataset → images in which several logits are the largest, where there are any.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub tied: IndexMap<String, usize>,
    /// The definitions of the numbers.
    #[serde(default)]
    pub definitions: ScoreDefinitions,
    /// ID and CS dataset → what its labels follow from.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub labels: IndexMap<String, LabelRecord>,
    /// Images that could not be read.
    #[serde(default, skip_serializing_if = "Unreadable::is_empty")]
    pub unreadable: Unreadable,
    /// Per-sample scores, in `scores.npz`.
    #[serde(skip)]
    pub datasets: Vec<DatasetScores>,
}

/// Writes `out/scores.json`: the tables of those of `checkpoints` that have one in `out/<checkpoint>/`, in this order.
///
/// # Errors
/// When a table cannot be read or the file cannot be written.
pub fn gather_scores<'a>(out: &Path, checkpoints: impl IntoIterator<Item = &'a str>) -> Result<(), ResultError> {
    let mut whole = IndexMap::new();
    for name in checkpoints {
        let folder = out.join(safe_name(name));
        if folder.join("scores.json").is_file() {
            whole.insert(name, ScoreTable::load(&folder, name)?);
        }
    }
    json::save(&out.join("scores.json"), &whole)
}

impl ScoreTable {
    /// Writes `scores.json` (this table under `checkpoint`) and `scores.npz` (per-sample) into `folder`: per dataset `<dataset>/index`, `label`,
    /// `prediction` and the scores, `[n]`; and `dataset` and `index` of all rows in this order, `[N]`, as in `embedding.npz`.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn save(&self, folder: &Path, checkpoint: &str) -> Result<(), ResultError> {
        let mut npz = Npz::default();
        if self.datasets.iter().all(|data| data.index.len() == data.label.len()) {
            let rows = self.datasets.iter().map(|data| data.label.len()).sum();
            let names = self.datasets.iter().flat_map(|data| std::iter::repeat_n(data.name.clone(), data.label.len()));
            npz.push("dataset", &[rows], NpzValues::Text(names.collect()));
            npz.push("index", &[rows], NpzValues::I64(self.datasets.iter().flat_map(|data| data.index.iter().copied()).collect()));
        }
        for data in &self.datasets {
            let n = data.label.len();
            if data.index.len() == n {
                npz.push(format!("{}/index", data.name), &[n], NpzValues::I64(data.index.clone()));
            }
            npz.push(format!("{}/label", data.name), &[n], NpzValues::I64(data.label.clone()));
            npz.push(format!("{}/prediction", data.name), &[n], NpzValues::I64(data.prediction.clone()));
            for (score, values) in &data.scores {
                npz.push(format!("{}/{score}", data.name), &[n], NpzValues::F64(values.clone()));
            }
        }
        npz.save(&folder.join("scores.npz"))?;
        let whole: IndexMap<&str, &ScoreTable> = [(checkpoint, self)].into_iter().collect();
        json::save(&folder.join("scores.json"), &whole)
    }

    /// How well `score` separates `dataset` from all ID data.
    pub fn detection(&self, score: &str, dataset: &str) -> Option<Detection> {
        self.scores.get(score)?.get(dataset).copied().flatten()
    }

    /// The standard errors of [`ScoreTable::detection`].
    pub fn std_error(&self, score: &str, dataset: &str) -> DetectionError {
        self.std_errors.get(score).and_then(|of| of.get(dataset)).copied().unwrap_or_default()
    }

    /// Share of right predictions of a dataset, and its binomial standard error over the images that have a label; `None` where it is not
    /// defined or was not requested.
    pub fn accuracy(&self, dataset: &str) -> Option<(f64, f64)> {
        let accuracy = (*self.accuracy.get(dataset)?)?;
        let of = self.datasets.iter().find(|data| data.name == dataset);
        let labelled = of.map_or(0, |data| data.label.iter().filter(|label| **label >= 0).count());
        Some((accuracy, share_std_error(accuracy, labelled)))
    }

    /// With the standard errors of all detections, computed from the per-sample scores.
    #[must_use]
    pub fn with_std_errors(mut self) -> Self {
        let of_score = |(score, detections): (&String, &IndexMap<String, Option<Detection>>)| {
            let id = self.id_scores(score);
            let judged = |data: &&DatasetScores| detections.get(&data.name).is_some_and(Option::is_some);
            let error = |data: &DatasetScores| {
                let ood = data.values(score);
                (data.name.clone(), DetectionError { auroc: auroc_std_error(&id, ood), fpr95: fpr95_std_error(&id, ood) })
            };
            (score.clone(), self.datasets.iter().filter(judged).map(error).collect())
        };
        self.std_errors = self.scores.iter().map(of_score).collect();
        self
    }

    /// Reads what [`ScoreTable::save`] wrote for `checkpoint`, with standard errors.
    ///
    /// # Errors
    /// When a file is missing, unreadable or not what it should be.
    pub fn load(folder: &Path, checkpoint: &str) -> Result<Self, ResultError> {
        let path = folder.join("scores.json");
        let mut whole: IndexMap<String, ScoreTable> = json::load(&path)?;
        // A single table may be that of a checkpoint that has been renamed.
        let alone = if whole.len() == 1 { whole.pop().map(|(_, table)| table) } else { None };
        let mut table = alone.or_else(|| whole.swap_remove(checkpoint)).ok_or_else(|| ResultError::Invalid {
            message: format!("expected the checkpoint `{checkpoint}`, found none of that name"),
            path,
        })?;
        let path = folder.join("scores.npz");
        let npz = Npz::load(&path)?;
        let missing = |name: &str| ResultError::Invalid { message: format!("expected an array `{name}`, found none"), path: path.clone() };
        for (name, role) in &table.roles {
            let ints = |what: &str| match npz.get(&format!("{name}/{what}")).map(|array| &array.values) {
                Some(NpzValues::I64(v)) => Ok(v.clone()),
                _ => Err(missing(&format!("{name}/{what}"))),
            };
            let mut scores = IndexMap::new();
            for score in table.scores.keys() {
                let key = format!("{name}/{score}");
                scores.insert(score.clone(), npz.f64(&key).ok_or_else(|| missing(&key))?);
            }
            table.datasets.push(DatasetScores {
                name: name.clone(),
                role: role.clone(),
                index: ints("index").unwrap_or_default(),
                label: ints("label")?,
                prediction: ints("prediction")?,
                tied: table.tied.get(name).copied().unwrap_or(0),
                scores,
            });
        }
        Ok(table.checked().with_std_errors())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_table_that_is_read_has_the_errors_of_its_detections() {
        let data = |name: &str, role: &str, values: &[f64]| DatasetScores {
            name: name.into(),
            role: role.into(),
            index: (3..3 + values.len() as i64).collect(),
            label: vec![0; values.len()],
            prediction: vec![0; values.len()],
            tied: 0,
            scores: [("msp".to_owned(), values.to_vec())].into_iter().collect(),
        };
        let detection = Detection { auroc: 0.75, fpr95: 0.5, fpr95_id_positive: 0.5, aupr_in: 0.8, aupr_out: 0.7 };
        let found: IndexMap<String, Option<Detection>> =
            [("far".to_owned(), Some(detection)), ("near".to_owned(), None)].into_iter().collect();
        let table = ScoreTable {
            scores: [("msp".to_owned(), found)].into_iter().collect(),
            roles: [("a", "id"), ("b", "id"), ("far", "far"), ("near", "near")].map(|(name, role)| (name.into(), role.into())).into(),
            datasets: vec![
                data("a", "id", &[0.9, 0.4]),
                data("b", "id", &[0.8, 0.7]),
                data("far", "far", &[0.5, 0.3]),
                data("near", "near", &[f64::NAN, 0.1]),
            ],
            ..ScoreTable::default()
        };
        let folder = tempfile::tempdir().unwrap();
        table.save(folder.path(), "net").unwrap();
        let read = ScoreTable::load(folder.path(), "net").unwrap();
        assert_eq!(read.datasets.iter().map(|data| data.index.as_slice()).collect::<Vec<_>>(), [[3, 4]; 4]);
        // The rows of all datasets, as in an embedding.
        let npz = Npz::load(&folder.path().join("scores.npz")).unwrap();
        let names = ["a", "a", "b", "b", "far", "far", "near", "near"].map(str::to_owned);
        assert_eq!(npz.get("dataset").unwrap().values, NpzValues::Text(names.into()));
        assert_eq!(npz.get("index").unwrap().values, NpzValues::I64(vec![3, 4, 3, 4, 3, 4, 3, 4]));
        // Against the ID data of both datasets together.
        let (id, far) = ([0.9, 0.4, 0.8, 0.7], [0.5, 0.3]);
        let expected = DetectionError { auroc: auroc_std_error(&id, &far), fpr95: fpr95_std_error(&id, &far) };
        assert!(expected.auroc.is_some_and(|error| error > 0.0) && expected.fpr95.is_some());
        // As one score is not finite, the numbers are counted anew: of 8 pairs 7 are in order.
        assert_eq!((read.detection("msp", "far").unwrap().auroc, read.std_error("msp", "far")), (0.875, expected));
        assert_eq!((read.detection("msp", "near"), read.std_error("msp", "near")), (None, DetectionError::default()));
    }

    #[test]
    fn tables_of_before_have_no_positions_and_list_nothing_unreadable() {
        let data =
            DatasetScores { name: "a".into(), role: "id".into(), label: vec![0, 1], prediction: vec![0, 0], ..DatasetScores::default() };
        let roles = [("a".to_owned(), "id".to_owned())].into_iter().collect();
        let table = ScoreTable { roles, datasets: vec![data], ..ScoreTable::default() };
        let folder = tempfile::tempdir().unwrap();
        table.save(folder.path(), "net").unwrap();
        assert!(!std::fs::read_to_string(folder.path().join("scores.json")).unwrap().contains("unreadable"));
        assert!(Npz::load(&folder.path().join("scores.npz")).unwrap().get("index").is_none());
        assert_eq!(ScoreTable::load(folder.path(), "net").unwrap().datasets, table.datasets);
    }
}
