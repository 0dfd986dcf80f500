//! [`InputEvaluator`]: what the network says of x + αd₁ + βd₂, many points at once.

use flatland_core::job::Reporter;
use flatland_core::result::{Cell, Quantity, Reading};
use tch::{Device, Kind, Tensor};

use super::super::super::values::values;
use super::super::super::{AnalysisError, SampleLosses, batch_size, forward_batches};
use super::directions::InputDirections;
use super::subject::Subject;
use crate::model::{BatchNormMode, Images, max_softmax, normalized, shallow};

/// Evaluates one network around one image.
pub(super) struct InputEvaluator<'a> {
    subject: &'a Subject<'a>,
    clamp: bool,
    /// x, [1, C, H, W] in [0, 1].
    x: Tensor,
    delta: Tensor,
    eta: Tensor,
    batch: i64,
}

impl<'a> InputEvaluator<'a> {
    /// Around the image of `subject`; pixels are cut off at 0 and 1 where it says `clamp`.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub(super) fn new(subject: &'a Subject<'a>, directions: &InputDirections, clamp: bool) -> Result<Self, AnalysisError> {
        let x = subject.image(0)?;
        let [delta, eta] = directions.tensors(&x)?;
        let network = subject.network;
        let batch = batch_size(network.device, network.graph.largest_activation());
        Ok(Self { subject, clamp, x, delta, eta, batch })
    }

    /// Where it computes.
    pub(super) fn device(&self) -> Device {
        self.x.device()
    }

    /// Points of one forward pass.
    pub(super) fn batch(&self) -> usize {
        self.batch as usize
    }

    /// Logits at points (α, β), [N, classes]. Batches are those of the points in their order.
    ///
    /// # Errors
    /// [`AnalysisError::Cancelled`] when the reporter says so, and when libtorch refuses.
    pub(super) fn logits(&self, points: &[[f64; 2]], reporter: &mut dyn Reporter) -> Result<Tensor, AnalysisError> {
        let _no_grad = tch::no_grad_guard();
        let flat: Vec<f32> = points.iter().flatten().map(|&x| x as f32).collect();
        let points = Tensor::f_from_slice(&flat)?.f_view([-1, 2])?.f_to_device(self.x.device())?;
        let task = || {
            let (graph, tensors) = (&self.subject.network.graph, shallow(&self.subject.network.tensors));
            let [x, delta, eta] = [&self.x, &self.delta, &self.eta].map(Tensor::shallow_clone);
            let (clamp, normalization) = (self.clamp, self.subject.normalization);
            move |points: &Tensor| {
                let along = |axis: i64| points.f_narrow(1, axis, 1)?.f_view([-1, 1, 1, 1]);
                let mut moved = along(0)?.f_mul(&delta)?.f_add(&along(1)?.f_mul(&eta)?)?.f_add(&x)?;
                if clamp {
                    moved = moved.f_clamp(0.0, 1.0)?;
                }
                Ok(graph.forward(&tensors, &normalized(&moved, &normalization)?, BatchNormMode::Frozen)?.logits)
            }
        };
        let parts = forward_batches(&Images::all(&points), self.batch, reporter, task)?;
        Ok(Tensor::f_cat(&parts, 0)?)
    }

    /// What cells tell whose logits are `logits` [N, classes], in f64; they stand at (0, 0) of a grid.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub(super) fn cells(&self, logits: &Tensor) -> Result<Vec<Cell>, AnalysisError> {
        let _no_grad = tch::no_grad_guard();
        let target = self.subject.target;
        let labels = Tensor::f_full([logits.size()[0]], target, (Kind::Int64, logits.device()))?;
        let losses = SampleLosses::of(logits, &labels)?;
        let logits = logits.f_to_kind(Kind::Double)?;
        let is_finite = values(&logits.f_isfinite()?.f_all_dim(1, false)?)?;
        let prediction = values(&logits.f_argmax(1, false)?)?;
        let confidence = values(&max_softmax(&logits)?)?;
        let margin = values(&margin(&logits, target)?)?;
        let cell = |k: usize| {
            let or_nan = |value: f64| if is_finite[k] == 1.0 { value } else { f64::NAN };
            // One image has no standard error over images.
            let reading = |quantity, value| Reading { quantity, value, std_error: f64::NAN };
            Cell {
                i: 0,
                j: 0,
                // −0 is 0.
                loss: losses.loss[k] + 0.0,
                accuracy: or_nan(if losses.correct[k] { 1.0 } else { 0.0 }),
                loss_std_error: f64::NAN,
                count: 1,
                readings: vec![
                    reading(Quantity::Energy, losses.energy[k]),
                    reading(Quantity::Prediction, or_nan(prediction[k])),
                    reading(Quantity::Margin, or_nan(margin[k])),
                    reading(Quantity::Confidence, or_nan(confidence[k])),
                ],
            }
        };
        Ok((0..losses.loss.len()).map(cell).collect())
    }
}

/// z_target − max over the others, [N]; NaN where there is no other class.
fn margin(logits: &Tensor, target: i64) -> Result<Tensor, AnalysisError> {
    let own = logits.f_select(1, target)?;
    if logits.size()[1] < 2 {
        return Ok(own.f_full_like(f64::NAN)?);
    }
    let index = Tensor::f_from_slice(&[target])?.f_to_device(logits.device())?;
    let others = logits.f_index_fill(1, &index, f64::NEG_INFINITY)?;
    Ok(own.f_sub(&others.f_amax([1i64].as_slice(), false)?)?)
}
