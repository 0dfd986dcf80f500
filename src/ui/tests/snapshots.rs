//! Every view as a picture, light and dark, compared with the reviewed pictures in `snapshots/`.
//!
//! If a picture differs, the test fails and writes it as `.new.png`, and the difference as `.diff.png`. `UPDATE_SNAPSHOTS=1` replaces
//! the pictures; look at each before it is committed. The tests need a graphics adapter; a software adapter is enough.

use egui::{Key, Modifiers, Rect, Theme};
use egui_kittest::SnapshotOptions;

use super::*;
use crate::ui::command::scatter::ScatterCommand;
use crate::ui::command::{Command, RunCommand};
use crate::ui::state::log::Level;
use crate::ui::state::memory::{Leftover, Recent};
use crate::ui::tests::compare::run;
use crate::ui::tests::jobs::with_spectra;
use crate::ui::tests::runs::{open_form, write_curves};
use flatland_core::session::{LandscapeForm, Pane};

const SIZE: [f32; 2] = [1180.0, 760.0];
/// Number of pixels of 896,800 that may differ visibly: drivers round the edges of triangles differently, by a few pixels a curve. A word of
/// a label is more: 2,000 hid a regression of small text.
const PIXELS: usize = 200;

/// A window with three checkpoints and all results; `None` without a graphics adapter.
fn window(theme: Theme, fake_worker: &FakeWorker, prepare: impl FnOnce(&mut App)) -> Option<Harness<'static, App>> {
    let renderer = super::adapter::renderer()?;
    let (fake_worker, builder) = (fake_worker.clone(), Harness::builder().with_size(SIZE).with_max_steps(60).renderer(renderer));
    let mut harness = builder.build_eframe(move |cc| {
        let mut app = app(&cc.egui_ctx, &fake_worker, 3, false);
        app.state.session.checkpoints.truncate(3);
        app.state.document.name = "Study".into();
        app
    });
    harness.state_mut().ctx.set_theme(theme);
    prepare(harness.state_mut());
    rest(&mut harness);
    Some(harness)
}

/// Waits for background work.
fn rest(harness: &mut Harness<'static, App>) {
    harness.run();
    for _ in 0..3 {
        run_until(harness, |app| !app.background.is_busy());
        harness.run();
    }
}

/// Compares the window with its picture; text that depends on the machine is painted over.
fn same(harness: &mut Harness<'static, App>, name: &str, theme: Theme) {
    rest(harness);
    let hidden: Vec<Rect> = harness.query_all_by_label_contains(" · window ").map(|node| node.rect()).collect();
    let mut image = harness.render().expect("a picture");
    for rect in hidden {
        let (min, max) = (rect.min.floor(), rect.max.ceil());
        let paper = *image.get_pixel(min.x as u32 - 4, min.y as u32);
        for (x, y) in (min.y as u32..max.y as u32).flat_map(|y| (min.x as u32..max.x as u32).map(move |x| (x, y))) {
            image.put_pixel(x, y, paper);
        }
    }
    let options = SnapshotOptions::new().threshold(2.0).max_failed_pixels(PIXELS).output_path("src/ui/tests/snapshots");
    let name = format!("{name}-{theme:?}").to_lowercase();
    if let Err(error) = egui_kittest::try_image_snapshot_options(&image, name, &options) {
        panic!("{error}");
    }
}

/// Compares the pictures of the window after `prepare`, in both themes.
fn pictures(name: &str, prepare: impl Fn(&mut App)) {
    for theme in [Theme::Light, Theme::Dark] {
        let Some(mut harness) = window(theme, &FakeWorker::default(), &prepare) else { return };
        same(&mut harness, name, theme);
    }
}

fn at(tab: Tab) -> impl Fn(&mut App) {
    move |app| app.state.session.view.tab = tab.clone()
}

#[test]
fn landscapes_as_maps() {
    pictures("landscape-map", at(Tab::LANDSCAPE));
}

#[test]
fn landscapes_as_surfaces() {
    pictures("landscape-surface", |app| app.state.session.view.landscape.form = LandscapeForm::Surface);
}

#[test]
fn landscapes_with_what_is_pending_or_not_finite() {
    pictures("landscape-holes", |app| {
        let id = app.state.store.add(landscape_job("OE"), JobState::Running);
        app.state.store.insert(id, Loaded::Landscape(surface(2, true)));
        app.state.session.view.landscape.status = true;
    });
}

#[test]
fn landscapes_as_differences() {
    let folder = tempfile::tempdir().unwrap();
    for theme in [Theme::Light, Theme::Dark] {
        let prepare = |app: &mut App| {
            for (k, name) in CHECKPOINTS.into_iter().enumerate().take(3) {
                let found = LossSurface { loss_std_error: vec![0.01; 441], ..surface(k, false) };
                found.save(&folder.path().join(name)).unwrap();
                let mut spec = landscape_job(name);
                spec.set_out(folder.path().join(name));
                let id = app.state.store.add(spec, JobState::Done);
                app.state.store.insert(id, Loaded::Landscape(found));
            }
            app.commands.push(Command::ShowDifference(true));
        };
        let Some(mut harness) = window(theme, &FakeWorker::default(), prepare) else { return };
        run_until(&mut harness, |app| app.state.store.differences.len() == 2);
        same(&mut harness, "landscape-difference", theme);
    }
}

#[test]
fn landscapes_of_one_dimension() {
    pictures("landscape-line", |app| {
        app.state.session.landscape.plane = super::lines::axes();
        let id = app.state.store.add(super::lines::line_job(), JobState::Done);
        app.state.store.insert(id, Loaded::Landscape(super::lines::line(super::lines::known())));
    });
}

#[test]
fn sharpness() {
    pictures("sharpness", at(Tab::SHARPNESS));
}

#[test]
fn hessian() {
    pictures("hessian", |app| {
        app.state.session.view.tab = Tab::HESSIAN;
        with_spectra(app, 3);
    });
}

#[test]
fn embedding_as_points_with_a_selection_and_its_table() {
    pictures("embedding-points", |app| {
        app.state.session.view.tab = Tab::EMBEDDING;
        let selection = flatland_core::session::Selection::of("digits 8, 9", (0..40).collect());
        app.state.session.view.scatter.selection = selection;
        app.commands.push(Command::Scatter(ScatterCommand::Pane(Pane::Table)));
    });
}

#[test]
fn embedding_as_density() {
    pictures("embedding-density", |app| {
        app.state.session.view.tab = Tab::EMBEDDING;
        app.state.session.view.scatter.density = true;
    });
}

#[test]
fn energy() {
    pictures("energy", at(Tab::ENERGY));
}

#[test]
fn compare() {
    pictures("compare", |app| {
        app.state.session.view.tab = Tab::COMPARE;
        for (k, name) in CHECKPOINTS.into_iter().enumerate().take(3) {
            app.state.store.origins.insert(format!("/nowhere/{name}.safetensors").into(), run(k as u64));
        }
    });
}

#[test]
fn runs_and_the_form_of_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    write_curves(folder.path());
    for theme in [Theme::Light, Theme::Dark] {
        let fake_worker = FakeWorker::default();
        let prepare = |app: &mut App| {
            app.state.session.view.tab = Tab::RUNS;
            app.commands.push(Command::Run(RunCommand::LookInto(folder.path().to_owned())));
        };
        let Some(mut harness) = window(theme, &fake_worker, prepare) else { return };
        run_until(&mut harness, |app| app.state.runs.run_list.was_read && app.state.runs.run_list.runs.len() == 3);
        // The name of the temporary folder is random.
        let app = harness.state_mut();
        app.state.runs.root = "/home/ada/runs".into();
        app.state.session.view.runs = Some(app.state.runs.root.clone());
        same(&mut harness, "runs", theme);
        open_form(&mut harness, &fake_worker);
        harness.state_mut().state.runs.form.as_mut().unwrap().draft.method = "dr_sam".into();
        same(&mut harness, "runs-form", theme);
    }
}

#[test]
fn start_page() {
    pictures("start", |app| {
        app.state.session = flatland_core::session::Session::default();
        app.state.document.name = "Untitled".into();
        let recent = |path: &str, missing| Recent { path: path.into(), missing };
        app.state.memory.recents = vec![recent("/home/ada/cifar/resnets.toml", false), recent("/media/disk/imagenet.toml", true)];
        let left = Leftover {
            id: "1".into(),
            file: Some("/home/ada/cifar/study.toml".into()),
            name: "study".into(),
            unsaved: true,
            time: 0.0,
            checkpoints: 3,
            error: None,
        };
        app.state.memory.leftovers = vec![left];
    });
}

#[test]
fn palette() {
    for theme in [Theme::Light, Theme::Dark] {
        let Some(mut harness) = window(theme, &FakeWorker::default(), at(Tab::LANDSCAPE)) else { return };
        harness.key_press_modifiers(Modifiers::CTRL, Key::K);
        harness.run();
        harness.get_by_label("Find a command").type_text("un");
        same(&mut harness, "palette", theme);
    }
}

#[test]
fn shortcuts() {
    pictures("shortcuts", |app| app.commands.push(Command::ToggleShortcuts));
}

#[test]
fn question_before_closing() {
    for theme in [Theme::Light, Theme::Dark] {
        let prepare = |app: &mut App| {
            app.state.store.add(landscape_job("OE"), JobState::Waiting);
        };
        let Some(mut harness) = window(theme, &FakeWorker::default(), prepare) else { return };
        assert!(super::closing::press_close(&mut harness));
        same(&mut harness, "closing", theme);
    }
}

#[test]
fn export_line_and_log() {
    pictures("export-and-log", |app| {
        app.state.session.view.tab = Tab::SHARPNESS;
        app.commands.extend([Command::ToggleExport, Command::ToggleLog]);
        app.state.inform("Written: /home/ada/figures/sharpness.svg");
        for (k, (level, job, text)) in [
            (Level::Info, "Landscape · ERM", "started"),
            (Level::Output, "Landscape · ERM", "libtorch 2.11.0, 2 threads"),
            (Level::Warning, "Landscape · ERM", "12 images cannot be read"),
            (Level::Info, "Landscape · ERM", "done"),
            (Level::Error, "Sharpness · OE", "no memory: expected 2.1 GB, found 0.4 GB"),
        ]
        .into_iter()
        .enumerate()
        {
            app.state.log.push_at(43_200.0 + 7.0 * k as f64, level, job.into(), text);
        }
    });
}
