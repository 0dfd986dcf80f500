//! From u8 images to a network's input.

use std::sync::Arc;

use flatland_core::data::Dataset;
use flatland_core::session::{Normalization, NormalizationPreset};
use tch::{Device, Kind, Tensor};

use super::operation::numel;
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

/// Some inputs of a dataset, before they are a tensor.
#[derive(Clone, Debug, PartialEq)]
pub enum InputBatch {
    /// Pixels of images, u8 RGB [N, height, width, 3] of this [height, width].
    Images(Vec<u8>, [usize; 2]),
    /// Values of float arrays, [N, shape...] of this shape.
    Arrays(Vec<f32>, Vec<usize>),
}

impl InputBatch {
    /// The inputs at `positions`.
    pub fn of(dataset: &Dataset, positions: &[usize]) -> Self {
        match &dataset.arrays {
            Some(arrays) => Self::Arrays(positions.iter().flat_map(|&i| arrays.input(i)).copied().collect(), arrays.shape.clone()),
            None => {
                let pixels = positions.iter().flat_map(|&i| dataset.image(i)).copied().collect();
                Self::Images(pixels, [dataset.height, dataset.width])
            }
        }
    }

    /// The tensor that `network` gets, on its device: images normalized, float arrays as they are. `name` is the dataset's.
    ///
    /// # Errors
    /// When their shape is not that of the network's input, and when libtorch fails.
    pub fn on(&self, network: &Network, name: &str, normalization: &Normalization) -> Result<Tensor, ModelError> {
        let (graph, architecture) = (&network.graph, &network.architecture);
        let unlike = |expected: String, found: String| {
            Err(ModelError::Mismatch(format!("expected {expected} for {architecture}, found {found} in `{name}`")))
        };
        match (self, graph.image()) {
            (Self::Images(pixels, size), Some([channels, height, width])) => {
                if size.map(|side| side as i64) != [height, width] {
                    return unlike(format!("images of {height}x{width}"), format!("{}x{}", size[0], size[1]));
                }
                pixels_to_input(pixels, *size, normalization, channels, network.device).map_err(|error| match error {
                    ModelError::Mismatch(message) => ModelError::Mismatch(format!("{architecture}: {message}")),
                    other => other,
                })
            }
            (Self::Images(..), None) => {
                let way_out = "a dataset of floats is an .npz with `inputs`";
                unlike(format!("float arrays of shape {:?}", graph.input), format!("pictures ({way_out})"))
            }
            (Self::Arrays(values, shape), _) => {
                if !shape.iter().map(|&side| side as i64).eq(graph.input.iter().copied()) {
                    let inputs = format!("inputs of shape {:?}", graph.input);
                    let way_out = if numel(&graph.input) == Ok(shape.iter().product::<usize>() as i64) {
                        format!("save them in that order and shape, `x.reshape(-1, {})` or a transpose", sides(&graph.input))
                    } else {
                        "save inputs of the network's shape, or export the network for inputs of this one".to_owned()
                    };
                    let message =
                        format!("expected {inputs} for {architecture}, found float arrays of shape {shape:?} in `{name}`: {way_out}");
                    return Err(ModelError::Mismatch(message));
                }
                let shape = [&[-1], graph.input.as_slice()].concat();
                Ok(Tensor::f_from_slice(values)?.f_view(shape.as_slice())?.f_to_device(network.device)?)
            }
        }
    }
}

/// As arguments in Python: `4, 20`.
fn sides(shape: &[i64]) -> String {
    shape.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
}

/// What is to be said where `normalization` is stated for float arrays, which are used as they are.
pub fn unused_normalization(dataset: &Dataset, normalization: &Normalization) -> Option<String> {
    let is_unused = dataset.arrays.is_some() && *normalization != Normalization::Preset(NormalizationPreset::None);
    let (name, label) = (&dataset.name, normalization.label());
    is_unused.then(|| format!("inputs of `{name}` are float arrays, used as they are: normalization {label} is not applied"))
}

/// Inputs of one dataset on the device, ready for one network.
#[derive(Debug)]
pub struct Samples {
    /// Where they come from.
    pub dataset: Arc<Dataset>,
    /// Normalized images [N, C, H, W], or float arrays [N, ...], f32.
    pub x: Tensor,
    /// Labels, `[N]` i64; -1 = none.
    pub y: Tensor,
}

impl Samples {
    /// Puts `dataset` on the network's device: images normalized, float arrays as they are. They must have the shape of the network's input
    /// already.
    ///
    /// # Errors
    /// When shapes do not fit or libtorch fails.
    pub fn new(dataset: Arc<Dataset>, normalization: &Normalization, network: &Network) -> Result<Self, ModelError> {
        let positions: Vec<usize> = (0..dataset.len()).collect();
        let x = InputBatch::of(&dataset, &positions).on(network, &dataset.name, normalization)?;
        let y = Tensor::f_from_slice(&dataset.labels)?.f_to_device(network.device)?;
        Ok(Self { dataset, x, y })
    }

    /// Number of inputs.
    pub fn len(&self) -> usize {
        self.dataset.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.dataset.is_empty()
    }
}
