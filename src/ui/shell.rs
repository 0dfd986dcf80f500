//! The window's frame: where panels and views stand, what is done every frame, keys and drops.

use std::path::PathBuf;
use std::time::Duration;

use egui::{
    Align, CentralPanel, Context, Frame, Key, KeyboardShortcut, Label, Layout, Margin, Modifiers, Panel, RichText, ScrollArea, Ui, Vec2,
};

use super::app::App;
use super::command::Command;
use super::panel::jobs::JobScene;
use super::panel::{self, checkpoints, datasets, export, jobs, links, open, top};
use super::queue::Focus;
use super::store::JobState;
use super::theme;
use super::view::runs::{self, RunScene};
use super::view::{Scene, analysis, compare, embedding, empty, energy, hessian, landscape, sharpness};
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
        self.dispatch();
        self.watch_finish();
        self.watch_runs();
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        if ui.input_mut(|input| input.consume_shortcut(&KeyboardShortcut::new(Modifiers::CTRL | Modifiers::SHIFT, Key::E))) {
            self.commands.push(Command::ToggleExport);
        }
        if ui.input_mut(|input| input.consume_shortcut(&KeyboardShortcut::new(Modifiers::CTRL, Key::O))) {
            self.commands.push(Command::OpenDialog(self.open.open_as()));
        }
        self.side(ui);
        self.message_line(ui);
        self.log_panel(ui);
        self.center(ui);
        if !self.commands.is_empty() {
            ui.ctx().request_repaint();
        }
    }
}

impl App {
    fn side(&mut self, ui: &mut Ui) {
        let background = theme::of(ui).background;
        let dataset = self.dataset();
        let frame = Frame::new().fill(background).inner_margin(Margin { left: 20, right: 16, top: 16, bottom: 12 });
        Panel::left("side").default_size(300.0).size_range(240.0..=460.0).frame(frame).show(ui, |ui| {
            let commands = &mut self.commands;
            Panel::bottom("worker")
                .frame(Frame::new().inner_margin(Margin { left: 0, right: 0, top: 10, bottom: 0 }))
                .show_separator_line(false)
                .show(ui, |ui| {
                    let running = self.store.jobs.values().any(|job| job.state == JobState::Running);
                    jobs::worker(ui, self.bench.death(), running, commands);
                    self.meter.look(ui.input(|input| input.time), &self.bench);
                    if running {
                        ui.ctx().request_repaint_after(Duration::from_secs(1));
                    }
                    panel::meter::show(ui, &self.meter, self.runs.options.worker.threads);
                });
            open::show(ui, &mut self.open, commands);
            ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
                ui.spacing_mut().interact_size.y = 20.0;
                ui.spacing_mut().button_padding = Vec2::new(5.0, 1.0);
                ui.spacing_mut().item_spacing.y = 3.0;
                checkpoints::show(ui, &self.session, &self.store, &mut self.checkpoints, commands);
                datasets::show(ui, &self.session, &self.store, commands);
                let focus = Focus { analysis: analysis(self.views.tab), dataset: dataset.as_deref() };
                jobs::show(ui, &JobScene { session: &self.session, store: &self.store, focus, log: self.log.open }, commands);
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

    fn log_panel(&mut self, ui: &mut Ui) {
        if !self.log.open {
            return;
        }
        let frame = Frame::new().fill(theme::of(ui).background).inner_margin(Margin { left: 24, right: 24, top: 8, bottom: 8 });
        Panel::bottom("log").resizable(true).default_size(190.0).size_range(90.0..=600.0).frame(frame).show(ui, |ui| {
            panel::log::show(ui, &mut self.log, &mut self.commands);
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
            if !scene.session.checkpoints.is_empty() && views.tab != Tab::Compare {
                ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
                    ui.set_max_height(24.0);
                    links::show(ui, views.tab, scene.session.links, scene.commands);
                    ui.add_space(12.0);
                    ui.with_layout(Layout::left_to_right(Align::Min), |ui| {
                        top::choices(ui, &mut scene, views.tab, &views.hidden, views.quantity, &views.score);
                    });
                });
                ui.add_space(10.0);
            }
            if !scene.session.checkpoints.is_empty() && scene.session.shown().next().is_none() {
                return empty(ui, "Every checkpoint is hidden: show one with its eye at the left.");
            }
            match views.tab {
                Tab::Landscape => landscape::show(ui, &mut scene, &mut views.landscape, views.quantity),
                Tab::Sharpness => sharpness::show(ui, &mut scene, &mut views.sharpness),
                Tab::Hessian => hessian::show(ui, &mut scene, &mut views.hessian),
                Tab::Compare => compare::show(ui, &mut scene),
                Tab::Embedding => embedding::show(ui, &mut scene, &mut views.embedding, &views.hidden),
                Tab::Energy => energy::show(ui, &mut scene, &mut views.energy, &views.score),
                Tab::Runs => {}
            }
        });
    }
}
