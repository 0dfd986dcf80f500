//! Settings of the analyses, with their defaults.

use serde::{Deserialize, Serialize};

/// The 2-D embedding of the penultimate features.
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
}
