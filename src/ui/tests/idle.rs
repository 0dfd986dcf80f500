//! A window without changes requests no frames.

use std::time::Duration;

use super::*;

/// Time until the window requests the next frame, after everything has settled.
fn wait(harness: &mut Harness<'static, App>) -> Duration {
    harness.run();
    harness.output().viewport_output[&egui::ViewportId::ROOT].repaint_delay
}

#[test]
fn an_idle_window_requests_no_frame() {
    let mut harness = harness(&FakeWorker::default(), 5, false);
    for tab in crate::ui::tab_keys().into_iter().map(Tab::new).filter(|tab| *tab != Tab::RUNS) {
        harness.state_mut().state.session.view.tab = tab.clone();
        // Wait until the run directories were read first.
        run_until(&mut harness, |app| app.state.runs.run_list.was_read);
        assert_eq!(wait(&mut harness), Duration::MAX, "{}", tab.key());
    }
}

#[test]
fn while_a_job_runs_one_frame_a_second_is_requested() {
    let mut harness = harness(&FakeWorker::default(), 5, false);
    harness.run();
    if let Some(job) = harness.state_mut().state.store.jobs.values_mut().next() {
        job.state = JobState::Running;
    }
    let wait = wait(&mut harness);
    assert!(wait > Duration::from_millis(900) && wait <= Duration::from_secs(1), "{wait:?}");
}
