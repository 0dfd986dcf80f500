//! Jobs: the order of the queue, the log, the end of all work; and the Hessian, from the request to the figure.

use super::*;
use crate::ui::command::Command;
use crate::ui::state::log::Level;
use flatland_core::job::{HessianJob, JobId, PlanOptions, WeightsJob};
use flatland_core::result::{BandManifest, Eigenvalue, Embedding, HessianSpectrum, LandscapeBand, SpectralDensity, Trace};
use flatland_core::session::{HessianSettings, NetworkChoice};

fn requested(fake_worker: &FakeWorker) -> Vec<String> {
    fake_worker.0.borrow().asked.iter().map(|(_, spec)| crate::ui::state::store::title(spec)).collect()
}

/// The worker ends its job with this event.
fn finish(fake_worker: &FakeWorker, event: JobEvent) {
    let worker_id: JobId = fake_worker.0.borrow().asked.last().unwrap().0;
    fake_worker.0.borrow_mut().events.push_back(WorkerEvent::Job(worker_id, event));
}

/// A file that was opened while it was written: its message stays until it is read again.
#[test]
fn again_reads_a_checkpoint_that_could_not_be_read_and_computes_what_waited_for_it() {
    let fake_worker = FakeWorker::default();
    let mut harness = harness(&fake_worker, 0, false);
    let store = &mut harness.state_mut().state.store;
    let landscape = landscape_job("ERM");
    let checkpoint = landscape.checkpoint().unwrap();
    let key = (checkpoint.path.clone(), checkpoint.choice());
    let refused = Inspection { error: Some("the zip archive is cut off".into()), ..inspection("ERM") };
    store.inspections.insert(key.clone(), refused);
    let inspect = store.add(JobSpec::Inspect { path: key.0.clone(), choice: key.1.clone() }, JobState::Done);
    let first = store.add(landscape, JobState::Waiting);
    let second = store.add(score_job("ERM"), JobState::Waiting);
    harness.run();
    let state = |harness: &Harness<'static, App>, id| harness.state().state.store.jobs[&id].state.clone();
    assert!([first, second].iter().all(|id| matches!(state(&harness, *id), JobState::Failed(_))), "nothing is computed from it");
    give(&mut harness, Command::Retry(first));
    assert!(harness.state().state.store.inspections.get(&key).is_none_or(|inspection| inspection.error.is_none()));
    let asked = fake_worker.0.borrow().asked.last().unwrap().1.clone();
    assert_eq!(asked, JobSpec::Inspect { path: key.0, choice: key.1 }, "the file comes first");
    assert_eq!([inspect, first, second].map(|id| state(&harness, id)), [JobState::Running, JobState::Waiting, JobState::Waiting]);
}

#[test]
fn missing_results_and_jobs_that_write_weights_have_clear_titles() {
    let mut harness = harness(&FakeWorker::default(), 0, false);
    harness
        .state_mut()
        .state
        .store
        .add(JobSpec::Inspect { path: "/nowhere/ERM.safetensors".into(), choice: NetworkChoice::default() }, JobState::Cancelled);
    harness.run();
    harness.get_by_label("not read: it was cancelled");
    let JobSpec::Landscape(landscape) = landscape_job("ERM") else { panic!("expected a landscape") };
    let weights = JobSpec::Weights(Box::new(WeightsJob { landscape, at: [0.0, 0.0], file: "/nowhere/w.safetensors".into() }));
    assert_eq!(crate::ui::state::store::title(&weights), "Writing weights · ERM");
}

#[test]
fn results_saved_under_old_names_get_the_present_names() {
    let folder = tempfile::tempdir().unwrap();
    surface(1, false).save(folder.path()).unwrap();
    curve(1).save(folder.path()).unwrap();
    // These embeddings have no features.
    Embedding { feature_dim: 0, classes: 0, ..embedding(1) }.save(folder.path()).unwrap();
    scores(1).save(folder.path(), "ERM").unwrap();
    for mut job in [landscape_job("Mine"), sharpness_job("Mine"), embedding_job("Mine"), score_job("Mine")] {
        job.set_out(folder.path().to_owned());
        job.datasets_mut().into_iter().for_each(|dataset| dataset.source.name.insert_str(0, "my "));
        let JobFiles { loaded: Some(loaded), error: None, .. } = crate::ui::work::results::load(&job) else { panic!("{job:?}") };
        let all_mine = |names: Vec<&String>| names.len() > 1 && names.iter().all(|name| name.starts_with("my "));
        match *loaded {
            Loaded::Landscape(surface) => {
                assert_eq!((surface.manifest.checkpoint.as_str(), surface.manifest.dataset.as_str()), ("Mine", "my digits test"))
            }
            Loaded::Sharpness(curve) => assert_eq!((curve.checkpoint.as_str(), curve.dataset.as_str()), ("Mine", "my digits test")),
            Loaded::Embedding(embedding) => assert!(all_mine(embedding.dataset.iter().collect())),
            Loaded::Scores(table) => {
                assert!(all_mine(table.roles.keys().collect()) && all_mine(table.accuracy.keys().collect()));
                assert!(all_mine(table.scores["energy"].keys().collect()));
                assert!(all_mine(table.datasets.iter().map(|data| &data.name).collect()));
            }
            _ => panic!("expected one of four results"),
        }
    }
}

#[test]
fn a_panic_in_background_work_is_reported_and_the_window_continues() {
    let mut harness = harness(&FakeWorker::default(), 1, false);
    harness.state_mut().background.spawn(|| panic!("no room"), || {});
    run_until(&mut harness, |app| app.state.message.is_some());
    harness.run();
    harness.get_by_label("a background task panicked: no room");
    harness.get_by_label_contains("Loss landscape of Pretrained");
}

#[test]
fn the_queue_shows_its_order_and_a_job_can_be_moved_to_the_front() {
    let fake_worker = FakeWorker::default();
    let mut harness = harness(&fake_worker, 0, false);
    for name in ["Pretrained", "ERM", "OE", "SAM"] {
        harness.state_mut().state.store.add(landscape_job(name), JobState::Waiting);
    }
    harness.run();
    for text in ["next", "no. 2", "no. 3"] {
        harness.get_by_label(text);
    }
    let below = |harness: &Harness<'static, App>, a: &str, b: &str| {
        let top = |name: &str| harness.get_by_label(&format!("Cancel Landscape · {name}")).rect().top();
        top(a) > top(b)
    };
    assert!(below(&harness, "SAM", "ERM"));
    press(&mut harness, "Move Landscape · SAM to the front");
    assert!(below(&harness, "ERM", "SAM"));
    assert!(harness.query_by_label("Move Landscape · SAM to the front").is_none(), "it is there already");
    for _ in 0..3 {
        finish(&fake_worker, JobEvent::Cancelled);
        harness.run();
    }
    assert_eq!(requested(&fake_worker), ["Landscape · Pretrained", "Landscape · SAM", "Landscape · ERM", "Landscape · OE"]);
}

#[test]
fn the_log_holds_what_happened_and_what_the_worker_wrote_and_is_filtered_and_copied() {
    let fake_worker = FakeWorker::default();
    let mut harness = harness(&fake_worker, 0, false);
    harness.state_mut().state.store.add(landscape_job("ERM"), JobState::Waiting);
    harness.run();
    fake_worker.0.borrow_mut().events.extend([
        WorkerEvent::Job(1000, JobEvent::Started),
        WorkerEvent::OutputLine("[W] a line of libtorch".into()),
        WorkerEvent::Job(1000, JobEvent::Warning { message: "3 images cannot be read".into() }),
        WorkerEvent::Job(1000, JobEvent::Failed { message: "out of memory".into() }),
    ]);
    harness.run();
    press(&mut harness, "Show the log");
    for text in ["started", "[W] a line of libtorch", "5 of 5 lines"] {
        harness.get_by_label(text);
    }
    assert_eq!(harness.state().state.log.line(1).map(|line| line.job.as_str()), Some("Landscape · ERM"), "it was said under this job");
    harness.get_by_label("Filter").focus();
    harness.run();
    harness.get_by_label("Filter").type_text("LIBTORCH");
    harness.run();
    harness.get_by_label("1 of 5 lines");
    harness.state_mut().state.log.filter.clear();
    harness.run();
    harness.get_by_label_contains("everything  ▾").click();
    harness.run();
    press(&mut harness, "warnings and errors");
    harness.get_by_label("2 of 5 lines");
    press(&mut harness, "Copy the lines shown");
    harness.get_by_label("Copied: the log");
    assert_eq!(harness.state().state.log.min_level, Level::Warning);
    press(&mut harness, "Close the log");
    assert!(harness.query_by_label("Close the log").is_none());
}

#[test]
fn a_long_log_draws_only_what_is_seen() {
    let mut harness = harness(&FakeWorker::default(), 0, false);
    for k in 0..4000 {
        harness.state_mut().state.log.push(Level::Output, String::new(), &format!("line number {k}"));
    }
    harness.state_mut().state.log.open = true;
    harness.run();
    harness.run();
    harness.get_by_label("line number 3999");
    let drawn = harness.query_all_by_label_contains("line number").count();
    assert!((3..60).contains(&drawn), "{drawn} lines");
}

#[test]
fn the_end_of_all_work_is_told_when_it_took_a_while() {
    let fake_worker = FakeWorker::default();
    let mut harness = harness(&fake_worker, 0, false);
    harness.state_mut().state.store.add(landscape_job("ERM"), JobState::Waiting);
    harness.state_mut().state.store.add(landscape_job("OE"), JobState::Waiting);
    harness.run();
    finish(&fake_worker, JobEvent::Started);
    harness.run();
    harness.input_mut().time = Some(harness.input().time.unwrap_or(0.0) + 100.0);
    harness.step();
    finish(&fake_worker, JobEvent::Failed { message: "broken".into() });
    harness.run();
    assert!(harness.state().state.message.is_none(), "another job is open");
    press(&mut harness, "Cancel Landscape · OE");
    finish(&fake_worker, JobEvent::Cancelled);
    harness.run();
    harness.get_by_label_contains("Finished: 0 jobs done, 1 failed, in 1 min");
}

#[test]
fn what_is_used_stands_below_the_jobs() {
    let mut harness = harness(&FakeWorker::default(), 1, false);
    harness.run();
    if cfg!(target_os = "linux") {
        harness.get_by_label_contains(" · window ");
    }
}

pub(super) fn hessian_job(name: &str) -> JobSpec {
    let JobSpec::Sharpness(job) = sharpness_job(name) else { unreachable!() };
    JobSpec::Hessian(HessianJob {
        checkpoint: job.checkpoint,
        dataset: job.dataset,
        settings: HessianSettings::default(),
        seed: 0,
        save_eigenvectors: false,
        out: "/nowhere/out".into(),
        device: job.device,
    })
}

pub(super) fn spectrum(k: usize) -> HessianSpectrum {
    let steep = 1.0 + k as f64;
    let eigenvalue = |value: f64| Eigenvalue { value: steep * value, residual: 0.004 * steep * value.abs() };
    let nodes: Vec<f64> = (0..50).map(|i| steep * (-0.5 + 0.25 * f64::from(i))).collect();
    let weights: Vec<f64> = nodes.iter().map(|node| (-node.abs() / steep).exp()).collect();
    let all: f64 = weights.iter().sum();
    HessianSpectrum {
        checkpoint: CHECKPOINTS[k].into(),
        dataset: "digits test".into(),
        gradient_norm: 0.021,
        samples: 500,
        products: 480,
        converged: true,
        top: [12.1, 8.0, 5.5, 4.1, 3.3].map(eigenvalue).into(),
        lambda_min: eigenvalue(-0.4),
        trace: Some(Trace { value: 95.0 * steep, std_error: 2.4, probes: 20 }),
        density: Some(SpectralDensity {
            steps: 50,
            probes: 1,
            nodes: vec![nodes],
            weights: vec![weights.iter().map(|w| w / all).collect()],
        }),
        ..HessianSpectrum::default()
    }
}

pub(super) fn with_spectra(app: &mut App, n: usize) {
    app.state.session.hessian = Some(HessianSettings::default());
    for (k, name) in CHECKPOINTS.into_iter().enumerate().take(n) {
        let id = app.state.store.add(hessian_job(name), JobState::Done);
        app.state.store.insert(id, Loaded::Hessian(spectrum(k)));
    }
}

#[test]
fn a_search_that_never_moved_is_reported_in_the_window() {
    let mut harness = harness(&FakeWorker::default(), 2, false);
    let mut stuck = curve(0);
    for point in &mut stuck.points {
        point.unmoved = Some(flatland_core::result::Unmoved { batches: 1, why: flatland_core::result::Stuck::NoGradient });
        (point.sharpness, point.std_error) = (f64::NAN, f64::NAN);
    }
    let id = harness.state_mut().state.store.add(sharpness_job(CHECKPOINTS[0]), JobState::Done);
    harness.state_mut().state.store.insert(id, Loaded::Sharpness(stuck));
    press(&mut harness, "Sharpness");
    harness
        .get_by_label_contains("6 radii, no ε found within ρ = 0.500; no ε was found at ρ = 0.01, 0.02, 0.05, 0.1, 0.2, 0.5: the gradient");
    assert!(harness.query_all_by_label("no ε found").count() == 6, "a row a radius");
}

#[test]
fn the_hessian_of_layers_is_shown_where_it_was_asked_for() {
    let layer = |name: &str, value: f64| flatland_core::result::LayerCurvature {
        name: name.into(),
        parameters: 10,
        lambda_max: Eigenvalue { value, residual: 0.01 },
        ..Default::default()
    };
    let mut harness = harness(&FakeWorker::default(), 2, false);
    let app = harness.state_mut();
    with_spectra(app, 2);
    let id = app.state.store.add(hessian_job(CHECKPOINTS[0]), JobState::Done);
    let layers = vec![layer("conv1", 2.0), layer("fc", 7.0)];
    app.state.store.insert(id, Loaded::Hessian(HessianSpectrum { layers, ..spectrum(0) }));
    press(&mut harness, "Hessian");
    assert!(harness.query_by_label_contains("Hessian of layers").is_none());
    press(&mut harness, "Layers");
    harness.get_by_label(&format!("Hessian of layers on digits test, {}: largest eigenvalue in fc", CHECKPOINTS[0]));
    press(&mut harness, "Spectrum");
    assert!(harness.query_by_label_contains("Hessian of layers").is_none());
}

#[test]
fn the_hessian_is_offered_where_the_session_does_not_ask_for_it() {
    let mut harness = harness(&FakeWorker::default(), 2, false);
    press(&mut harness, "Hessian");
    press(&mut harness, "Compute the Hessian");
    assert_eq!(harness.state().state.session.hessian, Some(HessianSettings::default()));
    assert!(harness.query_by_label("Compute the Hessian").is_none());
    harness.get_by_label("Hessian of ERM on digits test, nothing computed yet");
    // The window plans the same jobs as the command line.
    let session = harness.state().state.session.clone();
    assert!(flatland_core::job::plan(&session, flatland_core::job::Analysis::Hessian, "/out".as_ref(), &PlanOptions::default()).is_ok());
}

#[test]
fn spectra_are_shown_with_their_errors_and_exported() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = harness(&FakeWorker::default(), 2, false);
    with_spectra(harness.state_mut(), 2);
    press(&mut harness, "Hessian");
    harness.get_by_label_contains("Hessian of ERM on digits test, λ₁ 24.20 ± 0.10, λ₂");
    harness.get_by_label_contains("Hessian of Pretrained on digits test, λ₁ 12.10 ± 0.05");
    harness.get_by_label("Hessian of SAM on digits test, nothing computed yet");
    press_keys(&mut harness, egui::Modifiers::CTRL | egui::Modifiers::SHIFT, egui::Key::E);
    let path = folder.path().join("h.svg");
    harness.state_mut().state.export.path = path.display().to_string();
    harness.run();
    harness.get_by_label("Write").click();
    run_until(&mut harness, |app| app.state.message.as_ref().is_some_and(|message| message.text.contains("h.svg")));
    assert!(std::fs::read_to_string(path.with_extension("csv")).unwrap().starts_with("checkpoint,dataset,quantity"));
}

#[test]
fn the_loss_over_several_planes_is_shown_where_the_session_asks_for_them() {
    let mut harness = harness(&FakeWorker::default(), 2, false);
    let app = harness.state_mut();
    app.state.session.landscape.planes = 4;
    for (k, name) in CHECKPOINTS.into_iter().enumerate().take(2) {
        let found = surface(k, false);
        let manifest = BandManifest { seeds: vec![0, 1, 2, 3], samples: 500, ..BandManifest::default() };
        let std = found.loss.iter().map(|loss| 0.2 * loss).collect();
        let band = LandscapeBand { alpha: found.alpha.clone(), beta: found.beta.clone(), mean: found.loss.clone(), std, manifest };
        let id = app.state.store.add(landscape_job(name), JobState::Done);
        app.state.store.insert(id, Loaded::Planes(found, band));
    }
    press(&mut harness, "Sharpness");
    press(&mut harness, "loss over 4 planes");
    harness.get_by_label("Loss along α over 4 random planes of Pretrained, ERM");
    let at = harness.get_by_label_contains("Loss along α over 4").rect().center();
    harness.hover_at(at);
    harness.run();
    press(&mut harness, "loss over 4 planes");
    harness.get_by_label_contains("Sharpness of ERM on digits test, 6 radii");
}

#[test]
fn scores_and_spectra_are_shown_as_far_as_they_are_known_and_exported_when_they_are_whole() {
    let mut harness = harness(&FakeWorker::default(), 0, false);
    give(&mut harness, Command::Show(Tab::ENERGY));
    let id = harness.state_mut().state.store.add(score_job("ERM"), JobState::Running);
    let mut so_far = scores(1);
    so_far.datasets.retain(|data| data.role != "far");
    so_far.roles.retain(|_, role| role != "far");
    harness.state_mut().partial_read(id, Some(Loaded::Scores(so_far)));
    harness.run();
    harness.get_by_label_contains("Histogram of the Energy score of ERM, 4 datasets");
    let exports = |harness: &mut Harness<'static, App>| figure(harness.state_mut()).is_some();
    assert!(!exports(&mut harness), "a figure is of the whole");
    harness.state_mut().result_read(id, JobFiles { loaded: Some(Box::new(Loaded::Scores(scores(1)))), complete: true, error: None });
    harness.run();
    harness.get_by_label_contains("Histogram of the Energy score of ERM, 5 datasets");
    assert!(exports(&mut harness) && harness.state().state.store.partial.is_empty());

    // The partial result of a stopped job is not taken for its result.
    let other = harness.state_mut().state.store.add(score_job("SAM"), JobState::Running);
    harness.state_mut().state.store.insert_partial(other, Loaded::Scores(scores(3)));
    assert!(harness.state().state.store.scores_so_far("SAM").is_some());
    harness.state_mut().state.store.apply(other, JobEvent::Cancelled);
    assert!(harness.state().state.store.scores_so_far("SAM").is_none());
    harness.state_mut().state.store.insert_partial(other, Loaded::Scores(scores(3)));
    assert!(harness.state().state.store.scores_so_far("SAM").is_none(), "it came too late");
}
