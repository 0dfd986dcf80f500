//! The landscape tab by its accessible labels: how it is shown, colours, picked nodes.

use egui_kittest::kittest::Queryable;

use super::*;
use crate::figure::ColormapTable as _;
use crate::ui::view::landscape::LandscapeTab;
use crate::ui::view::{Scene, TabView as _};
use flatland_core::result::{InputRecord, Map};
use flatland_core::session::{Axes, Camera, Colormap, CutAxis, ErrorShown, InputAxes, InputPlane, LandscapeForm, LandscapeView, Spacing};

fn view(harness: &Harness<'static, App>) -> LandscapeView {
    harness.state().state.session.view.landscape.clone()
}

fn whole() -> Harness<'static, App> {
    let mut harness = harness(&FakeWorker::default(), 5, false);
    harness.run();
    harness
}

#[test]
fn maps_become_surfaces_and_maps_again() {
    let mut harness = whole();
    press(&mut harness, "3-D");
    assert_eq!(view(&harness).form, LandscapeForm::Surface);
    for name in CHECKPOINTS {
        harness.get_by_label_contains(&format!("Loss surface of {name} on digits test, 21 × 21 cells, 441 computed"));
    }
    press(&mut harness, "2-D");
    harness.get_by_label_contains("Loss landscape of SAM on digits test");
}

#[test]
fn one_camera_turns_all_surfaces_by_drag_zoom_and_keys_and_goes_back() {
    let mut harness = whole();
    press(&mut harness, "3-D");
    let panel = harness.get_by_label_contains("Loss surface of OE").rect();
    harness.drag_at(panel.center());
    harness.run();
    harness.hover_at(panel.center() + egui::vec2(50.0, 20.0));
    harness.run();
    harness.drop_at(panel.center() + egui::vec2(50.0, 20.0));
    harness.run();
    let dragged = view(&harness).camera;
    assert!(dragged.yaw < Camera::default().yaw && dragged.pitch > Camera::default().pitch, "{dragged:?}");
    assert!(view(&harness).own_cameras.is_empty(), "one camera for all");
    harness.key_press(egui::Key::ArrowUp);
    harness.run();
    assert_eq!(view(&harness).camera.pitch, dragged.pitch + 5.0, "the panel has the focus");
    harness.hover_at(panel.center());
    harness.run();
    harness.event(egui::Event::Zoom(1.5));
    harness.run();
    assert!(view(&harness).camera.zoom > 1.0);
    harness.key_press(egui::Key::R);
    harness.run();
    assert_eq!(view(&harness).camera, Camera::default());
    harness.state_mut().state.session.view.landscape.camera.yaw = 100.0;
    press(&mut harness, "Reset camera");
    assert_eq!(view(&harness).camera, Camera::default());
}

#[test]
fn unlinked_panels_have_cameras_and_colours_of_their_own() {
    let mut harness = whole();
    let links = &mut harness.state_mut().state.session.view.links;
    (links.axes, links.colors) = (false, false);
    press(&mut harness, "3-D");
    for name in CHECKPOINTS {
        harness.get_by_label_contains(&format!("Colours of loss of {name}: viridis, log, from"));
    }
    let panel = harness.get_by_label_contains("Loss surface of SAM").rect();
    harness.drag_at(panel.center());
    harness.run();
    harness.hover_at(panel.center() + egui::vec2(40.0, 0.0));
    harness.run();
    harness.drop_at(panel.center() + egui::vec2(40.0, 0.0));
    harness.run();
    assert_eq!(view(&harness).camera, Camera::default());
    assert_eq!(view(&harness).own_cameras.keys().collect::<Vec<_>>(), ["SAM"]);
}

#[test]
fn limits_are_typed_and_cells_beyond_them_counted() {
    let mut harness = whole();
    harness.get_by_label_contains("Colours of loss: viridis, log, from 0.08");
    press(&mut harness, "Upper limit of loss");
    harness.get_by_role_and_label(egui::Role::TextInput, "Upper limit of loss").type_text("2");
    harness.run();
    harness.key_press(egui::Key::Enter);
    harness.run();
    assert_eq!(view(&harness).colors("loss").high, Some(2.0));
    let above = (0..5).map(|k| surface(k, false).loss.iter().filter(|loss| **loss > 2.0).count()).sum::<usize>();
    harness.get_by_label(&format!("{} cells above 2.00 of loss", crate::ui::state::number::count(above as u64)));
    press(&mut harness, "Upper limit of loss");
    harness.get_by_role_and_label(egui::Role::TextInput, "Upper limit of loss").type_text("auto");
    harness.run();
    harness.key_press(egui::Key::Enter);
    harness.run();
    assert_eq!(view(&harness), LandscapeView::default(), "nothing chosen, nothing kept");
}

#[test]
fn limits_are_dragged_and_made_automatic_again() {
    let mut harness = whole();
    let bar = harness.get_by_label_contains("Colours of loss: viridis").rect();
    harness.drag_at(bar.center_top() + egui::vec2(0.0, 2.0));
    harness.run();
    harness.hover_at(bar.center_top() + egui::vec2(0.0, 42.0));
    harness.run();
    harness.drop_at(bar.center_top() + egui::vec2(0.0, 42.0));
    harness.run();
    let high = view(&harness).colors("loss").high.unwrap();
    let most = (0..5).flat_map(|k| surface(k, false).loss).fold(0.0, f64::max);
    assert!(high < 0.8 * most && high > 0.1 * most, "{high}");
    press(&mut harness, "Colour scale of loss");
    press(&mut harness, "automatic limits");
    assert_eq!(view(&harness), LandscapeView::default());
}

#[test]
fn spacing_and_colours_are_chosen_for_the_window_and_its_figures() {
    let mut harness = whole();
    press(&mut harness, "Colour scale of loss");
    press(&mut harness, "symmetric log");
    press(&mut harness, "Colour scale of loss");
    press(&mut harness, "cividis");
    let colors = view(&harness).colors("loss");
    assert_eq!((colors.spacing, colors.map), (Some(Spacing::Symmetric), Some(Colormap::Cividis)));
    harness.get_by_label_contains("Colours of loss: cividis, symmetric log, from 0.08");
    let chosen = harness.state().state.session.clone();
    let app = harness.state_mut();
    let mut export = |session: flatland_core::session::Session| {
        let folder = tempfile::tempdir().unwrap();
        let shown = std::mem::replace(&mut app.state.session, session);
        let export = figure(app).unwrap();
        app.state.session = shown;
        std::fs::read_to_string(export.write(&folder.path().join("l.svg"), false, true).unwrap()).unwrap()
    };
    let (own, plain) = (export(chosen), export(session()));
    assert!(own != plain, "the figure has other colours");
    let [r, g, b] = Colormap::Cividis.table()[255];
    assert!(own.contains(&format!("#{r:02X}{g:02X}{b:02X}")));
}

#[test]
fn a_surface_is_exported_as_a_surface() {
    let mut harness = whole();
    press(&mut harness, "3-D");
    let folder = tempfile::tempdir().unwrap();
    let export = figure(harness.state_mut()).unwrap();
    let svg = std::fs::read_to_string(export.write(&folder.path().join("s.svg"), false, true).unwrap()).unwrap();
    assert!(svg.matches("<polygon").count() > 5 * 1000, "facets");
    assert!(svg.contains(">α<") && svg.contains(">loss<"));
}

#[test]
fn sections_go_along_either_axis_with_or_without_bands() {
    let mut harness = whole();
    harness.get_by_label("Sections along α at β = 0.00, with error bands");
    press(&mut harness, "Sections along β");
    assert_eq!(view(&harness).cut, CutAxis::Beta);
    harness.get_by_label("Sections along β at α = 0.00, with error bands");
    press(&mut harness, "error bands");
    harness.get_by_label("Sections along β at α = 0.00");
    let panel = harness.get_by_label_contains("Loss landscape of ERM").rect();
    harness.hover_at(panel.right_center() - egui::vec2(1.0, 0.0));
    harness.run();
    harness.get_by_label("Sections along β at α = 1.00");
}

#[test]
fn errors_take_the_place_of_values_and_keep_colours_of_their_own() {
    let mut harness = whole();
    harness.get_by_label_contains("values  ▾").click();
    harness.run();
    press(&mut harness, "relative errors");
    assert_eq!(view(&harness).error, Some(ErrorShown::Relative));
    harness.get_by_label_contains("Landscape of the relative standard error of loss of SAM on digits test");
    harness.get_by_label_contains("Colours of relative standard error of loss: viridis, log");
}

#[test]
fn the_status_of_cells_lies_over_the_map_with_a_legend() {
    let mut harness = harness(&FakeWorker::default(), 3, true);
    harness.run();
    press(&mut harness, "status of cells");
    let of = |status| (0..3).map(|k| surface(k, k > 1)).map(|s| (0..441).filter(|k| s.status(*k) == status).count()).sum::<usize>();
    let count = |status| crate::ui::state::number::count(of(status) as u64);
    harness.get_by_label(&format!("{} computed", count(flatland_core::result::CellStatus::Exact)));
    harness.get_by_label(&format!("{} pending", count(flatland_core::result::CellStatus::Pending)));
    harness.get_by_label(&format!("{} not finite", count(flatland_core::result::CellStatus::NonFinite)));
    press(&mut harness, "contour values");
    assert!(!view(&harness).contour_labels);
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
    flatland_core::result::LossRows::npy(&folder.path().join(flatland_core::result::SAMPLE_LOSSES), shape).unwrap().write(k, &row).unwrap();
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
    let cell = flatland_core::session::PickedCell { checkpoint: "SAM".into(), alpha: 0.0, beta: 0.0 };
    harness.state_mut().state.session.view.landscape.picked = Some(cell);
    harness.run();
    harness.get_by_label("computed on all images");
    press(&mut harness, "Losses of its images");
    run_until(&mut harness, |app| app.state.store.cell_losses.is_some());
    harness.run();
    harness.get_by_label_contains("Losses of 4 images: mean 0.08");
}

#[test]
fn the_model_of_a_node_becomes_a_checkpoint_of_the_session() {
    let mut harness = whole();
    let cell = flatland_core::session::PickedCell { checkpoint: "SAM".into(), alpha: 0.5, beta: -0.1 };
    harness.state_mut().state.session.view.landscape.picked = Some(cell);
    harness.run();
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
    let cell = flatland_core::session::PickedCell { checkpoint: "ERM".into(), alpha: 0.0, beta: 0.0 };
    harness.state_mut().state.session.view.landscape.picked = Some(cell);
    harness.run();
    press(&mut harness, "Losses of its images");
    run_until(&mut harness, |app| app.state.store.cell_losses.is_some());
    harness.run();
    harness.get_by_label_contains(
        "expected the losses of single images beside the landscape, found none of this grid (/nowhere/out/sample_losses.npy)",
    );
}

#[test]
fn surfaces_show_colours() {
    if !super::adapter::has_adapter() {
        return;
    }
    for theme in [egui::Theme::Light, egui::Theme::Dark] {
        let fake_worker = FakeWorker::default();
        let mut harness = Harness::builder()
            .with_size([1480.0, 920.0])
            .with_max_steps(40)
            .wgpu()
            .build_eframe(move |cc| app(&cc.egui_ctx, &fake_worker, 5, theme == egui::Theme::Dark));
        harness.state_mut().ctx.set_theme(theme);
        harness.state_mut().state.session.view.landscape.form = LandscapeForm::Surface;
        harness.run();
        let panel = harness.get_by_label_contains("Loss surface of ERM").rect();
        let image = harness.render().expect("a picture");
        let is_colored =
            |pixel: &[u8; 4]| pixel[..3].iter().max().zip(pixel[..3].iter().min()).is_some_and(|(most, least)| most - least > 60);
        let inside = |x: u32, y: u32| panel.contains(egui::pos2(x as f32, y as f32));
        let colored = image.enumerate_pixels().filter(|(x, y, pixel)| inside(*x, *y) && is_colored(&pixel.0)).count();
        assert!(colored as f32 > 0.1 * panel.area(), "{colored} of {} pixels", panel.area());
    }
}

#[test]
fn unlinked_panels_start_from_the_shared_view_and_sections_stay() {
    let mut harness = whole();
    let zoom = |harness: &mut Harness<'static, App>| {
        let at = harness.get_by_label_contains("Loss landscape of OE").rect().center();
        harness.hover_at(at);
        harness.run();
        harness.event(egui::Event::Zoom(1.5));
        harness.run();
    };
    let seen = |harness: &mut Harness<'static, App>, name: &str| {
        let view = &harness.state().state.session.view;
        view.extents.get(&Tab::LANDSCAPE).cloned().unwrap_or_default().of(view.links.axes, name)
    };
    zoom(&mut harness);
    let shared = seen(&mut harness, "OE");
    assert!(shared.x.is_some());
    press(&mut harness, "Link axes");
    zoom(&mut harness);
    assert_ne!(seen(&mut harness, "OE"), shared);
    assert_eq!([seen(&mut harness, "SAM"), seen(&mut harness, "")], [shared; 2], "the others and the sections stay");
    press(&mut harness, "Link axes");
    assert_eq!(seen(&mut harness, "OE"), shared);
}

#[test]
fn drawings_of_a_closed_checkpoint_are_removed() {
    let app = app(&egui::Context::default(), &FakeWorker::default(), 5, false);
    let draw = |ui: &mut egui::Ui, (tab, app): &mut (LandscapeTab, App)| {
        // Fonts are there from the second frame on.
        if ui.ctx().cumulative_pass_nr() == 0 {
            return crate::ui::style::theme::install(ui.ctx());
        }
        let (dataset, mut commands) = (app.state.dataset(), Vec::new());
        let (mut scene, mut drafts) = Scene::of(&mut app.state, dataset.as_deref(), &mut commands);
        tab.draw(ui, &mut scene, &mut drafts);
    };
    let mut harness = Harness::builder().with_size([1200.0, 800.0]).build_ui_state(draw, (LandscapeTab::default(), app));
    let look = |harness: &mut Harness<'static, (LandscapeTab, App)>, form| {
        harness.state_mut().1.state.session.view.landscape.form = form;
        harness.run();
    };
    look(&mut harness, LandscapeForm::Surface);
    look(&mut harness, LandscapeForm::Map);
    harness.state_mut().1.state.session.view.landscape.error = Some(ErrorShown::Absolute);
    harness.run();
    let kept =
        |harness: &Harness<'static, (LandscapeTab, App)>| harness.state().0.kept().into_iter().map(str::to_owned).collect::<Vec<_>>();
    assert!(kept(&harness).contains(&"SAM".to_owned()));
    let app = &mut harness.state_mut().1;
    let gone = app.state.session.remove_checkpoint("SAM").unwrap();
    app.state.store.forget_checkpoint(&gone, false);
    harness.run();
    assert_eq!(kept(&harness), ["DR-SAM", "ERM", "OE", "Pretrained"]);
    let app = &mut harness.state_mut().1;
    app.state.session.checkpoints.clear();
    app.state.store.clear();
    harness.run();
    assert!(kept(&harness).is_empty());
}

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
    let cell = flatland_core::session::PickedCell { checkpoint: "ERM".into(), alpha: 0.0, beta: 0.0 };
    harness.state_mut().state.session.view.landscape.picked = Some(cell);
    harness.run();
    harness.get_by_label("digit 3");
    assert!(harness.query_by_label("Open the model here").is_none(), "weights stay as they are");
    assert!(harness.query_by_label("Losses of its images").is_none(), "there is one image");
}

#[test]
fn decision_regions_have_a_legend_of_classes_in_the_place_of_the_colour_bar_and_no_height() {
    let mut harness = around_an_image();
    harness.state_mut().state.session.view.quantity = Some("prediction".into());
    harness.run();
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
