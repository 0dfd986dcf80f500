//! The rooms of each crate: which may import which, and what has no place where.

/// A room: its modules from the root of the crate, and the rooms of the same crate that it may import.
pub struct Room {
    /// `["ui", "state"]`.
    pub path: &'static [&'static str],
    /// The rooms that it may import beside itself.
    pub imports: &'static [&'static [&'static str]],
}

/// A crate of the workspace.
pub struct Package {
    /// Its folder of sources, from the root of the workspace.
    pub source: &'static str,
    /// Its rooms.
    pub rooms: &'static [Room],
    /// What may be named in some rooms only.
    pub places: &'static [Place],
}

/// What may be named in some rooms only.
pub struct Place {
    /// The first segments of a path: `["std", "fs"]`.
    pub name: &'static [&'static str],
    /// The rooms that may name it.
    pub rooms: &'static [&'static [&'static str]],
    /// Why.
    pub why: &'static str,
}

const NUMPY: &[&str] = &["numpy"];
const DATA: &[&str] = &["data"];
const METRIC: &[&str] = &["metric"];
const SESSION: &[&str] = &["session"];
const RESULT: &[&str] = &["result"];
const JOB: &[&str] = &["job"];

const FIGURE: &[&str] = &["figure"];
const CLI: &[&str] = &["cli"];
const STATE: &[&str] = &["ui", "state"];
const COMMAND: &[&str] = &["ui", "command"];
const STYLE: &[&str] = &["ui", "style"];
const WORK: &[&str] = &["ui", "work"];
const VIEW: &[&str] = &["ui", "view"];
const PANEL: &[&str] = &["ui", "panel"];
const UPDATE: &[&str] = &["ui", "update"];
const APP: &[&str] = &["ui", "app"];

const MODEL: &[&str] = &["model"];
const METHOD: &[&str] = &["method"];
const TRAIN: &[&str] = &["train"];
const ANALYSIS: &[&str] = &["analysis"];
const WORKER: &[&str] = &["worker"];

const THREADS: &str = "threads, channels and processes are started in `job` of flatland-core";
const WINDOW: &str = "only the window draws with egui, and its state is plain data";

/// What both sides share.
pub const CORE: Package = Package {
    source: "crates/core/src",
    rooms: &[
        Room { path: NUMPY, imports: &[] },
        Room { path: DATA, imports: &[NUMPY] },
        Room { path: METRIC, imports: &[] },
        Room { path: SESSION, imports: &[] },
        Room { path: RESULT, imports: &[NUMPY, METRIC] },
        Room { path: JOB, imports: &[DATA, SESSION, RESULT] },
    ],
    places: &[
        Place { name: &["std", "thread"], rooms: &[JOB], why: THREADS },
        Place { name: &["std", "sync", "mpsc"], rooms: &[JOB], why: THREADS },
        Place { name: &["std", "process", "Command"], rooms: &[JOB], why: THREADS },
    ],
};

/// The window, the figures and the command line.
pub const FLATLAND: Package = Package {
    source: "src",
    rooms: &[
        Room { path: FIGURE, imports: &[] },
        Room { path: CLI, imports: &[FIGURE] },
        Room { path: STATE, imports: &[FIGURE] },
        Room { path: COMMAND, imports: &[FIGURE, STATE] },
        Room { path: STYLE, imports: &[FIGURE, STATE, COMMAND] },
        Room { path: WORK, imports: &[FIGURE, STATE, COMMAND, STYLE] },
        Room { path: VIEW, imports: &[FIGURE, STATE, COMMAND, STYLE, WORK] },
        Room { path: PANEL, imports: &[FIGURE, STATE, COMMAND, STYLE, WORK] },
        Room { path: UPDATE, imports: &[FIGURE, STATE, COMMAND, STYLE, WORK, VIEW, PANEL] },
        Room { path: APP, imports: &[FIGURE, STATE, COMMAND, STYLE, WORK, VIEW, PANEL, UPDATE] },
    ],
    places: &[
        Place { name: &["egui"], rooms: &[COMMAND, STYLE, WORK, VIEW, PANEL, UPDATE, APP], why: WINDOW },
        Place { name: &["eframe"], rooms: &[STYLE, APP], why: WINDOW },
        Place { name: &["egui_extras"], rooms: &[STYLE, VIEW, PANEL], why: WINDOW },
        Place { name: &["egui_plot"], rooms: &[STYLE], why: WINDOW },
        Place { name: &["rfd"], rooms: &[WORK], why: "dialogs wait for a person, so they are opened off the window's thread" },
        Place { name: &["plotters"], rooms: &[FIGURE], why: "figures are drawn in `figure`" },
        Place { name: &["std", "fs"], rooms: &[FIGURE, CLI, WORK], why: "the window touches files off its thread, in `work`" },
        Place { name: &["std", "thread"], rooms: &[WORK], why: THREADS },
        Place { name: &["std", "sync", "mpsc"], rooms: &[], why: THREADS },
        Place { name: &["std", "process", "Command"], rooms: &[], why: THREADS },
    ],
};

/// All mathematics on tensors, and the worker.
pub const ENGINE: Package = Package {
    source: "crates/engine/src",
    rooms: &[
        Room { path: MODEL, imports: &[] },
        Room { path: METHOD, imports: &[MODEL] },
        Room { path: TRAIN, imports: &[MODEL, METHOD] },
        Room { path: ANALYSIS, imports: &[MODEL] },
        Room { path: WORKER, imports: &[MODEL, METHOD, TRAIN, ANALYSIS] },
    ],
    places: &[
        Place { name: &["std", "fs"], rooms: &[MODEL, TRAIN, ANALYSIS, WORKER], why: "objectives touch no files" },
        Place { name: &["std", "thread"], rooms: &[WORKER, ANALYSIS, TRAIN], why: "objectives and models start no threads" },
    ],
};

/// All crates.
pub const PACKAGES: [&Package; 3] = [&CORE, &FLATLAND, &ENGINE];

/// The rooms that may print.
pub const PRINTS: [&[&str]; 2] = [CLI, WORKER];

impl Package {
    /// The room that a module belongs to; `None` for `lib.rs`, `main.rs` and `ui/mod.rs`, which only wire.
    pub fn room(&self, module: &[String]) -> Option<&'static Room> {
        self.rooms.iter().find(|room| room.path.len() <= module.len() && room.path.iter().zip(module).all(|(a, b)| a == b))
    }
}
