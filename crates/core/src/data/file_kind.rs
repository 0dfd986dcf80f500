//! [`FileKind`]: what a file or folder is that is neither a checkpoint, images nor a session, told by content, and what to open instead.

mod archive;
mod binary;
mod text;

use std::path::Path;

use super::folder::{entries, head};
use super::image_folder::holds_images;
use super::not_data::not_data;
use super::sniff::is_image_folder;

/// What can be opened.
const OPENS: &str = "Flatland opens checkpoints (.pt, .pth, .pt2, .onnx, .safetensors), image sets and sessions (.toml)";
/// How a network of another library is opened.
const EXPORT: &str = "Flatland reads networks of PyTorch: export the network as a .pt2 (`flatland export-help`, docs/your-network.md)";
const UNPACK: &str = "unpack it and open what is in it";

/// What a file or folder is, and what would be right instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileKind {
    /// With its article: `a text file`.
    pub name: &'static str,
    /// What can be opened instead, or how to make it: a clause.
    pub way_out: &'static str,
}

impl FileKind {
    const fn new(name: &'static str, way_out: &'static str) -> Self {
        Self { name, way_out }
    }

    /// One sentence about the file called `file`: what it is, and what would be right.
    pub fn refusal(self, file: &str) -> String {
        format!("{file} is {}; {}", self.name, self.way_out)
    }
}

/// What the file that begins with `head` is, if it is certainly no checkpoint; `file` is its path if there is one: its directory is read if it is
/// a zip archive, and its extension tells kinds of text apart. `None` for checkpoints, for images in any format but single image files, and for
/// what is not known.
pub fn file_kind(head: &[u8], file: Option<&Path>) -> Option<FileKind> {
    if let Some(name) = not_data(head) {
        return Some(FileKind::new(name, OPENS));
    }
    let is_safetensors = head.get(8) == Some(&b'{');
    let is_pickle = matches!(head, [0x80, 0..=5, ..]);
    if is_safetensors || is_pickle {
        return None;
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return archive::of_file(file?);
    }
    binary::kind(head).or_else(|| text::kind(head, file))
}

/// What the file or folder at `path` is, if it certainly cannot be opened: [`file_kind`], a folder without images, or `None`.
pub fn kind_of_path(path: &Path) -> Option<FileKind> {
    if !path.is_dir() {
        return file_kind(&head("a file", path).ok()?, Some(path));
    }
    let inside = entries("a folder", path).ok()?;
    if inside.is_empty() {
        return Some(FileKind::new("an empty folder", "a folder of images is opened as a dataset"));
    }
    let is_checkpoint = |path: &Path| {
        path.extension().is_some_and(|extension| ["pt", "pth", "th", "pt2", "safetensors"].iter().any(|known| extension == *known))
    };
    let without = if inside.iter().any(|path| is_checkpoint(path)) {
        FileKind::new("a folder without images", "open the checkpoints in it, not the folder")
    } else {
        FileKind::new("a folder without images", OPENS)
    };
    (is_image_folder(path, is_checkpoint) && !holds_images(path).unwrap_or(true)).then_some(without)
}

/// What a zip archive with entries of these names is, if it certainly is no checkpoint and no exported program.
pub fn zip_kind(names: &[&str]) -> Option<FileKind> {
    archive::kind(names)
}

#[cfg(test)]
mod tests;
