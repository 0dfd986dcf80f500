//! ONNX files of PyTorch's two exporters (`networks/make.py`), and what is refused.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use flatland_core::session::NetworkChoice;
use prost::Message;
use serde_json::Value;
use tch::{Device, Tensor};

use super::message::{Graph, Model, Node, OperatorSet, Tensor as Stored};
use crate::model::{BatchNormMode, Network, Op};

/// Largest difference from PyTorch, relative to the largest number.
const TOLERANCE: f64 = 1e-5;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/model/checkpoint/onnx/networks").join(name)
}

fn load(name: &str) -> Result<Network, String> {
    Network::load(&path(name), &NetworkChoice::default(), Device::Cpu).map_err(|error| error.to_string())
}

fn expected() -> Value {
    serde_json::from_slice(&std::fs::read(path("expected.json")).unwrap()).unwrap()
}

fn floats(of: &Value) -> Tensor {
    Tensor::from_slice(&serde_json::from_value::<Vec<f32>>(of.clone()).unwrap())
}

#[test]
fn logits_and_gradients_are_those_of_pytorch_under_the_names_of_its_state_dict() {
    let expected = expected();
    for (file, of) in [("cnn.older", "cnn"), ("cnn.newer", "cnn"), ("vit.older", "vit"), ("vit.newer", "vit")] {
        let (mut network, of) = (load(&format!("{file}.onnx")).unwrap(), &expected[of]);
        let norms = of["gradient_norms"].as_object().unwrap();
        let mut names: Vec<&String> = norms.keys().collect();
        let mut parameters = network.parameter_names();
        names.sort();
        parameters.sort();
        assert_eq!(parameters.iter().collect::<Vec<_>>(), names, "{file}");
        for name in &parameters {
            let tensor = network.tensors.remove(name).unwrap().set_requires_grad(true);
            network.tensors.insert(name.clone(), tensor);
        }
        let logits = network.graph.forward(&network.tensors, &floats(&of["x"]).view([4, 3, 8, 8]), BatchNormMode::Frozen).unwrap().logits;
        let difference = (logits.flatten(0, -1) - floats(&of["logits"])).abs().max().double_value(&[]);
        assert!(difference <= TOLERANCE, "{file}: {difference}");
        logits.cross_entropy_for_logits(&Tensor::from_slice(&serde_json::from_value::<Vec<i64>>(of["y"].clone()).unwrap())).backward();
        for name in &parameters {
            let (norm, expected) = (network.tensors[name].grad().norm().double_value(&[]), norms[name].as_f64().unwrap());
            assert!((norm - expected).abs() <= TOLERANCE * expected.max(1e-2), "{file} {name}: {norm} {expected}");
        }
    }
}

#[test]
fn both_exporters_give_one_graph_with_the_numbers_that_the_network_was_made_with() {
    let settings = |network: &Network| -> Vec<(String, f64, f64)> {
        let of = |op: &Op| if let Op::BatchNorm(norm) = op { Some((norm.layer.clone(), norm.eps, norm.momentum)) } else { None };
        network.graph.nodes.iter().filter_map(|node| of(&node.op)).collect()
    };
    let (older, newer) = (load("cnn.older.onnx").unwrap(), load("cnn.newer.onnx").unwrap());
    assert_eq!(settings(&older), [("bn1".into(), 1e-3, 0.03), ("bn2".into(), 1e-5, 0.1)]);
    assert_eq!(settings(&older), settings(&newer));
    let convolutions = |network: &Network| -> Vec<Op> {
        network.graph.nodes.iter().map(|node| node.op.clone()).filter(|op| matches!(op, Op::Conv(_) | Op::Linear { .. })).collect()
    };
    assert_eq!(convolutions(&older), convolutions(&newer), "the zero bias that one of them computes is none");
    assert_eq!(convolutions(&older).len(), 4);
    let linears = |name: &str| load(name).unwrap().graph.nodes.iter().filter(|node| matches!(node.op, Op::Linear { .. })).count();
    assert_eq!([linears("vit.older.onnx"), linears("vit.newer.onnx")], [5, 5], "products with transposed weights are affine maps");
}

#[test]
fn the_features_are_the_inputs_of_the_last_affine_map() {
    for (file, width) in [("cnn.older.onnx", 6), ("cnn.newer.onnx", 6), ("vit.older.onnx", 8), ("vit.newer.onnx", 8)] {
        let output = load(file).unwrap().forward(&Tensor::zeros([3, 3, 8, 8], (tch::Kind::Float, Device::Cpu))).unwrap();
        assert_eq!(output.features.size(), [3, width], "{file}");
    }
}

#[test]
fn files_whose_weights_are_not_those_of_the_network_are_refused_with_the_line_that_exports_it() {
    for (file, why) in [
        ("cnn.older_folded.onnx", "the exporter computed the tensor `onnx::Conv_"),
        ("cnn.newer_folded.onnx", "merged BatchNorm into the weights of a `Conv`"),
        ("vit.older_folded.onnx", "the exporter computed the tensor `onnx::MatMul_"),
        ("vit.newer_folded.onnx", "parameters of the network are not in it"),
    ] {
        let error = load(file).unwrap_err();
        assert!(error.contains(why) && error.contains("torch.export.save(") && error.contains(file), "{file}: {error}");
    }
}

/// The file called `name` with a change of its model and graph.
fn changed(name: &str, change: impl FnOnce(&mut Model, &mut Graph)) -> String {
    let mut model = Model::decode(std::fs::read(path(name)).unwrap().as_slice()).unwrap();
    let mut graph = Graph::decode(model.graph.take().unwrap()).unwrap();
    change(&mut model, &mut graph);
    model.graph = Some(graph.encode_to_vec().into());
    match super::graph::read(&model.encode_to_vec().into()) {
        Ok(_) => "read".into(),
        Err(error) => error,
    }
}

/// The nodes of `graph` after a change of each.
fn of_nodes(graph: &mut Graph, mut change: impl FnMut(&mut Node)) {
    for bytes in &mut graph.node {
        let mut node = Node::decode(bytes.clone()).unwrap();
        change(&mut node);
        *bytes = node.encode_to_vec().into();
    }
}

fn of_tensors(graph: &mut Graph, mut change: impl FnMut(&mut Stored)) {
    for bytes in &mut graph.initializer {
        let mut tensor = Stored::decode(bytes.clone()).unwrap();
        change(&mut tensor);
        *bytes = tensor.encode_to_vec().into();
    }
}

#[test]
fn each_kind_of_wrong_file_is_refused_in_its_own_words() {
    let cnn = |change: fn(&mut Model, &mut Graph)| changed("cnn.older.onnx", change);
    assert_eq!(cnn(|_, _| ()), "read");
    for (error, part) in [
        (cnn(|model, _| model.producer_name = "tf2onnx".into()), "it was written by `tf2onnx`"),
        (
            cnn(|model, _| model.opset_import = vec![OperatorSet { domain: String::new(), version: 9 }.encode_to_vec().into()]),
            "found opset 9",
        ),
        (cnn(|_, graph| of_tensors(graph, |tensor| tensor.data_location = 1)), "external_data=False"),
        (cnn(|_, graph| of_tensors(graph, |tensor| tensor.dims.push(2))), "the file is damaged"),
        (
            cnn(|_, graph| of_nodes(graph, |node| node.op_type = node.op_type.replace("LeakyRelu", "Loop"))),
            "the ONNX operation `Loop` is not supported",
        ),
        (cnn(|_, graph| of_nodes(graph, |node| node.domain = "custom".into())), "the ONNX operation `custom::"),
        (cnn(|_, graph| graph.node.reverse()), "is used before it is defined"),
        (cnn(|_, graph| graph.node.extend(graph.node.last().cloned())), "is defined twice"),
        (cnn(|_, graph| graph.input.clear()), "expected one input"),
        (cnn(|_, graph| graph.output.clear()), "expected an output"),
        (cnn(|_, graph| graph.initializer.extend(graph.initializer.last().cloned())), "found one twice"),
        (changed("cnn.newer.onnx", |_, graph| graph.metadata.clear()), "its metadata were removed"),
        (
            changed("cnn.newer.onnx", |_, graph| {
                graph.initializer.retain(|bytes| Stored::decode(bytes.clone()).unwrap().name != "fc2.bias");
            }),
            "1 parameter of the network is not in it (`fc2.bias`)",
        ),
        (
            cnn(|_, graph| {
                let equal =
                    Node { op_type: "Identity".into(), input: vec!["fc1.bias".into()], output: vec!["fc9.bias".into()], ..Node::default() };
                graph.node.insert(0, equal.encode_to_vec().into());
            }),
            "keeps one of the equal tensors `fc1.bias` and `fc9.bias`",
        ),
        (
            cnn(|_, graph| {
                of_nodes(graph, |node| {
                    let unknown = super::message::Attribute { name: "new".into(), kind: 2, ..Default::default() };
                    node.attribute.push(unknown.encode_to_vec().into());
                });
            }),
            "the attribute `new` of `",
        ),
    ] {
        assert!(error.contains(part), "expected {part}, found {error}");
    }
}

#[test]
fn a_file_cut_short_anywhere_is_an_error() {
    let bytes = std::fs::read(path("cnn.newer.onnx")).unwrap();
    for end in (0..bytes.len()).step_by(97) {
        assert!(super::read(bytes[..end].to_vec()).contents.is_err(), "{end}");
    }
}
