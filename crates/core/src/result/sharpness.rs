//! [`SharpnessCurve`]: lower bounds of S(ρ) = max over ‖T⁻¹ε‖ ≤ ρ of L(θ+ε) − L(θ), or averages over random ε.

use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize};

use super::{LabelRecord, ResultError, UnreadableImage, json};

/// The spread of an average over random ε.
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

/// Why a search found no ε other than 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stuck {
    /// The gradient at θ is zero in float32.
    NoGradient,
    /// ρ is so small that every θ + ε is rounded back to θ in float32.
    Rounding,
    /// No θ + ε that was tried is higher.
    NoRise,
}

impl Stuck {
    /// As shown to the user.
    pub fn label(self) -> &'static str {
        match self {
            Stuck::NoGradient => "the gradient at θ is zero in float32, as where logits are saturated",
            Stuck::Rounding => "ρ is so small that float32 rounds θ + ε to θ",
            Stuck::NoRise => "the loss was not higher at any ε that was tried",
        }
    }
}

/// Batches of which the search did not leave θ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmoved {
    /// Their number; 1 where all images share one ε.
    pub batches: usize,
    /// Why the first of them did not.
    pub why: Stuck,
}

/// The result for one radius.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SharpnessPoint {
    /// Radius.
    pub rho: f64,
    /// Bound `lower`: L(θ+ε) − L(θ) of the ε found, averaged over the batches of m images. Bound `average`: its mean over random ε. NaN,
    /// null in files, where no search left θ: see `unmoved`.
    #[serde(deserialize_with = "null_is_nan")]
    pub sharpness: f64,
    /// Standard error: of the paired per-image difference; over the batches where m < n; over the draws of an average.
    #[serde(deserialize_with = "null_is_nan")]
    pub std_error: f64,
    /// ‖T⁻¹ε‖ of that ε in the norm of the ball (the largest where there are several): ‖ε‖₂ for the plain l2 ball.
    pub epsilon_norm: f64,
    /// For averages only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<Spread>,
    /// Batches of which the search did not leave θ, where there are some. They count as 0 in `sharpness` unless all of them are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmoved: Option<Unmoved>,
}

impl SharpnessPoint {
    /// Why there is no number: no search left θ.
    pub fn stuck(&self) -> Option<Stuck> {
        self.unmoved.filter(|_| self.sharpness.is_nan()).map(|unmoved| unmoved.why)
    }
}

/// The quantities of the second-order overlay ρ‖T∇L‖ + ρ²λ₁/2; means over the batches where m < n.
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

/// S(ρ) with ε in one layer alone, in the same ball.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerSharpness {
    /// The common prefix of its parameters' names: `layer1.0.conv1`.
    pub name: String,
    /// Its parameters.
    pub parameters: usize,
    /// ‖·‖₂ of its parameters.
    pub theta_norm: f64,
    /// As those of the curve.
    pub points: Vec<SharpnessPoint>,
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
    /// ‖θ‖₂ over the parameters that move.
    pub theta_norm: f64,
    /// Globs of the parameters that move; empty = all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moving: Vec<String>,
    /// ‖T∇L(θ)‖₂ in float32, the mean over the batches where m < n; absent in older files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gradient_norm: Option<f64>,
    /// n: images evaluated.
    pub samples: usize,
    /// A description of the loss; absent if it is plain cross-entropy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<String>,
    /// The estimator, as text.
    pub estimator: String,
    /// `lower`: every ε found proves a lower bound. `average`: a mean over random ε, which is no bound and may be negative.
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
    /// Scale T of the ball: `none`, `theta`, `elementwise` or `filter`.
    #[serde(default = "none")]
    pub adaptive: String,
    /// η of T = |w| + η; absent without a scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta: Option<f64>,
    /// m: images that share one ε; n where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub m: Option<usize>,
    /// The start of each ascent.
    #[serde(default)]
    pub restarts: Vec<String>,
    /// Random ε per radius; absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draws: Option<usize>,
    /// What the labels of the images follow from; absent in older files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<LabelRecord>,
    /// The overlay, if requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_order: Option<SecondOrder>,
    /// A remark that is needed to read the numbers: radii at which no ε was found. See [`SharpnessCurve::unmoved`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// Images of the dataset that could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<UnreadableImage>,
    /// Ascending in ρ; `sharpness` never decreases for estimators that search by ascent.
    pub points: Vec<SharpnessPoint>,
    /// Of each layer alone, in the order of the network; empty if not requested.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<LayerSharpness>,
}

impl SharpnessCurve {
    /// L(θ) and ‖θ‖₂; `None` of a curve that is being computed.
    pub fn center(&self) -> Option<[f64; 2]> {
        (self.samples > 0).then_some([self.center_loss, self.theta_norm])
    }

    /// ‖θ‖₂, by which ρ may be divided: only of the plain l2 ball, whose ρ is a length in parameter space.
    pub fn length_of_theta(&self) -> Option<f64> {
        (self.norm != "linf" && matches!(self.adaptive.as_str(), "" | "none") && self.theta_norm > 0.0).then_some(self.theta_norm)
    }

    /// Whether it is an average over random ε, which is no bound.
    pub fn is_average(&self) -> bool {
        self.bound == "average"
    }

    /// Which radii have no ε, and why, followed by radii at which only some batches have none. `None` if every search found an ε.
    pub fn unmoved(&self) -> Option<String> {
        let radii = |points: &[&SharpnessPoint]| points.iter().map(|point| point.rho.to_string()).collect::<Vec<_>>().join(", ");
        let mut parts = Vec::new();
        for why in [Stuck::NoGradient, Stuck::Rounding, Stuck::NoRise] {
            let stuck: Vec<&SharpnessPoint> = self.points.iter().filter(|point| point.stuck() == Some(why)).collect();
            if !stuck.is_empty() {
                parts.push(format!("no ε was found at ρ = {}: {}", radii(&stuck), why.label()));
            }
        }
        let some: Vec<&SharpnessPoint> = self.points.iter().filter(|p| p.unmoved.is_some() && p.stuck().is_none()).collect();
        if let Some(Unmoved { batches, why }) = some.iter().filter_map(|point| point.unmoved).max_by_key(|unmoved| unmoved.batches) {
            let batches = if batches == 1 { "1 batch".to_owned() } else { format!("up to {batches} batches") };
            parts.push(format!("{batches} without an ε count as 0 at ρ = {}: {}", radii(&some), why.label()));
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    /// Completes a curve of a version that did not record failed searches: an ε of length 0 at a radius above 0 means that none was found.
    fn completed(mut self) -> Self {
        if !self.is_average() {
            for point in self.points.iter_mut().filter(|p| p.unmoved.is_none() && p.rho > 0.0 && p.epsilon_norm == 0.0) {
                point.unmoved = Some(Unmoved { batches: 1, why: Stuck::NoRise });
                (point.sharpness, point.std_error) = (f64::NAN, f64::NAN);
            }
            self.warning = self.unmoved();
        }
        self
    }

    /// Writes `sharpness.json` into `folder`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), ResultError> {
        json::save(&folder.join("sharpness.json"), self)
    }

    /// Reads what [`SharpnessCurve::save`] wrote.
    ///
    /// # Errors
    /// When the file is missing, unreadable or not what it should be.
    pub fn load(folder: &Path) -> Result<Self, ResultError> {
        Ok(json::load::<Self>(&folder.join("sharpness.json"))?.completed())
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
    fn a_search_without_an_epsilon_is_reported_also_in_older_files() {
        let folder = tempfile::tempdir().unwrap();
        let point =
            |rho: f64, epsilon_norm: f64| SharpnessPoint { rho, sharpness: 0.0, std_error: 0.0, epsilon_norm, spread: None, unmoved: None };
        let mut curve = SharpnessCurve { bound: "lower".into(), points: vec![point(0.0, 0.0), point(0.1, 0.0)], ..Default::default() };
        curve.save(folder.path()).unwrap();
        let read = SharpnessCurve::load(folder.path()).unwrap();
        assert_eq!((read.points[0].stuck(), read.points[0].sharpness), (None, 0.0), "a ball of radius 0 holds θ alone");
        assert!(read.points[1].stuck() == Some(Stuck::NoRise) && read.points[1].sharpness.is_nan());
        assert_eq!(read.warning.unwrap(), "no ε was found at ρ = 0.1: the loss was not higher at any ε that was tried");
        // An average of 0 is one.
        curve.bound = "average".into();
        curve.save(folder.path()).unwrap();
        assert_eq!(SharpnessCurve::load(folder.path()).unwrap().points[1].sharpness, 0.0);
    }

    #[test]
    fn batches_without_an_epsilon_are_counted_beside_the_mean() {
        let unmoved = |batches, why| Some(Unmoved { batches, why });
        let point =
            |rho: f64, sharpness: f64, unmoved| SharpnessPoint { rho, sharpness, std_error: 0.0, epsilon_norm: rho, spread: None, unmoved };
        let points = vec![
            point(0.1, f64::NAN, unmoved(4, Stuck::NoGradient)),
            point(0.2, 0.3, unmoved(3, Stuck::NoGradient)),
            point(0.4, 0.9, unmoved(1, Stuck::NoRise)),
            point(0.8, 2.0, None),
        ];
        let curve = SharpnessCurve { m: Some(2), samples: 8, points, ..Default::default() };
        let said = curve.unmoved().unwrap();
        assert!(said.starts_with("no ε was found at ρ = 0.1: the gradient at θ is zero in float32"), "{said}");
        assert!(said.contains("up to 3 batches without an ε count as 0 at ρ = 0.2, 0.4"), "{said}");
        assert_eq!(SharpnessCurve { points: curve.points[3..].to_vec(), ..curve }.unmoved(), None);
    }

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
