//! Loss at points of the plane, always computed from θ.

use flatland::job::Reporter;
use tch::Tensor;

use super::super::{AnalysisError, CrossEntropy, SampleLosses, forward_batches};
use super::Directions;
use crate::model::{Folded, Network, ParameterVector, Samples, Tensors};

/// How θ + αδ + βη reaches the folded graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plane {
    /// No 1-D tensor moves: the folded weights themselves are affine in α and β.
    Affine,
    /// A bias or a BatchNorm parameter moves: the plane is walked with the original tensors, folded again in every cell.
    Refold,
}

/// Evaluates mean cross-entropy over one set of samples at θ + αδ + βη: evaluation mode, running statistics frozen, f32.
#[derive(Debug)]
pub struct Evaluator<'a> {
    samples: &'a Samples,
    folded: Folded,
    plane: Plane,
    theta: ParameterVector,
    delta: Tensor,
    eta: Tensor,
    /// The tensors that do not move.
    fixed: Tensors,
}

impl<'a> Evaluator<'a> {
    /// Folds the network and both directions.
    ///
    /// # Errors
    /// When a tensor is missing or libtorch refuses.
    pub fn new(network: &'a Network, samples: &'a Samples, directions: &Directions) -> Result<Self, AnalysisError> {
        let _no_grad = tch::no_grad_guard();
        let folded = Folded::new(&network.graph);
        let plane = if directions.move_one_dimensional() { Plane::Refold } else { Plane::Affine };
        let dimensions = if plane == Plane::Affine { 2 } else { 0 };
        let mut axes = [directions.delta.tensors(dimensions, network.device)?, directions.eta.tensors(dimensions, network.device)?];
        let mut tensors: Tensors = network.tensors.iter().map(|(name, tensor)| (name.clone(), tensor.shallow_clone())).collect();
        if plane == Plane::Affine {
            for axis in &mut axes {
                *axis = folded.direction(&tensors, axis)?;
            }
            tensors = folded.tensors(&tensors)?;
        }
        let moving: Vec<String> =
            network.names.iter().filter(|name| axes[0].contains_key(*name) && tensors.contains_key(*name)).cloned().collect();
        let theta = ParameterVector::gather(&moving, &tensors)?;
        let [delta, eta] = [ParameterVector::gather(&moving, &axes[0])?, ParameterVector::gather(&moving, &axes[1])?];
        tensors.retain(|name, _| !moving.contains(name));
        let (delta, eta) = (delta.flat().shallow_clone(), eta.flat().shallow_clone());
        Ok(Self { samples, folded, plane, theta, delta, eta, fixed: tensors })
    }

    /// Loss at θ + `alpha`·δ + `beta`·η.
    ///
    /// # Errors
    /// [`AnalysisError::Cancelled`] when the reporter says so, and when libtorch refuses.
    pub fn evaluate(&self, alpha: f64, beta: f64, reporter: &mut dyn Reporter) -> Result<CrossEntropy, AnalysisError> {
        let _no_grad = tch::no_grad_guard();
        let step = |axis: &Tensor, by: f64| axis.f_mul_scalar(by);
        let flat = self.theta.flat().f_add(&step(&self.delta, alpha)?)?.f_add(&step(&self.eta, beta)?)?;
        self.at(self.theta.with_flat(flat), reporter)
    }

    /// Loss at θ.
    ///
    /// # Errors
    /// As [`Evaluator::evaluate`].
    pub fn center(&self, reporter: &mut dyn Reporter) -> Result<CrossEntropy, AnalysisError> {
        self.at(self.theta.with_flat(self.theta.flat().shallow_clone()), reporter)
    }

    fn at(&self, point: ParameterVector, reporter: &mut dyn Reporter) -> Result<CrossEntropy, AnalysisError> {
        let _no_grad = tch::no_grad_guard();
        let mut tensors = point.views()?;
        tensors.extend(self.fixed.iter().map(|(name, tensor)| (name.clone(), tensor.shallow_clone())));
        if self.plane == Plane::Refold {
            if has_negative_variance(&tensors)? {
                let count = self.samples.len() as u32;
                return Ok(CrossEntropy { loss: f64::NAN, accuracy: f64::NAN, std_error: f64::NAN, count });
            }
            tensors = self.folded.tensors(&tensors)?;
        }
        let logits = forward_batches(&self.samples.x, reporter, |batch, _| Ok(self.folded.forward(&tensors, batch)?))?;
        Ok(SampleLosses::of(&Tensor::f_cat(&logits, 0)?, &self.samples.y)?.mean())
    }
}

/// Whether a running variance lies below 0, where there is no network: a plane may extrapolate it. Its NaN would not reach the loss, a
/// ReLU may make 0 of it.
fn has_negative_variance(tensors: &Tensors) -> Result<bool, AnalysisError> {
    // No order matters to `any`.
    #[allow(clippy::iter_over_hash_type)]
    for (name, tensor) in tensors {
        if name.ends_with("running_var") && f64::try_from(tensor.f_min()?)? < 0.0 {
            return Ok(true);
        }
    }
    Ok(false)
}
