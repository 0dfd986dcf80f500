//! Tests of slots, locks, the list of recent files and the removal of old slots.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use super::*;
use crate::ui::state::memory::{RememberedProgram, ThemeChoice};
use crate::ui::work::memory::queue::{MemoryQueue, Task, perform};
use flatland_core::session::NetworkChoice;

fn kept(name: &str, unsaved: bool, time: f64) -> KeptSession {
    KeptSession {
        file: None,
        name: name.into(),
        unsaved,
        closed: false,
        stopped: false,
        time,
        session: Session { seed: 7, ..Session::default() },
    }
}

#[test]
fn the_session_of_a_process_is_taken_over_after_it_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Memory::at(folder.path());
    first.keep(&kept("study", true, 1.0)).unwrap();
    let mut second = Memory::at(folder.path());
    assert!(second.take_last().unwrap().is_none(), "the first is still open");
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
    let names: Vec<String> = Memory::at(folder.path()).leftovers().into_iter().map(|left| left.name).collect();
    assert_eq!(names, ["a", "b"], "the latest first");
}

#[test]
fn unsaved_sessions_are_never_removed_and_of_the_others_the_latest_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut memory = Memory::at(folder.path());
    for (name, unsaved, time) in [("old", true, 1.0), ("clean", false, 2.0), ("cleaner", false, 3.0)] {
        memory.keep(&kept(name, unsaved, time)).unwrap();
        memory.leave();
    }
    memory.remove_old_slots();
    assert_eq!(slot::leftovers(folder.path()).into_iter().map(|left| left.name).collect::<Vec<_>>(), ["cleaner", "old"]);
    let id = memory.leftovers().into_iter().find(|left| left.unsaved).unwrap().id;
    memory.forget(&id);
    assert!(!memory.leftovers().iter().any(|left| left.unsaved));
    assert_eq!(std::fs::read_dir(folder.path().join("slots")).unwrap().count(), 2, "one slot and its lock");
}

#[test]
fn the_latest_slot_of_each_recent_file_stays_with_its_view() {
    let folder = tempfile::tempdir().unwrap();
    let mut memory = Memory::at(folder.path());
    for k in 0..30 {
        let file = Some(format!("/studies/{}.toml", k % 15).into());
        memory.keep(&KeptSession { file, ..kept(&k.to_string(), false, f64::from(k)) }).unwrap();
        memory.leave();
    }
    memory.remove_old_slots();
    let names: Vec<String> = memory.leftovers().into_iter().map(|left| left.name).collect();
    assert_eq!(names, (18..30).rev().map(|k: i32| k.to_string()).collect::<Vec<_>>());
}

#[test]
fn a_slot_that_cannot_be_read_is_reported_and_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("slots")).unwrap();
    let broken = folder.path().join("slots/9-9.toml");
    std::fs::write(&broken, "half a fi").unwrap();
    let mut memory = Memory::at(folder.path());
    assert!(memory.take_last().unwrap_err().contains("9-9.toml"));
    assert!(memory.take("9-9").unwrap_err().contains("9-9.toml"));
    memory.keep(&kept("study", false, 1e12)).unwrap();
    memory.leave();
    memory.remove_old_slots();
    assert!(broken.is_file());
    assert_eq!(memory.leftovers().into_iter().filter(|left| left.unsaved).map(|left| left.id).collect::<Vec<_>>(), ["9-9"]);
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
fn of_the_remembered_programs_those_that_exist_are_listed_and_the_latest_choice_for_tensors_counts() {
    let folder = tempfile::tempdir().unwrap();
    let program = |tensors: &str, file: &str| {
        let network = NetworkChoice::named(folder.path().join(file).display().to_string());
        RememberedProgram { tensors: tensors.into(), network: NetworkChoice { output: Some("logits".into()), ..network } }
    };
    let mut memory = Memory::at(folder.path());
    std::fs::write(folder.path().join("net.pt2"), "").unwrap();
    std::fs::write(folder.path().join("new.pt2"), "").unwrap();
    for (tensors, file) in [("a", "net.pt2"), ("b", "gone.pt2"), ("c", "net.pt2"), ("a", "new.pt2")] {
        perform(&mut memory, vec![Task::RememberProgram(Box::new(program(tensors, file)))]);
    }
    let report = perform(&mut Memory::at(folder.path()), vec![Task::ListSessions]);
    assert_eq!(report.programs, Some(vec![program("a", "new.pt2"), program("c", "net.pt2")]));
    std::fs::write(folder.path().join("gone.pt2"), "").unwrap();
    assert_eq!(memory.programs(None).unwrap().len(), 3, "it is back");
    let mut list = Vec::new();
    (0..=RememberedProgram::CAP).for_each(|k| program(&k.to_string(), "net.pt2").put_first(&mut list));
    assert_eq!((list.len(), list[0].tensors.as_str()), (RememberedProgram::CAP, "100"));
}

#[test]
fn preferences_are_restored_and_an_invalid_file_gives_the_defaults() {
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
fn a_change_is_kept_after_the_delay_and_only_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut memory_queue = MemoryQueue::at(folder.path());
    let mut watch = |seed: u64, now: f64| {
        let present = KeptSession { session: Session { seed, ..Session::default() }, ..kept("x", true, now) };
        let same = present.session.clone();
        let wait = memory_queue.keep_when_due(|| present, |kept| kept.session == same, now);
        (
            wait,
            memory_queue.take_work().map(|(mut memory, tasks)| {
                let kept = tasks.iter().filter(|task| matches!(task, Task::Keep(_))).count();
                perform(&mut memory, tasks);
                memory_queue.return_memory(memory);
                kept
            }),
        )
    };
    assert_eq!(watch(1, 0.0), (Some(1.0), None));
    assert_eq!(watch(2, 0.5), (Some(0.5), None), "a slider that is dragged");
    assert_eq!(watch(3, 1.0), (None, Some(1)));
    assert_eq!(watch(3, 9.0), (None, None), "nothing changed");
    drop(memory_queue);
    assert_eq!(Memory::at(folder.path()).take_last().unwrap().unwrap().kept.session.seed, 3);
}
