#![allow(clippy::unwrap_used)]
use std::sync::atomic::AtomicUsize;

use super::*;
use crate::session::NetworkChoice;

const PATIENCE: Duration = Duration::from_secs(60);

/// A worker of a few lines of shell: enough to see how the handle treats a good and a bad one.
fn worker(body: &str) -> (tempfile::TempDir, WorkerOptions) {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("worker");
    std::fs::write(&program, format!("#!/bin/sh\n{body}\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    (folder, WorkerOptions { program: Some(program), ..WorkerOptions::default() })
}

const ANSWER: &str = r#"while read -r line; do
    id=$(echo "$line" | sed 's/.*"id":\([0-9]*\).*/\1/')
    echo "{\"id\":$id,\"event\":{\"event\":\"started\"}}"
    case "$line" in
        *finish*) echo "{\"id\":$id,\"event\":{\"event\":\"done\",\"output\":{\"output\":\"folder\",\"path\":\"/o\"}}}" ;;
        *crash*) echo "last line" >&2; kill -9 $$ ;;
        *hang*) exec sleep 60 ;;
    esac
done"#;

fn job(path: &str) -> JobSpec {
    JobSpec::Inspect { path: path.into(), choice: NetworkChoice::default() }
}

fn until(handle: &WorkerHandle, stop: impl Fn(&WorkerEvent) -> bool) -> Vec<WorkerEvent> {
    let mut events = Vec::new();
    while !events.last().is_some_and(&stop) {
        events.push(handle.wait_event(PATIENCE).unwrap());
    }
    events
}

fn ends(id: JobId) -> impl Fn(&WorkerEvent) -> bool {
    move |event| matches!(event, WorkerEvent::Message(m) if m.id == id && !matches!(m.event, JobEvent::Started))
}

#[test]
fn events_come_in_order_and_each_wakes_the_window() {
    let (_folder, options) = worker(ANSWER);
    let wakes = Arc::new(AtomicUsize::new(0));
    let counter = wakes.clone();
    let handle = WorkerHandle::start(options, move || {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    let id = handle.submit(job("finish"));
    let events = until(&handle, ends(id));
    assert!(matches!(
        &events[..],
        [
            WorkerEvent::Message(WorkerMessage { event: JobEvent::Started, .. }),
            WorkerEvent::Message(WorkerMessage { event: JobEvent::Done { .. }, .. }),
        ]
    ));
    assert!(handle.pid().is_some());
    drop(handle);
    assert_eq!(wakes.load(Ordering::SeqCst), 2);
}

#[test]
fn a_killed_worker_fails_its_jobs_says_how_it_died_and_can_be_restarted() {
    let (_folder, options) = worker(ANSWER);
    let handle = WorkerHandle::start(options, || {});
    let id = handle.submit(job("crash"));
    let events = until(&handle, |event| matches!(event, WorkerEvent::Died { .. }));
    let failed = events.iter().find(|event| ends(id)(event)).unwrap();
    assert!(matches!(failed, WorkerEvent::Message(WorkerMessage { event: JobEvent::Failed { .. }, .. })));
    let Some(WorkerEvent::Died { message }) = events.last() else { unreachable!() };
    assert!(message.contains("signal 9") && message.contains("last line"), "{message}");
    assert_eq!(handle.pid(), None);

    handle.restart();
    let id = handle.submit(job("finish"));
    let events = until(&handle, ends(id));
    assert!(matches!(events.last(), Some(WorkerEvent::Message(WorkerMessage { event: JobEvent::Done { .. }, .. }))));
}

#[test]
fn a_worker_that_does_not_answer_a_cancel_is_replaced_and_the_waiting_jobs_run() {
    let (_folder, options) = worker(ANSWER);
    let handle = WorkerHandle::start(options, || {});
    let (hanging, waiting) = (handle.submit(job("hang")), handle.submit(job("finish")));
    handle.wait_event(PATIENCE).unwrap();
    let asked = Instant::now();
    handle.cancel(hanging);
    let events = until(&handle, ends(hanging));
    // The job hangs for a minute. The worker is given 0.8 s to stop; the rest is for a loaded machine.
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    assert!(matches!(events.last(), Some(WorkerEvent::Message(WorkerMessage { event: JobEvent::Cancelled, .. }))));
    let events = until(&handle, ends(waiting));
    assert!(matches!(events.last(), Some(WorkerEvent::Message(WorkerMessage { event: JobEvent::Done { .. }, .. }))));
}

#[test]
fn a_worker_that_is_not_there_is_a_clear_message() {
    let options = WorkerOptions { program: Some("/nowhere/flatland-worker".into()), ..WorkerOptions::default() };
    let handle = WorkerHandle::start(options, || {});
    let Some(WorkerEvent::Died { message }) = handle.wait_event(PATIENCE) else { panic!("expected a death") };
    assert!(message.contains("/nowhere/flatland-worker") && message.contains("FLATLAND_WORKER"), "{message}");
    let id = handle.submit(job("finish"));
    let events = until(&handle, ends(id));
    assert!(matches!(&events[..], [WorkerEvent::Message(WorkerMessage { event: JobEvent::Failed { .. }, .. })]));
}
