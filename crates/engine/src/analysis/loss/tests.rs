//! Every loss against PyTorch: `reference.py` in this folder, float64, on the network and images that are built here.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use flatland_core::job::{HessianJob, LandscapeJob, SharpnessJob};
use flatland_core::result::{HessianSpectrum, LossSurface, Npz, NpzValues, Quantity, SharpnessCurve};
use flatland_core::session::{DensityQuality, Estimator, HessianSettings, LossKind, LossSettings, Role, SharpnessSettings};
use tch::{Kind, Tensor};

use super::Loss;
use crate::analysis::conformance::subjects;
use crate::analysis::landscape::LandscapeData;
use crate::analysis::objective::Objective;
use crate::analysis::test_support::{Recorder, checkpoint, dataset, samples};
use crate::analysis::{SampleLosses, hessian, landscape, sharpness};
use crate::model::{Activation, Blueprint, Network, Samples};

/// Kind, label smoothing and weight decay; L, ‖∇L‖, the rise at one SAM step of 0.1, vᵀHv, ‖Hv‖, λ_max, λ_min, tr H, L(θ + 1.5δ).
#[rustfmt::skip]
const REFERENCE: [(LossKind, f64, f64, [f64; 9]); 8] = [
    (LossKind::CrossEntropy, 0.0, 0.0, [1.127959732696155, 1.6473680811979798, 0.19938690673550252, 1.9436156618326927, 6.135723812035672, 27.39853779267171, -1.8380079165601837, 43.75603100030257, 1.1308336966136023]),
    (LossKind::CrossEntropy, 0.1, 0.0, [1.1256665865489544, 1.5103943987713453, 0.18890153599518889, 1.946297409502351, 6.138667996387335, 27.38657607444936, -1.6794862569342164, 43.84933131900752, 1.1283451219397929]),
    (LossKind::CrossEntropy, 0.0, 0.01, [1.3938318607831675, 1.649368577792724, 0.1997071339177512, 3.26879938671934, 6.1399699386940885, 27.408537792671716, -1.8280079165601837, 46.38603100030258, 1.404182727998923]),
    (LossKind::CrossEntropy, 0.1, 0.01, [1.391538714635967, 1.5125485890152037, 0.18922526418044616, 3.2714811343889982, 6.142916453551116, 27.396576074449378, -1.6694862569342168, 46.47933131900755, 1.4016941533251135]),
    (LossKind::Mse, 0.0, 0.0, [0.30034154556984377, 1.6474657827829087, 0.3049992533253271, 2.4739999737271887, 12.283173629522517, 55.7459503051774, -2.0116431270302417, 92.83310217232193, 0.31833777928424595]),
    (LossKind::Mse, 0.0, 0.01, [0.5662136736568564, 1.649310058293394, 0.30523635239982383, 3.7991836986138363, 12.285726932083458, 55.75595030517739, -2.0016431270302424, 95.46310217232192, 0.5916868106695665]),
    (LossKind::MseSoftmax, 0.0, 0.0, [0.22862264605112406, 0.3509889473943012, 0.037006432573178955, 0.25027644188832754, 0.9915796869899594, 6.406928582037299, -0.4908820501264514, 9.22995014144274, 0.22875655704877695]),
    (LossKind::MseSoftmax, 0.0, 0.01, [0.4944947741381366, 0.35886030503872635, 0.037914917369368584, 1.5754601667749752, 1.0007435444397024, 6.416928582037293, -0.480882050126452, 11.85995014144273, 0.5021055884340975]),
];

fn wave(n: i64, [a, b, c]: [f64; 3]) -> Tensor {
    Tensor::from_slice(&(0..n).map(|k| (a * (b * k as f64 + c).sin()) as f32).collect::<Vec<_>>())
}

/// fc(tanh(hidden(x))) on 4x4 RGB images, three classes.
pub(in crate::analysis) fn network() -> Network {
    let mut g = Blueprint::new([3, 4, 4]);
    let flat = g.flatten(0);
    let hidden = g.linear(flat, "hidden", 5);
    let features = g.activation(hidden, Activation::Tanh);
    let logits = g.linear(features, "fc", 3);
    let tensors = vec![
        ("hidden.weight", wave(240, [0.6, 1.7, 0.3]).view([5, 48])),
        ("hidden.bias", wave(5, [0.4, 2.1, 0.5])),
        ("fc.weight", wave(15, [1.1, 0.9, 1.2]).view([3, 5])),
        ("fc.bias", wave(3, [0.3, 1.3, 0.1])),
    ];
    subjects::network(g.finish(features, logits).0, 3, tensors)
}

pub(in crate::analysis) fn data(network: &Network) -> Samples {
    let labels = [0, 1, 2, 0, 1, 2];
    samples(network, dataset("six", &labels, |i, p| ((i * 7919 + p * 104_729 + i * p * 31) % 251) as u8))
}

fn cases() -> impl Iterator<Item = (LossSettings, [f64; 9])> {
    REFERENCE.into_iter().map(|(kind, label_smoothing, weight_decay, known)| (LossSettings { kind, label_smoothing, weight_decay }, known))
}

fn close(found: f64, known: f64, what: &str, loss: LossSettings) {
    assert!((found - known).abs() <= 2e-5 * known.abs().max(0.05), "{what} of {loss:?}: {found} against {known}");
}

/// cos(1.3·k) tensor by tensor.
fn along(objective: &Objective) -> Tensor {
    let entries = &objective.theta().layout().entries;
    let values = entries.iter().flat_map(|(_, shape, _)| (0..shape.iter().product::<i64>()).map(|k| (1.3 * k as f64).cos() as f32));
    Tensor::from_slice(&values.collect::<Vec<_>>())
}

#[test]
fn values_and_derivatives_of_every_loss_are_pytorchs() {
    let network = network();
    let data = data(&network);
    for (settings, known) in cases() {
        let loss = Loss(settings);
        let logits = network.forward(&data.x).unwrap().logits;
        let direct = SampleLosses::by(loss, loss.decay_at(&network).unwrap(), &logits, &data.y).unwrap();
        close(direct.mean().loss, known[0], "L", settings);
        close(direct.mean_cross_entropy().0, REFERENCE[0].3[0], "cross-entropy beside L", settings);
        let objective = Objective::of(&network, &data, loss, &network.parameter_names()).unwrap();
        let (zero, recorder) = (objective.zero().unwrap(), Recorder::default());
        let (losses, gradient) = objective.gradient(&zero, &recorder).unwrap();
        close(losses.iter().sum::<f64>() / 6.0, known[0], "L", settings);
        assert_eq!(losses, objective.losses(&zero, &recorder).unwrap());
        close(gradient.norm().double_value(&[]), known[1], "‖∇L‖", settings);
        let v = along(&objective);
        let product = objective.hessian_vector(&zero, &v, &recorder).unwrap().to_kind(Kind::Double);
        close(f64::try_from(product.dot(&v.to_kind(Kind::Double))).unwrap(), known[3], "vᵀHv", settings);
        close(product.norm().double_value(&[]), known[4], "‖Hv‖", settings);
    }
}

#[test]
fn sharpness_and_hessian_of_every_loss_are_pytorchs() {
    let network = network();
    let data = data(&network);
    let dataset = || flatland_core::job::AnalysisDataset { role: Role::Id, source: data.dataset.provenance.source.clone() };
    for (loss, known) in cases() {
        let out = tempfile::tempdir().unwrap();
        let settings = SharpnessSettings { estimator: Estimator::Sam, rho: vec![0.1], loss, ..SharpnessSettings::default() };
        let (checkpoint_of, device) = (checkpoint, flatland_core::job::Device::Cpu);
        let job = SharpnessJob {
            checkpoint: checkpoint_of(),
            dataset: dataset(),
            settings,
            seed: 0,
            save_perturbations: false,
            out: out.path().into(),
            device,
        };
        sharpness::run(&network, &data, &job, &mut Recorder::default()).unwrap();
        let curve = SharpnessCurve::load(out.path()).unwrap();
        close(curve.center_loss, known[0], "L", loss);
        close(curve.gradient_norm.unwrap(), known[1], "‖∇L‖", loss);
        close(curve.points[0].sharpness, known[2], "S at one SAM step", loss);
        assert_eq!(curve.loss, loss.description());
        // So many probes that Hutch++ sees the whole space.
        let settings =
            HessianSettings { loss, top: 1, trace_probes: 263, tolerance: 1e-5, density: DensityQuality::None, ..Default::default() };
        let job = HessianJob {
            checkpoint: checkpoint_of(),
            dataset: dataset(),
            settings,
            seed: 0,
            save_eigenvectors: false,
            out: out.path().into(),
            device,
        };
        hessian::run(&network, &data, &job, &mut Recorder::default()).unwrap();
        let spectrum = HessianSpectrum::load(out.path()).unwrap();
        close(spectrum.top[0].value, known[5], "λ_max", loss);
        close(spectrum.lambda_min.value, known[6], "λ_min", loss);
        let trace = spectrum.trace.unwrap();
        assert!((trace.value - known[7]).abs() <= 3.0 * trace.std_error + 1e-4 * known[7], "tr H of {loss:?}: {trace:?}");
        assert_eq!(spectrum.loss, loss.description());
    }
}

fn plane_job(network: &Network, folder: &Path, loss: LossSettings) -> LandscapeJob {
    let mut npz = Npz::default();
    for (axis, phase) in [("delta", 1.0), ("eta", 2.0)] {
        for name in network.parameter_names() {
            let shape: Vec<usize> = network.tensors[&name].size().iter().map(|&n| n as usize).collect();
            let values =
                (0..shape.iter().product::<usize>()).map(|k| 0.05 * f64::from((0.7 * k as f64 + phase).cos() as f32)).map(|x| x as f32);
            npz.push(format!("{axis}/{name}"), &shape, NpzValues::F32(values.collect()));
        }
    }
    let path = folder.join("directions.npz");
    npz.save(&path).unwrap();
    let mut job = LandscapeJob { directions: Some(path), ..subjects::landscape_job(folder.join("out"), &[0.0, 1.5], &[0.0]) };
    job.measure.loss = loss;
    job
}

#[test]
fn every_loss_over_a_plane_is_pytorchs_and_its_definition_is_kept() {
    let network = network();
    let data = data(&network);
    for (loss, known) in cases() {
        let folder = tempfile::tempdir().unwrap();
        let mut job = plane_job(&network, folder.path(), loss);
        job.measure.lambda = 0.5;
        let mut data_of = LandscapeData::of(&data);
        data_of.ood = vec![&data];
        landscape::run(&network, &data_of, &job, &mut Recorder::default()).unwrap();
        let surface = LossSurface::load(&job.out).unwrap();
        close(surface.loss[0], known[0], "L(θ)", loss);
        close(surface.manifest.center_loss, known[0], "L(θ)", loss);
        close(surface.loss[1], known[8], "L(θ + 1.5δ)", loss);
        assert_eq!(surface.manifest.loss, loss.description().unwrap_or_else(|| "cross_entropy".into()));
        // The DR-SAM loss is cross-entropy's whatever the loss is.
        let oe = surface.maps[&Quantity::OutlierExposure].value[0];
        close(surface.maps[&Quantity::DrSam].value[0], REFERENCE[0].3[0] + 0.5 * oe, "DR-SAM loss", loss);
        // What weight decay adds is the same for every image.
        let rows =
            flatland_core::result::LossRows::open_npy(&job.out.join("sample_losses.npy"), [2, 1, 6]).unwrap().read(1, surface.loss[1]);
        let mean = rows.unwrap().iter().map(|&loss| f64::from(loss)).sum::<f64>() / 6.0;
        close(mean, known[8], "mean over sample_losses.npy", loss);
    }
}

#[test]
fn cells_of_another_loss_are_computed_again() {
    let network = network();
    let data = data(&network);
    let (folder, cells) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let known = |loss: LossSettings| {
        let job = LandscapeJob { cells: Some(cells.path().into()), ..plane_job(&network, folder.path(), loss) };
        let mut recorder = Recorder::default();
        landscape::run(&network, &LandscapeData::of(&data), &job, &mut recorder).unwrap();
        let first = recorder.events.iter().find_map(|event| match event {
            flatland_core::job::JobEvent::Progress { done, .. } => Some(*done),
            _ => None,
        });
        (first.unwrap(), LossSurface::load(&job.out).unwrap().loss[1])
    };
    let plain = known(LossSettings::default());
    assert_eq!(known(LossSettings::default()).0, 12, "both cells of six images are there");
    let decay = LossSettings { weight_decay: 0.01, ..LossSettings::default() };
    let found = known(decay);
    assert!(found.0 == 0 && found.1 > plain.1, "{found:?} after {plain:?}");
    assert_eq!(known(LossSettings { weight_decay: 0.02, ..decay }).0, 0);
    assert_eq!(known(LossSettings::default()), (12, plain.1), "from the cache");
}

#[test]
fn a_loss_that_makes_no_sense_is_refused() {
    let network = network();
    let data = data(&network);
    let folder = tempfile::tempdir().unwrap();
    let loss = LossSettings { kind: LossKind::Mse, label_smoothing: 0.1, ..LossSettings::default() };
    let message = landscape::run(&network, &LandscapeData::of(&data), &plane_job(&network, folder.path(), loss), &mut Recorder::default());
    assert!(message.unwrap_err().to_string().contains("label_smoothing beside kind = \"cross_entropy\""));
}
