//! [`train`]: a process that trains one run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use flatland_core::job::{Device, RunFolder, RunState, RunStatus};
use flatland_core::result::cache_root;

use super::serve::panic_message;
use crate::train::{self, TrainError};

/// Trains the run in `dir` once the device is free. Progress is written into the run directory; the returned message is for stderr.
///
/// # Errors
/// The message of the error, unless the run was stopped on request.
pub fn train(dir: &Path, device: Device) -> Result<(), String> {
    let queues = cache_root().join("queue");
    match catch_unwind(AssertUnwindSafe(|| train::run(dir, device, Some(&queues)))) {
        Ok(Ok(()) | Err(TrainError::Cancelled)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(panic) => {
            let message = format!("internal error (a bug in Flatland): {}", panic_message(panic.as_ref()));
            let folder = RunFolder::new(dir);
            if let Ok(Some(state)) = folder.written_state() {
                // If this fails, the panic message on stderr remains.
                let _ = folder.write_state(&RunState { status: RunStatus::Failed, message: Some(message.clone()), ..state });
            }
            Err(message)
        }
    }
}
