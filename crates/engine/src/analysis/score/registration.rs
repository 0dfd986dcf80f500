//! [`Score`], what a score is fitted on and computed from, and [`Registration`], its entry in the registry.

use std::collections::BTreeMap;

use flatland_core::job::Reporter;
use flatland_core::session::{Normalization, ScoreInfo};
use tch::{Device, Kind, Tensor};

use super::affine_head::AffineHead;
use super::training::Training;
use crate::analysis::AnalysisError;
use crate::analysis::embedding::Features;
use crate::analysis::values::values;
use crate::model::Network;

/// A detection score, larger for ID.
pub trait Score {
    /// The score of every image, `[N]`.
    ///
    /// # Errors
    /// When cancelled or libtorch fails.
    fn of(&self, subject: &Subject<'_>, reporter: &mut dyn Reporter) -> Result<Vec<f64>, AnalysisError>;

    /// Hyperparameters that follow from the network where they are not stated: key and value.
    fn chosen(&self) -> Option<(&'static str, f64)> {
        None
    }
}

/// A score in the registry.
pub struct Registration {
    /// Its key in [`SCORES`](flatland_core::session::SCORES).
    pub key: &'static str,
    /// The score, fitted.
    pub build: fn(&Setup<'_>) -> Result<Box<dyn Score>, AnalysisError>,
}

/// What a score is made from.
pub struct Setup<'a> {
    /// Its description.
    pub info: &'static ScoreInfo,
    /// All hyperparameters.
    pub parameters: BTreeMap<&'static str, f64>,
    /// Temperature of the energy score.
    pub temperature: f64,
    /// ID training images, where a score of the job is fitted.
    pub training: Option<&'a Training>,
    /// The last layer, where a score of the job needs it.
    pub head: Option<&'a AffineHead>,
}

impl<'a> Setup<'a> {
    /// The hyperparameter `key`; NaN where there is none.
    pub fn value(&self, key: &str) -> f64 {
        self.parameters.get(key).copied().unwrap_or(f64::NAN)
    }

    /// The training images.
    ///
    /// # Errors
    /// When there are none.
    pub fn training(&self) -> Result<&'a Training, AnalysisError> {
        let missing = || {
            let key = self.info.key;
            AnalysisError::Invalid(format!("score `{key}` is fitted on ID training images: expected a dataset of role `train`, found none"))
        };
        self.training.ok_or_else(missing)
    }

    /// The last layer.
    ///
    /// # Errors
    /// When it was not looked for.
    pub fn head(&self) -> Result<&'a AffineHead, AnalysisError> {
        self.head
            .ok_or_else(|| AnalysisError::Invalid(format!("score `{}` needs the network's last affine map, found none", self.info.key)))
    }
}

/// Images of which scores are computed.
pub struct Subject<'a> {
    /// The network.
    pub network: &'a Network,
    /// How its images are normalized; `None` of float arrays, which are used as they are.
    pub normalization: Option<&'a Normalization>,
    /// Normalized images [N, C, H, W], or float arrays [N, ...].
    pub x: &'a Tensor,
    /// Their features and logits.
    pub features: &'a Features,
}

/// Images of a block: with 2,048 features in f64 a block has 16 MiB.
pub const BLOCK: usize = 1024;

/// Rows [n, columns] in f64 on `device` from a row-major f32 slice.
///
/// # Errors
/// When libtorch fails.
pub fn rows(values: &[f32], columns: usize, device: Device) -> Result<Tensor, AnalysisError> {
    let rows = Tensor::f_from_slice(values)?.f_view([-1, columns as i64])?;
    Ok(rows.f_to_device(device)?.f_to_kind(Kind::Double)?)
}

impl Subject<'_> {
    /// A score by features [n, D] and logits [n, C] of a block of images, both f64.
    ///
    /// # Errors
    /// When cancelled, and whatever `score` gives.
    pub fn by_blocks(
        &self,
        reporter: &mut dyn Reporter,
        score: impl Fn(&Tensor, &Tensor) -> Result<Tensor, AnalysisError>,
    ) -> Result<Vec<f64>, AnalysisError> {
        let Features { features, dim, logits, classes, .. } = self.features;
        let device = self.network.device;
        let mut scores = Vec::new();
        for (features, logits) in features.chunks(BLOCK * (*dim).max(1)).zip(logits.chunks(BLOCK * (*classes).max(1))) {
            if reporter.cancelled() {
                return Err(AnalysisError::Cancelled);
            }
            scores.extend(values(&score(&rows(features, *dim, device)?, &rows(logits, *classes, device)?)?)?);
        }
        Ok(scores)
    }

    /// A score by the logits of an image, `[C]`.
    pub fn by_logits(&self, score: impl Fn(&[f32]) -> f64) -> Vec<f64> {
        self.features.logits.chunks_exact(self.features.classes.max(1)).map(score).collect()
    }
}
