//! Landscapes around an image, in input space.

use super::picked_cells::pick;
use super::*;
use crate::ui::command::Command;
use flatland_core::result::{InputRecord, Map};
use flatland_core::session::{Axes, InputAxes, InputPlane};

/// A session whose landscapes are around an image of digits test, with results for two checkpoints.
fn around_an_image() -> Harness<'static, App> {
    let mut harness = harness(&FakeWorker::default(), 0, false);
    let app = harness.state_mut();
    app.state.session.checkpoints.truncate(2);
    let plane = InputPlane { image: 17, axes: Some(InputAxes::Gradient), ..InputPlane::default() };
    app.state.session.landscape.plane = Axes::Input(plane);
    for (k, name) in CHECKPOINTS.into_iter().enumerate().take(2) {
        let mut surface = surface(k, false);
        let classes = (0..10).map(|digit| format!("digit {digit}")).collect();
        let input = InputRecord {
            image: 17,
            label: Some(3),
            target: 3,
            prediction: Some(3),
            norm: "l2".into(),
            shape: [1, 8, 8],
            classes,
            ..Default::default()
        };
        surface.manifest.input = Some(input);
        let cells = surface.loss.len();
        let class = |at: usize| if at == 0 { f64::NAN } else { [3.0, 8.0][usize::from(at > cells / 2 + 60 * k)] };
        surface.maps.insert(Quantity::Prediction, Map { value: (0..cells).map(class).collect(), std_error: vec![f64::NAN; cells] });
        let id = app.state.store.add(landscape_job(name), JobState::Done);
        app.state.store.insert(id, Loaded::Landscape(surface));
    }
    harness.run();
    harness
}

#[test]
fn a_landscape_around_an_image_says_so_and_its_axes_are_of_pixels() {
    let mut harness = around_an_image();
    harness.get_by_label_contains("Loss landscape of ERM on image 17 of digits test in input space, 21 × 21 cells, 441 computed");
    harness.get_by_label_contains("input space: L(x + αd₁ + βd₂) around image 17, along each checkpoint's own gradient");
    press(&mut harness, "3-D");
    harness.get_by_label_contains("Loss surface of ERM on image 17 of digits test in input space");
    press(&mut harness, "2-D");
    pick(&mut harness, "ERM", [0.0, 0.0]);
    harness.get_by_label("digit 3");
    assert!(harness.query_by_label("Open the model here").is_none(), "weights stay as they are");
    assert!(harness.query_by_label("Losses of its images").is_none(), "there is one image");
}

#[test]
fn decision_regions_have_a_legend_of_classes_in_the_place_of_the_colour_bar_and_no_height() {
    let mut harness = around_an_image();
    give(&mut harness, Command::SelectQuantity(Some(Quantity::Prediction)));
    harness.get_by_label_contains("Landscape of predicted class of ERM on image 17 of digits test in input space");
    for class in ["Class digit 3", "Class digit 8"] {
        harness.get_by_label(class);
    }
    assert!(harness.query_by_label_contains("Colours of predicted class").is_none(), "no scale");
    let at = harness.get_by_label_contains("Landscape of predicted class of ERM").rect().right_center() - egui::vec2(30.0, 0.0);
    harness.hover_at(at);
    harness.run();
    harness.get_by_label("digit 8");
    press(&mut harness, "3-D");
    harness.get_by_label_contains("Surface of predicted class of ERM");
}

#[test]
fn a_button_returns_to_the_weights_and_undo_to_the_image() {
    let mut harness = around_an_image();
    press(&mut harness, "Back to weights");
    assert_eq!(harness.state().state.session.landscape.plane, Axes::default());
    assert!(harness.query_by_label("Back to weights").is_none());
    harness.state_mut().execute(crate::ui::command::Command::Undo);
    assert!(harness.state().state.session.landscape.plane.input().is_some());
}
