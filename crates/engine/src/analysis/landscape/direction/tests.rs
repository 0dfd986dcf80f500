#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::super::values::values_f32;
use super::super::testing::{mlp, resnet20};
use super::*;
use crate::model::Blueprint;

fn rows(part: &Part) -> impl Iterator<Item = f64> + '_ {
    let row = part.values.len() / part.shape[0];
    part.values.chunks(row).map(|filter| filter.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt())
}

#[test]
fn landscape_filters_have_the_norm_of_the_weight_and_one_dimensional_tensors_are_zero() {
    let network = mlp(0);
    let directions = Directions::li2018(&network, 7).unwrap();
    for direction in [&directions.delta, &directions.eta] {
        for part in &direction.parts {
            if part.shape.len() < 2 {
                assert!(part.values.iter().all(|&x| x == 0.0), "{}", part.name);
                continue;
            }
            let weight =
                Part { values: values_f32(&network.tensors[&part.name]).unwrap(), name: part.name.clone(), shape: part.shape.clone() };
            for (found, expected) in rows(part).zip(rows(&weight)) {
                assert!((found - expected).abs() <= 1e-6 * expected, "{}: {found} {expected}", part.name);
            }
        }
    }
    assert!(!directions.move_one_dimensional());
    assert!(directions.cosine().abs() < 0.5);
}

#[test]
fn landscape_draws_serve_every_checkpoint_and_change_with_seed_axis_and_name() {
    let unit = |direction: &Direction, name: &str| {
        let part = direction.parts.iter().find(|part| part.name == name).unwrap();
        let row = &part.values[..part.values.len() / part.shape[0]];
        let norm = row.iter().map(|x| x * x).sum::<f32>().sqrt();
        row.iter().map(|x| x / norm).collect::<Vec<_>>()
    };
    let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-5);
    let (a, b) = (Directions::li2018(&mlp(0), 7).unwrap(), Directions::li2018(&mlp(1), 7).unwrap());
    assert!(close(&unit(&a.delta, "fc1.weight"), &unit(&b.delta, "fc1.weight")), "the same draws for two checkpoints");
    assert!(!close(&unit(&a.delta, "fc1.weight"), &unit(&a.eta, "fc1.weight")));
    let other = Directions::li2018(&mlp(0), 8).unwrap();
    assert!(!close(&unit(&a.delta, "fc1.weight"), &unit(&other.delta, "fc1.weight")));
    assert_eq!(a, Directions::li2018(&mlp(0), 7).unwrap());
    assert_ne!(a.hash(), other.hash());
}

#[test]
fn landscape_directions_survive_the_file_and_wrong_files_are_clear_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("directions.npz");
    let network = mlp(0);
    let directions = Directions::li2018(&network, 7).unwrap();
    directions.save(&path).unwrap();
    assert_eq!(Directions::load(&path, &network).unwrap(), directions);

    let mut npz = Npz::load(&path).unwrap();
    for array in &mut npz.arrays {
        array.name = array.name.replacen('/', "/module.", 1);
    }
    npz.save(&path).unwrap();
    assert_eq!(Directions::load(&path, &network).unwrap(), directions, "`module.` is stripped");

    let lost = npz.arrays.pop().unwrap();
    npz.save(&path).unwrap();
    let message = Directions::load(&path, &network).unwrap_err().to_string();
    assert!(message.contains(&lost.name.replace("module.", "")) && message.contains("directions.npz"), "{message}");

    npz.push(lost.name, &[1], NpzValues::F32(vec![0.0]));
    npz.save(&path).unwrap();
    let message = Directions::load(&path, &network).unwrap_err().to_string();
    assert!(message.contains("shape") && message.contains("[1]"), "{message}");
}

#[test]
fn landscape_golden_directions_fit_the_real_checkpoint() {
    let Some((network, shared)) = resnet20() else { return };
    let directions = Directions::load(&shared.join("golden/directions_resnet20.npz"), &network).unwrap();
    assert!(!directions.move_one_dimensional());
}

/// conv 3 → 4 (2x2), BatchNorm, ReLU, mean over positions, linear 4 → 3; weights from `value`.
fn batch_norm_network(value: impl Fn(&str, &[i64]) -> Vec<f32>) -> Network {
    let mut g = Blueprint::new([3, 4, 4]);
    let conv = g.convolve(0, "conv", [4, 2, 1, 0], false);
    let norm = g.batch_norm(conv, "bn");
    let relu = g.relu(norm);
    let features = g.global_avg_pool(relu);
    let logits = g.linear(features, "fc", 3);
    let shapes: [(&str, &[i64]); 7] = [
        ("conv.weight", &[4, 3, 2, 2]),
        ("bn.weight", &[4]),
        ("bn.bias", &[4]),
        ("bn.running_mean", &[4]),
        ("bn.running_var", &[4]),
        ("fc.weight", &[3, 4]),
        ("fc.bias", &[3]),
    ];
    let tensors = shapes.iter().map(|(name, shape)| ((*name).into(), Tensor::from_slice(&value(name, shape)).view(*shape))).collect();
    let names = shapes.iter().map(|(name, _)| (*name).into()).collect();
    Network {
        architecture: "test".into(),
        graph: g.finish(features, logits).0,
        tensors,
        names,
        classes: 3,
        device: Device::Cpu,
        left_out: Vec::new(),
        several: None,
        program: None,
    }
}

/// Any numbers, none of them twice.
fn some_network() -> Network {
    batch_norm_network(|_, shape| (0..shape.iter().product::<i64>()).map(|k| 0.1 + (1.7 * k as f32).sin()).collect())
}

fn rule(text: &str) -> DirectionRule {
    toml::from_str::<DirectionSettings>(text).unwrap().rule()
}

#[test]
fn landscape_presets_are_the_definitions_of_other_tools() {
    let golden = Npz::load(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/analysis/landscape/direction/presets/golden.npz"))).unwrap();
    let network = batch_norm_network(|name, shape| match golden.f64(&format!("weight/{name}")) {
        Some(values) => values.iter().map(|&x| x as f32).collect(),
        None => vec![1.0; shape.iter().product::<i64>() as usize],
    });
    for preset in ["li2018", "tomgoldstein", "loss_landscapes", "lla", "landscaper", "xxxnell", "pascalsun"] {
        let rule = rule(&format!("preset = \"{preset}\""));
        let law = if rule.law == flatland_core::session::Law::Normal { "normal" } else { "uniform" };
        let draws = |axis: &str, name: &str, _| golden.f64(&format!("{law}/{axis}/{name}")).unwrap();
        let directions = random::of_draws(&network, &rule, &draws).unwrap();
        for (axis, direction) in AXES.iter().zip([&directions.delta, &directions.eta]) {
            assert_eq!(direction.parts.len(), 5, "every parameter, no running statistics");
            for part in &direction.parts {
                let expected = golden.f64(&format!("{preset}/{axis}/{}", part.name)).unwrap();
                for (found, expected) in part.values.iter().zip(&expected) {
                    assert!((f64::from(*found) - expected).abs() < 2e-6, "{preset} {axis}/{}: {found} {expected}", part.name);
                }
            }
        }
    }
}

#[test]
fn landscape_orthogonal_axes_keep_every_filter_norm_and_meet_at_a_right_angle() {
    let network = Network::random("resnet20", 10, 3, Device::Cpu).unwrap();
    let directions = Directions::random(&network, &rule("orthogonal = true"), 5).unwrap();
    assert!(directions.cosine().abs() < 1e-6, "{}", directions.cosine());
    assert!(Directions::li2018(&network, 5).unwrap().cosine().abs() > 1e-6, "without, it is not so");
    for (delta, eta) in directions.delta.parts.iter().zip(&directions.eta.parts) {
        if delta.shape.len() < 2 {
            assert!(delta.values.iter().chain(&eta.values).all(|&x| x == 0.0));
            continue;
        }
        let weight = Part { values: values_f32(&network.tensors[&delta.name]).unwrap(), ..delta.clone() };
        for (norm, (d, e)) in rows(&weight).zip(rows(delta).zip(rows(eta))) {
            assert!((d - norm).abs() <= 1e-6 * norm && (e - norm).abs() <= 1e-6 * norm, "{}: {norm} {d} {e}", delta.name);
        }
        let row = delta.values.len() / delta.shape[0];
        for (d, e) in delta.values.chunks(row).zip(eta.values.chunks(row)) {
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
            assert!(dot(d, e).abs() < 1e-6 * (dot(d, d) * dot(e, e)).sqrt(), "every filter by itself");
        }
    }
    assert_eq!(directions.still(), 0);
}

#[test]
fn landscape_other_units_are_orthogonal_with_their_norms_too() {
    let network = some_network();
    for scaling in ["filter", "layer", "weight", "none", "across_outputs", "unit_rms"] {
        let rule = |orthogonal| rule(&format!("normalization = \"{scaling}\"\nbias = true\nbatch_norm = true\northogonal = {orthogonal}"));
        let (plain, right) =
            (Directions::random(&network, &rule(false), 1).unwrap(), Directions::random(&network, &rule(true), 1).unwrap());
        assert!(right.cosine().abs() < 1e-6, "{scaling}: {}", right.cosine());
        assert_eq!(plain.delta, right.delta);
        for (plain, right) in plain.eta.parts.iter().zip(&right.eta.parts) {
            let norm = |part: &Part| part.values.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
            assert!((norm(plain) - norm(right)).abs() < 1e-6 * norm(plain), "{scaling} {}", plain.name);
        }
    }
}

#[test]
fn landscape_filters_of_one_entry_move_along_the_first_axis_alone() {
    // Two outputs of one input each: every filter is a number, and ±w cannot be orthogonal to ±w.
    let mut g = Blueprint::new([1, 1, 1]);
    let features = g.flatten(0);
    let logits = g.linear(features, "fc", 2);
    let tensors = [
        ("fc.weight".to_owned(), Tensor::from_slice(&[2.0f32, -3.0]).view([2, 1])),
        ("fc.bias".into(), Tensor::from_slice(&[1.0f32, 1.0])),
    ];
    let names = vec!["fc.weight".into(), "fc.bias".into()];
    let network = Network {
        architecture: "test".into(),
        graph: g.finish(features, logits).0,
        tensors: tensors.into_iter().collect(),
        names,
        classes: 2,
        device: Device::Cpu,
        left_out: Vec::new(),
        several: None,
        program: None,
    };
    let plain = Directions::li2018(&network, 0).unwrap();
    assert_eq!(plain.eta.parts[0].values.iter().map(|x| x.abs()).collect::<Vec<_>>(), [2.0, 3.0]);
    let directions = Directions::random(&network, &rule("orthogonal = true"), 0).unwrap();
    assert_eq!(directions.delta.parts[0].values.iter().map(|x| x.abs()).collect::<Vec<_>>(), [2.0, 3.0]);
    assert_eq!(directions.eta.parts[0].values, [0.0, 0.0]);
    assert_eq!((directions.still(), directions.cosine()), (2, 0.0));
}

#[test]
fn landscape_switches_and_globs_say_which_tensors_move() {
    let network = some_network();
    let moving = |text: &str| {
        let directions = Directions::random(&network, &rule(text), 1)?;
        let parts = directions.delta.parts.iter().filter(|part| part.values.iter().any(|&x| x != 0.0));
        Ok::<_, AnalysisError>(parts.map(|part| part.name.clone()).collect::<Vec<_>>().join(" "))
    };
    assert_eq!(moving("").unwrap(), "conv.weight fc.weight");
    assert_eq!(moving("bias = true").unwrap(), "conv.weight fc.weight fc.bias");
    assert_eq!(moving("batch_norm = true").unwrap(), "conv.weight bn.weight bn.bias fc.weight");
    assert_eq!(moving("preset = \"tomgoldstein\"\nbias = false").unwrap(), "conv.weight bn.weight bn.bias fc.weight");
    assert_eq!(moving("bias = true\nlayers = [\"fc.*\"]").unwrap(), "fc.weight fc.bias");
    assert_eq!(moving("batch_norm = true\nlayers = [\"{conv,bn}.w*\"]").unwrap(), "conv.weight bn.weight");
    let told = |text: &str| moving(text).unwrap_err().to_string();
    assert!(told("layers = [\"layer9.*\"]").contains("layer9.*"));
    assert!(told("layers = [\"fc.bias\"]").contains("none may"));
    assert!(told("layers = [\"[\"]").contains("globs"));
}
