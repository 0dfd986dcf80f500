//! [`WorkerProcess`]: the worker as a child process, with one thread for each of its three pipes.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{WorkerMessage, WorkerRequest};

/// What comes out of a worker.
pub(super) enum Output {
    /// A line of the protocol.
    Message(WorkerMessage),
    /// A line that is not of the protocol.
    Line(String),
    /// Its stdout is closed: the process has ended or is about to.
    Closed,
}

/// The last lines that are not part of the protocol, for the message when the process ends unexpectedly.
#[derive(Clone, Default)]
struct StderrTail(Arc<Mutex<VecDeque<String>>>);

impl StderrTail {
    const LINES: usize = 12;
    const CHARACTERS: usize = 500;

    fn push(&self, line: &str) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == Self::LINES {
            lines.pop_front();
        }
        lines.push_back(line.chars().take(Self::CHARACTERS).collect());
    }

    fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

/// The command that starts a worker with `arguments`, the subcommand first, on `threads` threads. It gets a process group of its own:
/// Ctrl-C in a terminal is sent to a whole group, and a worker is cancelled by its protocol instead.
pub(super) fn worker_command<S: AsRef<OsStr>>(program: &Path, threads: Option<usize>, arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    if let Some(threads) = threads {
        command.arg("--threads").arg(threads.to_string());
    }
    // f32 means IEEE float32 on a GPU too.
    command.env("NVIDIA_TF32_OVERRIDE", "0");
    // By default OpenMP's threads spin while they wait for each other. Beside another busy process that doubles the time of both.
    if std::env::var_os("OMP_WAIT_POLICY").is_none() {
        command.env("OMP_WAIT_POLICY", "passive");
        // Spinning for some hundred microseconds makes a training step 3 to 6 % faster (docs/benchmarks/training-cpu.md).
        if std::env::var_os("GOMP_SPINCOUNT").is_none() {
            command.env("GOMP_SPINCOUNT", "30000");
        }
    }
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
}

pub(super) struct WorkerProcess {
    child: Child,
    requests: Sender<String>,
    stderr_tail: StderrTail,
}

impl WorkerProcess {
    /// Starts `program serve`, with `tf32` for landscapes in that precision. `report` is called with every line and with the end.
    pub(super) fn spawn(
        program: &Path,
        threads: Option<usize>,
        tf32: bool,
        report: impl Fn(Output) + Clone + Send + 'static,
    ) -> std::io::Result<Self> {
        let mut command = worker_command(program, threads, ["serve"]);
        if tf32 {
            command.env_remove("NVIDIA_TF32_OVERRIDE");
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let stderr_tail = StderrTail::default();
        let (requests, lines) = channel::<String>();
        let pipe = || std::io::Error::other("no pipe to the worker");
        let mut stdin = child.stdin.take().ok_or_else(pipe)?;
        let stdout = child.stdout.take().ok_or_else(pipe)?;
        let stderr = child.stderr.take().ok_or_else(pipe)?;
        thread("worker stdin", move || {
            // Ends when the sender is dropped; the closing pipe then ends the worker.
            while let Ok(line) = lines.recv() {
                if stdin.write_all(line.as_bytes()).and_then(|()| stdin.flush()).is_err() {
                    return;
                }
            }
        })?;
        let aside = {
            let (tail, report) = (stderr_tail.clone(), report.clone());
            move |line: &str| {
                tail.push(line);
                report(Output::Line(line.chars().take(StderrTail::CHARACTERS).collect()));
            }
        };
        let of_stderr = aside.clone();
        thread("worker stderr", move || read_lines(stderr, of_stderr))?;
        thread("worker stdout", move || {
            read_lines(stdout, |line| match serde_json::from_str(line) {
                Ok(message) => report(Output::Message(message)),
                Err(_) => aside(line),
            });
            report(Output::Closed);
        })?;
        Ok(Self { child, requests, stderr_tail })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Queues a request. A worker that has ended does not get it; its end is reported by [`Output::Closed`].
    pub(super) fn send(&self, request: &WorkerRequest) {
        if let Ok(mut line) = serde_json::to_string(request) {
            line.push('\n');
            let _ = self.requests.send(line);
        }
    }

    /// Closes its stdin, waits up to `grace` for it to end, then kills it.
    pub(super) fn end(self, grace: Duration) {
        let Self { mut child, requests, .. } = self;
        drop(requests);
        wait(&mut child, grace);
    }

    /// How it ended, with the last lines that it wrote.
    pub(super) fn end_message(mut self) -> String {
        let pid = self.pid();
        let status = wait(&mut self.child, Duration::from_millis(500));
        // The thread that reads stderr may not have got the last lines yet.
        std::thread::sleep(Duration::from_millis(30));
        let how = status.map_or_else(|| "could not be waited for".to_owned(), describe);
        let tail = self.stderr_tail.text();
        let tail = if tail.is_empty() { String::new() } else { format!("; its last lines:\n{tail}") };
        format!("the worker (process {pid}) {how}{tail}")
    }
}

fn thread(name: &str, body: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    std::thread::Builder::new().name(name.into()).spawn(body).map(|_| ())
}

/// Calls `receive` with every line until the pipe closes. Bytes that are not UTF-8 are replaced.
fn read_lines(pipe: impl Read, mut receive: impl FnMut(&str)) {
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => receive(String::from_utf8_lossy(&line).trim_end()),
        }
    }
}

/// Waits `grace`, then kills.
fn wait(child: &mut Child, grace: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + grace;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(10)),
            _ => break,
        }
    }
    let _ = child.kill();
    child.wait().ok()
}

/// How a process ended, as the end of a sentence.
pub(super) fn describe(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        let name = match signal {
            2 => " (interrupted)",
            4 => " (illegal instruction)",
            6 => " (aborted)",
            7 | 10 => " (bus error)",
            9 => " (killed, by someone or for lack of memory)",
            11 => " (segmentation fault)",
            15 => " (terminated)",
            _ => "",
        };
        return format!("was ended by signal {signal}{name}");
    }
    match status.code() {
        Some(127) => "ended with exit code 127 (a shared library such as libtorch was not found)".into(),
        Some(code) => format!("ended with exit code {code}"),
        None => "ended".into(),
    }
}
