//! The card of a picked node of a landscape: its losses, and its model as a checkpoint.

use super::landscapes::{view, whole};
use super::*;
use crate::ui::command::Command;
use crate::ui::command::landscape::LandscapeCommand;
use flatland_core::result::{LossRows, SAMPLE_LOSSES};
use flatland_core::session::PickedCell;

/// Picks the node at α and β.
pub(super) fn pick(harness: &mut Harness<'static, App>, checkpoint: &str, [alpha, beta]: [f64; 2]) {
    let cell = PickedCell { checkpoint: checkpoint.into(), alpha, beta };
    give(harness, Command::Landscape(LandscapeCommand::Pick(Some(cell))));
}

#[test]
fn a_click_picks_the_node_and_shows_its_losses() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = whole();
    let mut found = surface(3, false);
    found.manifest.samples = 4;
    let k = 10 * 21 + 10;
    let shape = [21, 21, 4];
    let row = [0.5, 1.5, 0.25, 0.15].map(|share| (share * found.loss[k] / 0.6) as f32);
    LossRows::npy(&folder.path().join(SAMPLE_LOSSES), shape).unwrap().write(k, &row).unwrap();
    let mut spec = landscape_job("SAM");
    spec.set_out(folder.path().into());
    let app = harness.state_mut();
    let id = app.state.store.add(spec, JobState::Done);
    app.state.store.insert(id, Loaded::Landscape(found));
    harness.run();
    for form in ["2-D", "3-D"] {
        press(&mut harness, form);
        let panel = harness.query_by_label_contains("Loss landscape of SAM").or(harness.query_by_label_contains("Loss surface of SAM"));
        let at = panel.unwrap().rect().center();
        harness.drag_at(at);
        harness.drop_at(at);
        harness.run();
        assert_eq!(view(&harness).picked.map(|cell| cell.checkpoint), Some("SAM".into()), "{form}");
        press(&mut harness, "Close the picked cell");
        assert_eq!(view(&harness).picked, None);
    }
    pick(&mut harness, "SAM", [0.0, 0.0]);
    harness.get_by_label("computed on all images");
    press(&mut harness, "Losses of its images");
    run_until(&mut harness, |app| app.state.store.cell_losses.is_some());
    harness.run();
    harness.get_by_label_contains("Losses of 4 images: mean 0.08");
}

#[test]
fn the_model_of_a_node_becomes_a_checkpoint_of_the_session() {
    let mut harness = whole();
    pick(&mut harness, "SAM", [0.5, -0.1]);
    press(&mut harness, "Open the model here");
    let weights = |app: &App| {
        let found = app.state.store.jobs.iter().find(|(_, job)| matches!(job.spec, JobSpec::Weights(_)));
        found.map(|(id, job)| (*id, job.spec.clone())).expect("a job that writes them")
    };
    let (id, JobSpec::Weights(job)) = weights(harness.state()) else { panic!("weights") };
    assert_eq!((job.at, job.landscape.checkpoint.name.as_str()), ([0.5, -0.1], "SAM"));
    let answer = JobEvent::Done { output: JobOutput::Checkpoint { path: job.file.clone() } };
    harness.state_mut().worker_event(WorkerEvent::Job(id, answer));
    harness.run();
    let last = harness.state().state.session.checkpoints.last().cloned().expect("a checkpoint");
    assert_eq!((last.name.as_str(), &last.path), ("SAM at (0.50, −0.10)", &job.file));
    harness.get_by_label("Close checkpoint SAM at (0.50, −0.10)");
    harness.state_mut().execute(crate::ui::command::Command::Undo);
    assert_eq!(harness.state().state.session.checkpoints.len(), 5);
}

#[test]
fn a_node_without_losses_of_single_images_says_so() {
    let mut harness = whole();
    pick(&mut harness, "ERM", [0.0, 0.0]);
    press(&mut harness, "Losses of its images");
    run_until(&mut harness, |app| app.state.store.cell_losses.is_some());
    harness.run();
    harness.get_by_label_contains(
        "expected the losses of single images beside the landscape, found none of this grid (/nowhere/out/sample_losses.npy)",
    );
}
