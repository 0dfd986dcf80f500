//! Settings of the analyses and of a network's input, with their defaults.

use serde::{Deserialize, Serialize};

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

impl NormalizationPreset {
    /// All of them, in the order in which they are offered.
    pub const ALL: [NormalizationPreset; 7] = [
        NormalizationPreset::None,
        NormalizationPreset::Cifar10,
        NormalizationPreset::Cifar100,
        NormalizationPreset::Imagenet,
        NormalizationPreset::Half,
        NormalizationPreset::Hendrycks,
        NormalizationPreset::Kuangliu,
    ];
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
    /// As shown to people.
    pub fn label(&self) -> &'static str {
        match self {
            Normalization::Constants { .. } => "constants of its own",
            Normalization::Preset(preset) => match preset {
                NormalizationPreset::None => "none",
                NormalizationPreset::Cifar10 => "CIFAR-10",
                NormalizationPreset::Cifar100 => "CIFAR-100",
                NormalizationPreset::Imagenet => "ImageNet",
                NormalizationPreset::Half => "0.5 ± 0.5",
                NormalizationPreset::Hendrycks => "Hendrycks",
                NormalizationPreset::Kuangliu => "kuangliu",
            },
        }
    }

    /// What can be chosen in its place: the presets, and itself where it is none of them.
    pub fn choices(&self) -> Vec<Self> {
        let own = matches!(self, Normalization::Constants { .. }).then_some(*self);
        NormalizationPreset::ALL.into_iter().map(Normalization::Preset).chain(own).collect()
    }

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

impl ScoreSettings {
    /// Bins at most.
    const BINS: usize = 10_000;

    /// Whether the histograms are of a size that can be drawn; the message says what was expected and found.
    ///
    /// # Errors
    /// When they are not.
    pub fn check(&self) -> Result<(), String> {
        if self.bins > Self::BINS {
            return Err(format!("expected at most {} `bins` in [scores], found {}", Self::BINS, self.bins));
        }
        Ok(())
    }
}
