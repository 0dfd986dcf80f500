//! Checkpoints of unknown networks are read as the exported program (`.pt2`) that has their tensors.

use std::path::PathBuf;

use egui_kittest::kittest::NodeT;

use super::*;
use crate::ui::command::{CheckpointCommand, Command};
use crate::ui::state::stem;
use flatland_core::result::{ProgramValue, ProgramValues, TensorInfo};
use flatland_core::session::{Assumption, CheckpointEntry, InputFilter, InputResize, InputSteps, InputTransform, Session};

fn path(file: &str) -> PathBuf {
    format!("/nowhere/{file}").into()
}

/// A window with these files as checkpoints, none of them read yet.
fn window(files: &[&str]) -> Harness<'static, App> {
    let fake_worker = FakeWorker::default();
    let entry = |file: &&str| CheckpointEntry { name: stem(&path(file)), path: path(file), ..CheckpointEntry::default() };
    let checkpoints: Vec<CheckpointEntry> = files.iter().map(entry).collect();
    let mut harness = Harness::builder().with_size([1480.0, 920.0]).with_max_steps(40).build_eframe(move |cc| {
        let mut app =
            App::new(&cc.egui_ctx, WorkerClient::new(Box::new(fake_worker.clone())), RunOptions::default(), Vec::new(), Tab::LANDSCAPE);
        app.state.session = Session { checkpoints: checkpoints.clone(), ..Session::default() };
        app
    });
    harness.run();
    harness
}

fn entry(harness: &Harness<'static, App>, file: &str) -> CheckpointEntry {
    harness.state().state.session.checkpoints.iter().find(|entry| entry.path == path(file)).unwrap().clone()
}

fn architecture(harness: &Harness<'static, App>, file: &str) -> Option<String> {
    entry(harness, file).architecture
}

/// What the worker reports of a file with `fc.weight`: the network of the program `net`, or none.
fn contents(file: &str, network: Option<&str>) -> Inspection {
    let tensor = TensorInfo { name: "fc.weight".into(), shape: vec![10, 4], dtype: "f32".into(), values: None };
    Inspection {
        file: path(file),
        architecture: network.map(str::to_owned),
        error: network.is_none().then(|| "no known architecture has these tensors".to_owned()),
        tensors: vec![tensor],
        ..inspection(file)
    }
}

/// The worker has read a file as its entry says. Returns the message of the window.
fn report(harness: &mut Harness<'static, App>, file: &str, contents: Inspection) -> String {
    let entry = entry(harness, file);
    let app = harness.state_mut();
    // The files do not exist, which planning may have reported.
    app.state.message = None;
    let id = app.state.store.add(JobSpec::Inspect { path: entry.path.clone(), choice: entry.choice() }, JobState::Running);
    app.worker_event(WorkerEvent::Job(id, JobEvent::Done { output: JobOutput::Inspection(Box::new(contents)) }));
    let message = app.state.message.as_ref().map(|message| message.text.clone()).unwrap_or_default();
    harness.run();
    message
}

fn report_program(harness: &mut Harness<'static, App>, file: &str) -> String {
    report(harness, file, contents(file, Some(file)))
}

fn report_unknown(harness: &mut Harness<'static, App>, file: &str) -> String {
    report(harness, file, contents(file, None))
}

#[test]
fn a_checkpoint_is_read_as_the_open_program_with_its_tensors_and_undo_and_the_menu_change_that() {
    let mut harness = window(&["net.pt2", "epoch7.pth"]);
    report_program(&mut harness, "net.pt2");
    let message = report_unknown(&mut harness, "epoch7.pth");
    assert_eq!(message, "epoch7.pth is read as net.pt2: its tensors are those of that program");
    assert_eq!(architecture(&harness, "epoch7.pth").as_deref(), Some("/nowhere/net.pt2"));
    assert_eq!(harness.state().state.history.undo_name(), Some("read epoch7 as net.pt2"));
    report(&mut harness, "epoch7.pth", contents("epoch7.pth", Some("net.pt2")));
    press(&mut harness, "Network of epoch7: net.pt2, assumed");
    press(&mut harness, "net.pt2");
    assert!(!entry(&harness, "epoch7.pth").assumed.contains(&Assumption::Architecture), "confirmed");
    harness.get_by_label("Network of epoch7: net.pt2");
    give(&mut harness, Command::Undo);
    give(&mut harness, Command::Undo);
    assert_eq!(architecture(&harness, "epoch7.pth"), None);
    press(&mut harness, "Read as net.pt2: epoch7");
    assert_eq!(architecture(&harness, "epoch7.pth").as_deref(), Some("/nowhere/net.pt2"));
}

#[test]
fn a_program_that_is_read_last_is_that_of_all_checkpoints_with_its_tensors() {
    let mut harness = window(&["epoch7.pth", "epoch8.pth", "known.pth", "net.pt2"]);
    for name in ["epoch7.pth", "epoch8.pth"] {
        report_unknown(&mut harness, name);
        assert_eq!(architecture(&harness, name), None);
    }
    report(&mut harness, "known.pth", contents("known.pth", Some("resnet8")));
    let message = report_program(&mut harness, "net.pt2");
    assert_eq!(message, "epoch7.pth and epoch8.pth are read as net.pt2: their tensors are those of that program");
    let found = ["epoch7.pth", "epoch8.pth", "known.pth", "net.pt2"].map(|name| architecture(&harness, name));
    assert_eq!(found, [Some("/nowhere/net.pt2".into()), Some("/nowhere/net.pt2".into()), None, None]);
    give(&mut harness, Command::Undo);
    assert_eq!(["epoch7.pth", "epoch8.pth"].map(|name| architecture(&harness, name)), [None, None], "one step");
    report(&mut harness, "known.pth", contents("known.pth", Some("resnet8")));
    assert_eq!(architecture(&harness, "epoch7.pth"), None, "what was undone is not done again");
}

#[test]
fn two_open_programs_with_the_tensors_are_a_question_in_whatever_order_the_files_are_read() {
    for order in [["net.pt2", "epoch7.pth", "other.pt2"], ["epoch7.pth", "net.pt2", "other.pt2"], ["net.pt2", "other.pt2", "epoch7.pth"]] {
        let mut harness = window(&["net.pt2", "other.pt2", "epoch7.pth"]);
        for name in order {
            if name.ends_with(".pt2") {
                report_program(&mut harness, name)
            } else {
                report_unknown(&mut harness, name)
            };
            assert_eq!(architecture(&harness, "epoch7.pth"), None, "{order:?}");
        }
        harness.get_by_label("Its tensors are those of several open programs. Which is it?");
        harness.get_by_label("Read as net.pt2: epoch7");
        press(&mut harness, "Read as other.pt2: epoch7");
        let chosen = entry(&harness, "epoch7.pth");
        assert_eq!(chosen.architecture.as_deref(), Some("/nowhere/other.pt2"));
        assert!(!chosen.assumed.contains(&Assumption::Architecture));
    }
}

#[test]
fn the_menu_of_a_known_network_lists_the_open_programs_with_its_tensors_and_the_file_dialog() {
    let mut harness = window(&["known.pth", "net.pt2"]);
    report(&mut harness, "known.pth", contents("known.pth", Some("resnet8")));
    assert!(harness.query_by_label_contains("Network of known").is_none(), "there is nothing to choose");
    report_program(&mut harness, "net.pt2");
    press(&mut harness, "Network of known: resnet8");
    harness.get_by_label("An exported program (.pt2)…");
    press(&mut harness, "net.pt2");
    assert_eq!(architecture(&harness, "known.pth").as_deref(), Some("/nowhere/net.pt2"));
    report(&mut harness, "known.pth", contents("known.pth", Some("net.pt2")));
    press(&mut harness, "Network of known: net.pt2");
    press(&mut harness, "As inferred from its tensors");
    assert_eq!(architecture(&harness, "known.pth"), None);
}

#[test]
fn the_program_from_the_file_dialog_is_the_network_and_a_file_of_another_kind_is_refused() {
    let mut harness = window(&["epoch7.pth"]);
    report_unknown(&mut harness, "epoch7.pth");
    harness.get_by_label("An exported program (.pt2)…: epoch7");
    harness.state_mut().program_chosen("epoch7".into(), &path("net.h5"));
    harness.run();
    harness.get_by_label_contains("expected an exported program, a file that ends in .pt2 or .onnx, found /nowhere/net.h5");
    harness.state_mut().program_chosen("epoch7".into(), &path("net.pt2"));
    harness.run();
    assert_eq!(architecture(&harness, "epoch7.pth").as_deref(), Some("/nowhere/net.pt2"));
    assert_eq!(harness.state().state.history.undo_name(), Some("read epoch7 as net.pt2"));
}

#[test]
fn a_chosen_program_is_remembered_for_files_with_the_same_tensors() {
    let mut harness = window(&["epoch7.pth", "epoch8.pth"]);
    report_unknown(&mut harness, "epoch7.pth");
    let program = CheckpointCommand::Program(NetworkChoice::named("/nowhere/net.pt2"));
    give(&mut harness, Command::Checkpoint("epoch7".into(), program));
    assert!(harness.state().state.memory.programs.is_empty(), "it is not known yet whether it fits");
    report(&mut harness, "epoch7.pth", contents("epoch7.pth", Some("net.pt2")));
    assert_eq!(harness.state().state.memory.programs.len(), 1);
    let message = report_unknown(&mut harness, "epoch8.pth");
    assert_eq!(message, "epoch8.pth is read as net.pt2, which was chosen for tensors of the same names and shapes before");
    assert_eq!(architecture(&harness, "epoch8.pth").as_deref(), Some("/nowhere/net.pt2"));
    assert!(entry(&harness, "epoch8.pth").assumed.contains(&Assumption::Architecture));
}

fn value(name: &str, width: i64, is: bool) -> ProgramValue {
    ProgramValue { name: name.into(), width: Some(width), default: is, used: is }
}

#[test]
fn the_features_of_a_program_are_chosen_in_its_row_and_undone() {
    let mut harness = window(&["net.pt2"]);
    let program =
        ProgramValues { features: vec![value("relu", 32, false), value("view", 64, true)], outputs: vec![value("linear", 10, true)] };
    report(&mut harness, "net.pt2", Inspection { program: Some(program), ..contents("net.pt2", Some("net.pt2")) });
    assert!(harness.query_by_label_contains("Output of net").is_none(), "there is one");
    press(&mut harness, "Features of net: view (64), assumed");
    press(&mut harness, "relu (32)");
    assert_eq!(entry(&harness, "net.pt2").features.as_deref(), Some("relu"));
    assert_eq!(harness.state().state.history.undo_name(), Some("take relu as features of net"));
    give(&mut harness, Command::Undo);
    assert_eq!(entry(&harness, "net.pt2").features, None);
}

#[test]
fn a_program_of_two_outputs_asks_which_is_the_logits() {
    let mut harness = window(&["net.pt2"]);
    let map = ProgramValue { name: "map".into(), ..ProgramValue::default() };
    let unchosen = |name, width| ProgramValue { name, width: Some(width), ..ProgramValue::default() };
    let program = ProgramValues { features: Vec::new(), outputs: vec![unchosen("linear".into(), 10), unchosen("linear_1".into(), 4), map] };
    report(&mut harness, "net.pt2", Inspection { program: Some(program), ..contents("net.pt2", None) });
    harness.get_by_label("Its program has several outputs. Which one is the logits?");
    assert!(harness.query_by_label("map: net").is_none(), "it has another shape");
    press(&mut harness, "linear (10): net");
    assert_eq!(entry(&harness, "net.pt2").output.as_deref(), Some("linear"));
    let outputs = vec![ProgramValue { used: true, ..unchosen("linear".into(), 10) }, unchosen("linear_1".into(), 4)];
    let program = ProgramValues { features: vec![value("view", 64, true)], outputs };
    report(&mut harness, "net.pt2", Inspection { program: Some(program), ..contents("net.pt2", Some("net.pt2")) });
    press(&mut harness, "Output of net: linear (10)");
    press(&mut harness, "linear_1 (4)");
    assert_eq!(entry(&harness, "net.pt2").output.as_deref(), Some("linear_1"));
}

#[test]
fn the_normalization_stays_in_the_row_while_a_file_is_read_again() {
    let mut harness = window(&["known.pth"]);
    assert!(harness.query_by_label_contains("Normalization of known").is_none(), "it was never read");
    report(&mut harness, "known.pth", contents("known.pth", Some("resnet8")));
    let transform = InputSteps { resize: Some(InputResize::Shorter(256)), crop: Some([224; 2]), filter: InputFilter::Bicubic };
    let prepare = CheckpointCommand::Prepare(Some(InputTransform::Steps(transform)));
    give(&mut harness, Command::Checkpoint("known".into(), prepare));
    harness.get_by_label("reading…");
    let row = harness.get_by_label_contains("Normalization of known: CIFAR-10, resized as by resize 256, crop 224, bicubic");
    assert!(row.accesskit_node().is_disabled());
}

#[test]
fn the_notes_on_a_program_are_in_the_row() {
    let mut harness = window(&["net.pt2", "known.pth"]);
    let with_note = |file: &str, network: &str, note: &str| Inspection { notes: vec![note.into()], ..contents(file, Some(network)) };
    report(&mut harness, "net.pt2", with_note("net.pt2", "net.pt2", "its operations never read aux.weight"));
    report(&mut harness, "known.pth", with_note("known.pth", "resnet8", "2 tensors of f16 are converted to f32"));
    harness.get_by_label("its operations never read aux.weight");
    assert!(harness.query_by_label("2 tensors of f16 are converted to f32").is_none(), "it is in the tooltip");
}
