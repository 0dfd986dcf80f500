//! CIFAR-10 and CIFAR-100, binary version: records of one or two label bytes and 3,072 planar pixels.
//!
//! Source: <https://www.cs.toronto.edu/~kriz/cifar.html>. A record has no magic number: files are recognised by their size and by all
//! label bytes being in range.

use std::path::Path;

use super::opened::Opened;
use super::pixels::{Block, Layout, PixelArray, map};
use super::{DataError, names, split};

const WHAT: &str = "CIFAR binary batches";
/// The files of each split.
const BATCHES: [(&str, &[&str]); 2] = [
    ("test", &["test_batch.bin", "test.bin"]),
    ("train", &["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", "train.bin"]),
];
/// 3 x 32 x 32.
const PIXELS: usize = 3072;

/// Which of the two datasets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Cifar10,
    Cifar100,
}

impl Kind {
    /// Label bytes of a record; the last is the class.
    fn label_bytes(self) -> usize {
        match self {
            Kind::Cifar10 => 1,
            Kind::Cifar100 => 2,
        }
    }

    fn accepts(self, labels: &[u8]) -> bool {
        match self {
            Kind::Cifar10 => labels[0] < 10,
            Kind::Cifar100 => labels[0] < 20 && labels[1] < 100,
        }
    }
}

/// The kind of a file with these bytes, if all of them are records.
pub(super) fn recognise(bytes: &[u8]) -> Option<Kind> {
    [Kind::Cifar10, Kind::Cifar100].into_iter().find(|kind| {
        let stride = kind.label_bytes() + PIXELS;
        !bytes.is_empty() && bytes.len().is_multiple_of(stride) && bytes.chunks_exact(stride).all(|record| kind.accepts(record))
    })
}

/// Opens one batch, or the batches of `split` in a folder (`train` by default only where there is no `test`).
pub(super) fn open(path: &Path, wanted: Option<&str>) -> Result<Opened, DataError> {
    let files = if path.is_dir() { split::pick_named(WHAT, path, wanted, &BATCHES)? } else { vec![path.to_path_buf()] };
    let mut blocks = Vec::new();
    let (mut labels, mut coarse) = (Vec::new(), Vec::new());
    let mut found = None;
    for file in &files {
        let bytes = map(WHAT, file)?;
        let kind = recognise(&bytes).ok_or_else(|| not_records(bytes.len(), file))?;
        if *found.get_or_insert(kind) != kind {
            return Err(DataError::invalid(WHAT, "batches of one kind", "CIFAR-10 and CIFAR-100 mixed", path));
        }
        let stride = kind.label_bytes() + PIXELS;
        labels.extend(bytes.chunks_exact(stride).map(|record| i64::from(record[kind.label_bytes() - 1])));
        if kind == Kind::Cifar100 {
            coarse.extend(bytes.chunks_exact(stride).map(|record| i64::from(record[0])));
        }
        blocks.push(Block { count: bytes.len() / stride, start: kind.label_bytes(), stride, bytes });
    }
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
    let classes = match found {
        Some(Kind::Cifar100) => names::lines(&folder.join("fine_label_names.txt"), 100).unwrap_or_else(names::cifar100),
        _ => names::lines(&folder.join("batches.meta.txt"), 10).unwrap_or_else(names::cifar10),
    };
    let pixels = PixelArray { blocks, height: 32, width: 32, layout: Layout::Planar };
    Ok(Opened { coarse, ..Opened::array("cifar_binary", labels, classes, pixels) })
}

fn not_records(length: usize, file: &Path) -> DataError {
    let expected = "whole records of 3073 (CIFAR-10) or 3074 (CIFAR-100) bytes with labels in range";
    let found = if length.is_multiple_of(PIXELS + 1) || length.is_multiple_of(PIXELS + 2) {
        format!("{length} bytes with labels out of range")
    } else {
        format!("{length} bytes, {} beyond the last whole record of 3073: a file cut short?", length % (PIXELS + 1))
    };
    DataError::invalid(WHAT, expected, found, file)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::tests::{error, record, source};
    use super::super::{Subset, load};

    #[test]
    fn train_and_test_are_read_in_order_as_interleaved_rgb() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, labels: &[u8]| {
            std::fs::write(folder.path().join(name), labels.iter().flat_map(|&label| record(&[label])).collect::<Vec<u8>>()).unwrap();
        };
        write("data_batch_1.bin", &[3, 1]);
        write("data_batch_2.bin", &[9]);
        write("test_batch.bin", &[7, 0]);
        let mut source = source(folder.path());
        source.split = Some("train".into());
        let train = load(&source, None).unwrap();
        assert_eq!((train.labels.as_slice(), train.height, train.width), (&[3, 1, 9][..], 32, 32));
        assert_eq!(train.provenance.format, "cifar_binary");
        // Planes of red 3, green 4, blue 5 in the record of label 3.
        assert_eq!(train.image(0)[..6], [3, 4, 5, 3, 4, 5]);
        assert_eq!(train.image(2)[3069..], [9, 10, 11]);
        assert_eq!(train.classes[9], "truck");
        source.split = None;
        assert_eq!(load(&source, None).unwrap().labels, [7, 0]);
        source.split = Some("val".into());
        assert!(error(&source).contains("expected split `val`"), "{}", error(&source));
        source.path = folder.path().join("data_batch_2.bin");
        source.split = None;
        assert_eq!(load(&source, None).unwrap().labels, [9]);
    }

    #[test]
    fn cifar_100_takes_the_fine_label() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("test.bin"), [record(&[19, 99]), record(&[0, 4])].concat()).unwrap();
        let mut source = source(folder.path());
        source.subset = Subset::First(1);
        let test = load(&source, None).unwrap();
        assert_eq!((test.labels, test.provenance.available), (vec![99], 2));
    }

    #[test]
    fn a_batch_cut_short_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test_batch.bin");
        std::fs::write(&path, &record(&[1])[..3000]).unwrap();
        let mut source = source(&path);
        source.format = Some("cifar_binary".into());
        let message = error(&source);
        assert!(message.contains("expected whole records of 3073") && message.contains("found 3000 bytes"), "{message}");
        assert!(message.contains("test_batch.bin"), "{message}");
    }
}
