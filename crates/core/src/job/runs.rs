//! Runs in the background: [`start`], [`resume`], [`ask`], [`list`], [`Follower`]. The window and the command line use only these.
//!
//! A run is trained by a process of its own (`flatland-worker train DIR`) in a process group of its own, with its output in `log.txt`. It
//! goes on when the process that started it ends. Nothing about it is kept in memory here; everything is read from its directory.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::process::{describe, worker_command};
use super::run_folder::now;
use super::{
    Control, Device, JobEvent, JobOutput, JobSpec, Lines, MethodInfo, RunConfig, RunError, RunFolder, RunState, RunStatus, RunView,
    WorkerEvent, WorkerHandle, WorkerMessage, WorkerOptions,
};
use crate::result::write_atomic;

/// How long a worker may take to list its methods.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// How the process of a run is started.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// The device of its tensors.
    pub device: Device,
    /// Program and threads.
    pub worker: WorkerOptions,
}

/// Writes `run.toml` in `dir` and starts a process that trains there. A directory that holds the same run is resumed.
///
/// # Errors
/// When the directory holds another run or one under way, a file that the run reads is not there, or nothing can be written or started.
pub fn start(run: &RunConfig, dir: &Path, options: &RunOptions) -> Result<RunFolder, RunError> {
    let folder = RunFolder::new(dir);
    run.check_inputs()?;
    let run_file = folder.run_file();
    expect(run, &folder)?;
    if !run_file.exists() {
        write_atomic(&run_file, run.to_toml(&run_file)?.as_bytes())?;
    }
    resume(folder.path(), options)?;
    Ok(folder)
}

/// Checks that the directory holds this run or none.
///
/// # Errors
/// When it holds another run (the message names the settings that differ), or one that cannot be read.
pub fn expect(run: &RunConfig, folder: &RunFolder) -> Result<(), RunError> {
    if !folder.run_file().exists() {
        return Ok(());
    }
    match run.difference(&folder.config()?) {
        None => Ok(()),
        Some(differing) => {
            let message = format!(
                "expected the run that this directory holds, found another one (it differs in {differing}); choose a new directory"
            );
            Err(RunError::Refused { message, path: folder.path().into() })
        }
    }
}

/// Resumes the run in `dir`: a paused one gets a control command, any other a new process.
///
/// # Errors
/// As [`start`].
pub fn resume(dir: &Path, options: &RunOptions) -> Result<(), RunError> {
    let folder = RunFolder::new(dir);
    folder.config()?;
    let (state, status) = folder.state()?;
    match status {
        RunStatus::Paused => return folder.write_control(Control::Resume),
        RunStatus::Queued | RunStatus::Running | RunStatus::Stopping => {
            let message = format!("expected a run without a process, found one that is {}", status.key());
            return Err(RunError::Refused { message, path: folder.path().into() });
        }
        RunStatus::Done | RunStatus::Failed | RunStatus::Cancelled | RunStatus::Interrupted => {}
    }
    folder.clear_control()?;
    let asked = now();
    let queued =
        RunState { epoch: state.epoch, step: state.step, steps: state.steps, elapsed_secs: state.elapsed_secs, ..RunState::queued(asked) };
    folder.write_state(&queued)?;
    match spawn(&folder, options) {
        Ok(child) => {
            // The thread also waits for the child, so that no zombie process stays.
            std::thread::spawn(move || fail_if_it_ends_early(child, &folder, asked));
            Ok(())
        }
        Err(error) => {
            folder.write_state(&RunState { status: RunStatus::Failed, message: Some(error.to_string()), ..queued })?;
            Err(error)
        }
    }
}

fn spawn(folder: &RunFolder, options: &RunOptions) -> Result<Child, RunError> {
    let program = options.worker.program();
    let path = folder.log_file();
    let log = OpenOptions::new().create(true).append(true).open(&path).map_err(|source| RunError::Io { action: "write", source, path })?;
    let arguments = ["train".into(), folder.path().as_os_str().to_owned(), "--device".into(), options.device.to_string().into()];
    let mut command = worker_command(&program, options.worker.threads, arguments);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    command.spawn().map_err(|source| RunError::Start { program, source })
}

/// Waits for the process. One that ended before it wrote a state fails the run.
fn fail_if_it_ends_early(mut child: Child, folder: &RunFolder, asked: f64) {
    let Ok(status) = child.wait() else { return };
    let Ok(Some(state)) = folder.written_state() else { return };
    if !status.success() && state.pid == 0 && state.asked == asked && !folder.is_held() {
        let message = format!("the worker {} before it began; log.txt holds its last lines", describe(status));
        // Where this cannot be written, the directory is gone or full, and there is no place to report it.
        let _ = folder.write_state(&RunState { status: RunStatus::Failed, message: Some(message), ..state });
    }
}

/// Sends a control command to the run in `dir`. [`Control::Pause`] and [`Control::Stop`] take effect at its next step; the state file shows it.
///
/// # Errors
/// When no process trains the run (such a run is resumed by [`resume`]) or the command cannot be written.
pub fn ask(dir: &Path, control: Control) -> Result<(), RunError> {
    let folder = RunFolder::new(dir);
    folder.config()?;
    let (_, status) = folder.state()?;
    if !status.is_under_way() {
        let message = format!("expected a run under way, found one that is {}", status.key());
        return Err(RunError::Refused { message, path: folder.path().into() });
    }
    match control {
        Control::Kill => kill(&folder),
        control => folder.write_control(control),
    }
}

/// The lock names the process that trains, so no other process is killed.
fn kill(folder: &RunFolder) -> Result<(), RunError> {
    let Some(pid) = folder.holder() else {
        let message = "expected a process that trains here, found none; it has just ended or not begun".into();
        return Err(RunError::Refused { message, path: folder.path().into() });
    };
    let pid = pid.to_string();
    let (program, arguments) = if cfg!(windows) { ("taskkill", ["/F", "/PID", &pid]) } else { ("kill", ["-s", "KILL", &pid]) };
    match Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => {
            let message = format!("expected that process {pid} can be killed, `{program}` {}", describe(status));
            Err(RunError::Refused { message, path: folder.path().into() })
        }
        Err(source) => Err(RunError::Start { program: program.into(), source }),
    }
}

/// The runs in `folder` and one folder further down (sweeps), by path; one that cannot be read is an error that names it.
pub fn list(folder: &Path) -> Vec<Result<RunView, RunError>> {
    directories(folder).iter().map(|path| RunFolder::new(path).load()).collect()
}

/// The run directories in `folder` and one folder further down, by path. Reads none of them.
pub fn directories(folder: &Path) -> Vec<PathBuf> {
    let children = |folder: &Path| -> Vec<PathBuf> {
        let mut children: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        children.retain(|child| child.is_dir());
        children.sort();
        children
    };
    let is_run = |path: &Path| RunFolder::new(path).run_file().is_file();
    let mut runs = Vec::new();
    if is_run(folder) {
        runs.push(folder.to_owned());
    } else {
        for child in children(folder) {
            if is_run(&child) {
                runs.push(child);
            } else {
                runs.extend(children(&child).into_iter().filter(|grandchild| is_run(grandchild)));
            }
        }
    }
    runs
}

/// The fine-tuning methods that the worker knows. Starts a worker and ends it.
///
/// # Errors
/// When it cannot be started or dies.
pub fn methods(worker: WorkerOptions) -> Result<Vec<MethodInfo>, RunError> {
    let program = worker.program();
    let handle = WorkerHandle::start(worker, || {});
    let died = |message: String| RunError::Refused { message, path: program.clone() };
    handle.submit(JobSpec::Methods);
    loop {
        match handle.wait_event(ANSWER_TIMEOUT) {
            Some(WorkerEvent::Message(WorkerMessage { event: JobEvent::Done { output: JobOutput::Methods { methods } }, .. })) => {
                return Ok(methods);
            }
            Some(WorkerEvent::Message(WorkerMessage { event: JobEvent::Failed { message }, .. }) | WorkerEvent::Died { message }) => {
                return Err(died(message));
            }
            Some(WorkerEvent::Message(_) | WorkerEvent::OutputLine { .. }) => {}
            None => return Err(died("expected the worker to tell its methods, found no answer".into())),
        }
    }
}

/// A run that is watched: reads only what is new. It blocks for files, so the window calls it from [`Background`](super::Background).
#[derive(Clone, Debug)]
pub struct Follower {
    folder: RunFolder,
    metrics: Lines,
    steps: Lines,
    timing: Lines,
    /// The run as of the last [`Follower::poll`].
    pub view: RunView,
    /// Lines of `steps.jsonl`.
    pub step_lines: Vec<Map<String, Value>>,
    /// Lines of `timing.jsonl`.
    pub timing_lines: Vec<Map<String, Value>>,
}

impl Follower {
    /// Reads the run in `dir`.
    ///
    /// # Errors
    /// When it is no run directory.
    pub fn open(dir: &Path) -> Result<Self, RunError> {
        let folder = RunFolder::new(dir);
        let config = folder.config()?;
        let (state, status) = folder.state()?;
        let view = RunView { dir: folder.path().into(), config, state, status, metrics: Vec::new() };
        let (metrics, steps, timing) =
            (Lines::new(folder.metrics_file()), Lines::new(folder.steps_file()), Lines::new(folder.timing_file()));
        let mut follower = Self { folder, metrics, steps, timing, view, step_lines: Vec::new(), timing_lines: Vec::new() };
        follower.poll()?;
        Ok(follower)
    }

    /// The files of the run.
    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// Reads what is new; whether anything is.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn poll(&mut self) -> Result<bool, RunError> {
        let before = (self.view.state.clone(), self.view.status);
        (self.view.state, self.view.status) = self.folder.state()?;
        let mut changed = before != (self.view.state.clone(), self.view.status);
        if self.view.state.pid != before.0.pid {
            // The process has resolved the configuration, or the run was resumed.
            self.view.config = self.folder.config()?;
        }
        for (lines, kept) in [
            (&mut self.metrics, &mut self.view.metrics),
            (&mut self.steps, &mut self.step_lines),
            (&mut self.timing, &mut self.timing_lines),
        ] {
            let new = lines.read()?;
            changed |= new.anew || !new.lines.is_empty();
            if new.anew {
                kept.clear();
            }
            kept.extend(new.lines);
        }
        Ok(changed)
    }

    /// Polls until the run has no process any more. Calls `observe` after every poll and sends the control command that it returns.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn follow(&mut self, mut observe: impl FnMut(&Follower) -> Option<Control>) -> Result<RunStatus, RunError> {
        const EVERY: Duration = Duration::from_millis(100);
        loop {
            let begun = Instant::now();
            self.poll()?;
            if let Some(control) = observe(self)
                && self.view.status.is_under_way()
            {
                self.folder.write_control(control)?;
            }
            if !self.view.status.is_under_way() {
                return Ok(self.view.status);
            }
            std::thread::sleep(EVERY.saturating_sub(begun.elapsed()));
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn config() -> RunConfig {
        toml::from_str("version = 1\narchitecture = \"resnet8\"\nclasses = 7\nmax_steps = 1\n[method]\nname = \"erm\"\n").unwrap()
    }

    /// A worker of a few lines of shell that holds the lock as the real one does.
    fn options(folder: &Path, body: &str) -> RunOptions {
        use std::os::unix::fs::PermissionsExt;
        let program = folder.join("worker");
        std::fs::write(&program, format!("#!/bin/sh\ncd \"$2\"\n{body}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        RunOptions { worker: WorkerOptions { program: Some(program), ..WorkerOptions::default() }, ..RunOptions::default() }
    }

    fn until(dir: &Path, status: RunStatus) -> RunState {
        let begun = Instant::now();
        loop {
            let (state, found) = RunFolder::new(dir).state().unwrap();
            if found == status {
                return state;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "expected {status:?}, found {found:?}: {state:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    const HOLD: &str = "exec 9>lock; flock 9; printf $$ >lock; echo \"{\\\"pid\\\":$$,\\\"heartbeat\\\":0,\\\"status\\\":\\\"running\\\",\\\"epoch\\\":0,\\\"step\\\":0,\\\"steps\\\":1}\" >new; mv new state.json; exec sleep 60";

    #[test]
    fn a_run_under_way_is_not_started_twice_and_a_killed_one_is_interrupted() {
        let top = tempfile::tempdir().unwrap();
        let (dir, options) = (top.path().join("run"), options(top.path(), HOLD));
        start(&config(), &dir, &options).unwrap();
        until(&dir, RunStatus::Running);
        assert!(start(&config(), &dir, &options).unwrap_err().to_string().contains("found one that is running"));
        ask(&dir, Control::Pause).unwrap();
        assert_eq!(RunFolder::new(&dir).asked(), Some(Control::Pause));
        assert_eq!(until(&dir, RunStatus::Running).status, RunStatus::Running, "nothing is paused until its process says so");
        ask(&dir, Control::Kill).unwrap();
        until(&dir, RunStatus::Interrupted);
        assert!(ask(&dir, Control::Stop).unwrap_err().to_string().contains("found one that is interrupted"));
        start(&config(), &dir, &options).unwrap();
        until(&dir, RunStatus::Running);
        assert_eq!(RunFolder::new(&dir).asked(), None, "a command to a killed process is removed");
        ask(&dir, Control::Kill).unwrap();
    }

    #[test]
    fn a_process_that_ends_before_it_writes_a_state_fails_the_run() {
        let top = tempfile::tempdir().unwrap();
        let dir = top.path().join("run");
        start(&config(), &dir, &options(top.path(), "echo no libtorch >&2; exit 127")).unwrap();
        let state = until(&dir, RunStatus::Failed);
        assert!(state.message.as_ref().unwrap().contains("exit code 127"), "{state:?}");
        assert!(std::fs::read_to_string(RunFolder::new(&dir).log_file()).unwrap().contains("no libtorch"));
    }

    #[test]
    fn another_run_in_the_directory_and_a_missing_worker_are_refused() {
        let top = tempfile::tempdir().unwrap();
        let dir = top.path().join("run");
        let nowhere = RunOptions {
            worker: WorkerOptions { program: Some("/nowhere/worker".into()), ..WorkerOptions::default() },
            ..RunOptions::default()
        };
        let message = start(&config(), &dir, &nowhere).unwrap_err().to_string();
        assert!(message.contains("/nowhere/worker") && message.contains("FLATLAND_WORKER"), "{message}");
        assert_eq!(RunFolder::new(&dir).state().unwrap().1, RunStatus::Failed);
        let other = RunConfig { seed: 1, batch: 7, ..config() };
        let message = start(&other, &dir, &nowhere).unwrap_err().to_string();
        assert!(message.contains("it differs in `batch`, `seed`"), "{message}");
        let missing = RunConfig { checkpoint: Some("/nowhere/x.pt".into()), ..config() };
        let message = start(&missing, &top.path().join("new"), &nowhere).unwrap_err().to_string();
        assert!(message.contains("/nowhere/x.pt") && !top.path().join("new").exists(), "{message}");
    }

    #[test]
    fn runs_are_found_in_a_folder_and_in_the_sweeps_in_it() {
        let top = tempfile::tempdir().unwrap();
        for name in ["b", "sweep/rho=0.1", "sweep/rho=0.2", "a"] {
            let folder = RunFolder::new(&top.path().join(name));
            write_atomic(&folder.run_file(), config().to_toml(&folder.run_file()).unwrap().as_bytes()).unwrap();
        }
        write_atomic(&top.path().join("broken/run.toml"), b"version = 7").unwrap();
        let names: Vec<String> =
            list(top.path()).iter().map(|run| run.as_ref().map_or_else(|error| format!("! {error}"), RunView::name)).collect();
        assert_eq!(names.len(), 5);
        assert_eq!([&names[0], &names[1], &names[3], &names[4]], ["a", "b", "rho=0.1", "rho=0.2"]);
        assert!(names[2].contains("broken"), "{names:?}");
    }
}
