//! Panels by their labels if no other test presses them, and every command of the list by its name in the palette.

use egui::{Key, Modifiers};

use super::*;
use crate::ui::command::list::Item;
use crate::ui::command::scatter::ScatterCommand;
use crate::ui::command::{Close, Command, OpenAs};
use crate::ui::state::memory::{Leftover, Recent, ThemeChoice};
use flatland_core::result::UnreadableImage;
use flatland_core::session::{HessianSettings, Link, Selection};

/// Presses a label and returns the pushed commands before they are executed.
fn pushed_commands(harness: &mut Harness<'static, App>, label: &str) -> Vec<Command> {
    harness.get_by_label(label).click();
    // In the first frame of a click the button goes down.
    for _ in 0..3 {
        harness.step();
        let given = std::mem::take(&mut harness.state_mut().commands);
        if !given.is_empty() {
            return given;
        }
    }
    Vec::new()
}

#[test]
fn the_start_page_opens_the_demo_recent_files_and_what_was_left() {
    let mut harness = harness(&FakeWorker::default(), 0, false);
    let app = harness.state_mut();
    app.state.session = flatland_core::session::Session::default();
    app.state.memory.recents =
        vec![Recent { path: "/home/ada/study.toml".into(), missing: false }, Recent { path: "/media/disk/old.toml".into(), missing: true }];
    let left = |id: &str, name: &str| Leftover {
        id: id.into(),
        file: None,
        name: name.into(),
        unsaved: true,
        time: 0.0,
        checkpoints: 2,
        error: None,
    };
    let broken = Leftover { error: Some("cannot read the kept session (/state/slots/9.toml)".into()), ..left("9", "9.toml") };
    app.state.memory.leftovers = vec![left("7", "sketch"), left("8", "draft"), broken];
    harness.run();
    for (label, command) in [
        ("Open files…", Command::OpenDialog(OpenAs::ByContent)),
        ("Open the demo", Command::OpenDemo),
        ("Open recent ada/study.toml", Command::Open(vec!["/home/ada/study.toml".into()], OpenAs::ByContent)),
        ("Bring back unsaved sketch, 2 checkpoints", Command::Restore("7".into())),
        ("Forget unsaved draft, 2 checkpoints", Command::Forget("8".into())),
        ("Forget unsaved 9.toml, cannot be read", Command::Forget("9".into())),
    ] {
        assert_eq!(pushed_commands(&mut harness, label), [command], "{label}");
    }
    assert_eq!(pushed_commands(&mut harness, "Open recent disk/old.toml"), [], "the file does not exist");
    assert_eq!(pushed_commands(&mut harness, "Bring back unsaved 9.toml, cannot be read"), [], "its name says so, and it is not opened");
}

#[test]
fn the_theme_menu_offers_light_dark_and_the_systems() {
    let mut harness = harness(&FakeWorker::default(), 0, false);
    harness.run();
    for (label, theme, choice) in [("Light", egui::Theme::Light, ThemeChoice::Light), ("Dark", egui::Theme::Dark, ThemeChoice::Dark)] {
        let menu = harness.query_by_label("Light  ▾").or(harness.query_by_label("Dark  ▾"));
        menu.expect("the theme's menu").click();
        harness.run();
        press(&mut harness, label);
        assert_eq!((harness.state().ctx.theme(), harness.state().state.memory.preferences.theme), (theme, choice));
    }
}

#[test]
fn the_export_line_leaves_the_data_out_when_asked_and_closes() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = harness(&FakeWorker::default(), 1, false);
    harness.run();
    press(&mut harness, "Export…");
    press(&mut harness, "and its data");
    harness.state_mut().state.export.path = folder.path().join("a.svg").display().to_string();
    harness.run();
    press(&mut harness, "Write");
    run_until(&mut harness, |app| app.state.message.is_some());
    assert!(folder.path().join("a.svg").exists() && !folder.path().join("a.csv").exists());
    press(&mut harness, "Dismiss message");
    assert!(harness.state().state.message.is_none());
    for (label, format) in [("SVG…", "svg"), ("PDF…", "pdf"), ("PNG…", "png")] {
        let given = pushed_commands(&mut harness, label);
        assert!(matches!(&given[..], [Command::ExportDialog(asked)] if asked.extension() == format), "{label}: {given:?}");
    }
    press(&mut harness, "Close the export line");
    assert!(harness.query_by_label("Write").is_none());
}

#[test]
fn datasets_and_links_are_changed_in_place() {
    let mut harness = harness(&FakeWorker::default(), 1, false);
    harness.run();
    press(&mut harness, "Close dataset fog");
    assert!(harness.query_by_label("Close dataset fog").is_none());
    // A new plan shows a message, which moves everything.
    run_until(&mut harness, |app| !app.background.is_busy());
    harness.run();
    for link in [Link::Axes, Link::Colors, Link::Cursor] {
        press(&mut harness, &format!("Link {}", link.label()));
        assert!(!harness.state().state.session.view.links.has(link));
        press(&mut harness, &format!("Link {}", link.label()));
        assert!(harness.state().state.session.view.links.has(link));
    }
}

#[test]
fn the_log_is_cleared_and_hidden() {
    let mut harness = harness(&FakeWorker::default(), 0, false);
    harness.state_mut().state.log.push(crate::ui::state::log::Level::Info, String::new(), "something");
    harness.run();
    press(&mut harness, "Show the log");
    harness.get_by_label("something");
    press(&mut harness, "Remove all lines");
    harness.get_by_label_contains("Nothing yet: events of jobs");
    press(&mut harness, "Hide the log");
    assert!(harness.query_by_label("Filter").is_none());
}

/// Everything that a command can change and a user can see.
fn seen(harness: &Harness<'static, App>, fake_worker: &FakeWorker) -> String {
    let app = harness.state();
    let states: Vec<_> = app.state.store.jobs.values().map(|job| format!("{:?} {}", job.state, job.priority)).collect();
    let requests = (fake_worker.0.borrow().asked.len(), fake_worker.0.borrow().cancelled.len(), fake_worker.0.borrow().paused.len());
    let open = (app.state.export.open, app.state.log.open, app.state.shortcuts, app.state.runs.form.is_some());
    let person = (app.ctx.zoom_factor(), app.state.memory.preferences.theme);
    format!(
        "{:?}{:?}{:?}{states:?}{requests:?}{open:?}{person:?}{}",
        app.state.session, app.state.message, app.state.document.name, app.state.generation
    )
}

/// Commands with a file dialog would open one on the tester's desktop; the command that closes the window ends the test.
fn can_be_tried(item: &Item) -> bool {
    let asks = matches!(
        item.command,
        Command::OpenDialog(_)
            | Command::Save
            | Command::SaveDialog
            | Command::ExportDialog(_)
            | Command::Scatter(ScatterCommand::ExportDialog)
    );
    // A choice that is already set changes nothing, nor does closing what the palette has closed. The demo reads the user's cache.
    let changes_nothing =
        item.chosen || matches!(item.command, Command::Close(Close::Ask) | Command::Back | Command::TogglePalette | Command::OpenDemo);
    item.unavailable.is_none() && !asks && !changes_nothing
}

/// A small window with some of everything.
fn small_window(fake_worker: &FakeWorker) -> Harness<'static, App> {
    let mut harness = harness(fake_worker, 2, false);
    let app = harness.state_mut();
    app.state.session.checkpoints.truncate(2);
    app.state.session.view.tab = Tab::COMPARE;
    app.state.session.view.scatter.selection = Selection::of("digits test", vec![1, 2, 3]);
    app.state.session.hessian = Some(HessianSettings::default());
    app.state.store.add(landscape_job("Pretrained"), JobState::Failed("no memory".into()));
    harness.run();
    harness
}

#[test]
fn every_command_does_something_that_is_seen_when_its_name_is_given_to_the_palette() {
    let fake_worker = FakeWorker::default();
    let mut harness = small_window(&fake_worker);
    let names: Vec<String> = crate::ui::command::list::list(&harness.state().state)
        .iter()
        .filter(|item| can_be_tried(item))
        .map(|item| item.name.clone())
        .collect();
    assert!(names.len() > 50, "{names:?}");
    let (session, mut silent, mut tried) = (harness.state().state.session.clone(), Vec::new(), 0);
    for name in &names {
        let app = harness.state_mut();
        (app.state.session, app.state.message, app.state.export.open, app.state.log.open, app.state.shortcuts) =
            (session.clone(), None, false, false, false);
        (app.state.runs.form, app.state.palette) = (None, None);
        harness.run();
        // A command before it may have closed the checkpoint with its results and jobs.
        if !crate::ui::command::list::list(&harness.state().state).iter().any(|item| item.name == *name) {
            continue;
        }
        tried += 1;
        press_keys(&mut harness, Modifiers::CTRL, Key::K);
        assert!(harness.state().state.palette.is_some(), "no palette for {name}");
        harness.get_by_label("Find a command").type_text(name);
        harness.run();
        let before = seen(&harness, &fake_worker);
        harness.key_press(Key::Enter);
        harness.run();
        run_until(&mut harness, |app| !app.background.is_busy());
        if harness.state().state.palette.is_some() || seen(&harness, &fake_worker) == before {
            silent.push(name);
        }
    }
    assert!(silent.is_empty(), "nothing came of {silent:?}");
    assert!(tried > 50, "{tried}");
}

#[test]
fn a_dataset_says_how_many_of_its_images_could_not_be_read_and_which() {
    let mut harness = harness(&FakeWorker::default(), 1, true);
    let dataset = harness.state().state.session.datasets[0].clone();
    let image = |k: usize| UnreadableImage { path: format!("/data/{k}.jpg").into(), reason: "cut short".into() };
    let table = flatland_core::result::ScoreTable {
        unreadable: [(dataset.name.clone(), vec![image(1), image(2)])].into_iter().collect(),
        ..(**harness.state().state.store.scores.values().next().unwrap()).clone()
    };
    let checkpoint = harness.state().state.store.scores.keys().next().unwrap().clone();
    harness.state_mut().state.store.scores.insert(checkpoint, std::sync::Arc::new(table));
    harness.run();
    let label = format!("Role and images of {}: {} · 300 · 2 unreadable", dataset.name, dataset.role.label());
    harness.get_by_label(&label);
}
