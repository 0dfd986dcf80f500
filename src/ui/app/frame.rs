//! The layout of the window: where panels and tabs are drawn.

use std::time::Duration;

use egui::{Align, CentralPanel, Context, Frame, Label, Layout, Margin, Panel, Rect, RichText, ScrollArea, Ui, UiBuilder, Vec2, pos2};

use crate::ui::command::{Command, list};
use crate::ui::panel::jobs::JobScene;
use crate::ui::panel::{self, checkpoints, closing, datasets, export, jobs, links, menus, open, palette, shortcuts, start, tabs};
use crate::ui::state::closing::Closing;
use crate::ui::state::queue::Focus;
use crate::ui::state::store::JobState;
use crate::ui::style::theme;
use crate::ui::style::widget::controls::quiet_button;
use crate::ui::style::widget::reading::empty;
use crate::ui::update::App;
use crate::ui::view::Scene;

impl App {
    /// Draws the window.
    pub(in crate::ui) fn frame(&mut self, ui: &mut Ui) {
        self.side(ui);
        self.message_line(ui);
        self.log_panel(ui);
        self.center(ui);
        self.above(ui.ctx());
    }

    /// Draws what is above the views: palette, shortcuts, and the question before closing.
    fn above(&mut self, ctx: &Context) {
        if self.state.palette.is_some() {
            let mut items = list::list(&self.state);
            items.extend(self.state.palette.as_ref().and_then(|state| list::save_item(state.query())));
            let used = &self.state.memory.preferences.used;
            let chosen = self.state.palette.as_mut().and_then(|state| palette::show(ctx, state, &items, used));
            match chosen {
                None => {}
                Some(palette::Outcome::Closed) => self.state.palette = None,
                Some(palette::Outcome::Given(command)) => {
                    self.state.palette = None;
                    self.change_preferences(|preferences| preferences.use_command(palette::key(&command)));
                    self.commands.push(command);
                }
            }
        }
        if self.state.shortcuts && shortcuts::show(ctx, &list::list(&self.state)) {
            self.state.shortcuts = false;
        }
        if self.state.closing == Closing::Asked || self.state.closing == Closing::Stopping {
            let (analyses, runs) = self.state.counts_in_progress();
            let stopping = self.state.closing == Closing::Stopping;
            self.commands.extend(closing::show(ctx, analyses, runs, stopping));
        }
    }

    fn side(&mut self, ui: &mut Ui) {
        let dataset = self.state.dataset();
        let frame = Frame::new().inner_margin(Margin { left: 20, right: 16, top: 16, bottom: 12 });
        Panel::left("side").default_size(300.0).size_range(240.0..=460.0).frame(frame).show(ui, |ui| {
            let given = menus::show(ui, &self.state.document, self.state.unsaved(), &|| list::list(&self.state));
            self.commands.extend(given);
            let commands = &mut self.commands;
            Panel::bottom("worker")
                .frame(Frame::new().inner_margin(Margin { left: 0, right: 0, top: 10, bottom: 0 }))
                .show_separator_line(false)
                .show(ui, |ui| {
                    let running = self.state.store.jobs.values().any(|job| job.state == JobState::Running);
                    jobs::worker(ui, self.state.worker_ended.as_deref(), running, commands);
                    if running {
                        ui.ctx().request_repaint_after(Duration::from_secs(1));
                    }
                    panel::meter::show(ui, &self.state.meter, self.state.runs.options.worker.threads);
                });
            open::show(ui, &mut self.panels.open, commands);
            ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
                ui.spacing_mut().interact_size.y = 20.0;
                ui.spacing_mut().button_padding = Vec2::new(5.0, 1.0);
                ui.spacing_mut().item_spacing.y = 3.0;
                checkpoints::show(ui, &self.state.session, &self.state.store, &mut self.panels.checkpoints, commands);
                datasets::show(ui, &self.state.session, &self.state.store, &mut self.panels.datasets, commands);
                let focus = Focus { analysis: self.tabs.analysis(&self.state.session.view.tab), dataset: dataset.as_deref() };
                jobs::show(
                    ui,
                    &JobScene { session: &self.state.session, store: &self.state.store, focus, log: self.state.log.open },
                    commands,
                );
            });
        });
    }

    fn message_line(&mut self, ui: &mut Ui) {
        let Some(message) = &self.state.message else { return };
        let palette = theme::of(ui);
        let frame = Frame::new().inner_margin(Margin::symmetric(24, 8));
        Panel::bottom("message").frame(frame).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    if quiet_button(ui, "×", "Dismiss message").clicked() {
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
        if !self.state.log.open {
            return;
        }
        let frame = Frame::new().inner_margin(Margin { left: 24, right: 24, top: 8, bottom: 8 });
        Panel::bottom("log").resizable(true).default_size(190.0).size_range(90.0..=600.0).frame(frame).show(ui, |ui| {
            panel::log::show(ui, &mut self.state.log, &mut self.commands);
        });
    }

    fn center(&mut self, ui: &mut Ui) {
        let dataset = self.state.dataset();
        let frame = Frame::new().inner_margin(Margin { left: 24, right: 24, top: 8, bottom: 14 });
        CentralPanel::default().frame(frame).show(ui, |ui| {
            let current = self.state.session.view.tab.clone();
            tabs::show(ui, &self.state.tabs, &current, self.state.memory.preferences.theme, &mut self.commands);
            if self.state.export.open {
                let name = self.state.figure_name();
                export::show(ui, &mut self.state.export, &name, &mut self.commands);
                panel::figure::show(ui, &self.state.session.figure, &mut self.commands);
            }
            let view = self.tabs.get(&current);
            let (mut scene, mut drafts) = Scene::of(&mut self.state, dataset.as_deref(), &mut self.commands);
            let info = view.info();
            let Some(sentence) = info.empty_sentence else { return view.draw(ui, &mut scene, &mut drafts) };
            let links = scene.session.view.links;
            if !scene.session.checkpoints.is_empty() && info.has_controls {
                ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
                    ui.set_max_height(24.0);
                    links::show(ui, info.links, links, scene.commands);
                    ui.add_space(12.0);
                    ui.with_layout(Layout::left_to_right(Align::Min), |ui| view.controls(ui, &mut scene, &mut drafts));
                });
                ui.add_space(10.0);
            }
            if !scene.session.checkpoints.is_empty() && scene.session.shown().next().is_none() {
                return empty(ui, "Every checkpoint is hidden: show one with its eye at the left.");
            }
            // The start page is below the sentence of the empty view.
            let area = ui.available_rect_before_wrap();
            let starts = scene.session.checkpoints.is_empty() && scene.session.datasets.is_empty();
            let middle = pos2(area.right(), area.top() + 0.3 * area.height());
            let place = if starts { Rect::from_min_max(area.min, middle) } else { area };
            let has_checkpoints = !scene.session.checkpoints.is_empty();
            ui.scope_builder(UiBuilder::new().max_rect(place), |ui| {
                if has_checkpoints { view.draw(ui, &mut scene, &mut drafts) } else { empty(ui, sentence) }
            });
            if starts {
                start::show(ui, area.with_min_y(middle.y), &self.state.memory.recents, &self.state.memory.leftovers, &mut self.commands);
            }
        });
    }
}
