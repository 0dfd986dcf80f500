//! [`Normalization`]: the normalization of a network's inputs.

use std::collections::BTreeMap;

use serde::de::{Error, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
    /// The constants of PyTorch's MNIST example, for grey images.
    Mnist,
    /// (x − 127) / 128 of pixels x in 0..255, as in networks converted from TFLite.
    Tflite,
    /// The constants of OpenAI's CLIP.
    Clip,
    /// The constants of Inception networks: those of [`NormalizationPreset::Half`], under the name that timm gives them.
    Inception,
}

impl NormalizationPreset {
    /// All of them, in the order in which they are offered.
    pub const ALL: [NormalizationPreset; 11] = [
        NormalizationPreset::None,
        NormalizationPreset::Cifar10,
        NormalizationPreset::Cifar100,
        NormalizationPreset::Imagenet,
        NormalizationPreset::Half,
        NormalizationPreset::Hendrycks,
        NormalizationPreset::Kuangliu,
        NormalizationPreset::Mnist,
        NormalizationPreset::Tflite,
        NormalizationPreset::Clip,
        NormalizationPreset::Inception,
    ];

    /// As written in files.
    pub fn key(self) -> &'static str {
        match self {
            NormalizationPreset::None => "none",
            NormalizationPreset::Cifar10 => "cifar10",
            NormalizationPreset::Cifar100 => "cifar100",
            NormalizationPreset::Imagenet => "imagenet",
            NormalizationPreset::Half => "half",
            NormalizationPreset::Hendrycks => "hendrycks",
            NormalizationPreset::Kuangliu => "kuangliu",
            NormalizationPreset::Mnist => "mnist",
            NormalizationPreset::Tflite => "tflite",
            NormalizationPreset::Clip => "clip",
            NormalizationPreset::Inception => "inception",
        }
    }
}

/// (x/255 − mean) / std, per channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Normalization {
    /// By name.
    Preset(NormalizationPreset),
    /// By value, of RGB images.
    Constants {
        /// Mean per RGB channel, in [−1, 1].
        mean: [f64; 3],
        /// Standard deviation per RGB channel, > 0.
        std: [f64; 3],
    },
    /// By value, of grey images.
    Grey {
        /// Mean, in [−1, 1].
        mean: f64,
        /// Standard deviation, > 0.
        std: f64,
    },
}

impl Default for Normalization {
    fn default() -> Self {
        Normalization::Preset(NormalizationPreset::Cifar10)
    }
}

/// Largest plausible mean of pixels in [0, 1]. A larger one is that of pixels in 0..255.
const MAX_MEAN: f64 = 1.0;
/// Largest plausible standard deviation of pixels in [0, 1].
const MAX_STD: f64 = 2.0;

impl Normalization {
    /// As shown to the user.
    pub fn label(&self) -> &'static str {
        match self {
            Normalization::Constants { .. } | Normalization::Grey { .. } => "constants of its own",
            Normalization::Preset(preset) => match preset {
                NormalizationPreset::None => "none",
                NormalizationPreset::Cifar10 => "CIFAR-10",
                NormalizationPreset::Cifar100 => "CIFAR-100",
                NormalizationPreset::Imagenet => "ImageNet",
                NormalizationPreset::Half => "0.5 ± 0.5",
                NormalizationPreset::Hendrycks => "Hendrycks",
                NormalizationPreset::Kuangliu => "kuangliu",
                NormalizationPreset::Mnist => "MNIST",
                NormalizationPreset::Tflite => "TFLite",
                NormalizationPreset::Clip => "CLIP",
                NormalizationPreset::Inception => "Inception",
            },
        }
    }

    /// The alternatives to offer: the presets, and itself if it is none of them.
    pub fn choices(&self) -> Vec<Self> {
        let own = (!matches!(self, Normalization::Preset(_))).then_some(*self);
        NormalizationPreset::ALL.into_iter().map(Normalization::Preset).chain(own).collect()
    }

    /// (mean, std): three values each, or one of grey images.
    pub fn values(&self) -> (Vec<f64>, Vec<f64>) {
        let (mean, std) = self.constants();
        let count = if self.is_grey() { 1 } else { 3 };
        (mean[..count].to_vec(), std[..count].to_vec())
    }

    /// (mean, std) per RGB channel; of grey images the one value three times.
    pub fn constants(&self) -> ([f64; 3], [f64; 3]) {
        match *self {
            Normalization::Constants { mean, std } => (mean, std),
            Normalization::Grey { mean, std } => ([mean; 3], [std; 3]),
            Normalization::Preset(preset) => match preset {
                NormalizationPreset::None => ([0.0; 3], [1.0; 3]),
                NormalizationPreset::Cifar10 => ([0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616]),
                NormalizationPreset::Cifar100 => ([0.5071, 0.4867, 0.4408], [0.2675, 0.2565, 0.2761]),
                NormalizationPreset::Imagenet => ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
                NormalizationPreset::Half | NormalizationPreset::Inception => ([0.5; 3], [0.5; 3]),
                NormalizationPreset::Hendrycks => {
                    ([125.3 / 255.0, 123.0 / 255.0, 113.9 / 255.0], [63.0 / 255.0, 62.1 / 255.0, 66.7 / 255.0])
                }
                NormalizationPreset::Kuangliu => ([0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010]),
                NormalizationPreset::Mnist => ([0.1307; 3], [0.3081; 3]),
                NormalizationPreset::Tflite => ([127.0 / 255.0; 3], [128.0 / 255.0; 3]),
                NormalizationPreset::Clip => ([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]),
            },
        }
    }

    /// Whether it is for grey images only.
    fn is_grey(&self) -> bool {
        matches!(self, Normalization::Grey { .. } | Normalization::Preset(NormalizationPreset::Mnist))
    }

    /// (mean, std) of each of the `channels` of a network's input.
    ///
    /// # Errors
    /// When the constants are for another number of channels. Three equal RGB constants are valid for grey images too.
    pub fn for_channels(&self, channels: i64) -> Result<(Vec<f64>, Vec<f64>), String> {
        let (mean, std) = self.constants();
        let is_equal = |values: [f64; 3]| values == [values[0]; 3];
        let said = || {
            let (mean, std) = self.values();
            let name = match self {
                Normalization::Preset(preset) => format!("\"{}\", ", preset.key()),
                Normalization::Constants { .. } | Normalization::Grey { .. } => String::new(),
            };
            format!("{name}mean = {mean:?}, std = {std:?}")
        };
        match channels {
            1 if is_equal(mean) && is_equal(std) => Ok((mean[..1].to_vec(), std[..1].to_vec())),
            1 => Err(format!(
                "the network takes grey images (1 channel): expected a `normalization` of one mean and one standard deviation, as \
                 \"mnist\", \"none\" or {{ mean = [0.1307], std = [0.3081] }}, found those of three channels ({})",
                said()
            )),
            3 if !self.is_grey() => Ok((mean.to_vec(), std.to_vec())),
            3 => Err(format!(
                "the network takes RGB images (3 channels): expected a `normalization` of three means and standard deviations, found one of \
                 grey images ({})",
                said()
            )),
            other => Err(format!("expected a network with 1 or 3 input channels, found {other}")),
        }
    }

    /// The constants, with the number of values that is given.
    fn of_values(mean: &[f64], std: &[f64]) -> Result<Self, String> {
        let count = |what: &str, values: &[f64]| match values.len() {
            1 | 3 => Ok(()),
            found => Err(format!("expected one value (grey images) or three (RGB) in `{what}` of a normalization, found {found}")),
        };
        count("mean", mean)?;
        count("std", std)?;
        if let Some(bad) = mean.iter().chain(std).find(|value| !value.is_finite()) {
            return Err(format!("expected finite numbers in a normalization, found {bad}"));
        }
        if let Some(bad) = std.iter().find(|value| **value <= 0.0) {
            return Err(format!("expected standard deviations above 0 in `std` of a normalization, found {bad}"));
        }
        if mean.iter().any(|value| value.abs() > MAX_MEAN) || std.iter().any(|value| *value > MAX_STD) {
            let scaled = |values: &[f64]| values.iter().map(|value| format!("{:.4}", value / 255.0)).collect::<Vec<_>>().join(", ");
            return Err(format!(
                "expected a normalization of pixels in [0, 1], found mean = {mean:?}, std = {std:?}; of pixels in 0..255 it is mean = [{}], \
                 std = [{}]",
                scaled(mean),
                scaled(std)
            ));
        }
        match (mean, std) {
            (&[mean], &[std]) => Ok(Normalization::Grey { mean, std }),
            (&[a, b, c], &[d, e, f]) => Ok(Normalization::Constants { mean: [a, b, c], std: [d, e, f] }),
            _ => Err(format!("expected as many values in `mean` as in `std` of a normalization, found {} and {}", mean.len(), std.len())),
        }
    }
}

/// As stored in files.
#[derive(Serialize)]
struct Written {
    mean: Vec<f64>,
    std: Vec<f64>,
}

impl Serialize for Normalization {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Normalization::Preset(preset) => preset.serialize(serializer),
            Normalization::Constants { .. } | Normalization::Grey { .. } => {
                let (mean, std) = self.values();
                Written { mean, std }.serialize(serializer)
            }
        }
    }
}

/// Every accepted form of the value.
#[derive(Deserialize)]
#[serde(untagged)]
enum Found {
    Text(String),
    Number(f64),
    List(Vec<Found>),
    Table(BTreeMap<String, Found>),
    Other(IgnoredAny),
}

impl Found {
    fn kind(&self) -> String {
        match self {
            Found::Text(text) => format!("\"{text}\""),
            Found::Number(number) => number.to_string(),
            Found::List(items) => format!("a list of {}", items.len()),
            Found::Table(table) => match table.is_empty() {
                true => "an empty table".into(),
                false => format!("a table of {}", table.keys().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")),
            },
            Found::Other(_) => "another value".into(),
        }
    }

    /// The numbers of a list, or a single number.
    fn numbers(&self, what: &str) -> Result<Vec<f64>, String> {
        let wrong = |found: &Found| format!("expected numbers in `{what}` of a normalization, found {}", found.kind());
        let number = |item: &Found| if let Found::Number(number) = item { Ok(*number) } else { Err(wrong(item)) };
        match self {
            Found::List(items) => items.iter().map(number).collect(),
            Found::Number(_) | Found::Text(_) | Found::Table(_) | Found::Other(_) => number(self).map(|number| vec![number]),
        }
    }

    fn normalization(&self) -> Result<Normalization, String> {
        let names = || NormalizationPreset::ALL.map(|preset| format!("\"{}\"", preset.key())).join(", ");
        let expected = || {
            format!(
                "expected a normalization, one of {} or {{ mean = [..], std = [..] }} of pixels in [0, 1], found {}",
                names(),
                self.kind()
            )
        };
        match self {
            Found::Text(text) => {
                let preset = NormalizationPreset::ALL.into_iter().find(|preset| preset.key() == text);
                preset.map(Normalization::Preset).ok_or_else(expected)
            }
            Found::Table(table) => match (table.get("mean"), table.get("std")) {
                (Some(mean), Some(std)) if table.len() == 2 => Normalization::of_values(&mean.numbers("mean")?, &std.numbers("std")?),
                _ => Err(expected()),
            },
            Found::Number(_) | Found::List(_) | Found::Other(_) => Err(expected()),
        }
    }
}

impl<'de> Deserialize<'de> for Normalization {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Found::deserialize(deserializer)?.normalization().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
