use std::path::Path;

use flatland_core::job::{Device as JobDevice, JobEvent, SharpnessJob};
use flatland_core::result::{Npz, SharpnessCurve};
use flatland_core::session::{Role, SharpnessSettings};
use tch::{Kind, Tensor};

use super::run;
use crate::analysis::AnalysisError;
use crate::analysis::test_support::{Recorder, checkpoint, dataset, linear_network, real, real_samples, samples, shared, small_network};
use crate::model::{BatchNormMode, Network, Samples, is_parameter};

pub(super) fn job(out: &Path, data: &Samples, rho: &[f64]) -> SharpnessJob {
    SharpnessJob {
        checkpoint: checkpoint(),
        dataset: flatland_core::job::AnalysisDataset { role: Role::Id, source: data.dataset.provenance.source.clone() },
        settings: SharpnessSettings { rho: rho.to_vec(), ..SharpnessSettings::default() },
        seed: 0,
        save_perturbations: true,
        out: out.into(),
        device: JobDevice::Cpu,
    }
}

fn curve(network: &Network, data: &Samples, rho: &[f64]) -> (SharpnessCurve, tempfile::TempDir, Recorder) {
    let out = tempfile::tempdir().unwrap();
    let mut recorder = Recorder::default();
    run(network, data, &job(out.path(), data, rho), &mut recorder).unwrap();
    (SharpnessCurve::load(out.path()).unwrap(), out, recorder)
}

pub(super) fn noise(classes: i64, n: usize) -> (Vec<i64>, impl Fn(usize, usize) -> u8) {
    ((0..n as i64).map(|i| i % classes).collect(), |i, p| ((i * 7919 + p * 104_729 + i * p * 31) % 251) as u8)
}

#[test]
fn one_image_under_a_linear_map_has_the_known_sharpness() {
    // L = ln(1 + exp(-m)), m = (w_y − w_other)·x. ‖ε‖ ≤ ρ lowers m by at most √2 ρ‖x‖, along the gradient: S is known.
    let network = linear_network();
    let data = samples(&network, dataset("one", &[1], |_, p| (10 * p) as u8));
    let length = f64::try_from(data.x.to_kind(Kind::Double).square().sum(Kind::Double)).unwrap().sqrt();
    let radii = [0.01, 0.1, 1.0, 10.0];
    let (curve, ..) = curve(&network, &data, &radii);
    assert_eq!(curve.samples, 1);
    assert!((curve.center_loss - 2f64.ln()).abs() < 1e-9);
    for point in &curve.points {
        let known = (2f64.sqrt() * point.rho * length).exp().ln_1p() - 2f64.ln();
        assert!((point.sharpness - known).abs() < 1e-5 * known, "rho {}: {} against {known}", point.rho, point.sharpness);
        assert_eq!(point.std_error, 0.0);
    }
}

/// The same image once with each label: at W = 0 the gradient is zero and the loss is an even function of m. With ‖x‖.
pub(super) fn two_labels() -> (Network, Samples, f64) {
    let network = linear_network();
    let data = samples(&network, dataset("two", &[0, 1], |_, p| (10 * p) as u8));
    let length = f64::try_from(data.x.select(0, 0).to_kind(Kind::Double).square().sum(Kind::Double)).unwrap().sqrt();
    (network, data, length)
}

#[test]
fn a_minimum_without_slope_is_left_along_the_steepest_curvature() {
    // S = ln(2 cosh(m/2)) − ln 2 at m = √2 ρ‖x‖.
    let (network, data, length) = two_labels();
    let (curve, ..) = curve(&network, &data, &[0.1, 1.0]);
    for point in &curve.points {
        let known = (2f64.sqrt() * point.rho * length / 2.0).cosh().ln();
        assert!((point.sharpness - known).abs() < 1e-4 * known, "rho {}: {} against {known}", point.rho, point.sharpness);
    }
}

#[test]
fn the_curve_never_falls_and_starts_at_zero() {
    let network = small_network(5, 1);
    let (labels, pixel) = noise(5, 40);
    let data = samples(&network, dataset("noise", &labels, pixel));
    // Asked for out of order, with one radius twice.
    let (curve, _out, recorder) = curve(&network, &data, &[0.5, 0.0, 0.1, 0.1, 2.0, 1e-3]);
    let radii: Vec<f64> = curve.points.iter().map(|point| point.rho).collect();
    assert_eq!(radii, [0.0, 1e-3, 0.1, 0.5, 2.0]);
    assert_eq!(curve.points[0].sharpness, 0.0);
    assert!(curve.points.windows(2).all(|pair| pair[0].sharpness < pair[1].sharpness), "{:?}", curve.points);
    assert!(curve.points[1..].iter().all(|point| point.std_error > 0.0));
    let told: Vec<_> = recorder.events.iter().filter(|event| matches!(event, JobEvent::Sharpness { .. })).collect();
    assert_eq!(told.len(), 5);
}

#[test]
fn every_saved_perturbation_lies_in_its_ball_and_proves_the_claim() {
    let network = small_network(5, 2);
    let (labels, pixel) = noise(5, 70);
    let data = samples(&network, dataset("noise", &labels, pixel));
    let (curve, out, _) = curve(&network, &data, &[0.05, 0.3, 1.5]);
    for point in &curve.points {
        let npz = Npz::load(&out.path().join(format!("epsilon_{}.npz", point.rho))).unwrap();
        let names: std::collections::BTreeSet<&str> = npz.arrays.iter().map(|array| array.name.as_str()).collect();
        assert_eq!(names, ["bn.bias", "bn.weight", "conv.weight", "fc.bias", "fc.weight"].into());
        let norm = npz.arrays.iter().flat_map(|array| npz.f64(&array.name).unwrap()).map(|x| x * x).sum::<f64>().sqrt();
        assert!(norm <= point.rho * (1.0 + 1e-6), "‖ε‖ = {norm} for rho {}", point.rho);
        assert!((norm - point.epsilon_norm).abs() < 1e-12 + 1e-9 * norm);
        let mut tensors: crate::model::Tensors = network.tensors.iter().map(|(n, t)| (n.clone(), t.shallow_clone())).collect();
        for array in &npz.arrays {
            let values: Vec<f32> = npz.f64(&array.name).unwrap().iter().map(|&x| x as f32).collect();
            let moved = &tensors[&array.name] + Tensor::from_slice(&values).view_as(&tensors[&array.name]);
            tensors.insert(array.name.clone(), moved);
        }
        let logits = network.graph.forward(&tensors, &data.x, BatchNormMode::Frozen).unwrap().logits;
        let increase = f64::try_from(logits.cross_entropy_for_logits(&data.y)).unwrap() - curve.center_loss;
        assert!((increase - point.sharpness).abs() < 1e-4 * increase, "rho {}: {increase} against {}", point.rho, point.sharpness);
    }
    // ‖ε‖ reaches the sphere: the loss has no maximum inside these balls.
    assert!(curve.points.iter().all(|point| point.epsilon_norm > 0.999 * point.rho));
}

#[test]
fn no_random_perturbation_beats_the_bound() {
    let network = small_network(3, 3);
    let (labels, pixel) = noise(3, 30);
    let data = samples(&network, dataset("noise", &labels, pixel));
    let (curve, ..) = curve(&network, &data, &[0.5]);
    let theta = network.theta().unwrap();
    tch::manual_seed(5);
    for _ in 0..200 {
        let direction = theta.with_flat(theta.flat().randn_like());
        let epsilon = direction.flat() * (0.5 / direction.norm().unwrap());
        let mut tensors = theta.with_flat(theta.flat() + epsilon).views().unwrap();
        for name in network.names.iter().filter(|name| !is_parameter(name)) {
            tensors.insert(name.clone(), network.tensors[name].shallow_clone());
        }
        let logits = network.graph.forward(&tensors, &data.x, BatchNormMode::Frozen).unwrap().logits;
        let increase = f64::try_from(logits.cross_entropy_for_logits(&data.y)).unwrap() - curve.center_loss;
        assert!(increase < curve.points[0].sharpness, "random {increase} beats {}", curve.points[0].sharpness);
    }
}

#[test]
fn the_network_is_left_as_it_was_and_the_bytes_repeat() {
    let network = small_network(4, 4);
    let before = network.theta().unwrap();
    let (labels, pixel) = noise(4, 20);
    let data = samples(&network, dataset("noise", &labels, pixel));
    let read = |out: &tempfile::TempDir| ["sharpness.json", "epsilon_0.2.npz"].map(|name| std::fs::read(out.path().join(name)).unwrap());
    let (first, second) = (curve(&network, &data, &[0.1, 0.2]).1, curve(&network, &data, &[0.1, 0.2]).1);
    assert!(read(&first) == read(&second), "two searches left different bytes");
    assert_eq!(network.theta().unwrap().flat(), before.flat());
    assert!(!network.tensors["conv.weight"].requires_grad());
}

#[test]
fn a_radius_where_nothing_is_finite_keeps_what_is_known() {
    let network = small_network(3, 6);
    let (labels, pixel) = noise(3, 12);
    let data = samples(&network, dataset("noise", &labels, pixel));
    let (curve, ..) = curve(&network, &data, &[0.1, 1e30]);
    assert!(curve.points[1].sharpness.is_finite());
    assert!(curve.points[1].sharpness >= curve.points[0].sharpness && curve.points[0].sharpness > 0.0);
}

#[test]
fn what_cannot_be_searched_is_refused_with_a_reason() {
    let network = small_network(3, 7);
    let out = tempfile::tempdir().unwrap();
    let refuse = |data: &Samples, job: SharpnessJob| run(&network, data, &job, &mut Recorder::default()).unwrap_err().to_string();
    let good = samples(&network, dataset("good", &[0, 1, 2], |i, p| (i + p) as u8));
    assert!(refuse(&good, job(out.path(), &good, &[-0.1])).contains("expected radii ≥ 0, found -0.1"));
    assert!(refuse(&good, job(out.path(), &good, &[])).contains("at least one radius"));
    let unlabelled = samples(&network, dataset("bare", &[0, -1], |i, p| (i + p) as u8));
    assert!(refuse(&unlabelled, job(out.path(), &unlabelled, &[0.1])).contains("found 1 without"));
    let foreign = samples(&network, dataset("foreign", &[7], |i, p| (i + p) as u8));
    assert!(refuse(&foreign, job(out.path(), &foreign, &[0.1])).contains("labels from 0 to 2 in `foreign`"));
    let mut broken = small_network(3, 7);
    broken.tensors.insert("fc.bias".into(), Tensor::from_slice(&[f32::NAN, 0.0, 0.0]));
    let message = run(&broken, &good, &job(out.path(), &good, &[0.1]), &mut Recorder::default()).unwrap_err().to_string();
    assert!(message.contains("finite loss at θ"), "{message}");
    assert!(!out.path().join("sharpness.json").exists());
}

#[test]
fn a_cancel_is_noticed_between_batches() {
    let network = small_network(3, 8);
    let (labels, pixel) = noise(3, 12);
    let data = samples(&network, dataset("noise", &labels, pixel));
    let out = tempfile::tempdir().unwrap();
    let mut recorder = Recorder { patience: Some(6), ..Recorder::default() };
    let result = run(&network, &data, &job(out.path(), &data, &[0.1, 0.2]), &mut recorder);
    assert!(matches!(result, Err(AnalysisError::Cancelled)));
    assert_eq!(recorder.looks.get(), 7);
    assert!(!out.path().join("sharpness.json").exists());
}

#[test]
fn a_real_network_reaches_what_the_independent_oracle_found() {
    // golden/sharpness_resnet20.txt: 20 steps of `sharpness.py --ascend` on the first 512 CIFAR-10 test images.
    let Some(shared) = shared() else { return };
    let network = real(&shared);
    let data = real_samples(&network, &shared.join("data/cifar-10-batches-bin"), Some("test"), 512);
    let out = tempfile::tempdir().unwrap();
    let mut quick = job(out.path(), &data, &[0.01]);
    quick.settings.steps = 3;
    run(&network, &data, &quick, &mut Recorder::default()).unwrap();
    let curve = SharpnessCurve::load(out.path()).unwrap();
    assert!((curve.center_loss - 0.36593018).abs() < 1e-5 * 0.36593018, "L(θ) = {}", curve.center_loss);
    assert!((curve.theta_norm - 55.321855).abs() < 1e-5, "‖θ‖ = {}", curve.theta_norm);
    assert!(curve.points[0].sharpness >= 0.98 * 0.0259047, "S(0.01) ≥ {}", curve.points[0].sharpness);
}
