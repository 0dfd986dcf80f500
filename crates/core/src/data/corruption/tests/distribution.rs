//! Random kinds against the statistics of `reference.py` over 2,000 draws; peak signal-to-noise ratios on natural images.

use super::golden::Golden;
use super::*;

/// Peak signal-to-noise ratio in dB, at most that of an error of 1/1000.
fn psnr(a: &[u8], b: &[u8]) -> f64 {
    let error = a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum::<f64>() / a.len() as f64;
    10.0 * (255.0f64.powi(2) / error.max(1e-3)).log10()
}

fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt())
}

/// Mean and deviation of the pixels and PSNR of each result.
fn quantities(image: &[u8], original: &[u8]) -> [f64; 3] {
    let (mean, deviation) = mean_and_deviation(&image.iter().map(|&byte| f64::from(byte)).collect::<Vec<_>>());
    [mean, deviation, psnr(image, original)]
}

#[test]
fn random_kinds_have_the_statistics_of_the_reference() {
    let golden = &mut Golden::open();
    let images = [golden.image(0), golden.image(1)];
    // Of each of the two images; the reference has 1,000.
    const DRAWS: usize = 250;
    for kind in [
        "gaussian_noise",
        "shot_noise",
        "impulse_noise",
        "speckle_noise",
        "glass_blur",
        "motion_blur",
        "snow",
        "fog",
        "elastic_transform",
        "spatter",
    ] {
        let expected: Vec<f64> = golden.read(&format!("{kind}.statistics"));
        for (severity, expected) in (1..).zip(expected.chunks_exact(6)) {
            let mut found = [const { Vec::new() }; 3];
            for draw in 0..2 * DRAWS {
                let original = &images[draw % 2];
                let image = corrupted(original, 32, kind, severity, image_seed(11, draw));
                found.iter_mut().zip(quantities(&image, original)).for_each(|(all, one)| all.push(one));
            }
            for ((name, found), expected) in ["mean", "deviation", "PSNR"].iter().zip(&found).zip(expected.chunks_exact(2)) {
                let (mean, deviation) = (expected[0], expected[1]);
                let (ours, _) = mean_and_deviation(found);
                // 4.5 standard errors of the difference (of 150 comparisons one in a thousand seeds fails), and what rounding does.
                let error = deviation * (1.0 / (2 * DRAWS) as f64 + 1.0 / 2000.0).sqrt();
                assert!((ours - mean).abs() < 4.5 * error + 0.02, "{kind} {severity}: {name} {ours}, expected {mean} ± {error}");
                // The spread itself, where there is one; its own error is about 1/√(2n), more for heavy tails.
                if deviation > 0.05 {
                    let within = (0..2).map(|i| mean_and_deviation(&found.iter().skip(i).step_by(2).copied().collect::<Vec<_>>()).1);
                    let ours = (within.map(|d| d * d).sum::<f64>() / 2.0).sqrt();
                    assert!((ours / deviation - 1.0).abs() < 0.25, "{kind} {severity}: {name} spreads by {ours}, expected {deviation}");
                }
            }
        }
    }
}

/// 40 CIFAR-10 test images [32, 32, 3], where the shared data is here.
fn natural_images() -> Option<Vec<Vec<u8>>> {
    let file = std::fs::read(crate::testing::shared("data/cifar-10-batches-bin/test_batch.bin")?).unwrap();
    let planes = file.chunks_exact(3073).take(40).map(|record| &record[1..]);
    Some(planes.map(|image| (0..3072).map(|i| image[i % 3 * 1024 + i / 3]).collect()).collect())
}

/// Kinds whose constants in the benchmark do not order them by PSNR, in the reference as here: more smoothing brings the shuffled pixels
/// of `glass_blur` closer to their neighbours; `elastic_transform` moves the image as a whole less from severity to severity;
/// severity 4 of `spatter` turns water into mud; severities 1 and 2 of `saturate` remove colour, 3 to 5 add it.
const NOT_MONOTONE: [&str; 4] = ["glass_blur", "elastic_transform", "spatter", "saturate"];

#[test]
fn psnr_falls_with_severity_where_the_constants_order_it() {
    let Some(images) = natural_images() else { return };
    let mut rising = Vec::new();
    for kind in kinds() {
        let means: Vec<f64> = (1..=5)
            .map(|severity| {
                // Several draws of each image: the steps between severities are small beside the spread of one draw.
                let draws = 0..images.len() * 4;
                let sum: f64 = draws
                    .clone()
                    .map(|i| {
                        let original = &images[i % images.len()];
                        psnr(&corrupted(original, 32, kind, severity, image_seed(3, i)), original)
                    })
                    .sum();
                sum / draws.len() as f64
            })
            .collect();
        println!("{kind}: PSNR {means:.2?} dB");
        if !means.is_sorted_by(|a, b| a > b) {
            rising.push(kind);
        }
    }
    assert_eq!(rising, NOT_MONOTONE);
}

/// 32x32: a sun in a sky over a hill, with a fence: edges, gradients and colours.
fn scene() -> Vec<u8> {
    let pixel = |row: usize, column: usize| -> [u8; 3] {
        let (y, x) = (row as f64, column as f64);
        if row >= 18 && column % 6 == 2 && row < 29 {
            [92, 58, 30]
        } else if y > 22.0 - 4.0 * (x / 9.0).sin() {
            [(60.0 + 2.0 * x) as u8, (120.0 + 3.0 * (31.0 - y)) as u8, 48]
        } else if (y - 7.0).hypot(x - 23.0) < 4.5 {
            [250, 214, 90]
        } else {
            [(70.0 + 5.0 * y) as u8, (130.0 + 4.0 * y) as u8, 225]
        }
    };
    (0..32 * 32).flat_map(|i| pixel(i / 32, i % 32)).collect()
}

/// A row a kind in the order of the benchmark: the image, then severities 1 to 5, each pixel shown as 3x3.
fn contact_sheet(original: &[u8]) -> image::RgbImage {
    let (cell, zoom) = (34, 3);
    let mut sheet = image::RgbImage::from_pixel(6 * cell * zoom, 19 * cell * zoom, image::Rgb([255; 3]));
    for (row, kind) in kinds().enumerate() {
        for severity in 0..=5u8 {
            let shown = if severity == 0 { original.to_vec() } else { corrupted(original, 32, kind, severity, image_seed(0, row)) };
            for (i, rgb) in shown.chunks_exact(3).enumerate() {
                let (left, top) = (u32::from(severity) * cell + i as u32 % 32 + 1, row as u32 * cell + i as u32 / 32 + 1);
                for (x, y) in (0..zoom * zoom).map(|k| (left * zoom + k % zoom, top * zoom + k / zoom)) {
                    sheet.put_pixel(x, y, image::Rgb([rgb[0], rgb[1], rgb[2]]));
                }
            }
        }
    }
    sheet
}

/// Pictures for the eye: `FLATLAND_SHOTS=folder cargo test -p flatland-core contact_sheet`; docs/corruptions.png is `corruptions.png`.
#[test]
fn a_contact_sheet_shows_every_kind_at_every_severity() {
    let sheet = contact_sheet(&scene());
    assert_eq!(sheet.dimensions(), (612, 1938));
    let Some(shots) = std::env::var_os("FLATLAND_SHOTS").map(std::path::PathBuf::from) else { return };
    sheet.save(shots.join("corruptions.png")).unwrap();
    for (i, natural) in natural_images().unwrap_or_default().iter().take(8).enumerate() {
        contact_sheet(natural).save(shots.join(format!("corruptions-natural-{i}.png"))).unwrap();
    }
}
