//! The list of commands and what is made from it: keys, palette, list of shortcuts, menus. All widgets have names and can be focused.

use std::collections::BTreeMap;

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use super::{give, press, press_keys};
use crate::ui::command::{Command, shortcut};
use crate::ui::state::store::JobState;
use crate::ui::tests::fixtures::{FakeWorker, landscape_job};
use crate::ui::update::App;
use flatland_core::session::Tab;

fn full() -> Harness<'static, App> {
    let mut harness = super::harness(&FakeWorker::default(), 5, false);
    harness.run();
    harness
}

/// The variants without arguments of an enum of commands.
fn without_argument(name: &str) -> Vec<String> {
    let source =
        [include_str!("../command/mod.rs"), include_str!("../command/scatter.rs"), include_str!("../command/landscape.rs")].concat();
    let body = source.split(&format!("pub enum {name} {{")).nth(1).unwrap().split("\n}").next().unwrap();
    let is_variant = |line: &str| line.ends_with(',') && line.trim_end_matches(',').chars().all(char::is_alphanumeric);
    body.lines().map(str::trim).filter(|line| is_variant(line)).map(|line| line.trim_end_matches(',').to_owned()).collect()
}

#[test]
fn every_command_without_an_argument_is_in_the_list() {
    let harness = full();
    let listed: Vec<String> =
        crate::ui::command::list::list(&harness.state().state).iter().map(|item| format!("{:?}", item.command)).collect();
    let (own, of_runs) = (without_argument("Command"), without_argument("RunCommand"));
    assert!(own.contains(&"Undo".into()) && of_runs.contains(&"Start".into()), "the source is read");
    let within = |list: &str, names: Vec<String>| names.into_iter().map(|name| format!("{list}({name})")).collect::<Vec<_>>();
    let of_views =
        within("Scatter", without_argument("ScatterCommand")).into_iter().chain(within("Landscape", without_argument("LandscapeCommand")));
    let expected = own.into_iter().chain(within("Run", of_runs)).chain(of_views);
    let missing: Vec<String> = expected.filter(|name| !listed.contains(name)).collect();
    assert!(missing.is_empty(), "not in the list of commands: {missing:?}");
}

#[test]
fn no_two_commands_share_their_keys_or_their_name() {
    let mut harness = full();
    harness.state_mut().state.store.add(landscape_job("ERM"), JobState::Waiting);
    let items = crate::ui::command::list::list(&harness.state().state);
    let mut by_keys: BTreeMap<String, String> = BTreeMap::new();
    let mut names = std::collections::BTreeSet::new();
    for item in &items {
        assert!(!item.name.trim().is_empty());
        assert!(names.insert(item.name.clone()), "`{}` is there twice", item.name);
        for keys in item.shortcuts {
            if let Some(other) = by_keys.insert(shortcut::text(keys), item.name.clone()) {
                panic!("{} is of `{other}` and of `{}`", shortcut::text(keys), item.name);
            }
        }
    }
    assert!(by_keys.len() > 20);
}

#[test]
fn keys_give_their_commands() {
    let mut harness = full();
    let numbers = [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7];
    for (tab, number) in crate::ui::tab_keys().into_iter().map(Tab::new).zip(numbers) {
        press_keys(&mut harness, Modifiers::CTRL, number);
        assert_eq!(harness.state().state.session.view.tab, tab, "tabs are numbered as they stand");
    }
    press_keys(&mut harness, Modifiers::CTRL | Modifiers::SHIFT, Key::E);
    assert!(harness.state().state.export.open);
    press_keys(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(!harness.state().state.export.open);
}

#[test]
fn a_text_field_undoes_its_own_edits_and_takes_signs() {
    let mut harness = full();
    press(&mut harness, "Close checkpoint SAM");
    harness.get_by_label("Path to open").focus();
    harness.run();
    harness.get_by_label("Path to open").type_text("?");
    press_keys(&mut harness, Modifiers::CTRL, Key::Z);
    harness.key_press(Key::Questionmark);
    harness.run();
    assert_eq!(harness.state().state.session.checkpoints.len(), 4, "the window undid nothing");
    assert!(!harness.state().state.shortcuts);
}

/// Whether the palette's row of this name is the one that Enter executes.
fn is_chosen(harness: &Harness<'static, App>, name: &str) -> bool {
    harness.get_by_label(name).accesskit_node().data().toggled() == Some(egui::accesskit::Toggled::True)
}

#[test]
fn the_palette_finds_a_command_by_a_few_letters_and_enter_gives_it() {
    let mut harness = full();
    press_keys(&mut harness, Modifiers::CTRL, Key::K);
    harness.get_by_label("Find a command").type_text("shsh");
    harness.run();
    assert!(is_chosen(&harness, "Show Sharpness"));
    press_keys(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(harness.state().state.session.view.tab, Tab::SHARPNESS);
    assert!(harness.state().state.palette.is_none());
    press_keys(&mut harness, Modifiers::CTRL | Modifiers::SHIFT, Key::P);
    assert!(is_chosen(&harness, "Show Sharpness"), "used lately");
    press_keys(&mut harness, Modifiers::NONE, Key::ArrowDown);
    assert!(!is_chosen(&harness, "Show Sharpness"));
    press_keys(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.state().state.palette.is_none());
}

/// A slow window receives the last letters and Enter in one frame.
#[test]
fn the_palette_gives_what_was_typed_even_when_enter_comes_at_once() {
    let mut harness = full();
    press_keys(&mut harness, Modifiers::CTRL, Key::K);
    let enter = egui::Event::Key { key: Key::Enter, physical_key: None, pressed: true, repeat: false, modifiers: Modifiers::NONE };
    harness.input_mut().events.extend([egui::Event::Text("show energy".into()), enter]);
    harness.run();
    assert_eq!(harness.state().state.session.view.tab, Tab::ENERGY);
}

#[test]
fn the_palette_says_why_something_cannot_be_done_and_does_not_do_it() {
    let mut harness = full();
    press_keys(&mut harness, Modifiers::CTRL, Key::K);
    harness.get_by_label("Find a command").type_text("restart worker");
    harness.run();
    assert!(harness.get_by_label("Restart worker: the worker is running").accesskit_node().is_disabled());
    press_keys(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(harness.state().state.palette.is_some());
}

#[test]
fn what_is_open_has_commands_of_its_own() {
    let mut harness = full();
    press_keys(&mut harness, Modifiers::CTRL, Key::K);
    harness.get_by_label("Find a command").type_text("close sam");
    harness.run();
    press_keys(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(harness.query_by_label("Close checkpoint SAM").is_none());
    press(&mut harness, "Edit");
    press(&mut harness, "Undo close checkpoint SAM");
    harness.get_by_label("Close checkpoint SAM");
}

#[test]
fn the_list_of_shortcuts_shows_all_keys_and_closes() {
    let mut harness = full();
    press_keys(&mut harness, Modifiers::NONE, Key::F1);
    harness.get_by_label("All shortcuts");
    for item in crate::ui::command::list::list(&harness.state().state).iter().filter(|item| item.keys().is_some()) {
        let name = if matches!(item.command, Command::Undo) {
            "Undo"
        } else if matches!(item.command, Command::Redo) {
            "Redo"
        } else {
            &item.name
        };
        assert!(harness.query_all_by_label(name).next().is_some(), "`{name}` is not in the sheet");
        let keys = item.shortcuts.iter().map(shortcut::text).collect::<Vec<_>>().join(", ");
        assert!(harness.query_all_by_label(&keys).next().is_some(), "the keys of `{name}`, {keys}, are not in the sheet");
    }
    press_keys(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.query_by_label("All shortcuts").is_none());
}

/// Widgets that can have the focus and have no name.
fn without_name(harness: &Harness<'static, App>) -> Vec<String> {
    let nodes = harness.root().children_recursive().map(|node| node.accesskit_node());
    let focusable = nodes.filter(|node| node.data().supports_action(egui::accesskit::Action::Focus) && !node.is_hidden());
    let named = |label: Option<String>| label.is_some_and(|label| !label.trim().is_empty());
    let without = focusable.filter(|node| !named(node.label()) && !named(node.data().placeholder().map(str::to_owned)));
    without.map(|node| format!("{:?} {:?}", node.role(), node.raw_bounds())).collect()
}

#[test]
fn all_widgets_that_can_have_the_focus_have_a_name() {
    let mut harness = full();
    harness.state_mut().state.store.add(landscape_job("ERM"), JobState::Failed("no memory".into()));
    for tab in crate::ui::tab_keys().into_iter().map(Tab::new) {
        give(&mut harness, Command::Show(tab.clone()));
        assert_eq!(without_name(&harness), [] as [String; 0], "{tab:?}");
    }
    for command in [Command::ToggleExport, Command::TogglePalette, Command::ToggleShortcuts] {
        give(&mut harness, command.clone());
        assert_eq!(without_name(&harness), [] as [String; 0], "{command:?}");
        give(&mut harness, Command::Back);
    }
    for section in ["Session", "Edit", "View", "Figure", "Work", "Help"] {
        press(&mut harness, section);
        assert_eq!(without_name(&harness), [] as [String; 0], "{section}");
        press_keys(&mut harness, Modifiers::NONE, Key::Escape);
    }
}

#[test]
fn tab_reaches_everything_that_can_be_pressed() {
    let mut harness = full();
    let mut reached = std::collections::BTreeSet::new();
    for _ in 0..120 {
        press_keys(&mut harness, Modifiers::NONE, Key::Tab);
        let focused = harness.root().children_recursive().map(|node| node.accesskit_node()).find(|node| node.is_focused());
        reached.extend(focused.and_then(|node| node.label()));
    }
    for name in ["Session", "Path to open", "Open…", "Close checkpoint SAM", "Close dataset fog", "Landscape", "Energy", "Export…"] {
        assert!(reached.contains(name), "`{name}` is not reached by Tab: {reached:?}");
    }
}
