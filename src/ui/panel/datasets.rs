//! The list of open datasets: role and number of images. The menu of a row changes all properties of the dataset.

use egui::containers::menu::{MenuButton, MenuConfig, SubMenuButton};
use egui::{Align, Button, Key, Layout, PopupCloseBehavior, RichText, ScrollArea, TextEdit, Ui, UiBuilder, WidgetInfo};

use super::more_images;
use crate::ui::command::Command;
use crate::ui::state::number::count;
use crate::ui::state::store::Store;
use crate::ui::style::theme;
use crate::ui::style::widget::controls::{error_text, quiet_button, section, small_text};
use crate::ui::style::widget::{assumed, swatch};
use flatland_core::data::corruption;
use flatland_core::result::{LabelRecord, UnreadableImage, unreadable_lines};
use flatland_core::session::{Assumption, ClassesEntry, CorruptionEntry, DatasetEntry, Role, Session};

/// Width of the menu of a row, points.
const MENU: f32 = 250.0;

/// State of the list: the texts of the open menu.
#[derive(Debug, Default)]
pub struct State {
    editing: Option<Texts>,
}

/// The properties of a dataset as texts in its menu.
#[derive(Debug)]
struct Texts {
    of: DatasetEntry,
    name: String,
    images: String,
    split: String,
    classes: String,
}

impl Texts {
    fn new(of: &DatasetEntry) -> Self {
        let images = of.first.or(of.limit).map(|n| n.to_string()).unwrap_or_default();
        let classes = of.classes.as_ref().map(ClassesEntry::text).unwrap_or_default();
        Self { of: of.clone(), name: of.name.clone(), images, split: of.split.clone().unwrap_or_default(), classes }
    }

    /// The dataset that the texts describe. An invalid number of images or list of classes leaves the old value.
    fn entry(&self) -> DatasetEntry {
        let mut entry = DatasetEntry { name: self.name.trim().into(), ..self.of.clone() };
        let split = self.split.trim();
        entry.split = (!split.is_empty()).then(|| split.to_owned());
        let images = match self.images.trim().replace(',', "") {
            all if all.is_empty() || all == "all" => Some(None),
            number => number.parse::<usize>().ok().filter(|n| *n > 0).map(Some),
        };
        match (images, entry.first) {
            (Some(Some(n)), Some(_)) => entry.first = Some(n),
            (Some(n), _) => (entry.first, entry.limit) = (None, n),
            (None, _) => {}
        }
        if let Ok(classes) = ClassesEntry::parse(&self.classes) {
            entry.classes = classes;
        }
        entry
    }
}

/// Draws the list.
pub fn show(ui: &mut Ui, session: &Session, store: &Store, state: &mut State, commands: &mut Vec<Command>) {
    section(ui, "Datasets", Some(session.datasets.len()));
    if session.datasets.is_empty() {
        small_text(ui, "None yet. Drop a folder of images, or give its path above.");
    }
    for dataset in &session.datasets {
        ui.horizontal(|ui| {
            let color = theme::role(ui, dataset.role);
            swatch::disc(ui, color);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if quiet_button(ui, "×", &format!("Close dataset {}", dataset.name)).clicked() {
                    commands.push(Command::RemoveDataset(dataset.name.clone()));
                }
                facts(ui, dataset, store, state, commands);
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.add(egui::Label::new(RichText::new(&dataset.name)).truncate()).on_hover_text(origin(dataset));
                });
            });
        });
    }
    more_images::show(ui, session, store, commands);
}

/// Draws role and number of images as a button that opens the menu.
fn facts(ui: &mut Ui, dataset: &DatasetEntry, store: &Store, state: &mut State, commands: &mut Vec<Command>) {
    let unreadable = store.unreadable(&dataset.name);
    let without = (!unreadable.is_empty()).then(|| format!("{} unreadable", count(unreadable.len() as u64)));
    let facts = [Some(dataset.role.label().to_owned()), images(dataset, store), without];
    let facts: Vec<String> = facts.into_iter().flatten().collect();
    let is_assumed = dataset.assumed.contains(&Assumption::Role);
    // The mark is beside the role, since the role was guessed.
    let text = assumed::list(ui, &facts, is_assumed);
    let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let (response, inner) = MenuButton::from_button(Button::new(text).frame_when_inactive(false)).config(config).ui(ui, |ui| {
        ui.set_width(MENU);
        if !state.editing.as_ref().is_some_and(|texts| texts.of == *dataset) {
            state.editing = Some(Texts::new(dataset));
        }
        let given = state.editing.as_mut().and_then(|texts| menu(ui, texts));
        if let Some(labels) = labels(dataset, store) {
            ui.separator();
            ui.label(RichText::new(format!("Labels: {labels}")).font(theme::small()).color(theme::of(ui).weak));
        }
        given
    });
    let name = assumed::accessible_label(&format!("Role and images of {}: {}", dataset.name, facts.join(" · ")), is_assumed);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &name));
    let hint = hint(unreadable);
    response.on_hover_text(if is_assumed { format!("{}\n{hint}", assumed::ASSUMED) } else { hint });
    let changed = match inner {
        Some(inner) => inner.inner,
        // The menu was closed: apply the typed texts.
        None => state.editing.take_if(|texts| texts.of == *dataset).map(|texts| texts.entry()),
    };
    let Some(entry) = changed else { return };
    // Read the texts again when the menu is drawn next.
    state.editing = None;
    if entry != *dataset {
        commands.push(Command::ChangeDataset(dataset.name.clone(), Box::new(entry)));
    }
}

/// The tooltip of the button: which images are left out.
fn hint(unreadable: &[UnreadableImage]) -> String {
    let what = "Role, number of images, split, corruption".to_owned();
    if unreadable.is_empty() {
        return what;
    }
    format!("{what}\n\nCould not be read and are not counted:\n{}", unreadable_lines(unreadable).join("\n"))
}

/// Draws all properties of a dataset; returns the changed dataset once a property was chosen or typed.
fn menu(ui: &mut Ui, texts: &mut Texts) -> Option<DatasetEntry> {
    let mut given = None;
    ui.add_space(2.0);
    let typed = [
        line(ui, "Name", "name in figures", |texts| &mut texts.name, texts),
        line(ui, "Images", "all", |texts| &mut texts.images, texts),
        line(ui, "Split", "test, else val, else train", |texts| &mut texts.split, texts),
        texts.of.role.has_classes() && line(ui, "Classes", "by name, or { plane = \"airplane\" }", |texts| &mut texts.classes, texts),
    ];
    let classes = ClassesEntry::parse(&texts.classes);
    if let Err(reason) = &classes {
        error_text(ui, reason);
    }
    if typed.contains(&true) && classes.is_ok() {
        given = Some(texts.entry());
        ui.close();
    }
    ui.separator();
    ui.horizontal_wrapped(|ui| {
        for role in Role::ALL {
            let stated = texts.of.role == role && !texts.of.assumed.contains(&Assumption::Role);
            let response = ui.selectable_label(stated, role.label());
            response.widget_info(|| WidgetInfo::selected(egui::Role::RadioButton, true, stated, format!("Role {}", role.label())));
            if response.clicked() {
                let mut entry = texts.entry();
                entry.take_role(role);
                given = Some(entry);
                ui.close();
            }
        }
    });
    ui.separator();
    let corrupted = texts.of.corruption.clone();
    let shown = corrupted.as_ref().map_or("none".into(), |c| format!("{}, severity {}", c.kind.replace('_', " "), c.severity));
    SubMenuButton::new(format!("Corruption: {shown}")).ui(ui, |ui| {
        ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
            if ui.selectable_label(corrupted.is_none(), "none").clicked() {
                given = Some(DatasetEntry { corruption: None, ..texts.entry() });
            }
            for kind in corruption::kinds() {
                let severity = corrupted.as_ref().map_or(3, |c| c.severity);
                let is = corrupted.as_ref().is_some_and(|c| c.kind == kind);
                if ui.selectable_label(is, kind.replace('_', " ")).clicked() {
                    given = Some(DatasetEntry { corruption: Some(CorruptionEntry { kind: kind.into(), severity }), ..texts.entry() });
                }
            }
        });
    });
    if let Some(corrupted) = corrupted {
        ui.horizontal(|ui| {
            ui.colored_label(theme::of(ui).weak, "Severity");
            for severity in 1..=5 {
                let response = ui.selectable_label(corrupted.severity == severity, severity.to_string());
                response.widget_info(|| {
                    WidgetInfo::selected(egui::Role::RadioButton, true, corrupted.severity == severity, format!("Severity {severity}"))
                });
                if response.clicked() {
                    given = Some(DatasetEntry { corruption: Some(CorruptionEntry { severity, ..corrupted.clone() }), ..texts.entry() });
                }
            }
        });
    }
    given
}

/// Draws a text field with its name; returns whether Enter was pressed in it.
fn line(ui: &mut Ui, name: &str, hint: &str, text: impl Fn(&mut Texts) -> &mut String, texts: &mut Texts) -> bool {
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(egui::vec2(56.0, ui.spacing().interact_size.y), egui::Sense::hover());
        let mut place = ui.new_child(UiBuilder::new().max_rect(rect).layout(Layout::left_to_right(Align::Center)));
        place.add_space(6.0);
        let label = place.label(RichText::new(name).color(theme::of(ui).weak));
        let id = label.id;
        label.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, format!("{name} of the dataset")));
        let field = TextEdit::singleline(text(texts)).hint_text(hint).desired_width(f32::INFINITY).margin(egui::Margin::symmetric(6, 3));
        let field = ui.add(field).labelled_by(id);
        field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter))
    })
    .inner
}

/// The number of images if it is known; otherwise the maximum number.
fn images(dataset: &DatasetEntry, store: &Store) -> Option<String> {
    let scored = store.scores.values().find_map(|table| table.samples.get(&dataset.name)).copied();
    let evaluated = || {
        let of_it = store.landscapes.iter().filter(|((_, name), _)| *name == dataset.name);
        of_it.filter_map(|(_, landscape)| landscape.surface.count.iter().max()).map(|n| *n as usize).find(|n| *n > 0)
    };
    scored.or_else(evaluated).or(dataset.first).or(dataset.limit).map(|n| count(n as u64))
}

/// Which property of the images gives the labels, according to the results; `None` when the labels are those of the file.
fn labels(dataset: &DatasetEntry, store: &Store) -> Option<String> {
    let scored = store.scores.values().find_map(|table| table.labels.get(&dataset.name));
    let surfaces = || store.landscapes.iter().filter(|((_, name), _)| *name == dataset.name);
    let record = scored.or_else(|| surfaces().find_map(|(_, landscape)| landscape.surface.manifest.labels.as_ref()));
    record.filter(|record| record.is_inferred()).map(LabelRecord::describe)
}

fn origin(dataset: &DatasetEntry) -> String {
    let corruption = dataset.corruption.as_ref().map(|corruption| format!(", {} of severity {}", corruption.kind, corruption.severity));
    let split = dataset.split.as_ref().map(|split| format!(", {split}"));
    format!("{}{}{}", dataset.path.display(), split.unwrap_or_default(), corruption.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tooltip_names_the_images_left_out() {
        let image = |k: usize| UnreadableImage { path: format!("/data/{k}.jpg").into(), reason: "cut short".into() };
        let hint = hint(&[image(1), image(2)]);
        assert!(hint.ends_with("/data/1.jpg: cut short\n/data/2.jpg: cut short"), "{hint}");
        assert!(!super::hint(&[]).contains("read"));
    }
}
