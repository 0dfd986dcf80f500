//! Maximum Classifier Discrepancy for OOD detection, Yu & Aizawa 2019.

use flatland_core::job::MethodInfo;
use serde::Deserialize;
use tch::{Kind, Tensor};

use super::losses::{concatenated, cross_entropy};
use super::parameters::{choice, integer, number};
use super::registration::{Registration, build};
use super::{Batch, Forward, Method, Objective};
use crate::model::{Head, ModelError};

pub const REGISTRATION: Registration = Registration { info, build: build::<Mcd> };

fn info() -> MethodInfo {
    MethodInfo {
        key: "mcd".into(),
        name: "MCD".into(),
        objective: "CE(p₁, y) + CE(p₂, y) + λ·max(0, m − mean over outliers of [H(p₁) − H(p₂)])".into(),
        source: "Yu & Aizawa 2019, section 3; one concatenated forward. Both heads start as the checkpoint's classifier".into(),
        parameters: vec![
            number("lambda", "λ", 1.0, [0.0, 100.0], "Weight of the discrepancy (OpenOOD: 1)"),
            number("margin", "m", 1.2, [0.0, 100.0], "Discrepancy of the entropies that is enough; at most ln C can be had (OpenOOD: 1.2)"),
            integer(
                "start_ft",
                "",
                "epoch",
                1,
                [1, 1_000_000],
                "First epoch with outliers, counted from 1; before it both heads learn ID data only (OpenOOD from scratch: 90 of 100; 1 is ours, as a fine-tuned checkpoint has learnt already)",
            ),
            choice(
                "entropy_over",
                &["classes", "batch"],
                "Entropies are over classes; `batch` repeats OpenOOD, which takes its softmax over the images of a batch",
            ),
        ],
        outliers: true,
        environments: false,
        score: "−‖p₁ − p₂‖₁; classes by the first head".into(),
    }
}

/// What entropies are taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntropyOver {
    /// Classes of an image.
    Classes,
    /// Images of a batch, for each class: OpenOOD's slip.
    Batch,
}

/// CE of both heads, and from epoch `start_ft` on λ·max(0, m − discrepancy of the outliers), from one forward of the concatenated batch.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mcd {
    /// Weight of the discrepancy.
    pub lambda: f64,
    /// Discrepancy that is enough.
    pub margin: f64,
    /// First epoch with outliers, from 1.
    pub start_ft: usize,
    /// What entropies are taken over.
    pub entropy_over: EntropyOver,
}

impl Mcd {
    /// mean [H(p₁) − H(p₂)] of logits [M, C].
    fn discrepancy(&self, first: &Tensor, second: &Tensor) -> Result<Tensor, ModelError> {
        let over = match self.entropy_over {
            EntropyOver::Classes => 1,
            EntropyOver::Batch => 0,
        };
        let entropy = |logits: &Tensor| -> Result<Tensor, ModelError> {
            let log_p = logits.f_log_softmax(over, None::<Kind>)?;
            Ok(log_p.f_exp()?.f_mul(&log_p)?.f_sum_dim_intlist([over].as_slice(), false, None::<Kind>)?.f_neg()?)
        };
        Ok(entropy(first)?.f_sub(&entropy(second)?)?.f_mean(None::<Kind>)?)
    }
}

impl Method for Mcd {
    fn key(&self) -> &'static str {
        "mcd"
    }

    fn needs_outliers(&self) -> bool {
        true
    }

    fn head(&self) -> Option<Head> {
        Some(Head::Mcd)
    }

    fn objective(&mut self, forward: &mut Forward<'_>, batch: &Batch<'_>) -> Result<Objective, ModelError> {
        let alone = batch.epoch + 1 < self.start_ft;
        let (output, n) = if alone { (forward(batch.id)?, batch.labels.size1()?) } else { concatenated(forward, batch)? };
        let (first, second) = (&output.logits, output.need_auxiliary()?);
        let id = |logits: &Tensor| cross_entropy(&logits.f_narrow(0, 0, n)?, batch.labels);
        let ce = id(first)?.f_add(&id(second)?)?;
        if alone {
            return Ok(Objective::single("ce", ce));
        }
        let outliers = |logits: &Tensor| logits.f_narrow(0, n, logits.size()[0] - n);
        let discrepancy = self.discrepancy(&outliers(first)?, &outliers(second)?)?;
        let hinge = discrepancy.f_neg()?.f_add_scalar(self.margin)?.f_relu()?;
        let mut objective = Objective::sum(("ce", ce), self.lambda, ("hinge", hinge))?;
        objective.terms.push(("discrepancy", discrepancy.detach()));
        Ok(objective)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::testing::number;
    use super::*;
    use crate::model::Output;

    const MCD: Mcd = Mcd { lambda: 1.0, margin: 1.2, start_ft: 1, entropy_over: EntropyOver::Classes };

    /// The first image is ID, the others are outliers; the golden values of ood.md 18 are those of the pair z, z2.
    fn objective(method: &mut Mcd, epoch: usize) -> Objective {
        let z = Tensor::from_slice(&[3.0, 0.0, 0.0, 2.0, -1.0, 0.5]).view([2, 3]);
        let z2 = Tensor::from_slice(&[0.0, 3.0, 0.0, 0.0, 1.0, 0.5]).view([2, 3]);
        let (labels, id, outliers) = (Tensor::from_slice(&[0i64]), z.narrow(0, 0, 1), z.narrow(0, 1, 1));
        let batch = Batch { id: &id, labels: &labels, outliers: Some(&outliers), environments: None, seed: 0, step: 0, epoch };
        let mut forward = |x: &Tensor| {
            let n = x.size()[0];
            Ok(Output { features: x.shallow_clone(), logits: z.narrow(0, 0, n), auxiliary: Some(z2.narrow(0, 0, n)) })
        };
        method.objective(&mut forward, &batch).unwrap()
    }

    #[test]
    fn discrepancy_and_hinge_match_the_golden_values() {
        let found = objective(&mut MCD.clone(), 0);
        let term = |name: &str| number(&found.terms.iter().find(|(found, _)| *found == name).unwrap().1);
        assert!((term("discrepancy") + 0.398606732).abs() < 1e-9);
        assert!((term("hinge") - 1.598606732).abs() < 1e-9);
        let log_sum = (3f64.exp() + 2.0).ln();
        assert!((term("ce") - (2.0 * log_sum - 3.0)).abs() < 1e-9);
        assert!((number(&found.loss) - term("ce") - term("hinge")).abs() < 1e-9);
    }

    #[test]
    fn outliers_come_in_with_their_epoch() {
        let mut late = Mcd { start_ft: 3, ..MCD };
        assert_eq!([0, 1, 2].map(|epoch| objective(&mut late, epoch).terms.len()), [1, 1, 3]);
    }

    #[test]
    fn entropies_over_a_batch_of_one_image_are_zero() {
        let found = objective(&mut Mcd { entropy_over: EntropyOver::Batch, ..MCD }, 0);
        assert_eq!(number(&found.terms[2].1), 0.0);
    }
}
