//! The open datasets with their roles.

use egui::{Align, Layout, RichText, Ui};

use super::{aside, quiet_button, section};
use crate::session::{DatasetEntry, Session};
use crate::ui::command::Command;
use crate::ui::store::Store;
use crate::ui::theme;
use crate::ui::widget::number::count;
use crate::ui::widget::swatch;

/// Draws the list.
pub fn show(ui: &mut Ui, session: &Session, store: &Store, commands: &mut Vec<Command>) {
    section(ui, "Datasets", Some(session.datasets.len()));
    if session.datasets.is_empty() {
        aside(ui, "None yet. Choose a role above, then give a path.");
    }
    for dataset in &session.datasets {
        ui.horizontal(|ui| {
            let color = theme::role(ui, dataset.role);
            swatch::disc(ui, color);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if quiet_button(ui, "×", &format!("Close dataset {}", dataset.name)).clicked() {
                    commands.push(Command::RemoveDataset(dataset.name.clone()));
                }
                let facts = [Some(dataset.role.label().to_owned()), images(dataset, store)];
                let facts: Vec<String> = facts.into_iter().flatten().collect();
                ui.label(RichText::new(facts.join(" · ")).font(theme::small()).color(theme::of(ui).weak));
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.add(egui::Label::new(RichText::new(&dataset.name)).truncate()).on_hover_text(origin(dataset));
                });
            });
        });
    }
}

/// How many images it has, once that is known.
fn images(dataset: &DatasetEntry, store: &Store) -> Option<String> {
    let scored = store.scores.values().find_map(|table| table.samples.get(&dataset.name)).copied();
    let evaluated = || {
        let of_it = store.landscapes.iter().filter(|((_, name), _)| *name == dataset.name);
        of_it.filter_map(|(_, landscape)| landscape.surface.count.iter().max()).map(|n| *n as usize).find(|n| *n > 0)
    };
    scored.or_else(evaluated).map(|n| count(n as u64))
}

fn origin(dataset: &DatasetEntry) -> String {
    let corruption = dataset.corruption.as_ref().map(|corruption| format!(", {} of severity {}", corruption.kind, corruption.severity));
    let split = dataset.split.as_ref().map(|split| format!(", {split}"));
    format!("{}{}{}", dataset.path.display(), split.unwrap_or_default(), corruption.unwrap_or_default())
}
