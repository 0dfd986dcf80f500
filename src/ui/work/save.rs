//! Writes a session to its file.

use std::path::{Path, PathBuf};

use flatland_core::result::write_atomic;
use flatland_core::session::{Session, SessionError};

/// Which existing file may be overwritten.
pub enum Overwrite {
    /// Any file: the user was asked.
    Any,
    /// The file if it still contains this session.
    IfUnchanged(Box<Session>),
    /// No file.
    Never,
}

/// The result of saving.
pub enum SaveResult {
    /// The path and the session that was written.
    Written(PathBuf, Box<Session>),
    /// The file has changed since it was opened; it was not overwritten.
    Changed(PathBuf),
    /// Why the file could not be written.
    Failed(String),
}

/// The absolute path of a session file to be saved at `path`, and whether the extension was added: with another one it could not be opened
/// again.
pub fn session_path(path: PathBuf) -> (PathBuf, bool) {
    let path = std::path::absolute(&path).unwrap_or(path);
    if path.extension().is_some_and(|extension| extension == "toml") {
        return (path, false);
    }
    let mut name = path.into_os_string();
    name.push(".toml");
    (name.into(), true)
}

/// Writes the session to [`session_path`], if it can be opened again and an existing file may be overwritten.
pub fn save(path: PathBuf, session: Session, over: Overwrite) -> SaveResult {
    if let Err(message) = session.check() {
        return SaveResult::Failed(format!("not saved, it could not be opened again: {message} ({})", path.display()));
    }
    match over {
        Overwrite::IfUnchanged(known) => match Session::load(&path) {
            Ok(found) if found == *known => {}
            Err(SessionError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {}
            Ok(_) | Err(_) => return SaveResult::Changed(path),
        },
        Overwrite::Never if path.exists() => {
            let message = "not saved: expected a path where no file exists, or one that ends in `.toml` to overwrite it, found the file";
            return SaveResult::Failed(format!("{message} ({})", path.display()));
        }
        Overwrite::Never | Overwrite::Any => {}
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    let written = session.to_toml(folder).map_err(|error| format!("cannot write the session: {error} ({})", path.display()));
    let written = written.and_then(|text| write_atomic(&path, text.as_bytes()).map_err(|error| error.to_string()));
    written.map_or_else(SaveResult::Failed, |()| SaveResult::Written(path, Box::new(session)))
}
