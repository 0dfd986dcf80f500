//! Zip archives that are no checkpoints.

use std::path::Path;

use super::{EXPORT, FileKind, OPENS, UNPACK};

const PICTURES: [&str; 8] = [".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif"];
/// Entries that only checkpoints and exported programs of PyTorch have.
const OF_PYTORCH: [&str; 4] = ["data.pkl", "archive_format", "serialized_exported_program.json", ".pkl"];

/// What the archive at `path` is. One whose directory cannot be read may be a damaged checkpoint.
pub(super) fn of_file(path: &Path) -> Option<FileKind> {
    let archive = zip::ZipArchive::new(std::io::BufReader::new(std::fs::File::open(path).ok()?)).ok()?;
    kind(&archive.file_names().collect::<Vec<_>>())
}

/// What an archive with entries of these names is.
pub(super) fn kind(names: &[&str]) -> Option<FileKind> {
    let any = |wanted: &dyn Fn(&str) -> bool| names.iter().any(|name| wanted(name));
    let ends = |name: &str, endings: &[&str]| endings.iter().any(|ending| name.to_lowercase().ends_with(ending));
    if names.is_empty() || any(&|name| ends(name, &OF_PYTORCH)) {
        return None;
    }
    Some(if names.iter().all(|name| name.ends_with(".npy")) {
        FileKind::new("a NumPy archive (.npz)", "open it as a dataset if it holds images; for weights, save a state dict by `torch.save`")
    } else if any(&|name| name == "model.weights.h5") {
        FileKind::new("a network of Keras", EXPORT)
    } else if any(&|name| name == "[Content_Types].xml") {
        FileKind::new("an Office document", OPENS)
    } else if any(&|name| ends(name, &PICTURES)) {
        FileKind::new("a zip archive of pictures", "unpack it: the folder of images is opened as a dataset")
    } else {
        FileKind::new("a zip archive that PyTorch did not write", UNPACK)
    })
}
