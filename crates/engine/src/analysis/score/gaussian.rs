//! Gaussians of the training features: what MDS and RMDS measure distances by.

use tch::{Kind, Tensor};

use super::training::Training;
use crate::analysis::AnalysisError;

/// Means [M, D] with one covariance Σ; distances are Euclidean after the map to Σ^(-1/2).
pub struct Gaussian {
    /// Subtracted from all features first, `[D]`.
    center: Tensor,
    /// Σ^(-1/2), [D, r].
    whitening: Tensor,
    /// The whitened means, [M, r].
    means: Tensor,
}

impl Gaussian {
    /// One Gaussian per class that has training images, with a shared covariance.
    ///
    /// # Errors
    /// When a label is missing, and when libtorch fails.
    pub fn of_classes(training: &Training, score: &str) -> Result<Self, AnalysisError> {
        let unlabelled = training.labels.iter().filter(|label| **label < 0).count();
        if unlabelled > 0 {
            return Err(AnalysisError::Invalid(format!(
                "score `{score}` is fitted on the classes of the ID training images: expected labels for all images of `{}`, found none for \
                 {unlabelled} of {}",
                training.name,
                training.images()
            )));
        }
        let mut known: Vec<i64> = training.labels.clone();
        known.sort_unstable();
        known.dedup();
        let places: Vec<i64> = training.labels.iter().map(|label| known.binary_search(label).unwrap_or(0) as i64).collect();
        Self::fit(training, &places, known.len())
    }

    /// One Gaussian of all training images.
    ///
    /// # Errors
    /// When libtorch fails.
    pub fn of_all(training: &Training) -> Result<Self, AnalysisError> {
        Self::fit(training, &vec![0; training.images()], 1)
    }

    /// `places`: which of `count` means each image belongs to, `[N]`.
    fn fit(training: &Training, places: &[i64], count: usize) -> Result<Self, AnalysisError> {
        let center = training.mean()?;
        let (dim, options) = (training.of.dim as i64, (Kind::Double, training.device));
        let blocks = || {
            let mut first = 0;
            training.blocks().map(move |block| -> Result<_, AnalysisError> {
                let block = block?;
                let n = block.size()[0] as usize;
                let places = Tensor::f_from_slice(&places[first..first + n])?.f_to_device(training.device)?;
                first += n;
                Ok((block, places))
            })
        };
        let (mut sums, mut counts) = (Tensor::f_zeros([count as i64, dim], options)?, Tensor::f_zeros([count as i64, 1], options)?);
        for pair in blocks() {
            let (block, places) = pair?;
            sums = sums.f_index_add(0, &places, &block.f_sub(&center)?)?;
            counts = counts.f_index_add(0, &places, &Tensor::f_ones([block.size()[0], 1], options)?)?;
        }
        let means = sums.f_div(&counts)?;
        let mut covariance = Tensor::f_zeros([dim, dim], options)?;
        for pair in blocks() {
            let (block, places) = pair?;
            let centered = block.f_sub(&center)?.f_sub(&means.f_index_select(0, &places)?)?;
            covariance = covariance.f_add(&centered.f_transpose(0, 1)?.f_matmul(&centered)?)?;
        }
        let whitening = whitening(&covariance.f_div_scalar(training.images() as f64)?)?;
        Ok(Self { means: means.f_matmul(&whitening)?, center, whitening })
    }

    /// Squared Mahalanobis distances of features [n, D] to all means, [n, M], ≥ 0.
    ///
    /// # Errors
    /// When libtorch fails.
    pub fn distances(&self, features: &Tensor) -> Result<Tensor, AnalysisError> {
        let rows = features.f_sub(&self.center)?.f_matmul(&self.whitening)?;
        let squares = |of: &Tensor| of.f_square()?.f_sum_dim_intlist([1i64].as_slice(), true, Kind::Double);
        let products = rows.f_matmul(&self.means.f_transpose(0, 1)?)?;
        let distances = products.f_mul_scalar(-2.0)?.f_add(&squares(&rows)?)?.f_add(&squares(&self.means)?.f_transpose(0, 1)?)?;
        Ok(distances.f_clamp_min(0.0)?)
    }
}

/// V diag(λ^(-1/2)) over the eigenvalues λ of a covariance that are above max λ·D·ε, ε that of f32: the pseudo-inverse of OpenOOD, whose precision is
/// scikit-learn's `EmpiricalCovariance` (`scipy.linalg.pinvh`) of f32 features. On features of a collapsed network this cut-off decides the distances.
fn whitening(covariance: &Tensor) -> Result<Tensor, AnalysisError> {
    let (values, vectors) = covariance.f_linalg_eigh("L")?;
    let cut_off = values.f_abs()?.f_max()?.double_value(&[]) * covariance.size()[0] as f64 * f64::from(f32::EPSILON);
    let kept = values.f_gt(cut_off)?.f_nonzero()?.f_squeeze_dim(1)?;
    let factors = values.f_index_select(0, &kept)?.f_rsqrt()?;
    Ok(vectors.f_index_select(1, &kept)?.f_mul(&factors)?)
}
