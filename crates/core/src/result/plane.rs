//! [`PlaneRecord`]: the plane of a surface, and the checkpoints that are drawn on it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::non_finite;

/// A checkpoint projected onto a plane: the least-squares solution of θ + αδ + βη ≈ θ', whatever the angle between δ and η.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PlanePoint {
    /// Name of the checkpoint; of one of a trajectory, `epoch 5`.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// Coordinate along δ.
    #[serde(with = "non_finite")]
    pub alpha: f64,
    /// Coordinate along η; 0 where the plane has one axis.
    #[serde(with = "non_finite")]
    pub beta: f64,
    /// ‖θ' − θ − αδ − βη‖₂ over all parameters: its distance from the point at which it is drawn.
    #[serde(with = "non_finite")]
    pub distance: f64,
    /// ‖θ' − θ‖₂
    #[serde(with = "non_finite")]
    pub from_theta: f64,
    /// Its own loss, which is not that of the surface below it unless `distance` is 0; absent where it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
}

impl PlanePoint {
    /// Share of its distance from θ that is outside the plane, 0 to 1; 0 for θ itself.
    pub fn off_plane(&self) -> f64 {
        if self.from_theta > 0.0 { (self.distance / self.from_theta).min(1.0) } else { 0.0 }
    }

    /// Its name, with the share outside the plane if that is 1 % or more: `SAM (87 % off)`.
    pub fn label(&self) -> String {
        let percent = (100.0 * self.off_plane()).round();
        if percent >= 1.0 { format!("{} ({percent:.0} % off)", self.name) } else { self.name.clone() }
    }
}

/// A file in the folder of a trajectory that is left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// The plane of a surface.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlaneRecord {
    /// `random`, `line`, `checkpoints`, `trajectory`, `files`, `input`.
    pub kind: String,
    /// How random directions were drawn, in full: JSON of [`DirectionRule`](crate::session::DirectionRule).
    pub directions: Value,
    /// ‖δ‖₂
    #[serde(with = "non_finite")]
    pub delta_norm: f64,
    /// ‖η‖₂
    #[serde(with = "non_finite")]
    pub eta_norm: f64,
    /// Filters and tensors that only δ moves, because they have one entry and the axes are orthogonal.
    pub still_on_eta: usize,
    /// Names of the checkpoints that the plane goes through, the one at its origin first; empty of other planes, and in older files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub through: Vec<String>,
    /// BatchNorm layers with running statistics in the network; absent in older files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_norm_layers: Option<usize>,
    /// Whether another checkpoint that the plane goes through takes inputs that are prepared in another way. Its weights are evaluated on those of
    /// the first one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub other_inputs: bool,
    /// The running statistics of BatchNorm along the axes: `frozen` or `interpolated`.
    pub statistics: String,
    /// Checkpoints of the session.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub points: Vec<PlanePoint>,
    /// Checkpoints of a trajectory, in its order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trajectory: Vec<PlanePoint>,
    /// The rule of their order; empty for the epochs of a run.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub order: String,
    /// Files of the trajectory's folder that are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// Shares of the trajectory's variance along the principal components, all of them, descending.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub explained_variance: Vec<f64>,
}

impl PlaneRecord {
    /// Points (α, β) that its marks cover: the checkpoints, and points close together along the trajectory.
    pub fn covered(&self) -> Vec<[f64; 2]> {
        const STEPS: usize = 16;
        let step = |pair: &[PlanePoint], k: usize| {
            let t = k as f64 / STEPS as f64;
            [pair[0].alpha + t * (pair[1].alpha - pair[0].alpha), pair[0].beta + t * (pair[1].beta - pair[0].beta)]
        };
        let line = self.trajectory.windows(2).flat_map(|pair| (0..=STEPS).map(move |k| step(pair, k)));
        self.points.iter().map(|point| [point.alpha, point.beta]).chain(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_cover_the_points_and_the_whole_trajectory() {
        let point = |alpha, beta| PlanePoint { alpha, beta, ..Default::default() };
        let record =
            PlaneRecord { points: vec![point(3.0, 4.0)], trajectory: vec![point(0.0, 0.0), point(1.0, 2.0)], ..Default::default() };
        let covered = record.covered();
        assert_eq!((covered.len(), covered[0], covered[9], covered[17]), (18, [3.0, 4.0], [0.5, 1.0], [1.0, 2.0]));
        assert_eq!(PlaneRecord::default().covered(), Vec::<[f64; 2]>::new());
    }

    #[test]
    fn a_label_says_how_far_beside_the_plane_a_checkpoint_lies() {
        let point = |distance, from_theta| PlanePoint { name: "SAM".into(), distance, from_theta, ..Default::default() };
        assert_eq!(point(0.0, 3.0).label(), "SAM");
        assert_eq!(point(0.01, 3.0).label(), "SAM");
        assert_eq!(point(2.4, 3.0).label(), "SAM (80 % off)");
        assert_eq!(point(0.0, 0.0).label(), "SAM");
    }
}
