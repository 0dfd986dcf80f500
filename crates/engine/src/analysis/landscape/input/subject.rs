//! [`Subject`]: the image of a landscape in input space, the images that it goes through, and the target class.

use flatland_core::job::LandscapeJob;
use flatland_core::session::{InputPlane, InputTarget, Normalization};
use tch::{Kind, Tensor};

use super::super::super::AnalysisError;
use super::super::super::values::values;
use crate::model::{BatchNormMode, Network, Samples, in_unit_range, normalized};

/// The network and images of a landscape in input space.
pub(super) struct Subject<'a> {
    pub(super) network: &'a Network,
    pub(super) normalization: Normalization,
    /// The image, then those that the plane goes through, normalized.
    pub(super) samples: &'a Samples,
    /// The same before normalization, [M, C, H, W] in [0, 1].
    pub(super) pixels: Tensor,
    /// Class of each of these images; `None` without a label, or where the dataset has other classes than the network.
    pub(super) labels: Vec<Option<usize>>,
    /// The target class of loss, margin and accuracy.
    pub(super) target: i64,
    /// Logits of each of these images by itself, [1, classes]: the network's own evaluation.
    pub(super) own_logits: Vec<Tensor>,
}

impl<'a> Subject<'a> {
    /// The images of `plane`, which `samples` holds in its order.
    ///
    /// # Errors
    /// When the target class is not one of the network's or is unknown, and when libtorch fails.
    pub(super) fn new(network: &'a Network, samples: &'a Samples, plane: &InputPlane, job: &LandscapeJob) -> Result<Self, AnalysisError> {
        let _no_grad = tch::no_grad_guard();
        let dataset = &samples.dataset;
        if dataset.len() != plane.images().len() {
            let (expected, found) = (plane.images().len(), dataset.len());
            return Err(AnalysisError::Invalid(format!("expected {expected} images for a plane in input space, found {found}")));
        }
        if let Some(arrays) = &dataset.arrays {
            let found = format!("float arrays of shape {:?} in `{}`", arrays.shape, dataset.name);
            return Err(AnalysisError::Invalid(format!("expected images for a plane in input space, found {found}")));
        }
        let size = [dataset.height, dataset.width];
        let pixels = in_unit_range(&dataset.images, size, network.graph.input[0], network.device)?;
        let own = |k: i64| Ok(network.forward(&samples.x.f_narrow(0, k, 1)?)?.logits);
        let own_logits = (0..samples.len() as i64).map(own).collect::<Result<Vec<_>, AnalysisError>>()?;
        let has_classes = job.dataset.role.has_classes();
        let labels: Vec<Option<usize>> = dataset.labels.iter().map(|&label| usize::try_from(label).ok().filter(|_| has_classes)).collect();
        let target = target(network, plane, &dataset.name, labels[0], &own_logits[0])?;
        Ok(Self { network, normalization: job.checkpoint.normalization, samples, pixels, labels, target, own_logits })
    }

    /// Pixels of the image with index `k`, [1, C, H, W] in [0, 1].
    pub(super) fn image(&self, k: usize) -> Result<Tensor, AnalysisError> {
        Ok(self.pixels.f_narrow(0, k as i64, 1)?)
    }

    /// Entries of an image.
    pub(super) fn entries(&self) -> usize {
        self.pixels.size()[1..].iter().product::<i64>() as usize
    }

    /// Channels, height, width.
    pub(super) fn shape(&self) -> [i64; 3] {
        let size = self.pixels.size();
        [size[1], size[2], size[3]]
    }

    /// ∇ₓ of the cross-entropy of the target class, by pixels in [0, 1], row-major in [C, H, W].
    ///
    /// # Errors
    /// When it is zero or not finite, and when libtorch fails.
    pub(super) fn gradient(&self) -> Result<Vec<f64>, AnalysisError> {
        let x = self.image(0)?.f_detach_copy()?.set_requires_grad(true);
        let input = normalized(&x, &self.normalization)?;
        let logits = self.network.graph.forward(&self.network.tensors, &input, BatchNormMode::Frozen)?.logits;
        let log_p = logits.f_to_kind(Kind::Double)?.f_log_softmax(1, Kind::Double)?;
        let loss = log_p.f_select(1, self.target)?.f_sum(Kind::Double)?.f_neg()?;
        let gradient = Tensor::f_run_backward(&[&loss], &[&x], false, false)?.remove(0);
        let values = if gradient.defined() { values(&gradient)? } else { vec![0.0; self.entries()] };
        let position = self.samples.dataset.index[0];
        let refuse = |found: &str| {
            Err(AnalysisError::Invalid(format!(
                "expected a gradient of the loss by image {position} of `{}` to go along, found {found} (the loss there is {}); axes = \
                 \"random\" needs none",
                self.samples.dataset.name,
                // Zero instead of −0.
                loss.double_value(&[]) + 0.0
            )))
        };
        match () {
            () if values.iter().any(|x| !x.is_finite()) => refuse("one that is not finite"),
            () if values.iter().all(|&x| x == 0.0) => refuse("one that is 0 in every pixel"),
            () => Ok(values),
        }
    }
}

/// The target class.
fn target(network: &Network, plane: &InputPlane, name: &str, label: Option<usize>, own_logits: &Tensor) -> Result<i64, AnalysisError> {
    let (classes, position) = (network.classes, plane.image);
    let invalid = |message: String| Err(AnalysisError::Invalid(message));
    match plane.target {
        InputTarget::Label => match label {
            None => invalid(format!(
                "expected a label of image {position} of `{name}` among the network's classes, found none: say target = \"prediction\" or \
                 target = {{ class = 0 }}"
            )),
            Some(label) if label as i64 >= classes => invalid(format!(
                "expected a label from 0 to {} of image {position} of `{name}`, as the network has {classes} classes, found {label}",
                classes - 1
            )),
            Some(label) => Ok(label as i64),
        },
        InputTarget::Class(class) if class as i64 >= classes => {
            invalid(format!("expected a target class from 0 to {}, as the network has {classes} classes, found {class}", classes - 1))
        }
        InputTarget::Class(class) => Ok(class as i64),
        InputTarget::Prediction => match prediction(own_logits)? {
            Some(class) => Ok(class as i64),
            None => invalid(format!("expected a prediction of image {position} of `{name}`, found logits that are not finite")),
        },
    }
}

/// The class with the largest of the logits [1, classes]; the first of several; `None` where one is not finite.
pub(super) fn prediction(logits: &Tensor) -> Result<Option<usize>, AnalysisError> {
    let is_finite = bool::try_from(logits.f_isfinite()?.f_all()?)?;
    Ok(if is_finite { Some(i64::try_from(logits.f_argmax(1, false)?.f_view([-1i64])?.f_select(0, 0)?)? as usize) } else { None })
}
