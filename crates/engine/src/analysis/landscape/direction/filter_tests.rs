#![allow(clippy::unwrap_used)]

use std::path::Path;

use super::super::super::values::values_f32;
use super::*;
use crate::model::{Blueprint, Network};

/// A network with tensors of these shapes beside its own; their numbers are all different.
fn network(shapes: &[(&str, &[i64])]) -> Network {
    let mut g = Blueprint::new([1, 2, 2]);
    let features = g.flatten(0);
    let logits = g.linear(features, "fc", 2);
    let own: [(&str, &[i64]); 2] = [("fc.weight", &[2, 4]), ("fc.bias", &[2])];
    let all: Vec<(&str, &[i64])> = own.into_iter().chain(shapes.iter().copied()).collect();
    let numbers = |shape: &[i64]| (0..shape.iter().product::<i64>()).map(|k| 0.1 + (1.7 * k as f32).sin()).collect::<Vec<_>>();
    Network {
        architecture: "test".into(),
        graph: g.finish(features, logits).0,
        tensors: all.iter().map(|(name, shape)| ((*name).into(), Tensor::from_slice(&numbers(shape)).view(*shape))).collect(),
        names: all.iter().map(|(name, _)| (*name).into()).collect(),
        classes: 2,
        device: Device::Cpu,
        left_out: Vec::new(),
        several: None,
        program: None,
    }
}

fn directions(network: &Network, settings: &str) -> Result<Directions, AnalysisError> {
    Directions::random(network, &toml::from_str::<DirectionSettings>(settings).unwrap().rule(), 5)
}

fn part<'a>(direction: &'a Direction, name: &str) -> &'a Part {
    direction.parts.iter().find(|part| part.name == name).unwrap()
}

/// d is r·‖w_f‖/‖r_f‖ in the filter f of each entry. `filter_of` gives the filter of a flat index; r are the draws.
fn assert_scaled(network: &Network, directions: &Directions, name: &str, filter_of: impl Fn(usize) -> usize) {
    let weight = values_f32(&network.tensors[name]).unwrap();
    for (axis, direction) in AXES.iter().zip([&directions.delta, &directions.eta]) {
        let draws = draw::draws(flatland_core::session::Law::Normal, 5, axis, name, weight.len());
        for (k, found) in part(direction, name).values.iter().enumerate() {
            let of_filter = |values: &dyn Fn(usize) -> f64| {
                (0..weight.len()).filter(|&i| filter_of(i) == filter_of(k)).map(|i| values(i).powi(2)).sum::<f64>().sqrt()
            };
            let expected = draws[k] * of_filter(&|i| weight[i].into()) / of_filter(&|i| draws[i]);
            assert!((f64::from(*found) - expected).abs() < 1e-6, "{axis}/{name}[{k}]: {found} {expected}");
        }
    }
}

#[test]
fn landscape_filters_are_those_that_the_session_names() {
    let shapes: [(&str, &[i64]); 6] = [
        ("attn.in_proj_weight", &[12, 4]),
        ("attn.in_proj_bias", &[12]),
        ("pos_embedding", &[1, 5, 3]),
        ("up.weight", &[2, 3, 2, 2]),
        ("token.weight", &[6, 3]),
        ("scale", &[4, 1, 1]),
    ];
    let network = network(&shapes);
    let plain = directions(&network, "bias = true").unwrap();
    assert_scaled(&network, &plain, "attn.in_proj_weight", |k| k / 4);
    assert_scaled(&network, &plain, "attn.in_proj_bias", |_| 0);
    assert_scaled(&network, &plain, "pos_embedding", |_| 0);
    assert_scaled(&network, &plain, "up.weight", |k| k / 12);
    assert_scaled(&network, &plain, "scale", |k| k);

    let chosen = "bias = true\nfilters = [{ tensors = [\"attn.*\"], filter = { rows = 2 } }, { tensors = [\"pos*\", \"up.weight\"], \
                  filter = { dim = 1 } }, { tensors = [\"token.weight\"], filter = \"tensor\" }, { tensors = [\"scale\"], filter = \"fixed\" }]";
    let found = directions(&network, chosen).unwrap();
    assert_scaled(&network, &found, "attn.in_proj_weight", |k| k / 8);
    assert_scaled(&network, &found, "attn.in_proj_bias", |k| k / 2);
    assert_scaled(&network, &found, "pos_embedding", |k| k / 3);
    assert_scaled(&network, &found, "up.weight", |k| k / 4 % 3);
    assert_scaled(&network, &found, "token.weight", |_| 0);
    assert_scaled(&network, &found, "fc.weight", |k| k / 4);
    assert!(part(&found.delta, "scale").values.iter().all(|&d| d == 0.0), "it does not move");
}

#[test]
fn landscape_axes_are_orthogonal_in_the_filters_of_the_session() {
    let network = network(&[("up.weight", &[2, 3, 2, 2])]);
    let found = directions(&network, "orthogonal = true\nfilters = [{ tensors = [\"up.*\"], filter = { dim = 1 } }]").unwrap();
    let (delta, eta) = (part(&found.delta, "up.weight"), part(&found.eta, "up.weight"));
    let weight = values_f32(&network.tensors["up.weight"]).unwrap();
    for output in 0..3 {
        let dot = |a: &[f32], b: &[f32]| (0..24).filter(|k| k / 4 % 3 == output).map(|k| f64::from(a[k]) * f64::from(b[k])).sum::<f64>();
        assert!(dot(&delta.values, &eta.values).abs() < 1e-6);
        assert!((dot(&eta.values, &eta.values) - dot(&weight, &weight)).abs() < 1e-5);
    }
}

#[test]
fn landscape_one_dimensional_tensors_move_as_the_session_says() {
    let network = network(&[("norm.weight", &[5])]);
    let weight = values_f32(&network.tensors["norm.weight"]).unwrap();
    let moved =
        |settings: &str| part(&directions(&network, &format!("bias = true\n{settings}")).unwrap().delta, "norm.weight").values.clone();
    let norm = |values: &[f32]| values.iter().map(|x| x * x).sum::<f32>().sqrt();
    assert!((norm(&moved("")) - norm(&weight)).abs() < 1e-5, "the whole vector");
    assert_ne!(moved(""), weight);
    assert_eq!(moved("one_dimensional = \"weight\""), weight);
    let magnitudes = moved("one_dimensional = \"magnitude\"");
    assert!(magnitudes.iter().zip(&weight).all(|(d, w)| d.abs() == w.abs()));
    assert_eq!(moved("preset = \"tomgoldstein\"\none_dimensional = \"vector\""), moved(""));
    assert!(part(&directions(&network, "one_dimensional = \"weight\"").unwrap().delta, "norm.weight").values.iter().all(|&d| d == 0.0));
}

#[test]
fn landscape_filters_that_a_tensor_does_not_have_are_refused() {
    let network = network(&[("pos", &[1, 5, 3])]);
    let told = |filters: &str| directions(&network, &format!("filters = [{filters}]")).unwrap_err().to_string();
    let none = told("{ tensors = [\"*.qkv.weight\"], filter = { rows = 2 } }");
    assert!(none.contains("[landscape.directions.filters]") && none.contains("`*.qkv.weight` of `tensors`"), "{none}");
    let rows = told("{ tensors = [\"fc.weight\"], filter = { rows = 3 } }");
    assert!(rows.contains("`fc.weight`") && rows.contains("rows = 3") && rows.contains("[2, 4]"), "{rows}");
    let dim = told("{ tensors = [\"pos\"], filter = { dim = 3 } }");
    assert!(dim.contains("below 3") && dim.contains("dim = 3"), "{dim}");
    let two = told("{ tensors = [\"pos\"], filter = \"tensor\" }, { tensors = [\"p*\"], filter = \"fixed\" }");
    assert!(two.contains("one entry for `pos`"), "{two}");
    let fixed = told("{ tensors = [\"*\"], filter = \"fixed\" }");
    assert!(fixed.contains("none may") && fixed.contains("* fixed"), "{fixed}");
}

#[test]
fn landscape_directions_without_choices_have_the_bytes_of_earlier_versions() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../checkpoints/erm.safetensors");
    let network = Network::load(&path, &Default::default(), Device::Cpu).unwrap();
    let hash = Directions::li2018(&network, 3).unwrap().hash();
    // `directions_hash` of `flatland landscape` before there were choices.
    assert_eq!(hash, "f6424700d514ed057fd7652dab65c8425275a11f6749914d5d4c34699768ba9a");
}
