//! Networks as graphs over named tensors, the files they come from, and the vectors their parameters form.
//!
//! A [`Graph`] is data: it can be evaluated with frozen or batch statistics, differentiated, folded. A [`Network`] is a
//! graph with its tensors on a device. Not here: objectives, optimizers, analyses.

mod adaptive_scale;
pub mod architecture;
mod averaged;
mod batches;
pub mod checkpoint;
mod checkpoint_fit;
mod derived_rng;
mod device;
mod dropout_graph;
mod error;
mod evaluator;
mod exported;
mod folded;
mod fused_convolution;
mod graph;
mod ignore;
mod image_size;
mod input;
mod inspect;
mod memory;
mod network;
mod network_check;
mod op;
pub mod operation;
mod parameter_vector;
mod prefix;
mod requested_network;
mod running_statistics;
mod scores;
mod state_dicts;
mod unread_tensors;
mod vector_storage;

pub use adaptive_scale::adaptive_scale;
pub use architecture::{Activation, Blueprint, Head, Similarity};
pub use batches::{Images, Unwatched, Watch, each_batch, forward_batches};
pub use derived_rng::derived_rng;
pub use device::{device, init, libtorch_version, others};
pub use dropout_graph::dropout_graph;
pub use error::ModelError;
pub use evaluator::{BatchNormMode, Output};
pub use folded::Folded;

pub use graph::{Graph, Node, NodeId, Tensors, find, shallow};
pub use input::{InputBatch, Samples, in_unit_range, normalized, pixels_to_input, to_input, unused_normalization};
pub use inspect::inspect;
pub use memory::{anonymous_memory, give_back_memory, give_back_memory_after};
pub use network::Network;
pub use network_check::network_check;
pub use op::{BatchNorm, Call, Constant, Conv, Op};
pub use parameter_vector::{Layout, ParameterVector};
pub use scores::{energy, max_softmax, uniform_cross_entropies};
pub use unread_tensors::UnreadTensors;
pub use vector_storage::VectorStorage;

/// Whether a state-dict entry is trained: running statistics and counters are not.
pub fn is_parameter(name: &str) -> bool {
    !["running_mean", "running_var", "num_batches_tracked"].iter().any(|buffer| name.ends_with(buffer))
}

#[cfg(test)]
mod tests;
