//! MixOE, Zhang et al. 2023 ("Mixture Outlier Exposure").

use flatland_core::job::MethodInfo;
use rand::Rng;
use rand_distr::{Beta, Distribution};
use serde::Deserialize;
use tch::{Kind, Tensor};

use super::draws::draws;
use super::losses::cross_entropy;
use super::parameters::{choice, log_number, number};
use super::registration::{Registration, build};
use super::{Batch, Forward, Method, Objective};
use crate::model::ModelError;

pub const REGISTRATION: Registration = Registration { info, build: build::<MixOe> };

fn info() -> MethodInfo {
    MethodInfo {
        key: "mix_oe".into(),
        name: "MixOE".into(),
        objective: "CE(f(x), y) + λ·CE(f(x mixed with an outlier), l·y + (1 − l)/C), l ~ Beta(α, β)".into(),
        source: "Zhang et al. 2023, section 3; OpenOOD's trainer. A batch mixes its ID images with its first outliers".into(),
        parameters: vec![
            number("lambda", "λ", 1.0, [0.0, 100.0], "Weight of the mixed term (OpenOOD: 1; the original calls it beta and takes 5)"),
            choice(
                "mix",
                &["cutmix", "mixup"],
                "cutmix pastes a patch of the outlier into the ID image, mixup adds the two (OpenOOD: cutmix)",
            ),
            log_number(
                "alpha",
                "α",
                0.1,
                [1e-3, 100.0],
                "First parameter of l's Beta distribution (OpenOOD: 0.1; original: 1 for mixup, 2 for cutmix)",
            ),
            log_number(
                "beta",
                "β",
                1.0,
                [1e-3, 100.0],
                "Second parameter (OpenOOD: 1, mostly outlier with α = 0.1; original: the same as α)",
            ),
        ],
        outliers: true,
        environments: false,
        score: "MSP".into(),
    }
}

/// How an ID image and an outlier are mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mix {
    /// A box of the outlier in the ID image.
    Cutmix,
    /// l·x + (1 − l)·outlier
    Mixup,
}

/// CE on ID images + λ·CE between mixed images and mixed labels, in two forwards. The n-th ID image is mixed with the n-th outlier; images without
/// a partner are not mixed. One share l of ID for the whole batch, as in OpenOOD.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MixOe {
    /// Weight of the mixed term.
    pub lambda: f64,
    /// How images are mixed.
    pub mix: Mix,
    /// First parameter of l's Beta distribution.
    pub alpha: f64,
    /// Second parameter.
    pub beta: f64,
}

impl MixOe {
    /// Mixed images [n, C, H, W] of `id` and `outliers` of that shape, and l.
    fn mixed(&self, id: &Tensor, outliers: &Tensor, rng: &mut impl Rng) -> Result<(Tensor, f64), ModelError> {
        let beta =
            Beta::new(self.alpha, self.beta).map_err(|error| ModelError::Mismatch(format!("expected a Beta distribution: {error}")))?;
        let share = beta.sample(rng);
        if self.mix == Mix::Mixup {
            return Ok((id.f_mul_scalar(share)?.f_add(&outliers.f_mul_scalar(1.0 - share)?)?, share));
        }
        let (_, _, height, width) = id.size4()?;
        let mixed = id.f_detach_copy()?;
        let mut span = |side: i64| {
            let half = (side as f64 * (1.0 - share).sqrt()) as i64 / 2;
            let centre = rng.random_range(0..side);
            let start = (centre - half).max(0);
            (start, (centre + half).min(side) - start)
        };
        let ((top, rows), (left, columns)) = (span(height), span(width));
        let window = |images: &Tensor| images.f_narrow(2, top, rows)?.f_narrow(3, left, columns);
        window(&mixed)?.f_copy_(&window(outliers)?)?;
        Ok((mixed, 1.0 - (rows * columns) as f64 / (height * width) as f64))
    }
}

impl Method for MixOe {
    fn key(&self) -> &'static str {
        "mix_oe"
    }

    fn needs_outliers(&self) -> bool {
        true
    }

    fn check_input(&self, shape: &[i64]) -> Result<(), String> {
        match (self.mix, shape) {
            (Mix::Cutmix, [_, _, _]) | (Mix::Mixup, _) => Ok(()),
            (Mix::Cutmix, _) => Err(format!(
                "expected inputs [channels, height, width] for `mix = \"cutmix\"` of mix_oe, which pastes patches of images, found inputs of shape \
                 {shape:?}: set `mix = \"mixup\"` in [method], which adds inputs of any shape"
            )),
        }
    }

    fn objective(&mut self, forward: &mut Forward<'_>, batch: &Batch<'_>) -> Result<Objective, ModelError> {
        let outliers = batch.need_outliers()?;
        let id = cross_entropy(&forward(batch.id)?.logits, batch.labels)?;
        let n = batch.labels.size1()?.min(outliers.size()[0]);
        let mut rng = draws("mix_oe", batch.seed, batch.step);
        let (images, share) = self.mixed(&batch.id.f_narrow(0, 0, n)?, &outliers.f_narrow(0, 0, n)?, &mut rng)?;
        let mixed = soft_cross_entropy(&forward(&images)?.logits, &batch.labels.f_narrow(0, 0, n)?, share)?;
        Objective::sum(("ce", id), self.lambda, ("mixed", mixed))
    }
}

/// Mean cross-entropy of `logits` [N, C] against `share`·onehot(y) + (1 − `share`)/C.
fn soft_cross_entropy(logits: &Tensor, labels: &Tensor, share: f64) -> Result<Tensor, ModelError> {
    let log_p = logits.f_log_softmax(1, None::<Kind>)?;
    let class = log_p.f_gather(1, &labels.f_unsqueeze(1)?, false)?.f_squeeze_dim(1)?;
    let uniform = log_p.f_mean_dim([1i64].as_slice(), false, None::<Kind>)?;
    Ok(class.f_mul_scalar(share)?.f_add(&uniform.f_mul_scalar(1.0 - share)?)?.f_mean(None::<Kind>)?.f_neg()?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tch::Device;

    use super::super::testing::number;
    use super::*;

    /// Reference values, computed independently.
    #[test]
    fn the_soft_cross_entropy_matches_the_golden_value() {
        let logits = Tensor::from_slice(&[2.0, -1.0, 0.5]).view([1, 3]);
        let found = number(&soft_cross_entropy(&logits, &Tensor::from_slice(&[0i64]), 0.25).unwrap());
        assert!((found - 1.366311297).abs() < 1e-9, "{found}");
    }

    #[test]
    fn the_share_is_that_of_id_pixels_and_follows_the_distribution() {
        let (id, outliers) =
            (Tensor::ones([2, 3, 32, 32], (Kind::Float, Device::Cpu)), Tensor::zeros([2, 3, 32, 32], (Kind::Float, Device::Cpu)));
        for mix in [Mix::Cutmix, Mix::Mixup] {
            let method = MixOe { lambda: 1.0, mix, alpha: 2.0, beta: 1.0 };
            let mut shares = Vec::new();
            for step in 0..400 {
                let (images, share) = method.mixed(&id, &outliers, &mut draws("mix_oe", 0, step)).unwrap();
                assert!((number(&images.mean(None::<Kind>)) - share).abs() < 1e-5, "{mix:?}");
                shares.push(share);
            }
            let mean = shares.iter().sum::<f64>() / 400.0;
            // Beta(2, 1) has mean 2/3; boxes are cut off at the border, which leaves more ID.
            let expected = if mix == Mix::Mixup { 0.62..0.71 } else { 0.66..0.85 };
            assert!(expected.contains(&mean), "{mix:?}: {mean}");
        }
        assert_eq!(number(&id.mean(None::<Kind>)), 1.0, "the batch stays as it was");
    }
}
