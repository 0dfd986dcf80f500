//! The derivatives of a real network, computed as always and again in float64.

use flatland_core::job::{ProgressMeter, Reporter};
use flatland_core::metric::{error_of_largest, relative_error};
use flatland_core::result::{Checks, Definition};
use tch::{Device, Tensor};

use super::super::values::values;
use super::Quiet;
use super::checkpoint::{F32, FEW, Subject};
use super::hessian::flat;
use crate::analysis::flat::{draws, normal};
use crate::analysis::hessian::{HessianProduct, Search, extremes};
use crate::analysis::objective::Objective;
use crate::analysis::{AnalysisError, forward_network};
use crate::model::{Tensors, shallow};

/// Steps of Lanczos: λ = vᵀHv holds for any v.
const LANCZOS: usize = 8;
/// How often weights are moved by float32's rounding, and how many times the largest jump is allowed.
const NUDGES: usize = 3;
const JUMPS: f64 = 10.0;
/// So many half units of the last digit at most.
const MOST: f64 = 32.0;

impl Subject<'_> {
    /// The parameters moved at random, each by `size` of itself.
    fn nudged(&self, theta: &Tensors, size: f64, draw: usize) -> Result<Tensors, AnalysisError> {
        let mut random = draws("conformance nudge", self.job.seed, draw);
        let mut nudged = shallow(theta);
        for name in &self.reference.parameters {
            if let Some(tensor) = theta.get(name) {
                let by = normal(tensor, &mut random)?.f_mul_scalar(size)?.f_view_as(tensor)?;
                nudged.insert(name.clone(), tensor.f_add(&tensor.f_mul(&by)?)?);
            }
        }
        Ok(nudged)
    }

    /// By how much weights are to be moved so that the logits of `x` in float64 change as much as rounding changes those of float32: half a
    /// unit of the last digit, more where rounding adds up over many layers.
    fn rounding(&self, theta: &Tensors, x: &Tensor, quiet: &mut Quiet) -> Result<f64, AnalysisError> {
        let half = f64::from(f32::EPSILON) / 2.0;
        let exact = self.reference.look(theta, x)?.logits;
        let images = self.data.samples.x.f_narrow(0, 0, x.size()[0])?;
        let rounded = values(&forward_network(self.network, &images, quiet, |_, _| {})?.logits)?;
        let moved = self.reference.look(&self.nudged(theta, half, 0)?, x)?.logits;
        let ratio = error_of_largest(&rounded, &exact) / error_of_largest(&moved, &exact);
        Ok(half * if ratio.is_finite() { ratio.clamp(1.0, MOST) } else { 1.0 })
    }

    pub(super) fn derivatives(&self, checks: &mut Checks, reporter: &mut dyn Reporter) -> Result<(), AnalysisError> {
        let count = FEW.min(self.data.samples.len());
        let objective = Objective::new(self.network, self.data.samples)?.part(0, count);
        let (x, labels) = (self.x.f_narrow(0, 0, count as i64)?, &self.labels()[..count]);
        let zero = objective.zero()?;
        let (_, gradient) = objective.gradient(&zero, &Quiet(reporter))?;
        let theta = self.at(0.0, 0.0)?;
        let expected = flat(&self.reference, &self.reference.gradient(&theta, &x, labels)?)?;
        let length = |x: &Tensor| -> Result<f64, AnalysisError> { Ok(f64::try_from(x.f_dot(x)?)?.sqrt()) };
        let found = super::reference::double(&gradient)?;
        let size = self.rounding(&theta, &x, &mut Quiet(reporter))?;
        // A derivative jumps where a ReLU changes sides, and float32 cannot tell the sides of what lies within its rounding.
        let (mut of_length, mut of_vector) = (0.0f64, 0.0f64);
        for draw in 0..NUDGES {
            let moved = flat(&self.reference, &self.reference.gradient(&self.nudged(&theta, size, draw)?, &x, labels)?)?;
            of_length = of_length.max(relative_error(length(&moved)?, length(&expected)?));
            of_vector = of_vector.max(length(&moved.f_sub(&expected)?)? / length(&expected)?);
        }
        let allowed = "at least 1e-5 allowed, or ten times the jump of float64 when weights move so that logits change as by float32's rounding (ReLUs change sides)";
        let against = format!("automatic differentiation in float64, {count} images; {allowed}");
        checks.add(
            Definition::new("‖∇L(θ)‖₂", "over all parameters, BatchNorm frozen", ""),
            &against,
            "its value",
            relative_error(length(&found)?, length(&expected)?),
            F32.max(JUMPS * of_length),
        );
        checks.add(
            Definition::new("∇L(θ)", "the vector itself: ‖g − g'‖₂", ""),
            &against,
            "‖g‖₂",
            length(&found.f_sub(&expected)?)? / length(&expected)?,
            F32.max(JUMPS * of_vector),
        );
        let mut quiet = Quiet(reporter);
        let meter = ProgressMeter::new("products", "λ₁", 0, LANCZOS as u64 + 1);
        let mut product = HessianProduct::new(&objective, &zero, None, meter, &mut quiet);
        let search = Search { top: 1, bottom: false, steps: LANCZOS, tolerance: 1e-6, seed: self.job.seed };
        let Some(pair) = extremes(&mut product, &search)?.top.into_iter().next() else { return Ok(()) };
        let views = objective.theta().with_flat(pair.vector.f_to_device(Device::Cpu)?).views()?;
        let double = |(name, view)| Ok((name, super::reference::double(&view)?));
        let v = views.into_iter().map(double).collect::<Result<Tensors, AnalysisError>>()?;
        let along = flat(&self.reference, &v)?;
        let quotient = |theta: &Tensors| -> Result<f64, AnalysisError> {
            let image = flat(&self.reference, &self.reference.hessian_vector(theta, &x, labels, &v)?)?;
            Ok(f64::try_from(along.f_dot(&image)?)? / f64::try_from(along.f_dot(&along)?)?)
        };
        let expected = quotient(&theta)?;
        // The ReLUs that change sides under the gradient do so under the Hessian, few draws or many.
        let mut jump = of_vector;
        for draw in 0..NUDGES {
            jump = jump.max(relative_error(quotient(&self.nudged(&theta, size, draw)?)?, expected));
        }
        checks.add(
            Definition::new("λ₁", format!("vᵀ∇²L(θ)v of the unit v that {LANCZOS} Lanczos steps find"), "docs/sharpness.md"),
            &format!("the Rayleigh quotient of that v in float64, {count} images; {allowed}"),
            "its value",
            relative_error(pair.value, expected),
            F32.max(JUMPS * jump),
        );
        Ok(())
    }
}
