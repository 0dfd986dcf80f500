//! [`Dropout`]: forward passes in which dropout acts, as a function of the run's seed.

use std::sync::{Mutex, PoisonError};

use rand::RngCore;
use tch::Tensor;

use crate::model::{BatchNormMode, Graph, ModelError, Output, Tensors, derived_rng};

/// libtorch draws masks from the generator of the process.
static GENERATOR: Mutex<()> = Mutex::new(());

/// A graph with dropout.
#[derive(Debug)]
pub struct Dropout {
    /// See [`dropout_graph`](crate::model::dropout_graph).
    pub graph: Graph,
}

/// What the masks of a forward pass depend on. Both passes of a step of SAM's kind have the same masks, so that the ascent is one of the
/// function that is descended.
#[derive(Clone, Copy, Debug)]
pub struct DropoutKey {
    /// Seed of the batch.
    pub seed: u64,
    /// Steps done before.
    pub step: usize,
    /// Forward passes of the objective done before.
    pub call: u64,
}

impl Dropout {
    /// As [`Graph::forward`], with the masks of `key`: the same on one kind of device.
    ///
    /// # Errors
    /// When a tensor is missing or shapes do not fit.
    pub fn forward(&self, tensors: &Tensors, x: &Tensor, mode: BatchNormMode, key: DropoutKey) -> Result<Output, ModelError> {
        let DropoutKey { seed, step, call } = key;
        let key: [u64; 3] = [seed, step as u64, call];
        let bytes: Vec<u8> = key.iter().flat_map(|word| word.to_le_bytes()).collect();
        let seed = derived_rng("flatland training dropout v1", &[&bytes]).next_u64();
        let _alone = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
        tch::manual_seed(seed as i64);
        self.graph.forward(tensors, x, mode)
    }
}

#[cfg(test)]
mod tests;
