//! KNN: the distance to the k-th nearest training image, Sun et al. 2022 ("Out-of-Distribution Detection with Deep Nearest Neighbors"), Algorithm 1;
//! OpenOOD: `openood/postprocessors/knn_postprocessor.py`.
//!
//! OpenOOD's normalizer adds 1e-10 to the quotient h/‖h‖; the paper's code divides by ‖h‖ + 1e-10. Here ‖h‖ is at least 1e-12.

use flatland_core::job::Reporter;
use tch::{Kind, Tensor};

use super::registration::{Registration, Score, Setup, Subject};
use crate::analysis::AnalysisError;

pub const REGISTRATION: Registration = Registration { key: "knn", build };

fn build(setup: &Setup<'_>) -> Result<Box<dyn Score>, AnalysisError> {
    let (training, k) = (setup.training()?, setup.value("k"));
    if k > training.images() as f64 {
        return Err(AnalysisError::Invalid(format!(
            "score `knn`: expected `k` to be at most the number of training images, found {k} and {} images of `{}`",
            training.images(),
            training.name
        )));
    }
    let bank = training.blocks().map(|block| Ok(unit(&block?)?.f_to_kind(Kind::Float)?)).collect::<Result<Vec<_>, AnalysisError>>()?;
    Ok(Box::new(Knn { bank, k: k as i64 }))
}

/// −(squared distance to the k-th nearest of the bank), in [-4, 0].
struct Knn {
    /// h/‖h‖ of the training images in blocks, f32: the whole bank of 50,000 images with 2,048 features has 400 MB.
    bank: Vec<Tensor>,
    k: i64,
}

/// Rows divided by their norms.
fn unit(rows: &Tensor) -> Result<Tensor, AnalysisError> {
    Ok(rows.f_div(&rows.f_norm_scalaropt_dim(2.0, [1i64].as_slice(), true)?.f_clamp_min(1e-12)?)?)
}

impl Score for Knn {
    fn of(&self, subject: &Subject<'_>, reporter: &mut dyn Reporter) -> Result<Vec<f64>, AnalysisError> {
        let squares = |rows: &Tensor| rows.f_square()?.f_sum_dim_intlist([1i64].as_slice(), true, Kind::Double);
        subject.by_blocks(reporter, |features, _| {
            let rows = unit(features)?;
            let own = squares(&rows)?;
            // The k smallest of the blocks so far: a block of products has BLOCK² numbers whatever the size of the bank.
            let mut nearest: Option<Tensor> = None;
            for block in &self.bank {
                let block = block.f_to_kind(Kind::Double)?;
                let products = rows.f_matmul(&block.f_transpose(0, 1)?)?;
                let distances = products.f_mul_scalar(-2.0)?.f_add(&own)?.f_add(&squares(&block)?.f_transpose(0, 1)?)?;
                let candidates = match nearest {
                    Some(nearest) => Tensor::f_cat(&[nearest, distances], 1)?,
                    None => distances,
                };
                let k = self.k.min(candidates.size()[1]);
                nearest = Some(candidates.f_topk(k, 1, false, false)?.0);
            }
            let nearest = nearest.ok_or_else(|| AnalysisError::Invalid("score `knn`: expected training images, found none".into()))?;
            Ok(nearest.f_amax([1i64].as_slice(), false)?.f_clamp_min(0.0)?.f_neg()?)
        })
    }
}
