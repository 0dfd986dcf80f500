//! [`Decay`]: what weight decay adds to the loss over a plane.

use super::super::AnalysisError;
use super::super::loss::{Loss, square};
use super::super::values::values_f32;
use super::Directions;
use super::direction::Part;
use crate::model::{Network, is_parameter};

/// (weight_decay/2)·‖θ + αδ + βη‖² over all parameters, a quadratic in α and β.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Decay {
    loss: Loss,
    /// ⟨θ, θ⟩, ⟨θ, δ⟩, ⟨θ, η⟩, ⟨δ, δ⟩, ⟨δ, η⟩, ⟨η, η⟩
    products: [f64; 6],
}

impl Decay {
    /// Of the plane of `directions` through `network`.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub(super) fn new(network: &Network, loss: Loss, directions: &Directions) -> Result<Self, AnalysisError> {
        let mut products = [0.0; 6];
        if loss.0.weight_decay == 0.0 {
            return Ok(Self { loss, products });
        }
        products[0] = square(&network.tensors, &network.parameter_names())?;
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
        let pairs = directions.delta.parts.iter().zip(&directions.eta.parts);
        for (Part { name, values: delta, .. }, Part { values: eta, .. }) in pairs.filter(|(part, _)| is_parameter(&part.name)) {
            let theta = values_f32(network.tensor(name)?)?;
            let of_tensor = [dot(&theta, delta), dot(&theta, eta), dot(delta, delta), dot(delta, eta), dot(eta, eta)];
            products[1..].iter_mut().zip(of_tensor).for_each(|(sum, product)| *sum += product);
        }
        Ok(Self { loss, products })
    }

    /// At θ + αδ + βη.
    pub(super) fn at(&self, [alpha, beta]: [f64; 2]) -> f64 {
        let [tt, td, te, dd, de, ee] = self.products;
        self.loss.decay(tt + 2.0 * (alpha * td + beta * te + alpha * beta * de) + alpha * alpha * dd + beta * beta * ee)
    }
}
