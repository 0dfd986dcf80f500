//! [`RunDirectory`]: the files of a run. It is the only truth about it.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use flatland::job::{RunConfig, RunState, RunStatus};
use flatland::result::write_atomic;
use serde_json::{Map, Value};

use super::TrainError;

/// A run directory that this process alone trains in.
pub struct RunDirectory {
    path: PathBuf,
    heartbeat: Option<Instant>,
    // Held as long as the process lives: however it ends, the system lets go.
    _lock: File,
}

impl RunDirectory {
    /// Opens or makes the directory.
    ///
    /// # Errors
    /// When it cannot be made or another process trains in it.
    pub fn open(path: &Path) -> Result<Self, TrainError> {
        let io = |action, source| TrainError::Io { action, source, path: path.into() };
        std::fs::create_dir_all(path.join("checkpoints")).map_err(|source| io("make", source))?;
        let lock = OpenOptions::new().create(true).append(true).open(path.join("lock")).map_err(|source| io("lock", source))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.into(), heartbeat: None, _lock: lock }),
            Err(std::fs::TryLockError::WouldBlock) => {
                Err(TrainError::Directory { message: "another process trains in this run directory".into(), path: path.into() })
            }
            Err(std::fs::TryLockError::Error(source)) => Err(io("lock", source)),
        }
    }

    /// Writes `run.toml`, or makes sure that the run that is there already is `run`.
    ///
    /// # Errors
    /// When it is another run or a file fails.
    pub fn adopt(&self, run: &RunConfig) -> Result<(), TrainError> {
        let path = self.path.join("run.toml");
        let failed = |message: String| TrainError::Directory { message, path: path.clone() };
        let text = toml::to_string_pretty(run).map_err(|error| failed(format!("cannot write the run: {error}")))?;
        if path.exists() {
            let found = RunConfig::load(&path).map_err(|error| failed(error.to_string()))?;
            if found != *run {
                let differing = differing(&found, run);
                let message = format!(
                    "expected the run that this directory holds, found another one (it differs in {differing}); choose a new directory"
                );
                return Err(failed(message));
            }
            return Ok(());
        }
        Ok(write_atomic(&path, text.as_bytes())?)
    }

    /// Everything a resumed run needs.
    pub fn state(&self) -> PathBuf {
        self.path.join("checkpoints/last.state.safetensors")
    }

    /// The latest weights.
    pub fn last(&self) -> PathBuf {
        self.path.join("checkpoints/last.safetensors")
    }

    /// The weights of the best epoch.
    pub fn best(&self) -> PathBuf {
        self.path.join("checkpoints/best.safetensors")
    }

    /// Writes `state.json`, while running at most once a second.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn report(&mut self, status: RunStatus, [epoch, step, steps]: [usize; 3], message: Option<String>) -> Result<(), TrainError> {
        if status == RunStatus::Running && self.heartbeat.is_some_and(|last| last.elapsed() < Duration::from_secs(1)) {
            return Ok(());
        }
        self.heartbeat = Some(Instant::now());
        let heartbeat = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
        let state = RunState { pid: std::process::id(), heartbeat, status, epoch, step, steps, message };
        let path = self.path.join(RunState::FILE);
        let text = serde_json::to_string_pretty(&state)
            .map_err(|error| TrainError::Directory { message: error.to_string(), path: path.clone() })?;
        Ok(write_atomic(&path, text.as_bytes())?)
    }

    /// Appends a line to `metrics.jsonl` and sees it on disk.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn append_metrics(&self, values: &Map<String, Value>) -> Result<(), TrainError> {
        self.append("metrics.jsonl", &Value::Object(values.clone()).to_string())
    }

    /// Drops the lines of `metrics.jsonl` that lie after epoch `epoch` (they will be written again) or were cut off by a kill;
    /// all of them for `None`.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn rewind_metrics(&self, epoch: Option<usize>) -> Result<(), TrainError> {
        let path = self.path.join("metrics.jsonl");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(TrainError::Io { action: "read", source, path }),
        };
        let keep = |line: &&str| {
            let values: Option<Map<String, Value>> = serde_json::from_str(line).ok();
            let at = values.as_ref().and_then(|values| values.get("epoch")?.as_u64());
            line.ends_with('\n') && at.zip(epoch).is_some_and(|(at, epoch)| at <= epoch as u64)
        };
        let kept: String = text.split_inclusive('\n').take_while(keep).collect();
        if kept.len() < text.len() {
            write_atomic(&path, kept.as_bytes())?;
        }
        Ok(())
    }

    /// Appends a line with the time to `log.txt`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn log(&self, line: &str) -> Result<(), TrainError> {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        self.append("log.txt", &format!("{seconds} {line}"))
    }

    fn append(&self, name: &str, line: &str) -> Result<(), TrainError> {
        let path = self.path.join(name);
        let attempt = || {
            let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
            file.write_all(format!("{line}\n").as_bytes())?;
            file.sync_data()
        };
        attempt().map_err(|source| TrainError::Io { action: "write", source, path: path.clone() })
    }
}

/// Names of the top-level settings in which two runs differ.
fn differing(a: &RunConfig, b: &RunConfig) -> String {
    let fields = |run| match serde_json::to_value(run) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let (a, b) = (fields(a), fields(b));
    let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).filter(|key| a.get(*key) != b.get(*key)).collect();
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn one_process_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let first = RunDirectory::open(dir.path()).unwrap();
        let message = RunDirectory::open(dir.path()).err().unwrap().to_string();
        assert!(message.contains("another process"), "{message}");
        drop(first);
        assert!(RunDirectory::open(dir.path()).is_ok());
    }

    #[test]
    fn rewinding_drops_later_lines_and_halves_of_lines() {
        let dir = tempfile::tempdir().unwrap();
        let directory = RunDirectory::open(dir.path()).unwrap();
        let path = dir.path().join("metrics.jsonl");
        std::fs::write(&path, "{\"epoch\":0}\n{\"epoch\":1}\n{\"epoch\":2}\n{\"epo").unwrap();
        directory.rewind_metrics(Some(1)).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"epoch\":0}\n{\"epoch\":1}\n");
        directory.rewind_metrics(None).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "");
    }
}
