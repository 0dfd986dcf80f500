//! The door to the bench: what work is asked for ([`JobSpec`]), what comes back ([`JobEvent`]), and the processes that do it.
//!
//! The only room with processes, threads and channels. Deliberately absent: egui, mathematics.

mod event;
mod progress;
mod run_config;
mod spec;

pub use event::{JobEvent, JobId, JobOutput, WorkerMessage, WorkerRequest};
pub use progress::{ProgressMeter, Reporter};
pub use run_config::{BatchNormUpdate, MethodConfig, OptimizerConfig, RunConfig, ScheduleConfig, Transform};
pub use spec::{
    AnalysisDataset, CheckpointSource, Device, EmbeddingJob, JobSpec, LandscapeJob, Precision, ScoreJob, SharpnessJob, TrainJob,
};
