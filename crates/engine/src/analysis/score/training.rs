//! [`Training`]: the ID training images that scores are fitted on.

use tch::{Device, Tensor};

use super::registration::{BLOCK, rows};
use crate::analysis::AnalysisError;
use crate::analysis::embedding::Features;

/// Features, logits and labels of N training images.
pub struct Training {
    /// Name of the dataset.
    pub name: String,
    /// Features, logits and predictions.
    pub of: Features,
    /// Labels, `[N]`; -1 = none.
    pub labels: Vec<i64>,
    /// Where fits are computed.
    pub device: Device,
}

impl Training {
    /// The training images `name` with their features.
    ///
    /// # Errors
    /// When there is none, or one has features or logits that are not finite: no fit is defined there.
    pub fn new(name: &str, of: Features, labels: Vec<i64>, device: Device) -> Result<Self, AnalysisError> {
        let images = labels.len();
        if images == 0 {
            return Err(AnalysisError::Invalid(format!("scores are fitted on ID training images: expected some in `{name}`, found none")));
        }
        let finite = |values: &[f32]| values.iter().all(|value| value.is_finite());
        let pairs = of.features.chunks(of.dim.max(1)).zip(of.logits.chunks(of.classes.max(1)));
        let broken = pairs.filter(|(features, logits)| !finite(features) || !finite(logits)).count();
        if broken > 0 {
            return Err(AnalysisError::Invalid(format!(
                "scores are fitted on ID training images: expected finite features and logits, found others for {broken} of {images} images of \
                 `{name}`"
            )));
        }
        Ok(Self { name: name.to_owned(), of, labels, device })
    }

    /// Number of images.
    pub fn images(&self) -> usize {
        self.labels.len()
    }

    /// Features in f64, block by block: [n, D].
    pub fn blocks(&self) -> impl Iterator<Item = Result<Tensor, AnalysisError>> {
        let dim = self.of.dim.max(1);
        self.of.features.chunks(BLOCK * dim).map(move |block| rows(block, dim, self.device))
    }

    /// Mean of the features, `[D]` f64.
    ///
    /// # Errors
    /// When libtorch fails.
    pub fn mean(&self) -> Result<Tensor, AnalysisError> {
        let mut sum: Option<Tensor> = None;
        for block in self.blocks() {
            let of_block = block?.f_sum_dim_intlist([0i64].as_slice(), false, tch::Kind::Double)?;
            sum = Some(match sum {
                Some(sum) => sum.f_add(&of_block)?,
                None => of_block,
            });
        }
        let sum = sum.ok_or_else(|| AnalysisError::Invalid(format!("expected images in `{}`, found none", self.name)))?;
        Ok(sum.f_div_scalar(self.images() as f64)?)
    }
}
