//! Selecting images: drags over points and histograms, the search, the legend; and the selection as a file.

use egui::{Event, Key, Modifiers, Pos2, vec2};

use super::*;
use crate::ui::command::scatter::ScatterCommand;
use crate::ui::tests::scatter::{choose, do_it, place, selected, window};
use flatland_core::session::{SelectMode, Selection, Tool};

#[test]
fn a_rectangle_selects_in_every_panel_and_esc_clears() {
    let mut harness = window();
    press(&mut harness, "Rectangle");
    assert_eq!(harness.state().state.scatter.view.tool, Tool::Marquee);
    let rect = harness.get_by_label("Embedding of Pretrained, 1000 points").rect();
    drag(&mut harness, &[rect.left_top() + vec2(2.0, 2.0), rect.center(), rect.right_bottom() - vec2(2.0, 2.0)]);
    assert_eq!(selected(&harness), 1000);
    let mask = harness.state().state.scatter.styled_cloud("ERM").unwrap().1.mask;
    assert!(mask.iter().all(|selected| *selected));
    assert!(harness.state().state.session.view.extents.is_empty(), "the picture has not moved");
    harness.get_by_label_contains("1,000 selected");
    harness.key_press(Key::Escape);
    harness.run();
    assert_eq!(selected(&harness), 0);
}

#[test]
fn shift_drags_add_and_alt_drags_take_away_while_the_tool_moves() {
    let mut harness = window();
    let rect = harness.get_by_label("Embedding of Pretrained, 1000 points").rect();
    let (left, middle, right) =
        (rect.left_top() + vec2(2.0, 2.0), rect.center_bottom() - vec2(0.0, 2.0), rect.right_top() + vec2(-2.0, 2.0));
    harness.event(Event::ModifiersChanged(Modifiers::SHIFT));
    drag(&mut harness, &[left, rect.center(), middle]);
    let half = selected(&harness);
    assert!((300..700).contains(&half), "{half}");
    drag(&mut harness, &[right, rect.center(), middle]);
    assert_eq!(selected(&harness), 1000);
    harness.event(Event::ModifiersChanged(Modifiers::ALT));
    drag(&mut harness, &[left, rect.center(), middle]);
    harness.event(Event::ModifiersChanged(Modifiers::NONE));
    harness.run();
    assert_eq!(selected(&harness), 1000 - half);
    drag(&mut harness, &[rect.center(), rect.center() + vec2(30.0, 0.0), rect.center() + vec2(60.0, 0.0)]);
    assert_eq!(selected(&harness), 1000 - half, "a plain drag selects nothing");
    assert!(harness.state().state.session.view.extents[&Tab::EMBEDDING].of(true, "").x.is_some(), "it moves the picture");
}

#[test]
fn a_lasso_selects_what_it_outlines_and_only_what_is_shown() {
    let mut harness = window();
    press(&mut harness, "Lasso");
    let at = place(&harness, 0);
    let outline: Vec<Pos2> = (0..=24).map(|k| at + egui::Vec2::angled(k as f32 / 24.0 * std::f32::consts::TAU) * 24.0).collect();
    drag(&mut harness, &outline);
    let all = harness.state().state.scatter.view.selection.clone();
    assert!(all.contains("digits test", 0) && all.len() < 300, "{}", all.len());
    assert!(!all.ranges("digits test").is_empty());
    do_it(&mut harness, ScatterCommand::Clear);
    press(&mut harness, "ID");
    drag(&mut harness, &outline);
    assert!(harness.state().state.scatter.view.selection.ranges("digits test").is_empty());
}

#[test]
fn a_drag_that_esc_ends_selects_nothing_in_any_tab() {
    let mut harness = window();
    do_it(&mut harness, ScatterCommand::Tool(Tool::Marquee));
    for (tab, panel) in [("Embedding", "Embedding of ERM, 1000 points"), ("Energy", "Histogram of the Energy score of ERM")] {
        do_it(&mut harness, ScatterCommand::Select(Selection::of("fog", vec![7]), Default::default()));
        press(&mut harness, tab);
        let rect = harness.get_by_label_contains(panel).rect();
        let corners = [rect.left_top() + vec2(2.0, 2.0), rect.center(), rect.right_bottom() - vec2(2.0, 2.0)];
        harness.event(Event::PointerMoved(corners[0]));
        harness.event(button(corners[0], true));
        for corner in &corners[1..] {
            harness.event(Event::PointerMoved(*corner));
        }
        harness.run();
        harness.key_press(Key::Escape);
        harness.run();
        harness.event(button(corners[2], false));
        harness.run();
        assert_eq!(harness.state().state.scatter.view.selection, Selection::of("fog", vec![7]), "{tab}");
        drag(&mut harness, &corners);
        assert!(selected(&harness) > 900, "{tab}: the next drag selects again");
    }
}

#[test]
fn a_range_of_a_histogram_selects_its_images() {
    let mut harness = window();
    press(&mut harness, "Energy");
    let rect = harness.get_by_label_contains("Histogram of the Energy score of ERM").rect();
    harness.event(Event::ModifiersChanged(Modifiers::SHIFT));
    drag(&mut harness, &[rect.left_center(), rect.center() - vec2(20.0, 0.0), rect.center()]);
    harness.event(Event::ModifiersChanged(Modifiers::NONE));
    harness.run();
    // Scores run from 0 to 199 in each of five datasets.
    let found = harness.state().state.scatter.view.selection.clone();
    assert!((480..=520).contains(&found.len()), "{}", found.len());
    assert!(found.contains("fog", 0) && !found.contains("fog", 199));
}

#[test]
fn a_search_selects_and_says_what_it_does_not_understand() {
    let mut harness = window();
    for (text, found) in [("label:3 role:id", 25), ("wrong checkpoint:ERM", 1), ("energy<10 dataset:fog", 10)] {
        harness.state_mut().state.scatter.search = text.into();
        harness.get_by_label("Search images").focus();
        harness.run();
        harness.key_press(Key::Enter);
        harness.run();
        assert_eq!(selected(&harness), found, "{text}");
    }
    harness.state_mut().state.scatter.search = "colour:red".into();
    harness.get_by_label("Search images").focus();
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    harness.get_by_label_contains("expected role:, dataset:");
}

#[test]
fn the_selection_is_inverted_completed_and_taken_from_the_legend() {
    let mut harness = window();
    harness.get_by_label("near SS").click_secondary();
    harness.run();
    press(&mut harness, "Select these");
    assert_eq!(selected(&harness), 200);
    choose(&mut harness, "200 selected  ▾", "Invert selection");
    assert_eq!(selected(&harness), 800);
    choose(&mut harness, "800 selected  ▾", "Select all");
    assert_eq!(selected(&harness), 1000);
    choose(&mut harness, "1,000 selected  ▾", "Clear selection");
    assert_eq!(selected(&harness), 0);
}

#[test]
fn the_selection_is_written_as_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.csv");
    let mut harness = window();
    do_it(&mut harness, ScatterCommand::Select(Selection::of("fog", vec![7]), Default::default()));
    harness.state_mut().state.scatter.export_path = path.display().to_string();
    choose(&mut harness, "1 selected  ▾", "Write selection");
    run_until(&mut harness, |app| app.state.message.is_some());
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("dataset,index,role,label,prediction of Pretrained,msp of Pretrained,energy of Pretrained,"), "{text}");
    assert!(text.ends_with("fog,7,cs,7,7,7,7,7,7,7\n"), "{text}");
}

#[test]
fn esc_that_closes_a_menu_or_leaves_a_field_keeps_the_selection() {
    let mut harness = window();
    do_it(&mut harness, ScatterCommand::Select(Selection::of("digits test", vec![1, 2, 3]), SelectMode::Replace));
    harness.get_by_label_contains("3 selected").click();
    harness.run();
    harness.key_press(Key::Escape);
    harness.run();
    assert_eq!(selected(&harness), 3);
    harness.key_press(Key::Escape);
    harness.run();
    assert_eq!(selected(&harness), 0, "with nothing to close it drops the selection");
}
