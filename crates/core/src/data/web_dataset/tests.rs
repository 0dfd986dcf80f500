#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

use super::super::tests::{error, image, source};
use super::super::{Source, load, load_for, load_positions, looks_like_images};
use super::*;

/// An archive of these files.
fn archive(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, content.as_slice()).unwrap();
    }
    builder.into_inner().unwrap()
}

fn saved(folder: &Path, name: &str, files: &[(&str, Vec<u8>)]) -> Source {
    std::fs::write(folder.join(name), archive(files)).unwrap();
    source(&folder.join(name))
}

fn png(value: u8) -> Vec<u8> {
    image(4, 4, value)
}

#[test]
fn files_of_one_name_are_a_sample_in_any_order() {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        ("train/0001.png", png(1)),
        ("train/0001.cls", b"7\n".to_vec()),
        ("0002.cls", b"3".to_vec()),
        ("0002.PNG", png(2)),
        ("0002.seg.png", png(9)),
        ("0003.json", br#"{"caption": "a fish", "label": 0}"#.to_vec()),
        ("0003.png", png(3)),
        ("0003.txt", b"a fish".to_vec()),
        ("0004.png", png(4)),
        ("0004.json", br#"{"cls": 5}"#.to_vec()),
        ("train/0005.png", png(5)),
        ("0005.cls", b"-1".to_vec()),
        ("0005.png", png(6)),
    ];
    let source = saved(folder.path(), "a.tar", &files);
    let data = load(&source, None).unwrap();
    assert_eq!((0..data.len()).map(|i| data.image(i)[0]).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    assert_eq!((data.labels.as_slice(), data.provenance.format.as_str()), (&[7, 3, 0, 5, -1, -1][..], "web_dataset"));
    assert_eq!(data.provenance.labelling.assumed, ["1 of 6 images have no label in a .cls or .json"]);
    assert!(looks_like_images(&source.path));
    let some = load_positions(&source, None, &[3, 0], None).unwrap();
    assert_eq!((some.image(0)[0], some.image(1)[0]), (4, 1));
}

#[test]
fn labels_that_are_names_are_matched_like_names_of_folders() {
    let folder = tempfile::tempdir().unwrap();
    let named = |name: &str| format!("{{\"label\": \"{name}\"}}").into_bytes();
    let files = [("a.png", png(1)), ("a.json", named("truck")), ("b.png", png(2)), ("b.json", named("bird"))];
    let source = saved(folder.path(), "a.tar", &files);
    assert_eq!(load_for(&source, None, 10).unwrap().labels, [9, 2], "classes of CIFAR-10");
    let mixed = saved(folder.path(), "b.tar", &[&files[..], &[("c.png", png(3)), ("c.cls", b"1".to_vec())]].concat());
    assert!(error(&mixed).contains("all numbers or all names, found 1 numbers and 2 names"), "{}", error(&mixed));
}

#[test]
fn shards_of_a_folder_are_one_dataset() {
    let folder = tempfile::tempdir().unwrap();
    for (shard, value) in [("x-train-000001.tar", 2), ("x-train-000000.tar", 1), ("x-val-000000.tar", 3)] {
        saved(folder.path(), shard, &[("a.png", png(value)), ("a.cls", vec![b'0' + value])]);
    }
    let mut source = source(folder.path());
    assert_eq!(load(&source, None).unwrap().labels, [3]);
    source.split = Some("train".into());
    let train = load(&source, None).unwrap();
    assert_eq!((train.labels.as_slice(), train.image(1)[0]), (&[1, 2][..], 2));
    std::fs::create_dir(folder.path().join("extracted")).unwrap();
    std::fs::write(folder.path().join("extracted/1.png"), png(8)).unwrap();
    source.split = None;
    assert_eq!(load(&source, None).unwrap().provenance.format, "image_folder", "archives beside their images");
}

#[test]
fn an_unreadable_image_is_listed_by_archive_and_name() {
    let folder = tempfile::tempdir().unwrap();
    let files = [("a/1.png", png(1)), ("a/2.png", png(2)[..50].to_vec()), ("a/3.jpg", b"".to_vec())];
    let data = load(&saved(folder.path(), "a.tar", &files), None).unwrap();
    let lost: Vec<_> = data.provenance.unreadable.iter().map(|lost| lost.path.clone()).collect();
    assert_eq!((data.len(), lost), (1, ["a.tar/a/2.png", "a.tar/a/3.jpg"].map(|name| folder.path().join(name)).to_vec()));
}

#[test]
fn what_is_no_sample_or_fits_twice_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |files: &[(&str, Vec<u8>)]| error(&saved(folder.path(), "a.tar", files));
    let message = refused(&[("1.png", png(1)), ("1.cls", b"tench".to_vec())]);
    assert!(
        message.contains("a whole number from 0 on") && message.contains("found `tench` in `1.cls`") && message.contains("a.tar"),
        "{message}"
    );
    assert!(refused(&[("1.png", png(1)), ("1.json", b"{".to_vec())]).contains("found something else"));
    assert!(refused(&[("1.png", png(1)), ("1.json", b"{\"label\": [1]}".to_vec())]).contains("`[1]` in `1.json`"));
    assert!(refused(&[("1.png", png(1)), ("1.jpg", png(1))]).contains("found `1.png` and `1.jpg`"));
    assert!(refused(&[("1.png", png(1)), ("1.cls", b"1".to_vec()), ("1.json", b"{\"cls\": 2}".to_vec())]).contains("one label a sample"));
    assert!(refused(&[("1.txt", b"x".to_vec())]).contains("expected samples with a .jpg"));
    let network =
        saved(folder.path(), "net.tar", &[("sys_info", vec![1]), ("pickle", vec![2]), ("storages", vec![3]), ("tensors", vec![4])]);
    assert!(!looks_like_images(&network.path), "PyTorch before 0.1.10 saved tar archives");
}

#[test]
fn every_archive_cut_short_is_one_message_and_damage_never_panics() {
    let folder = tempfile::tempdir().unwrap();
    let whole = archive(&[("1.png", png(1)), ("1.cls", b"1".to_vec()), ("2.png", png(2)), ("2.cls", b"2".to_vec())]);
    let path = folder.path().join("cut.tar");
    // Behind the last file there are two blocks of zeros; the first is needed.
    for length in (600..whole.len() - 512).step_by(11) {
        std::fs::write(&path, &whole[..length]).unwrap();
        let message = error(&source(&path));
        assert!(message.contains("expected") && message.contains("cut") && message.contains("cut.tar"), "{length}: {message}");
    }
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (at % 8);
        std::fs::write(&path, &damaged).unwrap();
        drop(load(&Source { format: Some("web_dataset".into()), ..source(&path) }, None));
    }
}

/// What Python's tarfile writes is read as it reads it: each of its formats, long names, other things than files.
#[test]
fn archives_of_tarfile_are_read_as_tarfile_reads_them() {
    let Some(python) = crate::testing::python_with("tarfile") else { return };
    let folder = tempfile::tempdir().unwrap();
    let script = "
import sys, io, json, tarfile, struct, zlib
def png(v):
    chunk = lambda kind, data: struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    raw = b''.join(b'\\0' + bytes([v, v, v] * 4) for _ in range(4))
    return b'\\x89PNG\\r\\n\\x1a\\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 4, 4, 8, 2, 0, 0, 0)) + chunk(b'IDAT', zlib.compress(raw)) + chunk(b'IEND', b'')
out = []
for format in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
    path = f'{sys.argv[1]}/{format}.tar'
    with tarfile.open(path, 'w', format=format) as tar:
        def add(name, data, type=tarfile.REGTYPE):
            info = tarfile.TarInfo(name); info.size = len(data); info.type = type; info.uname = 'bigdata'; info.mtime = 1.5 if format == tarfile.PAX_FORMAT else 1
            tar.addfile(info, io.BytesIO(data))
        add('d', b'', tarfile.DIRTYPE)
        for k in range(12):
            long = 'd/' + 'e' * (60 if k % 2 else 5) + '/' + ('é' * 30 if format != tarfile.USTAR_FORMAT else 'f' * 30) + ('g' * 90 if k % 3 == 0 and format != tarfile.USTAR_FORMAT else '') + f'{k:04}'
            add(long + '.png', png(10 * k)); add(long + '.cls', str(k % 5).encode())
        link = tarfile.TarInfo('link.png'); link.type = tarfile.SYMTYPE; link.linkname = 'd/x.png'; tar.addfile(link)
    with tarfile.open(path) as tar:
        names = [m.name for m in tar if m.isfile() and m.name.endswith('.png')]
        out.append([[tar.extractfile(n).read().hex() for n in names], [int(tar.extractfile(n[:-4] + '.cls').read()) for n in names]])
print(json.dumps(out))
";
    let output = Command::new(python).args(["-c", script]).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let expected: Vec<(Vec<String>, Vec<i64>)> = serde_json::from_slice(&output.stdout).unwrap();
    for (format, (files, labels)) in expected.into_iter().enumerate() {
        let path = folder.path().join(format!("{format}.tar"));
        let bytes = std::fs::read(&path).unwrap();
        let found = samples(&bytes, &path).unwrap();
        let hex = |range: &Range<usize>| bytes[range.clone()].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(found.images.iter().map(|(_, range)| hex(range)).collect::<Vec<_>>(), files, "format {format}");
        assert_eq!(load(&source(&path), None).unwrap().labels, labels, "format {format}");
    }
}
