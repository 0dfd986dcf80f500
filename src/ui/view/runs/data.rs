//! The data of a new run: which open datasets it uses, and how many of their images.

use egui::{Align, Layout, Ui};

use super::{Scene, field};
use crate::ui::command::Command;
use crate::ui::state::run::check::{Problems, limit_field};
use crate::ui::state::run::draft::Draft;
use crate::ui::style::theme;
use crate::ui::style::widget::swatch;
use crate::ui::view::runs::field::row;
use flatland_core::session::{DatasetEntry, Role};

/// If no open dataset is for training, offers the training half of an open ID dataset.
pub fn training_split(ui: &mut Ui, scene: &mut Scene<'_>) {
    let datasets = &scene.session.datasets;
    if datasets.iter().any(|dataset| dataset.role == Role::Train) {
        return;
    }
    for id in datasets.iter().filter(|dataset| dataset.role == Role::Id && dataset.split.as_deref() != Some("train")) {
        row(ui, "", "", None, |ui, _| {
            let button = ui.button(format!("Train on the training split of {}", id.name));
            if button.on_hover_text(format!("Opens {} once more, its images for training", id.path.display())).clicked() {
                let entry = DatasetEntry::opened(format!("{} train", id.name.trim_end_matches(" test")), id.path.clone(), Role::Train);
                let entry = DatasetEntry { split: Some("train".into()), format: id.format.clone(), ..entry };
                scene.commands.push(Command::AddDataset(Box::new(entry)));
            }
        });
    }
}

/// Draws the datasets by role: which are used, and how many of their images.
pub fn datasets(ui: &mut Ui, draft: &mut Draft, problems: &Problems, outliers: bool) {
    let mut chosen = None;
    for role in Role::ALL.into_iter().filter(|role| outliers || *role != Role::Outliers) {
        let of_role: Vec<usize> = (0..draft.dataset_choices.len()).filter(|i| draft.dataset_choices[*i].entry.role == role).collect();
        let problem = problems.get(role.key());
        if of_role.is_empty() && problem.is_none() && !matches!(role, Role::Train | Role::Outliers) {
            continue;
        }
        let (name, about) = match role {
            Role::Train => ("Train on", "ID images that the network learns"),
            Role::Outliers => ("Outliers", "Images of no class that the network learns to be unsure of"),
            Role::Id => ("Watch ID", "Validation: loss and accuracy after every epoch; decides on the best weights"),
            Role::Cs => ("Watch CS", "Accuracy on shifted images after every epoch"),
            Role::Near => ("Watch near SS", "AUROC and FPR@95 against the ID images after every epoch"),
            Role::Far => ("Watch far SS", "AUROC and FPR@95 against the ID images after every epoch"),
        };
        for (k, i) in of_role.iter().copied().enumerate() {
            let color = theme::role(ui, role);
            let pick = &mut draft.dataset_choices[i];
            let limit = limit_field(&pick.entry);
            row(ui, if k == 0 { name } else { "" }, about, problems.get(&limit).filter(|_| pick.on), |ui, _| {
                swatch::disc(ui, color);
                let mut on = pick.on;
                if ui.checkbox(&mut on, &pick.entry.name).on_hover_text(pick.entry.path.display().to_string()).changed() {
                    chosen = Some((i, on));
                }
                if pick.on {
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        let label = ui.colored_label(theme::of(ui).weak, "images");
                        label.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, format!("images of {}", pick.entry.name)));
                        let wrong = problems.contains_key(&limit);
                        field::text(ui, label.id, &mut pick.limit, 48.0, "all", wrong);
                    });
                }
            });
        }
        if of_role.is_empty() || problem.is_some() {
            row(ui, if of_role.is_empty() { name } else { "" }, about, problem, |ui, _| {
                if of_role.is_empty() {
                    ui.colored_label(theme::of(ui).weak, "none open");
                }
            });
        }
    }
    if let Some((i, on)) = chosen {
        draft.choose(i, on);
    }
}
