//! [`SCORES`]: the detection scores that a session can ask for, as data: for names in sessions and results, for the worker, lists and labels.
//!
//! How each is computed is in the engine's `analysis::score`, one file each. A new score is a file there and a row here.

use serde::Serialize;

/// A detection score, larger for ID. z are the logits `[C]`, p = softmax(z), h the penultimate features `[D]`, and W h + b = z.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ScoreInfo {
    /// As in sessions and results: `max_logit`.
    pub key: &'static str,
    /// In the window: `MaxLogit`.
    pub label: &'static str,
    /// On the axis of a figure.
    pub axis: &'static str,
    /// The definition, one line.
    pub formula: &'static str,
    /// Paper, and file of OpenOOD.
    pub source: &'static str,
    /// Whether it is fitted on ID training images.
    pub fitted: bool,
    /// Whether the logits must be an affine function of the features.
    pub affine: bool,
    /// Whether it needs the gradient by the images.
    pub gradient: bool,
    /// Hyperparameters.
    pub parameters: &'static [ScoreParameter],
}

/// A hyperparameter of a score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ScoreParameter {
    /// As in sessions: `k`.
    pub key: &'static str,
    /// As papers print it.
    pub symbol: &'static str,
    /// Taken when absent; OpenOOD's.
    pub default: f64,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
    /// Whether it is a whole number.
    pub whole: bool,
    /// What it does.
    pub about: &'static str,
}

const fn parameter(key: &'static str, symbol: &'static str, default: f64, [min, max]: [f64; 2], about: &'static str) -> ScoreParameter {
    ScoreParameter { key, symbol, default, min, max, whole: false, about }
}

const fn whole(key: &'static str, symbol: &'static str, default: f64, [min, max]: [f64; 2], about: &'static str) -> ScoreParameter {
    ScoreParameter { whole: true, ..parameter(key, symbol, default, [min, max], about) }
}

const fn percentile(default: f64, about: &'static str) -> ScoreParameter {
    parameter("percentile", "p", default, [0.0, 100.0], about)
}

const PRUNED: &[ScoreParameter] = &[percentile(90.0, "Percentage of an image's features that is left out, the smallest ones")];

const LOGITS: ScoreInfo =
    ScoreInfo { key: "", label: "", axis: "", formula: "", source: "", fitted: false, affine: false, gradient: false, parameters: &[] };

const AFFINE: ScoreInfo = ScoreInfo { affine: true, ..LOGITS };

const FITTED: ScoreInfo = ScoreInfo { fitted: true, ..LOGITS };

/// All scores, in the order in which they are listed.
pub const SCORES: [ScoreInfo; 17] = [
    ScoreInfo {
        key: "msp",
        label: "MSP",
        axis: "maximum softmax probability",
        formula: "max_c p_c",
        source: "Hendrycks & Gimpel 2017; OpenOOD: openood/postprocessors/base_postprocessor.py",
        ..LOGITS
    },
    ScoreInfo {
        key: "max_logit",
        label: "MaxLogit",
        axis: "maximum logit",
        formula: "max_c z_c",
        source: "Hendrycks et al. 2022 (Scaling OOD Detection); OpenOOD: openood/postprocessors/maxlogit_postprocessor.py",
        ..LOGITS
    },
    ScoreInfo {
        key: "energy",
        label: "Energy",
        axis: "energy score",
        formula: "T·logsumexp(z/T); T is `temperature` of [scores]",
        source: "Liu et al. 2020, with the sign of OpenOOD: openood/postprocessors/ebo_postprocessor.py",
        ..LOGITS
    },
    ScoreInfo {
        key: "odin",
        label: "ODIN",
        axis: "ODIN score",
        formula: "max_c softmax(f(x̃)/T)_c, x̃ = x − ε·sign(∂CE(f(x)/T, argmax f(x))/∂x)/σ, σ the normalization's std",
        source: "Liang, Li & Srikant 2018, Eq. 1 and 2; OpenOOD: openood/postprocessors/odin_postprocessor.py",
        gradient: true,
        parameters: &[
            parameter("temperature", "T", 1000.0, [0.001, 1e6], "Temperature of the softmax"),
            parameter("noise", "ε", 0.0014, [0.0, 1.0], "Size of the step, of pixels in [0, 1]"),
        ],
        ..LOGITS
    },
    ScoreInfo {
        key: "gen",
        label: "GEN",
        axis: "GEN score",
        formula: "−Σ over the M largest p_c of p_c^γ·(1 − p_c)^γ",
        source: "Liu, Lochman & Zach 2023, Eq. 5; OpenOOD: openood/postprocessors/gen_postprocessor.py",
        parameters: &[
            parameter("gamma", "γ", 0.1, [1e-6, 100.0], "Exponent"),
            whole("m", "M", 100.0, [1.0, 1e9], "Number of classes that count, those of the largest p; all where there are fewer"),
        ],
        ..LOGITS
    },
    ScoreInfo {
        key: "react",
        label: "ReAct",
        axis: "ReAct score",
        formula: "logsumexp(W·min(h, c) + b), c the percentile of all features of the training images",
        source: "Sun, Guo & Li 2021, Eq. 2; OpenOOD: openood/postprocessors/react_postprocessor.py, openood/networks/react_net.py (there c is of \
                 the ID validation images)",
        fitted: true,
        parameters: &[percentile(90.0, "Percentile of the features at which they are cut off")],
        ..AFFINE
    },
    ScoreInfo {
        key: "ash_s",
        label: "ASH-S",
        axis: "ASH-S score",
        formula: "logsumexp(W a + b), a = h with its smallest p % at 0, times exp(Σh/Σa)",
        source: "Djurisic et al. 2023, Algorithm 3; OpenOOD: openood/networks/ash_net.py, ash_s",
        parameters: PRUNED,
        ..AFFINE
    },
    ScoreInfo {
        key: "ash_b",
        label: "ASH-B",
        axis: "ASH-B score",
        formula: "logsumexp(W a + b), a = Σh/k at the k largest h, else 0, k = D − round(D·p/100)",
        source: "Djurisic et al. 2023, Algorithm 2; OpenOOD: openood/networks/ash_net.py, ash_b",
        parameters: PRUNED,
        ..AFFINE
    },
    ScoreInfo {
        key: "ash_p",
        label: "ASH-P",
        axis: "ASH-P score",
        formula: "logsumexp(W a + b), a = h with its smallest p % at 0",
        source: "Djurisic et al. 2023, Algorithm 1; OpenOOD: openood/networks/ash_net.py, ash_p",
        parameters: PRUNED,
        ..AFFINE
    },
    ScoreInfo {
        key: "scale",
        label: "SCALE",
        axis: "SCALE score",
        formula: "logsumexp(W a + b), a = h·exp(Σh/Σ of the largest (100 − p) % of h)",
        source: "Xu et al. 2024, Eq. 5 and 6; OpenOOD: openood/networks/scale_net.py",
        parameters: &[percentile(85.0, "Percentage of an image's features that does not count in the second sum, the smallest ones")],
        ..AFFINE
    },
    ScoreInfo {
        key: "dice",
        label: "DICE",
        axis: "DICE score",
        formula: "logsumexp(V h + b), V = W where W_cd·mean_d > the percentile of all of these, else 0; mean: of h over the training images",
        source: "Sun & Li 2022, Eq. 3 to 5; OpenOOD: openood/postprocessors/dice_postprocessor.py",
        fitted: true,
        parameters: &[percentile(90.0, "Percentile of the contributions W_cd·mean_d up to which weights are 0")],
        ..AFFINE
    },
    ScoreInfo {
        key: "knn",
        label: "KNN",
        axis: "KNN score",
        formula: "−‖h/‖h‖ − g‖², g the k-th nearest of the training images' h/‖h‖",
        source: "Sun et al. 2022, Algorithm 1; OpenOOD: openood/postprocessors/knn_postprocessor.py",
        parameters: &[whole("k", "k", 50.0, [1.0, 1e9], "Which neighbour counts")],
        ..FITTED
    },
    ScoreInfo {
        key: "mds",
        label: "MDS",
        axis: "Mahalanobis score",
        formula: "max_c −(h − μ_c)ᵀ Σ⁻¹ (h − μ_c), μ_c the class means and Σ the shared covariance of the training images",
        source: "Lee et al. 2018, Eq. 1 and 2, on the penultimate features without noise; OpenOOD: openood/postprocessors/mds_postprocessor.py",
        ..FITTED
    },
    ScoreInfo {
        key: "rmds",
        label: "RMDS",
        axis: "relative Mahalanobis score",
        formula: "max_c −(h − μ_c)ᵀ Σ⁻¹ (h − μ_c) + (h − μ_0)ᵀ Σ_0⁻¹ (h − μ_0), μ_0 and Σ_0 of all training images",
        source: "Ren et al. 2021, Eq. 4; OpenOOD: openood/postprocessors/rmds_postprocessor.py",
        ..FITTED
    },
    ScoreInfo {
        key: "vim",
        label: "ViM",
        axis: "ViM score",
        formula: "logsumexp(z) − α·‖Nᵀ(h − u)‖, u = −W⁺b, N the principal directions of h − u after the first dim, α = mean max z/mean ‖Nᵀ(h − u)‖ \
                  over the training images",
        source: "Wang et al. 2022, Eq. 3 to 7; OpenOOD: openood/postprocessors/vim_postprocessor.py",
        fitted: true,
        parameters: &[whole("dim", "dim", 0.0, [0.0, 1e9], "Principal directions left out, < D; 0 = 256, or D/2 where D ≤ 256")],
        ..AFFINE
    },
    ScoreInfo {
        key: "klm",
        label: "KLM",
        axis: "KL matching score",
        formula: "−min_c KL(p ‖ q_c), q_c the mean p of the training images that are predicted as c",
        source: "Hendrycks et al. 2022 (Scaling OOD Detection), section 4.2; OpenOOD: openood/postprocessors/kl_matching_postprocessor.py (in its \
                 first versions q_c is of the ID validation images)",
        ..FITTED
    },
    ScoreInfo {
        key: "grad_norm",
        label: "GradNorm",
        axis: "GradNorm score",
        formula: "Σ_c |C·p_c − 1|·Σ_d |h_d|: the 1-norm of ∂(−Σ_c ln p_c)/∂W",
        source: "Huang, Geng & Li 2021, Eq. 4 to 6; OpenOOD: openood/postprocessors/gradnorm_postprocessor.py",
        ..AFFINE
    },
];

/// The score called `key`.
pub fn score_info(key: &str) -> Option<&'static ScoreInfo> {
    const { &SCORES }.iter().find(|info| info.key == key)
}

/// The keys of all scores, for messages.
pub(super) fn known_scores() -> String {
    SCORES.map(|info| info.key).join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn keys_and_labels_are_distinct_and_defaults_are_in_their_ranges() {
        let distinct = |names: [&str; 17]| names.into_iter().collect::<std::collections::BTreeSet<_>>().len();
        assert_eq!(distinct(SCORES.map(|info| info.key)), 17);
        assert_eq!(distinct(SCORES.map(|info| info.label)), 17);
        for (info, parameter) in SCORES.iter().flat_map(|info| info.parameters.iter().map(move |parameter| (info, parameter))) {
            assert!((parameter.min..=parameter.max).contains(&parameter.default), "{} {}", info.key, parameter.key);
        }
        assert_eq!(score_info("knn").unwrap().label, "KNN");
        assert_eq!(score_info("confidence"), None);
    }
}
