//! The format of a file or folder, recognised by content, never by extension.

use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::file_kind::file_kind;
use super::folder::{entries, files, head};
use super::pixels::map;
use super::{DataError, Source, cifar_binary, image_folder, mat, parquet, web_dataset};

const WHAT: &str = "images";
const EXPECTED: &str = "CIFAR batches, idx, .npy, .npz, SVHN's .mat, Parquet, WebDataset .tar, an image list or a folder of images";

/// The on-disk formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    CifarBinary,
    CifarPython,
    Idx,
    ImageFolder,
    ImageList,
    Mat,
    Npy,
    Npz,
    Parquet,
    WebDataset,
}

impl Format {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "cifar_binary" => Format::CifarBinary,
            "cifar_python" => Format::CifarPython,
            "idx" => Format::Idx,
            "image_folder" => Format::ImageFolder,
            "image_list" => Format::ImageList,
            "mat" => Format::Mat,
            "npy" => Format::Npy,
            "npz" => Format::Npz,
            "parquet" => Format::Parquet,
            "web_dataset" => Format::WebDataset,
            _ => return None,
        })
    }

    /// Whether files of it often lie beside images, as annotations or archives of them: then the images are meant.
    fn yields_to_images(self) -> bool {
        match self {
            Format::Mat | Format::Parquet | Format::WebDataset => true,
            Format::CifarBinary
            | Format::CifarPython
            | Format::Idx
            | Format::ImageFolder
            | Format::ImageList
            | Format::Npy
            | Format::Npz => false,
        }
    }
}

/// The format of `source`: the one it names, or the one found by content.
pub(super) fn sniff(source: &Source) -> Result<Format, DataError> {
    let path = &source.path;
    if !path.exists() {
        return Err(DataError::invalid(WHAT, "a file or folder", "nothing there", path));
    }
    if let Some(name) = &source.format {
        let formats = "cifar_binary, cifar_python, idx, image_folder, image_list, mat, npy, npz, parquet or web_dataset as the format";
        return Format::named(name).ok_or_else(|| DataError::invalid(WHAT, formats, format!("`{name}`"), path));
    }
    if path.is_dir() {
        return sniff_folder(path);
    }
    let head = head(WHAT, path)?;
    match of_file(path, &head)? {
        Some(format) => Ok(format),
        None if is_list(&head) => Ok(Format::ImageList),
        None => Err(DataError::invalid(WHAT, EXPECTED, kind(path, &head), path)),
    }
}

/// Whether the file certainly holds images. Pickles and zip archives are more often checkpoints; an archive is NumPy's if its name ends so.
pub fn looks_like_images(file: &Path) -> bool {
    let Ok(head) = head(WHAT, file) else { return false };
    match of_file(file, &head) {
        Ok(Some(Format::Npz)) => file.extension().is_some_and(|extension| extension == "npz"),
        Ok(Some(Format::Mat)) => mat::holds_images(file),
        Ok(Some(Format::WebDataset)) => web_dataset::holds_images(file),
        Ok(Some(format)) => format != Format::CifarPython,
        Ok(None) => is_list(&head) && names_images(&head),
        Err(_) => false,
    }
}

fn sniff_folder(folder: &Path) -> Result<Format, DataError> {
    if entries(WHAT, folder)?.is_empty() {
        return Err(DataError::invalid(WHAT, EXPECTED, "an empty folder", folder));
    }
    let mut beside_images = None;
    for file in files(WHAT, folder)? {
        match of_file(&file, &head(WHAT, &file)?)? {
            Some(format) if format.yields_to_images() => drop(beside_images.get_or_insert(format)),
            Some(format) => return Ok(format),
            None => {}
        }
    }
    if image_folder::holds_images(folder)? {
        return Ok(Format::ImageFolder);
    }
    match beside_images {
        Some(format) => Ok(format),
        None if parquet::tables_in(folder)?.is_some() => Ok(Format::Parquet),
        None => Ok(Format::ImageFolder),
    }
}

fn of_file(path: &Path, head: &[u8]) -> Result<Option<Format>, DataError> {
    // Batches have no magic number, and their first bytes may equal that of another format: they are tested first.
    if head.first().is_some_and(|&label| label < 20) && cifar_binary::recognise(&map(WHAT, path)?).is_some() {
        return Ok(Some(Format::CifarBinary));
    }
    let mut unpacked = [0; 4];
    let is_gzip = head.starts_with(&[0x1f, 0x8b]);
    if is_gzip && MultiGzDecoder::new(head).read_exact(&mut unpacked).is_ok() && is_idx(&unpacked) {
        return Ok(Some(Format::Idx));
    }
    Ok(match head {
        head if is_idx(head) => Some(Format::Idx),
        head if mat::is_mat(head) => Some(Format::Mat),
        head if parquet::is_parquet(head) => Some(Format::Parquet),
        head if web_dataset::is_tar(head) => Some(Format::WebDataset),
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => Some(Format::Npy),
        [b'P', b'K', 3, 4, ..] => Some(Format::Npz),
        [0x80, 1..=5, ..] | [b'(', b'd', b'p', ..] => Some(Format::CifarPython),
        _ => None,
    })
}

/// Whether this begins an idx file of u8 images or labels.
fn is_idx(head: &[u8]) -> bool {
    matches!(head, [0, 0, 8, 1 | 3, ..])
}

/// Whether the first line is `path label`.
fn is_list(head: &[u8]) -> bool {
    let line = head.split(|&byte| byte == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    std::str::from_utf8(line).is_ok_and(|line| super::image_list::entry(line).is_some())
}

/// Whether the first line that is not empty names an image file: prose such as `Version 2` also is a word and a number.
fn names_images(head: &[u8]) -> bool {
    let line = head.split(|&byte| byte == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    let path = std::str::from_utf8(line).ok().and_then(super::image_list::entry).map_or("", |(path, _)| path);
    path.contains('/') || Path::new(path).extension().is_some()
}

/// Whether no file of the folder but checkpoints begins like a format of images, so that only image files in it can be images.
pub(super) fn is_image_folder(folder: &Path, is_checkpoint: impl Fn(&Path) -> bool) -> bool {
    let has_format = |file: &Path| head(WHAT, file).and_then(|head| of_file(file, &head)).map_or(true, |format| format.is_some());
    files(WHAT, folder).is_ok_and(|files| !files.iter().any(|file| !is_checkpoint(file) && has_format(file)))
}

/// A description of an unsupported file.
fn kind(path: &Path, head: &[u8]) -> String {
    match file_kind(head, Some(path)) {
        Some(kind) => format!("{}: {}", kind.name, kind.way_out),
        None => "another kind of file, or one cut short".into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::tests::{image, npy, record, source};
    use super::*;

    /// The first bytes of each newer format, under names that come first and last in a folder.
    fn newer() -> Vec<(String, Vec<u8>)> {
        let mut tar = vec![0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        let formats = [("mat", b"MATLAB 5.0 MAT-file".to_vec()), ("tar", tar), ("parquet", b"PAR1".to_vec())];
        formats.iter().flat_map(|(end, bytes)| [format!("0.{end}"), format!("z.{end}")].map(|name| (name, bytes.clone()))).collect()
    }

    #[test]
    fn what_earlier_versions_opened_is_the_same_with_files_of_newer_formats_beside_it() {
        let earlier: [(Format, &str, Vec<u8>); 7] = [
            (Format::CifarBinary, "test_batch.bin", record(&[3])),
            (Format::CifarPython, "test_batch", b"\x80\x02}".to_vec()),
            (Format::Idx, "t10k-images-idx3-ubyte", vec![0, 0, 8, 3, 0, 0, 0, 0]),
            (Format::Npy, "fog.npy", npy("|u1", "(1, 1, 1, 3)", &[1; 3])),
            (Format::Npz, "test.npz", b"PK\x03\x04".to_vec()),
            (Format::ImageFolder, "1.png", image(2, 2, 1)),
            (Format::ImageFolder, "class/deep/1.png", image(2, 2, 1)),
        ];
        for (format, name, bytes) in earlier {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, bytes).unwrap();
            let found = || sniff(&source(folder.path())).unwrap();
            assert_eq!(found(), format, "{name}");
            for (beside, bytes) in newer() {
                std::fs::write(folder.path().join(beside), bytes).unwrap();
            }
            assert_eq!(found(), format, "{name} beside newer formats");
        }
    }

    #[test]
    fn each_newer_format_is_recognised_by_content_as_a_file_and_in_a_folder() {
        for ((name, bytes), format) in newer().into_iter().step_by(2).zip([Format::Mat, Format::WebDataset, Format::Parquet]) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(sniff(&source(&path)).unwrap(), format);
            assert_eq!(sniff(&source(folder.path())).unwrap(), format);
            let other_name = path.with_extension("bin");
            std::fs::rename(&path, &other_name).unwrap();
            assert_eq!(sniff(&source(&other_name)).unwrap(), format);
        }
    }

    #[test]
    fn the_format_can_be_named() {
        for name in ["cifar_binary", "cifar_python", "idx", "image_folder", "image_list", "mat", "npy", "npz", "parquet", "web_dataset"] {
            assert!(Format::named(name).is_some(), "{name}");
        }
    }
}
