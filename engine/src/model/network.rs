//! [`Network`]: a graph with its tensors on a device.

use tch::{Device, Tensor};

use super::{BatchNormMode, Graph, ModelError, Output, ParameterVector, Tensors, is_parameter};

/// A graph with its tensors, f32, on one device.
#[derive(Debug)]
pub struct Network {
    /// Name of the architecture, e.g. `resnet20`.
    pub architecture: String,
    /// The graph.
    pub graph: Graph,
    /// Parameters and running statistics by their names in the state dict (prefixes stripped).
    pub tensors: Tensors,
    /// Names of all tensors in the order of the state dict.
    pub names: Vec<String>,
    /// Number of classes C.
    pub classes: i64,
    /// Device of every tensor.
    pub device: Device,
}

impl Network {
    /// Features and logits of normalized images `x` [N, C, H, W], BatchNorm frozen.
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn forward(&self, x: &Tensor) -> Result<Output, ModelError> {
        self.graph.forward(&self.tensors, x, BatchNormMode::Frozen)
    }

    /// Names of the trainable tensors in the order of the state dict.
    pub fn parameter_names(&self) -> Vec<String> {
        self.names.iter().filter(|name| is_parameter(name)).cloned().collect()
    }

    /// θ: a copy of all parameters as one vector.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn theta(&self) -> Result<ParameterVector, ModelError> {
        ParameterVector::gather(&self.parameter_names(), &self.tensors)
    }
}
