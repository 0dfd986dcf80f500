//! Names that the window's own fonts cannot show. The tests use a font with 北 and 京, see `figure/tests/fonts`.

use super::*;
use crate::ui::command::{CheckpointCommand, Command};
use crate::ui::style::theme;

/// Whether every character of `text` has a glyph.
fn shows(app: &App, text: &str) -> bool {
    app.ctx.fonts_mut(|fonts| fonts.has_glyphs(&theme::body(), text))
}

/// A window that draws characters without a glyph as boxes, as outside of tests.
fn window() -> Harness<'static, App> {
    let harness = harness(&FakeWorker::default(), 1, false);
    harness.ctx.set_missing_glyph_policy(egui::MissingGlyphPolicy::Tofu);
    harness
}

#[test]
fn a_name_gets_the_fonts_that_it_needs_when_it_comes() {
    let mut harness = window();
    harness.run();
    assert!(!shows(harness.state(), "北京") && !shows(harness.state(), "🚀"), "nothing is looked for before it is needed");
    let name = harness.state().state.session.checkpoints[0].name.clone();
    give(&mut harness, Command::Checkpoint(name, CheckpointCommand::Rename("北京 🚀".into())));
    run_until(&mut harness, |app| shows(app, "北京🚀"));
    assert_eq!(harness.state().state.fallback_fonts.missing_message(), None);
    assert!(shows(harness.state(), "ERMρ∇"), "the family is still there");
}

#[test]
fn characters_that_no_font_has_are_reported_when_a_figure_is_written() {
    let mut harness = window();
    harness.state_mut().state.session.datasets[1].name = "noise \u{10fffd}".into();
    run_until(&mut harness, |app| app.state.fallback_fonts.missing_message().is_some());
    let folder = tempfile::tempdir().unwrap();
    harness.state_mut().write_figure(folder.path().join("figure.svg"), true);
    run_until(&mut harness, |app| app.state.message.is_some());
    let message = harness.state().state.message.clone().unwrap().text;
    assert!(message.contains("Written: ") && message.contains("(U+10FFFD): boxes stand for them in PNG and PDF"), "{message}");
}
