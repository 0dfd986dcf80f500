//! The window's frame: where panels and views stand, what is done every frame, keys and drops.

use std::path::PathBuf;
use std::time::Duration;

use egui::{
    Align, CentralPanel, Context, Event, Frame, Label, Layout, Margin, Panel, Rect, RichText, ScrollArea, Ui, UiBuilder, Vec2, pos2,
};

use super::app::App;
use super::closing::Closing;
use super::command::Command;
use super::command_list::save_item;
use super::gpu;
use super::panel::jobs::JobScene;
use super::panel::{self, checkpoints, closing, datasets, export, jobs, links, menus, open, palette, shortcuts, start, top};
use super::queue::Focus;
use super::shortcut;
use super::store::JobState;
use super::theme;
use super::view::runs::{self, RunScene};
use super::view::{Scene, analysis, compare, empty, energy, hessian, landscape, scatter, sharpness};
use flatland_core::session::Tab;

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
            match finished {
                Ok(finished) => self.finished(finished),
                Err(error) => self.complain(error),
            }
        }
        while let Some(heard) = self.bench.hear() {
            self.heard(heard);
        }
        self.refresh_scatter();
        self.look_for_typefaces();
        self.dispatch();
        self.watch_finish();
        self.watch_runs();
        self.guard_closing();
        self.remember();
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        gpu::install(frame.wgpu_render_state());
        // Under everything, so that no panel fills its own part again.
        ui.painter().add(gpu::ground::shape(ui.ctx().content_rect(), theme::of(ui).background));
        self.keys(ui);
        self.side(ui);
        self.message_line(ui);
        self.log_panel(ui);
        self.center(ui);
        self.above(ui.ctx());
        theme::focus_ring(ui.ctx());
        if !self.commands.is_empty() {
            ui.ctx().request_repaint();
        }
    }

    fn on_exit(&mut self) {
        self.farewell();
    }
}

impl App {
    /// Gives the commands whose keys are pressed. While something is open above the view, only what closes it has keys.
    fn keys(&mut self, ui: &Ui) {
        let is_pressed = |event: &Event| matches!(event, Event::Key { pressed: true, .. });
        if !ui.input(|input| input.events.iter().any(is_pressed)) {
            return;
        }
        let writes = ui.ctx().text_edit_focused();
        let above = self.palette.is_some() || self.shortcuts || self.closing != Closing::No;
        // A menu that is open closes by itself.
        let menu = egui::Popup::is_any_open(ui.ctx());
        let mut candidates: Vec<_> = self
            .command_list()
            .into_iter()
            .filter(|item| item.unavailable.is_none())
            .flat_map(|item| shortcut::of(&item.command).iter().map(move |keys| (*keys, item.command.clone())))
            .filter(|(keys, command)| !(writes && shortcut::belongs_to_text(command, keys)))
            .filter(|(_, command)| match command {
                Command::Back => !menu && !writes,
                Command::TogglePalette => self.palette.is_some() || !above,
                Command::ToggleShortcuts => self.shortcuts || !above,
                _ => !above,
            })
            .collect();
        // Ctrl+Shift+Z would be taken for Ctrl+Z.
        candidates.sort_by_key(|(keys, _)| std::cmp::Reverse(u8::from(keys.modifiers.shift) + u8::from(keys.modifiers.ctrl)));
        for (keys, command) in candidates {
            if ui.input_mut(|input| input.consume_shortcut(&keys)) {
                self.commands.push(command);
            }
        }
    }

    /// What stands above the views: palette, shortcuts, the question before closing.
    fn above(&mut self, ctx: &Context) {
        if self.palette.is_some() {
            let mut items = self.command_list();
            items.extend(self.palette.as_ref().and_then(|state| save_item(state.query())));
            let used = &self.keeper.preferences.used;
            let chosen = self.palette.as_mut().and_then(|state| palette::show(ctx, state, &items, used));
            match chosen {
                None => {}
                Some(palette::Outcome::Closed) => self.palette = None,
                Some(palette::Outcome::Given(command)) => {
                    self.palette = None;
                    self.prefer(|preferences| preferences.use_command(palette::key(&command)));
                    self.commands.push(command);
                }
            }
        }
        if self.shortcuts && shortcuts::show(ctx, &self.command_list()) {
            self.shortcuts = false;
        }
        if self.closing == Closing::Asked || self.closing == Closing::Stopping {
            let (analyses, runs) = self.under_way();
            let stopping = self.closing == Closing::Stopping;
            self.commands.extend(closing::show(ctx, analyses, runs, stopping));
        }
    }
}

impl App {
    fn side(&mut self, ui: &mut Ui) {
        let dataset = self.dataset();
        let frame = Frame::new().inner_margin(Margin { left: 20, right: 16, top: 16, bottom: 12 });
        Panel::left("side").default_size(300.0).size_range(240.0..=460.0).frame(frame).show(ui, |ui| {
            let given = menus::show(ui, &self.document, self.unsaved(), &|| self.command_list());
            self.commands.extend(given);
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
                datasets::show(ui, &self.session, &self.store, &mut self.datasets, commands);
                let focus = Focus { analysis: analysis(self.session.view.tab), dataset: dataset.as_deref() };
                jobs::show(ui, &JobScene { session: &self.session, store: &self.store, focus, log: self.log.open }, commands);
            });
        });
    }

    fn message_line(&mut self, ui: &mut Ui) {
        let Some(message) = &self.message else { return };
        let palette = theme::of(ui);
        let frame = Frame::new().inner_margin(Margin::symmetric(24, 8));
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
        let frame = Frame::new().inner_margin(Margin { left: 24, right: 24, top: 8, bottom: 8 });
        Panel::bottom("log").resizable(true).default_size(190.0).size_range(90.0..=600.0).frame(frame).show(ui, |ui| {
            panel::log::show(ui, &mut self.log, &mut self.commands);
        });
    }

    fn center(&mut self, ui: &mut Ui) {
        let (dataset, quantity) = (self.dataset(), self.quantity());
        let frame = Frame::new().inner_margin(Margin { left: 24, right: 24, top: 8, bottom: 14 });
        CentralPanel::default().frame(frame).show(ui, |ui| {
            top::tabs(ui, self.session.view.tab, self.keeper.preferences.theme, &mut self.commands);
            if self.export.open {
                let name = self.figure_name();
                export::show(ui, &mut self.export, &name, &mut self.commands);
                panel::figure::show(ui, &self.session.figure, &mut self.commands);
            }
            if self.session.view.tab == Tab::Runs {
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
                difference: self.session.view.difference,
                commands: &mut self.commands,
            };
            let (views, look) = (&mut self.views, &self.session.view);
            if !scene.session.checkpoints.is_empty() && look.tab != Tab::Compare {
                ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
                    ui.set_max_height(24.0);
                    links::show(ui, look.tab, look.links, scene.commands);
                    ui.add_space(12.0);
                    ui.with_layout(Layout::left_to_right(Align::Min), |ui| match look.tab {
                        Tab::Embedding => scatter::choices(ui, &mut scene, &mut self.scatter),
                        tab => top::choices(ui, &mut scene, tab, quantity, &look.score),
                    });
                });
                ui.add_space(10.0);
            }
            if !scene.session.checkpoints.is_empty() && scene.session.shown().next().is_none() {
                return empty(ui, "Every checkpoint is hidden: show one with its eye at the left.");
            }
            // The start page stands under the sentence of the empty view.
            let area = ui.available_rect_before_wrap();
            let starts = scene.session.checkpoints.is_empty() && scene.session.datasets.is_empty();
            let middle = pos2(area.right(), area.top() + 0.3 * area.height());
            let place = if starts { Rect::from_min_max(area.min, middle) } else { area };
            ui.scope_builder(UiBuilder::new().max_rect(place), |ui| match look.tab {
                Tab::Landscape => landscape::show(ui, &mut scene, &mut views.landscape, quantity),
                Tab::Sharpness => sharpness::show(ui, &mut scene, &mut views.sharpness),
                Tab::Hessian => hessian::show(ui, &mut scene, &mut views.hessian),
                Tab::Compare => compare::show(ui, &mut scene),
                Tab::Embedding => scatter::show(ui, &mut scene, &mut views.scatter, &mut self.scatter),
                Tab::Energy => energy::show(ui, &mut scene, &mut views.energy, &mut self.scatter, &look.score),
                Tab::Runs => {}
            });
            if starts {
                start::show(ui, area.with_min_y(middle.y), &self.keeper.recents, &self.keeper.left, &mut self.commands);
            }
        });
    }
}
