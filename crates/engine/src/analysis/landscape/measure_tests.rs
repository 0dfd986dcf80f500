#![allow(clippy::unwrap_used, clippy::expect_used)]
//! Values of a cell other than the loss, BatchNorm's statistics, precision.

use flatland_core::job::Precision;
use flatland_core::metric::{auroc, fpr95};
use flatland_core::result::{LossSurface, Quantity};
use flatland_core::session::{BatchNormPolicy, Curvature, Normalization};
use tch::{Device, Kind, Tensor, no_grad};

use super::super::SampleLosses;
use super::super::objective::Objective;
use super::testing::{LandscapeRecorder, job, mlp, noise, samples};
use super::{Direction, Directions, Evaluation, Evaluator, LandscapeData, run};
use crate::model::{BatchNormMode, Network, Samples, shallow};

fn resnet8() -> Network {
    Network::random("resnet8", 3, 5, Device::Cpu).unwrap()
}

fn evaluate(network: &Network, evaluation: Evaluation<'_>, at: [f64; 2]) -> f64 {
    let directions = Directions::li2018(network, 1).unwrap();
    Evaluator::new(network, evaluation, &directions).unwrap().evaluate(at[0], at[1], &mut LandscapeRecorder::default()).unwrap().mean.loss
}

fn loss(logits: &Tensor, data: &Samples) -> f64 {
    SampleLosses::of(logits, &data.y).unwrap().mean().loss
}

fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{found} for {expected}");
}

#[test]
fn landscape_of_id_and_semantic_shift_images_maps_detection_beside_the_loss() {
    let network = mlp(1);
    let data = samples(noise(90, 2), &Normalization::default(), &network);
    let mut shifted = noise(140, 2);
    shifted.images.iter_mut().for_each(|pixel| *pixel /= 3);
    let ood = samples(shifted, &Normalization::default(), &network);
    let out = tempfile::tempdir().unwrap();
    let mut job = job(out.path(), &[0.0, 0.5], &[0.0]);
    job.measure.lambda = 0.7;
    run(&network, &LandscapeData { samples: &data, ood: vec![&ood], statistics: None }, &job, &mut LandscapeRecorder::default()).unwrap();
    let surface = LossSurface::load(out.path()).unwrap();
    let expected =
        Quantity::ALL.into_iter().filter(|quantity| !Quantity::CURVATURE.contains(quantity) && !Quantity::INPUT.contains(quantity));
    assert!(surface.maps.keys().copied().eq(expected));
    assert_eq!((surface.manifest.ood_samples, surface.manifest.lambda), (140, Some(0.7)));

    // At θ, by plain operations.
    let energies = |x: &Tensor| no_grad(|| network.forward(x).unwrap().logits.to_kind(Kind::Double).logsumexp([1i64].as_slice(), false));
    let values = |tensor: &Tensor| Vec::<f64>::try_from(tensor).unwrap();
    let (id_energy, ood_energy) = (values(&energies(&data.x)), values(&energies(&ood.x)));
    let at_center = |quantity: Quantity| surface.maps[&quantity].value[0];
    close(at_center(Quantity::Auroc), auroc(&id_energy, &ood_energy).unwrap(), 1e-9);
    close(at_center(Quantity::Fpr95), fpr95(&id_energy, &ood_energy).unwrap(), 1e-9);
    close(at_center(Quantity::Energy), id_energy.iter().sum::<f64>() / 90.0, 1e-6);
    let logits = no_grad(|| network.forward(&ood.x).unwrap().logits);
    let term = -logits.log_softmax(1, Kind::Double).mean(Kind::Double).double_value(&[]);
    close(at_center(Quantity::OutlierExposure), term, 1e-6);
    close(at_center(Quantity::DrSam), surface.loss[0] + 0.7 * term, 1e-6);
    assert_ne!(surface.maps[&Quantity::Auroc].value[0], surface.maps[&Quantity::Auroc].value[1]);
}

#[test]
fn landscape_under_batch_statistics_is_the_network_in_training_mode() {
    let network = resnet8();
    let data = samples(noise(40, 32), &Normalization::default(), &network);
    let evaluation = Evaluation { batch_norm: BatchNormPolicy::Batch, ..Evaluation::plain(&data) };
    let expected = no_grad(|| network.graph.forward(&network.tensors, &data.x, BatchNormMode::Batch { update: false }).unwrap().logits);
    close(evaluate(&network, evaluation, [0.0, 0.0]), loss(&expected, &data), 1e-5);
}

#[test]
fn landscape_with_statistics_estimated_anew_is_the_network_with_those_of_its_images() {
    let network = resnet8();
    let data = samples(noise(300, 32), &Normalization::default(), &network);
    let evaluation = Evaluation { batch_norm: BatchNormPolicy::Reestimated, ..Evaluation::plain(&data) };
    // Means over three batches of 100 of what each layer sees when the layers before it normalize by the batch.
    let mut tensors = shallow(&network.tensors);
    let names: Vec<String> = tensors.keys().filter(|name| name.contains("running")).cloned().collect();
    let mut sums: Vec<Tensor> = names.iter().map(|name| tensors[name].zeros_like()).collect();
    for k in 0..3 {
        let mut alone = shallow(&network.tensors);
        names.iter().for_each(|name| drop(alone.insert(name.clone(), network.tensors[name].copy())));
        no_grad(|| network.graph.forward(&alone, &data.x.narrow(0, 100 * k, 100), BatchNormMode::Batch { update: true }).unwrap());
        for (sum, name) in sums.iter_mut().zip(&names) {
            // Undo the momentum of 0.1.
            *sum = &*sum + (&alone[name] - &network.tensors[name] * 0.9) / 0.3;
        }
    }
    names.into_iter().zip(sums).for_each(|(name, sum)| drop(tensors.insert(name, sum)));
    let expected = no_grad(|| network.graph.forward(&tensors, &data.x, BatchNormMode::Frozen).unwrap().logits);
    let found = evaluate(&network, evaluation, [0.0, 0.0]);
    close(found, loss(&expected, &data), 1e-4);
    assert!((found - evaluate(&network, Evaluation::plain(&data), [0.0, 0.0])).abs() > 1e-3, "not the frozen ones");
    assert_eq!(network.tensors["bn1.running_mean"].abs().max().double_value(&[]), 0.0, "the network's own stay");
}

#[test]
fn landscape_in_bf16_is_near_the_one_in_f32_and_says_so() {
    let network = resnet8();
    let data = samples(noise(96, 32), &Normalization::default(), &network);
    let surface = |precision| {
        let out = tempfile::tempdir().unwrap();
        let mut job = job(out.path(), &[-0.5, 0.0, 0.5], &[0.0, 0.3]);
        job.precision = precision;
        let mut recorder = LandscapeRecorder::default();
        run(&network, &LandscapeData::of(&data), &job, &mut recorder).unwrap();
        (LossSurface::load(out.path()).unwrap(), recorder.warnings)
    };
    let ((exact, _), (rough, warnings)) = (surface(Precision::F32), surface(Precision::Bf16));
    // A machine without bf16 falls back, with a warning.
    assert_eq!(rough.manifest.precision, if warnings.is_empty() { "bf16" } else { "f32" }, "{warnings:?}");
    for (found, expected) in rough.loss.iter().zip(&exact.loss) {
        close(*found, *expected, 0.05);
    }
}

#[test]
fn landscape_in_bf16_under_batch_statistics_falls_back_with_a_reason() {
    let network = resnet8();
    let data = samples(noise(40, 32), &Normalization::default(), &network);
    let out = tempfile::tempdir().unwrap();
    let mut job = job(out.path(), &[0.0], &[0.0]);
    (job.precision, job.measure.batch_norm) = (Precision::Bf16, BatchNormPolicy::Batch);
    let mut recorder = LandscapeRecorder::default();
    run(&network, &LandscapeData::of(&data), &job, &mut recorder).unwrap();
    assert!(recorder.warnings[0].contains("float32"), "{:?}", recorder.warnings);
    assert_eq!(LossSurface::load(out.path()).unwrap().manifest.precision, "f32");
}

/// Against all eigenvalues of the dense Hessian of a network whose weights were moved to the cell beforehand.
#[test]
fn curvature_of_a_cell_is_that_of_the_network_there() {
    let network = mlp(1);
    let data = samples(noise(40, 2), &Normalization::default(), &network);
    let out = tempfile::tempdir().unwrap();
    let mut job = job(out.path(), &[0.0, 0.4], &[-0.3]);
    job.measure.curvature = Some(Curvature { samples: 30, lanczos_steps: 80, tolerance: 1e-5 });
    run(&network, &LandscapeData::of(&data), &job, &mut LandscapeRecorder::default()).unwrap();
    let surface = LossSurface::load(out.path()).unwrap();
    assert!(surface.manifest.curvature.is_some());

    let directions = Directions::li2018(&network, job.seed).unwrap();
    for (k, alpha) in job.alpha.iter().enumerate() {
        let mut moved = mlp(1);
        for name in moved.names.clone() {
            let tensor = moved.tensors.get_mut(&name).unwrap();
            let part = |direction: &Direction| direction.tensor(&name, Device::Cpu).unwrap().unwrap();
            *tensor = &*tensor + part(&directions.delta) * *alpha + part(&directions.eta) * -0.3;
        }
        let objective = Objective::new(&moved, &data).unwrap();
        let objective = objective.part(0, 30);
        let zero = objective.zero().unwrap();
        let n = zero.numel() as i64;
        let column = |i: i64| {
            let unit = zero.copy();
            let _ = unit.narrow(0, i, 1).fill_(1.0);
            objective.hessian_vector(&zero, &unit, &LandscapeRecorder::default()).unwrap()
        };
        let dense = Tensor::stack(&(0..n).map(column).collect::<Vec<_>>(), 0).to_kind(Kind::Double);
        let values = Vec::<f64>::try_from((&dense + dense.transpose(0, 1)).linalg_eigvalsh("L") / 2.0).unwrap();
        let (min, max) = (values[0], values[values.len() - 1]);
        close(surface.maps[&Quantity::LambdaMax].value[k], max, 1e-4);
        close(surface.maps[&Quantity::LambdaMin].value[k], min, 1e-3);
        close(surface.maps[&Quantity::NegativeCurvature].value[k], (min / max).abs(), 1e-3);
        assert!(surface.maps[&Quantity::LambdaMax].std_error[k].is_nan());
    }
    // Where BatchNorm's statistics are others in every cell, a Hessian over parameters is not what the plane shows.
    job.measure.batch_norm = BatchNormPolicy::Batch;
    let refused = run(&network, &LandscapeData::of(&data), &job, &mut LandscapeRecorder::default()).unwrap_err().to_string();
    assert!(refused.contains("curvature"), "{refused}");
}

#[test]
fn tf32_is_refused_on_a_cpu_and_float32_takes_its_place() {
    let network = mlp(1);
    let data = samples(noise(40, 2), &Normalization::default(), &network);
    let out = tempfile::tempdir().unwrap();
    let mut recorder = LandscapeRecorder::default();
    let job = flatland_core::job::LandscapeJob { precision: Precision::Tf32, ..job(out.path(), &[0.0], &[0.0]) };
    run(&network, &LandscapeData::of(&data), &job, &mut recorder).unwrap();
    assert!(recorder.warnings[0].contains("instead of tf32") && recorder.warnings[0].contains("CPU"), "{:?}", recorder.warnings);
    assert_eq!(LossSurface::load(out.path()).unwrap().manifest.precision, "f32");
}
