//! The window shows results of the present session only: differences to the present baseline, results of present settings.

use egui::{Key, Modifiers};

use super::*;
use crate::ui::command::{CheckpointCommand, Command};
use crate::ui::state::store::analysis_of;
use crate::ui::tests::sessions::Cached;
use flatland_core::job::Analysis;
use flatland_core::session::{CheckpointEntry, Normalization, Session};

/// Stores a result for every job that `app` plans on a dataset; with `cached`, surfaces are also written to the cache.
fn insert_results(app: &mut App, dataset: &str, mut cached: Option<&mut Cached>) {
    for spec in crate::ui::work::plan::plan(&app.state.session, &[dataset.to_owned()]).0 {
        if app.state.store.jobs.values().any(|job| job.spec == spec) {
            continue;
        }
        let name = spec.checkpoint().map(|checkpoint| checkpoint.name.clone()).unwrap_or_default();
        let k = CHECKPOINTS.iter().position(|known| *known == name).unwrap_or(0);
        let loaded = match &spec {
            JobSpec::Landscape(job) => {
                let surface = LossSurface { loss_std_error: vec![0.01; 441], ..surface(k, false) };
                if let Some(cached) = &mut cached {
                    cached.0.push(job.out.clone());
                    surface.save(&job.out).unwrap();
                }
                Some(Loaded::Landscape(surface))
            }
            JobSpec::Sharpness(_) => Some(Loaded::Sharpness(curve(k))),
            JobSpec::Embedding(_) => Some(Loaded::Embedding(embedding(k))),
            JobSpec::Score(_) => Some(Loaded::Scores(scores(k))),
            _ => None,
        };
        let id = app.state.store.add(spec, JobState::Done);
        if let Some(loaded) = loaded {
            app.state.store.insert(id, loaded);
        }
    }
}

/// A window on the session of the fixtures, with all results on these datasets.
pub(super) fn known_on(datasets: &[&str]) -> Harness<'static, App> {
    let mut harness = harness(&FakeWorker::default(), 0, false);
    datasets.iter().for_each(|dataset| insert_results(harness.state_mut(), dataset, None));
    harness.run();
    harness
}

/// The same for the first checkpoints, with surfaces as files.
fn on_disk(folder: &std::path::Path, checkpoints: usize, datasets: &[&str]) -> (Harness<'static, App>, Cached) {
    let (mut harness, mut cached) = (harness(&FakeWorker::default(), 0, false), Cached(Vec::new()));
    let app = harness.state_mut();
    let entry = |name: &str| CheckpointEntry { name: name.into(), path: folder.join(name), ..CheckpointEntry::default() };
    app.state.session = Session { checkpoints: CHECKPOINTS[..checkpoints].iter().map(|name| entry(name)).collect(), ..session() };
    for dataset in datasets {
        insert_results(app, dataset, Some(&mut cached));
    }
    (harness, cached)
}

fn give(harness: &mut Harness<'static, App>, command: Command) {
    harness.state_mut().commands.push(command);
    harness.run();
    run_until(harness, |app| !app.background.is_busy());
}

fn score_baselines(app: &App) -> Vec<String> {
    app.state.store.score_differences.values().flatten().map(|found| found.baseline.clone()).collect()
}

fn has_difference(app: &App, checkpoint: &str, dataset: &str) -> bool {
    app.state.store.differences.contains_key(&(checkpoint.to_owned(), dataset.to_owned()))
}

#[test]
fn undo_of_a_baseline_brings_the_differences_to_the_earlier_one() {
    let mut harness = known_on(&["digits test"]);
    harness.get_by_label("Make ERM the baseline").click();
    run_until(&mut harness, |app| score_baselines(app) == ["ERM"; 4]);
    let difference = LossSurface { baseline: Some("ERM".into()), ..surface(2, false) };
    harness.state_mut().state.store.insert_difference(("OE".into(), "digits test".into()), difference);
    press_keys(&mut harness, Modifiers::CTRL, Key::Z);
    run_until(&mut harness, |app| score_baselines(app) == ["Pretrained"; 4]);
    assert!(harness.state().state.store.differences.is_empty());
    press_keys(&mut harness, Modifiers::CTRL, Key::Y);
    run_until(&mut harness, |app| score_baselines(app) == ["ERM"; 4]);
}

#[test]
fn undo_of_closing_the_baseline_takes_the_differences_to_the_next_one_away() {
    let mut harness = known_on(&["digits test"]);
    give(&mut harness, Command::RemoveCheckpoint("Pretrained".into()));
    run_until(&mut harness, |app| score_baselines(app) == ["ERM"; 3]);
    press_keys(&mut harness, Modifiers::CTRL, Key::Z);
    run_until(&mut harness, |app| !app.background.is_busy());
    assert_eq!(score_baselines(harness.state()), [""; 0], "nothing is known of Pretrained yet");
}

#[test]
fn a_difference_to_a_former_baseline_is_not_shown() {
    let mut harness = known_on(&["digits test"]);
    let to = |app: &mut App, baseline: &str| {
        let surface = LossSurface { baseline: Some(baseline.into()), ..surface(2, false) };
        app.difference_read(("OE".into(), "digits test".into()), Ok(surface));
    };
    to(harness.state_mut(), "ERM");
    assert!(harness.state().state.store.differences.is_empty());
    to(harness.state_mut(), "Pretrained");
    assert!(has_difference(harness.state(), "OE", "digits test"));
}

#[test]
fn a_result_on_a_dataset_that_is_not_chosen_is_removed_with_its_settings() {
    let mut harness = known_on(&["digits test", "fog"]);
    let curves = |harness: &Harness<'static, App>, dataset: &str| -> Vec<String> {
        harness.state().state.store.sharpness.keys().filter(|key| key.1 == dataset).map(|key| key.0.clone()).collect()
    };
    assert_eq!((curves(&harness, "digits test").len(), curves(&harness, "fog").len()), (5, 5));
    let other = Normalization::Constants { mean: [0.1; 3], std: [0.2; 3] };
    give(&mut harness, Command::Checkpoint("SAM".into(), CheckpointCommand::Normalize(other)));
    assert_eq!(curves(&harness, "fog"), ["Pretrained", "ERM", "OE", "DR-SAM"], "those of the others stay");
    let fog = harness.state().state.session.datasets.iter().find(|entry| entry.name == "fog").unwrap().clone();
    give(&mut harness, Command::ChangeDataset("fog".into(), Box::new(flatland_core::session::DatasetEntry { limit: Some(7), ..fog })));
    assert!(curves(&harness, "fog").is_empty());
    assert_eq!(curves(&harness, "digits test"), ["Pretrained", "ERM", "OE", "DR-SAM"]);
}

#[test]
fn undo_of_the_hessian_removes_its_jobs() {
    let fake_worker = FakeWorker::default();
    let mut harness = harness(&fake_worker, 0, false);
    insert_results(harness.state_mut(), "digits test", None);
    let hessians = |app: &App| app.state.store.jobs.values().filter(|job| analysis_of(&job.spec) == Some(Analysis::Hessian)).count();
    give(&mut harness, Command::AddHessian);
    run_until(&mut harness, |app| hessians(app) == 5 && !app.worker.is_free());
    press_keys(&mut harness, Modifiers::CTRL, Key::Z);
    run_until(&mut harness, |app| hessians(app) == 0);
    assert_eq!(fake_worker.0.borrow().cancelled, [1000], "the one in the worker too");
}

#[test]
fn differences_of_the_others_stay_when_a_checkpoint_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let (mut harness, _cached) = on_disk(folder.path(), 3, &["digits test"]);
    give(&mut harness, Command::ShowDifference(true));
    run_until(&mut harness, |app| app.state.store.differences.len() == 2);
    give(&mut harness, Command::RemoveCheckpoint("OE".into()));
    assert!(has_difference(harness.state(), "ERM", "digits test") && harness.state().state.store.differences.len() == 1);
}

#[test]
fn a_plane_without_a_closed_checkpoint_takes_the_place_of_the_one_with_it() {
    let mut harness = harness(&FakeWorker::default(), 0, false);
    harness.state_mut().state.session.landscape.project = Some(vec!["SAM".into()]);
    insert_results(harness.state_mut(), "digits test", None);
    give(&mut harness, Command::RemoveCheckpoint("SAM".into()));
    let projects = |job: &crate::ui::state::store::Job| matches!(&job.spec, JobSpec::Landscape(job) if !job.plane.project.is_empty());
    assert!(!harness.state().state.store.jobs.values().any(projects));
    assert!(harness.state().state.store.job(Analysis::Landscape, "OE", Some("digits test")).is_some());
}

#[test]
fn differences_follow_to_another_dataset_whose_landscapes_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let (mut harness, _cached) = on_disk(folder.path(), 2, &["digits test", "fog"]);
    give(&mut harness, Command::SelectDataset("fog".into()));
    give(&mut harness, Command::ShowDifference(true));
    run_until(&mut harness, |app| has_difference(app, "ERM", "fog"));
    give(&mut harness, Command::SelectDataset("digits test".into()));
    run_until(&mut harness, |app| has_difference(app, "ERM", "digits test"));
}

#[test]
fn sharpness_on_several_datasets_is_planned_for_all_whatever_is_chosen() {
    let mut session = session();
    let planned = |session: &Session| -> Vec<String> {
        let jobs = crate::ui::work::plan::plan(session, &["digits test".into()]).0;
        let of = |job: &JobSpec| if let JobSpec::Sharpness(job) = job { Some(job.dataset.source.name.clone()) } else { None };
        let mut names: Vec<String> = jobs.iter().filter_map(of).collect();
        names.dedup();
        names.truncate(2);
        names
    };
    session.sharpness.datasets = vec!["fog".into()];
    assert_eq!(planned(&session), ["digits test"], "the chosen one in the place of one");
    session.sharpness.datasets.push("gaussian noise".into());
    assert_eq!(planned(&session), ["gaussian noise", "fog"]);
}
