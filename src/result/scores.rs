//! [`ScoreTable`]: per-sample detection scores of one checkpoint and the numbers made of them.

use std::path::Path;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{Npz, NpzValues, ResultError, safe_name, write_atomic};

/// How well a score tells one dataset from all ID data. OOD is positive, as in OpenOOD.
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

/// Per-sample scores of one dataset; larger is more ID.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DatasetScores {
    /// Name of the dataset.
    pub name: String,
    /// Its role key.
    pub role: String,
    /// Labels, [N]; -1 = none.
    pub label: Vec<i64>,
    /// Predicted class, [N].
    pub prediction: Vec<i64>,
    /// Score name (`msp`, `energy`) → [N].
    pub scores: IndexMap<String, Vec<f64>>,
}

/// The numbers of one checkpoint; what `scores.json` holds under its name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScoreTable {
    /// Dataset → share of right predictions, for labelled ID and CS data.
    pub accuracy: IndexMap<String, f64>,
    /// CS dataset → accuracy pooled with all ID data, OpenOOD's `csid`.
    pub accuracy_pooled: IndexMap<String, f64>,
    /// Score → dataset → detection against all ID data.
    pub scores: IndexMap<String, IndexMap<String, Option<Detection>>>,
    /// Temperature of the energy score.
    pub temperature: f64,
    /// Dataset → role key, in order.
    pub roles: IndexMap<String, String>,
    /// Dataset → images.
    pub samples: IndexMap<String, usize>,
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
    let json = serde_json::to_string_pretty(&whole).unwrap_or_default() + "\n";
    write_atomic(&out.join("scores.json"), json.as_bytes())
}

impl ScoreTable {
    /// Writes `scores.json` (this table under `checkpoint`) and `scores.npz` (per-sample) into `folder`.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn save(&self, folder: &Path, checkpoint: &str) -> Result<(), ResultError> {
        let mut npz = Npz::default();
        for data in &self.datasets {
            let n = data.label.len();
            npz.push(format!("{}/label", data.name), &[n], NpzValues::I64(data.label.clone()));
            npz.push(format!("{}/prediction", data.name), &[n], NpzValues::I64(data.prediction.clone()));
            for (score, values) in &data.scores {
                npz.push(format!("{}/{score}", data.name), &[n], NpzValues::F64(values.clone()));
            }
        }
        npz.save(&folder.join("scores.npz"))?;
        let whole: IndexMap<&str, &ScoreTable> = [(checkpoint, self)].into_iter().collect();
        let json = serde_json::to_string_pretty(&whole).unwrap_or_default() + "\n";
        write_atomic(&folder.join("scores.json"), json.as_bytes())
    }

    /// Reads what [`ScoreTable::save`] wrote for `checkpoint`.
    ///
    /// # Errors
    /// When a file is missing, unreadable or not what it should be.
    pub fn load(folder: &Path, checkpoint: &str) -> Result<Self, ResultError> {
        let json = folder.join("scores.json");
        let text = std::fs::read_to_string(&json).map_err(|source| ResultError::Io { action: "read", source, path: json.clone() })?;
        let mut whole: IndexMap<String, ScoreTable> =
            serde_json::from_str(&text).map_err(|error| ResultError::Invalid { message: error.to_string(), path: json.clone() })?;
        // A table that is alone may be of a checkpoint that had another name.
        let alone = if whole.len() == 1 { whole.pop().map(|(_, table)| table) } else { None };
        let mut table = alone.or_else(|| whole.swap_remove(checkpoint)).ok_or_else(|| ResultError::Invalid {
            message: format!("expected the checkpoint `{checkpoint}`, found none of that name"),
            path: json,
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
                label: ints("label")?,
                prediction: ints("prediction")?,
                scores,
            });
        }
        Ok(table)
    }
}
