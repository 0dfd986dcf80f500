//! Comparing checkpoints: the table of differences; order, colours, names and visibility of panels; baseline; links.

use super::*;
use crate::figure::ComparisonRow as Row;
use crate::ui::command::Command;
use crate::ui::state::comparison::{rows, table};
use crate::ui::state::store::Store;
use flatland_core::job::RunConfig;
use flatland_core::result::SharpnessCurve;
use flatland_core::session::{Extent, Extents, NetworkChoice, Session};

pub(super) fn run(seed: u64) -> RunConfig {
    let text = format!("version = 1\nseed = {seed}\nepochs = 4\nbatch = 8\n[method]\nname = \"sam\"\nrho = 0.1\n");
    RunConfig::from_toml(&text, std::path::Path::new("/nowhere/run.toml")).unwrap()
}

fn study() -> (Session, Store) {
    let (session, mut store) = (fixtures::session(), Store::default());
    for (k, name) in fixtures::CHECKPOINTS.into_iter().enumerate() {
        let path: std::path::PathBuf = format!("/nowhere/{name}.safetensors").into();
        store.inspections.insert((path.clone(), NetworkChoice::default()), fixtures::inspection(name));
        if k < 2 {
            store.origins.insert(path, run(k as u64));
        }
        let id = store.add(fixtures::score_job(name), JobState::Done);
        store.insert(id, Loaded::Scores(fixtures::scores(k)));
        let id = store.add(fixtures::sharpness_job(name), JobState::Done);
        store.insert(id, Loaded::Sharpness(fixtures::curve(k)));
    }
    (session, store)
}

fn labels(rows: &[Row]) -> Vec<String> {
    rows.iter().map(|row| format!("{}: {}", row.group, row.label)).collect()
}

#[test]
fn only_what_differs_is_left_and_everything_on_request() {
    let (session, store) = study();
    let all = labels(&rows(&session, &store, false));
    for expected in
        ["Checkpoint: architecture", "Run: method.rho", "Accuracy, %: fog", "AUROC, energy, %: textures", "Loss on digits test: L(θ)"]
    {
        assert!(all.contains(&expected.to_owned()), "{expected} in {all:?}");
    }
    let differing = rows(&session, &store, true);
    assert!(differing.iter().all(Row::differs));
    let differing = labels(&differing);
    assert!(!differing.contains(&"Checkpoint: architecture".to_owned()) && differing.contains(&"Run: seed".to_owned()));
    assert!(differing.contains(&"Loss on digits test: S(ρ = 0.1) ≥".to_owned()), "{differing:?}");
}

#[test]
fn a_checkpoint_that_comes_from_no_run_has_no_settings_and_hidden_ones_no_column() {
    let (mut session, store) = study();
    session.checkpoints[0].hidden = true;
    let rows = rows(&session, &store, false);
    let seed = rows.iter().find(|row| row.label == "seed").unwrap();
    assert_eq!(seed.values, [Some("1".to_owned()), None, None, None]);
    let table = table(&session, &rows);
    assert_eq!(table.header, ["", "ERM", "OE", "SAM", "DR-SAM"]);
    assert!(table.rows.iter().all(|row| row.len() == 5) && table.rows.iter().any(|row| row[0] == "Run: seed" && row[2] == "–"));
}

#[test]
fn what_a_running_curve_does_not_know_yet_is_no_number() {
    let (mut session, mut store) = (fixtures::session(), Store::default());
    session.checkpoints.truncate(1);
    let id = store.add(fixtures::sharpness_job(fixtures::CHECKPOINTS[0]), JobState::Running);
    let point = fixtures::curve(0).points.swap_remove(0);
    store.apply(id, JobEvent::Sharpness { point });
    let of = |store: &Store, label: &str| {
        let rows = rows(&session, store, false);
        rows.into_iter().find(|row| row.label == label).and_then(|row| row.values[0].clone())
    };
    assert!(of(&store, "S(ρ = 0.01) ≥").is_some());
    assert_eq!((of(&store, "L(θ)"), of(&store, "‖θ‖")), (None, None));
    store.insert(id, Loaded::Sharpness(fixtures::curve(0)));
    assert!(of(&store, "L(θ)").is_some() && of(&store, "‖θ‖").is_some());
}

fn order<'a>(harness: &'a Harness<'static, App>) -> Vec<&'a str> {
    harness.state().state.session.checkpoints.iter().map(|entry| entry.name.as_str()).collect()
}

fn left_of(harness: &Harness<'static, App>, a: &str, b: &str) -> bool {
    let at = |name: &str| harness.get_by_label(&format!("Panel of {name}")).rect().left();
    at(a) < at(b)
}

#[test]
fn panels_are_moved_by_their_headers_in_any_tab_and_keep_their_colours() {
    let mut harness = harness(&FakeWorker::default(), 5, false);
    harness.run();
    let colors = |harness: &Harness<'static, App>| -> Vec<usize> {
        CHECKPOINTS.iter().map(|name| harness.state().state.session.color_of(name)).collect()
    };
    for tab in ["Landscape", "Sharpness", "Embedding", "Energy"] {
        press(&mut harness, tab);
        let before = order(&harness).iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let (first, second) = (before[0].as_str(), before[1].as_str());
        assert!(left_of(&harness, first, second), "{tab}");
        let from = harness.get_by_label(&format!("Panel of {first}")).rect().center();
        // The drop is on the picture below the header.
        let to = harness.get_by_label(&format!("Panel of {second}")).rect().center_bottom() + egui::vec2(0.0, 40.0);
        drag(&mut harness, &[from, from.lerp(to, 0.2), from.lerp(to, 0.6), to]);
        assert!(left_of(&harness, second, first), "{tab}");
        assert_eq!(order(&harness)[..2], [second, first], "{tab}");
        assert_eq!(colors(&harness), [0, 1, 2, 3, 4]);
    }
}

#[test]
fn panels_and_rows_are_moved_by_keys() {
    let mut harness = harness(&FakeWorker::default(), 5, false);
    harness.run();
    harness.get_by_label("Panel of ERM").focus();
    harness.run();
    press_keys(&mut harness, egui::Modifiers::ALT, egui::Key::ArrowRight);
    assert_eq!(order(&harness), ["Pretrained", "OE", "ERM", "SAM", "DR-SAM"]);
    harness.get_by_label("Checkpoint SAM").focus();
    harness.run();
    for _ in 0..2 {
        press_keys(&mut harness, egui::Modifiers::ALT, egui::Key::ArrowUp);
    }
    assert_eq!(order(&harness), ["Pretrained", "SAM", "OE", "ERM", "DR-SAM"]);
}

#[test]
fn rows_are_moved_by_dragging() {
    let mut harness = harness(&FakeWorker::default(), 5, false);
    harness.run();
    let at = |harness: &Harness<'static, App>, name: &str| harness.get_by_label(&format!("Checkpoint {name}")).rect().center();
    let (from, to) = (at(&harness, "DR-SAM"), at(&harness, "Pretrained"));
    drag(&mut harness, &[from, from.lerp(to, 0.2), from.lerp(to, 0.6), to]);
    assert_eq!(order(&harness), ["DR-SAM", "Pretrained", "ERM", "OE", "SAM"]);
    assert_eq!(harness.state().state.session.landscape_baseline(), Some("Pretrained"), "the baseline stays");
}

#[test]
fn a_hidden_checkpoint_is_open_and_not_drawn() {
    let mut harness = harness(&FakeWorker::default(), 5, false);
    harness.run();
    press(&mut harness, "Hide OE");
    assert!(harness.query_by_label_contains("Loss landscape of OE").is_none());
    for (tab, panel) in
        [("Sharpness", "Sharpness of OE"), ("Embedding", "Embedding of OE"), ("Energy", "Histogram of the Energy score of OE")]
    {
        press(&mut harness, tab);
        assert!(harness.query_by_label_contains(panel).is_none(), "{tab}");
    }
    assert_eq!(harness.state().state.session.checkpoints.len(), 5);
    harness.get_by_label("Landscape").click();
    press(&mut harness, "Show OE");
    harness.get_by_label_contains("Loss landscape of OE on digits test, 21 × 21 cells, 441 computed");
}

#[test]
fn a_checkpoint_is_renamed_where_it_stands() {
    let mut harness = harness(&FakeWorker::default(), 5, false);
    harness.run();
    harness.get_by_label("Checkpoint SAM").focus();
    harness.run();
    harness.key_press(egui::Key::F2);
    harness.run();
    // The typed name replaces the old one.
    harness.get_by_label("New name of SAM").type_text("SAM (ρ = 0.1)");
    harness.run();
    harness.key_press(egui::Key::Enter);
    harness.run();
    harness.get_by_label("Checkpoint SAM (ρ = 0.1)");
    assert_eq!(harness.state().state.session.color_of("SAM (ρ = 0.1)"), 3);
    // A name that is taken is refused with a message.
    harness.get_by_label("Checkpoint OE").focus();
    harness.run();
    harness.key_press(egui::Key::F2);
    harness.run();
    harness.get_by_label("New name of OE").type_text("ERM");
    harness.run();
    harness.key_press(egui::Key::Enter);
    harness.run();
    harness.get_by_label_contains("expected a name that no other checkpoint has, found `ERM`");
    assert_eq!(order(&harness), ["Pretrained", "ERM", "OE", "SAM (ρ = 0.1)", "DR-SAM"]);
}

#[test]
fn a_renamed_checkpoint_has_its_jobs_and_results_under_the_new_name_and_nothing_is_computed_again() {
    let (mut session, mut store) = (session(), Store::default());
    let planned = |session: &Session| {
        let plan = |analysis| flatland_core::job::plan_cached(session, analysis, &flatland_core::job::PlanOptions::default()).unwrap();
        flatland_core::job::Analysis::of(session).into_iter().flat_map(plan).collect::<Vec<_>>()
    };
    for spec in planned(&session) {
        store.add(spec, JobState::Done);
    }
    let id = store.job(flatland_core::job::Analysis::Sharpness, "SAM", None).unwrap().0;
    store.insert(id, Loaded::Sharpness(curve(3)));
    session.rename_checkpoint("SAM", "sam").unwrap();
    store.rename_checkpoint("SAM", "sam");
    for spec in planned(&session) {
        assert!(store.jobs.values().any(|job| job.spec == spec), "{spec:?} is new");
    }
    let found = &store.sharpness[&("sam".to_owned(), "digits test".to_owned())];
    assert_eq!((found.checkpoint.as_str(), found.points.len()), ("sam", 6));
}

#[test]
fn the_baseline_is_chosen_at_the_checkpoint() {
    let mut harness = harness(&FakeWorker::default(), 5, false);
    harness.run();
    harness.get_by_label("Pretrained is the baseline");
    press(&mut harness, "Make OE the baseline");
    harness.get_by_label("OE is the baseline");
    assert_eq!(harness.state().state.session.landscape.baseline.as_deref(), Some("OE"));
    harness.get_by_label_contains("loss  ▾").click();
    harness.run();
    harness.get_by_label("loss − loss of OE");
}

#[test]
fn the_compare_tab_shows_only_what_differs_or_all_and_is_copied() {
    let mut harness = harness(&FakeWorker::default(), 5, false);
    harness.state_mut().state.store.origins.insert("/nowhere/SAM.safetensors".into(), run(3));
    press(&mut harness, "Compare");
    harness.get_by_label("method.rho");
    assert!(harness.query_by_label("architecture").is_none());
    press(&mut harness, "Only what differs");
    harness.get_by_label("architecture");
    for (format, start) in
        [("Markdown", "Checkpoints compared\n\n|  | Pretrained | ERM"), ("LaTeX", "% Checkpoints"), ("CSV", ",Pretrained,ERM,")]
    {
        harness.get_by_label_contains("Copy as").click();
        harness.run();
        harness.get_by_label(format).click();
        let copied = (0..5).find_map(|_| {
            harness.step();
            harness.output().platform_output.commands.iter().find_map(|command| match command {
                egui::OutputCommand::CopyText(text) => Some(text.clone()),
                _ => None,
            })
        });
        let text = copied.expect("something is copied");
        assert!(text.starts_with(start) && text.contains("resnet8") && text.contains("method.rho"), "{format}: {text}");
        harness.run();
    }
}

#[test]
fn unlinked_panels_have_their_own_axes_and_linked_ones_share_them() {
    let mut harness = harness(&FakeWorker::default(), 3, false);
    press(&mut harness, "Sharpness");
    let zoom = |harness: &mut Harness<'static, App>, name: &str| {
        let at = harness.get_by_label_contains(&format!("Sharpness of {name} on")).rect().center();
        harness.hover_at(at);
        harness.run();
        harness.event(egui::Event::Zoom(1.5));
        harness.run();
    };
    let view = |harness: &mut Harness<'static, App>, name: &str| {
        let view = &harness.state().state.session.view;
        view.extents.get(&Tab::SHARPNESS).cloned().unwrap_or_default().of(view.links.axes, name)
    };
    zoom(&mut harness, "ERM");
    let shared = view(&mut harness, "OE");
    assert!(shared.x.is_some() && view(&mut harness, "ERM") == shared);
    press(&mut harness, "Link axes");
    zoom(&mut harness, "ERM");
    assert_eq!(view(&mut harness, "OE"), shared, "the others stay where all were");
    assert_ne!(view(&mut harness, "ERM"), shared);
    press(&mut harness, "Link axes");
    assert_eq!(view(&mut harness, "ERM"), shared, "linked again, it comes back");
    give(&mut harness, Command::SetExtents(Tab::SHARPNESS, Extents::default()));
    assert_eq!(view(&mut harness, "ERM"), Extent::default());
    give(&mut harness, Command::Undo);
    assert_eq!(view(&mut harness, "ERM"), shared, "it is an act like others");
    press(&mut harness, "Link axes");
    assert_eq!(view(&mut harness, "ERM"), shared);
}

#[test]
fn the_link_icons_are_above_the_views() {
    let mut harness = harness(&FakeWorker::default(), 2, false);
    for (tab, has, lacks) in [
        ("Landscape", &["Link axes", "Link colour range", "Link cursor"][..], &["Link selection"][..]),
        ("Sharpness", &["Link axes", "Link cursor"], &["Link colour range"]),
        ("Embedding", &["Link axes", "Link cursor", "Link selection"], &[]),
        ("Energy", &["Link axes", "Link cursor"], &["Link selection"]),
        ("Compare", &[], &["Link axes"]),
    ] {
        press(&mut harness, tab);
        has.iter().for_each(|name| assert!(harness.query_by_label(name).is_some(), "{tab}: {name}"));
        lacks.iter().for_each(|name| assert!(harness.query_by_label(name).is_none(), "{tab}: {name}"));
    }
}

#[test]
fn differences_to_the_baseline_are_paired_and_follow_it() {
    let mut harness = harness(&FakeWorker::default(), 3, false);
    let id = harness.state_mut().state.store.add(score_job("DR-SAM"), JobState::CheckingCache);
    let loaded = Some(Box::new(Loaded::Scores(scores(4))));
    harness.state_mut().result_read(id, JobFiles { loaded, complete: true, error: None });
    run_until(&mut harness, |app| app.state.store.score_differences.values().filter(|found| found.is_some()).count() == 3);
    press(&mut harness, "Compare");
    harness.get_by_label("AUROC − that of Pretrained, energy, %");
    harness.get_by_label("Make ERM the baseline").click();
    run_until(&mut harness, |app| {
        app.state.store.score_differences.values().flatten().filter(|found| found.baseline == "ERM").count() == 3
    });
    harness.run();
    harness.get_by_label("AUROC − that of ERM, energy, %");
}

/// `n` checkpoints with all results.
fn many_checkpoints(n: usize) -> Harness<'static, App> {
    let names: Vec<String> = (0..n).map(|k| format!("{}{}", CHECKPOINTS[k % 5], if k < 5 { "" } else { ", seed 2" })).collect();
    let mut harness = harness(&FakeWorker::default(), 0, false);
    let app = harness.state_mut();
    app.state.session.hessian = Some(flatland_core::session::HessianSettings::default());
    app.state.session.checkpoints.clear();
    for (k, name) in names.iter().enumerate() {
        let entry = flatland_core::session::CheckpointEntry {
            name: name.clone(),
            path: format!("/nowhere/{name}.safetensors").into(),
            ..Default::default()
        };
        app.state.store.inspections.insert((entry.path.clone(), entry.choice()), inspection(name));
        app.state.store.origins.insert(entry.path.clone(), run(k as u64));
        app.state.session.add_checkpoint(entry);
        let curve = SharpnessCurve { checkpoint: name.clone(), ..curve(k % 5) };
        let results = [
            (landscape_job(name), Loaded::Landscape(surface(k, false))),
            (sharpness_job(name), Loaded::Sharpness(curve)),
            (super::jobs::hessian_job(name), Loaded::Hessian(super::jobs::spectrum(k % 5))),
            (embedding_job(name), Loaded::Embedding(embedding(k))),
            (score_job(name), Loaded::Scores(scores(k))),
        ];
        for (spec, loaded) in results {
            let id = app.state.store.add(spec, JobState::Done);
            app.state.store.insert(id, loaded);
        }
    }
    app.ask_differences();
    harness
}

#[test]
fn two_five_and_eight_checkpoints_have_their_panels_inside_of_the_window() {
    for n in [2, 5, 8] {
        let mut harness = many_checkpoints(n);
        for tab in ["Landscape", "Sharpness", "Hessian", "Embedding", "Compare", "Energy"] {
            press(&mut harness, tab);
            let window = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1480.0, 920.0));
            let panels: Vec<egui::Rect> = harness.query_all_by_label_contains("Panel of ").map(|node| node.rect()).collect();
            assert_eq!(panels.len(), if tab == "Compare" { 0 } else { n }, "{tab}");
            assert!(panels.iter().all(|panel| window.contains_rect(*panel) && panel.width() > 120.0), "{tab}: {panels:?}");
        }
    }
}
