//! Figures of the view: written, copied, and equal to those of the command line.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::figure::{CaptionedFigure, FigureResults, Found, captioned_figures};
use crate::ui::command::Command;
use flatland_core::result::{Embedding, ScoreTable, SharpnessCurve};
use flatland_core::session::{FigureFormat, Role};

#[test]
fn the_current_view_is_exported_with_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = harness(&FakeWorker::default(), 2, false);
    harness.run();
    press_keys(&mut harness, egui::Modifiers::CTRL | egui::Modifiers::SHIFT, egui::Key::E);
    for (tab, file, magic) in [
        ("Landscape", "l.svg", &b"<svg"[..]),
        ("Sharpness", "s.png", b"\x89PNG"),
        ("Energy", "e.pdf", b"%PDF"),
        ("Compare", "c.svg", b"<svg"),
    ] {
        harness.get_by_label(tab).click();
        let path = folder.path().join(file);
        harness.state_mut().state.export.path = path.display().to_string();
        harness.run();
        press(&mut harness, "Write");
        run_until(&mut harness, |app| app.state.message.as_ref().is_some_and(|message| message.text.contains(file)));
        assert!(!harness.state().state.message.as_ref().unwrap().is_error);
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes.starts_with(magic) || bytes.starts_with(b"<?xml"), "{tab}");
        let data = std::fs::read_to_string(path.with_extension("csv")).unwrap();
        assert!(["checkpoint,", "group,"].iter().any(|first| data.starts_with(first)) && data.lines().count() > 5, "{tab}: {data}");
    }
    harness.state_mut().state.export.path = folder.path().join("e.gif").display().to_string();
    harness.run();
    press(&mut harness, "Write");
    run_until(&mut harness, |app| app.state.message.as_ref().is_some_and(|message| message.is_error));
    harness.get_by_label_contains("expected a file name that ends in .svg, .pdf, .png, .csv, .npz, found the ending `gif`");
}

#[test]
fn the_export_line_has_the_focus_and_follows_the_tab_unless_it_was_named_otherwise() {
    let mut harness = harness(&FakeWorker::default(), 2, false);
    harness.run();
    press_keys(&mut harness, egui::Modifiers::CTRL | egui::Modifiers::SHIFT, egui::Key::E);
    assert!(harness.get_by_label("Export to").is_focused(), "a path can be typed at once");
    assert_eq!(harness.state().state.export.path, "flatland-landscape.svg");
    let after = |harness: &mut egui_kittest::Harness<'static, App>, typed: Option<&str>, tab: &str| {
        if let Some(typed) = typed {
            harness.state_mut().state.export.path = typed.into();
            harness.run();
        }
        press(harness, tab);
        harness.state().state.export.path.clone()
    };
    assert_eq!(after(&mut harness, None, "Sharpness"), "flatland-sharpness.svg");
    assert_eq!(after(&mut harness, Some("figures/flatland-sharpness.pdf"), "Energy"), "figures/flatland-energy.pdf");
    assert_eq!(after(&mut harness, Some("mine.svg"), "Landscape"), "mine.svg");
    assert_eq!(after(&mut harness, Some(""), "Sharpness"), "", "what was emptied stays so while it is open");
    harness.get_by_label("Export to").focus();
    harness.run();
    harness.key_press(egui::Key::Escape);
    harness.run();
    assert!(harness.query_by_label("Write").is_none(), "Escape closes it from within the field");
    press(&mut harness, "Export…");
    assert!(harness.get_by_label("Export to").is_focused());
    assert_eq!(harness.state().state.export.path, "flatland-sharpness.svg");
}

#[test]
fn the_current_view_is_copied_as_an_image() {
    let mut harness = harness(&FakeWorker::default(), 2, false);
    harness.run();
    press_keys(&mut harness, egui::Modifiers::CTRL | egui::Modifiers::SHIFT, egui::Key::E);
    press(&mut harness, "Copy image");
    run_until(&mut harness, |app| app.state.message.is_some());
    harness.step();
    let message = harness.state().state.message.as_ref().unwrap();
    // 180 mm at 300 dots per inch.
    assert!(!message.is_error && message.text.starts_with("Copied: an image of 2126 × "), "{}", message.text);
}

fn found<T>(checkpoint: &str, color: usize, (dataset, role): (String, Role), result: T) -> Found<T> {
    Found { checkpoint: checkpoint.into(), color, dataset, role, result: Arc::new(result) }
}

/// Writes the results of the window to files and reads them as the command line does.
fn from_files(folder: &Path) -> FigureResults {
    let mut results = FigureResults::default();
    for (color, name) in CHECKPOINTS.into_iter().enumerate() {
        let folder = folder.join(name);
        let of = |spec: &JobSpec| spec.datasets().first().map(|dataset| (dataset.source.name.clone(), dataset.role)).unwrap();
        surface(color, false).save(&folder).unwrap();
        curve(color).save(&folder).unwrap();
        // These embeddings have no features.
        Embedding { feature_dim: 0, classes: 0, ..embedding(color) }.save(&folder).unwrap();
        scores(color).save(&folder, name).unwrap();
        results.add_landscape(found(name, color, of(&landscape_job(name)), LossSurface::load(&folder).unwrap()));
        results.sharpness.push(found(name, color, of(&sharpness_job(name)), SharpnessCurve::load(&folder).unwrap()));
        results.embeddings.push(found(name, color, of(&embedding_job(name)), Embedding::load(&folder).unwrap()));
        results.scores.push(found(name, color, of(&score_job(name)), ScoreTable::load(&folder, name).unwrap()));
    }
    results
}

#[test]
fn an_exported_view_is_the_figure_of_the_command_line_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = harness(&FakeWorker::default(), 5, false);
    let app = harness.state_mut();
    let results = from_files(folder.path());
    let of_command_line: Vec<CaptionedFigure> = captioned_figures(&app.state.session, &results);
    for (tab, name) in
        [(Tab::LANDSCAPE, "landscape"), (Tab::SHARPNESS, "sharpness"), (Tab::EMBEDDING, "embedding"), (Tab::ENERGY, "energy")]
    {
        app.state.session.view.tab = tab;
        let export = figure(app).unwrap();
        let captioned = of_command_line.iter().find(|captioned| captioned.name == name).unwrap();
        for format in [FigureFormat::Svg, FigureFormat::Pdf, FigureFormat::Csv, FigureFormat::Npz] {
            let path = folder.path().join(name).with_extension(format.extension());
            export.write(&path, false, true).unwrap();
            assert!(
                std::fs::read(&path).unwrap() == captioned.files(format, &app.state.session.figure).unwrap()[0].1,
                "{name} as {format:?}"
            );
        }
    }
}

#[test]
fn size_type_and_background_of_figures_are_set_in_the_window_and_can_be_undone() {
    let mut harness = harness(&FakeWorker::default(), 2, false);
    harness.run();
    press_keys(&mut harness, egui::Modifiers::CTRL | egui::Modifiers::SHIFT, egui::Key::E);
    // A click on a number opens it for typing.
    press(&mut harness, "Width of figures in millimetres");
    harness.get_by_label("Width of figures in millimetres").type_text("88");
    harness.key_press(egui::Key::Enter);
    harness.run();
    assert_eq!(harness.state().state.session.figure.width_mm, 88.0);
    for label in ["Height as needed", "Panel letters"] {
        press(&mut harness, label);
    }
    press(&mut harness, "White paper  ▾");
    press(&mut harness, "Dark screen");
    let figure = harness.state().state.session.figure.clone();
    assert_eq!((figure.height_mm, figure.letters, figure.theme), (Some(53.0), true, flatland_core::session::Theme::Dark));
    assert!(figure.check().is_ok());
    press_keys(&mut harness, egui::Modifiers::CTRL, egui::Key::Z);
    assert_ne!(harness.state().state.session.figure, figure);
}

#[test]
fn the_lines_of_the_export_stay_inside_of_a_small_window() {
    let mut harness = Harness::builder().with_size([960.0, 640.0]).build_eframe(|cc| app(&cc.egui_ctx, &FakeWorker::default(), 2, false));
    harness.run();
    press_keys(&mut harness, egui::Modifiers::CTRL | egui::Modifiers::SHIFT, egui::Key::E);
    for label in ["Write", "PNG…", "Copy image", "Close the export line", "White paper  ▾", "Panel letters"] {
        let rect = harness.get_by_label(label).rect();
        assert!(rect.right() <= 960.0, "{label} at {rect:?}");
    }
}

#[test]
fn a_file_that_this_view_did_not_write_is_written_over_only_at_the_second_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.svg");
    std::fs::write(&path, "mine").unwrap();
    let mut harness = harness(&FakeWorker::default(), 2, false);
    harness.run();
    let write = |harness: &mut Harness<'static, App>, is_error: bool| {
        harness.state_mut().state.message = None;
        give(harness, Command::Export(path.clone()));
        run_until(harness, |app| app.state.message.is_some());
        assert_eq!(harness.state().state.message.as_ref().unwrap().is_error, is_error);
        std::fs::read_to_string(&path).unwrap()
    };
    assert_eq!(write(&mut harness, true), "mine");
    let landscape = write(&mut harness, false);
    assert!(landscape.contains("<svg"));
    assert_eq!(write(&mut harness, false), landscape, "its own file is overwritten without asking");
    press(&mut harness, "Energy");
    assert_eq!(write(&mut harness, true), landscape, "another view asks again");
    assert_ne!(write(&mut harness, false), landscape);
}
