//! [`SharpnessSettings`]: how S(ρ) is estimated, over which ball, and how it is shown.

use serde::{Deserialize, Serialize};

use super::LossSettings;

/// How the worst (or the average) perturbation of a radius is estimated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Estimator {
    /// Projected gradient ascent from θ and from the best ε of the previous radius. A lower bound.
    #[default]
    Continuation,
    /// One SAM step to the boundary along the gradient. A lower bound.
    Sam,
    /// Projected gradient ascent from each of `restarts`. A lower bound.
    Ascent,
    /// Mean over `draws` random directions. An average, which may be negative.
    Random,
}

impl Estimator {
    /// As shown to the user.
    pub fn label(self) -> &'static str {
        match self {
            Estimator::Continuation => "projected gradient ascent",
            Estimator::Sam => "one SAM step",
            Estimator::Ascent => "projected gradient ascent with restarts",
            Estimator::Random => "random directions",
        }
    }

    /// `lower`: the result is a lower bound of S(ρ); `average`: it is no bound.
    pub fn bound(self) -> &'static str {
        if self == Estimator::Random { "average" } else { "lower" }
    }
}

/// The norm of the ball ‖T⁻¹ε‖ ≤ ρ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Norm {
    /// Euclidean, over all parameters together.
    #[default]
    L2,
    /// The largest entry.
    Linf,
}

impl Norm {
    /// As written in files.
    pub fn key(self) -> &'static str {
        match self {
            Norm::L2 => "l2",
            Norm::Linf => "linf",
        }
    }
}

/// The diagonal T of the ball ‖T⁻¹ε‖ ≤ ρ, of sharpness and of the ascent of SAM's runs. Two definitions are called ASAM: that of
/// its authors' code (`elementwise`) and that of `davda54/sam` (`theta`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adaptive {
    /// T = 1.
    #[default]
    None,
    /// T = |θ| of every parameter, biases and BatchNorm's shift too (`davda54/sam`, `adaptive = True`): parameters that are 0 do not move.
    Theta,
    /// T = |w| + η for parameters with `weight` in their name, BatchNorm's scale too, and 1 for all others (the code of Kwon et al. 2021,
    /// SamsungLabs/ASAM).
    Elementwise,
    /// T = ‖w_i‖₂ of the filter i (output index) of tensors with ≥ 2 dimensions; others as `elementwise`.
    Filter,
}

impl Adaptive {
    /// All of them.
    pub const ALL: [Self; 4] = [Adaptive::None, Adaptive::Theta, Adaptive::Elementwise, Adaptive::Filter];

    /// As written in files.
    pub fn key(self) -> &'static str {
        match self {
            Adaptive::None => "none",
            Adaptive::Theta => "theta",
            Adaptive::Elementwise => "elementwise",
            Adaptive::Filter => "filter",
        }
    }

    /// Whether η is used.
    pub fn has_eta(self) -> bool {
        match self {
            Adaptive::None | Adaptive::Theta => false,
            Adaptive::Elementwise | Adaptive::Filter => true,
        }
    }
}

/// Where an ascent starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restart {
    /// ε = 0.
    Zero,
    /// A random point of the sphere (l∞: of the cube); listed twice, two such points.
    Sphere,
    /// The top eigenvector of the Hessian, with the sign along which the loss rises.
    Eigenvector,
}

impl Restart {
    /// As written in files.
    pub fn key(self) -> &'static str {
        match self {
            Restart::Zero => "zero",
            Restart::Sphere => "sphere",
            Restart::Eigenvector => "eigenvector",
        }
    }
}

/// The estimate of S(ρ).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SharpnessSettings {
    /// Radii, ascending, ≥ 0, of the ball ‖T⁻¹ε‖ ≤ ρ over all parameters.
    pub rho: Vec<f64>,
    /// Gradient steps per radius (and per start).
    pub steps: usize,
    /// The estimator.
    pub estimator: Estimator,
    /// Norm of the ball.
    pub norm: Norm,
    /// Scale of the ball.
    pub adaptive: Adaptive,
    /// η of the adaptive scale |w| + η, ≥ 0.
    pub eta: f64,
    /// m-sharpness: the mean over batches of m images, drawn with the seed, of the largest rise found in each; absent = all images
    /// share one ε. 128 is usual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub m: Option<usize>,
    /// Starts of `ascent`.
    pub restarts: Vec<Restart>,
    /// Draws of `random`, ≥ 2.
    pub draws: usize,
    /// Also computes ‖∇L‖ and λ₁ for the second-order overlay ρ‖∇L‖ + ρ²λ₁/2 (l2 only).
    pub second_order: bool,
    /// Shows ρ/‖θ‖ instead of ρ if all curves are of the plain l2 ball.
    pub relative: bool,
    /// The loss that is measured.
    #[serde(skip_serializing_if = "LossSettings::is_plain")]
    pub loss: LossSettings,
    /// Globs on the names of parameters, e.g. `layer3.*`, as those of `[landscape.directions]`: only parameters that match one move. Empty = all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<String>,
    /// Also computes the same for each layer alone, which takes far longer. A layer is a module with parameters of its own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub per_layer: bool,
    /// Names of the datasets to evaluate; empty = as for the landscape. The window draws several side by side.
    pub datasets: Vec<String>,
}

impl Default for SharpnessSettings {
    fn default() -> Self {
        Self {
            rho: vec![0.01, 0.02, 0.05, 0.1, 0.2, 0.5],
            steps: 20,
            estimator: Estimator::Continuation,
            norm: Norm::L2,
            adaptive: Adaptive::None,
            eta: 0.01,
            m: None,
            restarts: vec![Restart::Zero, Restart::Sphere, Restart::Eigenvector],
            draws: 100,
            second_order: false,
            relative: false,
            loss: LossSettings::default(),
            layers: Vec::new(),
            per_layer: false,
            datasets: Vec::new(),
        }
    }
}

impl SharpnessSettings {
    /// Whether the values are valid together; the message says what was expected and found.
    ///
    /// # Errors
    /// When they do not.
    pub fn check(&self) -> Result<(), String> {
        if self.rho.is_empty() {
            return Err("expected at least one radius, found none".into());
        }
        if let Some(rho) = self.rho.iter().find(|rho| !(rho.is_finite() && **rho >= 0.0)) {
            return Err(format!("expected radii ≥ 0, found {rho}"));
        }
        if self.steps == 0 {
            return Err("expected at least 1 gradient step per radius, found 0".into());
        }
        if !(self.eta.is_finite() && self.eta >= 0.0) {
            return Err(format!("expected eta ≥ 0, found {}", self.eta));
        }
        if self.estimator == Estimator::Ascent && self.restarts.is_empty() {
            return Err("expected at least one of zero, sphere, eigenvector in restarts, found none".into());
        }
        if self.estimator == Estimator::Random && self.draws < 2 {
            return Err(format!("expected at least 2 draws, found {}", self.draws));
        }
        if self.m == Some(0) {
            return Err("expected m ≥ 1, found 0".into());
        }
        if self.m.is_some() && self.estimator == Estimator::Random {
            return Err("expected an estimator that maximises beside m, found `random`: an average over ε is the same for any m".into());
        }
        if self.second_order && self.norm == Norm::Linf {
            return Err("expected norm = \"l2\" beside second_order, found `linf`: ρ²λ₁/2 bounds nothing over a cube".into());
        }
        self.loss.check()
    }
}
