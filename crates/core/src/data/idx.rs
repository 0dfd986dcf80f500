//! MNIST's idx: big-endian header, then u8; images and labels in two files, gzip or not.
//!
//! Source: <http://yann.lecun.com/exdb/mnist/>. The labels of `x-images-idx3-ubyte` are those of `x-labels-idx1-ubyte` beside it.

use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::not_data::not_data;
use super::opened::Opened;
use super::pixels::{Block, Layout, PixelArray, map};
use super::{DataError, folder, split};
use crate::numpy::Bytes;

const WHAT: &str = "idx images";
/// Largest unpacked file, 8 GiB: a small file must not fill the memory.
const MAX_FILE: u64 = 8 << 30;

/// Opens the images at `path`, or those of split `wanted` in the folder `path`, with their labels where there are any.
pub(super) fn open(path: &Path, wanted: Option<&str>) -> Result<Opened, DataError> {
    let file = if path.is_dir() { images_of(path, wanted)? } else { path.to_path_buf() };
    let (shape, bytes, start) = read(&file)?;
    let &[count, height, width] = shape.as_slice() else {
        return Err(DataError::invalid(WHAT, "images, 3 dimensions", format!("{} dimensions (labels?)", shape.len()), &file));
    };
    if count * height * width == 0 {
        return Err(DataError::invalid(WHAT, "at least one image", format!("shape {shape:?}"), &file));
    }
    let labels = match labels_of(&file).into_iter().find(|labels| labels.is_file()) {
        Some(labels) => {
            let (shape, bytes, start) = read(&labels)?;
            if shape != [count] {
                return Err(DataError::invalid("idx labels", format!("{count} labels"), format!("shape {shape:?}"), &labels));
            }
            bytes[start..].iter().map(|&label| i64::from(label)).collect()
        }
        None => vec![-1; count],
    };
    let block = Block { bytes, start, stride: height * width, count };
    Ok(Opened::array("idx", labels, vec![], PixelArray { blocks: vec![block], height, width, layout: Layout::Grey }))
}

/// Shape, all bytes and where the values begin.
fn read(file: &Path) -> Result<(Vec<usize>, Bytes, usize), DataError> {
    let mut bytes = map(WHAT, file)?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut unpacked = Vec::new();
        MultiGzDecoder::new(&*bytes).take(MAX_FILE).read_to_end(&mut unpacked).map_err(DataError::io(WHAT, file))?;
        bytes = Bytes::Owned(unpacked);
    }
    let invalid = |expected: String, found: String| Err(DataError::invalid(WHAT, expected, found, file));
    let dimensions = match *bytes {
        [0, 0, 8, dimensions @ 1..=4, ..] => usize::from(dimensions),
        _ => {
            let found = not_data(&bytes).map_or_else(|| format!("{} bytes without one", bytes.len()), str::to_owned);
            return invalid("an idx header of u8 values".into(), found);
        }
    };
    let start = 4 + 4 * dimensions;
    let Some(header) = bytes.get(4..start) else { return invalid("a whole idx header".into(), format!("{} bytes", bytes.len())) };
    let size = |big_endian: &[u8]| big_endian.iter().fold(0usize, |n, &byte| n << 8 | usize::from(byte));
    let shape: Vec<usize> = header.chunks_exact(4).map(size).collect();
    let expected = shape.iter().try_fold(1usize, |product, &n| product.checked_mul(n));
    if expected != Some(bytes.len() - start) {
        return invalid(format!("{} values for shape {shape:?}", expected.unwrap_or(usize::MAX)), format!("{}", bytes.len() - start));
    }
    Ok((shape, bytes, start))
}

fn images_of(folder: &Path, wanted: Option<&str>) -> Result<PathBuf, DataError> {
    let mut images = Vec::new();
    for file in folder::files(WHAT, folder)? {
        if name(&file).contains("images") {
            images.push(file);
        }
    }
    let of_split = |split: &str| {
        let prefixes: &[&str] = if split == "test" { &["t10k", "test"] } else { &["train"] };
        images.iter().filter(|file| prefixes.iter().any(|prefix| name(file).contains(prefix))).cloned().collect()
    };
    Ok(split::pick(WHAT, folder, wanted, &["test", "train"], of_split)?.swap_remove(0))
}

/// The possible files of labels of a file of images; the first that exists is used.
pub(super) fn labels_of(images: &Path) -> Vec<PathBuf> {
    let name = name(images).replace("images", "labels").replace("idx3", "idx1");
    let bare = name.trim_end_matches(".gz").to_owned();
    let named = [name, format!("{bare}.gz"), bare].map(|name| images.with_file_name(name));
    named.into_iter().filter(|labels| labels != images).collect()
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write;

    use super::super::load;
    use super::super::tests::{error, source};

    fn idx(shape: &[u32], values: &[u8]) -> Vec<u8> {
        let sizes = shape.iter().flat_map(|n| n.to_be_bytes());
        [0, 0, 8, shape.len() as u8].into_iter().chain(sizes).chain(values.iter().copied()).collect()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn images_find_their_labels_packed_or_not() {
        for pack in [(|bytes| bytes) as fn(Vec<u8>) -> Vec<u8>, |bytes| gzip(&bytes)] {
            let folder = tempfile::tempdir().unwrap();
            let write = |name: &str, bytes: Vec<u8>| std::fs::write(folder.path().join(name), pack(bytes)).unwrap();
            write("t10k-images-idx3-ubyte", idx(&[2, 1, 2], &[1, 2, 3, 4]));
            write("t10k-labels-idx1-ubyte", idx(&[2], &[7, 9]));
            write("train-images-idx3-ubyte", idx(&[1, 1, 2], &[5, 6]));
            let mut source = source(folder.path());
            let test = load(&source, None).unwrap();
            assert_eq!((test.labels.as_slice(), test.image(1)), (&[7, 9][..], &[3, 3, 3, 4, 4, 4][..]));
            assert_eq!(test.provenance.format, "idx");
            source.split = Some("train".into());
            assert_eq!(load(&source, None).unwrap().labels, [-1]);
            source.split = None;
            source.path = folder.path().join("t10k-images-idx3-ubyte");
            assert_eq!(load(&source, None).unwrap().labels, [7, 9]);
        }
    }

    #[test]
    fn cut_files_and_labels_that_do_not_fit_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t10k-images-idx3-ubyte");
        std::fs::write(&path, idx(&[2, 2, 2], &[0; 7])).unwrap();
        assert!(error(&source(&path)).contains("expected 8 values for shape [2, 2, 2], found 7"));
        std::fs::write(&path, idx(&[2, 2, 2], &[0; 8])).unwrap();
        std::fs::write(folder.path().join("t10k-labels-idx1-ubyte"), idx(&[3], &[0; 3])).unwrap();
        let message = error(&source(&path));
        assert!(message.contains("expected 2 labels, found shape [3]") && message.contains("t10k-labels"), "{message}");
        let packed = gzip(&idx(&[2, 2, 2], &[3; 8]));
        std::fs::write(&path, &packed[..packed.len() - 9]).unwrap();
        assert!(error(&source(&path)).contains("cannot read idx images"));
        std::fs::write(&path, idx(&[u32::MAX; 4], &[])).unwrap();
        assert!(load(&source(&path), None).is_err());
    }
}
