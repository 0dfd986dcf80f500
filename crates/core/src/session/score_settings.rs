//! [`ScoreSettings`]: which detection scores, and with which hyperparameters.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ScoreInfo;
use super::score_info::{known_scores, score_info};

/// Hyperparameters: score → key → value.
pub type ScoreParameters = BTreeMap<String, BTreeMap<String, Value>>;

/// The scores of sessions that name none: `msp` and `energy`.
pub fn default_scores() -> Vec<String> {
    ["msp", "energy"].map(str::to_owned).into()
}

/// Whether these are the [`default_scores`].
pub fn are_default_scores(names: &[String]) -> bool {
    names == default_scores()
}

/// The detection scores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Entries", into = "Entries")]
pub struct ScoreSettings {
    /// Temperature T of the energy score T·logsumexp(z/T), > 0.
    pub temperature: f64,
    /// Bins of the histograms.
    pub bins: usize,
    /// Keys of the scores, in the order of the results; see [`SCORES`](super::SCORES).
    pub names: Vec<String>,
    /// Hyperparameters that are stated; the others have their defaults.
    pub parameters: ScoreParameters,
}

impl Default for ScoreSettings {
    fn default() -> Self {
        Self { temperature: 1.0, bins: 60, names: default_scores(), parameters: ScoreParameters::new() }
    }
}

impl ScoreSettings {
    /// Largest number of bins.
    const BINS: usize = 10_000;

    /// Whether the histograms can be drawn; the message says what was expected and found.
    ///
    /// # Errors
    /// When they are not.
    pub fn check(&self) -> Result<(), String> {
        if self.bins > Self::BINS {
            return Err(format!("expected at most {} `bins` in [scores], found {}", Self::BINS, self.bins));
        }
        Ok(())
    }

    /// Descriptions of the chosen scores, in their order.
    ///
    /// # Errors
    /// When a score or a hyperparameter is not known, is named twice or has a value out of range. The message lists those that are known.
    pub fn chosen(&self) -> Result<Vec<&'static ScoreInfo>, String> {
        if self.names.is_empty() {
            return Err(format!("expected at least one score in `names` out of {}, found none", known_scores()));
        }
        let mut chosen: Vec<&'static ScoreInfo> = Vec::new();
        for name in &self.names {
            let info = score_info(name).ok_or_else(|| format!("expected a score out of {}, found `{name}`", known_scores()))?;
            if chosen.contains(&info) {
                return Err(format!("expected every score once in `names`, found `{name}` twice"));
            }
            chosen.push(info);
        }
        for (name, values) in &self.parameters {
            let info = score_info(name).ok_or_else(|| format!("expected a score out of {}, found `{name}`", known_scores()))?;
            info.resolve(values)?;
        }
        Ok(chosen)
    }

    /// Those hyperparameters of the chosen scores that differ from their defaults: what the results depend on beside the names.
    pub fn changed(&self) -> ScoreParameters {
        let is_changed = |info: &ScoreInfo, key: &String, value: &Value| {
            info.parameters.iter().any(|parameter| parameter.key == key && value.as_f64() != Some(parameter.default))
        };
        let of_score = |name: &String| {
            let (info, values) = (score_info(name)?, self.parameters.get(name)?);
            let kept = values.iter().filter(|(key, value)| is_changed(info, key, value));
            let kept: BTreeMap<String, Value> = kept.map(|(key, value)| (key.clone(), value.clone())).collect();
            (!kept.is_empty()).then(|| (name.clone(), kept))
        };
        self.names.iter().filter_map(of_score).collect()
    }
}

impl ScoreInfo {
    /// Every hyperparameter, those that `values` does not have with their defaults.
    ///
    /// # Errors
    /// When there is no such hyperparameter or a value is out of range.
    pub fn resolve(&self, values: &BTreeMap<String, Value>) -> Result<BTreeMap<&'static str, f64>, String> {
        let known: Vec<&str> = self.parameters.iter().map(|parameter| parameter.key).collect();
        if let Some(found) = values.keys().find(|key| !known.contains(&key.as_str())) {
            let known =
                if known.is_empty() { "no hyperparameters".to_owned() } else { format!("hyperparameters out of {}", known.join(", ")) };
            return Err(format!("score `{}`: expected {known}, found `{found}`", self.key));
        }
        let mut resolved = BTreeMap::new();
        for parameter in self.parameters {
            let found = values.get(parameter.key);
            let fits = |number: &f64| (parameter.min..=parameter.max).contains(number) && (!parameter.whole || number.fract() == 0.0);
            let value = found.map_or(Some(parameter.default), Value::as_f64).filter(fits).ok_or_else(|| {
                let (min, max) = (parameter.min, parameter.max);
                let number = if parameter.whole { "whole number" } else { "number" };
                let found = found.map(Value::to_string).unwrap_or_default();
                format!("score `{}`: expected `{}` to be a {number} from {min} to {max}, found {found}", self.key, parameter.key)
            })?;
            resolved.insert(parameter.key, value);
        }
        Ok(resolved)
    }
}

/// `[scores]` as it is written: hyperparameters are under the names of their scores.
#[derive(Clone, Serialize, Deserialize)]
struct Entries {
    #[serde(default = "temperature")]
    temperature: f64,
    #[serde(default = "bins")]
    bins: usize,
    #[serde(default = "default_scores", skip_serializing_if = "are_default_scores")]
    names: Vec<String>,
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

fn temperature() -> f64 {
    ScoreSettings::default().temperature
}

fn bins() -> usize {
    ScoreSettings::default().bins
}

impl TryFrom<Entries> for ScoreSettings {
    type Error = String;

    fn try_from(entries: Entries) -> Result<Self, String> {
        let mut parameters = ScoreParameters::new();
        for (key, value) in entries.others {
            if score_info(&key).is_none() {
                let known = known_scores();
                return Err(format!("expected `temperature`, `bins`, `names`, or a score out of {known}, found `{key}`"));
            }
            let Value::Object(values) = value else {
                return Err(format!("expected the hyperparameters of the score `{key}` as in `{key} = {{ .. }}`, found {value}"));
            };
            parameters.insert(key, values.into_iter().collect());
        }
        let settings = Self { temperature: entries.temperature, bins: entries.bins, names: entries.names, parameters };
        settings.chosen()?;
        Ok(settings)
    }
}

impl From<ScoreSettings> for Entries {
    fn from(settings: ScoreSettings) -> Self {
        let others = settings.parameters.into_iter().map(|(key, values)| (key, Value::Object(values.into_iter().collect())));
        Self { temperature: settings.temperature, bins: settings.bins, names: settings.names, others: others.collect() }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(text: &str) -> Result<ScoreSettings, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn a_session_names_scores_and_their_hyperparameters_and_reads_what_it_writes() {
        let settings = read("names = [\"msp\", \"knn\", \"vim\"]\nknn = { k = 10 }\nodin = { noise = 0.002 }").unwrap();
        assert_eq!(settings.parameters["knn"]["k"], 10);
        let text = toml::to_string(&settings).unwrap();
        assert!(text.contains("k = 10\n") && text.contains("names"), "{text}");
        assert_eq!(read(&text).unwrap(), settings);
        // What is not computed does not count.
        assert_eq!(settings.changed().keys().collect::<Vec<_>>(), ["knn"]);
        assert!(read("names = [\"knn\"]\nknn = { k = 50 }").unwrap().changed().is_empty(), "the default");
    }

    #[test]
    fn a_session_without_names_has_the_two_scores_of_before_and_does_not_write_them() {
        let settings = read("bins = 30").unwrap();
        assert_eq!((settings.names.join(" "), settings.bins, settings.temperature), ("msp energy".into(), 30, 1.0));
        assert_eq!(toml::to_string(&settings).unwrap(), "temperature = 1.0\nbins = 30\n");
    }

    #[test]
    fn what_is_not_known_is_an_error_that_lists_what_is() {
        for (text, expected) in [
            ("names = [\"mps\"]", "expected a score out of msp, max_logit, energy"),
            ("names = [\"msp\", \"msp\"]", "found `msp` twice"),
            ("names = []", "at least one score"),
            ("temprature = 2.0", "expected `temperature`, `bins`, `names`, or a score out of msp"),
            ("knn = 50", "as in `knn = { .. }`, found 50"),
            ("knn = { kk = 50 }", "score `knn`: expected hyperparameters out of k, found `kk`"),
            ("msp = { t = 1 }", "score `msp`: expected no hyperparameters, found `t`"),
            ("knn = { k = 0 }", "expected `k` to be a whole number from 1 to 1000000000, found 0"),
            ("knn = { k = 1.5 }", "whole number"),
            ("react = { percentile = 101 }", "a number from 0 to 100, found 101"),
            ("knn = { sweep = true }", "out of k, found `sweep`"),
        ] {
            let message = read(text).unwrap_err();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}
