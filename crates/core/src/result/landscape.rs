//! [`LossSurface`]: loss and accuracy on a grid of the plane θ + αδ + βη.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{ErrorKind, LandscapeManifest, LossBarrier, Map, Npz, NpzValues, Quantity, Reading, ResultError, json, non_finite};

/// One evaluated cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Index into α.
    pub i: usize,
    /// Index into β.
    pub j: usize,
    /// Mean loss; may be non-finite (then JSON `null`, read back as NaN).
    #[serde(with = "non_finite")]
    pub loss: f64,
    /// Share of right predictions; NaN where it is not defined, as logits are not finite.
    #[serde(with = "non_finite")]
    pub accuracy: f64,
    /// Standard error of the loss over the samples.
    #[serde(with = "non_finite")]
    pub loss_std_error: f64,
    /// Samples evaluated.
    pub count: u32,
    /// Further quantities from the same forward passes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readings: Vec<Reading>,
}

/// Name of the estimate's array in `landscape.npz`.
const ESTIMATE: &str = "estimate";

/// The status of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellStatus {
    /// Not computed yet.
    Pending,
    /// Estimated from some of the images and from neighbouring cells; see [`LossSurface::estimate`].
    Estimated,
    /// Computed on all images.
    Exact,
    /// Computed on all images, with a result that is not finite.
    NonFinite,
}

/// Index of the axis' node that is nearest to a value; `None` of an empty axis.
pub fn nearest_node(axis: &[f64], value: f64) -> Option<usize> {
    (0..axis.len()).min_by(|&a, &b| (axis[a] - value).abs().total_cmp(&(axis[b] - value).abs()))
}

/// Loss and accuracy over the plane; [A, B] arrays are row-major with index i·B + j at (alpha\[i\], beta\[j\]).
///
/// ```
/// use flatland_core::result::{Cell, LandscapeManifest, LossSurface};
///
/// let mut surface = LossSurface::pending(vec![-1.0, 0.0, 1.0], vec![0.0], LandscapeManifest::default());
/// surface.set(&Cell { i: 1, j: 0, loss: 0.25, accuracy: 0.9, loss_std_error: 0.01, count: 100, readings: Vec::new() });
/// assert_eq!((surface.computed(), surface.loss[1]), (1, 0.25));
/// assert!(surface.loss[0].is_nan(), "not computed");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LossSurface {
    /// `[A]`
    pub alpha: Vec<f64>,
    /// `[B]`
    pub beta: Vec<f64>,
    /// Mean loss, [A, B]; NaN where not computed or where it is NaN.
    pub loss: Vec<f64>,
    /// Share of right predictions, [A, B].
    pub accuracy: Vec<f64>,
    /// Standard error of the loss, [A, B].
    pub loss_std_error: Vec<f64>,
    /// Samples, [A, B]; 0 = not computed.
    pub count: Vec<u32>,
    /// Further quantities.
    pub maps: BTreeMap<Quantity, Map>,
    /// The quantity in `loss`: the loss when absent. See [`LossSurface::of`].
    pub quantity: Option<Quantity>,
    /// The checkpoint that was subtracted, if `loss` is a difference. See [`LossDifference`](super::LossDifference).
    pub baseline: Option<String>,
    /// Set if `loss` holds the standard errors of the quantity. See [`LossSurface::errors`].
    pub error_shown: Option<ErrorKind>,
    /// While cells are missing: the loss of every cell as far as it is known, with the standard error of cells that are not computed.
    pub estimate: Option<Map>,
    /// The loss barrier of a line between two checkpoints, or why it is not known; `None` of other surfaces.
    pub barrier: Option<Result<LossBarrier, String>>,
    /// What determines it.
    pub manifest: LandscapeManifest,
}

/// The accuracy of a cell: NaN if the loss is NaN. Then logits are NaN, and earlier versions counted their argmax.
fn defined_accuracy(accuracy: f64, loss: f64) -> f64 {
    if loss.is_nan() { f64::NAN } else { accuracy }
}

impl LossSurface {
    /// A surface without computed cells.
    pub fn pending(alpha: Vec<f64>, beta: Vec<f64>, manifest: LandscapeManifest) -> Self {
        let n = alpha.len() * beta.len();
        let nan = vec![f64::NAN; n];
        let (loss, accuracy) = (nan.clone(), nan.clone());
        Self {
            alpha,
            beta,
            loss,
            accuracy,
            loss_std_error: nan,
            count: vec![0; n],
            maps: BTreeMap::new(),
            quantity: None,
            baseline: None,
            error_shown: None,
            estimate: None,
            barrier: None,
            manifest,
        }
    }

    /// Stores a cell; a cell outside the grid is ignored.
    pub fn set(&mut self, cell: &Cell) {
        if cell.i >= self.alpha.len() || cell.j >= self.beta.len() {
            return;
        }
        let k = cell.i * self.beta.len() + cell.j;
        self.loss[k] = cell.loss;
        self.accuracy[k] = defined_accuracy(cell.accuracy, cell.loss);
        self.loss_std_error[k] = cell.loss_std_error;
        self.count[k] = cell.count;
        // It is read from files when the line is complete.
        self.barrier = self.is_between_checkpoints().then(|| Err("the line is being computed".into()));
        let cells = self.count.len();
        for reading in &cell.readings {
            let map = self.maps.entry(reading.quantity).or_insert_with(|| Map::pending(cells));
            (map.value[k], map.std_error[k]) = (reading.value, reading.std_error);
        }
    }

    /// The computed cell (i, j).
    pub fn cell(&self, i: usize, j: usize) -> Option<Cell> {
        let k = i * self.beta.len() + j;
        (self.count.get(k).is_some_and(|&count| count > 0)).then(|| Cell {
            i,
            j,
            loss: self.loss[k],
            accuracy: self.accuracy[k],
            loss_std_error: self.loss_std_error[k],
            count: self.count[k],
            readings: self
                .maps
                .iter()
                .map(|(&quantity, map)| Reading { quantity, value: map.value[k], std_error: map.std_error[k] })
                .collect(),
        })
    }

    /// All computed cells, row by row.
    pub fn cells(&self) -> Vec<Cell> {
        (0..self.alpha.len()).flat_map(|i| (0..self.beta.len()).filter_map(move |j| self.cell(i, j))).collect()
    }

    /// The same surface with another quantity instead of the loss, for drawing; `None` if it was not measured.
    pub fn of(&self, quantity: Quantity) -> Option<Self> {
        let Map { value: loss, std_error: loss_std_error } = self.map(quantity)?;
        Some(Self { loss, loss_std_error, quantity: Some(quantity), estimate: None, ..self.clone() })
    }

    /// The status of cell `k` = i·B + j.
    pub fn status(&self, k: usize) -> CellStatus {
        match (self.count[k], self.loss[k].is_finite()) {
            (0, _) if self.estimate.as_ref().is_some_and(|map| map.value[k].is_finite()) => CellStatus::Estimated,
            (0, _) => CellStatus::Pending,
            (_, true) => CellStatus::Exact,
            (_, false) => CellStatus::NonFinite,
        }
    }

    /// The loss of cell `k` with its standard error, as far as it is known: computed, else estimated, else `None`.
    pub fn known_loss(&self, k: usize) -> Option<(f64, f64)> {
        match (self.status(k), &self.estimate) {
            (CellStatus::Pending, _) => None,
            (CellStatus::Estimated, Some(map)) => Some((map.value[k], map.std_error[k])),
            (CellStatus::Estimated | CellStatus::Exact | CellStatus::NonFinite, _) => Some((self.loss[k], self.loss_std_error[k])),
        }
    }

    /// What it was measured on, where the dataset is called `dataset`: one image for a plane in input space, else all images.
    pub fn around(&self, dataset: &str) -> String {
        self.manifest.input.as_ref().map_or_else(|| dataset.to_owned(), |input| input.of(dataset))
    }

    /// The name of a class of its predictions.
    pub fn class_name(&self, class: usize) -> String {
        self.manifest.input.as_ref().map_or_else(|| format!("class {class}"), |input| input.class(class))
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

    /// Whether two standard errors of every estimated loss stay within half a contour step: a twelfth of the range of logarithms, which the
    /// figures divide by eleven lines. `false` while a cell is pending.
    pub fn within_contour_step(&self) -> bool {
        let known: Option<Vec<(f64, f64)>> = (0..self.count.len()).map(|k| self.known_loss(k)).collect();
        let Some(known) = known else { return false };
        let usable = known.iter().filter(|(loss, _)| loss.is_finite() && *loss > 0.0);
        let (low, high) = usable.fold((f64::INFINITY, 0.0f64), |(low, high), &(loss, _)| (low.min(loss), high.max(loss)));
        let step = (high / low).ln() / 12.0;
        let estimated = (0..known.len()).filter(|&k| self.status(k) == CellStatus::Estimated);
        estimated.map(|k| known[k]).all(|(loss, error)| 2.0 * error <= 0.5 * step * loss)
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
        let estimate = self.estimate.iter().map(|map| (ESTIMATE, map));
        for (name, map) in self.maps.iter().map(|(quantity, map)| (quantity.key(), map)).chain(estimate) {
            npz.push(name, &[a, b], NpzValues::F64(map.value.clone()));
            npz.push(format!("{name}_std_error"), &[a, b], NpzValues::F64(map.std_error.clone()));
        }
        npz.save(&folder.join("landscape.npz"))?;
        json::save(&folder.join("landscape.json"), &self.manifest)
    }

    /// Reads what [`LossSurface::save`] wrote, and the barrier from the losses of single images beside it.
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
        let map = |name: &str| match npz.get(name) {
            Some(_) => Ok(Some(Map { value: grid(name)?, std_error: grid(&format!("{name}_std_error"))? })),
            None => Ok(None),
        };
        let mut maps = BTreeMap::new();
        for quantity in Quantity::ALL {
            maps.extend(map(quantity.key())?.map(|map| (quantity, map)));
        }
        let manifest = json::load(&folder.join("landscape.json"))?;
        let loss = grid("loss")?;
        let accuracy = grid("accuracy")?.into_iter().zip(&loss).map(|(accuracy, loss)| defined_accuracy(accuracy, *loss)).collect();
        let surface = Self {
            loss,
            accuracy,
            loss_std_error: grid("loss_std_error")?,
            count: grid("count")?.into_iter().map(|x| x as u32).collect(),
            maps,
            quantity: None,
            baseline: None,
            error_shown: None,
            estimate: map(ESTIMATE)?,
            barrier: None,
            alpha,
            beta,
            manifest,
        };
        Ok(Self { barrier: LossBarrier::of(&surface, folder), ..surface })
    }
}
