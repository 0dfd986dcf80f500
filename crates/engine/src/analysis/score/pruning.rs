//! The largest features of an image: what ASH and SCALE keep.

use tch::{Kind, Tensor};

use super::registration::Setup;
use crate::analysis::AnalysisError;

/// k = D − round(D·p/100), halves to the even number as NumPy, of the features D and the percentile p of `setup`.
///
/// # Errors
/// When that is 0.
pub fn kept(setup: &Setup<'_>, dim: i64) -> Result<i64, AnalysisError> {
    let percent = setup.value("percentile");
    let kept = dim - (dim as f64 * percent / 100.0).round_ties_even() as i64;
    if kept < 1 {
        return Err(AnalysisError::Invalid(format!(
            "score `{}`: expected a `percentile` that leaves at least one of {dim} features, found {percent}",
            setup.info.key
        )));
    }
    Ok(kept)
}

/// Features [n, D] with all but the `kept` largest of each image at 0.
///
/// # Errors
/// When libtorch fails.
pub fn pruned(features: &Tensor, kept: i64) -> Result<Tensor, AnalysisError> {
    let (values, places) = features.f_topk(kept, 1, true, false)?;
    Ok(features.f_zeros_like()?.f_scatter(1, &places, &values)?)
}

/// exp(Σ of the first/Σ of the second) of every image, [n, 1]. Where the second sum is 0, as for an image without features, the factor is 1: OpenOOD has
/// NaN there.
///
/// # Errors
/// When libtorch fails.
pub fn sharpening(features: &Tensor, pruned: &Tensor) -> Result<Tensor, AnalysisError> {
    let sum = |of: &Tensor| of.f_sum_dim_intlist([1i64].as_slice(), true, Kind::Double);
    let second = sum(pruned)?;
    let factor = sum(features)?.f_div(&second)?.f_exp()?;
    Ok(factor.f_masked_fill(&second.f_eq(0.0)?, 1.0)?)
}
