#![allow(clippy::unwrap_used, clippy::expect_used)]
//! What is known of a surface before it is whole.

use flatland_core::job::is_complete;
use flatland_core::result::{CellStatus, LossSurface};
use flatland_core::session::{NetworkChoice, Normalization, NormalizationPreset, Stop};
use tch::Device;

use super::super::AnalysisError;
use super::testing::{LandscapeRecorder, cifar, job, mlp, noise, samples};
use super::{LandscapeData, run};
use crate::model::Network;

fn axis(n: usize, extent: f64) -> Vec<f64> {
    (0..n).map(|i| extent * (2.0 * i as f64 / (n - 1) as f64 - 1.0)).collect()
}

/// The share of cells whose known loss lies within two stated errors of the whole surface's, and the median relative error.
fn honesty(whole: &LossSurface, loss: &[f64], std_error: &[f64]) -> (f64, f64) {
    let n = loss.len() as f64;
    // What is exact came through f32.
    let within = |k: &usize| (loss[*k] - whole.loss[*k]).abs() <= 2.0 * std_error[*k] + 1e-6 * whole.loss[*k];
    let mut relative: Vec<f64> = (0..loss.len()).map(|k| (loss[k] / whole.loss[k] - 1.0).abs()).collect();
    relative.sort_by(f64::total_cmp);
    ((0..loss.len()).filter(within).count() as f64 / n, relative[loss.len() / 2])
}

#[test]
fn landscape_estimates_hold_what_they_promise_and_get_better() {
    let network = mlp(1);
    let data = samples(noise(1500, 2), &Normalization::default(), &network);
    let out = tempfile::tempdir().unwrap();
    let mut recorder = LandscapeRecorder::default();
    let axis = axis(13, 1.0);
    run(&network, &LandscapeData::of(&data), &job(out.path(), &axis, &axis), &mut recorder).unwrap();
    let whole = LossSurface::load(out.path()).unwrap();
    assert!(
        whole.estimate.is_none() && (0..whole.count.len()).all(|k| whole.status(k) == CellStatus::Exact),
        "a finished surface estimates nothing"
    );
    let pictures = || recorder.estimates.iter().filter(|(_, loss, ..)| loss.iter().all(|loss| loss.is_finite()));
    assert_eq!(pictures().next().unwrap().0, 0, "a first picture before any cell is computed");
    let last = pictures().next_back().unwrap();
    assert_eq!(last.0, 169, "the last one is the surface itself");
    assert_eq!(last.2, [0.0; 169]);
    let mut all = Vec::new();
    for (cells, loss, std_error, _) in pictures() {
        let (within, median) = honesty(&whole, loss, std_error);
        // One draw of images: the cells of a picture are right or wrong together.
        assert!(within >= 0.85, "{cells} cells: {within} within two stated errors");
        all.push(within);
        assert!(median < 0.1, "{cells} cells: median {median}");
    }
    assert!(all.iter().sum::<f64>() / all.len() as f64 >= 0.95, "{all:?}");
}

#[test]
fn landscape_stopped_between_looks_and_cells_keeps_its_estimate_until_it_is_whole() {
    let network = mlp(1);
    let data = samples(noise(1500, 2), &Normalization::default(), &network);
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let axis = axis(7, 1.0);
    run(&network, &LandscapeData::of(&data), &job(whole.path(), &axis, &axis), &mut LandscapeRecorder::default()).unwrap();
    let stopped = job(parts.path(), &axis, &axis);
    let end =
        run(&network, &LandscapeData::of(&data), &stopped, &mut LandscapeRecorder { limit: Some(20), ..LandscapeRecorder::default() });
    assert!(matches!(end, Err(AnalysisError::Cancelled)));
    let half = LossSurface::load(parts.path()).unwrap();
    assert_eq!(half.computed(), 20);
    assert_eq!((0..49).filter(|&k| half.status(k) == CellStatus::Estimated).count(), 29);
    assert!(!is_complete(&stopped, &half));
    run(&network, &LandscapeData::of(&data), &stopped, &mut LandscapeRecorder::default()).unwrap();
    for file in ["landscape.npz", "landscape.json"] {
        assert_eq!(std::fs::read(whole.path().join(file)).unwrap(), std::fs::read(parts.path().join(file)).unwrap(), "{file}");
    }
}

#[test]
fn landscape_that_may_stop_at_the_contour_step_stops_there_and_says_what_it_estimates() {
    let network = mlp(1);
    let data = samples(noise(1500, 2), &Normalization::default(), &network);
    let (whole, early) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let axis = axis(17, 3.0);
    run(&network, &LandscapeData::of(&data), &job(whole.path(), &axis, &axis), &mut LandscapeRecorder::default()).unwrap();
    let mut job = job(early.path(), &axis, &axis);
    job.measure.stop = Stop::Contour;
    // Told a few times a second: a machine so fast that all cells come before would end with the whole surface.
    run(&network, &LandscapeData::of(&data), &job, &mut LandscapeRecorder::default()).unwrap();
    let (whole, early) = (LossSurface::load(whole.path()).unwrap(), LossSurface::load(early.path()).unwrap());
    assert!(is_complete(&job, &early));
    let (low, high) = whole.range().unwrap();
    let step = (high / low).ln() / 12.0;
    let outside = (0..early.count.len()).filter(|&k| (early.known_loss(k).unwrap().0 / whole.loss[k]).ln().abs() > step).count();
    assert!(outside * 20 <= early.count.len(), "{outside} cells are off by a contour step");
    for k in (0..early.count.len()).filter(|&k| early.status(k) == CellStatus::Exact) {
        assert_eq!(early.loss[k], whole.loss[k]);
    }
}

/// After the first look, which is a twentieth of the work, and at 20 % and 50 %.
#[test]
#[ignore = "minutes: three real networks"]
fn landscape_estimates_are_honest_on_real_checkpoints() {
    let Some(shared) = flatland_core::testing::shared_dir() else { return };
    let grid = axis(17, 0.5);
    for file in ["resnet20-12fca82f.th", "resnet32-d509ac18.th", "resnet56-4bfd9763.th"] {
        let network = Network::load(&shared.join("data/checkpoints").join(file), &NetworkChoice::default(), Device::Cpu).unwrap();
        let data = samples(cifar(&shared, 1280), &Normalization::Preset(NormalizationPreset::Imagenet), &network);
        let out = tempfile::tempdir().unwrap();
        let mut recorder = LandscapeRecorder::default();
        run(&network, &LandscapeData::of(&data), &job(out.path(), &grid, &grid), &mut recorder).unwrap();
        let whole = LossSurface::load(out.path()).unwrap();
        for share in [0.05, 0.1, 0.2, 0.5] {
            let images = (share * (289 * 1280) as f64) as u64;
            let at = &recorder.estimates.iter().rfind(|estimate| estimate.3 <= images).unwrap();
            let (within, median) = honesty(&whole, &at.1, &at.2);
            println!(
                "{file}: {share} of the work, {} cells: {within:.3} within two stated errors, median relative error {median:.4}",
                at.0
            );
            assert!(within >= 0.95, "{file} at {share}: {within}");
        }
    }
}
