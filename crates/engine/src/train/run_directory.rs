//! [`RunDirectory`]: the run directory of the process that trains in it: state, metrics, log.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flatland_core::job::{Control, RunConfig, RunFolder, RunLock, RunState, RunStatus, now};
use flatland_core::result::write_atomic;
use serde_json::{Map, Value};

use super::TrainError;

/// Interval between writes of the state while training.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// Number of recent heartbeats that the remaining time is estimated from.
const RECENT: usize = 30;

/// A run directory that is locked by this process.
pub struct RunDirectory {
    folder: RunFolder,
    state: RunState,
    written: Instant,
    /// Start of the current training period; `None` while waiting. The next field: seconds of training before it.
    training: Option<Instant>,
    elapsed_before: f64,
    /// (time, steps, images processed by this process) of the recent heartbeats.
    recent: VecDeque<(Instant, usize, usize)>,
    images: usize,
    /// Lines that are not written yet.
    steps: String,
    timing: String,
    // The system releases the lock when the process ends, however it ends.
    _lock: RunLock,
}

impl Deref for RunDirectory {
    type Target = RunFolder;

    fn deref(&self) -> &RunFolder {
        &self.folder
    }
}

impl RunDirectory {
    /// Opens or creates the directory.
    ///
    /// # Errors
    /// When it cannot be created or another process trains in it.
    pub fn open(path: &Path) -> Result<Self, TrainError> {
        let folder = RunFolder::new(path);
        let lock = folder.lock()?;
        let checkpoints = folder.path().join("checkpoints");
        std::fs::create_dir_all(&checkpoints).map_err(|source| TrainError::Io { action: "make", source, path: checkpoints })?;
        // An unreadable state is replaced by a new one.
        let state = folder.written_state().ok().flatten().unwrap_or_else(|| RunState::queued(now()));
        let mut directory = Self {
            folder,
            written: Instant::now(),
            training: None,
            elapsed_before: state.elapsed_secs,
            recent: VecDeque::new(),
            images: 0,
            steps: String::new(),
            timing: String::new(),
            state: RunState { pid: std::process::id(), ..state },
            _lock: lock,
        };
        directory.enter(RunStatus::Queued, None)?;
        Ok(directory)
    }

    /// When the run was requested, which decides its position in the queue.
    pub fn asked_at(&self) -> f64 {
        self.state.asked
    }

    /// Writes the run file with all settings resolved.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn resolve(&self, run: &RunConfig) -> Result<(), TrainError> {
        let path = self.run_file();
        if self.config()? == *run {
            return Ok(());
        }
        Ok(write_atomic(&path, run.to_toml(&path)?.as_bytes())?)
    }

    /// Sets the status, with a message, and writes the state.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub fn enter(&mut self, status: RunStatus, message: Option<String>) -> Result<(), TrainError> {
        self.take_time();
        self.training = (status == RunStatus::Running).then(Instant::now);
        self.recent.clear();
        self.state.status = status;
        self.state.message = message;
        self.write_state_now()
    }

    /// Writes the final status. On a full disk it overwrites the existing file: a new file would find no space.
    pub fn end(&mut self, status: RunStatus, message: Option<String>) {
        if self.enter(status, message).is_err()
            && let Ok(mut text) = serde_json::to_string(&self.state)
            && let Ok(mut file) = OpenOptions::new().write(true).open(self.state_file())
        {
            let before = file.metadata().map_or(0, |metadata| metadata.len() as usize);
            text.push_str(&" ".repeat(before.saturating_sub(text.len())));
            // An error here cannot be reported any more.
            let _ = file.write_all(text.as_bytes());
        }
    }

    /// Sets the device that the tensors are on.
    pub fn set_device(&mut self, device: &str) {
        self.state.device = Some(device.into());
    }

    /// Sets the notes on what was assumed or left out, and logs them.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub fn note(&mut self, notes: Vec<String>) -> Result<(), TrainError> {
        notes.iter().try_for_each(|note| self.log(note))?;
        self.state.notes = notes;
        Ok(())
    }

    /// Sets (epochs, steps, total steps); written with the next heartbeat.
    pub fn set_position(&mut self, [epoch, step, steps]: [usize; 3]) {
        (self.state.epoch, self.state.step, self.state.steps) = (epoch, step, steps);
    }

    /// To be called often: writes the state and pending lines once a second.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn heartbeat(&mut self) -> Result<(), TrainError> {
        if self.written.elapsed() < HEARTBEAT {
            return Ok(());
        }
        if self.training.is_some() {
            self.recent.push_back((Instant::now(), self.state.step, self.images));
            if self.recent.len() > RECENT {
                self.recent.pop_front();
            }
        }
        self.flush_lines(false)?;
        self.write_state_now()
    }

    /// Adds a line to `steps.jsonl`, and its timing to `timing.jsonl`.
    pub fn push_step(&mut self, values: &Map<String, Value>) {
        self.take_time();
        self.steps.push_str(&format!("{}\n", Value::Object(values.clone())));
        let mut timing = Map::from_iter([("elapsed_secs".into(), self.state.elapsed_secs.into())]);
        timing.extend(values.get("step").map(|step| ("step".into(), step.clone())));
        timing.extend(self.pace().1.map(|pace| ("images_per_sec".into(), pace.into())));
        self.timing.push_str(&format!("{}\n", Value::Object(timing)));
    }

    /// Counts the images of a step.
    pub fn count_images(&mut self, images: usize) {
        self.images += images;
    }

    /// Writes the pending lines of all steps.
    ///
    /// # Errors
    /// When a file cannot be written; it is then unchanged.
    pub fn flush_lines(&mut self, sync: bool) -> Result<(), TrainError> {
        for (path, text) in [(self.folder.steps_file(), &mut self.steps), (self.folder.timing_file(), &mut self.timing)] {
            if !text.is_empty() {
                append(&path, text, sync)?;
                text.clear();
            }
        }
        Ok(())
    }

    /// Appends a line to `metrics.jsonl` and syncs the file.
    ///
    /// # Errors
    /// When the file cannot be written; it is then unchanged.
    pub fn append_metrics(&self, values: &Map<String, Value>) -> Result<(), TrainError> {
        append(&self.metrics_file(), &format!("{}\n", Value::Object(values.clone())), true)
    }

    /// Removes lines after (epoch, step), which will be written again, and incomplete lines that a kill left; all lines for `None`.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn rewind(&self, to: Option<(usize, usize)>) -> Result<(), TrainError> {
        rewind(&self.metrics_file(), "epoch", to.map(|(epoch, _)| epoch))?;
        rewind(&self.steps_file(), "step", to.map(|(_, step)| step))?;
        rewind(&self.timing_file(), "step", to.map(|(_, step)| step))
    }

    /// Appends a line with the time to `log.txt`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn log(&self, line: &str) -> Result<(), TrainError> {
        append(&self.log_file(), &format!("{} {line}\n", now() as u64), false)
    }

    /// The control request to this process. A request that does not apply now is removed.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn next_request(&self) -> Result<Option<Control>, TrainError> {
        let asked = self.asked();
        if asked == Some(Control::Kill) || (asked == Some(Control::Resume) && self.state.status != RunStatus::Paused) {
            self.clear_control()?;
            return Ok(None);
        }
        Ok(asked)
    }

    fn take_time(&mut self) {
        if let Some(since) = &mut self.training {
            self.elapsed_before += since.elapsed().as_secs_f64();
            *since = Instant::now();
        }
        self.state.elapsed_secs = self.elapsed_before;
    }

    /// Steps and images a second, over the recent heartbeats.
    fn pace(&self) -> (Option<f64>, Option<f64>) {
        let Some(&(start, step, images)) = self.recent.front() else { return (None, None) };
        let seconds = start.elapsed().as_secs_f64();
        let per_sec = |done: usize| (done > 0 && seconds > 0.5).then(|| done as f64 / seconds);
        (per_sec(self.state.step.saturating_sub(step)), per_sec(self.images - images))
    }

    fn write_state_now(&mut self) -> Result<(), TrainError> {
        self.take_time();
        let (steps_per_sec, images_per_sec) = self.pace();
        let left = self.state.steps.saturating_sub(self.state.step) as f64;
        self.state.eta_secs = steps_per_sec.map(|pace| left / pace);
        self.state.images_per_sec = images_per_sec;
        self.state.heartbeat = now();
        self.written = Instant::now();
        Ok(self.folder.write_state(&self.state)?)
    }
}

/// Appends `text`, or leaves the file unchanged: no part of a line remains on a full disk.
fn append(path: &Path, text: &str, sync: bool) -> Result<(), TrainError> {
    let io = |source| TrainError::Io { action: "write", source, path: path.into() };
    let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(io)?;
    let before = file.seek(SeekFrom::End(0)).map_err(io)?;
    let attempt = |file: &mut File| {
        file.write_all(text.as_bytes())?;
        if sync { file.sync_data() } else { Ok(()) }
    };
    attempt(&mut file).map_err(|source| {
        // If this fails too, the incomplete line is removed when the run is resumed.
        let _ = file.set_len(before);
        io(source)
    })
}

/// Keeps the lines whose `key` is at most `to`.
fn rewind(path: &PathBuf, key: &str, to: Option<usize>) -> Result<(), TrainError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(TrainError::Io { action: "read", source, path: path.into() }),
    };
    let keep = |line: &&str| {
        let values: Option<Map<String, Value>> = serde_json::from_str(line).ok();
        let at = values.as_ref().and_then(|values| values.get(key)?.as_u64());
        line.ends_with('\n') && at.zip(to).is_some_and(|(at, to)| at <= to as u64)
    };
    let kept: usize = text.split_inclusive('\n').take_while(keep).map(str::len).sum();
    if kept < text.len() {
        let cut = || OpenOptions::new().write(true).open(path)?.set_len(kept as u64);
        cut().map_err(|source| TrainError::Io { action: "write", source, path: path.into() })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn rewinding_drops_later_lines_and_halves_of_lines() {
        let dir = tempfile::tempdir().unwrap();
        let directory = RunDirectory::open(dir.path()).unwrap();
        std::fs::write(directory.metrics_file(), "{\"epoch\":0}\n{\"epoch\":1}\n{\"epoch\":2}\n{\"epo").unwrap();
        std::fs::write(directory.steps_file(), "{\"step\":5}\n{\"step\":10}\n{\"step\":11}\n").unwrap();
        directory.rewind(Some((1, 10))).unwrap();
        assert_eq!(std::fs::read_to_string(directory.metrics_file()).unwrap(), "{\"epoch\":0}\n{\"epoch\":1}\n");
        assert_eq!(std::fs::read_to_string(directory.steps_file()).unwrap(), "{\"step\":5}\n{\"step\":10}\n");
        directory.rewind(None).unwrap();
        assert_eq!(std::fs::read_to_string(directory.metrics_file()).unwrap(), "");
    }

    #[test]
    fn time_counts_while_training_only_and_over_processes() {
        let dir = tempfile::tempdir().unwrap();
        let elapsed = |directory: &RunDirectory| directory.written_state().unwrap().unwrap().elapsed_secs;
        let mut directory = RunDirectory::open(dir.path()).unwrap();
        std::thread::sleep(Duration::from_millis(60));
        let begun = Instant::now();
        directory.enter(RunStatus::Running, None).unwrap();
        assert!(elapsed(&directory) <= begun.elapsed().as_secs_f64(), "the time before is not counted");
        std::thread::sleep(Duration::from_millis(60));
        directory.enter(RunStatus::Paused, None).unwrap();
        let first = elapsed(&directory);
        assert!((0.05..=begun.elapsed().as_secs_f64()).contains(&first), "{first}");
        drop(directory);
        let mut directory = RunDirectory::open(dir.path()).unwrap();
        directory.enter(RunStatus::Done, None).unwrap();
        assert_eq!(elapsed(&directory), first);
    }

    #[test]
    fn a_request_that_does_not_apply_now_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let mut directory = RunDirectory::open(dir.path()).unwrap();
        directory.write_control(Control::Resume).unwrap();
        assert_eq!(directory.next_request().unwrap(), None);
        assert_eq!(directory.asked(), None);
        directory.enter(RunStatus::Paused, None).unwrap();
        directory.write_control(Control::Resume).unwrap();
        assert_eq!(directory.next_request().unwrap(), Some(Control::Resume));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_line_that_finds_no_place_leaves_nothing_behind() {
        let message = append(Path::new("/dev/full"), "{\"step\":1}\n", false).unwrap_err().to_string();
        assert!(message.contains("cannot write") && message.contains("/dev/full"), "{message}");
    }
}
