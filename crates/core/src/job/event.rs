//! [`JobEvent`] and the worker's protocol: one JSON object a line, requests on stdin, messages on stdout.
//!
//! `flatland-worker serve` reads [`WorkerRequest`]s and answers with [`WorkerMessage`]s. It runs one job at a time in the
//! order of submission, accepts cancels meanwhile, keeps loaded networks and datasets in memory, and ends when stdin closes.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{JobSpec, MethodInfo, Pace};
use crate::result::{Cell, Conformance, Inspection, SharpnessPoint};

/// Identifies a job within one worker.
pub type JobId = u64;

/// A line to the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "lives only between a line of JSON and the queue")]
pub enum WorkerRequest {
    /// Run this job after those before it.
    Run {
        /// Chosen by the sender; repeated in every message about the job.
        id: JobId,
        /// The work.
        spec: JobSpec,
    },
    /// Stop this job, running or waiting; ends in [`JobEvent::Cancelled`] within a second.
    Cancel {
        /// The job.
        id: JobId,
    },
    /// Pause this running job between two batches, or resume it.
    Pause {
        /// The job.
        id: JobId,
        /// `true`: pause, `false`: resume.
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

/// What a finished job has produced.
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
    /// The fine-tuning methods of the worker.
    Methods {
        /// In the order of the registry.
        methods: Vec<MethodInfo>,
    },
    /// How fast a run would go.
    Pace(Pace),
    /// The errors of the definitions.
    Conformance(Box<Conformance>),
}

/// What happens to a job. Ends with exactly one of `Done`, `Failed`, `Cancelled`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum JobEvent {
    /// The job begins.
    Started,
    /// The job pauses; what is loaded stays in memory.
    Paused,
    /// The job goes on, or ends because it was cancelled meanwhile.
    Resumed,
    /// Progress; at most about ten events a second.
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
    /// Something the user should know that is not fatal: unreadable images, a fallback.
    Warning {
        /// What.
        message: String,
    },
    /// What was assumed because no file states it: what the labels follow from.
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
    /// The estimated cost of the job, before it begins.
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
    /// Positions of a running t-SNE, `[N]` in the order of `embedding.npz`.
    Positions {
        /// Iteration.
        iteration: usize,
        /// Coordinates.
        xy: Vec<[f32; 2]>,
        /// Role key of each point; sent with the first positions only, empty afterwards.
        roles: Vec<String>,
    },
    /// A Hessian or scores as far as they are known: a folder with the files that the complete result will have. The next event of this kind
    /// overwrites them, and they are deleted when the job ends.
    Partial {
        /// The folder.
        path: PathBuf,
    },
    /// Finished.
    Done {
        /// What it has produced.
        output: JobOutput,
    },
    /// Failed.
    Failed {
        /// What failed, what was expected, what was found, and where.
        message: String,
    },
    /// Stopped on request; what is on disk stays and can be resumed.
    Cancelled,
}
