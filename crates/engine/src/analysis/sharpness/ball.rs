//! [`Ball`]: {ε = T u : ‖u‖ ≤ ρ}. Searches move u, so that they do not depend on T, and on the norm only in their steps.

use flatland_core::session::{Adaptive, Norm, SharpnessSettings};
use tch::Tensor;

use crate::analysis::AnalysisError;
use crate::analysis::flat::{draws, norm, normal, uniform};
use crate::model::{ParameterVector, adaptive_scale};

/// The shape of the balls.
pub(super) struct Ball {
    norm: Norm,
    /// The diagonal of T, flat; 1 when absent.
    scale: Option<Tensor>,
}

impl Ball {
    /// The balls of `settings` around θ.
    pub fn new(settings: &SharpnessSettings, theta: &ParameterVector) -> Result<Self, AnalysisError> {
        let scale = match settings.adaptive {
            Adaptive::None => None,
            adaptive => Some(scale(adaptive, settings.eta, theta)?),
        };
        Ok(Self { norm: settings.norm, scale })
    }

    /// T, where it is not 1.
    pub fn scale(&self) -> Option<&Tensor> {
        self.scale.as_ref()
    }

    /// T x: an ε from its u, and the derivative by u from that by ε.
    pub fn scaled(&self, x: &Tensor) -> Result<Tensor, AnalysisError> {
        Ok(match &self.scale {
            Some(scale) => x.f_mul(scale)?,
            None => x.shallow_clone(),
        })
    }

    /// ‖u‖ in the norm of the ball.
    pub fn norm(&self, u: &Tensor) -> Result<f64, AnalysisError> {
        match self.norm {
            Norm::L2 => norm(u),
            Norm::Linf => Ok(f64::try_from(u.f_abs()?.f_max()?)?),
        }
    }

    /// ‖T⁻¹ε‖ of an ε as it was rounded; entries with T = 0 do not count.
    pub fn norm_of_epsilon(&self, epsilon: &Tensor) -> Result<f64, AnalysisError> {
        match &self.scale {
            None => self.norm(epsilon),
            Some(scale) => {
                let quotient = epsilon.f_to_kind(tch::Kind::Double)?.f_div(&scale.f_to_kind(tch::Kind::Double)?)?;
                self.norm(&quotient.f_nan_to_num(0.0, None, None)?)
            }
        }
    }

    /// The step of length `length` along which a loss with this derivative by u rises fastest; `None` where there is no slope.
    pub fn step(&self, slope: &Tensor, length: f64) -> Result<Option<Tensor>, AnalysisError> {
        let steep = norm(slope)?;
        if !(steep.is_finite() && steep > 0.0) {
            return Ok(None);
        }
        Ok(Some(match self.norm {
            Norm::L2 => slope.f_mul_scalar(length / steep)?,
            Norm::Linf => slope.f_sign()?.f_mul_scalar(length)?,
        }))
    }

    /// u, or the nearest point of the ball.
    pub fn project(&self, u: Tensor, rho: f64) -> Result<Tensor, AnalysisError> {
        match self.norm {
            Norm::L2 => {
                let length = norm(&u)?;
                Ok(if length > rho { u.f_mul_scalar(rho / length)? } else { u })
            }
            Norm::Linf => Ok(u.f_clamp(-rho, rho)?),
        }
    }

    /// A random u of the ball of radius 1: uniform on the l2 sphere, uniform in the l∞ cube.
    pub fn random(&self, like: &Tensor, purpose: &str, seed: u64, index: usize) -> Result<Tensor, AnalysisError> {
        let mut random = draws(purpose, seed, index);
        match self.norm {
            Norm::L2 => {
                let direction = normal(like, &mut random)?;
                Ok(direction.f_div_scalar(norm(&direction)?)?)
            }
            Norm::Linf => uniform(like, &mut random),
        }
    }
}

/// T of [`Adaptive`] over all of θ, flat.
fn scale(adaptive: Adaptive, eta: f64, theta: &ParameterVector) -> Result<Tensor, AnalysisError> {
    let views = theta.views()?;
    let mut parts = Vec::new();
    for (name, ..) in &theta.layout().entries {
        let Some(weight) = views.get(name) else { continue };
        let part = adaptive_scale(adaptive, eta, name, weight)?.map_or_else(|| weight.f_ones_like(), Ok)?;
        parts.push(part.f_flatten(0, -1)?);
    }
    Ok(Tensor::f_cat(&parts, 0)?)
}
