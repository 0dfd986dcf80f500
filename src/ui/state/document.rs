//! [`Document`]: the file of the session: its name, its path, and its content when it was opened or saved.

use std::path::PathBuf;

use flatland_core::session::Session;

/// Name of the demo.
pub const DEMO: &str = "Demo";

/// The file of the session.
#[derive(Clone, Debug)]
pub struct Document {
    /// `None` until the session is saved. The demo has no file, so that it is never changed.
    pub file: Option<PathBuf>,
    /// Name shown in the window.
    pub name: String,
    /// The session as it is in the file; without a file, as it was at the start.
    pub saved: Session,
    /// Whether to look for changes that an earlier window left unsaved.
    pub checks_leftovers: bool,
    /// Whether saving may overwrite a file that another program changed: the user was told and saved again.
    pub overwrite_confirmed: bool,
    /// The title of the window, as it was set last.
    pub title: String,
    /// Grows with every session that replaces another, so that a late answer is not applied to the wrong session.
    pub number: u64,
}

impl Default for Document {
    fn default() -> Self {
        Self::new(None, "Untitled".into(), Session::default())
    }
}

impl Document {
    pub fn new(file: Option<PathBuf>, name: String, saved: Session) -> Self {
        Self { file, name, saved, checks_leftovers: false, overwrite_confirmed: false, title: String::new(), number: 0 }
    }

    /// The path of the file, or what the session is when it has no file.
    pub fn place(&self) -> String {
        self.file.as_ref().map_or("not in a file yet".into(), |file| file.display().to_string())
    }
}

/// What is being restored from the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restoring {
    /// The session that was open last; the demo when there was none.
    Last,
    /// A session that the user chose; it replaces the open one.
    Chosen,
    /// Unsaved changes to the open session.
    Changes,
}
