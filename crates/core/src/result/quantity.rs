//! [`Quantity`]: what is measured in a landscape's cell besides loss and accuracy, from the same forward passes.

use serde::{Deserialize, Serialize};

use super::non_finite;

/// A quantity measured in every cell. ID is the job's dataset, SS its semantic-shift images taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Share of right predictions on ID. Every surface has it beside the loss, so that it is none of [`Quantity::ALL`].
    Accuracy,
    /// Mean energy score logsumexp(z) of ID.
    Energy,
    /// Mean energy score of SS.
    OodEnergy,
    /// Mean of logsumexp(z) − mean(z) over SS: Outlier Exposure's loss (Hendrycks et al. 2019, section 3).
    OutlierExposure,
    /// Cross-entropy on ID + λ · the Outlier Exposure loss on SS: the objective of DR-SAM (paper, Eq. 8).
    DrSam,
    /// AUROC of the energy score, ID against SS.
    Auroc,
    /// FPR@95 of the energy score, OOD positive.
    Fpr95,
    /// Largest eigenvalue of the Hessian of the loss over all parameters; like the next two without a standard error.
    LambdaMax,
    /// Its smallest eigenvalue.
    LambdaMin,
    /// |λ_min/λ_max|: a measure of non-convexity in all directions (Li et al. 2018, section 6).
    NegativeCurvature,
    /// In input space: the class with the largest logit. A class, not an amount; NaN where a logit is not finite.
    Prediction,
    /// In input space: logit of the target class minus the largest other one; below 0 the prediction is another class.
    Margin,
    /// In input space: the largest softmax probability.
    Confidence,
}

impl Quantity {
    /// All that have arrays of their own, in the order in which they are written.
    pub const ALL: [Quantity; 12] = [
        Quantity::Energy,
        Quantity::OodEnergy,
        Quantity::OutlierExposure,
        Quantity::DrSam,
        Quantity::Auroc,
        Quantity::Fpr95,
        Quantity::LambdaMax,
        Quantity::LambdaMin,
        Quantity::NegativeCurvature,
        Quantity::Prediction,
        Quantity::Margin,
        Quantity::Confidence,
    ];

    /// All that can be shown instead of the loss, in this order.
    pub const SHOWN: [Quantity; 13] = {
        let mut shown = [Quantity::Accuracy; 13];
        let mut k = 0;
        while k < Quantity::ALL.len() {
            shown[k + 1] = Quantity::ALL[k];
            k += 1;
        }
        shown
    };

    /// The quantities of a single image; they have no standard error.
    pub const INPUT: [Quantity; 3] = [Quantity::Prediction, Quantity::Margin, Quantity::Confidence];

    /// The quantities of the Hessian.
    pub const CURVATURE: [Quantity; 3] = [Quantity::LambdaMax, Quantity::LambdaMin, Quantity::NegativeCurvature];

    /// Name of its array in `landscape.npz`; its standard error is `<key>_std_error`.
    pub fn key(self) -> &'static str {
        match self {
            Quantity::Accuracy => "accuracy",
            Quantity::Energy => "energy",
            Quantity::OodEnergy => "ood_energy",
            Quantity::OutlierExposure => "outlier_exposure",
            Quantity::DrSam => "dr_sam",
            Quantity::Auroc => "auroc",
            Quantity::Fpr95 => "fpr95",
            Quantity::LambdaMax => "lambda_max",
            Quantity::LambdaMin => "lambda_min",
            Quantity::NegativeCurvature => "negative_curvature",
            Quantity::Prediction => "prediction",
            Quantity::Margin => "margin",
            Quantity::Confidence => "confidence",
        }
    }

    /// Whether its ratios matter, so that it is shown on a log scale as cross-entropy is: losses, and the largest eigenvalue.
    pub fn by_ratio(self) -> bool {
        matches!(self, Quantity::OutlierExposure | Quantity::DrSam | Quantity::LambdaMax)
    }

    /// Whether its values are classes, which have neither an order nor values in between.
    pub fn is_class(self) -> bool {
        self == Quantity::Prediction
    }

    /// As shown to the user.
    pub fn label(self) -> &'static str {
        match self {
            Quantity::Accuracy => "accuracy",
            Quantity::Energy => "mean energy score, ID",
            Quantity::OodEnergy => "mean energy score, SS",
            Quantity::OutlierExposure => "OE loss",
            Quantity::DrSam => "DR-SAM loss",
            Quantity::Auroc => "AUROC",
            Quantity::Fpr95 => "FPR@95",
            Quantity::LambdaMax => "λ max of the Hessian",
            Quantity::LambdaMin => "λ min of the Hessian",
            Quantity::NegativeCurvature => "|λ min / λ max|",
            Quantity::Prediction => "predicted class",
            Quantity::Margin => "logit margin",
            Quantity::Confidence => "confidence",
        }
    }
}

/// A quantity in one cell.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The quantity.
    pub quantity: Quantity,
    /// Its value; may be non-finite.
    #[serde(with = "non_finite")]
    pub value: f64,
    /// Its standard error over the samples.
    #[serde(with = "non_finite")]
    pub std_error: f64,
}

/// A quantity over the plane, [A, B] as in [`LossSurface`](super::LossSurface).
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// NaN where it is not computed or is NaN.
    pub value: Vec<f64>,
    /// Standard error over the samples.
    pub std_error: Vec<f64>,
}

impl Map {
    /// A map without values.
    pub fn pending(cells: usize) -> Self {
        Self { value: vec![f64::NAN; cells], std_error: vec![f64::NAN; cells] }
    }
}
