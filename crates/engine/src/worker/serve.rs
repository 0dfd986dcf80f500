//! [`serve`]: one thread listens on stdin, this one works, lines go out on stdout.

use std::any::Any;
use std::io::{BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use flatland_core::job::{JobEvent, JobId, JobSpec, Reporter, WorkerMessage, WorkerRequest};

use super::Bench;
use super::queue::{Queue, Reins};

/// How long the running job may take to stop when stdin closes.
const LAST_ORDERS: Duration = Duration::from_secs(2);

/// Answers requests until stdin closes: whoever asked is gone then, so what runs is stopped and the process ends.
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
        std::thread::sleep(LAST_ORDERS);
        std::process::exit(0);
    });
    let mut bench = Bench::default();
    while let Some((id, spec, reins)) = queue.next() {
        let end = run(&mut bench, id, &spec, &reins);
        send(id, end);
    }
}

/// Runs one job; an error or a panic becomes [`JobEvent::Failed`].
fn run(bench: &mut Bench, id: JobId, spec: &JobSpec, reins: &Arc<Reins>) -> JobEvent {
    send(id, JobEvent::Started);
    let mut reporter = LineReporter { id, reins: reins.clone() };
    let result = catch_unwind(AssertUnwindSafe(|| bench.run(spec, &mut reporter)));
    let message = match result {
        Ok(Ok(output)) => return JobEvent::Done { output },
        Ok(Err(error)) => error.to_string(),
        Err(panic) => format!("internal error (a bug in Flatland): {}", panic_message(panic.as_ref())),
    };
    if reins.cancelled() {
        return JobEvent::Cancelled;
    }
    // What was loaded may be what went wrong, or lie on a device that no longer answers.
    bench.forget();
    JobEvent::Failed { message }
}

/// What a panic said.
pub(super) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

struct LineReporter {
    id: JobId,
    reins: Arc<Reins>,
}

impl Reporter for LineReporter {
    fn report(&mut self, event: JobEvent) {
        send(self.id, event);
    }

    fn cancelled(&self) -> bool {
        self.reins.wait(|begins| send(self.id, if begins { JobEvent::Paused } else { JobEvent::Resumed }))
    }
}

/// One line on stdout. A closed pipe is not noticed here: stdin closes with it.
fn send(id: JobId, event: JobEvent) {
    if let Ok(mut line) = serde_json::to_string(&WorkerMessage { id, event }) {
        line.push('\n');
        let mut stdout = std::io::stdout().lock();
        let _ = stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush());
    }
}
