//! [`SharpnessCurve`]: lower bounds of S(ρ) = max over ‖T⁻¹ε‖ ≤ ρ of L(θ+ε) − L(θ), or averages over random ε.

use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize};

use super::{LabelRecord, ResultError, write_atomic};

/// What an average over random ε knows beside its mean.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Standard deviation over the draws.
    #[serde(deserialize_with = "null_is_nan")]
    pub sd: f64,
    /// The largest of the draws: a lower bound of S(ρ), as its ε lies in the ball.
    #[serde(deserialize_with = "null_is_nan")]
    pub max: f64,
    /// Standard error over the images of the mean over the draws.
    #[serde(deserialize_with = "null_is_nan")]
    pub image_std_error: f64,
}

/// What was found within one radius.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SharpnessPoint {
    /// Radius.
    pub rho: f64,
    /// Bound `lower`: L(θ+ε) − L(θ) of the ε found, averaged over the batches of m images. Bound `average`: its mean over random ε.
    #[serde(deserialize_with = "null_is_nan")]
    pub sharpness: f64,
    /// Standard error: of the paired per-image difference; over the batches where m < n; over the draws of an average.
    #[serde(deserialize_with = "null_is_nan")]
    pub std_error: f64,
    /// ‖T⁻¹ε‖ of that ε in the norm of the ball (the largest where there are several): ‖ε‖₂ for the plain l2 ball.
    pub epsilon_norm: f64,
    /// Only of averages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<Spread>,
}

/// What the second-order overlay ρ‖T∇L‖ + ρ²λ₁/2 is made of; means over the batches where m < n.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecondOrder {
    /// ‖T∇L(θ)‖₂
    pub gradient_norm: f64,
    /// Largest eigenvalue λ₁ of THT.
    pub lambda_max: f64,
    /// ‖THTv − λ₁v‖₂ of the unit vector v found (the largest of the batches).
    pub residual: f64,
}

impl SecondOrder {
    /// ρ‖T∇L‖ + ρ²λ₁/2: at least the maximum of the quadratic model over the ball, and equal to it where ∇L lies along v.
    pub fn at(&self, rho: f64) -> f64 {
        rho * self.gradient_norm + 0.5 * rho * rho * self.lambda_max
    }
}

/// A curve over ρ.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SharpnessCurve {
    /// Name of the checkpoint.
    pub checkpoint: String,
    /// Name of the dataset.
    pub dataset: String,
    /// L(θ).
    pub center_loss: f64,
    /// ‖θ‖₂ over all parameters.
    pub theta_norm: f64,
    /// n: images evaluated.
    pub samples: usize,
    /// How the ε were looked for, in words.
    pub estimator: String,
    /// `lower`: every ε found proves a lower bound. `average`: a mean over random ε, which bounds nothing and may be negative.
    pub bound: String,
    /// Gradient steps per radius and start; 0 where there are none.
    pub steps: usize,
    /// `frozen`.
    pub batch_norm: String,
    /// `f32`.
    pub precision: String,
    /// Norm of the ball: `l2` or `linf`.
    #[serde(default = "l2")]
    pub norm: String,
    /// Scale T of the ball: `none`, `elementwise` or `filter`.
    #[serde(default = "none")]
    pub adaptive: String,
    /// η of T = |w| + η; absent without a scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta: Option<f64>,
    /// m: images that share one ε; n where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub m: Option<usize>,
    /// Where each ascent started.
    #[serde(default)]
    pub restarts: Vec<String>,
    /// Random ε per radius; absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draws: Option<usize>,
    /// What the labels of the images follow from; absent in older files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<LabelRecord>,
    /// The overlay, when asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_order: Option<SecondOrder>,
    /// Ascending in ρ; `sharpness` never falls where `estimator` climbs.
    pub points: Vec<SharpnessPoint>,
}

impl SharpnessCurve {
    /// ‖θ‖₂, by which ρ may be divided: only of the plain l2 ball, whose ρ is a length in parameter space.
    pub fn length_of_theta(&self) -> Option<f64> {
        (self.norm != "linf" && matches!(self.adaptive.as_str(), "" | "none") && self.theta_norm > 0.0).then_some(self.theta_norm)
    }

    /// Whether it is an average over random ε, which bounds nothing.
    pub fn is_average(&self) -> bool {
        self.bound == "average"
    }

    /// Writes `sharpness.json` into `folder`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), ResultError> {
        let json = serde_json::to_string_pretty(self).unwrap_or_default() + "\n";
        write_atomic(&folder.join("sharpness.json"), json.as_bytes())
    }

    /// Reads what [`SharpnessCurve::save`] wrote.
    ///
    /// # Errors
    /// When the file is missing, unreadable or not what it should be.
    pub fn load(folder: &Path) -> Result<Self, ResultError> {
        let path = folder.join("sharpness.json");
        let text = std::fs::read_to_string(&path).map_err(|source| ResultError::Io { action: "read", source, path: path.clone() })?;
        serde_json::from_str(&text).map_err(|error| ResultError::Invalid { message: error.to_string(), path })
    }
}

fn l2() -> String {
    "l2".into()
}

fn none() -> String {
    "none".into()
}

/// JSON has no NaN: what is not finite is written as null.
fn null_is_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_curve_of_an_older_version_and_an_average_that_is_not_finite_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let old = r#"{"checkpoint":"a","dataset":"d","center_loss":1.0,"theta_norm":2.0,"samples":3,"estimator":"projected gradient ascent",
            "bound":"lower","steps":4,"batch_norm":"frozen","precision":"f32",
            "points":[{"rho":0.1,"sharpness":0.2,"std_error":0.0,"epsilon_norm":0.1}]}"#;
        std::fs::write(folder.path().join("sharpness.json"), old).unwrap();
        let mut curve = SharpnessCurve::load(folder.path()).unwrap();
        assert_eq!((curve.norm.as_str(), curve.adaptive.as_str(), curve.m, curve.length_of_theta()), ("l2", "none", None, Some(2.0)));
        curve.points[0].sharpness = f64::INFINITY;
        curve.save(folder.path()).unwrap();
        assert!(SharpnessCurve::load(folder.path()).unwrap().points[0].sharpness.is_nan());
    }
}
