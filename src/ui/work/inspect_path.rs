//! Inspects paths that are opened: whether they exist, and what they are.

use std::path::PathBuf;

use crate::ui::command::OpenAs;
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
    match open_as {
        OpenAs::Dataset(role) => Opened::Dataset(path, Some(role)),
        OpenAs::ByContent if metadata.is_dir() || flatland_core::data::looks_like_images(&path) => Opened::Dataset(path, None),
        OpenAs::ByContent if path.extension().is_some_and(|extension| extension == "toml") => match Session::load(&path) {
            Ok(session) => Opened::Session(path, Box::new(session)),
            Err(error) => Opened::Failed(error.to_string()),
        },
        OpenAs::ByContent => Opened::Checkpoint(path, None),
    }
}
