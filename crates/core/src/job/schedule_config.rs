//! [`ScheduleConfig`]: `[schedule]` of a run file.

use serde::{Deserialize, Serialize};

/// How the learning rate changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct ScheduleConfig {
    /// What it does over the run.
    pub decay: Decay,
    /// The warm-up; `None` = it begins with the full learning rate.
    pub warmup: Option<WarmupConfig>,
}

/// What the learning rate does over a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decay {
    /// Nothing.
    Constant,
    /// PyTorch's ReduceLROnPlateau on the ID validation cross-entropy, stepped once an epoch.
    Plateau {
        /// Bad epochs that are tolerated.
        patience: usize,
        /// Factor at a reduction.
        factor: f64,
    },
    /// Cosine per step to 1e-6, from the end of the warm-up on.
    Cosine,
}

impl Default for Decay {
    fn default() -> Self {
        Decay::Plateau { patience: 5, factor: 0.1 }
    }
}

impl From<Decay> for ScheduleConfig {
    fn from(decay: Decay) -> Self {
        Self { decay, warmup: None }
    }
}

/// A linear rise of the learning rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WarmupConfig {
    /// How long it takes.
    pub length: WarmupLength,
    /// Factor of the learning rate at the first step, above 0 to 1, as in torch.optim.lr_scheduler.LinearLR; `None` = one of so many
    /// steps, so that step k of n has the factor k/n.
    pub start: Option<f64>,
}

/// How long a warm-up takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarmupLength {
    /// Steps of the optimizer, ≥ 1.
    Steps(usize),
    /// Epochs, ≥ 1.
    Epochs(usize),
}

/// As written in a run file.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(default)]
    kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    patience: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    factor: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    warmup: Option<WarmupFields>,
}

#[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Constant,
    #[default]
    Plateau,
    Cosine,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected `warmup` as a number of steps, { epochs = .. } or { steps = .., start = .. }")]
enum WarmupFields {
    Steps(usize),
    Table(WarmupTable),
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WarmupTable {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    steps: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epochs: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start: Option<f64>,
}

impl TryFrom<Fields> for ScheduleConfig {
    type Error = String;

    fn try_from(fields: Fields) -> Result<Self, String> {
        let decay = match (fields.kind, Decay::default()) {
            (Kind::Plateau, Decay::Plateau { patience, factor }) => {
                Decay::Plateau { patience: fields.patience.unwrap_or(patience), factor: fields.factor.unwrap_or(factor) }
            }
            (Kind::Plateau, other) => other,
            (Kind::Constant, _) => Decay::Constant,
            (Kind::Cosine, _) => Decay::Cosine,
        };
        if fields.kind != Kind::Plateau && (fields.patience.is_some() || fields.factor.is_some()) {
            return Err("[schedule] expected `patience` and `factor` with kind = \"plateau\" only, found them with another".into());
        }
        Ok(Self { decay, warmup: fields.warmup.map(warmup).transpose()?.flatten() })
    }
}

/// `None` for 0 steps: a sweep may have 0 among its values.
fn warmup(fields: WarmupFields) -> Result<Option<WarmupConfig>, String> {
    let (length, start) = match fields {
        WarmupFields::Steps(steps) => (WarmupLength::Steps(steps), None),
        WarmupFields::Table(WarmupTable { steps: Some(steps), epochs: None, start }) => (WarmupLength::Steps(steps), start),
        WarmupFields::Table(WarmupTable { steps: None, epochs: Some(epochs), start }) => (WarmupLength::Epochs(epochs), start),
        WarmupFields::Table(WarmupTable { steps, .. }) => {
            let found = if steps.is_some() { "both" } else { "neither" };
            return Err(format!("[schedule] expected `steps` or `epochs` in `warmup`, found {found}"));
        }
    };
    if let Some(start) = start.filter(|start| !(*start > 0.0 && *start <= 1.0)) {
        return Err(format!("[schedule] expected `start` of the warm-up above 0 to 1, found {start}"));
    }
    let none = matches!(length, WarmupLength::Steps(0) | WarmupLength::Epochs(0));
    Ok((!none).then_some(WarmupConfig { length, start }))
}

impl From<ScheduleConfig> for Fields {
    fn from(config: ScheduleConfig) -> Self {
        let (kind, patience, factor) = match config.decay {
            Decay::Constant => (Kind::Constant, None, None),
            Decay::Plateau { patience, factor } => (Kind::Plateau, Some(patience), Some(factor)),
            Decay::Cosine => (Kind::Cosine, None, None),
        };
        let warmup = config.warmup.map(|WarmupConfig { length, start }| match (length, start) {
            (WarmupLength::Steps(steps), None) => WarmupFields::Steps(steps),
            (WarmupLength::Steps(steps), start) => WarmupFields::Table(WarmupTable { steps: Some(steps), epochs: None, start }),
            (WarmupLength::Epochs(epochs), start) => WarmupFields::Table(WarmupTable { steps: None, epochs: Some(epochs), start }),
        });
        Self { kind, patience, factor, warmup }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(text: &str) -> Result<ScheduleConfig, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn old_run_files_keep_their_meaning_and_their_text() {
        for (text, decay) in [
            ("kind = \"plateau\"\npatience = 3\nfactor = 0.5\n", Decay::Plateau { patience: 3, factor: 0.5 }),
            ("kind = \"cosine\"\n", Decay::Cosine),
            ("kind = \"constant\"\n", Decay::Constant),
        ] {
            let schedule = read(text).unwrap();
            assert_eq!(schedule, decay.into());
            assert_eq!(toml::to_string(&schedule).unwrap(), text);
        }
        assert_eq!(read("kind = \"plateau\"").unwrap(), ScheduleConfig::default());
    }

    #[test]
    fn a_warm_up_is_a_number_of_steps_or_epochs() {
        let of = |length, start| Some(WarmupConfig { length, start });
        for (text, expected) in [
            ("warmup = 500", of(WarmupLength::Steps(500), None)),
            ("warmup = { epochs = 5 }", of(WarmupLength::Epochs(5), None)),
            ("kind = \"cosine\"\nwarmup = { steps = 20, start = 0.1 }", of(WarmupLength::Steps(20), Some(0.1))),
            ("warmup = 0", None),
        ] {
            let schedule = read(text).unwrap();
            assert_eq!(schedule.warmup, expected, "{text}");
            assert_eq!(read(&toml::to_string(&schedule).unwrap()).unwrap(), schedule);
        }
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        for (text, expected) in [
            ("warmup = -1", "a number of steps"),
            ("warmup = 2.5", "a number of steps"),
            ("warmup = { steps = 1, epochs = 1 }", "found both"),
            ("warmup = { start = 0.5 }", "found neither"),
            ("warmup = { steps = 5, start = 0.0 }", "above 0 to 1, found 0"),
            ("warmup = { steps = 5, start = 1.5 }", "found 1.5"),
            ("kind = \"cosine\"\npatience = 3", "`patience`"),
            ("kind = \"linear\"", "linear"),
            ("warm_up = 5", "warm_up"),
        ] {
            let message = read(text).unwrap_err();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}
