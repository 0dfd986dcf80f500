//! [`Method`]: the interface of all objectives, with its inputs and outputs.

use flatland_core::data::Augmentation;
use flatland_core::session::Adaptive;
use tch::Tensor;

use crate::model::{Head, ModelError, Output, max_softmax};

/// The input of one pass: normalized images on the network's device, and the position in the run.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// ID images, [N, C, H, W].
    pub id: &'a Tensor,
    /// Their classes, `[N]` i64.
    pub labels: &'a Tensor,
    /// Auxiliary outliers, [M, C, H, W]; given when the method [`needs_outliers`](Method::needs_outliers).
    pub outliers: Option<&'a Tensor>,
    /// The environment of each ID image, `[N]` i64 from 0; given when the method [`needs_environments`](Method::needs_environments).
    pub environments: Option<&'a Tensor>,
    /// Seed of the run; random draws of the method depend on it and on `step`.
    pub seed: u64,
    /// Steps done before.
    pub step: usize,
    /// Epochs done before.
    pub epoch: usize,
}

impl<'a> Batch<'a> {
    /// The outliers.
    ///
    /// # Errors
    /// When there are none.
    pub fn need_outliers(&self) -> Result<&'a Tensor, ModelError> {
        self.outliers.ok_or_else(|| ModelError::Mismatch("expected outliers in the batch, found none".into()))
    }
}

/// Evaluates the network in training mode, within the current pass.
pub type Forward<'a> = dyn FnMut(&Tensor) -> Result<Output, ModelError> + 'a;

/// The search for the point where the descent gradient is taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Ascent {
    /// ‖T⁻¹ε‖₂, ≥ 0: ε = ρ·T²g/‖Tg‖ with g the gradient of the first pass.
    pub rho: f64,
    /// The diagonal T; 1 for SAM.
    pub adaptive: Adaptive,
    /// η of T = |w| + η.
    pub eta: f64,
    /// Augmentation of the ID images in the first pass only.
    pub augmentation: Option<Augmentation>,
}

impl Ascent {
    /// SAM's, of radius `rho`.
    pub fn plain(rho: f64) -> Self {
        Self { rho, adaptive: Adaptive::None, eta: 0.0, augmentation: None }
    }
}

/// What is minimized on a batch.
#[derive(Debug)]
pub struct Objective {
    /// The scalar, with its graph.
    pub loss: Tensor,
    /// Its parts by name, for the curves; scalars, unweighted.
    pub terms: Vec<(&'static str, Tensor)>,
}

impl Objective {
    /// An objective of one part.
    pub(super) fn single(name: &'static str, loss: Tensor) -> Self {
        Self { terms: vec![(name, loss.detach())], loss }
    }

    /// `first` + `weight`·`second`.
    pub(super) fn sum(first: (&'static str, Tensor), weight: f64, second: (&'static str, Tensor)) -> Result<Self, ModelError> {
        let loss = first.1.f_add(&second.1.f_mul_scalar(weight)?)?;
        Ok(Self { loss, terms: vec![(first.0, first.1.detach()), (second.0, second.1.detach())] })
    }
}

/// How the optimizer treats a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParameterRule {
    /// Whether it decays.
    pub weight_decay: bool,
    /// Whether its learning rate follows the schedule; else it stays at the first one.
    pub scheduled: bool,
}

impl Default for ParameterRule {
    fn default() -> Self {
        Self { weight_decay: true, scheduled: true }
    }
}

/// An objective.
pub trait Method: std::fmt::Debug {
    /// As in run files: `erm`, `oe`, ...
    fn key(&self) -> &'static str;

    /// Whether batches must hold outliers.
    fn needs_outliers(&self) -> bool {
        false
    }

    /// Whether batches must hold the environment of each ID image.
    fn needs_environments(&self) -> bool {
        false
    }

    /// Whether it is defined for inputs of this shape, that of one input; the message says what was expected and found, and the way out.
    ///
    /// # Errors
    /// When it is not.
    fn check_input(&self, _shape: &[i64]) -> Result<(), String> {
        Ok(())
    }

    /// The head that it trains in place of the classifier.
    fn head(&self) -> Option<Head> {
        None
    }

    /// `None`: one pass at θ. Otherwise two: the second at θ + ε, and the optimizer steps from θ with its gradient.
    fn ascent(&self) -> Option<Ascent> {
        None
    }

    /// How the optimizer treats the parameter of this name.
    fn rule(&self, _parameter: &str) -> ParameterRule {
        ParameterRule::default()
    }

    /// Whether the optimizer resets its momentum before step `step`, because the objective changes there.
    fn resets_optimizer(&self, _step: usize) -> bool {
        false
    }

    /// The objective on a batch. A method with state updates it here.
    ///
    /// # Errors
    /// When shapes do not fit or data is missing.
    fn objective(&mut self, forward: &mut Forward<'_>, batch: &Batch<'_>) -> Result<Objective, ModelError>;

    /// State of the method by name, which is saved with the run.
    fn state(&self) -> Vec<(&'static str, Vec<f64>)> {
        Vec::new()
    }

    /// Restores one part of a saved [`state`](Method::state).
    fn restore(&mut self, _name: &str, _values: &[f64]) {}

    /// Confidence that an image is ID, `[N]`; larger = more ID: the head's score, or the maximum softmax probability.
    ///
    /// # Errors
    /// When shapes do not fit.
    fn confidence(&self, output: &Output) -> Result<Tensor, ModelError> {
        if let Some(head) = self.head() {
            return head.confidence(output);
        }
        max_softmax(&output.logits)
    }
}
