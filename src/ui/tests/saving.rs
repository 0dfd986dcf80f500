//! Saved sessions can be opened again, nothing is overwritten without asking, and no change of a session is lost when another one
//! replaces it.

use egui::{Key, Modifiers};

use super::*;
use crate::ui::command::scatter::ScatterCommand;
use crate::ui::command::{Command, OpenAs};
use crate::ui::state::document::Restoring;
use crate::ui::tests::sessions::{far, message, open_study, settle, study, window};
use crate::ui::work::memory::Memory;
use crate::ui::work::memory::queue::Task;
use flatland_core::session::{HessianSettings, Session};

/// Two folders: for the memory, and for sessions.
fn folders() -> (tempfile::TempDir, tempfile::TempDir) {
    (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap())
}

#[test]
fn a_session_opens_again_when_a_checkpoint_of_its_figures_was_closed() {
    let (root, folder) = folders();
    let path = study(folder.path());
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text + "project = [\"SAM\"]\n[figure]\ncompared = [\"ERM\", \"SAM\"]\nmethods = [\"SAM\"]\n").unwrap();
    let mut harness = window(root.path(), &FakeWorker::default(), vec![path.clone()]);
    run_until(&mut harness, |app| app.state.session.checkpoints.len() == 2);
    press(&mut harness, "Close checkpoint SAM");
    press_keys(&mut harness, Modifiers::CTRL, Key::S);
    run_until(&mut harness, |app| !app.state.unsaved());
    assert_eq!(Session::load(&path).unwrap().figure.compared, ["ERM"]);
}

#[test]
fn what_could_not_be_opened_again_is_not_saved() {
    let (root, folder) = folders();
    let mut harness = open_study(root.path(), folder.path());
    harness.state_mut().state.session.figure.methods = vec!["gone".into()];
    press_keys(&mut harness, Modifiers::CTRL, Key::S);
    run_until(&mut harness, |app| app.state.message.is_some());
    assert!(message(&harness).contains("not saved") && message(&harness).contains("found `gone`"), "{}", message(&harness));
    assert!(Session::load(&folder.path().join("study.toml")).is_ok());
}

#[test]
fn a_closed_dataset_is_removed_from_all_settings() {
    let mut harness = harness(&FakeWorker::default(), 0, false);
    let gone = || vec!["textures".to_owned()];
    let session = &mut harness.state_mut().state.session;
    session.hessian = Some(HessianSettings { datasets: gone(), ..HessianSettings::default() });
    (session.landscape.ood, session.landscape.datasets, session.embedding.datasets) = (gone(), gone(), gone());
    session.view.dataset = Some("textures".into());
    give(&mut harness, Command::RemoveDataset("textures".into()));
    let session = harness.state().state.session.clone();
    assert!(session.landscape.ood.is_empty() && session.hessian.unwrap().datasets.is_empty() && session.view.dataset.is_none());
    assert!(session.landscape.datasets.is_empty() && session.embedding.datasets.is_empty() && session.datasets.len() == 4);
}

#[test]
fn a_file_that_cannot_be_read_any_more_is_not_overwritten_without_asking() {
    let (root, folder) = folders();
    let mut harness = open_study(root.path(), folder.path());
    let path = folder.path().join("study.toml");
    std::fs::write(&path, "version = 1\n# half of what an editor").unwrap();
    std::fs::write(&path, "version = 1\n[[checkpoi").unwrap();
    press(&mut harness, "Close checkpoint ERM");
    press_keys(&mut harness, Modifiers::CTRL, Key::S);
    run_until(&mut harness, |app| app.state.message.is_some());
    assert!(message(&harness).contains("changed by another program"), "{}", message(&harness));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "version = 1\n[[checkpoi");
    press_keys(&mut harness, Modifiers::CTRL, Key::S);
    run_until(&mut harness, |app| !app.state.unsaved());
    assert_eq!(Session::load(&path).unwrap().checkpoints.len(), 1);
    // A file that was deleted is written again.
    std::fs::remove_file(&path).unwrap();
    press(&mut harness, "Close checkpoint SAM");
    press_keys(&mut harness, Modifiers::CTRL, Key::S);
    run_until(&mut harness, |app| !app.state.unsaved());
    assert!(path.is_file());
}

#[test]
fn a_path_with_an_added_extension_overwrites_nothing() {
    let (root, folder) = folders();
    let mut harness = open_study(root.path(), folder.path());
    let taken = folder.path().join("taken.toml");
    std::fs::write(&taken, "precious").unwrap();
    give(&mut harness, Command::SaveAs(folder.path().join("taken")));
    run_until(&mut harness, |app| app.state.message.is_some());
    assert!(message(&harness).contains("not saved") && message(&harness).contains("taken.toml"), "{}", message(&harness));
    assert_eq!(std::fs::read_to_string(&taken).unwrap(), "precious");
    assert_eq!(harness.state().state.document.file, Some(folder.path().join("study.toml")));
    // The session's own file may be overwritten.
    harness.state_mut().commands.push(Command::Back);
    press(&mut harness, "Close checkpoint SAM");
    give(&mut harness, Command::SaveAs(folder.path().join("study")));
    run_until(&mut harness, |app| !app.state.unsaved());
}

#[test]
fn a_session_that_takes_the_place_of_one_that_is_being_saved_does_not_get_its_file() {
    let (root, folder) = folders();
    let mut harness = open_study(root.path(), folder.path());
    let path = folder.path().join("other.toml");
    let app = harness.state_mut();
    app.save_as(path.clone(), true);
    app.new_session();
    run_until(&mut harness, |_| path.is_file());
    settle(&mut harness);
    let app = harness.state();
    assert_eq!((app.state.document.file.as_ref(), app.state.document.name.as_str(), app.state.unsaved()), (None, "Untitled", false));
    assert!(message(&harness).contains("other.toml"), "{}", message(&harness));
}

#[test]
fn the_view_of_a_file_is_restored_and_its_content_is_read_again() {
    let (root, folder) = folders();
    let mut harness = open_study(root.path(), folder.path());
    give(&mut harness, Command::Scatter(ScatterCommand::Toggle(far())));
    press_keys(&mut harness, Modifiers::CTRL, Key::N);
    settle(&mut harness);
    assert!(harness.state().state.is_empty() && harness.query_by_label("Not saved").is_none());
    let path = folder.path().join("study.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("version = 1\n", "version = 1\nseed = 5\n")).unwrap();
    harness.state_mut().commands.push(Command::Open(vec![path], OpenAs::ByContent));
    run_until(&mut harness, |app| app.state.session.checkpoints.len() == 2);
    run_until(&mut harness, |app| app.state.session.view.scatter.hidden.contains(&far()));
    assert!(!harness.state().state.unsaved() && harness.state().state.session.seed == 5);
}

#[test]
fn another_tab_alone_is_not_an_unsaved_change() {
    let (root, folder) = folders();
    let mut harness = open_study(root.path(), folder.path());
    press(&mut harness, "Energy");
    press_keys(&mut harness, Modifiers::CTRL, Key::N);
    settle(&mut harness);
    assert!(Memory::at(root.path()).leftovers().is_empty());
}

/// Another window has left changes to the open file in the returned slot, and they are requested.
fn recall_changes(harness: &mut Harness<'static, App>, root: &std::path::Path) -> String {
    let mut left = harness.state().state.kept_session(true);
    (left.unsaved, left.session.seed) = (true, 77);
    Memory::at(root).keep(&left).unwrap();
    let id = Memory::at(root).leftovers()[0].id.clone();
    harness.state_mut().state.restoring = Some(Restoring::Changes);
    harness.state_mut().memory_queue.push(Task::Restore(id.clone()));
    id
}

#[test]
fn unsaved_changes_that_arrive_too_late_stay_in_their_slot() {
    let (root, folder) = folders();
    let mut harness = open_study(root.path(), folder.path());
    let id = recall_changes(&mut harness, root.path());
    // In the meantime something is changed here.
    harness.state_mut().state.session.checkpoints.truncate(1);
    settle(&mut harness);
    give(&mut harness, Command::SelectScore("msp".into()));
    settle(&mut harness);
    assert_eq!(harness.state().state.session.seed, 0);
    drop(harness);
    let restored = Memory::at(root.path()).take(&id).unwrap().unwrap();
    assert_eq!((restored.kept.session.seed, restored.kept.session.checkpoints.len()), (77, 2));
    let left = Memory::at(root.path()).leftovers();
    assert!(left.iter().any(|left| left.checkpoints == 1), "what was changed here is kept too");
}

#[test]
fn unsaved_changes_that_are_being_restored_stay_when_another_session_is_opened() {
    let (root, folder) = folders();
    let mut harness = open_study(root.path(), folder.path());
    let id = recall_changes(&mut harness, root.path());
    harness.state_mut().new_session();
    settle(&mut harness);
    assert!(harness.state().state.is_empty());
    drop(harness);
    assert_eq!(Memory::at(root.path()).take(&id).unwrap().unwrap().kept.session.seed, 77);
}

#[test]
fn a_slot_that_cannot_be_read_is_reported_at_the_start() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(root.path().join("slots")).unwrap();
    std::fs::write(root.path().join("slots/9-9.toml"), "name = \"from another version\"").unwrap();
    let mut harness = window(root.path(), &FakeWorker::default(), Vec::new());
    run_until(&mut harness, |app| app.state.document.name == "Demo");
    assert!(message(&harness).contains("cannot read the kept session") && message(&harness).contains("9-9.toml"), "{}", message(&harness));
    let items = crate::ui::command::list::list(&harness.state().state);
    let item = items.iter().find(|item| item.name == "Bring back unsaved 9-9.toml, cannot be read").unwrap();
    assert!(item.unavailable.as_ref().is_some_and(|why| why.contains("9-9.toml")));
    assert!(root.path().join("slots/9-9.toml").is_file());
}

#[test]
fn a_session_is_saved_under_a_typed_path_without_a_dialog() {
    let (root, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut harness = open_study(root.path(), folder.path());
    let path = folder.path().join("typed.toml");
    let save = |harness: &mut Harness<'static, App>| {
        harness.state_mut().state.message = None;
        press_keys(harness, Modifiers::CTRL, Key::K);
        harness.get_by_label("Find a command").type_text(&format!("save as {}", path.display()));
        harness.run();
        press_keys(harness, Modifiers::NONE, Key::Enter);
        run_until(harness, |app| app.state.message.is_some());
    };
    save(&mut harness);
    assert!(Session::load(&path).is_ok(), "{}", message(&harness));
    std::fs::write(&path, "another's").unwrap();
    press_keys(&mut harness, Modifiers::CTRL, Key::N);
    settle(&mut harness);
    save(&mut harness);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "another's", "the user was not asked");
}
