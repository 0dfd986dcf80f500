#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::path::Path;
use std::process::Command;

use super::super::tests::{error, source};
use super::super::{Source, Subset, load, load_positions, looks_like_images};

/// An element: its tag, its bytes, and zeros up to a multiple of 8.
fn element(kind: u32, bytes: &[u8]) -> Vec<u8> {
    let padding = vec![0; bytes.len().next_multiple_of(8) - bytes.len()];
    [&kind.to_le_bytes()[..], &(bytes.len() as u32).to_le_bytes(), bytes, &padding].concat()
}

/// A variable of u8.
fn variable(name: &str, shape: &[u32], values: &[u8]) -> Vec<u8> {
    let sizes: Vec<u8> = shape.iter().flat_map(|n| n.to_le_bytes()).collect();
    let flags = element(6, &[9, 0, 0, 0, 0, 0, 0, 0]);
    element(14, &[flags, element(5, &sizes), element(1, name.as_bytes()), element(2, values)].concat())
}

/// `meta.mat` of ImageNet's development kit: number and WordNet id of each class, among other fields.
pub(in crate::data) fn meta(classes: &[(u16, &str)]) -> Vec<u8> {
    let array = |class: u8, kind: u32, values: &[u8], count: u32| {
        let sizes: Vec<u8> = [1u32, count].iter().flat_map(|n| n.to_le_bytes()).collect();
        element(14, &[element(6, &[class, 0, 0, 0, 0, 0, 0, 0]), element(5, &sizes), element(1, b""), element(kind, values)].concat())
    };
    let name = |name: &str| [name.as_bytes(), &vec![0; 16 - name.len()]].concat();
    let fields = ["words", "ILSVRC2012_ID", "WNID"].map(name).concat();
    let sizes: Vec<u8> = [classes.len() as u32, 1].iter().flat_map(|n| n.to_le_bytes()).collect();
    let length = [&[5, 0, 4, 0][..], &16u32.to_le_bytes()].concat();
    let head = [element(6, &[2, 0, 0, 0, 0, 0, 0, 0]), element(5, &sizes), element(1, b"synsets"), length, element(1, &fields)].concat();
    let of_class = |(number, id): &(u16, &str)| {
        // MATLAB saves whole doubles as the smallest integers that hold them.
        [array(4, 16, b"a fish, another", 15), array(6, 4, &number.to_le_bytes(), 1), array(4, 16, id.as_bytes(), 9)].concat()
    };
    let synsets = element(14, &[head, classes.iter().flat_map(of_class).collect()].concat());
    file([0, 1], b"IM", &[compressed(&synsets)])
}

fn compressed(variable: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(variable).unwrap();
    let packed = encoder.finish().unwrap();
    [&15u32.to_le_bytes()[..], &(packed.len() as u32).to_le_bytes(), &packed].concat()
}

fn file(version: [u8; 2], order: &[u8; 2], variables: &[Vec<u8>]) -> Vec<u8> {
    let text = format!("{:<124}", "MATLAB 5.0 MAT-file, made by a test");
    [text.as_bytes(), &version, order, &variables.concat()].concat()
}

/// `count` images of 2x3 pixels; the value at row r, column c, channel k of image n is 100n + 10k + 3r + c.
fn images(count: u32) -> Vec<u8> {
    let mut values = Vec::new();
    for (n, k, c, r) in (0..count).flat_map(|n| (0..18).map(move |i| (n, i / 6, i % 6 / 2, i % 2))) {
        values.push((100 * n + 10 * k + 3 * r + c) as u8);
    }
    variable("X", &[2, 3, 3, count], &values)
}

fn saved(folder: &Path, name: &str, variables: &[Vec<u8>]) -> Source {
    std::fs::write(folder.join(name), file([0, 1], b"IM", variables)).unwrap();
    source(&folder.join(name))
}

#[test]
fn images_are_turned_to_rows_whether_they_are_compressed_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let labels = variable("y", &[2, 1], &[7, 3]);
    for variables in [vec![images(2), labels.clone()], vec![compressed(&labels), compressed(&images(2))]] {
        let data = load(&saved(folder.path(), "a.mat", &variables), None).unwrap();
        assert_eq!((data.height, data.width, data.labels.as_slice()), (2, 3, &[7, 3][..]));
        assert_eq!(data.image(1)[..9], [100, 110, 120, 101, 111, 121, 102, 112, 122]);
        assert_eq!(data.image(0)[9..12], [3, 13, 23]);
        assert_eq!((data.provenance.format.as_str(), data.provenance.labelling.assumed.len()), ("mat", 0));
    }
}

#[test]
fn only_the_chosen_images_are_unpacked_in_any_order() {
    let folder = tempfile::tempdir().unwrap();
    let source = saved(folder.path(), "a.mat", &[compressed(&images(3))]);
    let some = load_positions(&source, None, &[2, 0, 2], None).unwrap();
    assert_eq!([some.image(0)[0], some.image(1)[0], some.image(2)[0]], [200, 0, 200]);
    assert_eq!(some.labels, [-1, -1, -1]);
    let shown = super::super::load_images(&source, &[1]).unwrap();
    assert_eq!(shown[0].as_ref().unwrap().pixels[..3], [100, 110, 120]);
}

#[test]
fn ten_is_the_digit_0_in_svhn_alone_and_this_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let labelled = |name: &str, side: u32, labels: &[u8]| {
        let n = labels.len() as u32;
        let pixels = vec![5; (side * side * 3 * n) as usize];
        let variables = [variable("X", &[side, side, 3, n], &pixels), variable("y", &[n, 1], labels)];
        load(&saved(folder.path(), name, &variables), None).unwrap()
    };
    let svhn = labelled("test_32x32.mat", 32, &[1, 10, 9]);
    assert_eq!(svhn.labels, [1, 0, 9]);
    assert_eq!(svhn.provenance.labelling.assumed, ["10 in `y` is taken for the digit 0, as in SVHN"]);
    for (name, side, labels) in [("zero.mat", 32, [0, 10, 9]), ("more.mat", 32, [1, 10, 11]), ("other.mat", 8, [1, 10, 9])] {
        let other = labelled(name, side, &labels);
        assert_eq!(other.labels, labels.map(i64::from), "{name}");
        assert!(other.provenance.labelling.assumed.is_empty(), "{name}");
    }
}

#[test]
fn the_split_of_a_folder_begins_the_name_and_images_beside_it_come_first() {
    let folder = tempfile::tempdir().unwrap();
    saved(folder.path(), "train_32x32.mat", &[images(3)]);
    saved(folder.path(), "test_32x32.mat", &[images(2)]);
    let mut source = source(folder.path());
    assert_eq!(load(&source, None).unwrap().len(), 2);
    source.split = Some("train".into());
    assert_eq!(load(&source, None).unwrap().len(), 3);
    source.split = Some("extra".into());
    assert!(error(&source).contains("expected split `extra`, found test, train"), "{}", error(&source));
    source.split = None;
    std::fs::create_dir(folder.path().join("jpg")).unwrap();
    std::fs::write(folder.path().join("jpg/1.png"), super::super::tests::image(4, 4, 1)).unwrap();
    assert_eq!(load(&source, None).unwrap().provenance.format, "image_folder", "annotations in a .mat beside images");
}

#[test]
fn a_network_of_matlab_is_no_images() {
    let folder = tempfile::tempdir().unwrap();
    let network = saved(folder.path(), "net.mat", &[variable("layers", &[1, 1], &[0])]);
    assert!(!looks_like_images(&network.path));
    let message = error(&network);
    assert!(message.contains("expected the variable `X`") && message.contains("found layers (uint8 [1, 1])"), "{message}");
    assert!(looks_like_images(&saved(folder.path(), "x.mat", &[images(1)]).path));
}

#[test]
fn what_does_not_fit_names_both_sides() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |variables: &[Vec<u8>]| error(&saved(folder.path(), "x.mat", variables));
    let fits = |message: String, parts: [&str; 2]| {
        assert!(parts.iter().all(|part| message.contains(part)) && message.contains("x.mat"), "{message}");
    };
    fits(
        refused(&[images(2), variable("y", &[3, 1], &[1, 2, 3])]),
        ["`y` with 2 labels for X (uint8 [2, 3, 3, 2])", "found y (uint8 [3, 1])"],
    );
    fits(refused(&[variable("X", &[2, 3, 4, 1], &[0; 24])]), ["[height, width, 3, N]", "X (uint8 [2, 3, 4, 1])"]);
    fits(refused(&[variable("X", &[2, 3, 3, 2], &[0; 35])]), ["part 1 of X", "35 bytes"]);
    fits(refused(&[variable("X", &[u32::MAX, u32::MAX, 3, u32::MAX], &[0; 35])]), ["expected the values of X", "a file that is too small"]);
    fits(refused(&[compressed(&variable("X", &[32, 32, 3, 1 << 30], &[0; 35]))]), ["expected the values of X", "a file that is too small"]);
    let refused = |version, order| {
        std::fs::write(folder.path().join("x.mat"), file(version, order, &[images(1)])).unwrap();
        error(&source(&folder.path().join("x.mat")))
    };
    fits(refused([0, 2], b"IM"), ["version 7.3, which is HDF5", "'-v7'"]);
    fits(refused([1, 0], b"MI"), ["the other order of bytes", "version 5"]);
}

#[test]
fn every_file_cut_short_is_one_message_and_damage_never_panics() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.mat");
    for variables in [[images(2), variable("y", &[2, 1], &[1, 2])], [compressed(&images(2)), compressed(&variable("y", &[2, 1], &[1, 2]))]]
    {
        let whole = file([0, 1], b"IM", &variables);
        // A file that ends after `X` is whole: it has no labels.
        let first = 128 + variables[0].len();
        for length in (10..whole.len()).filter(|length| *length != first) {
            std::fs::write(&path, &whole[..length]).unwrap();
            let message = error(&source(&path));
            assert!(message.contains("expected") && message.contains("cut.mat"), "{length}: {message}");
        }
        for at in 128..whole.len() {
            for bit in [1, 128] {
                let mut damaged = whole.clone();
                damaged[at] ^= bit;
                std::fs::write(&path, &damaged).unwrap();
                drop(load(&Source { subset: Subset::First(2), ..source(&path) }, None));
            }
        }
    }
}

/// What SciPy writes is read as SciPy reads it: every way to save, every type of label.
#[test]
fn files_of_scipy_are_read_as_scipy_reads_them() {
    let Some(python) = crate::testing::python_with("scipy") else { return };
    let folder = tempfile::tempdir().unwrap();
    let script = "
import sys, json, zlib, numpy as np, scipy.io
g = np.random.default_rng(0)
out = []
for k, (kind, packed, oned) in enumerate((t, p, o) for t in ('uint8', 'int64', 'float64', 'int16', 'float32', 'uint32') for p in (0, 1) for o in ('row', 'column')):
    x = g.integers(0, 256, (32, 32, 3, 7)).astype(np.uint8)
    y = g.integers(1, 11, 7).astype(kind)
    if k % 3 == 0:
        x = np.asfortranarray(x)
    path = f'{sys.argv[1]}/{k}.mat'
    scipy.io.savemat(path, {'note': 'text', 'y': y[:, None], 'X': x, 's': {'a': 1.5}}, do_compression=bool(packed), oned_as=oned)
    back = scipy.io.loadmat(path)
    images = np.ascontiguousarray(back['X'].transpose(3, 0, 1, 2))
    out.append([zlib.crc32(images.tobytes()), (back['y'].ravel().astype(int) % 10).tolist()])
print(json.dumps(out))
";
    let output = Command::new(python).args(["-c", script]).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let expected: Vec<(u32, Vec<i64>)> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(expected.len(), 24);
    for (k, (crc, labels)) in expected.into_iter().enumerate() {
        let data = load(&source(&folder.path().join(format!("{k}.mat"))), None).unwrap();
        let mut sum = flate2::Crc::new();
        sum.update(&data.images);
        assert_eq!((sum.sum(), data.labels), (crc, labels), "file {k}");
    }
}

/// A struct array of SciPy, as `meta.mat` of ImageNet's development kit has one.
#[test]
fn struct_arrays_of_scipy_are_tables() {
    let Some(python) = crate::testing::python_with("scipy") else { return };
    let folder = tempfile::tempdir().unwrap();
    let script = "
import sys, numpy as np, scipy.io
kind = np.dtype([(name, object) for name in ('ILSVRC2012_ID', 'WNID', 'words', 'num_children', 'children')])
synsets = np.empty((30, 1), kind)
for k in range(30):
    synsets[k, 0] = (float(k + 1) if k % 2 else np.uint16(k + 1), f'n{k:08}', 'a fish, ' * k, float(k % 3), np.arange(k, dtype=float))
for packed in (0, 1):
    scipy.io.savemat(f'{sys.argv[1]}/{packed}.mat', {'synsets': synsets, 'more': 'x'}, do_compression=bool(packed))
";
    let output = Command::new(python).args(["-c", script]).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for packed in [0, 1] {
        let bytes = std::fs::read(folder.path().join(format!("{packed}.mat"))).unwrap();
        let variables = super::variable::variables(&bytes).unwrap();
        let synsets = variables.iter().find(|variable| variable.name == "synsets").unwrap();
        let table = synsets.table(&bytes, "ILSVRC2012_ID", "WNID").unwrap();
        let expected: Vec<(i64, String)> = (0..30).map(|k| (k + 1, format!("n{k:08}"))).collect();
        assert_eq!(table, expected);
        let missing = synsets.table(&bytes, "ILSVRC2012_ID", "name").unwrap_err();
        assert_eq!(missing.0, "a struct with the field `name`");
    }
}
