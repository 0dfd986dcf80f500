//! The landscape tab by its accessible labels: how it is shown, cameras, colours.

use egui_kittest::kittest::Queryable;

use super::*;
use crate::figure::ColormapTable as _;
use crate::ui::view::landscape::LandscapeTab;
use crate::ui::view::{Scene, TabView as _};
use flatland_core::session::{Camera, Colormap, CutAxis, ErrorShown, LandscapeForm, LandscapeView, Spacing};

/// How landscapes are shown.
pub(super) fn view(harness: &Harness<'static, App>) -> LandscapeView {
    harness.state().state.session.view.landscape.clone()
}

/// A window with all results of five checkpoints.
pub(super) fn whole() -> Harness<'static, App> {
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
