#![allow(clippy::unwrap_used)]

use flatland_core::data::{Source, Subset};
use flatland_core::job::{ConformanceJob, Device as JobDevice, LandscapeJob};
use flatland_core::result::{CheckGroup, Checks, Npz};
use flatland_core::session::{Normalization, NormalizationPreset};
use tch::Device;

use super::reference::{Reference, mean, pictures};
use super::{checkpoint, definitions, subjects};
use crate::analysis::landscape::{Directions, LandscapeData};
use crate::analysis::test_support::{Recorder, shared};
use crate::model::{Network, Samples};

fn failures(groups: &[CheckGroup]) -> Vec<String> {
    let all = groups.iter().flat_map(|group| group.checks.iter().map(move |check| (group, check)));
    let told = all.filter(|(_, check)| !check.passes()).map(|(group, check)| {
        format!("{}: {}: {:?} > {} ({})", group.name, check.definition.name, check.error, check.tolerance, check.against)
    });
    told.collect()
}

/// The checks of one group.
fn holds(name: &str) {
    let scratch = tempfile::tempdir().unwrap();
    let (_, about, fill) = super::GROUPS.iter().find(|(own, ..)| *own == name).unwrap();
    let mut checks = Checks::new(name, *about);
    fill(&mut checks, Device::Cpu, scratch.path(), &mut Recorder::default()).unwrap();
    let group = checks.finish();
    assert!(group.checks.len() >= 4, "{}", group.checks.len());
    assert!(failures(std::slice::from_ref(&group)).is_empty(), "{:#?}", failures(&[group]));
}

#[test]
fn losses_scores_and_detection_hold() {
    holds("Losses and scores");
    holds("Detection");
}

#[test]
fn directions_hold() {
    holds("Directions");
}

#[test]
fn landscapes_hold() {
    holds("Landscape");
}

#[test]
fn planes_hold() {
    holds("Planes");
}

#[test]
fn sharpness_holds() {
    holds("Sharpness");
}

#[test]
fn the_hessian_holds() {
    holds("Hessian");
}

#[test]
fn a_wrong_number_is_found_and_a_cancel_is_noticed() {
    // The same network with one weight moved by a thousandth: everything that looks at it must notice.
    let network = subjects::convolutional(3, 1).unwrap();
    let reference = Reference::of(&network).unwrap();
    let data = subjects::samples(subjects::noise(20, 4), &network).unwrap();
    let x = pictures(&data.dataset, &subjects::plain(), 3).unwrap();
    let mut moved = reference.moved(&[]).unwrap();
    moved.insert("bn.bias".into(), &moved["bn.bias"] + 1e-3);
    let loss = |tensors: &crate::model::Tensors| mean(&reference.look(tensors, &x).unwrap().losses(&data.dataset.labels));
    let right = loss(&reference.moved(&[]).unwrap());
    assert!((loss(&moved) - right).abs() > 1e-5 * right);

    let scratch = tempfile::tempdir().unwrap();
    let mut impatient = Recorder { patience: Some(0), ..Recorder::default() };
    assert!(definitions(Device::Cpu, scratch.path(), &mut impatient).is_err());
}

fn first_cifar(shared: &std::path::Path, network: &Network, n: usize) -> Samples {
    crate::analysis::test_support::real_samples(network, &shared.join("data/cifar-10-batches-bin"), Some("test"), n)
}

#[test]
fn the_reference_meets_the_golden_numbers_of_the_independent_oracle() {
    let Some(shared) = shared() else { return };
    let network = crate::analysis::test_support::real(&shared);
    let data = first_cifar(&shared, &network, 256);
    let reference = Reference::of(&network).unwrap();
    let x = pictures(&data.dataset, &Normalization::Preset(NormalizationPreset::Imagenet), 3).unwrap();
    let golden = Npz::load(&shared.join("golden/landscape_resnet20.npz")).unwrap();
    let directions = Directions::load(&shared.join("golden/directions_resnet20.npz"), &network).unwrap();
    let [delta, eta] = [&directions.delta, &directions.eta].map(|axis| axis.tensors(Device::Cpu).unwrap());
    let (alpha, beta, loss) = (golden.f64("alpha").unwrap(), golden.f64("beta").unwrap(), golden.f64("loss").unwrap());
    for (i, j) in [(0, 0), (3, 2)] {
        let tensors = reference.moved(&[(&delta, alpha[i]), (&eta, beta[j])]).unwrap();
        let found = mean(&reference.look(&tensors, &x).unwrap().losses(&data.dataset.labels));
        let expected = loss[i * beta.len() + j];
        assert!((found - expected).abs() < 1e-5 * expected, "({}, {}): {found} for {expected}", alpha[i], beta[j]);
    }
    let golden = Npz::load(&shared.join("golden/forward_resnet20.npz")).unwrap();
    let seen = reference.look(&reference.moved(&[]).unwrap(), &x.narrow(0, 0, 32)).unwrap();
    for (name, found) in [("logits", &seen.logits), ("features", &seen.features)] {
        let expected = golden.f64(name).unwrap();
        let error = flatland_core::metric::error_of_largest(found, &expected[..found.len()]);
        assert!(error < 1e-5, "{name}: {error:e}");
    }
}

#[test]
fn a_real_checkpoint_holds_on_real_images() {
    let Some(shared) = shared() else { return };
    let network = crate::analysis::test_support::real(&shared);
    let data = first_cifar(&shared, &network, 5);
    let source = Source { subset: Subset::First(6), ..subjects::source("SVHN") };
    let dataset = flatland_core::data::load(&Source { path: shared.join("data/svhn_1083.npy"), ..source }, Some([32, 32])).unwrap();
    let normalization = Normalization::Preset(NormalizationPreset::Imagenet);
    let ood = Samples::new(std::sync::Arc::new(dataset), &normalization, &network).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let mut landscape = subjects::landscape_job(scratch.path().into(), &[-1.0, 1.0], &[-0.5, 1.0]);
    landscape.checkpoint.normalization = normalization;
    let (data, landscape): (_, LandscapeJob) = (LandscapeData { samples: &data, ood: vec![&ood], statistics: None }, landscape);
    let job = ConformanceJob { landscape: None, rho: vec![0.05], scratch: scratch.path().into(), device: JobDevice::Cpu };
    let group = checkpoint(&network, &data, &landscape, &job, &mut Recorder::default()).unwrap();
    assert!(failures(std::slice::from_ref(&group)).is_empty(), "{:#?}", failures(&[group]));
    assert!(group.checks.len() >= 18, "{}", group.checks.len());
}
