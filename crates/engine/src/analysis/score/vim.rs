//! ViM: the virtual logit, Wang et al. 2022 ("ViM: Out-Of-Distribution with Virtual-logit Matching"), Eq. 3 to 7; OpenOOD:
//! `openood/postprocessors/vim_postprocessor.py`.
//!
//! The eigenvectors are of the symmetric solver; OpenOOD's `numpy.linalg.eig` may give complex ones. OpenOOD's `dim` of 256 leaves nothing where D ≤ 256:
//! there D/2 is taken, as pytorch-ood does.

use flatland_core::job::Reporter;
use tch::{Kind, Tensor};

use super::largest_logit::largest_logit;
use super::registration::{Registration, Score, Setup, Subject};
use super::training::Training;
use crate::analysis::AnalysisError;

pub const REGISTRATION: Registration = Registration { key: "vim", build };

/// OpenOOD's dimension of the principal space.
const DIM: i64 = 256;

fn build(setup: &Setup<'_>) -> Result<Box<dyn Score>, AnalysisError> {
    let (head, training) = (setup.head()?, setup.training()?);
    let features = head.weight.size()[1];
    let dim = match setup.value("dim") as i64 {
        0 if features > DIM => DIM,
        0 => features / 2,
        stated => stated,
    };
    if dim >= features {
        return Err(AnalysisError::Invalid(format!(
            "score `vim`: expected `dim` to be less than the number of features, found {dim} and {features} features"
        )));
    }
    let origin = head.weight.f_linalg_pinv(1e-15, false)?.f_matmul(&head.bias)?.f_neg()?;
    let mut scatter = Tensor::f_zeros([features, features], (Kind::Double, training.device))?;
    for block in training.blocks() {
        let block = block?.f_sub(&origin)?;
        scatter = scatter.f_add(&block.f_transpose(0, 1)?.f_matmul(&block)?)?;
    }
    // Ascending: the first D − dim directions are those that are left.
    let (_, vectors) = scatter.f_div_scalar(training.images() as f64)?.f_linalg_eigh("L")?;
    let residual = Residual { origin, directions: vectors.f_narrow(1, 0, features - dim)? };
    let alpha = mean_largest_logit(training) / residual.mean_norm(training)?;
    if !alpha.is_finite() {
        return Err(AnalysisError::Invalid(format!(
            "score `vim`: expected training images with features outside of the first {dim} principal directions, found none in `{}`; a smaller \
             `dim` leaves more directions",
            training.name
        )));
    }
    Ok(Box::new(Vim { dim, alpha, residual }))
}

/// Mean over the training images of max over c of z_c.
fn mean_largest_logit(training: &Training) -> f64 {
    let logits = training.of.logits.chunks_exact(training.of.classes.max(1));
    logits.map(largest_logit).sum::<f64>() / training.images() as f64
}

/// The part of features outside of the principal space.
struct Residual {
    /// u = −W⁺b, `[D]`.
    origin: Tensor,
    /// N, [D, D − dim], orthonormal columns.
    directions: Tensor,
}

impl Residual {
    /// ‖Nᵀ(h − u)‖ of features [n, D], `[n]`.
    fn norms(&self, features: &Tensor) -> Result<Tensor, AnalysisError> {
        let outside = features.f_sub(&self.origin)?.f_matmul(&self.directions)?;
        Ok(outside.f_norm_scalaropt_dim(2.0, [1i64].as_slice(), false)?)
    }

    fn mean_norm(&self, training: &Training) -> Result<f64, AnalysisError> {
        let mut sum = 0.0;
        for block in training.blocks() {
            sum += self.norms(&block?)?.f_sum(Kind::Double)?.double_value(&[]);
        }
        Ok(sum / training.images() as f64)
    }
}

/// logsumexp(z) − α·‖Nᵀ(h − u)‖.
struct Vim {
    dim: i64,
    alpha: f64,
    residual: Residual,
}

impl Score for Vim {
    fn of(&self, subject: &Subject<'_>, reporter: &mut dyn Reporter) -> Result<Vec<f64>, AnalysisError> {
        subject.by_blocks(reporter, |features, logits| {
            Ok(crate::model::energy(logits)?.f_sub(&self.residual.norms(features)?.f_mul_scalar(self.alpha)?)?)
        })
    }

    fn chosen(&self) -> Option<(&'static str, f64)> {
        Some(("dim", self.dim as f64))
    }
}
