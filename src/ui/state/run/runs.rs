//! [`Runs`]: the folder of the runs, its runs, and the form of a new run.

use std::path::{Path, PathBuf};

use super::draft::Draft;
use super::run_list::RunList;
use flatland_core::job::MethodInfo;
use flatland_core::job::runs::RunOptions;

/// What the window knows about runs.
pub struct Runs {
    pub run_list: RunList,
    /// The folder that is read.
    pub root: PathBuf,
    /// The folder when the session does not name one.
    pub default: PathBuf,
    /// The methods that the worker can train with; empty until it has reported them.
    pub methods: Vec<MethodInfo>,
    pub options: RunOptions,
    /// Time of the next read, in seconds of the window's clock.
    pub due: f64,
    /// The form of a new run, while it is open.
    pub form: Option<Form>,
}

impl Default for Runs {
    fn default() -> Self {
        Self::new(RunOptions::default())
    }
}

impl Runs {
    /// Runs in `runs/` of the current folder, as on the command line.
    pub fn new(options: RunOptions) -> Self {
        let root = std::path::absolute("runs").unwrap_or_else(|_| "runs".into());
        Self { run_list: RunList::default(), default: root.clone(), root, methods: Vec::new(), options, due: 0.0, form: None }
    }

    /// Sets the folder to read.
    pub fn set_folder(&mut self, root: PathBuf) {
        self.root = root;
        self.run_list.clear();
        self.due = 0.0;
    }
}

/// The open form of a new run.
pub struct Form {
    /// The run that it describes.
    pub draft: Draft,
    /// Name of the repeated run, for the title.
    pub repeats: Option<String>,
}

/// Name of a run directory.
pub fn run_name(dir: &Path) -> String {
    dir.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
