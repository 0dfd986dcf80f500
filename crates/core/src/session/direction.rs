//! How random directions are drawn and scaled: presets by name, and the settings that override them.
//!
//! Sources: Li et al. 2018 (arXiv 1712.09913, section 4) and the code of the tools that are named; `docs/landscape.md` says what each
//! preset reproduces and what it cannot.

use serde::{Deserialize, Serialize};

use super::{Filter, FilterChoice};

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
            filters: Vec::new(),
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
    /// Replaces the preset's directions of 1-D tensors, if they move.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_dimensional: Option<OneDimensional>,
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
    /// What one filter is, for tensors in which it is not one index of the first dimension.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<FilterChoice>,
}

impl DirectionSettings {
    /// Whether its settings fit together; the message says what was expected and found.
    ///
    /// # Errors
    /// When an entry of `filters` names no tensors, or scales filters while `normalization` scales something else.
    pub fn check(&self) -> Result<(), String> {
        let normalization = self.rule().normalization;
        for choice in &self.filters {
            let label = choice.label();
            if choice.tensors.is_empty() {
                return Err(format!("expected globs in `tensors` of each of `filters`, found none (filter{label})"));
            }
            if choice.filter != Filter::Fixed && normalization != Scaling::Filter {
                return Err(format!(
                    "expected `normalization = \"filter\"` beside `filters` (`{label}`), found `{}`, which scales no filters: remove \
                     one of the two",
                    serde_json::json!(normalization)
                ));
            }
        }
        Ok(())
    }

    /// What filters and 1-D tensors are, where the session says so, as said below figures; `None` where it does not.
    pub fn filter_label(&self) -> Option<String> {
        let one_dimensional = self.one_dimensional.map(|rule| match rule {
            OneDimensional::Vector => "1-D tensors as a whole".to_owned(),
            OneDimensional::Weight => "1-D tensors d = w".to_owned(),
            OneDimensional::Magnitude => "1-D tensors ±|w|".to_owned(),
        });
        let said: Vec<String> = self.filters.iter().map(FilterChoice::label).chain(one_dimensional).collect();
        (!said.is_empty()).then(|| format!("filters: {}", said.join("; ")))
    }

    /// The definition in full.
    pub fn rule(&self) -> DirectionRule {
        let rule = self.preset.rule();
        DirectionRule {
            normalization: self.normalization.unwrap_or(rule.normalization),
            one_dimensional: self.one_dimensional.unwrap_or(rule.one_dimensional),
            bias: self.bias.unwrap_or(rule.bias),
            batch_norm: self.batch_norm.unwrap_or(rule.batch_norm),
            orthogonalization: match self.orthogonal {
                Some(true) => Orthogonalization::PerUnit,
                Some(false) => Orthogonalization::None,
                None => rule.orthogonalization,
            },
            layers: self.layers.clone(),
            filters: self.filters.clone(),
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
    /// What one filter is, for tensors in which it is not one index of the first dimension; absent in older files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<FilterChoice>,
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
    fn absent_settings_are_not_written_so_that_old_results_are_found() {
        assert_eq!(serde_json::to_string(&DirectionSettings::default()).unwrap(), r#"{"preset":"li2018"}"#);
        let rule = r#"{"law":"normal","normalization":"filter","one_dimensional":"vector","bias":false,"batch_norm":false,"orthogonalization":"none","model_length":false,"layers":[]}"#;
        assert_eq!(serde_json::to_string(&DirectionSettings::default().rule()).unwrap(), rule);
        assert_eq!(serde_json::from_str::<DirectionRule>(rule).unwrap(), DirectionSettings::default().rule());
        assert_eq!(DirectionSettings::default().filter_label(), None);
    }

    #[test]
    fn filters_are_named_by_globs_and_said_in_words() {
        let read = |text: &str| toml::from_str::<DirectionSettings>(text);
        let text = "one_dimensional = \"weight\"\nfilters = [{ tensors = [\"*.in_proj_weight\", \"*.qkv.weight\"], filter = { rows = 64 } }, \
                    { tensors = [\"pos\"], filter = { dim = 1 } }, { tensors = [\"a\"], filter = \"tensor\" }, { tensors = [\"b\"], filter = \"fixed\" }]";
        let settings = read(text).unwrap();
        assert_eq!(settings.check(), Ok(()));
        assert_eq!(read(&toml::to_string(&settings).unwrap()).unwrap(), settings);
        let rule = settings.rule();
        assert_eq!((rule.one_dimensional, rule.filters.len(), rule.filters[1].filter), (OneDimensional::Weight, 4, Filter::Dim(1)));
        let label = "filters: *.in_proj_weight, *.qkv.weight by 64 rows; pos by dimension 1; a as a whole; b fixed; 1-D tensors d = w";
        assert_eq!(settings.filter_label().as_deref(), Some(label));
        assert!(read("filters = [{ tensors = [\"a\"], filter = { rows = 0 } }]").unwrap_err().to_string().contains("nonzero"));
        let told = |text: &str| read(text).unwrap().check().unwrap_err();
        assert!(told("filters = [{ tensors = [], filter = \"fixed\" }]").contains("expected globs in `tensors`"));
        let other = told("normalization = \"layer\"\nfilters = [{ tensors = [\"a\"], filter = \"tensor\" }]");
        assert!(other.contains("a as a whole") && other.contains("\"layer\""), "{other}");
        let fixed = read("normalization = \"layer\"\nfilters = [{ tensors = [\"a\"], filter = \"fixed\" }]").unwrap();
        assert_eq!(fixed.check(), Ok(()));
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
