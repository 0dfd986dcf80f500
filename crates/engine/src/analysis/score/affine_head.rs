//! [`AffineHead`]: the last layer of a network whose logits are W h + b.

use tch::{Kind, Tensor};

use crate::analysis::AnalysisError;
use crate::model::{ModelError, Network};

/// W and b with logits z = W h + b, f64 on the network's device.
#[derive(Debug)]
pub struct AffineHead {
    /// W, [C, D].
    pub weight: Tensor,
    /// b, `[C]`.
    pub bias: Tensor,
}

/// Largest difference of z and W h + b, of the largest |z|, for features with entries up to 100 in f32.
const TOLERANCE: f64 = 1e-3;

impl AffineHead {
    /// The head of `network`, found by evaluating what comes after the features on 0 and on the unit vectors. Other features must have the logits
    /// that follow from these.
    ///
    /// # Errors
    /// When the logits are not an affine function of the features; `scores` are the keys of the scores that need it.
    pub fn of(network: &Network, scores: &str) -> Result<Self, AnalysisError> {
        let refuse = |found: String| {
            AnalysisError::Invalid(format!(
                "{scores} need logits that are an affine function W h + b of the penultimate features h: found a network, `{}`, {found}; leave \
                 them out of `names`",
                network.architecture
            ))
        };
        let &[_, dim] = network.graph.shape(network.graph.features) else {
            return Err(refuse(format!("whose features have the shape {:?}", network.graph.shape(network.graph.features))));
        };
        let logits = |features: &Tensor| match network.graph.logits_of_features(&network.tensors, features) {
            Ok(logits) => Ok(logits.f_to_kind(Kind::Double)?),
            Err(ModelError::Mismatch(message)) => Err(refuse(message)),
            Err(error) => Err(error.into()),
        };
        let options = (Kind::Float, network.device);
        let bias = logits(&Tensor::f_zeros([1, dim], options)?)?;
        let weight = (logits(&Tensor::f_eye(dim, options)?)? - &bias).f_transpose(0, 1)?;
        let head = Self { weight, bias: bias.f_squeeze_dim(0)? };
        // Arbitrary features of three sizes and of both signs.
        let one = Tensor::f_arange(3 * dim, options)?.f_mul_scalar(0.7)?.f_sin()?.f_view([3, dim])?;
        let sizes = Tensor::f_from_slice(&[1f32, -10.0, 100.0])?.f_view([3, 1])?.f_to_device(network.device)?;
        let probe = one.f_mul(&sizes)?;
        let (found, expected) = (logits(&probe)?, head.logits(&probe.f_to_kind(Kind::Double)?)?);
        let off = (&found - expected).f_abs()?.f_max()?.double_value(&[]) / (1.0 + found.f_abs()?.f_max()?.double_value(&[]));
        // NaN: weights that are not finite give scores that are not finite.
        if off > TOLERANCE {
            return Err(refuse(format!("whose logits differ from W h + b by {off:.1e} of their size")));
        }
        Ok(head)
    }

    /// W h + b of features h [n, D] in f64, [n, C].
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn logits(&self, features: &Tensor) -> Result<Tensor, AnalysisError> {
        Ok(features.f_matmul(&self.weight.f_transpose(0, 1)?)?.f_add(&self.bias)?)
    }

    /// logsumexp(W h + b), `[n]`: the energy score at T = 1 of changed features.
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn energy(&self, features: &Tensor) -> Result<Tensor, AnalysisError> {
        Ok(crate::model::energy(&self.logits(features)?)?)
    }

    /// The same on the same device, for a score that keeps it.
    pub fn shallow_clone(&self) -> Self {
        Self { weight: self.weight.shallow_clone(), bias: self.bias.shallow_clone() }
    }
}
