//! Generalized ODIN, Hsu et al. 2020.

use flatland_core::job::MethodInfo;
use serde::Deserialize;
use tch::{Kind, Tensor};

use super::losses::cross_entropy;
use super::parameters::{choice, switch};
use super::registration::{Registration, build};
use super::{Batch, Forward, Method, Objective, ParameterRule};
use crate::model::{Head, ModelError, Output, Similarity, max_softmax};

pub const REGISTRATION: Registration = Registration { info, build: build::<GOdin> };

/// Smallest denominator.
const SMALLEST: f64 = 1e-6;

fn info() -> MethodInfo {
    MethodInfo {
        key: "g_odin".into(),
        name: "G-ODIN".into(),
        objective: "CE(H/g, y), H_c = cosine of h and w_c (or w_c·h + b_c, or −mean (h − w_c)²), g = sigmoid(BN(w·h + b))".into(),
        source: "Hsu et al. 2020, section 3; OpenOOD's GodinNet (H without weight decay, its weights Kaiming-normal)".into(),
        parameters: vec![
            choice(
                "head",
                &["cosine", "inner", "euclid"],
                "How features h are compared with class weights (Hsu et al. 2020 recommend cosine)",
            ),
            choice(
                "score",
                &["softmax", "max", "g"],
                "Confidence while training: maximum softmax of H (OpenOOD), maximum of H, or g (the original); always without perturbation of the input",
            ),
            switch(
                "compat",
                false,
                "Repeats OpenOOD, whose second scheduler drives the wrong optimizer: the learning rate of H's weights stays at its first value",
            ),
        ],
        outliers: false,
        environments: false,
        score: "maximum softmax of H (ε = 0)".into(),
    }
}

/// What the trained model is scored by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Score {
    /// max softmax(H)
    Softmax,
    /// max H
    Max,
    /// g
    G,
}

/// Which numerator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Numerator {
    /// See [`Similarity::Cosine`].
    Cosine,
    /// See [`Similarity::Inner`].
    Inner,
    /// See [`Similarity::Euclid`].
    Euclid,
}

/// CE of H/g: a class posterior over a domain posterior, learnt without outliers.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GOdin {
    /// The numerator.
    pub head: Numerator,
    /// The score.
    pub score: Score,
    /// Whether the learning rate of H's weights stays.
    pub compat: bool,
}

impl Method for GOdin {
    fn key(&self) -> &'static str {
        "g_odin"
    }

    fn head(&self) -> Option<Head> {
        Some(Head::Godin(match self.head {
            Numerator::Cosine => Similarity::Cosine,
            Numerator::Inner => Similarity::Inner,
            Numerator::Euclid => Similarity::Euclid,
        }))
    }

    fn rule(&self, parameter: &str) -> ParameterRule {
        let numerator = parameter.starts_with("h.");
        ParameterRule { weight_decay: !numerator, scheduled: !(numerator && self.compat) }
    }

    fn objective(&mut self, forward: &mut Forward<'_>, batch: &Batch<'_>) -> Result<Objective, ModelError> {
        let output = forward(batch.id)?;
        let g = output.need_auxiliary()?.f_sigmoid()?.f_clamp_min(SMALLEST)?;
        let mut objective = Objective::single("ce", cross_entropy(&output.logits.f_div(&g)?, batch.labels)?);
        objective.terms.push(("denominator", g.detach().f_mean(None::<Kind>)?));
        Ok(objective)
    }

    fn confidence(&self, output: &Output) -> Result<Tensor, ModelError> {
        Ok(match self.score {
            Score::Softmax => max_softmax(&output.logits)?,
            Score::Max => output.logits.f_to_kind(Kind::Double)?.f_max_dim(1, false)?.0,
            Score::G => output.need_auxiliary()?.f_to_kind(Kind::Double)?.f_sigmoid()?.f_squeeze_dim(1)?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::testing::number;
    use super::*;

    const GODIN: GOdin = GOdin { head: Numerator::Cosine, score: Score::Softmax, compat: false };

    fn output(logits: &[f64], denominator: f64) -> Output {
        let row = |values: &[f64]| Tensor::from_slice(values).view([1, -1]);
        Output { features: row(&[0.0]), logits: row(logits), auxiliary: Some(row(&[denominator])) }
    }

    fn loss(denominator: f64) -> f64 {
        let (x, labels) = (Tensor::from_slice(&[0.0]).view([1, 1]), Tensor::from_slice(&[0i64]));
        let batch = Batch { id: &x, labels: &labels, outliers: None, environments: None, seed: 0, step: 0, epoch: 0 };
        number(&GODIN.clone().objective(&mut |_: &Tensor| Ok(output(&[0.5, -0.5], denominator)), &batch).unwrap().loss)
    }

    #[test]
    fn logits_are_the_quotient_and_a_denominator_of_zero_is_no_division_by_it() {
        // g = 1/2: logits (1, -1).
        assert!((loss(0.0) - (1.0 + (-2f64).exp()).ln()).abs() < 1e-12);
        assert!(loss(-1e3).is_finite());
    }

    #[test]
    fn the_score_is_one_of_three() {
        let at = |score| number(&GOdin { score, ..GODIN }.confidence(&output(&[2.0, -1.0, 0.5], 0.0)).unwrap());
        assert!((at(Score::Softmax) - 0.785597035).abs() < 1e-9);
        assert_eq!((at(Score::Max), at(Score::G)), (2.0, 0.5));
    }

    #[test]
    fn weights_of_the_numerator_do_not_decay() {
        let free = ParameterRule { weight_decay: false, scheduled: true };
        assert_eq!((GODIN.rule("h.h.weight"), GODIN.rule("g.0.weight")), (free, ParameterRule::default()));
        assert!(!GOdin { compat: true, ..GODIN }.rule("h.h.weight").scheduled);
    }
}
