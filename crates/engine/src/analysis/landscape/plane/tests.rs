#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};

use flatland_core::job::{CheckpointSource, LandscapeJob};
use flatland_core::result::{LandscapeBand, LossSurface, Npz, NpzValues};
use flatland_core::session::{Axes, NetworkChoice, Normalization, Trajectory};
use tch::{Device, Tensor};

use super::super::super::SampleLosses;
use super::super::direction::Direction;
use super::super::surface::LandscapeData;
use super::super::testing::{LandscapeRecorder, job, noise, samples};
use super::*;

/// A network on disk that is like a trained one: running statistics differ from network to network.
pub(super) fn saved(folder: &Path, name: &str, seed: u64) -> (CheckpointSource, Network) {
    let mut network = Network::random("resnet8", 3, seed, Device::Cpu).unwrap();
    for name in network.names.clone() {
        let n = network.tensors[&name].numel();
        let middle = if name.ends_with("running_var") { 1.0 } else { 0.0 };
        let values: Vec<f32> = (0..n).map(|k| middle + 0.3 * ((seed + 1) as f32 * (k as f32 + 1.0)).sin()).collect();
        if name.contains("running") {
            network.tensors.insert(name, Tensor::from_slice(&values));
        }
    }
    let path = folder.join(format!("{name}.safetensors"));
    network.save(&path).unwrap();
    (CheckpointSource { name: name.into(), path, ..CheckpointSource::default() }, network)
}

pub(super) struct Fixture {
    pub folder: tempfile::TempDir,
    pub a: Network,
    pub others: Vec<Network>,
    pub data: Samples,
    pub job: LandscapeJob,
}

/// Checkpoints A, B, C and D; a job at A that projects the others.
pub(super) fn fixture(axes: &str, alpha: &[f64], beta: &[f64]) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let (source, a) = saved(folder.path(), "A", 1);
    let (sources, others): (Vec<_>, Vec<_>) =
        [("B", 2), ("C", 3), ("D", 4)].map(|(name, seed)| saved(folder.path(), name, seed)).into_iter().unzip();
    let data = samples(noise(24, 32), &Normalization::default(), &a);
    let mut job = job(&folder.path().join("out"), alpha, beta);
    job.checkpoint = source;
    job.plane.axes = toml::from_str(axes).unwrap();
    job.plane.project = ["B", "C", "D"].map(String::from).to_vec();
    job.plane.checkpoints = sources;
    Fixture { folder, a, others, data, job }
}

fn computed(fixture: &Fixture) -> LossSurface {
    run(&fixture.a, &LandscapeData::of(&fixture.data), &fixture.job, &mut LandscapeRecorder::default()).unwrap();
    LossSurface::load(&fixture.job.out).unwrap()
}

fn own_loss(network: &Network, data: &Samples) -> f64 {
    SampleLosses::of(&network.forward(&data.x).unwrap().logits, &data.y).unwrap().mean().loss
}

fn close(found: f64, expected: f64, within: f64) {
    assert!((found - expected).abs() <= within * expected.abs().max(1.0), "found {found}, expected {expected}");
}

/// ‖a − b‖ over all parameters.
fn apart(a: &Network, b: &Network) -> f64 {
    let square =
        |name: &String| f64::try_from((&a.tensors[name] - &b.tensors[name]).to_kind(tch::Kind::Double).square().sum(None)).unwrap();
    a.parameter_names().iter().map(square).sum::<f64>().sqrt()
}

#[test]
fn landscape_plane_through_checkpoints_has_their_own_losses_at_their_places() {
    let fixture = fixture("kind = \"checkpoints\"\nthrough = [\"A\", \"B\", \"C\"]", &[0.0, 1.0], &[0.0, 1.0]);
    let surface = computed(&fixture);
    let [b, c, d] = [0, 1, 2].map(|k| own_loss(&fixture.others[k], &fixture.data));
    close(surface.loss[0], own_loss(&fixture.a, &fixture.data), 1e-5);
    close(surface.loss[2], b, 1e-5);
    close(surface.loss[1], c, 1e-5);
    assert_eq!((surface.manifest.definition.as_str(), surface.manifest.batch_norm.as_str()), ("checkpoints", "interpolated"));
    let plane = surface.manifest.plane.unwrap();
    for (point, expected, loss) in [(&plane.points[0], [1.0, 0.0], b), (&plane.points[1], [0.0, 1.0], c)] {
        close(point.alpha, expected[0], 1e-5);
        close(point.beta, expected[1], 1e-5);
        assert!(point.distance < 1e-4 * point.from_theta, "{point:?}");
        close(point.loss.unwrap(), loss, 1e-6);
    }
    // D: its residual is orthogonal to the plane, so that Pythagoras holds.
    let point = &plane.points[2];
    close(point.loss.unwrap(), d, 1e-6);
    close(point.from_theta, apart(&fixture.a, &fixture.others[2]), 1e-6);
    let along = point.from_theta.powi(2) - point.distance.powi(2);
    let [ab, ac] = [0, 1].map(|k| apart(&fixture.a, &fixture.others[k]));
    let on_plane = (point.alpha * ab).powi(2) + (point.beta * ac).powi(2) + 2.0 * point.alpha * point.beta * inner(&fixture);
    close(on_plane, along, 1e-5);
    assert!(point.distance > 0.1 * point.from_theta);
}

/// ⟨B − A, C − A⟩ over all parameters.
fn inner(fixture: &Fixture) -> f64 {
    let (b, c) = (&fixture.others[0], &fixture.others[1]);
    let (ab, ac, bc) = (apart(&fixture.a, b), apart(&fixture.a, c), apart(b, c));
    0.5 * (ab * ab + ac * ac - bc * bc)
}

#[test]
fn landscape_orthogonal_plane_through_checkpoints_still_holds_all_three() {
    let fixture = fixture("kind = \"checkpoints\"\nthrough = [\"A\", \"B\", \"C\"]\northogonal = true", &[0.0], &[0.0, 0.5]);
    let plane = computed(&fixture).manifest.plane.unwrap();
    let c = &plane.points[1];
    let ab = apart(&fixture.a, &fixture.others[0]);
    close(c.alpha, inner(&fixture) / (ab * ab), 1e-5);
    close(c.beta, 1.0, 1e-5);
    assert!(c.distance < 1e-4 * c.from_theta);
}

#[test]
fn landscape_line_runs_from_one_checkpoint_to_the_other() {
    for (statistics, end) in [("interpolated", true), ("frozen", false)] {
        let axes = format!("kind = \"line\"\nthrough = [\"A\", \"B\"]\nstatistics = \"{statistics}\"");
        let fixture = fixture(&axes, &[0.0, 0.5, 1.0], &[0.0]);
        let surface = computed(&fixture);
        let b = own_loss(&fixture.others[0], &fixture.data);
        assert_eq!((surface.loss[2] - b).abs() < 1e-5 * b, end, "{statistics}: {} {b}", surface.loss[2]);
        let points = &surface.manifest.plane.as_ref().unwrap().points;
        close(points[0].alpha, 1.0, 1e-5);
        assert!(points.iter().all(|point| point.beta == 0.0), "one axis, one coordinate");
        assert_eq!(surface.manifest.batch_norm, statistics);
        let plane = surface.manifest.plane.as_ref().unwrap();
        assert_eq!((plane.through.join(" "), plane.batch_norm_layers), ("A B".into(), Some(7)));
        // From the losses of single images in the file, as an independent sum gives it.
        let barrier = surface.barrier.as_ref().unwrap().as_ref().unwrap();
        close(barrier.rise, surface.loss[1] - 0.5 * (surface.loss[0] + surface.loss[2]), 1e-9);
        assert_eq!((barrier.t, barrier.samples), (0.5, 24));
        let at = |k: usize| {
            npyz::NpyFile::new(std::fs::File::open(fixture.job.out.join("sample_losses.npy")).unwrap()).unwrap().into_vec::<f32>().unwrap()
                [24 * k..24 * (k + 1)]
                .iter()
                .map(|loss| f64::from(*loss))
                .collect::<Vec<_>>()
        };
        let (from, middle, to) = (at(0), at(1), at(2));
        let rises: Vec<f64> = (0..24).map(|i| middle[i] - 0.5 * (from[i] + to[i])).collect();
        let mean = rises.iter().sum::<f64>() / 24.0;
        let square = rises.iter().map(|rise| (rise - mean).powi(2)).sum::<f64>();
        close(*barrier.std_error.as_ref().unwrap(), (square / 23.0 / 24.0).sqrt(), 1e-9);
    }
}

#[test]
fn landscape_where_a_running_variance_is_negative_is_not_a_number() {
    let fixture = fixture("kind = \"line\"\nthrough = [\"A\", \"B\"]", &[0.0, 1.0, 50.0], &[0.0]);
    let surface = computed(&fixture);
    assert!(surface.loss[..2].iter().all(|loss| loss.is_finite()));
    assert!(surface.loss[2].is_nan() && surface.count[2] == 24, "computed, and not a number: {}", surface.loss[2]);
}

#[test]
fn landscape_saved_directions_of_a_line_give_the_line_again() {
    let mut fixture = fixture("kind = \"line\"\nthrough = [\"A\", \"B\"]", &[0.0, 1.0], &[0.0, 0.5]);
    fixture.job.save_directions = true;
    let line = computed(&fixture);
    fixture.job.directions = Some(fixture.job.out.join("directions.npz"));
    fixture.job.out = fixture.folder.path().join("again");
    let again = computed(&fixture);
    assert_eq!((again.loss, again.manifest.directions_hash), (line.loss, line.manifest.directions_hash));
}

#[test]
fn landscape_checkpoints_that_do_not_fit_are_told() {
    let mut fixture = fixture("kind = \"line\"\nthrough = [\"A\", \"B\"]", &[0.0], &[0.0]);
    let path = fixture.folder.path().join("B.safetensors");
    Network::random("resnet14", 3, 0, Device::Cpu).unwrap().save(&path).unwrap();
    let message =
        run(&fixture.a, &LandscapeData::of(&fixture.data), &fixture.job, &mut LandscapeRecorder::default()).unwrap_err().to_string();
    assert!(message.contains("`B`") && message.contains("resnet8") && message.contains("resnet14"), "{message}");
    // One that is only drawn is left out.
    fixture.job.plane.axes = Axes::default();
    let plane = computed(&fixture).manifest.plane.unwrap();
    assert_eq!(plane.points.iter().map(|point| point.name.as_str()).collect::<Vec<_>>(), ["C", "D"]);
}

#[test]
fn landscape_axes_come_from_perturbations_and_parts_of_files() {
    let mut fixture = fixture("kind = \"random\"", &[0.0, 1.0], &[0.0]);
    let folder = fixture.folder.path().to_owned();
    let shape = |name: &str| fixture.a.tensors[name].size().iter().map(|&n| n as usize).collect::<Vec<_>>();
    let mut file = Npz::default();
    let mut keyed = Npz::default();
    for name in fixture.a.parameter_names() {
        let n = fixture.a.tensors[&name].numel();
        file.push(name.clone(), &shape(&name), NpzValues::F32((0..n).map(|k| 0.01 * (k as f32).cos()).collect()));
        keyed.push(format!("v1/{name}"), &shape(&name), NpzValues::F64((0..n).map(|k| (k as f64).sin()).collect()));
    }
    file.save(&folder.join("epsilon_0.05.npz")).unwrap();
    keyed.save(&folder.join("vectors.npz")).unwrap();
    let text = format!(
        "kind = \"files\"\ndelta = \"{0}/epsilon_0.05.npz\"\neta = {{ file = \"{0}/vectors.npz\", key = \"v1\", length = 2.5 }}",
        folder.display()
    );
    fixture.job.plane.axes = toml::from_str(&text).unwrap();
    let plane = Plane::of_job(&fixture.a, &fixture.data, &fixture.job, &mut LandscapeRecorder::default()).unwrap();
    close(plane.directions.eta.norm(), 2.5, 1e-6);
    assert_eq!(Direction::of_npz(&file, "", Path::new(""), &fixture.a).unwrap(), plane.directions.delta);
    // Without η: random, and orthogonal to δ in every filter when that is requested.
    let text = text.lines().take(2).collect::<Vec<_>>().join("\n");
    fixture.job.plane.axes = toml::from_str(&text).unwrap();
    fixture.job.plane.directions.orthogonal = Some(true);
    let plane = Plane::of_job(&fixture.a, &fixture.data, &fixture.job, &mut LandscapeRecorder::default()).unwrap();
    assert!(plane.directions.cosine().abs() < 1e-6);
    // The worst case is exactly the step α = 1.
    let surface = computed(&fixture);
    let mut moved = Network::load(&fixture.job.checkpoint.path, &NetworkChoice::default(), Device::Cpu).unwrap();
    for part in &plane.directions.delta.parts {
        let step = Tensor::from_slice(&part.values).view_as(&moved.tensors[&part.name]);
        moved.tensors.insert(part.name.clone(), &moved.tensors[&part.name] + step);
    }
    close(surface.loss[1], own_loss(&moved, &fixture.data), 1e-5);
    // A file without a parameter is an error.
    file.arrays.pop();
    file.save(&folder.join("epsilon_0.05.npz")).unwrap();
    let message =
        run(&fixture.a, &LandscapeData::of(&fixture.data), &fixture.job, &mut LandscapeRecorder::default()).unwrap_err().to_string();
    assert!(message.contains("epsilon_0.05.npz") && message.contains("each parameter"), "{message}");
}

/// A run directory whose kept weights are A + x·u + y·v for these coordinates, u and v fixed.
pub(super) fn run_directory(folder: &Path, a: &Network, places: &[[f64; 2]]) -> PathBuf {
    let run = folder.join("run");
    std::fs::create_dir_all(run.join("checkpoints")).unwrap();
    for (epoch, [x, y]) in places.iter().enumerate() {
        let mut network = Network::random("resnet8", 3, 1, Device::Cpu).unwrap();
        for name in network.names.clone() {
            let n = a.tensors[&name].numel();
            // Orthogonal patterns: even entries move along u, odd ones along v.
            let step: Vec<f32> = (0..n).map(|k| (if k % 2 == 0 { *x } else { *y }) as f32).collect();
            let moved = if crate::model::is_parameter(&name) {
                &a.tensors[&name] + Tensor::from_slice(&step).view_as(&a.tensors[&name])
            } else {
                a.tensors[&name].copy()
            };
            network.tensors.insert(name, moved);
        }
        network.save(&flatland_core::job::RunFolder::new(&run).epoch_weights(5 * epoch)).unwrap();
    }
    run
}

#[test]
fn landscape_trajectory_lies_on_its_plane_where_it_was() {
    let mut fixture = fixture("kind = \"random\"", &[0.0], &[0.0, 1.0]);
    let places = [[0.08, 0.0], [0.05, 0.02], [0.03, 0.02], [0.01, 0.0], [0.0, 0.0]];
    let run = run_directory(fixture.folder.path(), &fixture.a, &places);
    fixture.job.plane.axes = Axes::Trajectory(Trajectory::Run(run.clone()));
    fixture.job.plane.project.clear();
    let surface = computed(&fixture);
    let plane = surface.manifest.plane.unwrap();
    // Numbers of even and odd entries of each tensor.
    let (mut even, mut odd) = (0.0, 0.0);
    for name in fixture.a.parameter_names() {
        let n = fixture.a.tensors[&name].numel();
        (even, odd) = (even + n.div_ceil(2) as f64, odd + (n / 2) as f64);
    }
    // The covariance is that of five points in the plane spanned by u and v.
    let mean = |k: usize| places.iter().map(|place| place[k]).sum::<f64>() / 5.0;
    let cov = |i: usize, j: usize| places.iter().map(|p| (p[i] - mean(i)) * (p[j] - mean(j))).sum::<f64>();
    let (a, b, c) = (cov(0, 0) * even, cov(0, 1) * (even * odd).sqrt(), cov(1, 1) * odd);
    let root = ((a - c).powi(2) + 4.0 * b * b).sqrt();
    let share = 0.5 * (a + c + root) / (a + c);
    close(plane.explained_variance[0], share, 1e-4);
    close(plane.explained_variance[0] + plane.explained_variance[1], 1.0, 1e-6);
    assert_eq!(
        plane.trajectory.iter().map(|point| point.name.as_str()).collect::<Vec<_>>(),
        ["epoch 0", "epoch 5", "epoch 10", "epoch 15", "epoch 20"]
    );
    assert!(surface.manifest.cosine.abs() < 1e-4, "components are orthogonal: {}", surface.manifest.cosine);
    for (point, [x, y]) in plane.trajectory.iter().zip(&places) {
        assert!(point.distance < 1e-4 * plane.delta_norm, "all of them lie on the plane: {point:?}");
        let expected = (x * x * even + y * y * odd).sqrt();
        close(((point.alpha * plane.delta_norm).powi(2) + (point.beta * plane.eta_norm).powi(2)).sqrt(), expected, 1e-3);
        assert!(point.alpha.abs() < 1.0 + 1e-5 && point.beta.abs() < 1.0 + 1e-5);
    }
    assert!(plane.trajectory[0].alpha > 0.99, "the start is on the positive side, as far as it goes");
    close(plane.trajectory[4].loss.unwrap(), surface.manifest.center_loss, 1e-5);

    for (places, expected) in [(&places[..2], "keep_every"), (&[[0.0, 0.0]; 3][..], "the same weights in all of them")] {
        std::fs::remove_dir_all(&run).unwrap();
        run_directory(fixture.folder.path(), &fixture.a, places);
        let message = super::run(&fixture.a, &LandscapeData::of(&fixture.data), &fixture.job, &mut LandscapeRecorder::default())
            .unwrap_err()
            .to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn landscape_projection_is_true_on_axes_that_are_not_orthogonal() {
    let fixture = fixture("kind = \"checkpoints\"\nthrough = [\"A\", \"B\", \"C\"]", &[0.0, 1.0], &[0.0, 1.0]);
    let mut directions = Plane::of_job(&fixture.a, &fixture.data, &fixture.job, &mut LandscapeRecorder::default()).unwrap().directions;
    // η' = 0.2 η + δ, at an angle of about ten degrees: C = A + 5 η' − 5 δ.
    let delta = directions.delta.clone();
    for (eta, delta) in directions.eta.parts.iter_mut().zip(&delta.parts) {
        eta.values.iter_mut().zip(&delta.values).for_each(|(e, d)| *e = 0.2 * *e + d);
    }
    assert!(directions.cosine() > 0.9);
    let points = projection::Projector::new(&fixture.a, &fixture.data, &fixture.job, &directions)
        .unwrap()
        .checkpoints(&mut LandscapeRecorder::default())
        .unwrap();
    close(points[1].alpha, -5.0, 1e-3);
    close(points[1].beta, 5.0, 1e-3);
    close(points[0].alpha, 1.0, 1e-3);
}

#[test]
fn landscape_job_of_a_manifest_gives_the_same_bytes() {
    for axes in ["kind = \"random\"", "kind = \"checkpoints\"\nthrough = [\"A\", \"B\", \"C\"]"] {
        let mut fixture = fixture(axes, &[-0.5, 0.0, 0.25], &[0.0, 0.5]);
        fixture.job.plane.directions =
            toml::from_str("normalization = \"layer\"\northogonal = true\nbias = true\nlayers = [\"*.weight\"]").unwrap();
        let surface = computed(&fixture);
        let again = fixture.folder.path().join("again");
        let job = LandscapeJob::of_manifest(&surface.manifest, again.clone()).unwrap();
        run(&fixture.a, &LandscapeData::of(&fixture.data), &job, &mut LandscapeRecorder::default()).unwrap();
        for file in ["landscape.npz", "landscape.json"] {
            assert_eq!(std::fs::read(fixture.job.out.join(file)).unwrap(), std::fs::read(again.join(file)).unwrap(), "{file} of {axes}");
        }
    }
}

#[test]
fn landscape_manifest_says_when_a_definition_is_not_the_preset() {
    let mut fixture = fixture("kind = \"random\"", &[0.0], &[0.0]);
    fixture.job.plane.project.clear();
    let mut told = |settings: &str| {
        fixture.job.plane.directions = toml::from_str(settings).unwrap();
        let manifest = computed(&fixture).manifest;
        (manifest.definition, manifest.normalization, manifest.one_dimensional)
    };
    let texts = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
    assert_eq!(told(""), texts("li2018", "filter", "zero"));
    assert_eq!(told("preset = \"landscaper\""), texts("landscaper", "unit_rms", "moving"));
    assert_eq!(told("normalization = \"none\""), texts("custom", "none", "zero"));
}

#[test]
fn landscape_of_several_planes_is_each_of_them_and_a_band() {
    let mut fixture = fixture("kind = \"random\"", &[-1.0, 0.0, 1.0], &[0.0]);
    fixture.job.plane.project.clear();
    fixture.job.plane.planes = 3;
    let mut recorder = LandscapeRecorder::default();
    run(&fixture.a, &LandscapeData::of(&fixture.data), &fixture.job, &mut recorder).unwrap();
    let images = 9 * fixture.data.len() as u64;
    assert_eq!((recorder.cells.len(), recorder.progress.last()), (3, Some(&(images, images))), "cells of the first plane, progress of all");
    let jobs = fixture.job.each_plane();
    let surfaces: Vec<LossSurface> = jobs.iter().map(|job| LossSurface::load(&job.out).unwrap()).collect();
    let band = LandscapeBand::load(&fixture.job.out).unwrap();
    assert_eq!(band.manifest.seeds, [7, 8, 9]);
    let alone = fixture.folder.path().join("alone");
    let mut third = LandscapeJob { out: alone.clone(), seed: 9, ..fixture.job.clone() };
    third.plane.planes = 1;
    run(&fixture.a, &LandscapeData::of(&fixture.data), &third, &mut LandscapeRecorder::default()).unwrap();
    assert_eq!(LossSurface::load(&alone).unwrap().loss, surfaces[2].loss, "plane k is that of seed + k");
    for (cell, (mean, std)) in band.mean.iter().zip(&band.std).enumerate() {
        let losses: Vec<f64> = surfaces.iter().map(|surface| surface.loss[cell]).collect();
        close(*mean, losses.iter().sum::<f64>() / 3.0, 1e-12);
        close(*std, (losses.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 2.0).sqrt(), 1e-12);
    }
    assert_eq!(band.std[1], 0.0, "all planes meet at θ");
    assert!(band.std[0] > 0.0);
    let whole = flatland_core::job::JobSpec::Landscape(fixture.job.clone());
    assert!(flatland_core::job::is_finished(&whole));
    std::fs::remove_file(fixture.job.out.join("landscape_band.npz")).unwrap();
    assert!(!flatland_core::job::is_finished(&whole));
}
