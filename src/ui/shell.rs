//! The window's frame: where panels and views stand, what is done every frame, keys and drops.

use std::path::PathBuf;

use egui::{
    Align, CentralPanel, Context, Frame, Key, KeyboardShortcut, Label, Layout, Margin, Modifiers, Panel, RichText, ScrollArea, Ui, Vec2,
};

use super::app::App;
use super::command::Command;
use super::gpu;
use super::panel::{self, checkpoints, datasets, export, jobs, open, top};
use super::store::JobState;
use super::theme;
use super::view::runs::{self, RunScene};
use super::view::{Scene, energy, landscape, scatter, sharpness};
use crate::session::Tab;

impl App {
    fn dropped(&mut self, ctx: &Context) {
        let paths: Vec<PathBuf> = ctx.input(|input| input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect());
        if !paths.is_empty() {
            self.commands.push(Command::Open(paths, self.open.open_as()));
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        self.dropped(ctx);
        for command in std::mem::take(&mut self.commands) {
            self.execute(command);
        }
        while let Some(finished) = self.background.try_next() {
            self.finished(finished);
        }
        while let Some(heard) = self.bench.hear() {
            self.heard(heard);
        }
        self.refresh_scatter();
        self.dispatch();
        self.watch_runs();
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        gpu::install(frame.wgpu_render_state());
        if ui.input_mut(|input| input.consume_shortcut(&KeyboardShortcut::new(Modifiers::CTRL | Modifiers::SHIFT, Key::E))) {
            self.commands.push(Command::ToggleExport);
        }
        if ui.input_mut(|input| input.consume_shortcut(&KeyboardShortcut::new(Modifiers::CTRL, Key::O))) {
            self.commands.push(Command::OpenDialog(self.open.open_as()));
        }
        self.side(ui);
        self.message_line(ui);
        self.center(ui);
        if !self.commands.is_empty() {
            ui.ctx().request_repaint();
        }
    }
}

impl App {
    fn side(&mut self, ui: &mut Ui) {
        let background = theme::of(ui).background;
        let frame = Frame::new().fill(background).inner_margin(Margin { left: 20, right: 16, top: 16, bottom: 12 });
        Panel::left("side").default_size(300.0).size_range(240.0..=460.0).frame(frame).show(ui, |ui| {
            let commands = &mut self.commands;
            Panel::bottom("worker")
                .frame(Frame::new().inner_margin(Margin { left: 0, right: 0, top: 10, bottom: 0 }))
                .show_separator_line(false)
                .show(ui, |ui| {
                    let running = self.store.jobs.values().any(|job| job.state == JobState::Running);
                    jobs::worker(ui, self.bench.death(), running, commands);
                });
            open::show(ui, &mut self.open, commands);
            ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
                ui.spacing_mut().interact_size.y = 20.0;
                ui.spacing_mut().button_padding = Vec2::new(5.0, 1.0);
                ui.spacing_mut().item_spacing.y = 3.0;
                checkpoints::show(ui, &self.session, &self.store, commands);
                datasets::show(ui, &self.session, &self.store, commands);
                jobs::show(ui, &self.session, &self.store, commands);
            });
        });
    }

    fn message_line(&mut self, ui: &mut Ui) {
        let Some(message) = &self.message else { return };
        let palette = theme::of(ui);
        let frame = Frame::new().fill(palette.background).inner_margin(Margin::symmetric(24, 8));
        Panel::bottom("message").frame(frame).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    if panel::quiet_button(ui, "×", "Dismiss message").clicked() {
                        self.commands.push(Command::DismissMessage);
                    }
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                        let color = if message.is_error { palette.error } else { palette.text };
                        ui.add(Label::new(RichText::new(&message.text).color(color)).wrap().selectable(true));
                    });
                });
            });
        });
    }

    fn center(&mut self, ui: &mut Ui) {
        let palette = theme::of(ui);
        let dataset = self.dataset();
        let frame = Frame::new().fill(palette.background).inner_margin(Margin { left: 24, right: 24, top: 8, bottom: 14 });
        CentralPanel::default().frame(frame).show(ui, |ui| {
            top::tabs(ui, self.views.tab, &mut self.commands);
            if self.export.open {
                export::show(ui, &mut self.export, &mut self.commands);
            }
            if self.views.tab == Tab::Runs {
                let mut scene = RunScene {
                    session: &self.session,
                    store: &self.store,
                    book: &self.runs.book,
                    root: &self.runs.root,
                    methods: &self.runs.methods,
                    commands: &mut self.commands,
                };
                return runs::show(ui, &mut scene, &mut self.views.runs);
            }
            let mut scene = Scene {
                session: &self.session,
                store: &self.store,
                dataset: dataset.as_deref(),
                difference: self.views.difference,
                commands: &mut self.commands,
            };
            let views = &mut self.views;
            // The scatter has a line of its own.
            if !scene.session.checkpoints.is_empty() && views.tab != Tab::Embedding {
                top::choices(ui, &mut scene, views.tab, views.quantity, &views.score);
                ui.add_space(10.0);
            }
            match views.tab {
                Tab::Landscape => landscape::show(ui, &mut scene, &mut views.landscape, views.quantity),
                Tab::Sharpness => sharpness::show(ui, &mut scene, &mut views.sharpness),
                Tab::Embedding => scatter::show(ui, &mut scene, &mut views.scatter, &mut self.scatter),
                Tab::Energy => energy::show(ui, &mut scene, &mut views.energy, &mut self.scatter, &views.score),
                Tab::Runs => {}
            }
        });
    }
}
