//! Files with several state dicts: the row shows which one is read, and can change it.

use super::*;
use crate::ui::command::{CheckpointCommand, Command};
use flatland_core::session::{CheckpointEntry, Session};

const PATH: &str = "/nowhere/net.pth";

fn choice(weights: &str) -> NetworkChoice {
    NetworkChoice { weights: Some(weights.into()), ..NetworkChoice::default() }
}

fn report(weights: &str) -> Inspection {
    Inspection { state_dicts: vec!["model".into(), "ema".into()], weights: Some(weights.into()), ..inspection("OE") }
}

/// A window with one checkpoint, whose file has `model` and `ema`.
fn window() -> Harness<'static, App> {
    let fake_worker = FakeWorker::default();
    let mut harness = Harness::builder().with_size([1480.0, 920.0]).with_max_steps(40).build_eframe(move |cc| {
        let mut app =
            App::new(&cc.egui_ctx, WorkerClient::new(Box::new(fake_worker.clone())), RunOptions::default(), Vec::new(), Tab::LANDSCAPE);
        let entry = CheckpointEntry { name: "net".into(), path: PATH.into(), ..CheckpointEntry::default() };
        app.state.session = Session { checkpoints: vec![entry], ..Session::default() };
        app.state.store.inspections.insert((PATH.into(), NetworkChoice::default()), report("model"));
        app.state.store.inspections.insert((PATH.into(), choice("ema")), report("ema"));
        app
    });
    harness.run();
    harness
}

fn names(harness: &Harness<'_, App>) -> Vec<(String, Option<String>)> {
    harness.state().state.session.checkpoints.iter().map(|entry| (entry.name.clone(), entry.weights.clone())).collect()
}

#[test]
fn the_row_says_which_is_read_and_reads_another() {
    let mut harness = window();
    press(&mut harness, "Weights of net: model, assumed");
    press(&mut harness, "ema");
    assert_eq!(names(&harness), [("net".into(), Some("ema".into()))]);
    harness.get_by_label("Weights of net: ema");
    give(&mut harness, Command::Undo);
    assert_eq!(names(&harness), [("net".into(), None)]);
    harness.get_by_label("Weights of net: model, assumed");
}

#[test]
fn the_other_is_opened_beside_it_and_each_is_read_by_its_own_choice() {
    let mut harness = window();
    press(&mut harness, "Weights of net: model, assumed");
    press(&mut harness, "Open ema beside it");
    assert_eq!(names(&harness), [("net".into(), None), ("net (ema)".into(), Some("ema".into()))]);
    harness.get_by_label("Weights of net (ema): ema");
    // Again from the second checkpoint: the key of the first replaces its own.
    let beside = |key: &str| CheckpointCommand::OpenBeside(key.into());
    harness.state_mut().commands.push(Command::Checkpoint("net (ema)".into(), beside("model")));
    give(&mut harness, Command::Checkpoint("net".into(), beside("ema")));
    let opened: Vec<String> = names(&harness).into_iter().map(|(name, _)| name).collect();
    assert_eq!(opened, ["net", "net (ema)", "net (model)", "net (ema) 2"]);
}

#[test]
fn closing_one_leaves_what_is_being_read_for_the_other() {
    let mut harness = window();
    let app = harness.state_mut();
    app.state.session.open_beside(0, "ema".into());
    let read = |choice| JobSpec::Inspect { path: PATH.into(), choice };
    let first = app.state.store.add(read(NetworkChoice::default()), JobState::Waiting);
    let second = app.state.store.add(read(choice("ema")), JobState::Waiting);
    app.state.session.checkpoints.push(CheckpointEntry { name: "again".into(), ..app.state.session.checkpoints[1].clone() });
    let has = |app: &App, id| app.state.store.jobs.contains_key(&id);
    app.remove_checkpoint("net (ema)");
    assert!(has(app, first) && has(app, second), "another checkpoint reads the same");
    app.remove_checkpoint("again");
    assert!(has(app, first) && !has(app, second));
    assert!(app.state.store.inspections.len() == 2, "what was read stays");
}

#[test]
fn a_file_whose_chosen_state_dict_is_refused_still_offers_the_others() {
    let mut harness = window();
    let refused = Inspection { error: Some("no known architecture".into()), ..report("model") };
    harness.state_mut().state.store.inspections.insert((PATH.into(), NetworkChoice::default()), refused);
    harness.run();
    harness.get_by_label_contains("no known architecture");
    harness.get_by_label("Weights of net: model, assumed");
}
