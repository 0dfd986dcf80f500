//! [`JobEvent`] and the worker's protocol: one JSON object a line, requests on stdin, messages on stdout.
//!
//! `flatland-worker serve` reads [`WorkerRequest`]s and answers with [`WorkerMessage`]s; it runs one job at a time in the
//! order asked, listens for cancels meanwhile, keeps loaded networks and datasets warm, and ends when stdin closes.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{JobSpec, MethodInfo, Pace};
use crate::result::{Cell, Conformance, Inspection, SharpnessPoint};

/// Names a job within one worker.
pub type JobId = u64;

/// A line to the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "lives only between a line of JSON and the queue")]
pub enum WorkerRequest {
    /// Run this when the jobs before it are done.
    Run {
        /// Chosen by the asker; comes back in every message.
        id: JobId,
        /// The work.
        spec: JobSpec,
    },
    /// Stop this job, running or waiting; ends in [`JobEvent::Cancelled`] within a second.
    Cancel {
        /// The job.
        id: JobId,
    },
    /// Let this running job pause between two batches, or go on.
    Pause {
        /// The job.
        id: JobId,
        /// Whether it is to pause.
        paused: bool,
    },
}

/// A line from the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkerMessage {
    /// The job.
    pub id: JobId,
    /// What happened.
    pub event: JobEvent,
}

/// What a job leaves behind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "output", rename_all = "snake_case")]
pub enum JobOutput {
    /// Files in this folder: `landscape.npz`, `sharpness.json`, `hessian.json`, `embedding.npz` or `scores.json`.
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// A checkpoint.
    Checkpoint {
        /// The file.
        path: PathBuf,
    },
    /// The report on a checkpoint file.
    Inspection(Box<Inspection>),
    /// The fine-tuning methods of the bench.
    Methods {
        /// In the order of the registry.
        methods: Vec<MethodInfo>,
    },
    /// How fast a run would go.
    Pace(Pace),
    /// What the definitions are off by.
    Conformance(Box<Conformance>),
}

/// What happens to a job. Ends with exactly one of `Done`, `Failed`, `Cancelled`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum JobEvent {
    /// Work begins.
    Started,
    /// Work pauses; whatever is loaded stays.
    Paused,
    /// Work goes on, or ends because it was cancelled meanwhile.
    Resumed,
    /// How far it is; at most about ten a second.
    Progress {
        /// Units done.
        done: u64,
        /// Units in all.
        total: u64,
        /// What a unit is: `cells`, `steps`, `images`, `iterations`.
        unit: String,
        /// What is being done.
        message: String,
        /// Seconds left, from the recent rate; null while unknown.
        eta_secs: Option<f64>,
    },
    /// Worth telling, not fatal: unreadable images, a fallback.
    Warning {
        /// What.
        message: String,
    },
    /// What was assumed where files do not tell: what the labels follow from.
    Note {
        /// What.
        message: String,
    },
    /// Cells of a landscape that finished.
    Cells {
        /// The cells.
        cells: Vec<Cell>,
    },
    /// The whole landscape as far as it is known, [A, B] row by row; null where nothing is. A few times a second while cells are missing.
    Estimate {
        /// Loss: computed, or estimated from some of the images and from neighbours.
        loss: Vec<Option<f32>>,
        /// Its standard error.
        std_error: Vec<Option<f32>>,
    },
    /// What the work will take, before it begins.
    Cost {
        /// Seconds, from a short measurement.
        seconds: f64,
        /// Bytes of images, weights and activations that are held at once.
        bytes: u64,
    },
    /// A point of a sharpness curve that finished.
    Sharpness {
        /// The point.
        point: SharpnessPoint,
    },
    /// Positions of a t-SNE under way, [N] in the order of `embedding.npz`.
    Positions {
        /// Iteration.
        iteration: usize,
        /// Coordinates.
        xy: Vec<[f32; 2]>,
        /// Role key of each point; sent with the first positions only, empty afterwards.
        roles: Vec<String>,
    },
    /// A Hessian or scores as far as they are known: a folder with the files that the whole result will have. The next one writes over
    /// them, and they go when the work ends.
    Partial {
        /// The folder.
        path: PathBuf,
    },
    /// Finished.
    Done {
        /// What it left.
        output: JobOutput,
    },
    /// Gave up.
    Failed {
        /// What failed, what was expected, what was found, and where.
        message: String,
    },
    /// Stopped on request; what is on disk stays and can be resumed.
    Cancelled,
}
