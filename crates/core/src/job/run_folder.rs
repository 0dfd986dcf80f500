//! [`RunFolder`]: the files of a run directory. They are the only record of a run, for the process that trains and for those that watch it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};

use super::{Control, RunConfig, RunError, RunState, RunStatus};
use crate::result::write_atomic;

/// Seconds that a started process may take until it holds the lock; it loads libtorch first.
const START_GRACE: f64 = 20.0;
/// A watcher holds the lock for an instant when it tests it. When the lock is held for longer than this, another process trains.
const LOCK_TIMEOUT: Duration = Duration::from_millis(500);

/// Seconds since 1970.
pub fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// A run directory, by path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

/// A run as its files describe it now.
#[derive(Clone, Debug, PartialEq)]
pub struct RunView {
    /// The run directory.
    pub dir: PathBuf,
    /// Its configuration, resolved as far as it is.
    pub config: RunConfig,
    /// The state that the process wrote last.
    pub state: RunState,
    /// The status, which takes into account whether its process is alive.
    pub status: RunStatus,
    /// Lines of `metrics.jsonl`: one an epoch, from epoch 0 (before the first step).
    pub metrics: Vec<Map<String, Value>>,
}

impl RunView {
    /// The name of the directory.
    pub fn name(&self) -> String {
        self.dir.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// The exclusive right to train in a run directory. The system releases it however the process ends.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

impl RunFolder {
    /// The run directory `path`, made absolute. No file is read.
    pub fn new(path: &Path) -> Self {
        Self { path: std::path::absolute(path).unwrap_or_else(|_| path.into()) }
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The run, fully resolved once it has been started.
    pub fn run_file(&self) -> PathBuf {
        self.path.join("run.toml")
    }

    /// [`RunState`].
    pub fn state_file(&self) -> PathBuf {
        self.path.join("state.json")
    }

    /// One line an epoch.
    pub fn metrics_file(&self) -> PathBuf {
        self.path.join("metrics.jsonl")
    }

    /// One line every `log_every` steps: loss terms, learning rate, gradient norm.
    pub fn steps_file(&self) -> PathBuf {
        self.path.join("steps.jsonl")
    }

    /// Wall-clock times of the lines of `steps.jsonl`. They have a file of their own because they differ between equal runs.
    pub fn timing_file(&self) -> PathBuf {
        self.path.join("timing.jsonl")
    }

    /// The output of the process.
    pub fn log_file(&self) -> PathBuf {
        self.path.join("log.txt")
    }

    /// Everything a resumed run needs.
    pub fn training_state(&self) -> PathBuf {
        self.path.join("checkpoints/last.state.safetensors")
    }

    /// The latest weights.
    pub fn last_weights(&self) -> PathBuf {
        self.path.join("checkpoints/last.safetensors")
    }

    /// The weights of the best epoch.
    pub fn best_weights(&self) -> PathBuf {
        self.path.join("checkpoints/best.safetensors")
    }

    /// The weights after `epoch` epochs, of a run that keeps them (`keep_every`).
    pub fn epoch_weights(&self, epoch: usize) -> PathBuf {
        self.path.join(format!("checkpoints/epoch_{epoch:04}.safetensors"))
    }

    /// The weights that were kept: epoch and file, in the order of training.
    ///
    /// # Errors
    /// When the folder of checkpoints cannot be read.
    pub fn kept_weights(&self) -> Result<Vec<(usize, PathBuf)>, RunError> {
        let folder = self.path.join("checkpoints");
        let io = |source| RunError::Io { action: "read", source, path: folder.clone() };
        let mut kept = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(io)? {
            let path = entry.map_err(io)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let epoch = name.strip_prefix("epoch_").and_then(|rest| rest.strip_suffix(".safetensors")?.parse().ok());
            kept.extend(epoch.map(|epoch| (epoch, path)));
        }
        kept.sort();
        Ok(kept)
    }

    fn control_file(&self) -> PathBuf {
        self.path.join("control.json")
    }

    fn lock_file(&self) -> PathBuf {
        self.path.join("lock")
    }

    /// The run.
    ///
    /// # Errors
    /// When there is none or it is not one.
    pub fn config(&self) -> Result<RunConfig, RunError> {
        RunConfig::load(&self.run_file())
    }

    /// Reads the run as it is now.
    ///
    /// # Errors
    /// When this is no run directory or a file in it cannot be read.
    pub fn load(&self) -> Result<RunView, RunError> {
        let config = self.config()?;
        let (state, status) = self.state()?;
        let metrics = super::Lines::new(self.metrics_file()).read()?.lines;
        Ok(RunView { dir: self.path.clone(), config, state, status, metrics })
    }

    /// The state that the process wrote last, and the status that follows from it and from whether the process is alive.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn state(&self) -> Result<(RunState, RunStatus), RunError> {
        loop {
            // The lock is tested first: a process that has released it has written its last state.
            let held = self.is_held();
            let state = self.written_state()?.unwrap_or_else(|| RunState::queued(0.0));
            let status = match state.status {
                status if held || !status.is_under_way() => status,
                // Its process is being started.
                RunStatus::Queued if now() - state.heartbeat < START_GRACE => RunStatus::Queued,
                // The process took the lock after it was tested.
                _ if self.is_held() => continue,
                _ => RunStatus::Interrupted,
            };
            return Ok((state, status));
        }
    }

    /// `state.json`; `None` when there is none.
    ///
    /// # Errors
    /// When it is not a state.
    pub fn written_state(&self) -> Result<Option<RunState>, RunError> {
        let path = self.state_file();
        match std::fs::read_to_string(&path) {
            Ok(text) => match serde_json::from_str(&text) {
                Ok(state) => Ok(Some(state)),
                Err(error) => {
                    Err(RunError::Refused { message: format!("expected the state of a run, found something else: {error}"), path })
                }
            },
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(RunError::Io { action: "read", source, path }),
        }
    }

    /// Writes `state.json`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_state(&self, state: &RunState) -> Result<(), RunError> {
        let path = self.state_file();
        let text =
            serde_json::to_string_pretty(state).map_err(|error| RunError::Refused { message: error.to_string(), path: path.clone() })?;
        Ok(write_atomic(&path, text.as_bytes())?)
    }

    /// Takes the exclusive right to train here and writes the process id into `lock`.
    ///
    /// # Errors
    /// When another process holds it or the file cannot be written.
    pub fn lock(&self) -> Result<RunLock, RunError> {
        let path = self.lock_file();
        let io = |action, source| RunError::Io { action, source, path: path.clone() };
        std::fs::create_dir_all(&self.path).map_err(|source| RunError::Io { action: "make", source, path: self.path.clone() })?;
        let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(|source| io("lock", source))?;
        let asked = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if asked.elapsed() < LOCK_TIMEOUT => std::thread::sleep(Duration::from_millis(10)),
                Err(TryLockError::WouldBlock) => {
                    let message = "another process trains in this run directory".into();
                    return Err(RunError::Refused { message, path: self.path.clone() });
                }
                Err(TryLockError::Error(source)) => return Err(io("lock", source)),
            }
        }
        file.set_len(0).and_then(|()| write!(file, "{}", std::process::id())).map_err(|source| io("write", source))?;
        Ok(RunLock { _file: file })
    }

    /// Whether a process trains (or waits to train) here.
    pub fn is_held(&self) -> bool {
        let Ok(file) = File::open(self.lock_file()) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    /// The id of the process that trains here, if one does.
    pub fn holder(&self) -> Option<u32> {
        if !self.is_held() {
            return None;
        }
        std::fs::read_to_string(self.lock_file()).ok()?.parse().ok()
    }

    /// The control command that the process has not executed yet.
    pub fn asked(&self) -> Option<Control> {
        serde_json::from_str(&std::fs::read_to_string(self.control_file()).ok()?).ok()
    }

    /// Writes a control command for the process, which reads it at every step.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_control(&self, control: Control) -> Result<(), RunError> {
        let path = self.control_file();
        let text = serde_json::to_string(&control).map_err(|error| RunError::Refused { message: error.to_string(), path: path.clone() })?;
        Ok(write_atomic(&path, text.as_bytes())?)
    }

    /// Removes the control command.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn clear_control(&self) -> Result<(), RunError> {
        let path = self.control_file();
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != ErrorKind::NotFound => Err(RunError::Io { action: "remove", source, path }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn folder() -> (tempfile::TempDir, RunFolder) {
        let dir = tempfile::tempdir().unwrap();
        let folder = RunFolder::new(dir.path());
        (dir, folder)
    }

    #[test]
    fn one_process_at_a_time_and_it_can_be_named() {
        let (_dir, folder) = folder();
        assert_eq!(folder.holder(), None);
        let lock = folder.lock().unwrap();
        assert!(folder.lock().unwrap_err().to_string().contains("another process"));
        assert_eq!(folder.holder(), Some(std::process::id()));
        drop(lock);
        assert_eq!(folder.holder(), None);
        assert!(folder.lock().is_ok());
    }

    #[test]
    fn the_status_is_what_the_process_wrote_only_while_it_lives() {
        let (_dir, folder) = folder();
        let status = |written: RunStatus, heartbeat: f64| {
            folder.write_state(&RunState { status: written, ..RunState::queued(heartbeat) }).unwrap();
            folder.state().unwrap().1
        };
        let lock = folder.lock().unwrap();
        assert_eq!(status(RunStatus::Running, 0.0), RunStatus::Running);
        assert_eq!(status(RunStatus::Paused, 0.0), RunStatus::Paused);
        drop(lock);
        assert_eq!(status(RunStatus::Running, now()), RunStatus::Interrupted);
        assert_eq!(status(RunStatus::Paused, now()), RunStatus::Interrupted);
        assert_eq!(status(RunStatus::Queued, now()), RunStatus::Queued, "its process is being started");
        assert_eq!(status(RunStatus::Queued, now() - 60.0), RunStatus::Interrupted);
        assert_eq!(status(RunStatus::Cancelled, 0.0), RunStatus::Cancelled);
    }

    #[test]
    fn a_control_command_is_written_and_removed() {
        let (_dir, folder) = folder();
        assert_eq!(folder.asked(), None);
        folder.write_control(Control::Pause).unwrap();
        folder.write_control(Control::Stop).unwrap();
        assert_eq!(folder.asked(), Some(Control::Stop));
        folder.clear_control().unwrap();
        folder.clear_control().unwrap();
        assert_eq!(folder.asked(), None);
    }
}
