#![allow(clippy::unwrap_used)]

use std::io::Read;

use npyz::npz::{NpzArchive, NpzWriter};
use serde::Deserialize;

use super::super::tests::{error, npy, source};
use super::super::{Reference, Source, load};
use super::*;

/// What NumPy says of an archive of `archives.zip` (`make_archives.py`).
#[derive(Deserialize)]
struct Expected {
    file: String,
    split: Option<String>,
    #[serde(default)]
    crc: String,
    #[serde(default)]
    labels: Vec<i64>,
    #[serde(default)]
    classes: Vec<String>,
    error: Option<Vec<String>>,
}

#[test]
fn common_archives_are_read_as_numpy_does_or_refused_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut archives = NpzArchive::new(Cursor::new(include_bytes!("archives.zip"))).unwrap();
    let mut member = |name: &str| {
        let mut bytes = Vec::new();
        archives.zip_archive().by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    };
    let expected: Vec<Expected> = serde_json::from_slice(&member("expected.json")).unwrap();
    let mut wrong = Vec::new();
    for Expected { file, split, crc, labels, classes, error } in expected {
        let path = folder.path().join(format!("{file}.npz"));
        std::fs::write(&path, member(&format!("{file}.npz"))).unwrap();
        let mut source = source(&path);
        source.split = split;
        match (load(&source, None), error) {
            (Ok(found), None) => {
                let mut sum = flate2::Crc::new();
                sum.update(&found.images);
                if (format!("{:08x}", sum.sum()), &found.labels, &found.classes) != (crc, &labels, &classes) {
                    wrong.push(format!("{file}: found labels {:?}, classes {:?}, or other pixels", found.labels, found.classes));
                }
            }
            (Err(error), Some(parts)) => {
                let error = error.to_string();
                if !parts.iter().all(|part| error.contains(part)) || !error.contains("expected") || !error.contains(&file) {
                    wrong.push(format!("{file}: expected {parts:?}, found {error}"));
                }
            }
            (Ok(_), Some(parts)) => wrong.push(format!("{file}: expected to be refused with {parts:?}")),
            (Err(error), None) => wrong.push(format!("{file}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn write(path: &Path, arrays: &[(&str, Vec<u8>)]) {
    let mut npz = NpzWriter::create(path).unwrap();
    for (name, bytes) in arrays {
        npz.zip_writer().start_file(format!("{name}.npy"), Default::default()).unwrap();
        std::io::Write::write_all(npz.zip_writer(), bytes).unwrap();
    }
}

#[test]
fn images_and_labels_are_read_grey_becomes_rgb() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grey.npz");
    let labels = npy("<i4", "(2,)", &[5, 0, 0, 0, 255, 255, 255, 255]);
    write(&path, &[("images", npy("|u1", "(2, 1, 2)", &[1, 2, 3, 4])), ("labels", labels)]);
    let data = load(&source(&path), None).unwrap();
    assert_eq!((data.labels.as_slice(), data.image(1)), (&[5, -1][..], &[3, 3, 3, 4, 4, 4][..]));
    assert_eq!(data.provenance.format, "npz");
}

#[test]
fn an_array_that_claims_more_than_it_holds_is_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("claim.npz");
    for (shape, part) in [
        ("(2, 2, 2, 3)", "24 bytes for shape"),
        ("(1152921504606846, 2, 2, 3)", "bytes for shape"),
        ("(4611686018427387904, 2, 2, 3)", "found no arrays"),
        ("(18446744073709551615, 32, 32, 3)", "found no arrays"),
        ("(99999999999999999999, 2, 2, 3)", "found no arrays"),
    ] {
        write(&path, &[("images", npy("|u1", shape, &[0; 12]))]);
        assert!(error(&source(&path)).contains(part), "{shape}: {}", error(&source(&path)));
        let array = folder.path().join("claim.npy");
        std::fs::write(&array, npy("|u1", shape, &[0; 12])).unwrap();
        assert!(error(&source(&array)).contains("expected "), "{shape}");
    }
}

#[test]
fn named_classes_are_matched_with_those_of_the_other_datasets() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let pixels = |n: usize| npy("|u1", &format!("({n}, 1, 1, 3)"), &vec![9; 3 * n]);
    write(&path("id.npz"), &[("images", pixels(3)), ("labels", npy("|S4", "(3,)", b"ant\0bee\0wolf"))]);
    write(&path("cs.npz"), &[("images", pixels(2)), ("labels", npy("|S4", "(2,)", b"wolfbee\0"))]);
    let id = Source { name: "id".into(), ..source(&path("id.npz")) };
    assert_eq!(super::super::load_for(&id, None, 3).unwrap().labels, [0, 1, 2]);
    let Source { name, path, split, format, classes, .. } = id;
    let mut cs = source(&folder.path().join("cs.npz"));
    cs.reference = vec![Reference { name, path, split, format, classes }];
    // Alone, `bee` would come first.
    assert_eq!(load(&cs, None).unwrap().labels, [1, 0]);
    assert_eq!(super::super::load_for(&cs, None, 3).unwrap().labels, [2, 1]);
    cs.reference.clear();
    let refused = super::super::load_for(&cs, None, 3).unwrap_err().to_string();
    assert!(refused.contains("each of the 3 of the network") && refused.contains("2 classes: bee, wolf"), "{refused}");
}

#[test]
fn inputs_of_an_archive_are_floats_that_are_kept_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let archive = |name: &str, arrays: &[(&str, Vec<u8>)]| {
        let path = folder.path().join(name);
        write(&path, arrays);
        source(&path)
    };
    let values = || npy("<f8", "(2, 3)", &[0.0f64, 0.1, 0.2, -1.0, 40.0, 2.5].map(f64::to_le_bytes).concat());
    let labels = || npy("<i8", "(2,)", &[1i64, 0].map(i64::to_le_bytes).concat());
    for name in ["inputs", "x"] {
        let data = load(&archive("spectra.npz", &[(name, values()), ("y", labels())]), None).unwrap();
        assert_eq!(data.arrays.unwrap().values, [0.0, 0.1, 0.2, -1.0, 40.0, 2.5]);
        assert_eq!(data.labels, [1, 0]);
    }
    let images = npy("|u1", "(2, 1, 1, 3)", &[7; 6]);
    let data = load(&archive("both.npz", &[("images", images.clone()), ("inputs", values())]), None).unwrap();
    assert!(data.arrays.is_none() && data.images == [7; 6], "`images` has priority, as before");
    let message = error(&archive("bytes.npz", &[("x", images.clone())]));
    assert!(message.contains("shape [2, 1, 1, 3] of |u1: 8-bit images are named `images`"), "{message}");
    let message = error(&archive("unclear.npz", &[("pictures", images.clone()), ("x", values())]));
    assert!(message.contains("float arrays `x` or images, not both"), "{message}");
    let message = error(&archive("two.npz", &[("x", values()), ("inputs", values())]));
    assert!(message.contains("inputs, x"), "{message}");
}
