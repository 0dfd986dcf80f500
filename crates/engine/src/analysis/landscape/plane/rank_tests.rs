//! Axes that span no plane are an error. Checkpoints on a line are known by construction: α of `AVG` = A + t(B − A) is t.

#![allow(clippy::unwrap_used)]

use flatland_core::result::{LossSurface, Npz, NpzValues};
use flatland_core::session::{Axes, Preset, Trajectory};
use tch::{Kind, Tensor};

use super::super::testing::LandscapeRecorder;
use super::tests::{Fixture, fixture, run_directory};
use super::*;
use crate::analysis::landscape::LandscapeData;

const THROUGH: &str = "kind = \"checkpoints\"\nthrough = [\"A\", \"B\", \"C\"]";

/// A plane through A, B and a C whose parameters are `of` those of A and B; the grid is 3x3.
fn third(of: impl Fn(&Tensor, &Tensor) -> Tensor) -> Fixture {
    let mut fixture = fixture(THROUGH, &[-0.5, 0.0, 0.5], &[-0.5, 0.0, 0.5]);
    for name in fixture.a.parameter_names() {
        let c = of(&fixture.a.tensors[&name], &fixture.others[0].tensors[&name]);
        fixture.others[1].tensors.insert(name, c);
    }
    save(&fixture, 1);
    fixture
}

fn save(fixture: &Fixture, k: usize) {
    fixture.others[k].save(&fixture.job.plane.checkpoints[k].path).unwrap();
}

fn message(fixture: &Fixture) -> String {
    let message =
        run(&fixture.a, &LandscapeData::of(&fixture.data), &fixture.job, &mut LandscapeRecorder::default()).unwrap_err().to_string();
    assert!(!fixture.job.out.join("landscape.npz").exists(), "a surface of nothing was left: {message}");
    message
}

#[test]
fn a_plane_through_the_average_of_two_checkpoints_is_refused_and_the_line_is_offered() {
    let message = message(&third(|a, b| (a + b) * 0.5));
    assert!(message.contains("`C` on the line through `A` (α = 0) and `B` (α = 1), at α = 0.5:"), "{message}");
    assert!(message.contains("kind = \"line\", through = [\"A\", \"B\"]"), "{message}");
    assert!(message.contains("BatchNorm's running statistics aside"), "C has its own: {message}");
}

#[test]
fn a_checkpoint_anywhere_on_the_line_is_found_there() {
    for (t, said) in [(0.3, "at α = 0.3:"), (1.7, "at α = 1.7:"), (-2.0, "at α = -2:")] {
        let message = message(&third(|a, b| a + (b - a) * t));
        assert!(message.contains(said), "{message}");
    }
}

#[test]
fn an_average_that_was_stored_in_half_precision_is_still_on_the_line() {
    for kind in [Kind::Half, Kind::BFloat16] {
        let fixture = third(|a, b| ((a + b) * 0.5).to_kind(kind).to_kind(Kind::Float));
        let message = message(&fixture);
        assert!(message.contains("at α = 0.5:"), "{kind:?}: {message}");
    }
}

#[test]
fn copies_of_checkpoints_are_called_so() {
    let of_a = message(&third(|a, _| a.copy()));
    assert!(of_a.contains("in `C` the weights of `A`") && of_a.contains("through = [\"A\", \"B\"]"), "{of_a}");
    let of_b = message(&third(|_, b| b.copy()));
    assert!(of_b.contains("in `C` the weights of `B`") && of_b.contains("through = [\"A\", \"B\"]"), "{of_b}");
    // B is A, C is not.
    let mut fixture = fixture(THROUGH, &[0.0, 1.0], &[0.0, 1.0]);
    for name in fixture.a.parameter_names() {
        let copy = fixture.a.tensors[&name].copy();
        fixture.others[0].tensors.insert(name, copy);
    }
    save(&fixture, 0);
    let message_of = message(&fixture);
    assert!(message_of.contains("in `B` the weights of `A`") && message_of.contains("through = [\"A\", \"C\"]"), "{message_of}");
    // The line through both is none, in whatever grid.
    fixture.job.plane.axes = toml::from_str("kind = \"line\"\nthrough = [\"A\", \"B\"]").unwrap();
    fixture.job.beta = vec![0.0];
    let message = message(&fixture);
    assert!(message.contains("found in `B` those of `A`") && message.contains("BatchNorm's running statistics aside"), "{message}");
}

#[test]
fn what_is_more_than_rounding_spans_a_plane() {
    // One bias of the average, a hundred thousandth of everything, is moved by more than its rounding.
    let mut fixture = third(|a, b| (a + b) * 0.5);
    let bias = fixture.a.parameter_names().into_iter().find(|name| name.ends_with("linear.bias") || name.ends_with("fc.bias")).unwrap();
    let moved = &fixture.others[1].tensors[&bias] + 1e-3;
    fixture.others[1].tensors.insert(bias, moved);
    save(&fixture, 1);
    run(&fixture.a, &LandscapeData::of(&fixture.data), &fixture.job, &mut LandscapeRecorder::default()).unwrap();
    // A grid along one axis needs no second.
    let mut line = third(|a, b| (a + b) * 0.5);
    line.job.beta = vec![0.0];
    run(&line.a, &LandscapeData::of(&line.data), &line.job, &mut LandscapeRecorder::default()).unwrap();
    let surface = LossSurface::load(&line.job.out).unwrap();
    let average = surface.manifest.plane.unwrap().points.into_iter().find(|point| point.name == "C").unwrap();
    assert!((average.alpha - 0.5).abs() < 1e-4 && average.distance < 1e-4 * average.from_theta, "{average:?}");
}

/// Axes of files: `δ` and `scale`·δ, by the names of the parameters.
fn axis_files(fixture: &Fixture, scale: f32) -> String {
    let folder = fixture.folder.path();
    for (file, by) in [("d.npz", 1.0), ("e.npz", scale)] {
        let mut npz = Npz::default();
        for name in fixture.a.parameter_names() {
            let shape: Vec<usize> = fixture.a.tensors[&name].size().iter().map(|&n| n as usize).collect();
            let n: usize = shape.iter().product();
            npz.push(name, &shape, NpzValues::F32((0..n).map(|k| by * 0.01 * (k as f32 + 0.5).cos()).collect()));
        }
        npz.save(&folder.join(file)).unwrap();
    }
    format!("kind = \"files\"\ndelta = \"{0}/d.npz\"\neta = \"{0}/e.npz\"", folder.display())
}

#[test]
fn axes_of_files_that_are_parallel_or_shorter_than_rounding_are_refused() {
    let mut fixture = fixture("kind = \"random\"", &[0.0, 1.0], &[0.0, 1.0]);
    let axes = axis_files(&fixture, -3.0);
    fixture.job.plane.axes = toml::from_str(&axes).unwrap();
    let parallel = message(&fixture);
    assert!(parallel.contains("in the files of [landscape.plane]") && parallel.contains("η = -3·δ"), "{parallel}");
    let short = axes.replace("d.npz\"", "d.npz\", length = 1e-9 }").replace("delta = ", "delta = { file = ");
    fixture.job.plane.axes = toml::from_str(&short).unwrap();
    let short = message(&fixture);
    assert!(short.contains("δ moves no weight by more than the rounding of float32"), "{short}");
    // As far as a long step along it, it is an axis.
    fixture.job.alpha = vec![0.0, 1e9];
    fixture.job.beta = vec![0.0];
    run(&fixture.a, &LandscapeData::of(&fixture.data), &fixture.job, &mut LandscapeRecorder::default()).unwrap();
}

#[test]
fn saved_directions_that_are_parallel_are_refused() {
    let mut fixture = fixture("kind = \"random\"", &[0.0, 1.0], &[0.0, 1.0]);
    let mut directions = Directions::li2018(&fixture.a, 3).unwrap();
    directions.eta = directions.delta.clone();
    let path = fixture.folder.path().join("directions.npz");
    directions.save(&path).unwrap();
    fixture.job.directions = Some(path.clone());
    let found = message(&fixture);
    assert!(found.contains("directions.npz") && found.contains("η = 1·δ"), "{found}");
    directions.eta.scale(0.0);
    directions.save(&path).unwrap();
    let found = message(&fixture);
    assert!(found.contains("η moves no weight"), "{found}");
}

#[test]
fn rules_that_give_both_axes_the_same_direction_are_refused() {
    let mut fixture = fixture("kind = \"random\"", &[0.0, 1.0], &[0.0, 1.0]);
    // d = w on both axes where only 1-D tensors move.
    fixture.job.plane.directions.preset = Preset::Tomgoldstein;
    fixture.job.plane.directions.layers = vec!["bn1.*".into()];
    let found = message(&fixture);
    assert!(found.contains("of [landscape.directions]") && found.contains("η = 1·δ"), "{found}");
    // Weights that are zero scale every draw to zero.
    fixture.job.plane.directions = Default::default();
    fixture.job.plane.directions.layers = vec!["conv1.weight".into()];
    let zero = fixture.a.tensors["conv1.weight"].zeros_like();
    fixture.a.tensors.insert("conv1.weight".into(), zero);
    let found = message(&fixture);
    assert!(found.contains("neither δ nor η moves a weight"), "{found}");
}

#[test]
fn a_short_trajectory_on_a_line_is_no_plane_because_of_rounding() {
    let mut fixture = fixture("kind = \"random\"", &[0.0], &[0.0, 1.0]);
    // Steps of 2e-6 along one direction: rounding orthogonal to it is a hundredth of the whole.
    let places: Vec<[f64; 2]> = (0..5).map(|k| [2e-6 * f64::from(4 - k), 1e-6 * f64::from(4 - k)]).collect();
    fixture.job.plane.axes = Axes::Trajectory(Trajectory::Run(run_directory(fixture.folder.path(), &fixture.a, &places)));
    fixture.job.plane.project.clear();
    let found = message(&fixture);
    assert!(found.contains("found them on one line, up to rounding"), "{found}");
}
