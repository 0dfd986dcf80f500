//! Against `golden.npz` of `reference.py`: torchvision's operations one by one, and the statistics of its mixes.

#![allow(clippy::unwrap_used)]

use rand::SeedableRng;

use super::*;

const SIZE: [usize; 2] = [24, 20];

fn read<T: npyz::Deserialize>(name: &str) -> Vec<T> {
    let bytes = std::io::Cursor::new(include_bytes!("golden.npz").as_slice());
    npyz::npz::NpzArchive::new(bytes).unwrap().by_name(name).unwrap().unwrap().into_vec().unwrap()
}

/// Exact but for shears and rotations: they fall on halves often, torch's order of f32 sums is not ours, and so one element in fifty may
/// be rounded the other way.
#[test]
fn operations_equal_torchvision() {
    let image: Vec<u8> = read("image");
    let all: Vec<u8> = read("operations");
    let cases = Operation::ALL.iter().flat_map(|&operation| [(operation, 3), (operation, 4)]);
    for ((operation, step), expected) in cases.zip(all.chunks_exact(image.len())) {
        let mut found = image.clone();
        let sign = if operation.is_signed() && step == 4 { -1.0 } else { 1.0 };
        operation.apply(&mut found, SIZE[0], SIZE[1], sign * operation.magnitude(step, SIZE[0], SIZE[1]));
        let farthest = found.iter().zip(expected).map(|(&a, &b)| a.abs_diff(b)).max().unwrap();
        let off = found.iter().zip(expected).filter(|(a, b)| a != b).count();
        let allowed = if matches!(operation, Operation::ShearX | Operation::ShearY | Operation::Rotate) { 1 } else { 0 };
        assert!(farthest <= allowed && off <= image.len() / 50 * usize::from(allowed), "{operation:?} {step}: {off} differ, by {farthest}");
        if ![Operation::Posterize, Operation::Equalize].contains(&operation) {
            assert_ne!(found, image, "{operation:?} {step}");
        }
    }
}

#[test]
fn mixes_have_the_statistics_of_torchvision() {
    let image: Vec<u8> = read("image");
    let expected: Vec<f64> = read("statistics");
    const DRAWS: u64 = 4000;
    for (severity, expected) in [1, 3, 5].into_iter().zip(expected.chunks_exact(6)) {
        let mut sums = [0.0; 3];
        for draw in 0..DRAWS {
            let mut mixed = image.clone();
            augmix(&mut mixed, SIZE[0], SIZE[1], severity, &mut ChaCha8Rng::seed_from_u64(draw));
            let n = image.len() as f64;
            let mean = mixed.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
            let variance = mixed.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n;
            let error = mixed.iter().zip(&image).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum::<f64>() / n;
            let psnr = 10.0 * (255.0f64.powi(2) / error.max(1e-3)).log10();
            sums.iter_mut().zip([mean, variance.sqrt(), psnr]).for_each(|(sum, one)| *sum += one / DRAWS as f64);
        }
        for (found, expected) in sums.iter().zip(expected.chunks_exact(2)) {
            // 4.5 standard errors of the difference of two means.
            let error = expected[1] * (2.0 / DRAWS as f64).sqrt();
            assert!((found - expected[0]).abs() < 4.5 * error, "severity {severity}: {sums:?}, expected {expected:?} ± {error}");
        }
    }
}

#[test]
fn severity_1_only_knows_the_first_step() {
    for operation in Operation::ALL {
        let mut image: Vec<u8> = read("image");
        let original = image.clone();
        operation.apply(&mut image, SIZE[0], SIZE[1], operation.magnitude(0, SIZE[0], SIZE[1]));
        let identity = operation.is_signed();
        assert_eq!(image == original, identity || (operation == Operation::Solarize && !original.contains(&255)), "{operation:?}");
    }
}
