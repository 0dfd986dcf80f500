#![allow(clippy::unwrap_used, clippy::expect_used)]

use flatland_core::result::{LossSurface, Npz, NpzValues};
use flatland_core::session::{Normalization, NormalizationPreset};
use tch::{Device, Kind, Tensor};

use super::super::{AnalysisError, SampleLosses};
use super::testing::{LandscapeRecorder, cifar, dataset, job, linear, mlp, noise, noise_samples, resnet20, samples};
use super::{Directions, Evaluation, Evaluator, LandscapeData, run};
use crate::model::Network;

const GRID: ([f64; 4], [f64; 3]) = ([-1.0, 0.0, 0.5, 1.25], [-0.5, 0.0, 2.0]);

fn close(found: f64, expected: f64, tolerance: f64) -> bool {
    (found - expected).abs() <= tolerance * expected.abs()
}

/// Loss of the unfolded network by plain operations.
fn plain_loss(network: &Network, x: &Tensor, y: &Tensor) -> f64 {
    SampleLosses::of(&network.forward(x).unwrap().logits, y).unwrap().mean().loss
}

#[test]
fn landscape_of_softmax_regression_is_what_arithmetic_says() {
    let network = linear(3);
    let data = noise_samples(&network);
    let out = tempfile::tempdir().unwrap();
    let mut job = job(out.path(), &GRID.0, &GRID.1);
    job.save_directions = true;
    let mut recorder = LandscapeRecorder::default();
    run(&network, &LandscapeData::of(&data), &job, &mut recorder).unwrap();
    let surface = LossSurface::load(out.path()).unwrap();
    assert_eq!((surface.loss.len(), surface.computed(), recorder.cells.len()), (12, 12, 12));
    assert_eq!(recorder.progress.last(), Some(&(12 * 150, 12 * 150)));

    let directions = Npz::load(&out.path().join("directions.npz")).unwrap();
    let values = |name: &str| Vec::<f64>::try_from(network.tensors[name].to_kind(Kind::Double).view([-1])).unwrap();
    let (weight, bias) = (values("fc.weight"), values("fc.bias"));
    let (delta, eta) = (directions.f64("delta/fc.weight").unwrap(), directions.f64("eta/fc.weight").unwrap());
    assert!(directions.f64("delta/fc.bias").unwrap().iter().all(|&d| d == 0.0));
    let x = Vec::<f64>::try_from(data.x.to_kind(Kind::Double).contiguous().view([-1])).unwrap();
    for (i, a) in GRID.0.iter().enumerate() {
        for (j, b) in GRID.1.iter().enumerate() {
            let (mut losses, mut hits) = (Vec::new(), 0);
            for (image, &label) in x.chunks(12).zip(&data.dataset.labels) {
                let logit = |c: usize| {
                    bias[c] + (0..12).map(|k| (weight[12 * c + k] + a * delta[12 * c + k] + b * eta[12 * c + k]) * image[k]).sum::<f64>()
                };
                let z: Vec<f64> = (0..3).map(logit).collect();
                losses.push(z.iter().map(|z| z.exp()).sum::<f64>().ln() - z[label as usize]);
                hits += usize::from(z.iter().all(|&other| other <= z[label as usize]));
            }
            let (n, k) = (losses.len() as f64, i * 3 + j);
            let mean = losses.iter().sum::<f64>() / n;
            let error = (losses.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt();
            assert!(close(surface.loss[k], mean, 1e-5), "({a}, {b}): {} {mean}", surface.loss[k]);
            assert!(close(surface.loss_std_error[k], error, 1e-4));
            assert!(close(surface.accuracy[k], hits as f64 / n, 1e-9));
            assert_eq!(surface.count[k], 150);
        }
    }
}

#[test]
fn landscape_resumed_equals_uninterrupted_byte_for_byte() {
    let network = mlp(1);
    let data = noise_samples(&network);
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    run(&network, &LandscapeData::of(&data), &job(whole.path(), &GRID.0, &GRID.1), &mut LandscapeRecorder::default()).unwrap();
    let interrupted = job(parts.path(), &GRID.0, &GRID.1);
    for (limit, expected) in [(5, 5), (9, 9)] {
        let mut recorder = LandscapeRecorder { limit: Some(limit), ..LandscapeRecorder::default() };
        assert!(matches!(run(&network, &LandscapeData::of(&data), &interrupted, &mut recorder), Err(AnalysisError::Cancelled)));
        assert_eq!(LossSurface::load(parts.path()).unwrap().computed(), expected);
    }
    let mut recorder = LandscapeRecorder::default();
    run(&network, &LandscapeData::of(&data), &interrupted, &mut recorder).unwrap();
    assert_eq!(recorder.progress[0], (9 * 150, 12 * 150), "continues where it was");
    assert_eq!(recorder.cells.len(), 12, "tells what was there, then the rest");
    for file in ["landscape.npz", "landscape.json"] {
        assert_eq!(std::fs::read(whole.path().join(file)).unwrap(), std::fs::read(parts.path().join(file)).unwrap(), "{file}");
    }
}

#[test]
fn landscape_of_another_job_in_the_folder_is_not_continued() {
    let network = mlp(1);
    let data = noise_samples(&network);
    let out = tempfile::tempdir().unwrap();
    let first = job(out.path(), &GRID.0, &GRID.1);
    run(&network, &LandscapeData::of(&data), &first, &mut LandscapeRecorder::default()).unwrap();
    let started_from = |network: &Network, data: &crate::model::Samples, job: &flatland_core::job::LandscapeJob| {
        let mut recorder = LandscapeRecorder::default();
        run(network, &LandscapeData::of(data), job, &mut recorder).unwrap();
        // In images.
        recorder.progress[0].0 / data.len() as u64
    };
    assert_eq!(started_from(&network, &data, &first), 12);
    let mut seed = first.clone();
    seed.seed += 1;
    assert_eq!(started_from(&network, &data, &seed), 0, "other directions");
    assert_eq!(started_from(&mlp(2), &data, &seed), 0, "other weights");
    let mut axes = seed.clone();
    axes.alpha[0] = -1.5;
    assert_eq!(started_from(&mlp(2), &data, &axes), 9, "other axes: what lies on both is kept");
    let fewer = samples(noise(140, 2), &Normalization::default(), &network);
    assert_eq!(started_from(&mlp(2), &fewer, &axes), 0, "other images");
    std::fs::remove_file(out.path().join("landscape.json")).unwrap();
    assert_eq!(started_from(&mlp(2), &fewer, &axes), 0, "arrays without a manifest");
}

#[test]
fn landscape_keeps_what_is_not_a_number_and_resumes_over_it() {
    let mut network = mlp(1);
    let weight = network.tensors["fc2.weight"].copy();
    let _ = weight.get(0).fill_(f64::from(f32::MAX));
    network.tensors.insert("fc2.weight".into(), weight);
    let data = noise_samples(&network);
    let out = tempfile::tempdir().unwrap();
    let job = job(out.path(), &[-1e30, 0.0], &[1e30]);
    run(&network, &LandscapeData::of(&data), &job, &mut LandscapeRecorder::default()).unwrap();
    let surface = LossSurface::load(out.path()).unwrap();
    assert_eq!(surface.computed(), 2);
    assert!(surface.loss.iter().all(|loss| !loss.is_finite()));
    let mut recorder = LandscapeRecorder::default();
    run(&network, &LandscapeData::of(&data), &job, &mut recorder).unwrap();
    assert_eq!(recorder.progress[0], (2 * 150, 2 * 150), "a NaN that was computed is not computed again");
}

#[test]
fn landscape_axes_may_be_any_ascending_numbers() {
    let network = mlp(1);
    let data = noise_samples(&network);
    let losses = |alpha: &[f64], beta: &[f64]| {
        let out = tempfile::tempdir().unwrap();
        run(&network, &LandscapeData::of(&data), &job(out.path(), alpha, beta), &mut LandscapeRecorder::default())
            .map(|()| LossSurface::load(out.path()).unwrap())
    };
    let whole = losses(&[-1.0, 0.0, 0.5], &[0.0, 0.25]).unwrap();
    assert_eq!(losses(&[0.5], &[0.25]).unwrap().loss, [whole.loss[5]], "one point, 0 not on the axes: the value depends on (α, β) alone");
    assert_eq!(losses(&[0.0], &[0.0]).unwrap().loss, [whole.loss[2]]);
    assert_eq!(whole.loss[2].to_bits(), whole.manifest.center_loss.to_bits());
    for (alpha, found) in [(vec![], "none"), (vec![0.0, 0.0], "0 before 0"), (vec![f64::NAN], "NaN")] {
        let message = losses(&alpha, &[0.0]).unwrap_err().to_string();
        assert!(message.contains("alpha") && message.contains(found), "{message}");
    }
}

#[test]
fn landscape_of_images_without_labels_is_refused() {
    let network = mlp(1);
    let out = tempfile::tempdir().unwrap();
    for (label, found) in [(-1, "2 without"), (3, "found 3")] {
        let data = samples(dataset("odd", vec![0; 36], 2, vec![0, label, label]), &Normalization::default(), &network);
        let message = run(&network, &LandscapeData::of(&data), &job(out.path(), &[0.0], &[0.0]), &mut LandscapeRecorder::default())
            .unwrap_err()
            .to_string();
        assert!(message.contains(found) && message.contains("odd"), "{message}");
    }
}

#[test]
fn landscape_honours_one_dimensional_tensors_of_a_file() {
    let (shape, data) = ("resnet20", noise(20, 32));
    let network = Network::random(shape, 3, 5, Device::Cpu).unwrap();
    let data = samples(data, &Normalization::default(), &network);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("directions.npz");
    Directions::li2018(&network, 1).unwrap().save(&path).unwrap();
    let mut npz = Npz::load(&path).unwrap();
    for array in npz.arrays.iter_mut().filter(|array| array.shape.len() < 2) {
        let n = array.shape[0];
        array.values = NpzValues::F32((0..n).map(|k| 0.1 + 0.01 * k as f32).collect());
    }
    npz.save(&path).unwrap();
    let directions = Directions::load(&path, &network).unwrap();
    assert!(directions.move_one_dimensional());
    let found = Evaluator::new(&network, Evaluation::plain(&data), &directions)
        .unwrap()
        .evaluate(0.3, -0.2, &mut LandscapeRecorder::default())
        .unwrap()
        .mean;

    let mut moved = Network::random(shape, 3, 5, Device::Cpu).unwrap();
    for name in moved.names.clone() {
        let Some(tensor) = moved.tensors.get_mut(&name) else { continue };
        let Some(delta) = npz.get(&format!("delta/{name}")).map(|_| npz.f64(&format!("delta/{name}")).unwrap()) else { continue };
        let eta = npz.f64(&format!("eta/{name}")).unwrap();
        let step: Vec<f32> = delta.iter().zip(&eta).map(|(d, e)| (0.3 * d - 0.2 * e) as f32).collect();
        *tensor = &*tensor + Tensor::from_slice(&step).view_as(tensor);
    }
    let expected = plain_loss(&moved, &data.x, &data.y);
    assert!(close(found.loss, expected, 1e-5), "{} {expected}", found.loss);
}

#[test]
fn landscape_centre_is_the_unfolded_network_for_every_kind_of_network() {
    for architecture in ["resnet20", "densenet-bc-100-12", "wrn-16-2", "resnet18_32x32"] {
        let network = Network::random(architecture, 3, 5, Device::Cpu).unwrap();
        let data = samples(noise(12, 32), &Normalization::default(), &network);
        let directions = Directions::li2018(&network, 1).unwrap();
        let evaluator = Evaluator::new(&network, Evaluation::plain(&data), &directions).unwrap();
        let (center, _) = evaluator.center(&mut LandscapeRecorder::default()).unwrap();
        assert_eq!(evaluator.evaluate(0.0, 0.0, &mut LandscapeRecorder::default()).unwrap().mean, center, "{architecture}: bit for bit");
        let expected = plain_loss(&network, &data.x, &data.y);
        assert!(close(center.loss, expected, 1e-6), "{architecture}: {} {expected}", center.loss);
    }
}

#[test]
fn landscape_of_the_real_resnet20_agrees_with_the_oracle() {
    let Some((network, shared)) = resnet20() else { return };
    let normalization = Normalization::Preset(NormalizationPreset::Imagenet);
    let data = samples(cifar(&shared, 256), &normalization, &network);
    let golden = Npz::load(&shared.join("golden/landscape_resnet20.npz")).unwrap();
    let (alpha, beta) = (golden.f64("alpha").unwrap(), golden.f64("beta").unwrap());
    let out = tempfile::tempdir().unwrap();
    let mut job = job(out.path(), &alpha, &beta);
    job.directions = Some(shared.join("golden/directions_resnet20.npz"));
    run(&network, &LandscapeData::of(&data), &job, &mut LandscapeRecorder::default()).unwrap();
    let surface = LossSurface::load(out.path()).unwrap();
    assert_eq!(surface.manifest.definition, "file");
    let largest = |found: &[f64], expected: &[f64]| found.iter().zip(expected).map(|(f, e)| (f - e).abs() / e.abs()).fold(0.0, f64::max);
    let difference = largest(&surface.loss, &golden.f64("loss").unwrap());
    assert!(difference < 1e-5, "largest relative difference {difference:e}");
    let accuracy = largest(&surface.accuracy, &golden.f64("accuracy").unwrap());
    assert!(accuracy < 0.05, "a prediction on the edge may differ: {accuracy}");
    let plain = plain_loss(&network, &data.x, &data.y);
    assert!(close(surface.manifest.center_loss, plain, 1e-6), "{} {plain}", surface.manifest.center_loss);
}
