//! What holds for all formats, and small files for the tests of each.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use super::*;

mod bad_input;
mod cut_short;
mod real;

/// All images at `path`, sniffed.
pub(super) fn source(path: &Path) -> Source {
    Source { name: "test".into(), path: path.into(), ..Source::default() }
}

/// The message of a source that cannot be loaded.
pub(super) fn error(source: &Source) -> String {
    load(source, None).map(|dataset| dataset.len()).unwrap_err().to_string()
}

/// A CIFAR record whose planes are the last label, that plus 1, that plus 2.
pub(super) fn record(labels: &[u8]) -> Vec<u8> {
    let last = labels[labels.len() - 1];
    let planes = (0..3).flat_map(|plane| [last + plane; 1024]);
    labels.iter().copied().chain(planes).collect()
}

/// An `.npy` file of version 1.
pub(super) fn npy(dtype: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}");
    let padded = format!("{header:<117}\n");
    [b"\x93NUMPY\x01\x00", &(padded.len() as u16).to_le_bytes()[..], padded.as_bytes(), data].concat()
}

#[test]
fn the_hash_sees_pixels_labels_and_shape_but_not_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    std::fs::write(&path, npy("|u1", "(2, 1, 2, 3)", &(0..12).collect::<Vec<u8>>())).unwrap();
    let data = load(&source(&path), None).unwrap();
    let renamed = Dataset { name: "other".into(), ..data.clone() };
    assert_eq!(renamed.hash(), data.hash());
    let turned = Dataset { height: 2, width: 1, ..data.clone() };
    let mut relabelled = data.clone();
    relabelled.labels[1] = 0;
    let mut repainted = data.clone();
    repainted.images[11] ^= 1;
    for other in [turned, relabelled, repainted] {
        assert_ne!(other.hash(), data.hash());
    }
}

#[test]
fn a_stratified_subset_is_kept_in_file_order_with_its_positions() {
    let folder = tempfile::tempdir().unwrap();
    let labels: Vec<u8> = (0..40).map(|i| i % 4).collect();
    std::fs::write(folder.path().join("test_batch.bin"), labels.iter().flat_map(|&label| record(&[label])).collect::<Vec<_>>()).unwrap();
    let mut source = source(folder.path());
    source.subset = Subset::Stratified(8);
    let subset = load(&source, None).unwrap();
    assert_eq!((subset.len(), subset.provenance.available), (8, 40));
    assert!(subset.index.is_sorted());
    for label in 0..4 {
        assert_eq!(subset.labels.iter().filter(|&&found| found == label).count(), 2);
    }
    for (i, &position) in subset.index.iter().enumerate() {
        assert_eq!((subset.labels[i], subset.image(i)[0]), (i64::from(labels[position]), labels[position]));
    }
    source.seed = 1;
    assert_ne!(load(&source, None).unwrap().index, subset.index);
}

#[test]
fn images_come_at_the_size_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("test_batch.bin"), record(&[5])).unwrap();
    let data = load(&source(folder.path()), Some([28, 28])).unwrap();
    assert_eq!((data.height, data.width, data.images.len()), (28, 28, 28 * 28 * 3));
    assert_eq!(data.image(0)[..3], [5, 6, 7]);
    assert!(load(&source(folder.path()), Some([0, 28])).is_err());
}

#[test]
fn a_corruption_comes_after_resizing_and_does_not_depend_on_the_subset() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("test_batch.bin"), (0..4).flat_map(|label| record(&[label])).collect::<Vec<_>>()).unwrap();
    let mut source = source(folder.path());
    let clean = load(&source, Some([28, 28])).unwrap();
    source.corruption = Some(Corruption { kind: "gaussian_noise".into(), severity: 3 });
    let noisy = load(&source, Some([28, 28])).unwrap();
    assert_eq!((noisy.height, noisy.images.len()), (28, clean.images.len()));
    assert_ne!(noisy.images, clean.images);
    source.subset = Subset::Stratified(2);
    let some = load(&source, Some([28, 28])).unwrap();
    for (i, &position) in some.index.iter().enumerate() {
        assert_eq!(some.image(i), noisy.image(position));
    }
    source.corruption = Some(Corruption { kind: "rust".into(), severity: 3 });
    assert!(error(&source).contains("rust"), "{}", error(&source));
}

#[test]
fn the_demo_set_is_loaded_like_any_other() {
    let mut source = source(Path::new("demo:test"));
    source.subset = Subset::Stratified(70);
    let demo = load(&source, Some([28, 28])).unwrap();
    assert_eq!((demo.len(), demo.height, demo.provenance.format.as_str()), (70, 28, "demo"));
    assert!(demo.is_labelled() && demo.provenance.available > 70);
    source.path = "demo:nothing".into();
    assert!(error(&source).contains("found `nothing`"), "{}", error(&source));
}

/// A PNG of one grey level.
pub(super) fn image(height: u32, width: u32, value: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    ::image::RgbImage::from_pixel(width, height, ::image::Rgb([value; 3])).write_to(&mut bytes, ::image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}
