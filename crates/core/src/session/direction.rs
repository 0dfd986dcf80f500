//! How random directions are drawn and scaled: presets by name, and the settings that override them.
//!
//! Sources: Li et al. 2018 (arXiv 1712.09913, section 4) and the code of the tools that are named; `docs/landscape.md` says what each
//! preset reproduces and what it cannot.

use serde::{Deserialize, Serialize};

/// Law of a direction's entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Law {
    /// N(0, 1)
    Normal,
    /// U[0, 1)
    Uniform,
}

/// How tensors of at least two dimensions are scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scaling {
    /// Every filter, that is every output index, gets the norm of the weight's filter.
    Filter,
    /// Every tensor gets the norm of the weight's tensor.
    Layer,
    /// Every entry is multiplied by the weight's entry.
    Weight,
    /// Draws are not scaled.
    None,
    /// For each position behind the first dimension, the entries across outputs get the norm of the weight's (xxxnell).
    AcrossOutputs,
    /// Every tensor gets root mean square 1 (Landscaper 1.3.1).
    UnitRms,
}

/// The directions of tensors of fewer than two dimensions, if they move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OneDimensional {
    /// As a tensor of more dimensions would under [`Scaling::Layer`], [`Scaling::Weight`], [`Scaling::None`] or
    /// [`Scaling::UnitRms`]; as a whole vector with the weight's norm under the others.
    Vector,
    /// The weight itself, d = w.
    Weight,
    /// ±|w| for each entry, the sign that of the draw.
    Magnitude,
}

/// How the axes are made orthogonal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Orthogonalization {
    /// Not at all.
    None,
    /// In each unit of the scaling (filter or tensor) the part of η along δ is removed and its length restored: norms and right angle are exact.
    PerUnit,
    /// Draws: r − (⟨r, d⟩/|d|²) d over all parameters, before they are scaled.
    Draws,
    /// Draws: r − ⟨r, d⟩ d, without the division.
    DrawsUndivided,
    /// Scaled directions: η − ⟨η, δ⟩ δ, without the division, then scaled again.
    ScaledUndivided,
}

/// A definition by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Li et al. 2018: `--dir_type weights --xnorm filter --xignore biasbn` of tomgoldstein/loss-landscape.
    #[default]
    Li2018,
    /// tomgoldstein/loss-landscape with `--xnorm filter` but without `--xignore`: 1-D tensors d = w on both axes.
    Tomgoldstein,
    /// loss-landscapes 3.0.6 (PyPI), `normalization="filter"`; α = 0.5 is the edge of its window at `distance = 1`.
    LossLandscapes,
    /// GabdullinN/LLA, filter normalization.
    Lla,
    /// Landscaper 1.3.1 (PyPI), random directions; α is its `distance`.
    Landscaper,
    /// xxxnell/how-do-vits-work and its copies.
    Xxxnell,
    /// PascalSun/LossLandscape.
    Pascalsun,
}

impl Preset {
    /// As written in files.
    pub fn key(self) -> &'static str {
        match self {
            Preset::Li2018 => "li2018",
            Preset::Tomgoldstein => "tomgoldstein",
            Preset::LossLandscapes => "loss_landscapes",
            Preset::Lla => "lla",
            Preset::Landscaper => "landscaper",
            Preset::Xxxnell => "xxxnell",
            Preset::Pascalsun => "pascalsun",
        }
    }

    fn rule(self) -> DirectionRule {
        let li2018 = DirectionRule {
            law: Law::Normal,
            normalization: Scaling::Filter,
            one_dimensional: OneDimensional::Vector,
            bias: false,
            batch_norm: false,
            orthogonalization: Orthogonalization::None,
            model_length: false,
            layers: Vec::new(),
        };
        let all = DirectionRule { bias: true, batch_norm: true, ..li2018.clone() };
        match self {
            Preset::Li2018 => li2018,
            Preset::Tomgoldstein => DirectionRule { one_dimensional: OneDimensional::Weight, ..all },
            Preset::LossLandscapes => DirectionRule {
                law: Law::Uniform,
                one_dimensional: OneDimensional::Magnitude,
                orthogonalization: Orthogonalization::Draws,
                model_length: true,
                ..all
            },
            Preset::Lla => DirectionRule { law: Law::Uniform, orthogonalization: Orthogonalization::Draws, ..all },
            Preset::Landscaper => DirectionRule {
                normalization: Scaling::UnitRms,
                orthogonalization: Orthogonalization::DrawsUndivided,
                model_length: true,
                ..all
            },
            Preset::Xxxnell => DirectionRule { normalization: Scaling::AcrossOutputs, ..li2018 },
            Preset::Pascalsun => {
                DirectionRule { normalization: Scaling::Layer, orthogonalization: Orthogonalization::ScaledUndivided, ..all }
            }
        }
    }
}

/// `[landscape.directions]`: a preset and the values that override it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DirectionSettings {
    /// The preset.
    pub preset: Preset,
    /// Replaces the preset's scaling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub normalization: Option<Scaling>,
    /// `true`: axes at an exact right angle with every norm kept; `false`: as drawn, whatever the preset does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orthogonal: Option<bool>,
    /// Whether biases move.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bias: Option<bool>,
    /// Whether scale and shift of BatchNorm move.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_norm: Option<bool>,
    /// Globs on the names of tensors, e.g. `layer3.*`; only tensors that match one move. Empty = all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<String>,
}

impl DirectionSettings {
    /// The definition in full.
    pub fn rule(&self) -> DirectionRule {
        let rule = self.preset.rule();
        DirectionRule {
            normalization: self.normalization.unwrap_or(rule.normalization),
            bias: self.bias.unwrap_or(rule.bias),
            batch_norm: self.batch_norm.unwrap_or(rule.batch_norm),
            orthogonalization: match self.orthogonal {
                Some(true) => Orthogonalization::PerUnit,
                Some(false) => Orthogonalization::None,
                None => rule.orthogonalization,
            },
            layers: self.layers.clone(),
            ..rule
        }
    }
}

/// A definition in full: what a result's manifest records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectionRule {
    /// Law of the draws.
    pub law: Law,
    /// Scaling of tensors of at least two dimensions.
    pub normalization: Scaling,
    /// Scaling of the others, where they move.
    pub one_dimensional: OneDimensional,
    /// Whether biases (every 1-D tensor that is not BatchNorm's) move.
    pub bias: bool,
    /// Whether BatchNorm's scale and shift move.
    pub batch_norm: bool,
    /// Angle between the axes.
    pub orthogonalization: Orthogonalization,
    /// Whether each axis is finally scaled as a whole to ‖θ‖.
    pub model_length: bool,
    /// Globs of the tensors that move; empty = all.
    pub layers: Vec<String>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn settings_start_from_a_preset_and_change_what_they_name() {
        let read = |text: &str| toml::from_str::<DirectionSettings>(text);
        assert_eq!(read("").unwrap(), DirectionSettings::default());
        let rule = read("preset = \"xxxnell\"\northogonal = true\nbias = true\nlayers = [\"layer3.*\"]").unwrap().rule();
        assert_eq!((rule.normalization, rule.orthogonalization), (Scaling::AcrossOutputs, Orthogonalization::PerUnit));
        assert!(rule.bias && !rule.batch_norm && rule.layers == ["layer3.*"]);
        assert_eq!(read("normalization = \"layer\"").unwrap().rule().normalization, Scaling::Layer);
        assert!(read("normalisation = \"layer\"").unwrap_err().to_string().contains("normalisation"));
        assert!(read("preset = \"li\"").unwrap_err().to_string().contains("li2018"));
    }

    #[test]
    fn every_preset_has_the_key_that_files_use() {
        for preset in [
            Preset::Li2018,
            Preset::Tomgoldstein,
            Preset::LossLandscapes,
            Preset::Lla,
            Preset::Landscaper,
            Preset::Xxxnell,
            Preset::Pascalsun,
        ] {
            assert_eq!(serde_json::to_value(preset).unwrap(), preset.key());
        }
    }
}
