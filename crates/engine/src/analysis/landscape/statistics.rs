//! BatchNorm's running statistics at a point of the plane, estimated on images, and whether they are defined.

use flatland_core::job::Reporter;
use tch::Tensor;

use super::super::AnalysisError;
use super::super::reporting::Cancellable;
use crate::model::{BatchNormMode, Graph, Images, Tensors, each_batch, is_parameter};

/// Images of one batch where BatchNorm uses the batch's own statistics, as in training.
const STATISTICS_BATCH: i64 = 128;

/// Running statistics become the mean of those of equal batches of `x` [N, C, H, W], as in `update_bn` of Garipov et al. 2018
/// (`utils.py`).
///
/// # Errors
/// [`AnalysisError::Cancelled`] when the job is cancelled, and when libtorch fails.
pub(super) fn estimate_statistics(
    graph: &Graph,
    tensors: &mut Tensors,
    x: &Tensor,
    reporter: &mut dyn Reporter,
) -> Result<(), AnalysisError> {
    // The statistics of θ must not change.
    tensors.iter_mut().filter(|(name, _)| !is_parameter(name)).try_for_each(|(_, tensor)| {
        *tensor = tensor.f_detach_copy()?;
        Ok::<_, AnalysisError>(())
    })?;
    let (images, mut seen) = (Images::all(x), 0);
    each_batch(&images, equal_batches(images.count()), &mut Cancellable(reporter), |batch| {
        graph.forward(tensors, batch, BatchNormMode::Accumulate { seen })?;
        seen += 1;
        Ok(())
    })?;
    Ok(())
}

/// Size of the fewest equal batches of at most [`STATISTICS_BATCH`] images; the last one may be smaller by rounding.
pub(super) fn equal_batches(n: i64) -> i64 {
    let up = |a: i64, b: i64| (a + b - 1) / b;
    up(n.max(1), up(n.max(1), STATISTICS_BATCH))
}

/// Whether a running variance is below 0, as a plane may extrapolate it: the network is undefined there. The resulting NaN may not reach the
/// loss, because a ReLU may turn it into 0.
pub(super) fn has_negative_variance(tensors: &Tensors) -> Result<bool, AnalysisError> {
    let smallest = |tensor: &Tensor| -> Result<f64, AnalysisError> { Ok(f64::try_from(tensor.f_min()?)?) };
    let variances = tensors.iter().filter(|(name, _)| name.ends_with("running_var"));
    Ok(variances.map(|(_, tensor)| smallest(tensor)).collect::<Result<Vec<_>, _>>()?.iter().any(|&variance| variance < 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_equal_but_for_rounding() {
        assert_eq!([1, 128, 129, 300, 0].map(equal_batches), [1, 128, 65, 100, 1]);
    }
}
