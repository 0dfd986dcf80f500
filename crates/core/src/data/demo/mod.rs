//! The bundled demo set: real digits as ID and near SS, generated patterns as far SS and as auxiliary outliers.
//!
//! | Part | Images |
//! |---|---|
//! | `demo:train` | digits 0 to 6 of the first two thirds of the file, labelled |
//! | `demo:test` | digits 0 to 6 of the last third (mostly other writers), labelled |
//! | `demo:near` | digits 7, 8 and 9: classes that training never sees |
//! | `demo:far` | gratings, checkerboards, rings: periodic patterns |
//! | `demo:outliers` | strokes, blobs, smoothed noise: nothing periodic, no digits |
//!
//! All parts were made by the digits' own pipeline: a bitmap of 32x32, counted in blocks of 4x4 to 8x8 values of 0..16, shown at 32x32.
//! So no part differs by its resolution. The contents are fixed: no seed changes them.

mod digits;
mod generated;

use image::imageops::{FilterType, resize};
use image::{GrayImage, Luma};

use super::{DataError, Dataset, Provenance, Source};

/// Side of the shown images.
pub const SIDE: usize = 32;
/// Number of ID classes: digits 0 to 6.
pub const CLASSES: i64 = 7;
/// The parts, as they follow `demo:`.
pub const PARTS: [&str; 5] = ["train", "test", "near", "far", "outliers"];

/// 8x8 values of 0..16, row-major.
type Counts = [u8; 64];

/// Part `part` of the demo set, without subset and corruption, which the caller applies as for every format.
///
/// # Errors
/// When there is no such part.
pub fn load(part: &str, source: &Source) -> Result<Dataset, DataError> {
    let failed = |message: String| DataError::Demo { message, path: source.path.clone() };
    let unlabelled = |images: Vec<Counts>| images.into_iter().enumerate().map(|(i, counts)| (i, -1, counts)).collect();
    let digits = |wanted: fn(usize, i64) -> bool| -> Result<Vec<(usize, i64, Counts)>, DataError> {
        let all = digits::read().map_err(|error| failed(format!("cannot read the bundled digits: {error}")))?;
        Ok(all.into_iter().enumerate().map(|(i, (digit, counts))| (i, digit, counts)).filter(|(i, digit, _)| wanted(*i, *digit)).collect())
    };
    let images: Vec<(usize, i64, Counts)> = match part {
        "train" => digits(|i, digit| digit < CLASSES && i < digits::TRAIN)?,
        "test" => digits(|i, digit| digit < CLASSES && i >= digits::TRAIN)?,
        "near" => digits(|_, digit| digit >= CLASSES)?.into_iter().map(|(i, _, counts)| (i, -1, counts)).collect(),
        "far" => unlabelled(generated::periodic()),
        "outliers" => unlabelled(generated::aperiodic()),
        other => return Err(failed(format!("expected a part of the demo set ({}), found `{other}`", PARTS.join(", ")))),
    };
    Ok(Dataset {
        arrays: None,
        name: source.name.clone(),
        images: images.iter().flat_map(|(.., counts)| show(counts)).collect(),
        height: SIDE,
        width: SIDE,
        labels: images.iter().map(|(_, label, _)| *label).collect(),
        index: images.iter().map(|(index, ..)| *index).collect(),
        classes: classes(part),
        provenance: Provenance { source: source.clone(), format: "demo".into(), available: images.len(), ..Provenance::default() },
    })
}

/// Names of the classes of part `part` in label order; none where it has no labels.
pub(super) fn classes(part: &str) -> Vec<String> {
    if matches!(part, "train" | "test") { (0..CLASSES).map(|digit| digit.to_string()).collect() } else { Vec::new() }
}

/// White on black at 32x32 RGB, smoothly enlarged.
fn show(counts: &Counts) -> Vec<u8> {
    let small = GrayImage::from_fn(8, 8, |x, y| Luma([(u32::from(counts[(y * 8 + x) as usize].min(16)) * 255 / 16) as u8]));
    resize(&small, SIDE as u32, SIDE as u32, FilterType::CatmullRom).into_raw().into_iter().flat_map(|grey| [grey; 3]).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn part(part: &str) -> Dataset {
        let source = Source { name: part.into(), path: format!("demo:{part}").into(), ..Source::default() };
        load(part, &source).unwrap()
    }

    #[test]
    fn digits_are_split_into_id_classes_and_held_out_classes() {
        let (train, test, near) = (part("train"), part("test"), part("near"));
        assert_eq!(train.len() + test.len() + near.len(), 1797);
        assert!(train.is_labelled() && test.is_labelled() && near.labels.iter().all(|&label| label == -1));
        for dataset in [&train, &test] {
            assert_eq!(dataset.classes, ["0", "1", "2", "3", "4", "5", "6"]);
            for class in 0..CLASSES {
                assert!(dataset.labels.iter().filter(|&&label| label == class).count() > 50);
            }
        }
        assert!(train.index.iter().all(|i| !test.index.contains(i)));
    }

    #[test]
    fn the_first_digit_is_a_zero_with_a_hole() {
        let train = part("train");
        let zero = train.image(0);
        let grey = |row: usize, column: usize| zero[(row * SIDE + column) * 3];
        assert_eq!(train.labels[0], 0);
        assert!(grey(15, 15) < 20, "the hole");
        assert!(grey(15, 8) > 100, "the left stroke");
        assert_eq!(grey(15, 0), 0, "the margin");
    }

    #[test]
    fn every_part_is_grey_not_empty_and_the_same_each_time() {
        for name in PARTS {
            let dataset = part(name);
            assert!(dataset.len() >= 300, "{name}: {}", dataset.len());
            assert_eq!(dataset.images.len(), dataset.len() * SIDE * SIDE * 3);
            assert!(dataset.images.chunks_exact(3).all(|p| p[0] == p[1] && p[1] == p[2]));
            assert_eq!(dataset.images, part(name).images);
        }
    }

    #[test]
    fn no_image_is_in_two_parts() {
        let mut seen = std::collections::BTreeMap::new();
        for name in PARTS {
            let dataset = part(name);
            for i in 0..dataset.len() {
                let before = seen.insert(dataset.image(i).to_vec(), name);
                assert!(before.is_none_or(|before| before == name), "an image of {name} is also in {before:?}");
            }
        }
    }

    #[test]
    fn an_unknown_part_is_a_clear_error() {
        let source = part("far").provenance.source;
        let message = load("middle", &source).unwrap_err().to_string();
        assert!(message.contains("train, test, near, far, outliers") && message.contains("`middle`"), "{message}");
    }
}
