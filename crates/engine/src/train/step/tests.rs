//! Steps against a small PyTorch program in float64: `reference.py`.

#![allow(clippy::unwrap_used)]

use flatland_core::job::{MethodConfig, UpdateRule};
use serde_json::Value;
use tch::Device;

use super::super::warmup::Warmup;
use super::*;
use crate::method::method;

const CLASSES: i64 = 3;

/// As in `reference.py`.
fn wave(n: usize, phase: f64) -> Tensor {
    Tensor::from_slice(&(1..=n).map(|k| (12.9898 * k as f64 + phase).sin()).collect::<Vec<f64>>())
}

/// A ResNet-8 with weights that are written down, in float64.
fn network() -> Network {
    let mut network = Network::random("resnet8", CLASSES, 0, Device::Cpu).unwrap();
    for (k, name) in network.names.clone().into_iter().enumerate() {
        let size = network.tensors[&name].size();
        let values = wave(size.iter().product::<i64>() as usize, 0.3 * k as f64).view(size.as_slice());
        let fan_in = size.iter().skip(1).product::<i64>() as f64;
        let values = match size.len() {
            1 if name.ends_with("running_var") || name.ends_with("weight") => values * 0.1 + 1.0,
            1 => values * 0.1,
            _ => values * (1.5 / fan_in.sqrt()),
        };
        network.tensors.insert(name, values);
    }
    network
}

fn images(n: i64, phase: f64) -> Tensor {
    (wave(n as usize * 3 * 32 * 32, phase) * 1.5).view([n, 3, 32, 32])
}

fn batch(step: usize, part: usize, n: i64, outliers: i64) -> StepInput {
    let key = (10 * step + part) as f64;
    StepInput {
        id: images(n, 0.5 + key),
        first_id: None,
        labels: (Tensor::arange(n, (Kind::Int64, Device::Cpu)) * 7).remainder(CLASSES),
        outliers: (outliers > 0).then(|| images(outliers, 100.5 + key)),
        environments: None,
        seed: 0,
        step,
        epoch: 0,
    }
}

fn optimizer(case: &Value) -> OptimizerConfig {
    let number = |key: &str| case[key].as_f64().unwrap();
    let rule = if case["optimizer"] == "sgd" {
        UpdateRule::Sgd { momentum: 0.9, nesterov: true }
    } else {
        UpdateRule::AdamW { betas: [0, 1].map(|k| case["betas"][k].as_f64().unwrap()), eps: number("eps") }
    };
    OptimizerConfig { lr: number("lr"), weight_decay: number("weight_decay"), clip_norm: case["clip_norm"].as_f64(), rule }
}

fn method_of(case: &Value) -> MethodConfig {
    match (case["rho"].as_f64(), case["lambda"].as_f64().unwrap()) {
        (Some(rho), _) => MethodConfig::new("sam").with("rho", rho).with("adaptive", case["adaptive"].as_bool().unwrap()),
        (None, 0.0) => MethodConfig::new("erm"),
        (None, lambda) => MethodConfig::new("oe").with("lambda", lambda),
    }
}

fn close(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() <= 1e-8 * expected.abs().max(1.0), "{what}: found {found}, expected {expected}");
}

fn compare(run: &Value) {
    let case = &run["case"];
    let name = case["name"].as_str().unwrap();
    let config = optimizer(case);
    let mut method = method(&method_of(case)).unwrap();
    let mut trainee = Trainee::new(network(), &config, method.as_ref()).unwrap();
    let warmup =
        serde_json::from_value::<flatland_core::job::ScheduleConfig>(serde_json::json!({ "warmup": case["warmup"] })).unwrap().warmup;
    let warmup = Warmup::new(warmup.as_ref(), 1);
    let batch_norm = serde_json::from_value(case["batch_norm"].clone()).unwrap();
    let outliers = case["outliers"].as_i64().unwrap();
    for (step, expected) in run["steps"].as_array().unwrap().iter().enumerate() {
        let sizes = case["batches"].as_array().unwrap().iter().map(|n| n.as_i64().unwrap());
        let batches: Vec<StepInput> = sizes.enumerate().map(|(part, n)| batch(step, part, n, outliers)).collect();
        let lr = config.lr * warmup.factor(step);
        close(lr, expected["lr"].as_f64().unwrap(), "learning rate");
        let found = trainee.step(method.as_mut(), &batches, batch_norm, lr).unwrap();
        let what = |what: &str| format!("{name}, step {step}, {what}");
        close(found.first, expected["first"].as_f64().unwrap(), &what("first loss"));
        assert_eq!(found.second.is_some(), expected["second"].is_f64(), "{name}");
        if let Some(second) = found.second {
            close(second, expected["second"].as_f64().unwrap(), &what("second loss"));
        }
        close(found.gradient_norm, expected["norm"].as_f64().unwrap(), &what("norm"));
        assert_eq!(found.clipped_gradient_norm.is_some(), config.clip_norm.is_some());
        let clipped = found.clipped_gradient_norm.unwrap_or(found.gradient_norm);
        close(clipped, expected["clipped"].as_f64().unwrap(), &what("clipped norm"));
    }
    for (tensor, expected) in run["tensors"].as_object().unwrap() {
        let values = trainee.network.tensors[tensor].detach().flatten(0, -1);
        let cosines = Tensor::arange(values.size()[0], (Kind::Double, Device::Cpu)).cos();
        close(f64::try_from(values.norm()).unwrap(), expected[0].as_f64().unwrap(), &format!("{name}, norm of {tensor}"));
        close(f64::try_from(values.dot(&cosines)).unwrap(), expected[1].as_f64().unwrap(), &format!("{name}, sum of {tensor}"));
    }
}

#[test]
fn steps_are_those_of_a_pytorch_program() {
    let reference: Value = serde_json::from_str(include_str!("reference.json")).unwrap();
    let runs = reference["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 8);
    runs.iter().for_each(compare);
}

/// Its loss is finite, its gradient is not: √x at 0.
#[derive(Debug)]
struct Root {
    ascends: bool,
}

impl Method for Root {
    fn key(&self) -> &'static str {
        "root"
    }

    fn ascent(&self) -> Option<crate::method::Ascent> {
        self.ascends.then_some(crate::method::Ascent::plain(0.1))
    }

    fn objective(&mut self, forward: &mut crate::method::Forward<'_>, batch: &Batch<'_>) -> Result<Objective, ModelError> {
        let x = forward(batch.id)?.logits.f_sum(Kind::Double)?;
        // Of the second batch alone.
        let loss = if batch.labels.numel() == 2 { x.f_mul_scalar(0.0)?.f_sqrt()? } else { x };
        Ok(Objective { loss, terms: Vec::new() })
    }
}

#[test]
fn a_gradient_that_is_not_finite_is_an_error_that_leaves_weights_and_optimizer() {
    for (ascends, clip_norm) in [(false, None), (false, Some(1.0)), (true, Some(1.0))] {
        let mut method = Root { ascends };
        let config = OptimizerConfig { clip_norm, ..flatland_core::job::OptimizerKind::AdamW.config() };
        let mut trainee = Trainee::new(network(), &config, &method).unwrap();
        let before = trainee.network.tensors["linear.weight"].detach().copy();
        let batches = [batch(0, 0, 4, 0), batch(0, 1, 2, 0)];
        let error = trainee.step(&mut method, &batches, BatchNormUpdate::First, 0.1).unwrap_err();
        assert!(matches!(error, StepError::NotFinite { what: "gradient norm", .. }), "{error:?}");
        assert!(trainee.network.tensors["linear.weight"].detach().equal(&before));
        assert_eq!(trainee.optimizer.steps(), 0);
        // The first batch alone is as it should be.
        trainee.step(&mut method, &batches[..1], BatchNormUpdate::First, 0.1).unwrap();
    }
}
