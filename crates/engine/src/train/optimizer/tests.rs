//! Optimizers, clipping and warm-up against PyTorch: `step/reference.py`.

#![allow(clippy::unwrap_used)]

use flatland_core::job::{Decay, OptimizerConfig, OptimizerKind, UpdateRule, WarmupConfig, WarmupLength};
use serde_json::Value;
use tch::{Kind, Tensor};

use super::super::clip::clip;
use super::super::schedule::Schedule;
use super::super::warmup::Warmup;
use super::*;

fn reference() -> Value {
    serde_json::from_str(include_str!("../step/reference.json")).unwrap()
}

/// As in `reference.py`.
fn wave(n: usize, phase: f64) -> Vec<f64> {
    (1..=n).map(|k| (12.9898 * k as f64 + phase).sin()).collect()
}

fn floats(values: Vec<f64>) -> Tensor {
    Tensor::from_slice(&values.into_iter().map(|x| x as f32).collect::<Vec<_>>())
}

#[test]
fn adamw_has_the_bits_of_pytorch_with_and_without_decay() {
    let rule = UpdateRule::AdamW { betas: [0.9, 0.999], eps: 1e-8 };
    let config = OptimizerConfig { lr: 0.01, weight_decay: 0.1, clip_norm: None, rule };
    let rules = [true, false].map(|weight_decay| ParameterRule { weight_decay, scheduled: true });
    let mut optimizer = Optimizer::new(&config, rules.to_vec());
    let mut parameters = [floats(wave(37, 0.1)), floats(wave(5, 0.2))];
    for step in 0..20 {
        let gradient = |k: usize, n: usize| {
            let scale = 10f64.powi(k as i32 - step % 3);
            floats(wave(n, f64::from(step) + 0.5 * k as f64).into_iter().map(|x| scale * x).collect())
        };
        optimizer.step(&mut parameters, &[gradient(0, 37), gradient(1, 5)], 0.01).unwrap();
    }
    assert_eq!(optimizer.steps(), 20);
    for (found, expected) in parameters.iter().zip(reference()["adamw_bits"].as_array().unwrap()) {
        let found: Vec<u64> = Vec::<f32>::try_from(found).unwrap().iter().map(|x| u64::from(x.to_bits())).collect();
        let expected: Vec<u64> = expected.as_array().unwrap().iter().map(|bits| bits.as_u64().unwrap()).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn a_rule_spares_a_parameter_the_decay_or_the_schedule() {
    let rule = |weight_decay, scheduled| ParameterRule { weight_decay, scheduled };
    let rules = || vec![rule(true, true), rule(false, true), rule(true, false)];
    let stepped = |config: &OptimizerConfig| -> Vec<f64> {
        let mut parameters = [1.0f64, 1.0, 1.0].map(|x| Tensor::from_slice(&[x]));
        let gradients = [1.0f64, 1.0, 1.0].map(|x| Tensor::from_slice(&[x]));
        Optimizer::new(config, rules()).step(&mut parameters, &gradients, 0.1).unwrap();
        parameters.iter().map(|parameter| f64::try_from(parameter).unwrap()).collect()
    };
    let close = |found: Vec<f64>, expected: [f64; 3]| {
        assert!(found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12), "{found:?} {expected:?}");
    };
    close(stepped(&OptimizerConfig::sgd(0.5, 0.0, false, 0.1)), [1.0 - 0.11, 1.0 - 0.1, 1.0 - 0.55]);
    // The first step of AdamW is lr·g/|g|, after a decay of lr·wd.
    let rule = UpdateRule::AdamW { betas: [0.9, 0.999], eps: 0.0 };
    let adamw = OptimizerConfig { lr: 0.5, weight_decay: 0.1, clip_norm: None, rule };
    close(stepped(&adamw), [0.99 - 0.1, 1.0 - 0.1, 0.95 - 0.5]);
}

#[test]
fn what_is_forgotten_leaves_a_new_optimizer() {
    for config in [OptimizerConfig::sgd(0.1, 0.9, true, 0.0), OptimizerKind::AdamW.config()] {
        let step = |optimizer: &mut Optimizer, gradient: [f64; 2]| -> Vec<f64> {
            let mut parameters = [Tensor::from_slice(&[1.0f64, 2.0])];
            optimizer.step(&mut parameters, &[Tensor::from_slice(&gradient)], 0.1).unwrap();
            Vec::try_from(&parameters[0]).unwrap()
        };
        let mut optimizer = Optimizer::new(&config, Vec::new());
        let first = step(&mut optimizer, [0.3, -2.0]);
        step(&mut optimizer, [-1.0, 0.5]);
        assert_ne!(step(&mut optimizer, [0.3, -2.0]), first, "what came before counts");
        optimizer.forget();
        assert_eq!(step(&mut optimizer, [0.3, -2.0]), first);
    }
}

/// torch.nn.utils.clip_grad_norm_ of [3, 4] and [12]: the norm is 13.
#[test]
fn a_gradient_is_scaled_down_as_a_whole_and_a_short_one_is_left_alone() {
    let gradients = || [Tensor::from_slice(&[3.0f64, 4.0]), Tensor::from_slice(&[12.0f64])];
    let mut long = gradients();
    assert!((clip(&mut long, 13.0, 6.5).unwrap() - 6.5).abs() < 1e-6);
    let factor = 6.5 / (13.0 + 1e-6);
    let all: Vec<f64> = Vec::try_from(Tensor::cat(&long, 0)).unwrap();
    assert!(all.iter().zip([3.0, 4.0, 12.0]).all(|(found, g)| (found - factor * g).abs() < 1e-12), "{all:?}");
    let mut short = gradients();
    assert_eq!(clip(&mut short, 13.0, 20.0).unwrap(), 13.0);
    assert!(short.iter().zip(gradients()).all(|(found, expected)| found.equal(&expected)));
    let mut none = [Tensor::zeros([3], (Kind::Double, tch::Device::Cpu))];
    assert_eq!(clip(&mut none, 0.0, 1.0).unwrap(), 0.0);
    assert_eq!(f64::try_from(none[0].abs().sum(Kind::Double)).unwrap(), 0.0);
}

#[test]
fn rates_rise_as_pytorch_s_schedulers_have_it() {
    let reference = reference();
    let of = |warmup: WarmupConfig, decay: Decay, steps: usize| -> Vec<f64> {
        let warmup = Warmup::new(Some(&warmup), 2);
        let schedule = Schedule::new(decay, 0.1, steps - warmup.steps);
        (0..steps).map(|step| warmup.factor(step) * schedule.lr(step.saturating_sub(warmup.steps))).collect()
    };
    let steps = |n, start| WarmupConfig { length: WarmupLength::Steps(n), start };
    for (name, found) in [
        ("fractions of 4 steps", of(steps(4, None), Decay::Constant, 8)),
        ("fractions of 4 steps", of(WarmupConfig { length: WarmupLength::Epochs(2), start: None }, Decay::default(), 8)),
        ("from 0.1 over 5 steps", of(steps(5, Some(0.1)), Decay::Constant, 8)),
        ("from 0.1 over 4 steps, then cosine over 6", of(steps(4, Some(0.1)), Decay::Cosine, 10)),
    ] {
        let expected: Vec<f64> = reference["rates"][name].as_array().unwrap().iter().map(|rate| rate.as_f64().unwrap()).collect();
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{name}: found {found}, expected {expected}");
        }
    }
    assert_eq!(Warmup::default().factor(0), 1.0);
}
