//! Forward passes over many images in batches, stopping soon when asked to.

use flatland::job::Reporter;
use tch::{Device, Tensor};

use super::AnalysisError;
use crate::model::{Network, Output};

/// Images of one forward pass on `device`: few enough on a CPU that the activations of a CIFAR network stay near its caches and that
/// a cancel is heard within a fraction of a second, many on a GPU. Fixed, so that results do not depend on who else uses the machine.
pub const fn batch_size(device: Device) -> i64 {
    match device {
        Device::Cuda(_) => 1000,
        _ => 64,
    }
}

/// Calls `forward` with each batch of images `x` [N, C, H, W], in order, and collects what it gives. No gradients are recorded.
///
/// # Errors
/// [`AnalysisError::Cancelled`] when the reporter says so (asked before every batch), and whatever `forward` gives.
pub fn forward_batches<T>(
    x: &Tensor,
    reporter: &mut dyn Reporter,
    mut forward: impl FnMut(&Tensor, &mut dyn Reporter) -> Result<T, AnalysisError>,
) -> Result<Vec<T>, AnalysisError> {
    let (n, size) = (x.size().first().copied().unwrap_or(0), batch_size(x.device()));
    let mut parts = Vec::new();
    let mut start = 0;
    while start < n {
        if reporter.cancelled() {
            return Err(AnalysisError::Cancelled);
        }
        let length = size.min(n - start);
        let _no_grad = tch::no_grad_guard();
        parts.push(forward(&x.f_narrow(0, start, length)?, reporter)?);
        start += length;
    }
    Ok(parts)
}

/// Features [N, D] and logits [N, classes] of images `x` [N, C, H, W], BatchNorm frozen; `done` hears how many images are through.
///
/// # Errors
/// As [`forward_batches`]; also when there is no image.
pub fn forward_network(
    network: &Network,
    x: &Tensor,
    reporter: &mut dyn Reporter,
    mut done: impl FnMut(u64, &mut dyn Reporter),
) -> Result<Output, AnalysisError> {
    let mut images = 0;
    let parts = forward_batches(x, reporter, |batch, reporter| {
        let output = network.forward(batch)?;
        images += batch.size()[0] as u64;
        done(images, reporter);
        Ok(output)
    })?;
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
