//! [`serve`]: one thread reads requests from stdin, the calling thread computes, events are written to stdout.

use std::any::Any;
use std::io::{BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use flatland_core::job::{JobEvent, JobId, JobSpec, Reporter, WorkerMessage, WorkerRequest};

use super::JobExecutor;
use super::queue::{JobControl, Queue};

/// How long the running job may take to stop when stdin closes.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// Runs requested jobs until stdin closes. Then the client has gone: the running job is stopped and the process exits.
pub fn serve() {
    let queue = Arc::new(Queue::default());
    let listener = queue.clone();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            match serde_json::from_str(&line) {
                Ok(WorkerRequest::Run { id, spec }) => listener.push(id, spec),
                Ok(WorkerRequest::Cancel { id }) if listener.cancel(id) => send(id, JobEvent::Cancelled),
                Ok(WorkerRequest::Cancel { .. }) => {}
                Ok(WorkerRequest::Pause { id, paused }) => listener.pause(id, paused),
                Err(error) => eprintln!("flatland-worker: expected a request as one line of JSON: {error}"),
            }
        }
        listener.close();
        std::thread::sleep(STOP_TIMEOUT);
        std::process::exit(0);
    });
    let mut executor = JobExecutor::default();
    while let Some((id, spec, control)) = queue.next() {
        let end = run(&mut executor, id, &spec, &control);
        send(id, end);
    }
}

/// Runs one job; an error or a panic becomes [`JobEvent::Failed`].
fn run(executor: &mut JobExecutor, id: JobId, spec: &JobSpec, control: &Arc<JobControl>) -> JobEvent {
    send(id, JobEvent::Started);
    let mut reporter = LineReporter { id, control: control.clone() };
    let result = catch_unwind(AssertUnwindSafe(|| executor.run(spec, &mut reporter)));
    let message = match result {
        Ok(Ok(output)) => return JobEvent::Done { output },
        Ok(Err(error)) => error.to_string(),
        Err(panic) => format!("internal error (a bug in Flatland): {}", panic_message(panic.as_ref())),
    };
    if control.cancelled() {
        return JobEvent::Cancelled;
    }
    // A loaded network or dataset may be the cause, or may lie on a failed device.
    executor.forget();
    JobEvent::Failed { message }
}

/// The message of a panic.
pub(super) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

struct LineReporter {
    id: JobId,
    control: Arc<JobControl>,
}

impl Reporter for LineReporter {
    fn report(&mut self, event: JobEvent) {
        send(self.id, event);
    }

    fn cancelled(&self) -> bool {
        self.control.wait(|begins| send(self.id, if begins { JobEvent::Paused } else { JobEvent::Resumed }))
    }
}

/// Writes one line to stdout. A closed pipe is ignored: stdin closes as well and ends the process.
fn send(id: JobId, event: JobEvent) {
    if let Ok(mut line) = serde_json::to_string(&WorkerMessage { id, event }) {
        line.push('\n');
        let mut stdout = std::io::stdout().lock();
        let _ = stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush());
    }
}
