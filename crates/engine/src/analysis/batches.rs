//! Forward passes of a network over many images, which a [`Reporter`] can cancel.

use flatland_core::job::Reporter;
use tch::{Device, Tensor};

use super::AnalysisError;
use super::reporting::{Cancellable, Counted};
use crate::model::{self, BatchNormMode, Images, Network, Output, shallow};

/// Images of one forward pass on `device` of a network with this [`largest_activation`](crate::model::Graph::largest_activation): few
/// enough on a CPU that the activations of a CIFAR network stay near a core's caches and that a cancel takes effect within a fraction of a
/// second, many on a GPU. Fixed, so that results do not depend on the load of the machine.
///
/// On a CPU 32 where an activation of these stays within 4 MiB, 16 where one of 16 stays within 16 MiB, else 8. Measured on two cores, a cell of
/// ResNet-56: 32 images 0.94 of the time of 16, of DenseNet-100: 1.13 of it, of ResNet-18: 0.99 of it, with half as much memory. At 224 pixels
/// 8 images take 0.82 to 0.97 of the time of 16 with ViT-B/16, and 0.97 to 1.04 with ResNet-50.
pub const fn batch_size(device: Device, largest_activation: i64) -> i64 {
    match device {
        Device::Cuda(_) => 1000,
        _ if largest_activation * 32 <= 1 << 20 => 32,
        _ if largest_activation * 16 <= 1 << 22 => 16,
        _ => 8,
    }
}

/// [`model::forward_batches`] that a cancel ends.
///
/// # Errors
/// [`AnalysisError::Cancelled`] when the job is cancelled, and whatever a task gives.
pub fn forward_batches<T, F>(
    images: &Images,
    size: i64,
    reporter: &mut dyn Reporter,
    task: impl FnMut() -> F,
) -> Result<Vec<T>, AnalysisError>
where
    T: Send,
    F: FnOnce(&Tensor) -> Result<T, AnalysisError> + Send,
{
    model::forward_batches(images, size, &mut Cancellable(reporter), task)
}

/// Features [N, D] and logits [N, classes] of images `x` [N, C, H, W], BatchNorm frozen; `done` is called with the number of images that are computed.
///
/// # Errors
/// As [`forward_batches`]; also when there is no image.
pub fn forward_network(
    network: &Network,
    x: &Tensor,
    reporter: &mut dyn Reporter,
    done: impl FnMut(u64, &mut dyn Reporter),
) -> Result<Output, AnalysisError> {
    let task = || {
        let (graph, tensors) = (&network.graph, shallow(&network.tensors));
        move |batch: &Tensor| Ok(graph.forward(&tensors, batch, BatchNormMode::Frozen)?)
    };
    let size = batch_size(x.device(), network.graph.largest_activation());
    let parts = model::forward_batches(&Images::all(x), size, &mut Counted(reporter, done), task)?;
    if parts.is_empty() {
        return Err(AnalysisError::Invalid("expected at least one image, found none".into()));
    }
    let cat = |tensors: &mut dyn Iterator<Item = &Tensor>| Tensor::f_cat(&tensors.collect::<Vec<_>>(), 0);
    let auxiliary = parts[0].auxiliary.is_some().then(|| cat(&mut parts.iter().filter_map(|part| part.auxiliary.as_ref()))).transpose()?;
    Ok(Output {
        features: cat(&mut parts.iter().map(|part| &part.features))?,
        logits: cat(&mut parts.iter().map(|part| &part.logits))?,
        auxiliary,
    })
}
