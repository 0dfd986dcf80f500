//! GradNorm, Huang, Geng & Li 2021 ("On the Importance of Gradients for Detecting Distributional Shifts in the Wild"), Eq. 4 to 6; OpenOOD:
//! `openood/postprocessors/gradnorm_postprocessor.py`.

use flatland_core::job::Reporter;
use tch::Kind;

use super::registration::{Registration, Score, Setup, Subject};
use crate::analysis::AnalysisError;

pub const REGISTRATION: Registration = Registration { key: "grad_norm", build };

fn build(setup: &Setup<'_>) -> Result<Box<dyn Score>, AnalysisError> {
    // The closed form holds for z = W h + b alone.
    setup.head()?;
    Ok(Box::new(GradNorm))
}

/// The 1-norm of the gradient of −Σ_c ln p_c by W. With z = W h + b it is (C·p − 1) hᵀ, so the norm is Σ_c |C·p_c − 1|·Σ_d |h_d| and needs no backward
/// pass.
struct GradNorm;

impl Score for GradNorm {
    fn of(&self, subject: &Subject<'_>, reporter: &mut dyn Reporter) -> Result<Vec<f64>, AnalysisError> {
        subject.by_blocks(reporter, |features, logits| {
            let sum = |of: tch::Tensor| of.f_abs()?.f_sum_dim_intlist([1i64].as_slice(), false, Kind::Double);
            let slopes = logits.f_softmax(1, Kind::Double)?.f_mul_scalar(logits.size()[1] as f64)?.f_sub_scalar(1.0)?;
            Ok(sum(slopes)?.f_mul(&sum(features.shallow_clone())?)?)
        })
    }
}
