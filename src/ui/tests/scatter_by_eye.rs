//! The embedding tab as pictures, for looking at.

use std::sync::Arc;

use egui::Pos2;

use super::scatter::{do_it, fill, place};
use super::*;
use crate::session::Pane;
use crate::ui::scatter::command::ScatterCommand;
use crate::ui::store::Points;

/// Pictures of the tab in both themes, into the folder `FLATLAND_LOOK`, for looking at.
#[test]
#[ignore = "writes pictures to be looked at"]
fn pictures() {
    let folder = std::path::PathBuf::from(std::env::var_os("FLATLAND_LOOK").expect("a folder in FLATLAND_LOOK"));
    let listener = Listener::default();
    let mut harness = Harness::builder()
        .with_size([1480.0, 920.0])
        .with_max_steps(60)
        .wgpu()
        .build_eframe(move |cc| app(&cc.egui_ctx, &listener, 0, false));
    fill(harness.state_mut());
    let index: Vec<i64> = {
        let source = crate::data::Source {
            name: "digits test".into(),
            path: "demo:test".into(),
            split: None,
            format: None,
            subset: crate::data::Subset::All,
            corruption: None,
            seed: 0,
        };
        crate::data::load(&source, None).unwrap().index.iter().map(|i| *i as i64).collect()
    };
    // Real positions, so that there are images.
    for points in harness.state_mut().store.embeddings.values_mut() {
        let Points::Finished(embedding) = points else { continue };
        let mut real = (**embedding).clone();
        real.index.iter_mut().enumerate().for_each(|(row, i)| *i = index[row % 200]);
        *points = Points::Finished(Arc::new(real));
    }
    let shot = |harness: &mut Harness<'static, App>, name: &str| {
        for theme in [egui::Theme::Light, egui::Theme::Dark] {
            harness.ctx.set_theme(theme);
            for _ in 0..25 {
                harness.step();
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            harness.render().unwrap().save(folder.join(format!("{name}-{theme:?}.png"))).unwrap();
        }
    };
    harness.run();
    shot(&mut harness, "role");
    do_it(&mut harness, ScatterCommand::Search("label:1,2 -role:far".into(), Default::default()));
    do_it(&mut harness, ScatterCommand::Pane(Pane::Table));
    shot(&mut harness, "table");
    do_it(&mut harness, ScatterCommand::Pane(Pane::Images));
    do_it(&mut harness, ScatterCommand::Pin(Some(("ERM".into(), ("digits test".into(), index[2])))));
    shot(&mut harness, "images");
    do_it(&mut harness, ScatterCommand::Pane(Pane::Closed));
    do_it(&mut harness, ScatterCommand::Pin(None));
    do_it(&mut harness, ScatterCommand::ColorBy(crate::session::ColorBy::Score("energy".into())));
    let at = place(&harness, 2);
    harness.hover_at(at);
    shot(&mut harness, "score");
    do_it(&mut harness, ScatterCommand::Clear);
    do_it(&mut harness, ScatterCommand::ShowDensity(true));
    do_it(&mut harness, ScatterCommand::ColorBy(crate::session::ColorBy::Label));
    shot(&mut harness, "density");
    do_it(&mut harness, ScatterCommand::ShowDensity(false));
    shot(&mut harness, "label");
    do_it(&mut harness, ScatterCommand::Search("label:1,2".into(), Default::default()));
    harness.hover_at(Pos2::new(1.0, 1.0));
    harness.run();
    harness.get_by_label("Energy").click();
    shot(&mut harness, "energy");
}
