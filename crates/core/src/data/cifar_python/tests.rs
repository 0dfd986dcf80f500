#![allow(clippy::unwrap_used)]

use super::super::load;
use super::super::tests::{error, record, source};

/// A string as Python 2 (`SHORT_BINSTRING`), Python 3 bytes (`SHORT_BINBYTES`) or Python 3 text (`SHORT_BINUNICODE`) has it.
#[derive(Clone, Copy)]
enum Dialect {
    Python2,
    Bytes,
    Text,
}

fn string(dialect: Dialect, text: &str) -> Vec<u8> {
    let opcode = match dialect {
        Dialect::Python2 => b'U',
        Dialect::Bytes => b'C',
        Dialect::Text => 0x8c,
    };
    [&[opcode, text.len() as u8], text.as_bytes()].concat()
}

/// `data` as Python 2 (`BINSTRING`), Python 3 (`BINBYTES`), or Python 3 with protocol 2 (`_codecs.encode(text, "latin1")`) has it.
fn raw(dialect: Dialect, data: &[u8]) -> Vec<u8> {
    let length = |n: usize| (n as u32).to_le_bytes();
    match dialect {
        Dialect::Python2 => [b"T", &length(data.len())[..], data].concat(),
        Dialect::Bytes => [b"B", &length(data.len())[..], data].concat(),
        Dialect::Text => {
            let text: String = data.iter().map(|&byte| char::from(byte)).collect();
            [b"c_codecs\nencode\nX", &length(text.len())[..], text.as_bytes(), b"X\x06\x00\x00\x00latin1\x86R"].concat()
        }
    }
}

/// What `pickle.dumps({labels_key: labels, "data": numpy.uint8 [N, 3072]})` gives, opcode by opcode.
fn batch(dialect: Dialect, labels_key: &str, labels: &[u8]) -> Vec<u8> {
    let pixels: Vec<u8> = labels.iter().flat_map(|&label| record(&[label])[1..].to_vec()).collect();
    let items: Vec<u8> = labels.iter().flat_map(|&label| [b'K', label]).collect();
    [
        &b"\x80\x02}("[..],
        &string(dialect, labels_key),
        b"](",
        &items,
        b"e",
        &string(dialect, "data"),
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K",
        &[labels.len() as u8],
        b"M\x00\x0c\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89",
        &raw(dialect, &pixels),
        b"tbu.",
    ]
    .concat()
}

#[test]
fn batches_of_both_pythons_give_the_same_images() {
    let mut hashes = Vec::new();
    for dialect in [Dialect::Python2, Dialect::Bytes, Dialect::Text] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("data_batch_1"), batch(dialect, "labels", &[6, 9])).unwrap();
        std::fs::write(folder.path().join("data_batch_2"), batch(dialect, "labels", &[0])).unwrap();
        let data = load(&source(folder.path()), None).unwrap();
        assert_eq!((data.labels.as_slice(), data.provenance.format.as_str()), (&[6, 9, 0][..], "cifar_python"));
        assert_eq!(data.image(1)[..6], [9, 10, 11, 9, 10, 11]);
        assert_eq!(data.classes[6], "frog");
        hashes.push(data.hash());
    }
    assert!(hashes.iter().all(|hash| hash == &hashes[0]));
}

#[test]
fn the_same_images_in_binary_have_the_same_hash() {
    let folder = tempfile::tempdir().unwrap();
    let (python, binary) = (folder.path().join("test_batch"), folder.path().join("test_batch.bin"));
    std::fs::write(&python, batch(Dialect::Python2, "labels", &[3, 200 % 10])).unwrap();
    std::fs::write(&binary, [record(&[3]), record(&[0])].concat()).unwrap();
    assert_eq!(load(&source(&python), None).unwrap().hash(), load(&source(&binary), None).unwrap().hash());
}

#[test]
fn cifar_100_takes_the_fine_labels_and_their_names() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("test"), batch(Dialect::Bytes, "fine_labels", &[98, 1])).unwrap();
    let names: Vec<u8> = (0..100).flat_map(|i| string(Dialect::Bytes, &format!("class {i}"))).collect();
    let meta = [&b"\x80\x03}"[..], &string(Dialect::Bytes, "fine_label_names"), b"](", &names, b"es."].concat();
    std::fs::write(folder.path().join("meta"), meta).unwrap();
    let data = load(&source(folder.path()), None).unwrap();
    assert_eq!((data.labels.as_slice(), data.classes[98].as_str()), (&[98, 1][..], "class 98"));
}

#[test]
fn every_truncation_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test_batch");
    let whole = batch(Dialect::Python2, "labels", &[1]);
    for end in (3..whole.len()).step_by(7) {
        std::fs::write(&path, &whole[..end]).unwrap();
        assert!(error(&source(&path)).contains("the pickle is cut off"), "{end}");
    }
}

#[test]
fn a_pickle_of_something_else_says_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test_batch");
    std::fs::write(&path, b"\x80\x02}(U\x05epochK\x03U\x05modelNu.").unwrap();
    let message = error(&source(&path));
    assert!(message.contains("expected a dict with `data`, found a dict with epoch, model"), "{message}");
    std::fs::write(&path, b"\x80\x02}(U\x04datacos\nsystem\n(U\x02idtRu.").unwrap();
    assert!(error(&source(&path)).contains("expected a pickled NumPy array, found `os.system`"), "{}", error(&source(&path)));
}
