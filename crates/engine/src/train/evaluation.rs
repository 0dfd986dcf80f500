//! Evaluation after an epoch: ID loss and accuracy, CS accuracy, detection by the method's own score.

use flatland_core::metric::{auroc, fpr95};
use flatland_core::session::Role;
use serde_json::{Map, Value};
use tch::{Kind, Tensor};

use super::TrainError;
use crate::method::Method;
use crate::model::{Images, Network, Samples, Watch, each_batch, energy};

/// Images of one forward pass.
pub(super) const BATCH: i64 = 256;

/// Confidences and summed metrics of one dataset.
struct DatasetMetrics {
    role: Role,
    /// The method's confidence in each image.
    confidence: Vec<f64>,
    /// Sum of the cross-entropy; over labelled images.
    loss: f64,
    /// Number of correct predictions; over labelled images. NaN where the logits of an image are not finite: it has no prediction.
    right: f64,
    labelled: f64,
}

/// `id_loss`, `id_accuracy`, `cs_accuracy` (pooled over the datasets of the role), `near_auroc`, `near_fpr95`, `far_auroc`,
/// `far_fpr95` (mean over the datasets of the role, each against all ID images, as OpenOOD does), where the data for them is given. `null`
/// where a number is not defined: a logit is NaN, the largest one or a confidence is not finite.
///
/// Labels of semantic-shift images are of other classes and are not read.
///
/// # Errors
/// When an ID or CS image has a label that the network has no class for, when libtorch fails, or that of `tick`, which is called before every batch.
pub fn evaluate(
    network: &Network,
    method: &dyn Method,
    datasets: &[(Role, Samples)],
    tick: &mut dyn FnMut() -> Result<(), TrainError>,
) -> Result<Map<String, Value>, TrainError> {
    let mut measured = Vec::new();
    for (role, samples) in datasets {
        measured.push(metrics(network, method, *role, samples, tick)?);
    }
    Ok(summarize(&measured))
}

fn metrics(
    network: &Network,
    method: &dyn Method,
    role: Role,
    samples: &Samples,
    tick: &mut dyn FnMut() -> Result<(), TrainError>,
) -> Result<DatasetMetrics, TrainError> {
    let mut metrics = DatasetMetrics { role, confidence: Vec::new(), loss: 0.0, right: 0.0, labelled: 0.0 };
    let known = matches!(role, Role::Id | Role::Cs);
    if let Some(label) = samples.dataset.labels.iter().find(|&&label| known && label >= network.classes) {
        let (last, name) = (network.classes - 1, &samples.dataset.name);
        return Err(TrainError::Config(format!("expected labels of 0 to {last}, or none, in `{name}`, found {label}")));
    }
    let mut start = 0;
    each_batch(&Images::all(&samples.x), BATCH, &mut BeforeEachBatch(tick), |x| {
        let output = network.forward(x)?;
        metrics.confidence.extend(Vec::<f64>::try_from(method.confidence(&output)?.f_to_kind(Kind::Double)?)?);
        let y = samples.y.f_narrow(0, start, output.logits.size()[0])?;
        start += output.logits.size()[0];
        if known { metrics.add(&output.logits, &y) } else { Ok(()) }
    })?;
    Ok(metrics)
}

impl DatasetMetrics {
    /// Adds the losses and hits of a batch with `logits` [N, C] and classes `y` [N]; -1 = none.
    fn add(&mut self, logits: &Tensor, y: &Tensor) -> Result<(), TrainError> {
        let logits = logits.f_to_kind(Kind::Double)?;
        let log_p = logits.f_log_softmax(1, Kind::Double)?;
        let prediction = logits.f_argmax(1, false)?;
        // The argmax of NaNs is some class and would count as correct for its images.
        let defined = energy(&logits)?.f_isfinite()?;
        let labelled = y.f_ge(0)?;
        let chosen = log_p.f_gather(1, &y.f_clamp_min(0)?.f_unsqueeze(1)?, false)?.f_squeeze_dim(1)?;
        let sum = |values: Tensor| -> Result<f64, TrainError> {
            Ok(f64::try_from(values.f_masked_select(&labelled)?.f_to_kind(Kind::Double)?.f_sum(Kind::Double)?)?)
        };
        self.loss -= sum(chosen)?;
        let right = prediction.f_eq_tensor(y)?.f_to_kind(Kind::Double)?;
        self.right += sum(right.f_masked_fill(&defined.f_logical_not()?, f64::NAN)?)?;
        self.labelled += f64::try_from(labelled.f_sum(Kind::Double)?)?;
        Ok(())
    }
}

/// Calls the closure before each batch.
struct BeforeEachBatch<'a>(&'a mut dyn FnMut() -> Result<(), TrainError>);

impl Watch for BeforeEachBatch<'_> {
    type Error = TrainError;

    fn check(&mut self) -> Result<(), TrainError> {
        (self.0)()
    }
}

fn summarize(measured: &[DatasetMetrics]) -> Map<String, Value> {
    let mut values = Map::new();
    let of = |role| measured.iter().filter(move |metrics| metrics.role == role);
    let pooled = |role, what: fn(&DatasetMetrics) -> f64| -> Option<f64> {
        let labelled: f64 = of(role).map(|metrics| metrics.labelled).sum();
        (labelled > 0.0).then(|| of(role).map(what).sum::<f64>() / labelled)
    };
    let mut put = |name: &str, value: Option<f64>| {
        if let Some(value) = value {
            // JSON has no non-finite numbers: null.
            values.insert(name.into(), serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number));
        }
    };
    put("id_loss", pooled(Role::Id, |metrics| metrics.loss));
    put("id_accuracy", pooled(Role::Id, |metrics| metrics.right));
    put("cs_accuracy", pooled(Role::Cs, |metrics| metrics.right));
    let id: Vec<f64> = of(Role::Id).flat_map(|metrics| metrics.confidence.clone()).collect();
    for role in [Role::Near, Role::Far] {
        let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
        let judged: Vec<&DatasetMetrics> = of(role).filter(|metrics| !metrics.confidence.is_empty() && !id.is_empty()).collect();
        let defined = finite(&id) && judged.iter().all(|metrics| finite(&metrics.confidence));
        // Leaving out datasets without a number would change what the mean is of.
        let mean = |metric: fn(&[f64], &[f64]) -> Option<f64>| -> Option<f64> {
            let value = |metrics: &&DatasetMetrics| metric(&id, &metrics.confidence).filter(|_| defined).unwrap_or(f64::NAN);
            (!judged.is_empty()).then(|| judged.iter().map(value).sum::<f64>() / judged.len() as f64)
        };
        put(&format!("{}_auroc", role.key()), mean(auroc));
        put(&format!("{}_fpr95", role.key()), mean(fpr95));
    }
    values
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use flatland_core::data::{Dataset, Provenance, Source};
    use flatland_core::job::MethodConfig;
    use flatland_core::session::Normalization;
    use tch::Device;

    use super::*;
    use crate::method::method;

    /// Grey images with labels 0, 1, 2, ...
    fn images(network: &Network, count: usize) -> Samples {
        let source = Source { name: "x".into(), path: "x".into(), ..Source::default() };
        let provenance = Provenance { source, format: "test".into(), available: count, ..Provenance::default() };
        let images = (0..count * 32 * 32 * 3).map(|k| (k % 251) as u8).collect();
        let (labels, index) = ((0..count as i64).collect(), (0..count).collect());
        let dataset =
            Dataset { name: "x".into(), images, height: 32, width: 32, arrays: None, labels, index, classes: Vec::new(), provenance };
        Samples::new(Arc::new(dataset), &Normalization::default(), network).unwrap()
    }

    #[test]
    fn labels_of_other_classes_are_not_read_on_ss_and_told_on_id() {
        let network = Network::random("resnet8", 4, 0, Device::Cpu).unwrap();
        let method = method(&MethodConfig::new("erm")).unwrap();
        let run = |far: usize, id: usize| {
            let datasets = [(Role::Id, images(&network, id)), (Role::Far, images(&network, far))];
            evaluate(&network, method.as_ref(), &datasets, &mut || Ok(()))
        };
        assert!(run(9, 4).unwrap().contains_key("far_auroc"));
        assert!(run(9, 5).unwrap_err().to_string().contains("labels of 0 to 3, or none, in `x`, found 4"));
    }

    #[test]
    fn without_finite_logits_accuracy_and_detection_are_null() {
        let mut network = Network::random("resnet8", 4, 0, Device::Cpu).unwrap();
        let name = network.names.iter().find(|name| name.ends_with("bias") && network.tensors[*name].size() == [4]).unwrap().clone();
        let method = method(&MethodConfig::new("erm")).unwrap();
        for broken in [f32::NAN, f32::INFINITY] {
            network.tensors.insert(name.clone(), Tensor::from_slice(&[broken, 0.0, 0.0, 0.0]));
            let datasets = [(Role::Id, images(&network, 4)), (Role::Cs, images(&network, 2)), (Role::Far, images(&network, 9))];
            let values = evaluate(&network, method.as_ref(), &datasets, &mut || Ok(())).unwrap();
            for metric in ["id_loss", "id_accuracy", "cs_accuracy", "far_auroc", "far_fpr95"] {
                assert_eq!(values.get(metric), Some(&Value::Null), "{broken}: {metric}");
            }
        }
    }

    #[test]
    fn a_dataset_without_a_number_is_not_left_out_of_the_mean() {
        let far = |confidence: &[f64]| metrics(Role::Far, confidence, 0.0, 0.0, 0.0);
        let values = summarize(&[metrics(Role::Id, &[0.9, 0.8], 1.0, f64::NAN, 2.0), far(&[0.1]), far(&[f64::NAN, 0.2])]);
        assert_eq!((&values["far_auroc"], &values["far_fpr95"], &values["id_accuracy"]), (&Value::Null, &Value::Null, &Value::Null));
        let values = summarize(&[metrics(Role::Id, &[0.9, 0.8], 1.0, 1.0, 2.0), far(&[0.1]), far(&[])]);
        assert_eq!(values["far_auroc"], 1.0, "no images make no number");
    }

    fn metrics(role: Role, confidence: &[f64], loss: f64, right: f64, labelled: f64) -> DatasetMetrics {
        DatasetMetrics { role, confidence: confidence.to_vec(), loss, right, labelled }
    }

    /// Reference values, computed independently.
    #[test]
    fn numbers_are_pooled_over_id_and_cs_and_averaged_over_ss_datasets() {
        let values = summarize(&[
            metrics(Role::Id, &[0.9, 0.8], 1.0, 2.0, 2.0),
            metrics(Role::Id, &[0.8, 0.3], 3.0, 1.0, 2.0),
            metrics(Role::Near, &[0.8, 0.4, 0.2], 0.0, 0.0, 0.0),
            metrics(Role::Near, &[0.1], 0.0, 0.0, 0.0),
        ]);
        let get = |name: &str| values.get(name).and_then(Value::as_f64);
        assert_eq!((get("id_loss"), get("id_accuracy"), get("cs_accuracy")), (Some(1.0), Some(0.75), None));
        assert_eq!((get("near_auroc"), get("near_fpr95")), (Some(0.875), Some(0.375)));
        assert_eq!(get("far_auroc"), None);
    }
}
