//! Closing an idle window, and one with work in progress.

use egui::{Key, Modifiers, ViewportCommand, ViewportEvent, ViewportId};

use super::*;
use crate::ui::tests::sessions::{settle, study, window};

/// Presses the window's close button; returns whether closing was prevented.
pub(super) fn press_close(harness: &mut Harness<'static, App>) -> bool {
    let close = |harness: &mut Harness<'static, App>| {
        harness.input_mut().viewports.entry(ViewportId::ROOT).or_default().events.push(ViewportEvent::Close);
        harness.step();
        let commands = &harness.output().viewport_output[&ViewportId::ROOT].commands;
        commands.contains(&ViewportCommand::CancelClose)
    };
    let held = close(harness);
    harness.input_mut().viewports.entry(ViewportId::ROOT).or_default().events.clear();
    held
}

fn with_job(fake_worker: &FakeWorker) -> Harness<'static, App> {
    let mut harness = super::harness(fake_worker, 0, false);
    harness.state_mut().state.store.add(landscape_job(CHECKPOINTS[0]), JobState::Waiting);
    harness.run();
    harness
}

#[test]
fn an_idle_window_closes_and_a_busy_one_asks() {
    let mut harness = super::harness(&FakeWorker::default(), 5, false);
    harness.run();
    assert!(!press_close(&mut harness));
    let mut harness = with_job(&FakeWorker::default());
    assert!(press_close(&mut harness));
    harness.run();
    harness.get_by_label("1 analysis is under way");
    press_keys(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.query_by_label("1 analysis is under way").is_none(), "Esc stays");
    assert!(press_close(&mut harness));
    harness.run();
    press(&mut harness, "Cancel");
    assert!(harness.query_by_label("Go on next time").is_none());
}

#[test]
fn go_on_next_time_closes_the_window_and_cancels_nothing() {
    let fake_worker = FakeWorker::default();
    let mut harness = with_job(&fake_worker);
    press_close(&mut harness);
    harness.run();
    press(&mut harness, "Go on next time");
    assert!(!press_close(&mut harness));
    assert!(fake_worker.0.borrow().cancelled.is_empty() && !harness.state().state.kept_session(true).stopped);
}

#[test]
fn stopped_analyses_wait_at_the_next_start_until_they_are_asked_for() {
    let (root, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = study(folder.path());
    let fake_worker = FakeWorker::default();
    let mut harness = window(root.path(), &fake_worker, vec![path]);
    // Both files are read first.
    for _ in 0..2 {
        run_until(&mut harness, |_| fake_worker.0.borrow().asked.last().is_some_and(|(_, spec)| matches!(spec, JobSpec::Inspect { .. })));
        let reading = fake_worker.0.borrow().asked.last().unwrap().0;
        fake_worker.0.borrow_mut().events.push_back(WorkerEvent::Job(reading, JobEvent::Cancelled));
        harness.run();
    }
    run_until(&mut harness, |_| fake_worker.0.borrow().asked.len() == 3);
    press_close(&mut harness);
    harness.run();
    harness.get_by_label("Stop and close").click();
    run_until(&mut harness, |app| app.state.runs_asked_to_stop);
    assert!(press_close(&mut harness), "the worker has not let go yet");
    let running = fake_worker.0.borrow().asked[2].0;
    assert_eq!(fake_worker.0.borrow().cancelled, [running]);
    fake_worker.0.borrow_mut().events.push_back(WorkerEvent::Job(running, JobEvent::Cancelled));
    harness.run();
    assert!(!press_close(&mut harness));
    harness.state_mut().keep_before_exit();
    drop(harness);

    let fake_worker = FakeWorker::default();
    let mut harness = window(root.path(), &fake_worker, Vec::new());
    run_until(&mut harness, |app| app.state.store.jobs.values().any(|job| job.state == JobState::Cancelled));
    settle(&mut harness);
    let analyses =
        harness.state().state.store.jobs.values().filter(|job| !matches!(job.spec, JobSpec::Inspect { .. })).cloned().collect::<Vec<_>>();
    assert!(!analyses.is_empty() && analyses.iter().all(|job| job.state == JobState::Cancelled), "{analyses:?}");
}
