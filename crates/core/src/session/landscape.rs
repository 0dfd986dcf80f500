//! [`LandscapeSettings`]: the plane, its grid, and what is measured in its cells.

use serde::{Deserialize, Serialize};

use super::{Axes, DirectionSettings, LossSettings};

/// Largest number of cells of a grid.
const CELLS: usize = 1 << 20;
/// Largest number of random planes.
const PLANES: usize = 1 << 10;

/// The plane and its grid: L(θ + αδ + βη), by default with the directions of `li2018`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LandscapeSettings {
    /// Number of α and β values when the axes are not given.
    pub grid: [usize; 2],
    /// First and last value of both axes when they are not given; absent = [`Axes::extent`] of the plane.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extent: Option<[f64; 2]>,
    /// Explicit α values, ascending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alpha: Option<Vec<f64>>,
    /// Explicit β values, ascending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beta: Option<Vec<f64>>,
    /// Names of the datasets to evaluate; empty = the ID test data (or the train data when there is none).
    pub datasets: Vec<String>,
    /// The loss that is measured.
    #[serde(skip_serializing_if = "LossSettings::is_plain")]
    pub loss: LossSettings,
    /// Names of semantic-shift datasets that are evaluated in addition, taken together: AUROC, FPR@95, OE loss and DR-SAM loss per cell.
    pub ood: Vec<String>,
    /// λ of the DR-SAM loss: cross-entropy + λ · OE loss.
    pub lambda: f64,
    /// Where BatchNorm's statistics come from.
    pub batch_norm: BatchNormPolicy,
    /// When a surface counts as finished.
    pub stop: Stop,
    /// λ_max and λ_min of the Hessian in every cell; absent = not computed: it takes tens of times as long as the loss.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub curvature: Option<Curvature>,
    /// The checkpoint that is subtracted in differences; absent = the first of the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// Random planes, with seeds seed, seed + 1, ..., ≥ 1; more than one give a band over directions.
    pub planes: usize,
    /// Checkpoints drawn at their projections onto the plane; absent = all others of the session, unless the plane is random.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<Vec<String>>,
    /// How random directions are drawn.
    pub directions: DirectionSettings,
    /// Where the axes come from.
    pub plane: Axes,
}

/// Where BatchNorm's statistics come from in a cell of a landscape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchNormPolicy {
    /// θ's running statistics in every cell (Li et al. 2018).
    #[default]
    Frozen,
    /// Estimated anew in every cell, over ID training images where the session has some, else over the evaluated ones
    /// (Garipov et al. 2018).
    Reestimated,
    /// Those of each evaluated batch (training mode).
    Batch,
}

impl BatchNormPolicy {
    /// As written in files.
    pub fn key(self) -> &'static str {
        match self {
            BatchNormPolicy::Frozen => "frozen",
            BatchNormPolicy::Reestimated => "reestimated",
            BatchNormPolicy::Batch => "batch",
        }
    }
}

/// How the Hessian's extreme eigenvalues are computed in a cell: by Lanczos, over the first images of the dataset.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Curvature {
    /// Largest number of images, ≥ 1.
    pub samples: usize,
    /// Largest number of Lanczos steps, ≥ 2.
    pub lanczos_steps: usize,
    /// They count as converged when both residuals ‖Hv − λv‖ are at most this share of the largest |λ|.
    pub tolerance: f64,
}

impl Default for Curvature {
    fn default() -> Self {
        Self { samples: 256, lanczos_steps: 40, tolerance: 0.01 }
    }
}

impl Curvature {
    /// Whether the values are valid; the message says what was expected and found.
    ///
    /// # Errors
    /// When they do not.
    pub fn check(&self) -> Result<(), String> {
        if self.samples == 0 {
            return Err("expected samples ≥ 1, found 0".into());
        }
        if self.lanczos_steps < 2 {
            return Err(format!("expected lanczos_steps ≥ 2, found {}", self.lanczos_steps));
        }
        if !(self.tolerance > 0.0 && self.tolerance < 1.0) {
            return Err(format!("expected a tolerance between 0 and 1, found {}", self.tolerance));
        }
        Ok(())
    }
}

/// When a landscape counts as finished.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// When every cell is computed on all images.
    #[default]
    Exact,
    /// When two standard errors of every estimated cell are within half a contour step of the log scale; cells that are not computed
    /// then stay marked as estimated.
    Contour,
}

impl Default for LandscapeSettings {
    fn default() -> Self {
        Self {
            grid: [21, 21],
            extent: None,
            alpha: None,
            beta: None,
            datasets: Vec::new(),
            loss: LossSettings::default(),
            ood: Vec::new(),
            lambda: 0.5,
            batch_norm: BatchNormPolicy::Frozen,
            stop: Stop::Exact,
            curvature: None,
            baseline: None,
            planes: 1,
            project: None,
            directions: DirectionSettings::default(),
            plane: Axes::default(),
        }
    }
}

impl LandscapeSettings {
    /// First and last value of both axes when they are not given.
    pub fn extent(&self) -> [f64; 2] {
        self.extent.unwrap_or_else(|| self.plane.extent())
    }

    /// Whether grid and planes fit into memory, and directions are defined; the message says what was expected and found.
    ///
    /// # Errors
    /// When they are not.
    pub fn check(&self) -> Result<(), String> {
        let values = |given: &Option<Vec<f64>>, n: usize| given.as_ref().map_or(n, Vec::len);
        let is_line = self.beta.is_none() && self.plane.is_line();
        let (a, b) = (values(&self.alpha, self.grid[0]), if is_line { 1 } else { values(&self.beta, self.grid[1]) });
        // One axis may be too long by itself.
        if a.max(1).checked_mul(b.max(1)).is_none_or(|cells| cells > CELLS) {
            return Err(format!("expected at most {CELLS} cells in [landscape], found a grid of {a} × {b}"));
        }
        if self.planes > PLANES {
            return Err(format!("expected at most {PLANES} planes in [landscape], found planes = {}", self.planes));
        }
        self.directions.check().map_err(|message| format!("[landscape.directions] {message}"))?;
        self.plane.input().map_or(Ok(()), |plane| plane.check().map_err(|message| format!("[landscape.plane] {message}")))
    }

    /// Whether it has one dimension: several values of α, and one of β.
    pub fn is_line(&self) -> bool {
        let (alpha, beta) = self.axes();
        alpha.len() > 1 && beta.len() == 1
    }

    /// The α values of a line between checkpoints where neither they nor their ends are given: equal steps with a node exactly at either
    /// checkpoint, about a quarter of the distance beyond both. Without these nodes a line has no barrier.
    fn along_line(n: usize) -> Vec<f64> {
        // The nearest whole number of steps to a sixth of all, the smaller one in the middle.
        let beyond = (n + 1) / 6;
        let steps = n.saturating_sub(1 + 2 * beyond).max(1);
        (0..n).map(|i| (i as f64 - beyond as f64) / steps as f64).collect()
    }

    /// The α and β values. A line has β = 0 alone unless `beta` is given.
    pub fn axes(&self) -> (Vec<f64>, Vec<f64>) {
        let spaced = |n: usize| -> Vec<f64> {
            let [first, last] = self.extent();
            match n {
                0 => Vec::new(),
                1 => vec![0.5 * (first + last)],
                // Symmetric in floating point, so that the centre of an odd grid on a symmetric extent is exactly 0.
                _ => (0..n).map(|i| (first * (n - 1 - i) as f64 + last * i as f64) / (n - 1) as f64).collect(),
            }
        };
        let axis = |given: &Option<Vec<f64>>, n| given.clone().unwrap_or_else(|| spaced(n));
        let beta = if self.beta.is_none() && self.plane.is_line() { vec![0.0] } else { axis(&self.beta, self.grid[1]) };
        let is_between = matches!(self.plane, Axes::Line { .. }) && self.extent.is_none() && self.grid[0] > 1;
        let alpha = match &self.alpha {
            None if is_between => Self::along_line(self.grid[0]),
            given => axis(given, self.grid[0]),
        };
        (alpha, beta)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_line_between_checkpoints_has_a_node_at_both_whatever_its_grid() {
        let plane: Axes = toml::from_str("kind = \"line\"\nthrough = [\"A\", \"B\"]").unwrap();
        for n in 2..200 {
            let settings = LandscapeSettings { grid: [n, 9], plane: plane.clone(), ..Default::default() };
            let (alpha, beta) = settings.axes();
            assert_eq!((alpha.len(), beta.as_slice()), (n, [0.0].as_slice()));
            assert!(alpha.contains(&0.0) && alpha.contains(&1.0), "{n}: {alpha:?}");
            assert!(alpha.is_sorted() && (alpha[0] + alpha[n - 1] - 1.0).abs() < 1e-12, "{n}: {alpha:?}");
            assert!(n < 5 || alpha[0] < 0.0, "{n} reaches beyond: {alpha:?}");
            assert!((-0.5..=0.0).contains(&alpha[0]) && (n < 24 || (alpha[0] + 0.25).abs() < 0.05), "{n}: {alpha:?}");
        }
        let settings = LandscapeSettings { grid: [4, 1], extent: Some([0.0, 0.5]), plane, ..Default::default() };
        assert_eq!(settings.axes().0.last(), Some(&0.5), "an extent that is given is kept");
    }
}
