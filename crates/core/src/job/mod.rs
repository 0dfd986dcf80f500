//! Jobs for the worker: what is to be computed ([`JobSpec`]), what is reported ([`JobEvent`]), and the processes that compute it.
//!
//! The only module with processes, threads and channels. Deliberately absent: egui, mathematics.

mod background;
mod cached;
mod checkpoint_source;
mod conformance;
mod demo;
mod device;
mod event;
mod finished;
mod input_plane;
mod labels;
mod lines;
mod method_info;
mod named;
mod numbered_name;
mod optimizer_config;
mod pace;
mod partial;
mod plan;
mod plan_error;
mod plan_options;
mod plane;
mod preparation;
mod process;
mod progress;
mod run_config;
mod run_curves;
mod run_error;
mod run_folder;
mod run_state;
pub mod runs;
mod schedule_config;
mod source;
mod spec;
mod sweep;
mod trajectory_files;
mod unreadable;
mod worker_handle;

pub use background::Background;
pub use cached::plan_cached;
pub use checkpoint_source::CheckpointSource;
pub use conformance::conformance_jobs;
pub use demo::demo_session;
pub use device::{Device, Precision};
pub use event::{JobEvent, JobId, JobOutput, WorkerMessage, WorkerRequest};
pub use finished::{is_complete, is_finished};
pub use input_plane::planned_record;
pub use labels::label_record;
pub use lines::{Lines, NewLines};
pub use method_info::{MethodInfo, ParameterInfo, ParameterKind, choice_of};
pub use named::Named;
pub use optimizer_config::{OptimizerConfig, OptimizerKind, UpdateRule};
pub use pace::{Pace, Trial};
pub use partial::Partial;
pub use plan::{Analysis, check_paths, plan};
pub use plan_error::PlanError;
pub use plan_options::PlanOptions;
pub use plane::Plane;
pub use preparation::preparation;
pub use progress::{ProgressMeter, Reporter};
pub use run_config::{BatchNormUpdate, DROP_LAST_BELOW, Dropout, MethodConfig, RunConfig, TrainPrecision, Transform};
pub use run_curves::export_tensorboard;
pub use run_error::RunError;
pub use run_folder::{RunFolder, RunLock, RunView, now};
pub use run_state::{Control, RunState, RunStatus};
pub use schedule_config::{Decay, ScheduleConfig, WarmupConfig, WarmupLength};
pub use source::source;
pub use spec::{
    AnalysisDataset, ConformanceJob, EmbeddingJob, HessianJob, JobSpec, LandscapeJob, Measure, ScoreJob, SharpnessJob, WeightsJob,
};
pub use sweep::{Sweep, SweepPoint};
pub use trajectory_files::{TrajectoryFile, TrajectoryFiles};
pub use unreadable::{unreadable, unreadable_images, unreadable_in_result, warning_of_unreadable};
pub use worker_handle::{WorkerEvent, WorkerHandle, WorkerOptions};
