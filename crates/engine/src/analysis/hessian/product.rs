//! [`HessianProduct`]: v ↦ THTv, one exact product at a time, with cancels and progress.

use flatland_core::job::{ProgressMeter, Reporter};
use tch::Tensor;

use super::Symmetric;
use crate::analysis::AnalysisError;
use crate::analysis::objective::Objective;

/// v ↦ T ∇²L(θ + ε) T v with a diagonal T (1 when absent).
pub(in crate::analysis) struct HessianProduct<'a> {
    objective: &'a Objective<'a>,
    epsilon: &'a Tensor,
    scale: Option<&'a Tensor>,
    products: u64,
    done: u64,
    meter: ProgressMeter,
    reporter: &'a mut dyn Reporter,
}

impl<'a> HessianProduct<'a> {
    /// The Hessian of `objective` at θ + `epsilon`, seen through T = diag(`scale`).
    pub fn new(
        objective: &'a Objective<'a>,
        epsilon: &'a Tensor,
        scale: Option<&'a Tensor>,
        meter: ProgressMeter,
        reporter: &'a mut dyn Reporter,
    ) -> Self {
        Self { objective, epsilon, scale, products: 0, done: 0, meter, reporter }
    }

    /// Moves the progress on past products that were not needed.
    pub fn skip_to(&mut self, done: u64) {
        self.done = self.done.max(done);
        self.meter.set(self.done, self.reporter);
    }

    /// How many products there were.
    pub fn products(&self) -> u64 {
        self.products
    }

    /// The same with another objective; its products count here.
    pub fn of<'b>(&'b mut self, objective: &'b Objective<'b>, epsilon: &'b Tensor) -> OtherProduct<'b, 'a> {
        OtherProduct { counted: self, objective, epsilon }
    }

    /// The reporter of the products.
    pub fn reporter(&mut self) -> &mut dyn Reporter {
        self.reporter
    }
}

/// v ↦ ∇²L(θ + ε) v of another objective, counted by a [`HessianProduct`].
pub(in crate::analysis) struct OtherProduct<'b, 'a> {
    counted: &'b mut HessianProduct<'a>,
    objective: &'b Objective<'b>,
    epsilon: &'b Tensor,
}

impl Symmetric for OtherProduct<'_, '_> {
    fn zero(&self) -> Result<Tensor, AnalysisError> {
        self.objective.zero()
    }

    fn apply(&mut self, v: &Tensor) -> Result<Tensor, AnalysisError> {
        let image = self.objective.hessian_vector(self.epsilon, v, self.counted.reporter)?;
        self.counted.products += 1;
        self.counted.skip_to(self.counted.done + 1);
        Ok(image)
    }
}

impl Symmetric for HessianProduct<'_> {
    fn zero(&self) -> Result<Tensor, AnalysisError> {
        self.objective.zero()
    }

    fn apply(&mut self, v: &Tensor) -> Result<Tensor, AnalysisError> {
        let scaled = |x: &Tensor| -> Result<Tensor, AnalysisError> {
            Ok(match self.scale {
                Some(scale) => x.f_mul(scale)?,
                None => x.shallow_clone(),
            })
        };
        let image = scaled(&self.objective.hessian_vector(self.epsilon, &scaled(v)?, self.reporter)?)?;
        self.products += 1;
        self.skip_to(self.done + 1);
        Ok(image)
    }
}
