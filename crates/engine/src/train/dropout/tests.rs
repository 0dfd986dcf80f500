#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use flatland_core::session::NetworkChoice;
use tch::{Device, Kind};

use super::*;
use crate::model::{Head, Network, dropout_graph};

/// A program of `model/exported/dropout/make.py`.
fn program(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/model/exported").join(name)
}

fn load(name: &str) -> (Network, Dropout) {
    let network = Network::load(&program(name), &NetworkChoice::default(), Device::Cpu).unwrap();
    let graph = dropout_graph(&network, &NetworkChoice::default()).unwrap();
    (network, Dropout { graph })
}

const KEY: DropoutKey = DropoutKey { seed: 7, step: 3, call: 0 };
const TRAINING: BatchNormMode = BatchNormMode::Batch { update: false };

#[test]
fn dropout_zeroes_its_share_and_scales_the_rest_and_evaluation_is_without_it() {
    let (network, dropout) = load("dropout/identity.pt2");
    let x = Tensor::full([4000, 12], 2.0, (Kind::Float, Device::Cpu));
    let dropped = dropout.forward(&network.tensors, &x, TRAINING, KEY).unwrap().logits;
    let values: Vec<f32> = Vec::try_from(dropped.flatten(0, -1)).unwrap();
    let zeros = values.iter().filter(|&&value| value == 0.0).count() as f64 / values.len() as f64;
    // Four standard errors of the share.
    assert!((zeros - 0.3).abs() < 4.0 * (0.3f64 * 0.7 / 48_000.0).sqrt(), "{zeros}");
    assert!(values.iter().all(|&value| value == 0.0 || (value - 2.0 / 0.7).abs() < 1e-6));
    assert_eq!(network.forward(&x).unwrap().logits, x);
}

#[test]
fn masks_are_a_function_of_seed_step_and_call() {
    for name in ["dropout/identity.pt2", "dropout/convolutional.pt2"] {
        let (network, dropout) = load(name);
        let shape = [&[16], network.graph.input.as_slice()].concat();
        let x = Tensor::arange(shape.iter().product::<i64>(), (Kind::Float, Device::Cpu)).sin().view(shape.as_slice());
        let logits = |key: DropoutKey| {
            // What others draw from the same generator changes nothing.
            let _ = Tensor::rand([5], (Kind::Float, Device::Cpu));
            dropout.forward(&network.tensors, &x, TRAINING, key).unwrap().logits
        };
        assert_eq!(logits(KEY), logits(KEY), "{name}");
        for other in [DropoutKey { seed: 8, ..KEY }, DropoutKey { step: 4, ..KEY }, DropoutKey { call: 1, ..KEY }] {
            assert_ne!(logits(KEY), logits(other), "{name} {other:?}");
        }
    }
}

/// One that drops channels, one for SELU, one in place, and one of rate 0.
#[test]
fn every_kind_of_dropout_acts_and_the_rest_of_the_network_is_the_same() {
    let (network, dropout) = load("dropout/convolutional.pt2");
    let calls: Vec<String> = dropout.graph.nodes.iter().map(|node| format!("{:?}", node.op)).filter(|op| op.contains("dropout")).collect();
    let expected = ["flatland.feature_dropout", "flatland.alpha_dropout", "flatland.dropout"];
    assert!(calls.len() == 3 && calls.iter().zip(expected).all(|(found, name)| found.contains(name)), "{calls:?}");
    assert_eq!(dropout.graph.nodes.len(), network.graph.nodes.len() + 3);
    assert_eq!(dropout.graph.tensor_names(), network.graph.tensor_names());
    let x = Tensor::ones([2, 3, 32, 32], (Kind::Float, Device::Cpu));
    let features = dropout.forward(&network.tensors, &x, TRAINING, KEY).unwrap().features;
    assert!(Vec::<f32>::try_from(features.flatten(0, -1)).unwrap().contains(&0.0), "what was dropped in place is what is read");
    let with_head = network.with_head(Head::Mcd, 0).unwrap();
    let graph = dropout_graph(&with_head, &NetworkChoice::default()).unwrap();
    let output = Dropout { graph }.forward(&with_head.tensors, &x, TRAINING, KEY).unwrap();
    assert_eq!((output.logits.size(), output.auxiliary.unwrap().size()), (vec![2, 7], vec![2, 7]));
}

#[test]
fn a_network_without_dropout_says_so() {
    let built_in = Network::random("resnet8", 7, 0, Device::Cpu).unwrap();
    let message = dropout_graph(&built_in, &NetworkChoice::default()).unwrap_err().to_string();
    assert!(message.contains("`dropout = \"on\"`") && message.contains("the built-in network resnet8"), "{message}");
    let without = Network::load(&program("float_arrays/mlp.pt2"), &NetworkChoice::default(), Device::Cpu).unwrap();
    let message = dropout_graph(&without, &NetworkChoice::default()).unwrap_err().to_string();
    assert!(message.contains("mlp.pt2, whose program has none") && message.contains("leave `dropout` out"), "{message}");
}
