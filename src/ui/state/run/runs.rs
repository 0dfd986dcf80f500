//! [`Runs`]: what the window knows of runs, and the form of a new one.

use std::path::{Path, PathBuf};

use super::book::Book;
use super::draft::Draft;
use flatland_core::job::MethodInfo;
use flatland_core::job::runs::RunOptions;

/// What the window knows of runs.
pub struct Runs {
    pub book: Book,
    /// The folder that is looked into.
    pub root: PathBuf,
    /// Where they are unless the session says where.
    pub default: PathBuf,
    /// What the worker can train with; empty until it has said so.
    pub methods: Vec<MethodInfo>,
    pub options: RunOptions,
    /// When to look again, in the window's seconds.
    pub due: f64,
    /// The form of a new run, while it is open.
    pub form: Option<Form>,
}

impl Runs {
    /// Runs in `runs/` of the present folder, as those of the command line.
    pub fn new(options: RunOptions) -> Self {
        let root = std::path::absolute("runs").unwrap_or_else(|_| "runs".into());
        Self { book: Book::default(), default: root.clone(), root, methods: Vec::new(), options, due: 0.0, form: None }
    }

    /// Looks into another folder from now on.
    pub fn look_into(&mut self, root: PathBuf) {
        self.root = root;
        self.book.clear();
        self.due = 0.0;
    }
}

/// The form while it is open.
pub struct Form {
    /// What it holds.
    pub draft: Draft,
    /// What stands in its title when a run is repeated.
    pub repeats: Option<String>,
}

/// Name of a run directory.
pub fn name_of(dir: &Path) -> String {
    dir.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
