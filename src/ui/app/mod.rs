//! Wires the window together: what happens in each frame and in which order, keys, dropped files, closing.

mod frame;
mod keys;

use std::path::PathBuf;

use egui::{Context, Ui};

use super::command::Command;
use super::style::{gpu, theme};
use super::update::App;

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        self.dropped(ctx);
        self.advance();
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        gpu::install(frame.wgpu_render_state());
        // Painted below everything, so that no panel has to fill its own background.
        ui.painter().add(gpu::background::shape(ui.ctx().content_rect(), theme::of(ui).background));
        self.keys(ui);
        self.frame(ui);
        theme::focus_ring(ui.ctx());
        if !self.commands.is_empty() {
            ui.ctx().request_repaint();
        }
    }

    fn on_exit(&mut self) {
        self.keep_before_exit();
    }
}

impl App {
    /// Opens dropped files as the kind that the path field has selected.
    fn dropped(&mut self, ctx: &Context) {
        let paths: Vec<PathBuf> = ctx.input(|input| input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect());
        if !paths.is_empty() {
            self.commands.push(Command::Open(paths, self.panels.open.open_as()));
        }
    }
}
