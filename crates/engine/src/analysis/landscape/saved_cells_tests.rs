#![allow(clippy::unwrap_used, clippy::expect_used)]

use flatland_core::job::LandscapeJob;
use flatland_core::result::{LossDifference, LossSurface, SAMPLE_LOSSES};

use super::testing::{LandscapeRecorder, job, mlp, noise_samples};
use super::{Directions, Evaluation, Evaluator, LandscapeData, run};

#[test]
fn a_wider_and_a_finer_grid_in_another_folder_keep_the_cells_of_the_cache() {
    let network = mlp(1);
    let data = noise_samples(&network);
    let folder = tempfile::tempdir().unwrap();
    let cells = Some(folder.path().join("cells"));
    let small = LandscapeJob { cells: cells.clone(), ..job(&folder.path().join("small"), &[-0.5, 0.0, 0.5], &[-0.5, 0.0, 0.5]) };
    run(&network, &LandscapeData::of(&data), &small, &mut LandscapeRecorder::default()).unwrap();
    let axis = [-1.0, -0.5, -0.25, 0.0, 0.5, 1.0];
    let large = LandscapeJob { cells, ..job(&folder.path().join("large"), &axis, &axis) };
    let mut recorder = LandscapeRecorder::default();
    run(&network, &LandscapeData::of(&data), &large, &mut recorder).unwrap();
    assert_eq!(recorder.progress.first(), Some(&(9 * 150, 36 * 150)), "known before the first is computed");
    let plain = job(&folder.path().join("plain"), &axis, &axis);
    run(&network, &LandscapeData::of(&data), &plain, &mut LandscapeRecorder::default()).unwrap();
    for file in ["landscape.npz", SAMPLE_LOSSES] {
        assert_eq!(std::fs::read(large.out.join(file)).unwrap(), std::fs::read(plain.out.join(file)).unwrap(), "{file}");
    }
    // Another network finds nothing there.
    let mut recorder = LandscapeRecorder::default();
    let other = LandscapeJob { out: folder.path().join("other"), ..large };
    let network = mlp(2);
    run(&network, &LandscapeData::of(&data), &other, &mut recorder).unwrap();
    assert_eq!(recorder.progress.first(), Some(&(0, 36 * 150)));
}

#[test]
fn other_axes_in_the_same_folder_keep_the_losses_of_single_images() {
    let network = mlp(1);
    let data = noise_samples(&network);
    let folder = tempfile::tempdir().unwrap();
    let (first, moved) = ([-0.5, 0.0, 0.5], [0.0, 0.5, 1.0]);
    run(&network, &LandscapeData::of(&data), &job(folder.path(), &first, &first), &mut LandscapeRecorder::default()).unwrap();
    let mut recorder = LandscapeRecorder::default();
    run(&network, &LandscapeData::of(&data), &job(folder.path(), &moved, &moved), &mut recorder).unwrap();
    assert_eq!(recorder.progress.first(), Some(&(4 * 150, 9 * 150)));
    let again = tempfile::tempdir().unwrap();
    run(&network, &LandscapeData::of(&data), &job(again.path(), &moved, &moved), &mut LandscapeRecorder::default()).unwrap();
    let bytes = |folder: &std::path::Path| std::fs::read(folder.join(SAMPLE_LOSSES)).unwrap();
    assert_eq!(bytes(folder.path()), bytes(again.path()));
}

#[test]
fn a_cache_that_cannot_be_used_is_warned_of() {
    let network = mlp(1);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let mut recorder = LandscapeRecorder::default();
    let job = LandscapeJob { cells: Some(file), ..job(&folder.path().join("out"), &[0.0], &[0.0]) };
    run(&network, &LandscapeData::of(&noise_samples(&network)), &job, &mut recorder).unwrap();
    assert!(recorder.warnings[0].contains("not kept beyond this folder"), "{:?}", recorder.warnings);
    assert_eq!(LossSurface::load(&job.out).unwrap().computed(), 1);
}

/// The paired error by its definition, from losses evaluated anew.
#[test]
fn differences_of_two_networks_are_paired_image_by_image() {
    let axis = [-0.5, 0.0, 0.5];
    let networks = [mlp(1), mlp(2)];
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut surfaces = Vec::new();
    for (network, folder) in networks.iter().zip(&folders) {
        run(network, &LandscapeData::of(&noise_samples(network)), &job(folder.path(), &axis, &axis), &mut LandscapeRecorder::default())
            .unwrap();
        surfaces.push(LossSurface::load(folder.path()).unwrap());
    }
    let found = LossDifference::between((&surfaces[0], folders[0].path()), (&surfaces[1], folders[1].path())).unwrap();
    assert!(found.paired.iter().all(|&paired| paired));
    let (i, j) = (0, 2);
    let losses = [0, 1].map(|k| {
        let data = noise_samples(&networks[k]);
        let directions = Directions::li2018(&networks[k], 7).unwrap();
        let evaluator = Evaluator::new(&networks[k], Evaluation::plain(&data), &directions).unwrap();
        evaluator.evaluate(axis[i], axis[j], &mut LandscapeRecorder::default()).unwrap().sample_losses
    });
    let n = losses[0].len() as f64;
    let difference: Vec<f64> = losses[0].iter().zip(&losses[1]).map(|(a, b)| f64::from(*a) - f64::from(*b)).collect();
    let mean = difference.iter().sum::<f64>() / n;
    let std_error = (difference.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt();
    let k = i * axis.len() + j;
    assert!((found.map.value[k] - mean).abs() < 1e-5 * mean.abs().max(1.0), "{} {mean}", found.map.value[k]);
    assert!((found.map.std_error[k] / std_error - 1.0).abs() < 1e-9);
}
