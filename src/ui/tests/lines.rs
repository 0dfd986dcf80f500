//! Landscapes of one dimension: curves, the line between two checkpoints, and its barrier.

use super::*;
use crate::ui::command::Command;
use crate::ui::command::landscape::LandscapeCommand;
use flatland_core::result::{LossBarrier, PlaneRecord};
use flatland_core::session::Axes;

/// The line from Pretrained to ERM: an arch of height 0.5 over its straight line, with AUROC.
pub(super) fn line(barrier: Result<LossBarrier, String>) -> LossSurface {
    let plane = PlaneRecord { through: vec!["Pretrained".into(), "ERM".into()], batch_norm_layers: Some(9), ..Default::default() };
    let manifest = LandscapeManifest {
        checkpoint: "Pretrained".into(),
        dataset: "digits test".into(),
        definition: "line".into(),
        batch_norm: "interpolated".into(),
        samples: 500,
        plane: Some(plane),
        ..Default::default()
    };
    let alpha: Vec<f64> = (0..25).map(|i| (f64::from(i) - 4.0) / 16.0).collect();
    let mut surface = LossSurface::pending(alpha.clone(), vec![0.0], manifest);
    for (i, t) in alpha.iter().enumerate() {
        let loss = 0.3 + 0.2 * t + if (0.0..=1.0).contains(t) { 2.0 * t * (1.0 - t) } else { 3.0 * t * (t - 1.0) };
        let readings = vec![Reading { quantity: Quantity::Auroc, value: 0.9 - 0.2 * loss, std_error: 0.01 }];
        surface.set(&Cell { i, j: 0, loss, accuracy: 1.0 - 0.3 * loss, loss_std_error: 0.02 + 0.04 * loss, count: 500, readings });
    }
    surface.barrier = Some(barrier);
    surface
}

pub(super) fn known() -> Result<LossBarrier, String> {
    Ok(LossBarrier { height: 0.5, rise: 0.5, t: 0.5, std_error: Ok(0.021), samples: 500 })
}

/// The job of the line.
pub(super) fn line_job() -> JobSpec {
    let JobSpec::Landscape(mut job) = landscape_job("Pretrained") else { panic!("a landscape") };
    let surface = line(known());
    (job.alpha, job.beta, job.plane.axes) = (surface.alpha, surface.beta, axes());
    JobSpec::Landscape(job)
}

pub(super) fn axes() -> Axes {
    Axes::Line { through: ["Pretrained".into(), "ERM".into()], statistics: Default::default() }
}

/// A window whose session asks for the line; with this result, if there is one.
fn window(found: Option<LossSurface>) -> Harness<'static, App> {
    let mut harness = harness(&FakeWorker::default(), 0, false);
    let app = harness.state_mut();
    app.state.session.landscape.plane = axes();
    if let Some(found) = found {
        let id = app.state.store.add(line_job(), JobState::Done);
        app.state.store.insert(id, Loaded::Landscape(found));
    }
    harness.run();
    harness
}

#[test]
fn a_line_between_checkpoints_is_a_curve_with_its_barrier_in_words() {
    let mut harness = window(Some(line(known())));
    harness.get_by_label_contains("Loss curve of Pretrained on digits test, 25 × 1 cells, 25 computed");
    harness.get_by_label(
        "Loss barrier 0.50 ± 0.02 at t = 0.50. BatchNorm statistics interpolated, not recomputed: the barrier may be too high (REPAIR, \
         Jordan et al. 2022).",
    );
    harness.get_by_label_contains("the line from Pretrained (t = 0) to ERM (t = 1)");
    for gone in ["2-D", "3-D", "status of cells", "Sections along α"] {
        assert!(harness.query_by_label(gone).is_none(), "{gone} is of planes");
    }
    let at = harness.get_by_label_contains("Loss curve of Pretrained").rect().center();
    harness.hover_at(at);
    harness.run();
    harness.get_by_label("Pretrained   t 0.50");
    harness.get_by_label("0.90 ± 0.06");
    harness.drag_at(at);
    harness.drop_at(at);
    harness.run();
    assert_eq!(super::landscapes::view(&harness).picked.map(|cell| [cell.alpha, cell.beta]), Some([0.5, 0.0]));
    harness.get_by_label("computed on all images");
}

#[test]
fn an_end_takes_the_new_name_of_its_checkpoint() {
    let mut harness = window(Some(line(known())));
    harness.state_mut().state.store.rename_checkpoint("ERM", "plain");
    let surface = harness.state().state.store.landscapes.values().next().unwrap().surface.clone();
    assert_eq!(surface.ends(), Some(["Pretrained".to_owned(), "plain".to_owned()]));
}

#[test]
fn accuracy_and_detection_take_the_place_of_the_loss_on_a_curve() {
    let mut harness = window(Some(line(known())));
    for quantity in ["accuracy", "AUROC"] {
        let (now, label) = (if quantity == "AUROC" { "accuracy  ▾" } else { "loss  ▾" }, format!("Curve of {quantity} of Pretrained"));
        harness.get_by_label_contains(now).click();
        harness.run();
        press(&mut harness, quantity);
        harness.get_by_label_contains(&label);
        harness.get_by_label_contains("Loss barrier 0.50 ± 0.02");
    }
}

#[test]
fn what_is_missing_of_a_barrier_is_said_and_no_number_stands_in_its_place() {
    let missing = "3 of 17 cells from t = 0 to t = 1 are not computed";
    let harness = window(Some(line(Err(missing.into()))));
    harness.get_by_label(&format!("Loss barrier not known: {missing}."));
    let no_error = LossBarrier { std_error: Err("the losses of single images are not there (out)".into()), ..known().unwrap() };
    let harness = window(Some(line(Ok(no_error))));
    harness.get_by_label_contains("Loss barrier 0.5000 at t = 0.50, without a standard error: the losses of single images are not there");
}

#[test]
fn a_line_that_is_being_computed_is_a_curve_with_named_ends_and_no_barrier() {
    let mut harness = window(None);
    harness.get_by_label_contains("Loss curve of Pretrained on digits test, nothing computed yet");
    let id = harness.state_mut().state.store.add(line_job(), JobState::Running);
    let cells = line(known()).cells().into_iter().step_by(2).collect();
    harness.state_mut().state.store.apply(id, JobEvent::Cells { cells });
    harness.run();
    harness.get_by_label_contains("Loss curve of Pretrained on digits test, 25 × 1 cells, 13 computed");
    harness.get_by_label("Loss barrier not known: the line is being computed.");
    let surface = harness.state().state.store.landscapes.values().next().unwrap().surface.clone();
    assert_eq!(surface.ends(), Some(["Pretrained".to_owned(), "ERM".to_owned()]));
}

#[test]
fn a_random_line_is_a_curve_per_checkpoint_and_has_no_barrier() {
    let mut harness = harness(&FakeWorker::default(), 0, false);
    for name in ["ERM", "SAM"] {
        let mut found = line(known());
        found.manifest = LandscapeManifest { definition: "li2018".into(), samples: 500, ..Default::default() };
        found.barrier = None;
        let app = harness.state_mut();
        let id = app.state.store.add(landscape_job(name), JobState::Done);
        app.state.store.insert(id, Loaded::Landscape(found));
    }
    harness.run();
    for name in ["ERM", "SAM"] {
        harness.get_by_label_contains(&format!("Loss curve of {name} on digits test, 25 × 1 cells, 25 computed"));
    }
    assert!(harness.query_by_label_contains("barrier").is_none());
}

#[test]
fn the_palette_finds_the_line_by_what_it_is_and_its_command_computes_it() {
    let mut harness = harness(&FakeWorker::default(), 5, false);
    harness.run();
    for words in ["line between", "barrier", "curve"] {
        press_keys(&mut harness, egui::Modifiers::CTRL, egui::Key::K);
        harness.get_by_label("Find a command").type_text(words);
        harness.run();
        assert!(harness.query_all_by_label_contains("Line between Pretrained and ERM").next().is_some(), "{words}");
        press_keys(&mut harness, egui::Modifiers::NONE, egui::Key::Escape);
    }
    harness.state_mut().state.session.landscape.ood = vec!["textures".into()];
    give(&mut harness, Command::Landscape(LandscapeCommand::LineBetween { from: "Pretrained".into(), to: "ERM".into() }));
    let settings = harness.state().state.session.landscape.clone();
    assert_eq!((settings.plane.clone(), settings.ood), (axes(), vec!["textures".to_owned()]), "with its detection");
    press(&mut harness, "Back to the plane");
    assert_eq!(harness.state().state.session.landscape.plane, Axes::default());
    harness.state_mut().execute(Command::Undo);
    assert_eq!(harness.state().state.session.landscape.plane, settings.plane);
}

#[test]
fn the_figure_and_its_tables_hold_what_the_window_shows() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = window(Some(line(known())));
    let path = folder.path().join("line.svg");
    let export = figure(harness.state_mut()).unwrap();
    export.write(&path, true, true).unwrap();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let svg = words(&std::fs::read_to_string(&path).unwrap());
    for text in ["Pretrained", "ERM", "barrier 0.50 ± 0.02", "REPAIR"] {
        assert!(svg.contains(text), "{text}");
    }
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(
        read("line.csv").starts_with("checkpoint,dataset,alpha,beta,loss,accuracy,loss_std_error,count,auroc,auroc_std_error,from,to\n")
    );
    assert!(read("line.csv").lines().nth(5).unwrap().ends_with(",Pretrained,ERM"));
    assert!(read("line-barrier.csv").contains("Pretrained,digits test,Pretrained,ERM,0.5,0.021,0.5,0.5,500,interpolated,"));
    give(&mut harness, Command::Landscape(LandscapeCommand::ErrorBands(false)));
    let plain = figure(harness.state_mut()).unwrap().write(&folder.path().join("plain.svg"), false, true).unwrap();
    assert!(!std::fs::read_to_string(plain).unwrap().contains("<polygon"), "no bands in either");
}
