//! Closed forms, values of the code of CIFAR-10-C, and values of Pillow and scipy on one image
//! (`rough`), made with `PIL.Image.resize(BOX)`, `scipy.ndimage.gaussian_filter(truncate=4, mode="nearest")` and
//! `scipy.ndimage.correlate(mode="mirror")`.

#![allow(clippy::unwrap_used)]

mod distribution;
mod golden;

use super::*;

fn corruption(kind: &str, severity: u8) -> Corruption {
    Corruption { kind: kind.into(), severity }
}

fn corrupted(image: &[u8], side: usize, kind: &str, severity: u8, seed: u64) -> Vec<u8> {
    let mut image = image.to_vec();
    apply(&mut image, side, side, &corruption(kind, severity), seed).unwrap();
    image
}

/// 32x32, every channel another polynomial of the position.
fn rough() -> Vec<u8> {
    (0..32 * 32).flat_map(|i| [(i * i * 7) % 251, (i * i * i) % 241, (i * i * 31 + 40) % 239]).map(|x| x as u8).collect()
}

#[test]
fn brightness_matches_the_golden_values() {
    let golden = [[212, 106, 53], [225, 112, 56], [238, 119, 59], [251, 125, 62], [255, 127, 63]];
    for (severity, expected) in (1..).zip(golden) {
        assert_eq!(corrupted(&[200, 100, 50], 1, "brightness", severity, 0), expected, "severity {severity}");
    }
}

#[test]
fn brightness_turns_black_grey() {
    assert_eq!(corrupted(&[0, 0, 0], 1, "brightness", 1, 0), [12, 12, 12]);
}

#[test]
fn saturate_matches_the_golden_values() {
    let golden = [[200, 170, 155], [200, 189, 185], [200, 66, 0], [200, 66, 0], [200, 66, 0]];
    for (severity, expected) in (1..).zip(golden) {
        assert_eq!(corrupted(&[200, 100, 50], 1, "saturate", severity, 0), expected, "severity {severity}");
    }
}

#[test]
fn contrast_pulls_towards_the_mean_of_each_channel() {
    let image = [0, 100, 10, 200, 100, 20, 0, 100, 30, 200, 100, 40];
    assert_eq!(corrupted(&image, 2, "contrast", 2, 0), [50, 100, 17, 150, 100, 22, 50, 100, 27, 150, 100, 32]);
}

#[test]
fn pixelate_equals_pillow() {
    check_golden("pixelate", PIXELATE);
}

#[test]
fn gaussian_blur_equals_scipy() {
    check_golden("gaussian_blur", GAUSSIAN_BLUR);
}

#[test]
fn defocus_blur_equals_scipy() {
    check_golden("defocus_blur", DEFOCUS_BLUR);
}

/// Sum of all bytes, then three bytes at each of four positions.
type Golden = [(u64, [u8; 12]); 5];

fn check_golden(kind: &str, golden: Golden) {
    for (severity, (sum, bytes)) in (1..).zip(golden) {
        let image = corrupted(&rough(), 32, kind, severity, 0);
        let found: Vec<u8> = [0, 31, 17 * 32 + 5, 1023].iter().flat_map(|i| image[i * 3..i * 3 + 3].to_vec()).collect();
        assert_eq!(found, bytes, "{kind} {severity}");
        assert_eq!(image.iter().map(|&byte| u64::from(byte)).sum::<u64>(), sum, "{kind} {severity}");
    }
}

#[test]
fn noises_have_the_moments_of_their_distributions() {
    let side = 128;
    let image = vec![128u8; side * side * 3];
    let x = 128.0 / 255.0;
    // Truncation to u8 lowers the mean by half a step.
    let moments = |kind: &str, severity| {
        let values: Vec<f64> = corrupted(&image, side, kind, severity, 3).iter().map(|&byte| (f64::from(byte) + 0.5) / 255.0).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        (mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt())
    };
    for (kind, severity, deviation) in [("gaussian_noise", 3, 0.08), ("shot_noise", 5, (x / 50.0f64).sqrt()), ("speckle_noise", 5, 0.2 * x)]
    {
        let (mean, found) = moments(kind, severity);
        assert!((mean - x).abs() < 0.003, "{kind}: mean {mean}");
        assert!((found / deviation - 1.0).abs() < 0.02, "{kind}: {found}, expected {deviation}");
    }
}

#[test]
fn impulse_noise_sets_its_share_of_elements_to_black_or_white() {
    let image = vec![128u8; 128 * 128 * 3];
    let noisy = corrupted(&image, 128, "impulse_noise", 5, 1);
    let share = |value: u8| noisy.iter().filter(|&&byte| byte == value).count() as f64 / noisy.len() as f64;
    assert!((share(0) - 0.035).abs() < 0.003 && (share(255) - 0.035).abs() < 0.003);
    assert!((share(128) - 0.93).abs() < 0.004);
}

#[test]
fn every_kind_at_every_severity_is_deterministic_and_does_something() {
    for kind in kinds() {
        for severity in 1..=5 {
            let once = corrupted(&rough(), 32, kind, severity, 7);
            assert_eq!(once, corrupted(&rough(), 32, kind, severity, 7), "{kind} {severity}");
            assert_ne!(once, rough(), "{kind} {severity}");
        }
    }
}

#[test]
fn draws_depend_on_the_seed_of_the_image() {
    let seeds = [image_seed(0, 0), image_seed(0, 1), image_seed(1, 0)];
    let images = seeds.map(|seed| corrupted(&rough(), 32, "gaussian_noise", 1, seed));
    assert!(images[0] != images[1] && images[0] != images[2] && images[1] != images[2]);
}

#[test]
fn stronger_is_farther_from_the_image() {
    let distance = |kind: &str, severity| -> f64 {
        let image = corrupted(&rough(), 32, kind, severity, 0);
        image.iter().zip(rough()).map(|(&a, b)| (f64::from(a) - f64::from(b)).powi(2)).sum()
    };
    for kind in
        ["gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise", "gaussian_blur", "defocus_blur", "contrast", "brightness"]
    {
        for severity in 1..5 {
            assert!(distance(kind, severity + 1) > distance(kind, severity), "{kind} {severity}");
        }
    }
}

#[test]
fn unknown_kinds_and_severities_are_clear_errors() {
    let message = |kind: &str, severity| check(&corruption(kind, severity)).unwrap_err().to_string();
    assert!(message("rain", 1).contains("expected one of gaussian_noise, ") && message("rain", 1).contains("`rain`"));
    assert!(message("contrast", 0).contains("1 to 5") && message("contrast", 6).contains("found 6"));
    assert!(apply(&mut [0; 5], 1, 1, &corruption("contrast", 1), 0).unwrap_err().to_string().contains("expected 3 bytes"));
}

const PIXELATE: Golden = [
    (365451, [0, 0, 40, 201, 148, 195, 152, 236, 5, 17, 47, 101]),
    (365662, [0, 0, 40, 201, 148, 195, 152, 236, 5, 17, 47, 101]),
    (365715, [0, 0, 40, 201, 148, 195, 152, 236, 5, 17, 47, 101]),
    (366022, [0, 0, 40, 201, 148, 195, 88, 132, 54, 17, 47, 101]),
    (366439, [61, 66, 112, 113, 127, 207, 111, 227, 57, 81, 144, 46]),
];
const GAUSSIAN_BLUR: Golden = [
    (363775, [5, 9, 48, 192, 141, 197, 134, 223, 22, 23, 55, 95]),
    (363731, [23, 33, 73, 168, 127, 202, 96, 184, 67, 41, 81, 78]),
    (363710, [28, 40, 80, 160, 124, 202, 90, 168, 79, 46, 89, 73]),
    (363698, [32, 45, 85, 155, 122, 201, 88, 154, 87, 50, 95, 70]),
    (363608, [37, 51, 89, 151, 120, 195, 90, 132, 95, 54, 100, 69]),
];
const DEFOCUS_BLUR: Golden = [
    (363854, [11, 17, 57, 184, 136, 199, 134, 223, 22, 29, 63, 89]),
    (363804, [28, 40, 80, 159, 124, 204, 111, 203, 47, 47, 90, 72]),
    (364094, [42, 55, 97, 139, 120, 206, 96, 185, 67, 62, 113, 60]),
    (364100, [58, 93, 130, 119, 84, 218, 60, 175, 95, 78, 131, 42]),
    (364297, [73, 64, 117, 89, 144, 202, 82, 135, 103, 95, 172, 34]),
];
