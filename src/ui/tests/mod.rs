//! Tests of the window by its accessible labels, with known results and a fake worker.
#![allow(clippy::unwrap_used, clippy::expect_used)]

pub mod adapter;
mod closing;
mod commands;
mod compare;
mod energy;
mod fallback_fonts;
mod figures;
mod first_look;
mod fixtures;
mod hints;
mod idle;
mod input_space;
mod interaction;
mod jobs;
mod landscapes;
mod lines;
mod networks;
mod panels;
mod picked_cells;
mod programs;
mod runs;
mod saving;
mod scatter;
mod selecting;
mod sessions;
mod snapshots;
mod stale;
mod tensors;
mod weights;

use crate::ui::state::worker_event::WorkerEvent;
use crate::ui::tests::fixtures::{
    CHECKPOINTS, DATASETS, FakeWorker, axis, curve, embedding, embedding_job, inspection, landscape_job, score_job, scores, session,
    sharpness_job, surface,
};
use crate::ui::tests::interaction::{button, drag, give, open_by_path, press, press_keys, run_until};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use crate::ui::state::store::{JobState, Loaded};
use crate::ui::update::App;
use crate::ui::work::export::Export;
use crate::ui::work::results::JobFiles;
use crate::ui::work::worker_client::WorkerClient;
use flatland_core::job::runs::RunOptions;
use flatland_core::job::{JobEvent, JobOutput, JobSpec};
use flatland_core::result::{Cell, Inspection, LandscapeManifest, LossSurface, Quantity, Reading};
use flatland_core::session::{NetworkChoice, Tab};

/// An app with the session of the fixtures, with all results for the first `computed` checkpoints.
fn app(ctx: &egui::Context, fake_worker: &FakeWorker, computed: usize, holes: bool) -> App {
    let mut app = App::new(ctx, WorkerClient::new(Box::new(fake_worker.clone())), RunOptions::default(), Vec::new(), Tab::LANDSCAPE);
    app.state.session = session();
    for (k, name) in CHECKPOINTS.into_iter().enumerate().take(computed) {
        app.state.store.inspections.insert((format!("/nowhere/{name}.safetensors").into(), NetworkChoice::default()), inspection(name));
        let results = [
            (landscape_job(name), Loaded::Landscape(surface(k, holes && k > 1))),
            (sharpness_job(name), Loaded::Sharpness(curve(k))),
            (embedding_job(name), Loaded::Embedding(embedding(k))),
            (score_job(name), Loaded::Scores(scores(k))),
        ];
        for (spec, loaded) in results {
            let id = app.state.store.add(spec, JobState::Done);
            app.state.store.insert(id, loaded);
        }
    }
    app
}

/// The figure of the shown tab.
fn figure(app: &mut App) -> Option<Export> {
    app.tabs.figure(&mut app.state)
}

fn harness(fake_worker: &FakeWorker, computed: usize, holes: bool) -> Harness<'static, App> {
    let fake_worker = fake_worker.clone();
    Harness::builder()
        .with_size([1480.0, 920.0])
        .with_max_steps(40)
        .build_eframe(move |cc| app(&cc.egui_ctx, &fake_worker, computed, holes))
}

#[test]
fn every_panel_and_tab_has_a_name() {
    let mut harness = harness(&FakeWorker::default(), 5, false);
    harness.run();
    for name in CHECKPOINTS {
        harness.get_by_label(&format!("Close checkpoint {name}"));
        harness.get_by_label_contains(&format!("Loss landscape of {name} on digits test, 21 × 21 cells, 441 computed"));
    }
    for (name, _) in DATASETS {
        harness.get_by_label(&format!("Close dataset {name}"));
    }
    press(&mut harness, "Sharpness");
    harness.get_by_label_contains("Sharpness of SAM on digits test, 6 radii");
    press(&mut harness, "Embedding");
    harness.get_by_label("Embedding of DR-SAM, 1000 points");
    press(&mut harness, "Energy");
    harness.get_by_label_contains("Histogram of the Energy score of OE, 5 datasets, gaussian noise AUROC 83.0 ±");
    press(&mut harness, "MSP");
    harness.get_by_label_contains("Histogram of the MSP score of OE");
}

#[test]
fn nothing_open_says_what_to_do() {
    let fake_worker = FakeWorker::default();
    let mut harness = Harness::builder().with_size([1200.0, 800.0]).build_eframe(move |cc| {
        App::new(&cc.egui_ctx, WorkerClient::new(Box::new(fake_worker.clone())), RunOptions::default(), Vec::new(), Tab::LANDSCAPE)
    });
    harness.run();
    harness.get_by_label_contains("Open a checkpoint to see its loss landscape");
    for tab in ["Sharpness", "Embedding", "Energy"] {
        press(&mut harness, tab);
        harness.get_by_label_contains("Open a checkpoint to see how");
    }
}

#[test]
fn pending_and_non_finite_cells_are_drawn() {
    let mut harness = harness(&FakeWorker::default(), 4, true);
    harness.run();
    let computed = surface(2, true).computed();
    assert!((100..440).contains(&computed));
    harness.get_by_label_contains(&format!("Loss landscape of OE on digits test, 21 × 21 cells, {computed} computed"));
    harness.get_by_label("Loss landscape of DR-SAM on digits test, nothing computed yet");
    let place = harness.get_by_label_contains("Loss landscape of OE").rect();
    for at in [place.center(), place.left_bottom() + egui::vec2(25.0, -3.0), place.right_top() + egui::vec2(-3.0, 3.0)] {
        harness.hover_at(at);
        harness.run();
    }
    harness.get_by_label("not computed");
}

#[test]
fn what_is_estimated_is_drawn_and_says_about() {
    let mut harness = harness(&FakeWorker::default(), 0, false);
    let id = harness.state_mut().state.store.add(landscape_job("ERM"), JobState::Running);
    let (loss, std_error) = (vec![Some(0.5); 441], vec![Some(0.02); 441]);
    harness.state_mut().state.store.apply(id, JobEvent::Estimate { loss, std_error });
    harness.run();
    let panel = harness.get_by_label_contains("Loss landscape of ERM on digits test, 21 × 21 cells, 0 computed");
    let at = panel.rect().center();
    harness.hover_at(at);
    harness.run();
    harness.get_by_label("about 0.50 ± 0.02");
}

#[test]
fn another_quantity_takes_the_place_of_the_loss() {
    let mut harness = harness(&FakeWorker::default(), 0, false);
    let mut surface = surface(0, false);
    for mut cell in surface.cells() {
        let value = 0.5 + 0.4 * (-cell.loss).exp();
        cell.readings.push(Reading { quantity: Quantity::Auroc, value, std_error: 0.01 });
        surface.set(&cell);
    }
    let id = harness.state_mut().state.store.add(landscape_job("ERM"), JobState::Done);
    harness.state_mut().state.store.insert(id, Loaded::Landscape(surface));
    harness.run();
    harness.get_by_label_contains("loss  ▾").click();
    harness.run();
    press(&mut harness, "AUROC");
    harness.get_by_label_contains("Landscape of AUROC of ERM on digits test, 21 × 21 cells, 441 computed, values 0.5");
    harness.get_by_label("Landscape of AUROC of SAM on digits test, nothing computed yet");
}

#[test]
fn degenerate_grids_are_drawn() {
    let fake_worker = FakeWorker::default();
    let mut harness = harness(&fake_worker, 0, false);
    for (name, alpha, beta) in [("ERM", vec![0.0], vec![0.0]), ("OE", vec![0.0, 0.5], vec![0.0]), ("SAM", axis(3), vec![-1.0, 0.0])] {
        let app = harness.state_mut();
        let id = app.state.store.add(landscape_job(name), JobState::Done);
        let mut surface = LossSurface::pending(alpha.clone(), beta.clone(), LandscapeManifest::default());
        for k in 0..alpha.len() * beta.len() {
            surface.set(&Cell {
                i: k / beta.len(),
                j: k % beta.len(),
                loss: 0.0,
                accuracy: 1.0,
                loss_std_error: 0.0,
                count: 1,
                readings: Vec::new(),
            });
        }
        app.state.store.insert(id, Loaded::Landscape(surface));
        harness.run();
    }
    harness.get_by_label_contains("Loss landscape of ERM on digits test, 1 × 1 cells, 1 computed");
}

#[test]
fn the_window_survives_the_end_of_the_worker_and_restarts_it() {
    let fake_worker = FakeWorker::default();
    let mut harness = harness(&fake_worker, 1, false);
    let app = harness.state_mut();
    let running = app.state.store.add(landscape_job("ERM"), JobState::Waiting);
    let waiting = app.state.store.add(landscape_job("OE"), JobState::Waiting);
    harness.run();
    assert_eq!(fake_worker.0.borrow().asked.len(), 1, "one job at a time");
    let worker_id = fake_worker.0.borrow().asked[0].0;
    let cells = vec![Cell { i: 10, j: 10, loss: 0.1, accuracy: 0.9, loss_std_error: 0.01, count: 500, readings: Vec::new() }];
    let exit_reason = "killed by signal 9";
    fake_worker.0.borrow_mut().events.extend([
        WorkerEvent::Job(worker_id, JobEvent::Started),
        WorkerEvent::Job(worker_id, JobEvent::Cells { cells }),
        WorkerEvent::Job(worker_id, JobEvent::Failed { message: exit_reason.into() }),
        WorkerEvent::Exited(exit_reason.into()),
    ]);
    harness.run();
    harness.get_by_label_contains("The worker ended: killed by signal 9");
    harness.get_by_label_contains("Loss landscape of ERM on digits test, 21 × 21 cells, 1 computed");
    assert_eq!(harness.state().state.store.jobs[&running].state, JobState::Interrupted);
    assert_eq!(harness.state().state.store.jobs[&waiting].state, JobState::Interrupted);
    press(&mut harness, "Restart worker");
    assert_eq!(fake_worker.0.borrow().restarts, 1);
    assert_eq!(fake_worker.0.borrow().asked.len(), 2, "the interrupted job is asked for again");
    assert_eq!(harness.state().state.store.jobs[&running].state, JobState::Running);
    harness.get_by_label("Worker computing");
}

#[test]
fn what_the_present_tab_shows_is_computed_first() {
    let fake_worker = FakeWorker::default();
    let mut harness = harness(&fake_worker, 0, false);
    let app = harness.state_mut();
    for spec in [
        landscape_job("ERM"),
        sharpness_job("ERM"),
        score_job("ERM"),
        JobSpec::Inspect { path: "/nowhere/ERM.safetensors".into(), choice: NetworkChoice::default() },
    ] {
        app.state.store.add(spec, JobState::Waiting);
    }
    press(&mut harness, "Energy");
    // The landscape was sent before the click; afterwards inspections come first, then the tab's jobs, then the rest in order.
    let finish = |fake_worker: &FakeWorker| {
        let worker_id = fake_worker.0.borrow().asked.last().unwrap().0;
        fake_worker.0.borrow_mut().events.push_back(WorkerEvent::Job(worker_id, JobEvent::Cancelled));
    };
    for _ in 0..3 {
        finish(&fake_worker);
        harness.run();
    }
    let kinds: Vec<&str> = fake_worker
        .0
        .borrow()
        .asked
        .iter()
        .map(|(_, spec)| match spec {
            JobSpec::Inspect { .. } => "inspect",
            JobSpec::Landscape(_) => "landscape",
            JobSpec::Score(_) => "score",
            JobSpec::Sharpness(_) => "sharpness",
            _ => "other",
        })
        .collect();
    assert_eq!(kinds, ["inspect", "score", "landscape", "sharpness"]);
}

#[test]
fn jobs_can_be_cancelled_running_or_waiting_and_asked_again() {
    let fake_worker = FakeWorker::default();
    let mut harness = harness(&fake_worker, 0, false);
    let app = harness.state_mut();
    app.state.store.add(landscape_job("ERM"), JobState::Waiting);
    let waiting = app.state.store.add(landscape_job("OE"), JobState::Waiting);
    harness.run();
    harness.get_by_label("Cancel Landscape · ERM").click();
    press(&mut harness, "Cancel Landscape · OE");
    assert_eq!(fake_worker.0.borrow().cancelled, [1000], "only the running job is cancelled in the worker");
    assert_eq!(harness.state().state.store.jobs[&waiting].state, JobState::Cancelled);
    press(&mut harness, "Run again Landscape · OE");
    assert_eq!(harness.state().state.store.jobs[&waiting].state, JobState::Waiting);
}

#[test]
fn differences_to_the_baseline_take_the_place_of_the_losses_and_are_exported() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = harness(&FakeWorker::default(), 0, false);
    for (k, name) in CHECKPOINTS.into_iter().enumerate().take(3) {
        let mut found = surface(k, false);
        found.loss_std_error = vec![0.01; 441];
        let out = folder.path().join(name);
        found.save(&out).unwrap();
        let mut spec = landscape_job(name);
        spec.set_out(out);
        let app = harness.state_mut();
        let id = app.state.store.add(spec, JobState::Done);
        app.state.store.insert(id, Loaded::Landscape(found));
    }
    harness.run();
    harness.get_by_label_contains("loss  ▾").click();
    harness.run();
    press(&mut harness, "loss − loss of Pretrained");
    run_until(&mut harness, |app| app.state.store.differences.len() == 2);
    harness.run();
    harness.get_by_label_contains("Difference to Pretrained of the loss of ERM on digits test, 21 × 21 cells, 441 computed");
    assert!(harness.query_by_label_contains("of the loss of Pretrained").is_none(), "the baseline has no panel of its own");
    let path = folder.path().join("d.csv");
    harness.key_press_modifiers(egui::Modifiers::CTRL | egui::Modifiers::SHIFT, egui::Key::E);
    harness.state_mut().state.export.path = path.display().to_string();
    harness.run();
    harness.state_mut().state.export.path = path.display().to_string();
    harness.run();
    harness.get_by_label("Write").click();
    run_until(&mut harness, |app| app.state.message.as_ref().is_some_and(|message| message.text.contains("d.csv")));
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("checkpoint,baseline,dataset,alpha,beta,difference"));
    harness.get_by_label_contains("loss − loss of Pretrained  ▾").click();
    harness.run();
    press(&mut harness, "loss");
    harness.get_by_label_contains("Loss landscape of Pretrained on digits test");
}

#[test]
fn a_running_job_can_pause_and_go_on() {
    let fake_worker = FakeWorker::default();
    let mut harness = harness(&fake_worker, 0, false);
    let id = harness.state_mut().state.store.add(landscape_job("ERM"), JobState::Waiting);
    harness.run();
    fake_worker.0.borrow_mut().events.push_back(WorkerEvent::Job(1000, JobEvent::Started));
    harness.run();
    press(&mut harness, "Pause Landscape · ERM");
    fake_worker.0.borrow_mut().events.push_back(WorkerEvent::Job(1000, JobEvent::Paused));
    harness.run();
    assert_eq!(harness.state().state.store.jobs[&id].state, JobState::Paused);
    press(&mut harness, "Go on with Landscape · ERM");
    fake_worker.0.borrow_mut().events.push_back(WorkerEvent::Job(1000, JobEvent::Resumed));
    harness.run();
    assert_eq!(harness.state().state.store.jobs[&id].state, JobState::Running);
    assert_eq!(fake_worker.0.borrow().paused, [(1000, true), (1000, false)]);
}

#[test]
fn a_session_opens_by_its_path_and_its_jobs_go_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.toml");
    let text = "version = 1\n[[checkpoint]]\nname = \"Mine\"\npath = \"mine.pt\"\n[[dataset]]\nname = \"test\"\nrole = \"id\"\npath = \"demo:test\"\n";
    std::fs::write(&path, text).unwrap();
    std::fs::write(folder.path().join("mine.pt"), b"not a checkpoint").unwrap();
    let fake_worker = FakeWorker::default();
    let mut harness = harness(&fake_worker, 2, false);
    harness.run();
    open_by_path(&mut harness, &path.display().to_string());
    run_until(&mut harness, |app| app.state.session.checkpoints.len() == 1 && app.state.store.jobs.len() == 5);
    run_until(&mut harness, |_| fake_worker.0.borrow().asked.len() == 1);
    harness.get_by_label("Close checkpoint Mine");
    assert!(matches!(&fake_worker.0.borrow().asked[0].1, JobSpec::Inspect { path, .. } if path.ends_with("mine.pt")));
    let refused = Inspection { error: Some("expected a checkpoint, found text".into()), ..Inspection::default() };
    let output = JobOutput::Inspection(Box::new(refused));
    fake_worker.0.borrow_mut().events.push_back(WorkerEvent::Job(1000, JobEvent::Done { output }));
    harness.run();
    harness.get_by_label("expected a checkpoint, found text");
    let failed = |app: &App| app.state.store.jobs.values().filter(|job| matches!(job.state, JobState::Failed(_))).count();
    assert_eq!((failed(harness.state()), fake_worker.0.borrow().asked.len()), (4, 1), "nothing is computed of it");
}

#[test]
fn a_path_that_does_not_exist_is_reported_and_nothing_is_lost() {
    let fake_worker = FakeWorker::default();
    let mut harness = harness(&fake_worker, 5, false);
    harness.run();
    open_by_path(&mut harness, "/nowhere/at/all.toml");
    run_until(&mut harness, |app| app.state.message.is_some());
    harness.run();
    harness.get_by_label("expected a file or folder, found nothing there (/nowhere/at/all.toml)");
    assert_eq!(harness.state().state.session.checkpoints.len(), 5);
    press(&mut harness, "Dismiss message");
    assert!(harness.query_by_label_contains("found nothing there").is_none());
}

#[test]
fn a_checkpoint_can_be_closed_and_the_others_stay() {
    let mut harness = stale::known_on(&["digits test"]);
    press(&mut harness, "Close checkpoint SAM");
    run_until(&mut harness, |app| !app.background.is_busy());
    harness.run();
    assert!(harness.query_by_label_contains("Loss landscape of SAM").is_none());
    harness.get_by_label_contains("Loss landscape of DR-SAM on digits test, 21 × 21 cells, 441 computed");
}
