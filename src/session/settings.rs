//! Settings of the analyses and of a network's input, with their defaults.

use serde::{Deserialize, Serialize};

use super::{Axes, DirectionSettings};

/// Named normalization constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NormalizationPreset {
    /// Images stay in [0, 1].
    None,
    /// OpenOOD's CIFAR-10 constants.
    Cifar10,
    /// OpenOOD's CIFAR-100 constants.
    Cifar100,
    /// ImageNet constants.
    Imagenet,
    /// Mean and standard deviation 0.5.
    Half,
    /// The constants of Hendrycks' repositories, in 255ths.
    Hendrycks,
    /// kuangliu's CIFAR-10 constants.
    Kuangliu,
}

/// (x/255 − mean) / std, per RGB channel.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Normalization {
    /// By name.
    Preset(NormalizationPreset),
    /// By value.
    Constants {
        /// Mean per RGB channel, in [0, 1].
        mean: [f64; 3],
        /// Standard deviation per RGB channel, > 0.
        std: [f64; 3],
    },
}

impl Default for Normalization {
    fn default() -> Self {
        Normalization::Preset(NormalizationPreset::Cifar10)
    }
}

impl Normalization {
    /// (mean, std) per RGB channel.
    pub fn constants(&self) -> ([f64; 3], [f64; 3]) {
        match *self {
            Normalization::Constants { mean, std } => (mean, std),
            Normalization::Preset(preset) => match preset {
                NormalizationPreset::None => ([0.0; 3], [1.0; 3]),
                NormalizationPreset::Cifar10 => ([0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616]),
                NormalizationPreset::Cifar100 => ([0.5071, 0.4867, 0.4408], [0.2675, 0.2565, 0.2761]),
                NormalizationPreset::Imagenet => ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
                NormalizationPreset::Half => ([0.5; 3], [0.5; 3]),
                NormalizationPreset::Hendrycks => {
                    ([125.3 / 255.0, 123.0 / 255.0, 113.9 / 255.0], [63.0 / 255.0, 62.1 / 255.0, 66.7 / 255.0])
                }
                NormalizationPreset::Kuangliu => ([0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010]),
            },
        }
    }
}

/// The plane and its grid: L(θ + αδ + βη), `li2018` unless said otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LandscapeSettings {
    /// Number of α and β values when the axes are not given.
    pub grid: [usize; 2],
    /// First and last value of both axes when they are not given; absent = [`Axes::extent`] of the plane.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extent: Option<[f64; 2]>,
    /// Explicit α values, ascending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alpha: Option<Vec<f64>>,
    /// Explicit β values, ascending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beta: Option<Vec<f64>>,
    /// Names of the datasets to evaluate; empty = the ID test data (or the train data when there is none).
    pub datasets: Vec<String>,
    /// Names of semantic-shift datasets that are evaluated beside, taken together: AUROC, FPR@95, OE loss and DR-SAM loss per cell.
    pub ood: Vec<String>,
    /// λ of the DR-SAM loss: cross-entropy + λ · OE loss.
    pub lambda: f64,
    /// Where BatchNorm's statistics come from.
    pub batch_norm: BatchNormPolicy,
    /// When a surface counts as finished.
    pub stop: Stop,
    /// Random planes, with seeds seed, seed + 1, ..., ≥ 1; more than one give a band over directions.
    pub planes: usize,
    /// Checkpoints drawn at their projections onto the plane; absent = all others of the session, unless the plane is random.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<Vec<String>>,
    /// How random directions are drawn.
    pub directions: DirectionSettings,
    /// Where the axes come from.
    pub plane: Axes,
}

/// Where BatchNorm's statistics come from in a cell of a landscape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchNormPolicy {
    /// θ's running statistics in every cell (Li et al. 2018).
    #[default]
    Frozen,
    /// Estimated anew in every cell, over ID training images where the session has some, else over the evaluated ones
    /// (Garipov et al. 2018).
    Reestimated,
    /// Those of each evaluated batch (training mode).
    Batch,
}

impl BatchNormPolicy {
    /// As written in files.
    pub fn key(self) -> &'static str {
        match self {
            BatchNormPolicy::Frozen => "frozen",
            BatchNormPolicy::Reestimated => "reestimated",
            BatchNormPolicy::Batch => "batch",
        }
    }
}

/// When a landscape counts as finished.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// When every cell is computed on all images.
    #[default]
    Exact,
    /// When two standard errors of every estimated cell are within half a contour step of the log scale; what is then not
    /// computed stays marked as estimated.
    Contour,
}

impl Default for LandscapeSettings {
    fn default() -> Self {
        Self {
            grid: [21, 21],
            extent: None,
            alpha: None,
            beta: None,
            datasets: Vec::new(),
            ood: Vec::new(),
            lambda: 0.5,
            batch_norm: BatchNormPolicy::Frozen,
            stop: Stop::Exact,
            planes: 1,
            project: None,
            directions: DirectionSettings::default(),
            plane: Axes::default(),
        }
    }
}

impl LandscapeSettings {
    /// First and last value of both axes when they are not given.
    pub fn extent(&self) -> [f64; 2] {
        self.extent.unwrap_or_else(|| self.plane.extent())
    }

    /// The α and β values. A line has β = 0 alone unless `beta` is given.
    pub fn axes(&self) -> (Vec<f64>, Vec<f64>) {
        let spaced = |n: usize| -> Vec<f64> {
            let [first, last] = self.extent();
            match n {
                0 => Vec::new(),
                1 => vec![0.5 * (first + last)],
                // Symmetric in floating point, so that the centre of an odd grid on a symmetric extent is exactly 0.
                _ => (0..n).map(|i| (first * (n - 1 - i) as f64 + last * i as f64) / (n - 1) as f64).collect(),
            }
        };
        let axis = |given: &Option<Vec<f64>>, n| given.clone().unwrap_or_else(|| spaced(n));
        let beta = match (&self.beta, &self.plane) {
            (None, Axes::Line { .. }) => vec![0.0],
            _ => axis(&self.beta, self.grid[1]),
        };
        (axis(&self.alpha, self.grid[0]), beta)
    }
}

/// The picture of the penultimate features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmbeddingSettings {
    /// t-SNE's perplexity.
    pub perplexity: f64,
    /// t-SNE's iterations.
    pub iterations: usize,
    /// Principal components kept before t-SNE.
    pub components: usize,
    /// Names of the datasets to embed; empty = every ID, CS, near and far dataset.
    pub datasets: Vec<String>,
}

impl Default for EmbeddingSettings {
    fn default() -> Self {
        Self { perplexity: 30.0, iterations: 1000, components: 50, datasets: Vec::new() }
    }
}

/// The detection scores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScoreSettings {
    /// Temperature T of the energy score T·logsumexp(z/T), > 0.
    pub temperature: f64,
    /// Bins of the histograms.
    pub bins: usize,
}

impl Default for ScoreSettings {
    fn default() -> Self {
        Self { temperature: 1.0, bins: 60 }
    }
}
