//! Losses and scores at points of the plane, always computed from θ.

use std::collections::BTreeSet;
use std::path::Path;

use flatland_core::job::{Precision, Reporter};
use flatland_core::result::Reading;
use flatland_core::session::{BatchNormPolicy, Curvature};
use tch::{Device, Kind, Tensor};

use super::super::{AnalysisError, Loss, MeanLoss, SampleLosses, batch_size, forward_batches};
use super::curvature::CellCurvature;
use super::decay::Decay;
use super::image_order::round_robin;
use super::readings::{OodScores, readings};
use super::statistics::{equal_batches, estimate_statistics, has_negative_variance};
use super::{Direction, Directions};
use crate::model::{
    BatchNormMode, Folded, Graph, Images, Network, ParameterVector, Samples, Tensors, VectorStorage, give_back_memory_after, shallow,
};

/// How the tensors of θ + αδ + βη are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plane {
    /// No 1-D tensor moves and no statistic: the folded weights themselves are affine in α and β.
    Affine,
    /// The original tensors are moved and folded again in every cell.
    Refold,
    /// BatchNorm uses the statistics of each batch: nothing can be folded.
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
    /// Source of BatchNorm's statistics.
    pub batch_norm: BatchNormPolicy,
    /// Images [N, C, H, W] for estimated statistics.
    pub statistics: &'a Tensor,
    /// Arithmetic of the forward passes; bf16 only where BatchNorm does not read the batch.
    pub precision: Precision,
    /// Settings of the Hessian's extreme eigenvalues, where they are requested.
    pub curvature: Option<Curvature>,
    /// Folder of unnamed files for θ and the axes; `None` = in memory. See [`VectorStorage`].
    pub folder: Option<&'a Path>,
}

impl<'a> Evaluation<'a> {
    /// Cross-entropy and accuracy on `samples`, running statistics frozen, f32.
    pub fn plain(samples: &'a Samples) -> Self {
        let (batch_norm, precision) = (BatchNormPolicy::Frozen, Precision::F32);
        Self { samples, loss: Loss::default(), ood: None, batch_norm, statistics: &samples.x, precision, curvature: None, folder: None }
    }
}

/// Values of a cell.
#[derive(Clone, Debug, PartialEq)]
pub struct CellValue {
    /// Mean loss and accuracy.
    pub mean: MeanLoss,
    /// All other quantities.
    pub readings: Vec<Reading>,
    /// Loss of each ID image, `[N]` in the dataset's order; what weight decay adds is in each.
    pub sample_losses: Vec<f32>,
}

/// Values of a cell other than the losses of ID images.
#[derive(Clone, Debug)]
pub struct OtherReadings {
    /// Whether the network is undefined, see [`Point`].
    undefined: bool,
    ood: Option<OodScores>,
    curvature: Vec<Reading>,
}

/// Some values of a cell.
#[derive(Clone, Debug)]
pub struct Part {
    /// Losses of the requested ID images, in the order of evaluation.
    pub losses: SampleLosses,
    /// All other values, where they were requested.
    pub other: Option<OtherReadings>,
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
    /// The order in which ID images are evaluated: every section of it has images of all classes.
    order: Vec<usize>,
    /// The order on the device, twice, [2N]: a rotated order is a section of it.
    index: Tensor,
    theta: ParameterVector,
    delta: Tensor,
    eta: Tensor,
    /// The tensors that do not move.
    fixed: Tensors,
    curvature: Option<CellCurvature<'a>>,
    decay: Decay,
}

/// The tensors of one point of the plane, ready for forward passes; `None` where the network is undefined because a running variance is
/// negative.
#[derive(Debug)]
pub struct Point {
    at: [f64; 2],
    tensors: Option<Tensors>,
}

impl<'a> Evaluator<'a> {
    /// Folds the network and both directions.
    ///
    /// # Errors
    /// When a tensor is missing or libtorch fails.
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
        let storage = VectorStorage { device: network.device, folder: evaluation.folder };
        // In place: a copy would need as much memory again.
        let fold = |vector: &ParameterVector| -> Result<(), AnalysisError> {
            let mut views = if affine { vector.views()? } else { Tensors::new() };
            Ok(views.iter_mut().try_for_each(|(name, view)| folded.fold_weight(&network.tensors, name, view))?)
        };
        let theta = ParameterVector::fill(&moving, &network.tensors, |len| storage.zeros(len))?;
        fold(&theta)?;
        let mut fixed = if affine { folded.tensors_but(&network.tensors, &moving)? } else { shallow(&network.tensors) };
        fixed.retain(|name, _| !moving.contains(name));
        let axis = |direction: &Direction| -> Result<Tensor, AnalysisError> {
            let vector = theta.with_flat(storage.zeros(theta.layout().len)?);
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
    /// [`AnalysisError::Cancelled`] when the job is cancelled, and when libtorch fails.
    pub fn evaluate(&self, alpha: f64, beta: f64, reporter: &mut dyn Reporter) -> Result<CellValue, AnalysisError> {
        let point = self.point(alpha, beta, reporter)?;
        let losses = self.losses(&point, 0, self.images(), reporter)?;
        Ok(self.value(losses, 0, &self.other_readings(&point, reporter)?))
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

    /// Device of the evaluation.
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
        // Memory that the forward passes of the last point have freed.
        give_back_memory_after(self.theta.layout().len as usize);
        // One tensor at a time, converted immediately where possible: no more than one network is in memory.
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

    /// Losses of the ID images `first..first + length` of the order of evaluation at `point`. The order is cyclic: `first` may be any
    /// index and `length` up to all images.
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

    /// All other requested values of the cell at `point`.
    ///
    /// # Errors
    /// As [`Evaluator::evaluate`].
    pub fn other_readings(&self, point: &Point, reporter: &mut dyn Reporter) -> Result<OtherReadings, AnalysisError> {
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
        Ok(OtherReadings { undefined: point.tensors.is_none(), ood, curvature })
    }

    /// Values of a cell from the losses of all ID images, in the order of evaluation from `offset` on, and from the other values.
    pub fn value(&self, losses: SampleLosses, offset: i64, other: &OtherReadings) -> CellValue {
        let mut order = self.order.clone();
        order.rotate_left(offset as usize);
        let losses = losses.in_place_of(&order);
        let mut mean = losses.mean();
        if other.undefined {
            mean.accuracy = f64::NAN;
        }
        let lambda = self.evaluation.ood.map_or(0.0, |(_, lambda)| lambda);
        let mut readings = readings(&losses, other.ood.as_ref().map(|scores| (scores, lambda)));
        readings.extend(&other.curvature);
        let sample_losses = losses.loss.iter().map(|&loss| loss as f32).collect();
        CellValue { mean, readings, sample_losses }
    }

    /// Does one product with the Hessian and returns how many a cell needs at most; 0 where curvature is not requested.
    ///
    /// # Errors
    /// As [`Evaluator::evaluate`].
    pub fn try_product(&self, reporter: &mut dyn Reporter) -> Result<usize, AnalysisError> {
        match &self.curvature {
            Some(curvature) => curvature.one_product(reporter),
            None => Ok(0),
        }
    }

    /// A tensor of the folded graph in the layout and precision of forward passes.
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

fn kind(precision: Precision) -> Kind {
    match precision {
        Precision::F32 | Precision::Tf32 => Kind::Float,
        Precision::Bf16 => Kind::BFloat16,
    }
}
