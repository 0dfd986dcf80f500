//! The metrics against numbers that others published or that scikit-learn computed, on real data.

use std::fs::File;
use std::io::BufReader;

use npyz::npz::NpzArchive;

use super::*;
use crate::testing::shared_dir;

fn f32_array(archive: &mut NpzArchive<BufReader<File>>, name: &str) -> Vec<f64> {
    let values: Vec<f32> = archive.by_name(name).unwrap().unwrap().into_vec().unwrap();
    values.into_iter().map(f64::from).collect()
}

#[test]
fn scikit_learn_agrees_on_the_scores_of_a_real_network() {
    let Some(shared) = shared_dir() else { return };
    let golden = shared.join("golden");
    let scores = |file: &str| -> (Vec<f64>, Vec<f64>) {
        let logits = f32_array(&mut NpzArchive::open(golden.join(file)).unwrap(), "logits");
        let row = |z: &[f64]| {
            let max = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = z.iter().map(|v| (v - max).exp()).sum();
            (1.0 / sum, max + sum.ln())
        };
        logits.chunks_exact(10).map(row).unzip()
    };
    let expected: serde_json::Value = serde_json::from_reader(File::open(golden.join("scores_resnet20.json")).unwrap()).unwrap();
    let (id_msp, id_energy) = scores("scores_id.npz");
    for file in ["scores_cifar100.npz", "scores_svhn.npz"] {
        let (msp, energy) = scores(file);
        for (score, id, ood) in [("msp", &id_msp, &msp), ("energy", &id_energy, &energy)] {
            let metrics =
                [("auroc", auroc(id, ood)), ("fpr95", fpr95(id, ood)), ("aupr_in", aupr_in(id, ood)), ("aupr_out", aupr_out(id, ood))];
            for (metric, found) in metrics {
                let expected = expected[file][score][metric].as_f64().unwrap();
                assert!((found.unwrap() - expected).abs() < 1e-9, "{file} {score} {metric}: expected {expected}, found {found:?}");
            }
        }
    }
}

#[test]
fn openood_publishes_the_same_numbers_for_scale() {
    let Some(shared) = shared_dir() else { return };
    let mut archive = NpzArchive::open(shared.join("data/openood_scale_cifar10.npz")).unwrap();
    // Mean and population standard deviation over three seeds, in %: AUROC, FPR@95.
    let published = [
        ("cifar100", 81.27, 0.74, 81.78, 3.98),
        ("tin", 83.84, 0.02, 79.14, 4.04),
        ("mnist", 90.58, 2.96, 48.68, 15.38),
        ("svhn", 84.63, 3.05, 70.54, 8.71),
        ("texture", 83.94, 0.35, 80.39, 3.93),
        ("places365", 86.41, 1.92, 70.51, 5.98),
    ];
    let id: Vec<Vec<f64>> = (0..3).map(|seed| f32_array(&mut archive, &format!("s{seed}/id/score"))).collect();
    for (dataset, auroc_mean, auroc_std, fpr_mean, fpr_std) in published {
        let ood: Vec<Vec<f64>> = (0..3).map(|seed| f32_array(&mut archive, &format!("s{seed}/{dataset}/score"))).collect();
        for (metric, mean, std) in [(auroc as fn(&[f64], &[f64]) -> Option<f64>, auroc_mean, auroc_std), (fpr95, fpr_mean, fpr_std)] {
            let percent: Vec<f64> = id.iter().zip(&ood).map(|(id, ood)| 100.0 * metric(id, ood).unwrap()).collect();
            let (found, error) = mean_std_error(&percent).unwrap();
            // Population standard deviation from the standard error of three values: √(n − 1) times it.
            let found_std = error * 2.0_f64.sqrt();
            assert!((found - mean).abs() < 0.00501, "{dataset}: published {mean}, found {found}");
            assert!((found_std - std).abs() < 0.00501, "{dataset}: published ± {std}, found ± {found_std}");
        }
    }
}
