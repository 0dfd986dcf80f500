//! Sessions as files: kept, restored, saved, undone.

use std::path::{Path, PathBuf};

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use super::{give, press, press_keys, run_until};
use crate::ui::command::scatter::ScatterCommand;
use crate::ui::command::{Command, OpenAs};
use crate::ui::state::memory::{Preferences, ThemeChoice};
use crate::ui::tests::fixtures::{FakeWorker, session, surface};
use crate::ui::update::App;
use crate::ui::work::memory::Memory;
use crate::ui::work::memory::queue::MemoryQueue;
use crate::ui::work::worker_client::WorkerClient;
use flatland_core::job::JobSpec;
use flatland_core::job::runs::RunOptions;
use flatland_core::session::{Category, ColorBy, Role, Session, Tab};

/// A window with a memory in `root`, started with these paths.
pub(super) fn window(root: &Path, fake_worker: &FakeWorker, paths: Vec<PathBuf>) -> Harness<'static, App> {
    let (memory_queue, preferences, fake_worker) = (MemoryQueue::at(root), Preferences::load(root), fake_worker.clone());
    let mut harness = Harness::builder().with_size([1480.0, 920.0]).with_max_steps(60).build_eframe(move |cc| {
        App::new(&cc.egui_ctx, WorkerClient::new(Box::new(fake_worker.clone())), RunOptions::default(), paths, None)
            .with_memory(memory_queue, preferences.clone())
    });
    run_until(&mut harness, |app| app.state.restoring.is_none() && !app.memory_queue.is_busy());
    harness
}

/// A session file with two checkpoints and images.
pub(super) fn study(folder: &Path) -> PathBuf {
    let path = folder.join("study.toml");
    let mut text = String::from("version = 1\n");
    for name in ["ERM", "SAM"] {
        std::fs::write(folder.join(format!("{name}.pt")), name).unwrap();
        text += &format!("[[checkpoint]]\nname = \"{name}\"\npath = \"{name}.pt\"\n");
    }
    text += "[[dataset]]\nname = \"digits test\"\nrole = \"id\"\npath = \"demo:test\"\n[landscape]\ngrid = [21, 21]\n";
    std::fs::write(&path, text).unwrap();
    path
}

/// Waits until a change was kept.
pub(super) fn settle(harness: &mut Harness<'static, App>) {
    harness.run_steps(8);
    run_until(harness, |app| !app.memory_queue.is_busy());
}

pub(super) fn open_study(root: &Path, folder: &Path) -> Harness<'static, App> {
    let path = study(folder);
    let mut harness = window(root, &FakeWorker::default(), vec![path]);
    run_until(&mut harness, |app| app.state.session.checkpoints.len() == 2);
    settle(&mut harness);
    harness
}

pub(super) fn far() -> Category {
    Category { field: ColorBy::Role, value: Role::Far.key().into() }
}

pub(super) fn message(harness: &Harness<'static, App>) -> String {
    harness.state().state.message.as_ref().map(|message| message.text.clone()).unwrap_or_default()
}

#[test]
fn the_session_is_restored_after_a_crash_with_its_view_and_a_message() {
    let (root, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut harness = open_study(root.path(), folder.path());
    press(&mut harness, "Close checkpoint ERM");
    press(&mut harness, "Energy");
    give(&mut harness, Command::Scatter(ScatterCommand::Toggle(far())));
    settle(&mut harness);
    // As when the process is killed: nothing is written at the end.
    drop(harness);
    let mut harness = window(root.path(), &FakeWorker::default(), Vec::new());
    harness.run();
    let app = harness.state();
    assert_eq!(app.state.session.checkpoints.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["SAM"]);
    assert_eq!((app.state.session.view.tab.clone(), app.state.session.view.scatter.hidden.contains(&far())), (Tab::ENERGY, true));
    assert_eq!(app.state.document.file, Some(folder.path().join("study.toml")));
    assert!(app.state.unsaved(), "the file still has two checkpoints");
    assert!(message(&harness).contains("ended without being closed"));
    harness.get_by_label("•  study");
    assert_eq!(Session::load(&folder.path().join("study.toml")).unwrap().checkpoints.len(), 2);
    give(&mut harness, Command::NewSession);
    assert!(harness.state().state.message.is_none(), "it says nothing of another session");
}

#[test]
fn the_session_of_a_closed_window_is_restored_once_and_without_a_message() {
    let (root, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut harness = open_study(root.path(), folder.path());
    press(&mut harness, "Sharpness");
    harness.state_mut().keep_before_exit();
    drop(harness);
    let first = window(root.path(), &FakeWorker::default(), Vec::new());
    assert_eq!((first.state().state.session.checkpoints.len(), first.state().state.session.view.tab.clone()), (2, Tab::SHARPNESS));
    assert!(!first.state().state.unsaved() && message(&first).is_empty(), "{}", message(&first));
    // The first window has the session, so a second window starts with the demo.
    let mut second = window(root.path(), &FakeWorker::default(), Vec::new());
    run_until(&mut second, |app| !app.state.session.checkpoints.is_empty());
    assert_eq!((second.state().state.document.name.as_str(), &second.state().state.document.file), ("Demo", &None));
}

#[test]
fn two_windows_keep_their_sessions_separately() {
    let (root, one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut first = open_study(root.path(), one.path());
    let mut second = open_study(root.path(), two.path());
    for (harness, name) in [(&mut first, "ERM"), (&mut second, "SAM")] {
        harness.get_by_label(&format!("Close checkpoint {name}")).click();
        harness.run();
        settle(harness);
    }
    drop((first, second));
    let mut left = Memory::at(root.path()).leftovers();
    left.sort_by(|a, b| a.file.cmp(&b.file));
    let mut files = [one.path().join("study.toml"), two.path().join("study.toml")];
    files.sort();
    assert_eq!(left.iter().filter_map(|left| left.file.clone()).collect::<Vec<_>>(), files);
}

#[test]
fn unsaved_changes_are_kept_when_another_session_is_opened_and_restored_on_request() {
    let (root, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut harness = open_study(root.path(), folder.path());
    press(&mut harness, "Close checkpoint ERM");
    press_keys(&mut harness, Modifiers::CTRL, Key::N);
    run_until(&mut harness, |app| !app.state.memory.leftovers.is_empty());
    harness.run();
    assert!(harness.state().state.is_empty() && harness.state().state.document.file.is_none());
    harness.get_by_label_contains("Open a checkpoint to see its loss landscape");
    harness.get_by_label_contains("Open recent");
    harness.get_by_label("Bring back unsaved study, 1 checkpoint").click();
    run_until(&mut harness, |app| app.state.session.checkpoints.len() == 1);
    assert!(harness.state().state.unsaved());
    assert_eq!(harness.state().state.session.checkpoints[0].name, "SAM");
}

#[test]
fn a_file_that_has_unsaved_changes_opens_with_them_and_undo_removes_them() {
    let (root, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut harness = open_study(root.path(), folder.path());
    press(&mut harness, "Close checkpoint ERM");
    harness.state_mut().keep_before_exit();
    drop(harness);
    let mut harness = window(root.path(), &FakeWorker::default(), vec![folder.path().join("study.toml")]);
    run_until(&mut harness, |app| app.state.session.checkpoints.len() == 1);
    assert!(message(&harness).contains("Unsaved changes were restored"), "{}", message(&harness));
    press_keys(&mut harness, Modifiers::CTRL, Key::Z);
    assert_eq!(harness.state().state.session.checkpoints.len(), 2);
    assert!(!harness.state().state.unsaved());
}

#[test]
fn a_session_that_names_an_unknown_tab_opens_at_the_first_and_says_which_tabs_there_are() {
    let (root, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = study(folder.path());
    let text = std::fs::read_to_string(&path).unwrap() + "[view]\ntab = \"spectrum\"\nscore = \"msp\"\n";
    std::fs::write(&path, text).unwrap();
    let mut harness = window(root.path(), &FakeWorker::default(), vec![path]);
    run_until(&mut harness, |app| app.state.session.checkpoints.len() == 2);
    let said = message(&harness);
    assert!(said.contains("found `spectrum`") && said.contains("landscape, sharpness, hessian") && said.contains("tensors"), "{said}");
    let app = harness.state();
    assert_eq!((app.state.session.view.tab.clone(), app.state.session.view.score.as_str()), (Tab::LANDSCAPE, "msp"));
    assert!(!app.state.unsaved());
}

#[test]
fn a_session_is_saved_with_relative_paths_and_loses_its_mark() {
    let (root, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut harness = open_study(root.path(), folder.path());
    harness.get_by_label("study");
    press(&mut harness, "Close checkpoint ERM");
    harness.get_by_label("•  study");
    press_keys(&mut harness, Modifiers::CTRL, Key::S);
    run_until(&mut harness, |app| !app.state.unsaved());
    let text = std::fs::read_to_string(folder.path().join("study.toml")).unwrap();
    assert!(text.contains("path = \"SAM.pt\"") && !text.contains("ERM"), "{text}");
    harness.run();
    harness.get_by_label("study");
    let other = folder.path().join("other");
    harness.state_mut().commands.push(Command::SaveAs(other.clone()));
    run_until(&mut harness, |app| app.state.document.file == Some(other.with_extension("toml")));
    settle(&mut harness);
    assert_eq!(harness.state().state.memory.recents[0].path, other.with_extension("toml"));
    assert_eq!(harness.state().state.memory.recents[1].path, folder.path().join("study.toml"));
}

#[test]
fn a_file_that_another_program_changed_is_not_overwritten_without_asking() {
    let (root, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut harness = open_study(root.path(), folder.path());
    let path = folder.path().join("study.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("version = 1\n", "version = 1\nseed = 5\n")).unwrap();
    press(&mut harness, "Close checkpoint ERM");
    press_keys(&mut harness, Modifiers::CTRL, Key::S);
    run_until(&mut harness, |app| app.state.message.is_some());
    assert!(message(&harness).contains("changed by another program"));
    assert_eq!(Session::load(&path).unwrap().seed, 5);
    press_keys(&mut harness, Modifiers::CTRL, Key::S);
    run_until(&mut harness, |app| !app.state.unsaved());
    assert_eq!(Session::load(&path).unwrap().seed, 0);
}

#[test]
fn a_session_whose_file_was_deleted_is_restored() {
    let (root, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let harness = open_study(root.path(), folder.path());
    drop(harness);
    std::fs::remove_file(folder.path().join("study.toml")).unwrap();
    let mut harness = window(root.path(), &FakeWorker::default(), Vec::new());
    harness.run();
    assert_eq!(harness.state().state.session.checkpoints.len(), 2);
    assert!(harness.state().state.unsaved() && message(&harness).contains("does not exist or cannot be read"));
    press_keys(&mut harness, Modifiers::CTRL, Key::N);
    settle(&mut harness);
    let recent = format!("Open recent {}", crate::ui::command::list::short(&folder.path().join("study.toml")));
    assert!(harness.get_by_label(&recent).accesskit_node().is_disabled(), "a missing file is shown and cannot be opened");
}

/// Removes the files that a test put into the cache.
pub(super) struct Cached(pub Vec<PathBuf>);

impl Drop for Cached {
    fn drop(&mut self) {
        self.0.iter().for_each(|folder| drop(std::fs::remove_dir_all(folder)));
    }
}

#[test]
fn a_closed_checkpoint_is_back_after_undo_with_its_results_and_nothing_is_computed() {
    let (root, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = study(folder.path());
    let session = Session::load(&path).unwrap();
    let mut cached = Cached(Vec::new());
    for (k, spec) in crate::ui::work::plan::plan(&session, &[]).0.iter().filter(|spec| matches!(spec, JobSpec::Landscape(_))).enumerate() {
        let out = spec.out().unwrap();
        cached.0.push(out.to_owned());
        surface(k, false).save(out).unwrap();
    }
    assert_eq!(cached.0.len(), 2);
    let fake_worker = FakeWorker::default();
    let mut harness = window(root.path(), &fake_worker, vec![path]);
    run_until(&mut harness, |app| app.state.store.landscapes.len() == 2);
    harness.run();
    harness.get_by_label_contains("Loss landscape of SAM on digits test, 21 × 21 cells, 441 computed");
    press(&mut harness, "Close checkpoint SAM");
    assert!(harness.query_by_label_contains("Loss landscape of SAM").is_none());
    press_keys(&mut harness, Modifiers::CTRL, Key::Z);
    run_until(&mut harness, |app| app.state.store.landscapes.len() == 2);
    harness.run();
    harness.get_by_label_contains("Loss landscape of SAM on digits test, 21 × 21 cells, 441 computed");
    assert_eq!(message(&harness), "Undone: close checkpoint SAM");
    let landscapes = fake_worker.0.borrow().asked.iter().filter(|(_, spec)| matches!(spec, JobSpec::Landscape(_))).count();
    assert_eq!(landscapes, 0, "what is in the cache is not computed");
    press_keys(&mut harness, Modifiers::CTRL | Modifiers::SHIFT, Key::Z);
    assert_eq!(harness.state().state.session.checkpoints.len(), 1);
    press_keys(&mut harness, Modifiers::CTRL, Key::Z);
    assert_eq!(harness.state().state.session.checkpoints.len(), 2);
}

#[test]
fn views_are_undone_too_and_another_tab_is_no_step() {
    let (root, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut harness = open_study(root.path(), folder.path());
    for command in [Command::Scatter(ScatterCommand::Toggle(far())), Command::SelectScore("msp".into()), Command::Show(Tab::RUNS)] {
        harness.state_mut().commands.push(command);
        harness.run_steps(6);
    }
    assert_eq!(harness.state().state.history.undo_name(), Some("choose the score"));
    press_keys(&mut harness, Modifiers::CTRL, Key::Z);
    assert_eq!(harness.state().state.session.view.score, "energy");
    assert_eq!(harness.state().state.session.view.tab, Tab::LANDSCAPE, "back where it was done");
    press_keys(&mut harness, Modifiers::CTRL, Key::Z);
    assert!(harness.state().state.session.view.scatter.hidden.is_empty() && !harness.state().state.unsaved());
    press_keys(&mut harness, Modifiers::CTRL, Key::Y);
    assert!(harness.state().state.session.view.scatter.hidden.contains(&far()));
}

#[test]
fn opening_is_undone_by_closing() {
    let (root, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut harness = open_study(root.path(), folder.path());
    std::fs::write(folder.path().join("third.pt"), b"\x80\x02not read here").unwrap();
    harness.state_mut().commands.push(Command::Open(vec![folder.path().join("third.pt")], OpenAs::ByContent));
    run_until(&mut harness, |app| app.state.session.checkpoints.len() == 3);
    assert_eq!(harness.state().state.history.undo_name(), Some("open checkpoint third"));
    press_keys(&mut harness, Modifiers::CTRL, Key::Z);
    assert_eq!(harness.state().state.session.checkpoints.len(), 2);
}

#[test]
fn theme_and_zoom_are_preferences_and_are_restored() {
    let root = tempfile::tempdir().unwrap();
    let mut harness = window(root.path(), &FakeWorker::default(), vec![]);
    press_keys(&mut harness, Modifiers::CTRL, Key::Plus);
    press_keys(&mut harness, Modifiers::CTRL, Key::Plus);
    press_keys(&mut harness, Modifiers::CTRL, Key::Minus);
    press(&mut harness, "View");
    harness.get_by_label("Theme").hover();
    harness.run();
    press(&mut harness, "Theme");
    press(&mut harness, "Dark theme");
    settle(&mut harness);
    drop(harness);
    let harness = window(root.path(), &FakeWorker::default(), vec![]);
    assert_eq!(harness.state().ctx.zoom_factor(), 1.15);
    assert_eq!(harness.state().ctx.theme(), egui::Theme::Dark);
}

#[test]
fn a_window_that_remembers_nothing_writes_nothing() {
    let mut harness = super::harness(&FakeWorker::default(), 1, false);
    harness.state_mut().state.session = session();
    harness.run_steps(12);
    assert!(!harness.state().memory_queue.is_busy() && !harness.state().memory_queue.has_kept());
}

#[test]
fn two_windows_keep_what_each_of_them_prefers() {
    let root = tempfile::tempdir().unwrap();
    let (mut first, mut second) =
        (window(root.path(), &FakeWorker::default(), vec![]), window(root.path(), &FakeWorker::default(), vec![]));
    let tell = |harness: &mut Harness<'static, App>, command| {
        harness.state_mut().execute(command);
        run_until(harness, |app| !app.memory_queue.is_busy());
        harness.run();
        run_until(harness, |app| !app.memory_queue.is_busy());
    };
    tell(&mut first, Command::SetTheme(ThemeChoice::Dark));
    tell(&mut second, Command::ZoomIn);
    // A third window does not write the preferences with which it was started.
    drop(window(root.path(), &FakeWorker::default(), vec![]));
    let kept = Preferences::load(root.path());
    assert_eq!((kept.theme, kept.zoom), (ThemeChoice::Dark, 1.15));
}
