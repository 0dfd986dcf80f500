//! [`hutch_plus_plus`]: the trace from products alone, with a standard error.

use flatland_core::metric::mean_std_error;
use flatland_core::result::Trace;

use super::Symmetric;
use super::basis::Basis;
use crate::analysis::AnalysisError;
use crate::analysis::flat::{dot, draws, normal, signs};

/// Hutch++ (Meyer, Musco, Musco, Woodruff 2021, algorithm 1): tr A = tr QᵀAQ + tr (1−QQᵀ)A(1−QQᵀ), the first part exactly with Q an
/// orthonormal basis of A·S (`probes` Gaussian columns S: few signs in a small space are often dependent), the second by Hutchinson with as many Rademacher probes that are independent of
/// Q. At most 3·`probes` products. The standard error is that of the mean over the probes of the second part.
///
/// # Errors
/// When cancelled or libtorch fails.
pub(in crate::analysis) fn hutch_plus_plus(map: &mut dyn Symmetric, probes: usize, seed: u64) -> Result<Trace, AnalysisError> {
    let zero = map.zero()?;
    let mut sketch = Basis::new(&zero, probes.min(zero.numel()))?;
    for k in 0..probes.min(zero.numel()) {
        let image = map.apply(&normal(&zero, &mut draws("trace sketch", seed, k))?)?;
        sketch.extend(&image)?;
    }
    let mut exact = 0.0;
    for k in 0..sketch.len() {
        let q = sketch.row(k)?;
        exact += dot(&q, &map.apply(&q)?)?;
    }
    if sketch.len() == zero.numel() {
        return Ok(Trace { value: exact, std_error: 0.0, probes });
    }
    let mut rest = Vec::with_capacity(probes);
    for k in 0..probes {
        let probe = sketch.orthogonalised(&signs(&zero, &mut draws("trace probe", seed, k))?)?;
        rest.push(dot(&probe, &map.apply(&probe)?)?);
    }
    let (mean, std_error) = mean_std_error(&rest).unwrap_or((f64::NAN, f64::NAN));
    Ok(Trace { value: exact + mean, std_error, probes })
}
