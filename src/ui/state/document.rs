//! [`Document`]: the session as a file: what it is called, where it lies, how it was when it was opened or saved.

use std::path::PathBuf;

use flatland_core::session::Session;

/// What the demo is called.
pub const DEMO: &str = "Demo";

/// Which file is open.
#[derive(Clone, Debug)]
pub struct Document {
    /// `None` until it is saved: new sessions, and the demo, which stays as it is.
    pub file: Option<PathBuf>,
    /// As shown to people.
    pub name: String,
    /// The session as its file has it; where there is none, as it began.
    pub saved: Session,
    /// Whether changes that an earlier window left unsaved shall be looked for.
    pub looks_for_left: bool,
    /// Whether its file is to be written though somebody else changed it: that was told, and saving asked for again.
    pub overwrites: bool,
    /// The window's title, as it was set last.
    pub title: String,
    /// Grows with every session that takes the place of another, so that what was asked of one is not done to the next.
    pub number: u64,
}

impl Default for Document {
    fn default() -> Self {
        Self::new(None, "Untitled".into(), Session::default())
    }
}

impl Document {
    pub fn new(file: Option<PathBuf>, name: String, saved: Session) -> Self {
        Self { file, name, saved, looks_for_left: false, overwrites: false, title: String::new(), number: 0 }
    }

    /// Where it lies, or what it is when it lies nowhere.
    pub fn place(&self) -> String {
        self.file.as_ref().map_or("not in a file yet".into(), |file| file.display().to_string())
    }
}

/// What is being recalled from memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recalling {
    /// What was open last; the demo when nothing was.
    Last,
    /// Something chosen, in the place of what is open.
    Chosen,
    /// Unsaved changes to what is open.
    Changes,
}
