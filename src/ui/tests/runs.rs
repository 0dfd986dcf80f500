//! The runs tab by its accessible labels, on run directories written by the tests.

use crate::ui::state::worker_event::WorkerEvent;
use std::path::{Path, PathBuf};

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use super::{press, press_keys, run_until};
use crate::ui::command::{Command, RunCommand};
use crate::ui::state::run::tests::methods;
use crate::ui::tests::closing::press_close;
use crate::ui::tests::fixtures::{FakeWorker, inspection, session};
use crate::ui::update::App;
use crate::ui::work::worker_client::WorkerClient;
use flatland_core::job::runs::RunOptions;
use flatland_core::job::{Control, JobEvent, JobOutput, JobSpec, Pace, RunConfig, RunFolder, RunLock, RunState, RunStatus, WorkerOptions};
use flatland_core::session::{DatasetEntry, NetworkChoice, Role, Tab};

/// A run of two epochs of four steps in `root/name`.
fn write_run(root: &Path, name: &str, rho: f64, status: RunStatus, asked: f64) -> RunFolder {
    let text = format!(
        "version = 1\nseed = 4\ncheckpoint = \"/nets/start.safetensors\"\narchitecture = \"resnet8\"\nclasses = 7\nnormalization = \"half\"\n\
         epochs = 2\nbatch = 32\n[method]\nname = \"dr_sam\"\nrho = {rho}\n[[dataset]]\nname = \"digits\"\nrole = \"train\"\npath = \"demo:train\"\n"
    );
    let folder = RunFolder::new(&root.join(name));
    let write = |path: PathBuf, text: String| flatland_core::result::write_atomic(&path, text.as_bytes()).unwrap();
    write(folder.run_file(), text);
    let state = RunState { status, pid: 1, epoch: 2, step: 8, steps: 8, elapsed_secs: 75.0, ..RunState::queued(asked) };
    folder.write_state(&state).unwrap();
    let epochs =
        (0..3).map(|k| format!("{{\"epoch\":{k},\"step\":{},\"id_accuracy\":{},\"far_fpr95\":0.25}}\n", 4 * k, 0.5 + 0.1 * f64::from(k)));
    write(folder.metrics_file(), epochs.collect());
    let steps = (1..=8).map(|k| format!("{{\"step\":{k},\"train_loss\":{},\"lr\":0.01}}\n", 1.0 / (rho + f64::from(k))));
    write(folder.steps_file(), steps.collect());
    folder
}

/// The window on the runs tab with the runs of `root`.
fn harness(root: &Path, fake_worker: &FakeWorker, options: RunOptions) -> Harness<'static, App> {
    let (fake_worker, root) = (fake_worker.clone(), root.to_owned());
    let mut harness = Harness::builder().with_size([1480.0, 920.0]).with_max_steps(40).build_eframe(move |cc| {
        let mut app = App::new(&cc.egui_ctx, WorkerClient::new(Box::new(fake_worker.clone())), options, Vec::new(), Tab::RUNS);
        app.commands.push(Command::Run(RunCommand::LookInto(root)));
        app
    });
    run_until(&mut harness, |app| app.state.runs.run_list.was_read);
    harness
}

fn quiet(root: &Path) -> Harness<'static, App> {
    harness(root, &FakeWorker::default(), RunOptions::default())
}

/// Opens the form with all its fields, and reports the methods.
pub(super) fn open_form(harness: &mut Harness<'static, App>, fake_worker: &FakeWorker) {
    let app = harness.state_mut();
    app.state.session = flatland_core::session::Session { view: app.state.session.view.clone(), ..session() };
    app.state.store.inspections.insert(("/nowhere/Pretrained.safetensors".into(), NetworkChoice::default()), inspection("Pretrained"));
    for (name, role) in [("digits train", Role::Train), ("blobs", Role::Outliers)] {
        app.state.session.datasets.push(DatasetEntry {
            name: name.into(),
            role,
            path: format!("demo:{}", role.key()).into(),
            format: None,
            split: None,
            limit: Some(96),
            first: None,
            corruption: None,
            assumed: Default::default(),
            classes: None,
        });
    }
    app.state.session.checkpoints[0].path = "/nowhere/Pretrained.safetensors".into();
    press(harness, "New run…");
    report_methods(harness, fake_worker);
}

fn report_methods(harness: &mut Harness<'static, App>, fake_worker: &FakeWorker) {
    let asked =
        fake_worker.0.borrow().asked.iter().find(|(_, spec)| *spec == JobSpec::Methods).map(|(id, _)| *id).expect("methods are asked for");
    let output = JobOutput::Methods { methods: methods() };
    fake_worker.0.borrow_mut().events.push_back(WorkerEvent::Job(asked, JobEvent::Done { output }));
    harness.run();
}

/// Replaces the text of a field.
fn fill(harness: &mut Harness<'static, App>, label: &str, text: &str) {
    harness.get_by_label(label).focus();
    harness.run();
    press_keys(harness, egui::Modifiers::COMMAND, egui::Key::A);
    harness.get_by_label(label).type_text(text);
    harness.run();
}

#[test]
fn the_folder_of_the_runs_comes_back_with_the_session() {
    let folder = tempfile::tempdir().unwrap();
    write_run(folder.path(), "one", 0.5, RunStatus::Done, 1.0);
    let mut first = quiet(folder.path());
    first.run();
    let text = first.state().state.session.to_toml(Path::new("/elsewhere")).unwrap();
    let mut second = Harness::builder().build_eframe(move |cc| {
        let mut app =
            App::new(&cc.egui_ctx, WorkerClient::new(Box::new(FakeWorker::default())), RunOptions::default(), Vec::new(), Tab::RUNS);
        app.state.session = toml::from_str(&text).unwrap();
        app
    });
    run_until(&mut second, |app| app.state.runs.run_list.runs.len() == 1);
    // A session without a folder uses the default folder of runs.
    second.state_mut().execute(Command::NewSession);
    run_until(&mut second, |app| app.state.runs.root != folder.path());
}

#[test]
fn an_empty_folder_says_what_to_do_next() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = quiet(folder.path());
    harness.run();
    harness.get_by_label("Start a run with New run, and watch it here.");
}

#[test]
fn runs_are_listed_with_their_states_and_their_curves_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    write_run(folder.path(), "wide", 0.5, RunStatus::Done, 1.0);
    write_run(folder.path(), "narrow", 0.05, RunStatus::Running, 2.0);
    let mut harness = quiet(folder.path());
    harness.run();
    harness.get_by_label("done");
    // No process holds the lock, so the run has ended, whatever its last state was.
    harness.get_by_label("interrupted");
    harness.get_by_label("Resume run narrow");
    assert_eq!(harness.get_all_by_label("dr_sam · epoch 2 of 2 · 1 min 15 s").count(), 2);
    harness.get_by_label_contains("ID accuracy: wide 70.0 %, narrow 70.0 %");
    harness.get_by_label_contains("Training loss: wide 0.1176, narrow 0.1242");
    harness.get_by_label_contains("Far FPR@95: wide 25.0 %, narrow 25.0 %");
    harness.get_by_label("method.rho");
    assert!(harness.query_by_label("seed").is_none() && harness.query_by_label("batch").is_none(), "only what differs");
    press(&mut harness, "Show run wide");
    assert!(harness.query_by_label_contains("ID accuracy: wide").is_none());
    harness.get_by_label_contains("ID accuracy: narrow 70.0 %");
    assert!(harness.query_by_label("method.rho").is_none(), "one run differs from nothing");
}

#[test]
fn axes_smoothing_and_metrics_are_chosen() {
    let folder = tempfile::tempdir().unwrap();
    write_run(folder.path(), "one", 0.5, RunStatus::Done, 1.0);
    let mut harness = quiet(folder.path());
    harness.run();
    for label in ["step", "minutes", "epoch", "Log y"] {
        press(&mut harness, label);
    }
    harness.get_by_label("Smoothing");
    harness.get_by_label_contains("Learning rate: one 0.0100");
    harness.get_by_label_contains("Metrics").click();
    harness.run();
    press(&mut harness, "Learning rate");
    assert!(harness.query_by_label_contains("Learning rate: one").is_none());
    let plot = harness.get_by_label_contains("Training loss: one").rect();
    harness.hover_at(plot.center());
    harness.run();
    harness.get_by_label_contains("Training loss at epoch");
}

#[test]
fn a_run_that_is_killed_or_written_meanwhile_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let run = write_run(folder.path(), "one", 0.5, RunStatus::Running, 1.0);
    let lock: RunLock = run.lock().unwrap();
    let mut harness = quiet(folder.path());
    harness.run();
    harness.get_by_label("running");
    harness.get_by_label("Pause run one").click();
    let start = std::time::Instant::now();
    while run.asked() != Some(Control::Pause) {
        assert!(start.elapsed().as_secs() < 60, "the request is written");
        harness.run();
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    harness.get_by_label("running");
    let state = RunState { status: RunStatus::Paused, pid: 1, ..RunState::queued(1.0) };
    run.write_state(&state).unwrap();
    run_until(&mut harness, |app| app.state.runs.run_list.runs.values().all(|run| run.view.status == RunStatus::Paused));
    harness.get_by_label("Resume run one");
    drop(lock);
    run_until(&mut harness, |app| app.state.runs.run_list.runs.values().all(|run| run.view.status == RunStatus::Interrupted));
    write_run(folder.path(), "two", 0.5, RunStatus::Done, 2.0);
    run_until(&mut harness, |app| app.state.runs.run_list.runs.len() == 2);
    harness.get_by_label("Show run two");
}

#[test]
fn closing_with_a_run_asks_and_stopping_requests_it_to_stop() {
    let root = tempfile::tempdir().unwrap();
    let run = write_run(root.path(), "mine", 0.1, RunStatus::Running, 1.0);
    let _lock: RunLock = run.lock().unwrap();
    let mut harness = quiet(root.path());
    run_until(&mut harness, |app| app.state.counts_in_progress() == (0, 1));
    assert!(press_close(&mut harness));
    harness.run_ok();
    harness.get_by_label("1 run is under way");
    harness.get_by_label("Keep running").click();
    harness.run_ok();
    assert!(!press_close(&mut harness));
    assert_eq!(run.asked(), None, "it goes on");
    harness.state_mut().state.closing = Default::default();
    assert!(press_close(&mut harness));
    harness.run_ok();
    harness.get_by_label("Stop and close").click();
    run_until(&mut harness, |app| app.state.runs_asked_to_stop);
    assert_eq!(run.asked(), Some(Control::Stop));
    harness.run_ok();
    assert!(!press_close(&mut harness), "the run ends by itself; nothing waits for it");
}

#[test]
fn a_finished_run_joins_the_session_with_one_click() {
    let folder = tempfile::tempdir().unwrap();
    let run = write_run(folder.path(), "mine", 0.5, RunStatus::Done, 1.0);
    flatland_core::result::write_atomic(&run.best_weights(), b"weights").unwrap();
    flatland_core::result::write_atomic(&run.last_weights(), b"other weights").unwrap();
    let mut harness = quiet(folder.path());
    harness.run();
    press(&mut harness, "Add to session the best weights of run mine");
    let checkpoint = harness.state().state.session.checkpoints.last().unwrap().clone();
    assert_eq!((checkpoint.name.as_str(), checkpoint.path), ("mine", run.best_weights()));
    assert_eq!(checkpoint.architecture.as_deref(), Some("resnet8"));
    assert_eq!(checkpoint.normalization, run.config().unwrap().normalization);
    harness.get_by_label("Close checkpoint mine");
    press(&mut harness, "Add to session the best weights of run mine");
    assert_eq!(harness.state().state.session.checkpoints.len(), 1, "once is enough");
    // The last weights are different ones, and the label says so.
    press(&mut harness, "Add to session the last weights of run mine");
    assert_eq!(harness.state().state.session.checkpoints.last().unwrap().path, run.last_weights());
    harness.get_by_label_contains("to the session with its last weights");
}

#[test]
fn the_form_is_made_from_what_the_worker_can_train_with() {
    let (folder, fake_worker) = (tempfile::tempdir().unwrap(), FakeWorker::default());
    let mut harness = harness(folder.path(), &fake_worker, RunOptions::default());
    open_form(&mut harness, &fake_worker);
    assert_eq!(harness.query_all_by_label("resnet8 · 8 classes · 78,042 parameters").count(), 2, "at the left and in the form");
    assert!(harness.query_by_label("rho").is_none(), "ERM has no hyperparameters");
    harness.get_by_role_and_label(egui::accesskit::Role::ComboBox, "Method").click();
    harness.run();
    press(&mut harness, "DR_SAM");
    for label in
        ["rho", "lambda", "steps", "reading", "adaptive", "augmentation", "severity", "Outlier batch", "Outliers", "images of blobs"]
    {
        assert!(harness.query_all_by_label(label).count() > 0, "{label}");
    }
    assert_eq!(harness.get_by_role_and_label(egui::accesskit::Role::TextInput, "rho").value(), Some("0.5".into()));
}

#[test]
fn errors_are_shown_at_their_fields_and_nothing_starts_until_they_are_corrected() {
    let (folder, fake_worker) = (tempfile::tempdir().unwrap(), FakeWorker::default());
    let mut harness = harness(folder.path(), &fake_worker, RunOptions::default());
    open_form(&mut harness, &fake_worker);
    fill(&mut harness, "Learning rate", "-1");
    harness.get_by_label("expected a number above 0, found `-1`");
    harness.get_by_label("Cannot start yet: expected a number above 0, found `-1`");
    press(&mut harness, "Start run");
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "nothing is started");
    fill(&mut harness, "Learning rate", "0.1");
    assert!(harness.query_by_label_contains("Cannot start yet").is_none());
}

#[test]
fn without_an_earlier_run_the_worker_times_a_few_steps() {
    let (folder, fake_worker) = (tempfile::tempdir().unwrap(), FakeWorker::default());
    let mut harness = harness(folder.path(), &fake_worker, RunOptions::default());
    open_form(&mut harness, &fake_worker);
    harness.get_by_label_contains("this folder has no run of a resnet8 to compare with");
    let mut answer = |event: JobEvent| {
        press(&mut harness, "Time a few steps");
        let asked = fake_worker.0.borrow().asked.last().cloned();
        let Some((id, JobSpec::Pace { run, .. })) = asked else { panic!("expected a trial, found {asked:?}") };
        assert_eq!((run.method.name.as_str(), run.batch), ("erm", 128));
        harness.get_by_label("Timing a few steps…");
        fake_worker.0.borrow_mut().events.push_back(WorkerEvent::Job(id, event));
        harness.run();
    };
    answer(JobEvent::Failed { message: "expected images in `digits train`, found none".into() });
    let pace = Pace { architecture: "resnet8".into(), images: 96, step_secs: 2.0, timed: 5, evaluation_secs: 0.0 };
    answer(JobEvent::Done { output: JobOutput::Pace(pace) });
    harness.get_by_label("About 20 s: 10 steps at 2.00 s, as 5 steps took in a trial");
    assert!(harness.query_by_label("Time a few steps").is_none(), "nothing would tell better");
}

/// A worker that is a shell script and does nothing.
#[cfg(unix)]
fn idle_worker(folder: &Path) -> RunOptions {
    use std::os::unix::fs::PermissionsExt;
    let program = folder.join("worker");
    std::fs::write(&program, "#!/bin/sh\nexec sleep 5\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    RunOptions { worker: WorkerOptions { program: Some(program), ..WorkerOptions::default() }, ..RunOptions::default() }
}

#[test]
#[cfg(unix)]
fn start_writes_the_run_and_the_list_shows_it_queued() {
    let (folder, tools, fake_worker) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), FakeWorker::default());
    let mut harness = harness(folder.path(), &fake_worker, idle_worker(tools.path()));
    open_form(&mut harness, &fake_worker);
    let checkpoint = tools.path().join("start.safetensors");
    std::fs::write(&checkpoint, b"weights").unwrap();
    fill(&mut harness, "Path", &checkpoint.display().to_string());
    fill(&mut harness, "Epochs", "3");
    fill(&mut harness, "Name", "mine");
    press(&mut harness, "Start run");
    run_until(&mut harness, |app| app.state.message.is_some());
    assert!(harness.state().state.runs.form.is_none(), "{:?}", harness.state().state.message);
    // The directory exists before the process has written its state.
    run_until(&mut harness, |app| app.state.runs.run_list.runs.values().any(|run| run.view.status == RunStatus::Queued));
    harness.run();
    harness.get_by_label("queued");
    let run: RunConfig = RunFolder::new(&folder.path().join("mine")).config().unwrap();
    assert_eq!((run.epochs, run.method.name.as_str(), run.checkpoint), (Some(3), "erm", Some(checkpoint)));
    assert!(run.datasets.iter().any(|entry| entry.role == Role::Train && entry.limit == Some(96)));
}

#[test]
fn a_start_that_fails_keeps_the_form_and_says_why() {
    let (folder, fake_worker) = (tempfile::tempdir().unwrap(), FakeWorker::default());
    let mut harness = harness(folder.path(), &fake_worker, RunOptions::default());
    open_form(&mut harness, &fake_worker);
    press(&mut harness, "Start run");
    run_until(&mut harness, |app| app.state.message.as_ref().is_some_and(|message| message.is_error));
    harness.run();
    harness.get_by_label_contains("/nowhere/Pretrained.safetensors)");
    assert!(harness.state().state.runs.form.is_some());
}

#[test]
fn a_run_is_repeated_with_changes() {
    let (folder, fake_worker) = (tempfile::tempdir().unwrap(), FakeWorker::default());
    write_run(folder.path(), "first", 0.125, RunStatus::Done, 1.0);
    let mut harness = harness(folder.path(), &fake_worker, RunOptions::default());
    harness.run();
    press(&mut harness, "Repeat with changes run first");
    report_methods(&mut harness, &fake_worker);
    harness.get_by_label("New run, as first with changes");
    assert_eq!(harness.get_by_role_and_label(egui::accesskit::Role::TextInput, "rho").value(), Some("0.125".into()));
    let draft = &harness.state().state.runs.form.as_ref().unwrap().draft;
    assert_eq!((draft.seed.as_str(), draft.checkpoint.as_str()), ("4", "/nets/start.safetensors"));
    press(&mut harness, "Close");
    harness.get_by_label("Show run first");
}

/// Three runs with curves.
pub(super) fn write_curves(root: &Path) {
    for (k, (rho, status)) in [(0.05, RunStatus::Done), (0.5, RunStatus::Failed), (1.0, RunStatus::Cancelled)].into_iter().enumerate() {
        let run = write_run(root, &format!("dr_sam-{}", k + 1), rho, status, k as f64);
        flatland_core::result::write_atomic(&run.best_weights(), b"weights").unwrap();
        let line = |i: u32| {
            let (x, wave) = (f64::from(i), (f64::from(i) * 2.4).sin() * (f64::from(i) * 0.7).cos());
            let loss = (1.5 + 0.4 * wave) / (1.0 + rho * x / 40.0) + 0.1;
            format!("{{\"step\":{i},\"train_loss\":{loss},\"train_ce\":{},\"lr\":0.01,\"gradient_norm\":{}}}\n", 0.8 * loss, 2.0 + wave)
        };
        flatland_core::result::write_atomic(&run.steps_file(), (1..=400).map(line).collect::<String>().as_bytes()).unwrap();
        let epoch = |i: i32| {
            let x = 1.0 - 0.5 * (-f64::from(i) * (0.2 + rho)).exp();
            format!("{{\"epoch\":{i},\"step\":{},\"id_accuracy\":{x},\"cs_accuracy\":{},\"far_fpr95\":{}}}\n", 40 * i, 0.9 * x, 1.0 - x)
        };
        flatland_core::result::write_atomic(&run.metrics_file(), (0..=10).map(epoch).collect::<String>().as_bytes()).unwrap();
    }
}

#[test]
fn curves_are_read_at_the_pointer_and_the_form_says_what_keeps_it_from_starting() {
    let (folder, fake_worker) = (tempfile::tempdir().unwrap(), FakeWorker::default());
    write_curves(folder.path());
    let mut harness = harness(folder.path(), &fake_worker, RunOptions::default());
    let plot = harness.get_by_label_contains("Training loss:").rect();
    harness.hover_at(plot.center());
    harness.run();
    harness.get_by_label_contains("Training loss at epoch ");
    open_form(&mut harness, &fake_worker);
    let draft = &mut harness.state_mut().state.runs.form.as_mut().unwrap().draft;
    (draft.method, draft.epochs) = ("dr_sam".into(), "none".into());
    harness.run();
    harness.get_by_label_contains("Cannot start yet");
    assert!(harness.get_all_by_label_contains("expected a whole number of at least 1, found `none`").count() > 0);
}
