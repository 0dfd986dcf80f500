//! From u8 images to a network's input.

use std::sync::Arc;

use flatland_core::data::Dataset;
use flatland_core::session::Normalization;
use tch::{Device, Kind, Tensor};

use super::{ModelError, Network};

/// Pixels of `dataset` as [N, C, H, W] f32 on `device`, channels innermost in memory, where oneDNN and cuDNN convolve
/// without copies: (x/255 − mean) / std. `channels` = 1 gives Pillow's `L` grey.
///
/// # Errors
/// When `channels` is neither 1 nor 3, the normalization is of images with other channels, or libtorch fails (out of memory).
pub fn to_input(dataset: &Dataset, normalization: &Normalization, channels: i64, device: Device) -> Result<Tensor, ModelError> {
    pixels_to_input(&dataset.images, [dataset.height, dataset.width], normalization, channels, device)
}

/// [`to_input`] of `pixels`, u8 RGB [N, height, width, 3] with `size` = [height, width].
///
/// # Errors
/// As [`to_input`], and when `pixels` holds no whole number of images.
pub fn pixels_to_input(
    pixels: &[u8],
    [height, width]: [usize; 2],
    normalization: &Normalization,
    channels: i64,
    device: Device,
) -> Result<Tensor, ModelError> {
    normalized(&in_unit_range(pixels, [height, width], channels, device)?, normalization)
}

/// `pixels` as [`pixels_to_input`] takes them, before they are normalized: [N, C, H, W] f32 in [0, 1].
///
/// # Errors
/// As [`pixels_to_input`].
pub fn in_unit_range(pixels: &[u8], [height, width]: [usize; 2], channels: i64, device: Device) -> Result<Tensor, ModelError> {
    let shape = [-1, height as i64, width as i64, 3];
    let pixels = Tensor::f_from_slice(pixels)?.f_view(shape)?.f_to_device(device)?;
    let pixels = match channels {
        3 => pixels.f_permute([0, 3, 1, 2])?,
        1 => {
            let weights = Tensor::f_from_slice(&[19595i32, 38470, 7471])?.f_to_device(device)?;
            let grey = pixels.f_to_kind(Kind::Int)?.f_mul(&weights)?.f_sum_dim_intlist([3i64].as_slice(), true, Kind::Int)?;
            let grey = grey.f_add_scalar(0x8000)?.f_bitwise_right_shift_tensor_scalar(16)?;
            grey.f_permute([0, 3, 1, 2])?
        }
        other => return Err(ModelError::Mismatch(format!("expected a network with 1 or 3 input channels, found {other}"))),
    };
    Ok(pixels.f_to_kind(Kind::Float)?.f_div_scalar(255.0)?)
}

/// (x − mean) / std of pixels x [N, C, H, W] in [0, 1].
///
/// # Errors
/// When the normalization is of images with other channels, or libtorch fails.
pub fn normalized(pixels: &Tensor, normalization: &Normalization) -> Result<Tensor, ModelError> {
    let channels = pixels.size().get(1).copied().unwrap_or(0);
    let (mean, std) = normalization.for_channels(channels).map_err(ModelError::Mismatch)?;
    let constants = |values: &[f64]| -> Result<Tensor, ModelError> {
        let values: Vec<f32> = values.iter().map(|&x| x as f32).collect();
        Ok(Tensor::f_from_slice(&values)?.f_view([1, -1, 1, 1])?.f_to_device(pixels.device())?)
    };
    Ok(pixels.f_sub(&constants(&mean)?)?.f_div(&constants(&std)?)?)
}

/// Images of one dataset on the device, ready for one network.
#[derive(Debug)]
pub struct Samples {
    /// Where they come from.
    pub dataset: Arc<Dataset>,
    /// Normalized images, [N, C, H, W] f32.
    pub x: Tensor,
    /// Labels, `[N]` i64; -1 = none.
    pub y: Tensor,
}

impl Samples {
    /// Puts `dataset` on the network's device, normalized. The images must have the network's input size already.
    ///
    /// # Errors
    /// When sizes do not fit or libtorch fails.
    pub fn new(dataset: Arc<Dataset>, normalization: &Normalization, network: &Network) -> Result<Self, ModelError> {
        let [channels, height, width] = network.graph.input;
        if [dataset.height as i64, dataset.width as i64] != [height, width] {
            return Err(ModelError::Mismatch(format!(
                "expected images of {height}x{width} for {}, found {}x{} in `{}`",
                network.architecture, dataset.height, dataset.width, dataset.name
            )));
        }
        let x = to_input(&dataset, normalization, channels, network.device).map_err(|error| match error {
            ModelError::Mismatch(message) => ModelError::Mismatch(format!("{}: {message}", network.architecture)),
            other => other,
        })?;
        let y = Tensor::f_from_slice(&dataset.labels)?.f_to_device(network.device)?;
        Ok(Self { dataset, x, y })
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.dataset.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.dataset.is_empty()
    }
}
