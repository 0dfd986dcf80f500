//! Losses and scores at points of the plane, always computed from θ.

use std::collections::BTreeSet;
use std::path::Path;

use flatland_core::job::{Precision, Reporter};
use flatland_core::result::Reading;
use flatland_core::session::{BatchNormPolicy, Curvature};
use tch::{Device, Kind, Tensor};

use super::super::reporting::Cancellable;
use super::super::{AnalysisError, Loss, MeanLoss, SampleLosses, batch_size, forward_batches};
use super::curvature::CellCurvature;
use super::decay::Decay;
use super::image_order::round_robin;
use super::readings::{OodScores, readings};
use super::{Direction, Directions};
use crate::model::{
    BatchNormMode, Folded, Graph, Images, Network, ParameterVector, Room, Samples, Tensors, each_batch, give_back_memory_after,
    is_parameter, shallow,
};

/// Images of one batch where its own statistics are BatchNorm's, as in training.
const STATISTICS_BATCH: i64 = 128;

/// How θ + αδ + βη reaches the folded graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plane {
    /// No 1-D tensor moves and no statistic: the folded weights themselves are affine in α and β.
    Affine,
    /// The plane is walked with the original tensors, folded again in every cell.
    Refold,
    /// BatchNorm reads each batch: nothing can be folded.
    Unfolded,
}

/// What is evaluated, and how.
#[derive(Clone, Copy, Debug)]
pub struct Evaluation<'a> {
    /// ID images with labels.
    pub samples: &'a Samples,
    /// The loss.
    pub loss: Loss,
    /// Semantic-shift images [N, C, H, W], and λ of the DR-SAM loss.
    pub ood: Option<(&'a Tensor, f64)>,
    /// Where BatchNorm's statistics come from.
    pub batch_norm: BatchNormPolicy,
    /// Images [N, C, H, W] that they are estimated on, where they are.
    pub statistics: &'a Tensor,
    /// Arithmetic of the forward passes; bf16 only where BatchNorm does not read the batch.
    pub precision: Precision,
    /// Extreme eigenvalues of the Hessian, where they are wanted.
    pub curvature: Option<Curvature>,
    /// Where θ and the axes may lie as files without names; `None` = in memory. See [`Room`].
    pub folder: Option<&'a Path>,
}

impl<'a> Evaluation<'a> {
    /// Cross-entropy and accuracy on `samples`, running statistics frozen, f32.
    pub fn plain(samples: &'a Samples) -> Self {
        let (batch_norm, precision) = (BatchNormPolicy::Frozen, Precision::F32);
        Self { samples, loss: Loss::default(), ood: None, batch_norm, statistics: &samples.x, precision, curvature: None, folder: None }
    }
}

/// What a cell tells.
#[derive(Clone, Debug, PartialEq)]
pub struct CellValue {
    /// Mean loss and accuracy.
    pub mean: MeanLoss,
    /// Everything else.
    pub readings: Vec<Reading>,
    /// Loss of each ID image, [N] in the dataset's order; what weight decay adds is in each.
    pub sample_losses: Vec<f32>,
}

/// What a cell tells beside the losses of ID images.
#[derive(Clone, Debug)]
pub struct Beside {
    /// Whether there is no network, see [`Point`].
    void: bool,
    ood: Option<OodScores>,
    curvature: Vec<Reading>,
}

/// Some of what a cell tells.
#[derive(Clone, Debug)]
pub struct Part {
    /// Losses of the ID images that were asked for, in the order of evaluation.
    pub losses: SampleLosses,
    /// The rest, where it was asked for.
    pub beside: Option<Beside>,
}

/// Evaluates one network at θ + αδ + βη.
#[derive(Debug)]
pub struct Evaluator<'a> {
    evaluation: Evaluation<'a>,
    graph: &'a Graph,
    classes: i64,
    batch: i64,
    folded: Folded,
    plane: Plane,
    /// ID and semantic-shift images in the arithmetic of the forward passes.
    x: Tensor,
    ood: Option<Tensor>,
    /// The order in which ID images are evaluated: of every stretch, each class has its share.
    order: Vec<usize>,
    /// The same on the device, twice, [2N]: a turned order is a stretch of it.
    index: Tensor,
    theta: ParameterVector,
    delta: Tensor,
    eta: Tensor,
    /// The tensors that do not move.
    fixed: Tensors,
    curvature: Option<CellCurvature<'a>>,
    decay: Decay,
}

/// The tensors of one point of the plane, ready for forward passes; `None` where there is no network, because a running variance is
/// negative there.
#[derive(Debug)]
pub struct Point {
    at: [f64; 2],
    tensors: Option<Tensors>,
}

impl<'a> Evaluator<'a> {
    /// Folds the network and both directions.
    ///
    /// # Errors
    /// When a tensor is missing or libtorch refuses.
    pub fn new(network: &'a Network, evaluation: Evaluation<'a>, directions: &Directions) -> Result<Self, AnalysisError> {
        let _no_grad = tch::no_grad_guard();
        let folded = Folded::new(&network.graph);
        let plane = match evaluation.batch_norm {
            BatchNormPolicy::Batch => Plane::Unfolded,
            BatchNormPolicy::Frozen if !directions.move_one_dimensional() => Plane::Affine,
            BatchNormPolicy::Frozen | BatchNormPolicy::Reestimated => Plane::Refold,
        };
        let affine = plane == Plane::Affine;
        let dimensions = if affine { 2 } else { 0 };
        let names = if affine { folded.graph.tensor_names() } else { network.names.clone() };
        let read: BTreeSet<String> = names.into_iter().collect();
        let moves = |name: &&String| directions.delta.shape(name).is_some_and(|shape| shape.len() >= dimensions) && read.contains(*name);
        let moving: Vec<String> = network.names.iter().filter(moves).cloned().collect();
        let room = Room { device: network.device, folder: evaluation.folder };
        // In place, where they lie: nothing as large is needed beside them.
        let fold = |vector: &ParameterVector| -> Result<(), AnalysisError> {
            let mut views = if affine { vector.views()? } else { Tensors::new() };
            Ok(views.iter_mut().try_for_each(|(name, view)| folded.fold_weight(&network.tensors, name, view))?)
        };
        let theta = ParameterVector::fill(&moving, &network.tensors, |len| room.zeros(len))?;
        fold(&theta)?;
        let mut fixed = if affine { folded.tensors_but(&network.tensors, &moving)? } else { shallow(&network.tensors) };
        fixed.retain(|name, _| !moving.contains(name));
        let axis = |direction: &Direction| -> Result<Tensor, AnalysisError> {
            let vector = theta.with_flat(room.zeros(theta.layout().len)?);
            vector.views()?.into_iter().try_for_each(|(name, mut view)| {
                if let Some(part) = direction.tensor(&name, network.device)? {
                    view.f_copy_(&part)?;
                    drop(part);
                    give_back_memory_after(view.numel());
                }
                Ok::<_, AnalysisError>(())
            })?;
            fold(&vector)?;
            Ok(vector.flat().shallow_clone())
        };
        let (delta, eta) = (axis(&directions.delta)?, axis(&directions.eta)?);
        let curvature = evaluation.curvature.map(|settings| CellCurvature::new(network, &evaluation, directions, settings)).transpose()?;
        let kind = kind(evaluation.precision);
        let x = evaluation.samples.x.f_to_kind(kind)?;
        let ood = evaluation.ood.map(|(x, _)| x.f_to_kind(kind)).transpose()?;
        let order = round_robin(&evaluation.samples.dataset.labels);
        let twice: Vec<i64> = order.iter().chain(&order).map(|&i| i as i64).collect();
        let index = Tensor::f_from_slice(&twice)?.f_to_device(network.device)?;
        Ok(Self {
            evaluation,
            graph: &network.graph,
            classes: network.classes,
            batch: batch_size(network.device, network.graph.largest_activation()),
            folded,
            plane,
            x,
            ood,
            order,
            index,
            theta,
            delta,
            eta,
            fixed,
            curvature,
            decay: Decay::new(network, evaluation.loss, directions)?,
        })
    }

    /// Everything at θ + `alpha`·δ + `beta`·η.
    ///
    /// # Errors
    /// [`AnalysisError::Cancelled`] when the reporter says so, and when libtorch refuses.
    pub fn evaluate(&self, alpha: f64, beta: f64, reporter: &mut dyn Reporter) -> Result<CellValue, AnalysisError> {
        let point = self.point(alpha, beta, reporter)?;
        let losses = self.losses(&point, 0, self.images(), reporter)?;
        Ok(self.value(losses, 0, &self.beside(&point, reporter)?))
    }

    /// Mean loss at θ, and the losses of single images in the order of evaluation.
    ///
    /// # Errors
    /// As [`Evaluator::evaluate`].
    pub fn center(&self, reporter: &mut dyn Reporter) -> Result<(MeanLoss, Vec<f64>), AnalysisError> {
        let point = self.point(0.0, 0.0, reporter)?;
        let losses = self.losses(&point, 0, self.images(), reporter)?;
        Ok((losses.clone().in_place_of(&self.order).mean(), losses.loss))
    }

    /// ID images.
    pub fn images(&self) -> i64 {
        self.x.size().first().copied().unwrap_or(0)
    }

    /// Images of one forward pass.
    pub fn batch(&self) -> i64 {
        self.batch
    }

    /// Where it computes.
    pub fn device(&self) -> Device {
        self.x.device()
    }

    /// The tensors at θ + `alpha`·δ + `beta`·η.
    ///
    /// # Errors
    /// As [`Evaluator::evaluate`].
    pub fn point(&self, alpha: f64, beta: f64, reporter: &mut dyn Reporter) -> Result<Point, AnalysisError> {
        let _no_grad = tch::no_grad_guard();
        let mut tensors = Tensors::new();
        // What the last point's forward passes left.
        give_back_memory_after(self.theta.layout().len as usize);
        // A tensor at a time, made ready at once where nothing else needs it plain: there is never more than one network in memory.
        for (name, shape, offset) in &self.theta.layout().entries {
            let part = |flat: &Tensor| flat.f_narrow(0, *offset, shape.iter().product());
            let mut tensor = part(self.theta.flat())?;
            for (by, axis) in [(alpha, &self.delta), (beta, &self.eta)].into_iter().filter(|(by, _)| *by != 0.0) {
                let mut moved = part(axis)?.f_mul_scalar(by)?;
                let _ = moved.f_add_(&tensor)?;
                tensor = moved;
            }
            let tensor = tensor.f_view(shape.as_slice())?;
            let tensor = if self.plane == Plane::Affine { self.ready(name, &tensor)? } else { tensor };
            give_back_memory_after(tensor.numel());
            tensors.insert(name.clone(), tensor);
        }
        let ready = |(name, tensor): (&String, &Tensor)| Ok((name.clone(), self.ready(name, tensor)?));
        match self.plane {
            Plane::Affine => tensors.extend(self.fixed.iter().map(ready).collect::<Result<Tensors, AnalysisError>>()?),
            Plane::Refold | Plane::Unfolded => tensors.extend(shallow(&self.fixed)),
        }
        if self.evaluation.batch_norm == BatchNormPolicy::Reestimated {
            estimate_statistics(self.graph, &mut tensors, self.evaluation.statistics, reporter)?;
        }
        if self.plane == Plane::Refold {
            if has_negative_variance(&tensors)? {
                return Ok(Point { at: [alpha, beta], tensors: None });
            }
            tensors = self.folded.tensors(&tensors)?;
            tensors = tensors.iter().map(ready).collect::<Result<_, AnalysisError>>()?;
        }
        Ok(Point { at: [alpha, beta], tensors: Some(tensors) })
    }

    /// Losses of the ID images `first..first + length` of the order of evaluation at `point`; it goes on at its beginning, so `first` may be
    /// any of the images and `length` all of them.
    ///
    /// # Errors
    /// As [`Evaluator::evaluate`].
    pub fn losses(&self, point: &Point, first: i64, length: i64, reporter: &mut dyn Reporter) -> Result<SampleLosses, AnalysisError> {
        let _no_grad = tch::no_grad_guard();
        if length == 0 {
            return Ok(SampleLosses::default());
        }
        let index = self.index.f_narrow(0, first, length)?;
        let logits = self.logits(point, &Images::at(&self.x, &index), reporter)?;
        let labels = self.evaluation.samples.y.f_index_select(0, &index)?;
        SampleLosses::by(self.evaluation.loss, self.decay.at(point.at), &logits, &labels)
    }

    /// Everything else that is asked of the cell of `point`.
    ///
    /// # Errors
    /// As [`Evaluator::evaluate`].
    pub fn beside(&self, point: &Point, reporter: &mut dyn Reporter) -> Result<Beside, AnalysisError> {
        let ood = match &self.ood {
            Some(x) => {
                let _no_grad = tch::no_grad_guard();
                Some(OodScores::of(&self.logits(point, &Images::all(x), reporter)?)?)
            }
            None => None,
        };
        let curvature = match &self.curvature {
            Some(curvature) => curvature.at(point.at, reporter)?.to_vec(),
            None => Vec::new(),
        };
        Ok(Beside { void: point.tensors.is_none(), ood, curvature })
    }

    /// What a cell tells, given the losses of all ID images there, in the order of evaluation from its place `turn` on, and the rest.
    pub fn value(&self, losses: SampleLosses, turn: i64, beside: &Beside) -> CellValue {
        let mut order = self.order.clone();
        order.rotate_left(turn as usize);
        let losses = losses.in_place_of(&order);
        let mut mean = losses.mean();
        if beside.void {
            mean.accuracy = f64::NAN;
        }
        let lambda = self.evaluation.ood.map_or(0.0, |(_, lambda)| lambda);
        let mut readings = readings(&losses, beside.ood.as_ref().map(|scores| (scores, lambda)));
        readings.extend(&beside.curvature);
        let sample_losses = losses.loss.iter().map(|&loss| loss as f32).collect();
        CellValue { mean, readings, sample_losses }
    }

    /// What curvature asks of one cell in products with the Hessian, at most, one of which is done here; 0 where it is not wanted.
    ///
    /// # Errors
    /// As [`Evaluator::evaluate`].
    pub fn try_product(&self, reporter: &mut dyn Reporter) -> Result<usize, AnalysisError> {
        match &self.curvature {
            Some(curvature) => curvature.one_product(reporter),
            None => Ok(0),
        }
    }

    /// A tensor of the folded graph as forward passes read it.
    fn ready(&self, name: &str, tensor: &Tensor) -> Result<Tensor, AnalysisError> {
        Ok(self.folded.packed(name, &tensor.f_to_kind(kind(self.evaluation.precision))?)?)
    }

    fn logits(&self, point: &Point, images: &Images, reporter: &mut dyn Reporter) -> Result<Tensor, AnalysisError> {
        let Some(tensors) = &point.tensors else {
            let classes = self.classes;
            return Ok(Tensor::f_full([images.count(), classes], f64::NAN, (Kind::Float, self.device()))?);
        };
        let (graph, mode, size) = match self.plane {
            Plane::Unfolded => (self.graph, BatchNormMode::Batch { update: false }, equal_batches(images.count())),
            Plane::Affine | Plane::Refold => (&self.folded.graph, BatchNormMode::Frozen, self.batch),
        };
        let task = || {
            let tensors = shallow(tensors);
            move |batch: &Tensor| Ok(graph.forward(&tensors, batch, mode)?.logits)
        };
        Ok(Tensor::f_cat(&forward_batches(images, size, reporter, task)?, 0)?)
    }
}

/// Running statistics become the mean of those of equal batches of `x` [N, C, H, W], as Garipov et al. 2018 renew them (`utils.py`,
/// `update_bn`).
///
/// # Errors
/// [`AnalysisError::Cancelled`] when the reporter says so, and when libtorch refuses.
pub(super) fn estimate_statistics(
    graph: &Graph,
    tensors: &mut Tensors,
    x: &Tensor,
    reporter: &mut dyn Reporter,
) -> Result<(), AnalysisError> {
    // Those of θ are not written over.
    tensors.iter_mut().filter(|(name, _)| !is_parameter(name)).try_for_each(|(_, tensor)| {
        *tensor = tensor.f_detach_copy()?;
        Ok::<_, AnalysisError>(())
    })?;
    let (images, mut seen) = (Images::all(x), 0);
    each_batch(&images, equal_batches(images.count()), &mut Cancellable(reporter), |batch| {
        graph.forward(tensors, batch, BatchNormMode::Accumulate { seen })?;
        seen += 1;
        Ok(())
    })?;
    Ok(())
}

/// The size of as few batches as possible of at most [`STATISTICS_BATCH`] images that are equal but for the last one's rounding.
fn equal_batches(n: i64) -> i64 {
    let up = |a: i64, b: i64| (a + b - 1) / b;
    up(n.max(1), up(n.max(1), STATISTICS_BATCH))
}

fn kind(precision: Precision) -> Kind {
    match precision {
        Precision::F32 | Precision::Tf32 => Kind::Float,
        Precision::Bf16 => Kind::BFloat16,
    }
}

/// Whether a running variance lies below 0, where there is no network: a plane may extrapolate it. Its NaN would not reach the loss, a
/// ReLU may make 0 of it.
pub(super) fn has_negative_variance(tensors: &Tensors) -> Result<bool, AnalysisError> {
    let smallest = |tensor: &Tensor| -> Result<f64, AnalysisError> { Ok(f64::try_from(tensor.f_min()?)?) };
    let variances = tensors.iter().filter(|(name, _)| name.ends_with("running_var"));
    Ok(variances.map(|(_, tensor)| smallest(tensor)).collect::<Result<Vec<_>, _>>()?.iter().any(|&variance| variance < 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_equal_but_for_rounding() {
        assert_eq!([1, 128, 129, 300, 0].map(equal_batches), [1, 128, 65, 100, 1]);
    }
}
