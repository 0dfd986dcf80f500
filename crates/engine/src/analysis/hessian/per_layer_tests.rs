//! Layers against PyTorch: ../loss/reference.py, float64, on the network and images of the tests of losses.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use flatland_core::job::{HessianJob, LandscapeJob, SharpnessJob};
use flatland_core::result::{HessianSpectrum, LossSurface, Npz, SharpnessCurve};
use flatland_core::session::{DensityQuality, Estimator, HessianSettings, LossSettings, Role, SharpnessSettings};

use crate::analysis::conformance::subjects;
use crate::analysis::landscape::LandscapeData;
use crate::analysis::loss::tests::{data, network};
use crate::analysis::test_support::{Recorder, checkpoint};
use crate::analysis::{hessian, landscape, sharpness};
use crate::model::Samples;

/// Cross-entropy with weight decay 0.01: layer, its parameters, ‖θ‖ of the layer, λ_max and trace of its block, rise at a SAM step of 0.1.
const REFERENCE: [(&str, usize, [f64; 4]); 2] = [
    ("hidden", 245, [6.597202058164475, 26.985677063094478, 45.340278550920836, 0.19867937877320951]),
    ("fc", 18, [3.1066622959621664, 0.4737827564574637, 1.0457524493817378, 0.010642115536877439]),
];

fn loss() -> LossSettings {
    LossSettings { weight_decay: 0.01, ..LossSettings::default() }
}

fn settings(layers: &[&str], per_layer: bool) -> HessianSettings {
    HessianSettings {
        top: 2,
        trace_probes: 60,
        tolerance: 1e-5,
        density: DensityQuality::None,
        loss: loss(),
        layers: layers.iter().map(|&glob| glob.to_owned()).collect(),
        per_layer,
        ..HessianSettings::default()
    }
}

fn job(out: &Path, data: &Samples, settings: HessianSettings) -> HessianJob {
    let dataset = flatland_core::job::AnalysisDataset { role: Role::Id, source: data.dataset.provenance.source.clone() };
    let device = flatland_core::job::Device::Cpu;
    HessianJob { checkpoint: checkpoint(), dataset, settings, seed: 1, save_eigenvectors: true, out: out.into(), device }
}

fn spectrum(settings: HessianSettings) -> (HessianSpectrum, tempfile::TempDir) {
    let (out, network) = (tempfile::tempdir().unwrap(), network());
    let data = data(&network);
    hessian::run(&network, &data, &job(out.path(), &data, settings), &mut Recorder::default()).unwrap();
    (HessianSpectrum::load(out.path()).unwrap(), out)
}

fn curve(settings: SharpnessSettings) -> (SharpnessCurve, tempfile::TempDir) {
    let (out, network) = (tempfile::tempdir().unwrap(), network());
    let data = data(&network);
    let HessianJob { checkpoint, dataset, device, .. } = job(out.path(), &data, HessianSettings::default());
    let job = SharpnessJob { checkpoint, dataset, settings, seed: 0, save_perturbations: true, out: out.path().into(), device };
    sharpness::run(&network, &data, &job, &mut Recorder::default()).unwrap();
    (SharpnessCurve::load(out.path()).unwrap(), out)
}

fn sam(layers: &[&str], per_layer: bool) -> SharpnessSettings {
    let layers = layers.iter().map(|&glob| glob.to_owned()).collect();
    SharpnessSettings { estimator: Estimator::Sam, rho: vec![0.1], loss: loss(), layers, per_layer, ..SharpnessSettings::default() }
}

fn close(found: f64, known: f64, what: &str) {
    assert!((found - known).abs() <= 2e-5 * known.abs(), "{what}: {found} against {known}");
}

#[test]
fn the_hessian_of_each_layer_is_its_block() {
    let (spectrum, _out) = spectrum(settings(&[], true));
    assert_eq!(
        spectrum.layers.iter().map(|layer| (layer.name.as_str(), layer.parameters)).collect::<Vec<_>>(),
        [("hidden", 245), ("fc", 18)]
    );
    for (layer, (name, _, [theta, lambda, trace, _])) in spectrum.layers.iter().zip(REFERENCE) {
        close(layer.theta_norm, theta, name);
        close(layer.lambda_max.value, lambda, name);
        assert!(layer.converged && layer.lambda_max.residual <= 1e-4 * lambda);
        let found = layer.trace.unwrap();
        assert!((found.value - trace).abs() <= 3.5 * found.std_error, "{name}: {found:?} against {trace}");
        assert!(found.std_error < 0.5 * trace.abs().max(1.0) && found.probes == 180, "{name}: {found:?}");
        let (mean, error) = layer.mean_eigenvalue().unwrap();
        assert_eq!((mean, error), (found.value / layer.parameters as f64, found.std_error / layer.parameters as f64));
    }
    // Blocks on the diagonal: their traces add up to the whole.
    let sum: f64 = spectrum.layers.iter().map(|layer| layer.trace.unwrap().value).sum();
    let error = spectrum.trace.unwrap().std_error + spectrum.layers.iter().map(|layer| layer.trace.unwrap().std_error).sum::<f64>();
    assert!((sum - spectrum.trace.unwrap().value).abs() <= 3.0 * error);
}

#[test]
fn a_hessian_that_is_restricted_by_a_glob_is_that_of_the_layer() {
    for (name, parameters, [theta, lambda, trace, _]) in REFERENCE {
        let (found, out) = spectrum(settings(&[&format!("{name}.*")], false));
        assert_eq!((found.parameters, found.tensors), (parameters, format!("parameters that match {name}.*")));
        close(found.theta_norm, theta, name);
        close(found.top[0].value, lambda, name);
        let of = found.trace.unwrap();
        assert!((of.value - trace).abs() <= 3.0 * of.std_error + 1e-4 * trace, "{name}: {of:?} against {trace}");
        // The eigenvector is one over all parameters, zero beyond the layer.
        let npz = Npz::load(&out.path().join("eigenvector_1.npz")).unwrap();
        assert_eq!(npz.arrays.len(), 4);
        for array in &npz.arrays {
            let moves = npz.f64(&array.name).unwrap().iter().any(|&x| x != 0.0);
            assert_eq!(moves, array.name.starts_with(name), "{}", array.name);
        }
    }
}

#[test]
fn sharpness_within_layers_is_pytorchs() {
    let (each, _out) = curve(sam(&[], true));
    for (layer, (name, parameters, [theta, _, _, rise])) in each.layers.iter().zip(REFERENCE) {
        assert_eq!((layer.name.as_str(), layer.parameters), (name, parameters));
        close(layer.theta_norm, theta, name);
        close(layer.points[0].sharpness, rise, name);
        let (alone, _out) = curve(sam(&[&format!("{name}.*")], false));
        assert_eq!((alone.points[0], alone.moving.as_slice()), (layer.points[0], [format!("{name}.*")].as_slice()));
        close(alone.theta_norm, theta, name);
        close(alone.center_loss, each.center_loss, name);
    }
    assert!(each.points[0].sharpness > each.layers[0].points[0].sharpness, "all layers together are worse than one");
}

#[test]
fn a_perturbation_of_one_layer_is_an_axis_of_a_landscape() {
    let (curve, out) = curve(sam(&["fc.*"], false));
    let (network, folder) = (network(), tempfile::tempdir().unwrap());
    let data = data(&network);
    let axes = format!("kind = \"files\"\ndelta = \"{}/epsilon_0.1.npz\"", out.path().display());
    let mut job: LandscapeJob = subjects::landscape_job(folder.path().into(), &[0.0, 1.0], &[0.0]);
    job.plane.axes = toml::from_str(&axes).unwrap();
    job.measure.loss = loss();
    landscape::run(&network, &LandscapeData::of(&data), &job, &mut Recorder::default()).unwrap();
    let surface = LossSurface::load(folder.path()).unwrap();
    assert!((surface.loss[1] - surface.loss[0] - curve.points[0].sharpness).abs() < 1e-6, "{:?} {:?}", surface.loss, curve.points);
}

#[test]
fn a_glob_that_matches_nothing_lists_the_layers() {
    let (out, network) = (tempfile::tempdir().unwrap(), network());
    let data = data(&network);
    let message = hessian::run(&network, &data, &job(out.path(), &data, settings(&["layer3.*"], false)), &mut Recorder::default());
    let message = message.unwrap_err().to_string();
    assert!(message.contains("[hessian]") && message.contains("`layer3.*`") && message.ends_with("in the layers hidden, fc"), "{message}");
}
