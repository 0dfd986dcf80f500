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
