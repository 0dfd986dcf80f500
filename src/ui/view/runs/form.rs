//! The form of a new run. Its hyperparameters are those in the worker's registry, with their defaults, ranges and sources.

use egui::{Align, Layout, RichText, ScrollArea, Ui, UiBuilder};

use super::{Scene, data, field, optimizer};
use crate::ui::command::{Command, RunCommand};
use crate::ui::state::number::count;
use crate::ui::state::run::check::Problems;
use crate::ui::state::run::draft::{Draft, Entry, Schedule};
use crate::ui::state::run::estimate::estimate;
use crate::ui::state::run::runs::Form;
use crate::ui::state::store::{JobState, title};
use crate::ui::style::theme;
use crate::ui::style::widget::assumed;
use crate::ui::style::widget::controls::{error_text, section, small_text};
use crate::ui::style::widget::reading::chip;
use crate::ui::view::runs::field::{Range, choice, number, row};
use flatland_core::data::Augmentation;
use flatland_core::data::environment::families;
use flatland_core::job::{BatchNormUpdate, Dropout, JobSpec, MethodInfo, ParameterInfo, ParameterKind, RunConfig, Transform};
use flatland_core::session::{Assumption, CheckpointEntry, NetworkChoice, Normalization, is_program};

/// Draws the form.
pub fn show(ui: &mut Ui, scene: &mut Scene<'_>, form: &mut Form) {
    form.draft.update_datasets(scene.session);
    let taken = |name: &str| scene.run_list.runs.keys().any(|dir| *dir == scene.root.join(name));
    let checked = form.draft.check(scene.methods, &taken);
    let problems = checked.as_ref().err().cloned().unwrap_or_default();
    let foot = 64.0;
    let area = ui.available_rect_before_wrap();
    let body = area.with_max_y(area.bottom() - foot);
    ui.scope_builder(UiBuilder::new().max_rect(body).layout(Layout::top_down(Align::LEFT)), |ui| {
        let title = form.repeats.as_ref().map_or_else(|| "New run".to_owned(), |name| format!("New run, as {name} with changes"));
        ui.label(RichText::new(title).font(theme::heading()).color(theme::of(ui).strong));
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            let width = ui.available_width();
            let half = 0.5 * (width - 32.0);
            if width < 640.0 {
                left_column(ui, scene, &mut form.draft, &problems, &taken);
                right_column(ui, scene, &mut form.draft, &problems);
            } else {
                ui.horizontal_top(|ui| {
                    ui.spacing_mut().item_spacing.x = 32.0;
                    for side in [0, 1] {
                        ui.allocate_ui_with_layout(egui::vec2(half, 0.0), Layout::top_down(Align::LEFT), |ui| {
                            ui.spacing_mut().item_spacing.x = 8.0;
                            ui.set_width(half);
                            match side {
                                0 => left_column(ui, scene, &mut form.draft, &problems, &taken),
                                _ => right_column(ui, scene, &mut form.draft, &problems),
                            }
                        });
                    }
                });
            }
        });
    });
    let bottom = area.with_min_y(area.bottom() - foot + 8.0);
    ui.painter().hline(bottom.x_range(), bottom.top() - 4.0, egui::Stroke::new(1.0, theme::of(ui).hairline));
    ui.scope_builder(UiBuilder::new().max_rect(bottom).layout(Layout::top_down(Align::LEFT)), |ui| {
        ui.horizontal(|ui| {
            let ready = checked.is_ok() && !scene.methods.is_empty();
            let start = ui.add_enabled(ready, egui::Button::new(RichText::new("Start run").color(theme::of(ui).strong)));
            if start.clicked() {
                scene.commands.push(Command::Run(RunCommand::Start));
            }
            if ui.button("Close").on_hover_text("Back to the curves; nothing is started").clicked() {
                scene.commands.push(Command::Run(RunCommand::CloseForm));
            }
            ui.add_space(8.0);
            ui.vertical(|ui| match &checked {
                Ok((run, _)) => {
                    let architecture = inspected(scene, &form.draft).and_then(|inspection| inspection.architecture.clone());
                    let estimate = estimate(run, architecture.as_deref(), scene.methods, &scene.run_list.listed(), &scene.store.trials);
                    ui.horizontal(|ui| {
                        if estimate.can_improve {
                            trial(ui, scene, run);
                        }
                        small_text(ui, &estimate.text).on_hover_text(&estimate.text);
                    });
                    small_text(ui, "It goes on when this window is closed.");
                }
                Err(_) if scene.methods.is_empty() => {
                    drop(small_text(ui, "Cannot start yet: the worker has not said what it can train with."))
                }
                Err(problems) => {
                    let first = problems.values().next().map(String::as_str).unwrap_or_default();
                    let more = if problems.len() > 1 { format!(" (and {} more)", problems.len() - 1) } else { String::new() };
                    error_text(ui, &format!("Cannot start yet: {first}{more}"));
                }
            });
        });
    });
}

/// Offers to time a few steps of `run`, or shows the progress of that.
fn trial(ui: &mut Ui, scene: &mut Scene<'_>, run: &RunConfig) {
    let job = scene.store.trial_job();
    if let Some(job) = job.filter(|job| job.state.is_open()) {
        small_text(ui, if job.state == JobState::Running { "Timing a few steps…" } else { "Waiting for the worker to time a few steps…" });
        return;
    }
    let about = "The worker runs a few steps of this run and discards them; this takes some seconds";
    if ui.button("Time a few steps").on_hover_text(about).clicked() {
        scene.commands.push(Command::Run(RunCommand::Time));
    }
    let of_this = job.filter(|job| matches!(&job.spec, JobSpec::Pace { run: tried, .. } if **tried == *run));
    if let Some(JobState::Failed(reason)) = of_this.map(|job| &job.state) {
        error_text(ui, reason);
    }
}

fn inspected<'a>(scene: &'a Scene<'_>, draft: &Draft) -> Option<&'a flatland_core::result::Inspection> {
    let read = |choice| scene.store.inspections.get(&(draft.checkpoint.trim().into(), choice));
    read(draft.choice()).or_else(|| read(NetworkChoice::default()))
}

/// The left column: initial weights, method, hyperparameters.
fn left_column(ui: &mut Ui, scene: &Scene<'_>, draft: &mut Draft, problems: &Problems, taken: &dyn Fn(&str) -> bool) {
    section(ui, "Start from", None);
    checkpoint(ui, scene, draft, problems);
    section(ui, "Method", None);
    if scene.methods.is_empty() {
        let busy = scene.store.jobs.values().find(|job| matches!(job.state, JobState::Running | JobState::Paused));
        let busy = busy.filter(|job| job.spec != JobSpec::Methods).map(|job| format!(" It is running {}.", title(&job.spec)));
        let asking = "Asking the worker what it can train with…";
        small_text(ui, &format!("{asking}{}", busy.unwrap_or_default()));
        return;
    }
    row(ui, "Method", "", problems.get("method"), |ui, id| {
        let options: Vec<(String, String)> = scene.methods.iter().map(|method| (method.key.clone(), method.name.clone())).collect();
        choice(ui, id, &mut draft.method, &options, 180.0);
    });
    if let Some(method) = scene.methods.iter().find(|method| method.key == draft.method) {
        about(ui, method);
        for parameter in &method.parameters {
            hyperparameter(ui, draft, parameter, problems);
        }
        let parameters = inspected(scene, draft).map(|inspection| inspection.parameters.unsigned_abs());
        if let Some(warning) = draft.large_radius(method, parameters) {
            let text = RichText::new(warning).font(theme::small()).color(theme::of(ui).weak);
            ui.add(egui::Label::new(text).wrap());
        }
    }
    if scene.methods.iter().any(|method| method.key == draft.method && method.environments) {
        environments(ui, draft, problems);
    }
    section(ui, "Run", None);
    row(ui, "Name", "The name of its folder", problems.get("name"), |ui, id| {
        let hint = draft.folder(taken);
        field::text(ui, id, &mut draft.name, 220.0, &hint, problems.contains_key("name"));
    });
    number(
        ui,
        "Seed",
        "Seed of shuffling, augmentation and all other random choices: the same seed gives the same run",
        &mut draft.seed,
        "",
        problems.get("seed"),
    );
}

fn checkpoint(ui: &mut Ui, scene: &Scene<'_>, draft: &mut Draft, problems: &Problems) {
    row(ui, "Checkpoint", "The weights that training begins with", problems.get("checkpoint"), |ui, id| {
        let entries = &scene.session.checkpoints;
        // Two checkpoints may be of one file.
        let is_this = |entry: &CheckpointEntry| entry.path.display().to_string() == draft.checkpoint && entry.choice() == draft.choice();
        let present = entries.iter().position(is_this);
        let mut options: Vec<(Option<usize>, String)> =
            entries.iter().enumerate().map(|(index, entry)| (Some(index), entry.name.clone())).collect();
        if present.is_none() {
            options.push((None, if draft.checkpoint.is_empty() { "choose…".into() } else { "of the path below".into() }));
        }
        let mut chosen = present;
        choice(ui, id, &mut chosen, &options, 220.0);
        if let Some(entry) = chosen.filter(|_| chosen != present).and_then(|index| entries.get(index)) {
            draft.start_from(entry);
        }
    });
    row(ui, "Path", "", None, |ui, id| {
        let before = draft.checkpoint.clone();
        field::text(ui, id, &mut draft.checkpoint, ui.available_width() - 16.0, "of a checkpoint", false);
        if before != draft.checkpoint {
            let path = std::path::PathBuf::from(draft.checkpoint.trim());
            let (normalization, input, assumed) = (draft.normalization, draft.input(), [Assumption::Normalization].into());
            draft.start_from(&CheckpointEntry { path, normalization, input, assumed, ..CheckpointEntry::default() });
        }
    });
    row(ui, "Normalization", "What the network's inputs were normalized with when it was trained", None, |ui, id| {
        let choices = draft.normalization.choices().into_iter();
        let options: Vec<(Normalization, String)> = choices.map(|choice| (choice, choice.label().to_owned())).collect();
        let mut chosen = draft.normalization;
        choice(ui, id, &mut chosen, &options, 140.0);
        if chosen != draft.normalization {
            draft.set_normalization(chosen);
        }
        if draft.assumes_normalization() {
            ui.label(assumed::mark(ui)).on_hover_text(assumed::ASSUMED);
        }
    });
    if let Some(input) = draft.input() {
        row(ui, "Resizing", "How all images of the run are brought to the network's size, as for the checkpoint", None, |ui, _| {
            small_text(ui, &input.label()).on_hover_text(input.describe());
        });
    }
    if let Some(inspection) = inspected(scene, draft).filter(|inspection| inspection.state_dicts.len() > 1) {
        let about = "Which of the state dicts of the file training begins with";
        row(ui, "Weights", about, problems.get("weights"), |ui, id| {
            let present = draft.choice().weights;
            let key = |key: &String| (Some(key.clone()), key.clone());
            let mut options: Vec<(Option<String>, String)> = inspection.state_dicts.iter().map(key).collect();
            if present.is_none() {
                options.push((None, format!("{}, the first", inspection.state_dicts[0])));
            }
            let mut chosen = present.clone();
            choice(ui, id, &mut chosen, &options, 220.0);
            if chosen != present {
                draft.choose_weights(chosen);
            }
            if draft.choice().weights.is_none() {
                ui.label(assumed::mark(ui)).on_hover_text(assumed::ASSUMED);
            }
        });
    }
    if let Some(inspection) = inspected(scene, draft) {
        let classes = inspection.classes.map(|classes| format!(" · {classes} classes")).unwrap_or_default();
        let architecture = inspection.architecture.as_deref().unwrap_or("unknown architecture");
        let line = small_text(ui, &format!("{architecture}{classes} · {} parameters", count(inspection.parameters.unsigned_abs())));
        if let Some(path) = draft.choice().architecture.filter(|chosen| is_program(chosen)) {
            line.on_hover_text(path);
        }
    }
}

/// What a method minimizes, its source, its requirements and how its networks are scored.
fn about(ui: &mut Ui, method: &MethodInfo) {
    let palette = theme::of(ui);
    let line = |ui: &mut Ui, text: &str| {
        ui.add(egui::Label::new(RichText::new(text).font(theme::small()).color(palette.weak)).wrap().selectable(true));
    };
    ui.add(egui::Label::new(RichText::new(&method.objective).color(palette.text)).wrap().selectable(true));
    line(ui, &method.source);
    let needs = match (method.outliers, method.environments) {
        (true, _) => "Trains on ID images and outliers.",
        (false, true) => "Trains on ID images in several environments, made from them by families of corruptions.",
        (false, false) => "Trains on ID images alone.",
    };
    line(ui, &format!("{needs} Scored by {}.", method.score.trim_end_matches('.')));
    ui.add_space(4.0);
}

/// Draws the field of a hyperparameter.
fn hyperparameter(ui: &mut Ui, draft: &mut Draft, parameter: &ParameterInfo, problems: &Problems) {
    let name = if parameter.symbol.is_empty() { parameter.key.replace('_', " ") } else { parameter.symbol.clone() };
    let name = if parameter.unit.is_empty() { name } else { format!("{name}, {}", parameter.unit) };
    let range = match &parameter.kind {
        ParameterKind::Number { default, min, max, .. } => format!(", {min} to {max}, default {default}"),
        ParameterKind::Integer { default, min, max } => format!(", {min} to {max}, default {default}"),
        ParameterKind::Choice { .. } | ParameterKind::Switch { .. } | ParameterKind::Augmentation { .. } => String::new(),
    };
    let about = format!("{}\n`{}`{range}", parameter.about, parameter.key);
    let problem = problems.get(&parameter.key);
    let mut entry = draft.entry(parameter);
    let before = entry.clone();
    row(ui, &name, &about, problem, |ui, id| match (&parameter.kind, &mut entry) {
        (ParameterKind::Number { min, max, log, .. }, Entry::Text(text)) => {
            field::slider(ui, id, &name, text, Range { min: *min, max: *max, log: *log, whole: false }, problem.is_some());
        }
        (ParameterKind::Integer { min, max, .. }, Entry::Text(text)) => {
            let range = Range { min: *min as f64, max: *max as f64, log: false, whole: true };
            field::slider(ui, id, &name, text, range, problem.is_some());
        }
        (ParameterKind::Choice { options, .. }, Entry::Choice(chosen)) => {
            let options: Vec<(String, String)> = options.iter().map(|option| (option.clone(), option.replace('_', " "))).collect();
            choice(ui, id, chosen, &options, 180.0);
        }
        (ParameterKind::Switch { .. }, Entry::Switch(on)) => drop(ui.checkbox(on, "").labelled_by(id)),
        (ParameterKind::Augmentation { .. }, Entry::Augmentation(kind, severity)) => {
            let kinds = Augmentation::kinds().map(|kind| (Some(kind.to_owned()), kind.replace('_', " ")));
            let options: Vec<(Option<String>, String)> = std::iter::once((None, "none".to_owned())).chain(kinds).collect();
            choice(ui, id, kind, &options, 140.0);
            if kind.as_deref().is_some_and(Draft::has_severity) {
                let label = ui.colored_label(theme::of(ui).weak, "severity");
                let fixed = (1..=5).map(|severity| (severity.to_string(), severity.to_string()));
                let options: Vec<_> = fixed.chain([("uniform".to_owned(), "1 to 5, drawn".to_owned())]).collect();
                choice(ui, label.id, severity, &options, 76.0);
            }
        }
        (_, Entry::Text(_) | Entry::Choice(_) | Entry::Switch(_) | Entry::Augmentation(..)) => {}
    });
    if entry != before {
        draft.set(parameter, entry);
    }
}

/// Draws the families of corruptions that make the environments.
fn environments(ui: &mut Ui, draft: &mut Draft, problems: &Problems) {
    let about = "Each family of corruptions is an environment beside the clean images; those that are left out can be held for the test";
    row(ui, "Environments", about, problems.get("leave_out"), |ui, _| {
        for family in families() {
            let used = !draft.leave_out.iter().any(|name| name == family.name);
            if chip(ui, theme::of(ui).accent, family.name, used).on_hover_text(family.kinds.join(", ")).clicked() {
                if used {
                    draft.leave_out.push(family.name.into());
                } else {
                    draft.leave_out.retain(|name| name != family.name);
                }
            }
        }
    });
}

/// The right column: data and optimization.
fn right_column(ui: &mut Ui, scene: &mut Scene<'_>, draft: &mut Draft, problems: &Problems) {
    let method = scene.methods.iter().find(|method| method.key == draft.method);
    let outliers = method.is_some_and(|method| method.outliers);
    section(ui, "Data", None);
    data::datasets(ui, draft, problems, outliers);
    data::training_split(ui, scene);
    section(ui, "Optimization", None);
    let lines: [(&str, &str, &mut String, &str); 2] = [
        ("Epochs", "One epoch is one pass over the training images", &mut draft.epochs, "epochs"),
        ("Batch", "ID images a batch", &mut draft.batch, "batch"),
    ];
    for (name, about, value, key) in lines {
        number(ui, name, about, value, "", problems.get(key));
    }
    if outliers {
        number(ui, "Outlier batch", "Outliers a batch, beside its ID images", &mut draft.outlier_batch, "", problems.get("outlier_batch"));
    }
    optimizer::show(ui, draft, problems);
    row(ui, "Schedule", "How the learning rate changes", None, |ui, id| {
        let label = |schedule: Schedule| match schedule {
            Schedule::Plateau => "divided on a plateau",
            Schedule::Cosine => "cosine to 1e-6",
            Schedule::Constant => "constant",
        };
        choice(ui, id, &mut draft.schedule, &Schedule::ALL.map(|schedule| (schedule, label(schedule).to_owned())), 180.0);
    });
    if draft.schedule == Schedule::Plateau {
        number(
            ui,
            "Patience",
            "Epochs without a lower loss on ID images that are tolerated",
            &mut draft.patience,
            "epochs",
            problems.get("patience"),
        );
        number(ui, "Factor", "What the learning rate is multiplied by", &mut draft.factor, "", problems.get("factor"));
    }
    optimizer::warmup(ui, draft, problems);
    row(ui, "Transform", "What is done to every ID training image", None, |ui, id| {
        let options = [(Transform::CropFlip, "crop and flip"), (Transform::Crop, "crop"), (Transform::None, "none")];
        choice(ui, id, &mut draft.transform, &options.map(|(value, text)| (value, text.to_owned())), 140.0);
    });
    row(
        ui,
        "BatchNorm",
        "Which pass of a step of SAM's kind updates the running statistics; other methods have one pass",
        None,
        |ui, id| {
            let options =
                [(BatchNormUpdate::First, "first pass"), (BatchNormUpdate::Second, "second pass"), (BatchNormUpdate::Both, "both passes")];
            choice(ui, id, &mut draft.batch_norm, &options.map(|(value, text)| (value, text.to_owned())), 140.0);
        },
    );
    if draft.is_program() {
        let about = "Whether the dropout layers of the exported program act in training steps; they never act in an evaluation\n`dropout`";
        row(ui, "Dropout", about, None, |ui, id| {
            let options = [(Dropout::Off, "off"), (Dropout::On, "on")];
            choice(ui, id, &mut draft.dropout, &options.map(|(value, text)| (value, text.to_owned())), 140.0);
        });
    }
}
