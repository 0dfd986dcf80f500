//! Inspects paths that are opened: whether they exist, and what they are.

use std::path::{Path, PathBuf};

use crate::ui::command::OpenAs;
use flatland_core::data::{kind_of_path, looks_like_images};
use flatland_core::session::{Role, Session, split_weights};

/// The result of inspecting a path.
pub enum Opened {
    /// A session file.
    Session(PathBuf, Box<Session>),
    /// A file that may be a checkpoint, and the state dict to read.
    Checkpoint(PathBuf, Option<String>),
    /// Images; the role is `None` when it was not given.
    Dataset(PathBuf, Option<Role>),
    /// The path cannot be opened.
    Failed(String),
}

/// Inspects a path: whether it exists, and whether it is a session, images or something else.
pub fn inspect_path(path: PathBuf, open_as: OpenAs) -> Opened {
    let path = std::path::absolute(&path).unwrap_or(path);
    let (path, weights) = split_weights(&path);
    let Ok(metadata) = std::fs::metadata(&path) else {
        return Opened::Failed(format!("expected a file or folder, found nothing there ({})", path.display()));
    };
    if weights.is_some() {
        return Opened::Checkpoint(path, weights);
    }
    let looks_like_images = || metadata.is_file() && looks_like_images(&path);
    let is_session = open_as == OpenAs::ByContent && path.extension().is_some_and(|extension| extension == "toml");
    if !is_session
        && !looks_like_images()
        && let Some(kind) = kind_of_path(&path)
    {
        return Opened::Failed(format!("{} ({})", kind.refusal(&file_name(&path)), path.display()));
    }
    match open_as {
        OpenAs::Dataset(role) => Opened::Dataset(path, Some(role)),
        OpenAs::ByContent if metadata.is_dir() || looks_like_images() => Opened::Dataset(path, None),
        OpenAs::ByContent if is_session => match Session::load(&path) {
            Ok(session) => Opened::Session(path, Box::new(session)),
            Err(error) => Opened::Failed(error.to_string()),
        },
        OpenAs::ByContent => Opened::Checkpoint(path, None),
    }
}

/// Its name without folders.
fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
