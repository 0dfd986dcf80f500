//! The energy tab by its labels: what it draws when checkpoints are renamed, are hidden, or have different datasets.

use super::*;
use crate::ui::command::{CheckpointCommand, Command};

fn tab(computed: usize) -> Harness<'static, App> {
    let mut harness = harness(&FakeWorker::default(), computed, false);
    harness.state_mut().state.session.checkpoints.truncate(computed);
    press(&mut harness, "Energy");
    harness
}

/// Number of datasets in the values beside the pointer, over a checkpoint's histogram.
fn rows_at(harness: &mut Harness<'static, App>, name: &str) -> usize {
    let at = harness.get_by_label_contains(&format!("score of {name}, ")).rect().center();
    harness.hover_at(at);
    harness.run();
    harness.query_all_by_label_contains(" of 300").count()
}

#[test]
fn a_renamed_checkpoint_keeps_its_histogram() {
    let mut harness = tab(2);
    assert_eq!(rows_at(&mut harness, "ERM"), 5);
    // The same as the command, without planning: these results have no files.
    let app = harness.state_mut();
    app.state.session.rename_checkpoint("ERM", "plain").unwrap();
    app.state.store.rename_checkpoint("ERM", "plain");
    harness.run();
    assert_eq!(rows_at(&mut harness, "plain"), 5);
    assert_eq!(rows_at(&mut harness, "Pretrained"), 5);
}

#[test]
fn scores_and_datasets_are_those_of_all_checkpoints_that_are_drawn() {
    let mut harness = tab(3);
    let app = harness.state_mut();
    for (name, dataset, score) in [("ERM", "night", "odin"), ("OE", "cartoons", "react")] {
        let mut table = scores(1);
        table.roles.insert(dataset.into(), "far".into());
        let values = table.datasets[4].scores["energy"].clone();
        table.datasets[4].scores.insert(score.into(), values);
        table.scores.insert(score.into(), Default::default());
        let id = app.state.store.add(score_job(name), JobState::Done);
        app.state.store.insert(id, Loaded::Scores(table));
    }
    let name = app.state.session.checkpoints[2].name.clone();
    give(&mut harness, Command::Checkpoint(name, CheckpointCommand::Hide(true)));
    assert_eq!(harness.query_all_by_label("night").count(), 2, "in the legend and before the tables, though of the second alone");
    assert!(harness.query_by_role_and_label(egui::Role::CheckBox, "ODIN").is_some());
    for of_a_hidden_one in ["cartoons", "ReAct"] {
        assert!(harness.query_all_by_label(of_a_hidden_one).count() == 0, "{of_a_hidden_one}");
    }
}

#[test]
fn detections_and_accuracies_carry_their_standard_errors() {
    let mut harness = tab(2);
    let table = scores(1);
    let with_error = |value: f64, error: f64| crate::figure::number::percent_with_error(Some(value), Some(error));
    let (found, error) = (table.detection("energy", "fog").unwrap(), table.std_error("energy", "fog"));
    let text = [with_error(found.auroc, error.auroc.unwrap()), with_error(found.fpr95, error.fpr95.unwrap())];
    assert!(text.iter().all(|text| text.contains(" ± ")), "{text:?}");
    harness.get_by_label_contains("Histogram of the Energy score of ERM, 5 datasets, gaussian noise AUROC 83.0 ± ");
    let accuracy = table.accuracy("fog").unwrap();
    for value in text.iter().chain([&with_error(accuracy.0, accuracy.1)]) {
        assert!(harness.query_all_by_label(value).count() >= 1, "{value} in a table");
    }
    press(&mut harness, "Compare");
    assert!(text.iter().all(|text| harness.query_all_by_label(text).count() >= 1), "{text:?}");
}
