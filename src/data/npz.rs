//! `.npz` archives with `images` and, where there are labels, `labels`.

use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use npyz::npz::NpzArchive;

use super::numpy::{Array, labels_for};
use super::pixels::{Bytes, map};
use super::source::Opened;
use super::{DataError, sniff, split};

const WHAT: &str = ".npz images";
/// Largest unpacked array, 8 GiB: a small file must not fill the memory.
const MAX_ARRAY: u64 = 8 << 30;

/// Opens the archive at `path`, or that of split `wanted` in the folder `path`.
pub(super) fn open(path: &Path, wanted: Option<&str>) -> Result<Opened, DataError> {
    if path.is_dir() {
        let archives = sniff::files(WHAT, path)?;
        let is = |file: &PathBuf, name: &str| file.file_name().is_some_and(|found| found.to_string_lossy() == format!("{name}.npz"));
        let of_split = |split: &str| archives.iter().filter(|file| is(file, split)).cloned().collect();
        let file = split::pick(WHAT, path, wanted, &["test", "val", "train"], of_split)?;
        return open(&file[0], None);
    }
    let bytes = map(WHAT, path)?;
    let mut archive = NpzArchive::new(Cursor::new(&*bytes))
        .map_err(|error| DataError::invalid(WHAT, "a whole zip archive", format!("one cut short or damaged: {error}"), path))?;
    let mut names: Vec<String> = archive.array_names().map(str::to_owned).collect();
    names.sort();
    let mut array = |name: &str| -> Result<Option<Array>, DataError> {
        if !names.iter().any(|found| found == name) {
            return Ok(None);
        }
        let mut entry = archive.zip_archive().by_name(&format!("{name}.npy")).map_err(|error| DataError::io(WHAT, path)(error.into()))?;
        let mut unpacked = Vec::new();
        entry.by_ref().take(MAX_ARRAY + 1).read_to_end(&mut unpacked).map_err(DataError::io(WHAT, path))?;
        if unpacked.len() as u64 > MAX_ARRAY {
            return Err(DataError::invalid(WHAT, format!("at most {MAX_ARRAY} bytes in `{name}`"), "more", path));
        }
        let invalid = |(expected, found)| DataError::invalid(WHAT, format!("{expected} in `{name}`"), found, path);
        Array::from_npy(Bytes::Owned(unpacked)).map(Some).map_err(invalid)
    };
    let labels = array("labels")?;
    let Some(images) = array("images")? else {
        return Err(DataError::invalid(WHAT, "an array `images`", format!("arrays {}", names.join(", ")), path));
    };
    let images = images.into_images().map_err(|(expected, found)| DataError::invalid(WHAT, expected, found, path))?;
    let count = images.blocks[0].count;
    let labels = match labels {
        Some(labels) => labels_for(count, &labels, path)?,
        None => vec![-1; count],
    };
    Ok(Opened::array("npz", labels, vec![], images))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write;

    use npyz::npz::NpzWriter;

    use super::super::load;
    use super::super::tests::{error, npy, source};

    fn write(path: &std::path::Path, arrays: &[(&str, Vec<u8>)]) {
        let mut npz = NpzWriter::create(path).unwrap();
        for (name, bytes) in arrays {
            npz.zip_writer().start_file(format!("{name}.npy"), Default::default()).unwrap();
            npz.zip_writer().write_all(bytes).unwrap();
        }
    }

    #[test]
    fn images_and_labels_are_read_grey_becomes_rgb() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grey.npz");
        write(
            &path,
            &[("images", npy("|u1", "(2, 1, 2)", &[1, 2, 3, 4])), ("labels", npy("<i4", "(2,)", &[5, 0, 0, 0, 255, 255, 255, 255]))],
        );
        let data = load(&source(&path), None).unwrap();
        assert_eq!((data.labels.as_slice(), data.image(1)), (&[5, -1][..], &[3, 3, 3, 4, 4, 4][..]));
        assert_eq!(data.provenance.format, "npz");
    }

    #[test]
    fn an_archive_without_images_names_what_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scores.npz");
        write(&path, &[("pred", npy("|u1", "(1,)", &[1])), ("conf", npy("|u1", "(1,)", &[1]))]);
        let message = error(&source(&path));
        assert!(message.contains("expected an array `images`, found arrays conf, pred"), "{message}");
    }
}
