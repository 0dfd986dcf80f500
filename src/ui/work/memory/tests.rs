//! Tests of slots, locks, the list of recent files and the removal of old slots.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use super::*;
use crate::ui::state::memory::ThemeChoice;
use crate::ui::work::memory::keeper::{Keeper, Task, perform};

fn kept(name: &str, unsaved: bool, time: f64) -> Kept {
    Kept { file: None, name: name.into(), unsaved, closed: false, stopped: false, time, session: Session { seed: 7, ..Session::default() } }
}

#[test]
fn what_a_process_kept_is_taken_by_the_next_once_it_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Memory::at(folder.path());
    first.keep(&kept("study", true, 1.0)).unwrap();
    let mut second = Memory::at(folder.path());
    assert!(second.take_last().unwrap().is_none(), "the first lives");
    drop(first);
    let restored = second.take_last().unwrap().unwrap();
    assert_eq!(restored.kept, kept("study", true, 1.0));
    assert!(Memory::at(folder.path()).take_last().unwrap().is_none(), "the second has it now");
}

#[test]
fn two_windows_never_write_the_same_slot() {
    let folder = tempfile::tempdir().unwrap();
    let (mut first, mut second) = (Memory::at(folder.path()), Memory::at(folder.path()));
    first.keep(&kept("a", true, 1.0)).unwrap();
    second.keep(&kept("b", true, 2.0)).unwrap();
    first.keep(&kept("a", true, 3.0)).unwrap();
    drop((first, second));
    let names: Vec<String> = Memory::at(folder.path()).left().into_iter().map(|left| left.name).collect();
    assert_eq!(names, ["a", "b"], "the latest first");
}

#[test]
fn what_is_unsaved_stays_however_old_and_of_the_rest_only_the_latest() {
    let folder = tempfile::tempdir().unwrap();
    let mut memory = Memory::at(folder.path());
    for (name, unsaved, time) in [("old", true, 1.0), ("clean", false, 2.0), ("cleaner", false, 3.0)] {
        memory.keep(&kept(name, unsaved, time)).unwrap();
        memory.leave();
    }
    memory.tidy();
    assert_eq!(slot::left(folder.path()).into_iter().map(|left| left.name).collect::<Vec<_>>(), ["cleaner", "old"]);
    let id = memory.left().into_iter().find(|left| left.unsaved).unwrap().id;
    memory.forget(&id);
    assert!(!memory.left().iter().any(|left| left.unsaved));
    assert_eq!(std::fs::read_dir(folder.path().join("slots")).unwrap().count(), 2, "one slot and its lock");
}

#[test]
fn the_latest_of_each_of_the_last_files_stays_and_knows_how_it_was_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let mut memory = Memory::at(folder.path());
    for k in 0..30 {
        let file = Some(format!("/studies/{}.toml", k % 15).into());
        memory.keep(&Kept { file, ..kept(&k.to_string(), false, f64::from(k)) }).unwrap();
        memory.leave();
    }
    memory.tidy();
    let names: Vec<String> = memory.left().into_iter().map(|left| left.name).collect();
    assert_eq!(names, (18..30).rev().map(|k: i32| k.to_string()).collect::<Vec<_>>());
}

#[test]
fn a_slot_that_cannot_be_read_is_told_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("slots")).unwrap();
    let broken = folder.path().join("slots/9-9.toml");
    std::fs::write(&broken, "half a fi").unwrap();
    let mut memory = Memory::at(folder.path());
    assert!(memory.take_last().unwrap_err().contains("9-9.toml"));
    assert!(memory.take("9-9").unwrap_err().contains("9-9.toml"));
    memory.keep(&kept("study", false, 1e12)).unwrap();
    memory.leave();
    memory.tidy();
    assert!(broken.is_file());
    assert_eq!(memory.left().into_iter().filter(|left| left.unsaved).map(|left| left.id).collect::<Vec<_>>(), ["9-9"]);
    assert_eq!(memory.take_last().unwrap().unwrap().kept.name, "study", "what was open later does not suffer from it");
}

#[test]
fn recent_files_are_the_latest_first_at_most_twelve_and_missing_ones_stay() {
    let folder = tempfile::tempdir().unwrap();
    let memory = Memory::at(folder.path());
    let file = |k: usize| folder.path().join(format!("{k}.toml"));
    for k in 0..14 {
        std::fs::write(file(k), "").unwrap();
        memory.recents(Some(&file(k))).unwrap();
    }
    memory.recents(Some(&file(5))).unwrap();
    std::fs::remove_file(file(13)).unwrap();
    let recents = Memory::at(folder.path()).recents(None).unwrap();
    let expected: Vec<PathBuf> = [5, 13, 12, 11, 10, 9, 8, 7, 6, 4, 3, 2].map(file).into();
    assert_eq!(recents.iter().map(|recent| recent.path.clone()).collect::<Vec<_>>(), expected);
    assert_eq!(recents.iter().filter(|recent| recent.missing).map(|recent| recent.path.clone()).collect::<Vec<_>>(), [file(13)]);
}

#[test]
fn theme_zoom_and_habits_come_back_and_nonsense_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Preferences::load(folder.path()), Preferences::default());
    let mut preferences = Preferences { theme: ThemeChoice::Dark, ..Preferences::default() };
    preferences.zoom = preferences.zoomed(true);
    for k in 0..20 {
        preferences.use_command(format!("{}", k % 15));
    }
    Memory::at(folder.path()).prefer(&Preferences::default(), &preferences).unwrap();
    assert_eq!(Preferences::load(folder.path()), preferences);
    assert_eq!((preferences.used.len(), preferences.used[0].as_str()), (12, "4"));
    for text in ["zoom = nan", "zoom = 1e9", "theme = 3", "\0"] {
        std::fs::write(folder.path().join("preferences.toml"), text).unwrap();
        assert!((0.5..=2.0).contains(&Preferences::load(folder.path()).zoom), "{text}");
    }
    let largest = Preferences { zoom: 2.0, ..Preferences::default() };
    assert_eq!((largest.zoomed(true), largest.zoomed(false)), (2.0, 1.5));
}

#[test]
fn a_change_is_kept_once_it_has_been_calm_and_not_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut keeper = Keeper::at(folder.path());
    let mut watch = |seed: u64, now: f64| {
        let present = Kept { session: Session { seed, ..Session::default() }, ..kept("x", true, now) };
        let same = present.session.clone();
        let wait = keeper.watch(|| present, |kept| kept.session == same, now);
        (
            wait,
            keeper.take_work().map(|(mut memory, tasks)| {
                let kept = tasks.iter().filter(|task| matches!(task, Task::Keep(_))).count();
                perform(&mut memory, tasks);
                keeper.back(memory);
                kept
            }),
        )
    };
    assert_eq!(watch(1, 0.0), (Some(1.0), None));
    assert_eq!(watch(2, 0.5), (Some(0.5), None), "a slider that is dragged");
    assert_eq!(watch(3, 1.0), (None, Some(1)));
    assert_eq!(watch(3, 9.0), (None, None), "nothing changed");
    drop(keeper);
    assert_eq!(Memory::at(folder.path()).take_last().unwrap().unwrap().kept.session.seed, 3);
}
