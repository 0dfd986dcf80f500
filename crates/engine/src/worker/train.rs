//! [`train`]: the life of a process that trains one run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use flatland_core::job::{Device, RunFolder, RunState, RunStatus};
use flatland_core::result::cache_root;

use super::serve::panic_message;
use crate::train::{self, TrainError};

/// Trains the run in `dir` when it is its turn on the device. The run directory tells how it goes; the answer is for stderr.
///
/// # Errors
/// What went wrong, unless someone asked the run to stop.
pub fn train(dir: &Path, device: Device) -> Result<(), String> {
    let queues = cache_root().join("queue");
    match catch_unwind(AssertUnwindSafe(|| train::run(dir, device, Some(&queues)))) {
        Ok(Ok(()) | Err(TrainError::Cancelled)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(panic) => {
            let message = format!("internal error (a bug in Flatland): {}", panic_message(panic.as_ref()));
            let folder = RunFolder::new(dir);
            if let Ok(Some(state)) = folder.written_state() {
                // The panic is on stderr too.
                let _ = folder.write_state(&RunState { status: RunStatus::Failed, message: Some(message.clone()), ..state });
            }
            Err(message)
        }
    }
}
