//! The list of jobs: running, waiting and failed ones, and the state of the worker.

use egui::{Align, Layout, Rect, RichText, Sense, Ui, Vec2};

use crate::ui::command::Command;
use crate::ui::state::queue;
use crate::ui::state::queue::Focus;
use crate::ui::state::store::{Job, JobState, Store, dataset_of, progress_text, subject_of, title};
use crate::ui::style::theme;
use crate::ui::style::widget::controls::{error_text, quiet_button, section, small_text};
use crate::ui::style::widget::icon::Icon;
use crate::ui::style::widget::{icon, swatch};
use flatland_core::job::JobId;
use flatland_core::session::Session;

/// What the list shows.
#[derive(Clone, Copy)]
pub struct JobScene<'a> {
    /// The open session.
    pub session: &'a Session,
    /// Jobs.
    pub store: &'a Store,
    /// What the user looks at.
    pub focus: Focus<'a>,
    /// Whether the log is shown.
    pub log: bool,
}

/// Description of the order of jobs, see [`queue::waiting`].
const ORDER: &str = "First jobs moved to the front and inspections of files, then jobs of the shown tab, then landscapes, scores, sharpness, \
                     embeddings, Hessians. A running landscape is interrupted for inspections and for the shown analysis, and continues \
                     afterwards. No other job is interrupted.";

/// Draws the list: running jobs first, then failed ones, then waiting ones in the order in which they will run; finished jobs are only
/// counted.
pub fn show(ui: &mut Ui, scene: &JobScene<'_>, commands: &mut Vec<Command>) {
    let store = scene.store;
    let open = store.jobs.values().filter(|job| job.state.is_open()).count();
    section(ui, "Jobs", Some(open));
    let rank = |job: &Job| match job.state {
        JobState::Running | JobState::Paused => 0,
        JobState::Failed(_) | JobState::Interrupted => 1,
        JobState::Waiting | JobState::CheckingCache => 2,
        JobState::Cancelled => 3,
        JobState::Done => 4,
    };
    let mut shown: Vec<(&JobId, &Job)> = store.jobs.iter().filter(|(_, job)| job.state != JobState::Done).collect();
    let queue: Vec<JobId> = queue::waiting(store, scene.focus).into_iter().map(|(id, _)| id).collect();
    let position = |id: &JobId| queue.iter().position(|waiting| waiting == id);
    shown.sort_by_key(|(id, job)| (rank(job), position(id), **id));
    for (id, job) in &shown {
        row(ui, scene.session, **id, job, position(id), commands);
    }
    let done = store.jobs.len() - shown.len();
    ui.horizontal(|ui| {
        let text = if done > 0 { format!("{done} done") } else { "Nothing to do.".into() };
        let text = if done > 0 || shown.is_empty() { text } else { String::new() };
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if quiet_button(ui, "Log", if scene.log { "Hide the log" } else { "Show the log" }).clicked() {
                commands.push(Command::ToggleLog);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| small_text(ui, &text));
        });
    });
}

/// Draws a job; `position` is the number of jobs that wait before it, if it waits.
fn row(ui: &mut Ui, session: &Session, id: JobId, job: &Job, position: Option<usize>, commands: &mut Vec<Command>) {
    let palette = theme::of(ui);
    let title = title(&job.spec);
    ui.horizontal(|ui| {
        let name = subject_of(&job.spec);
        let color = session.position(&name).map(|_| theme::checkpoint(ui, session.color_of(&name)));
        swatch::square(ui, color.unwrap_or(palette.hairline));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if job.state.is_open() && quiet_button(ui, "×", &format!("Cancel {title}")).clicked() {
                commands.push(Command::Cancel(id));
            }
            let mut button = |text: &str, name: &str, command| {
                if quiet_button(ui, text, &format!("{name} {title}")).clicked() {
                    commands.push(command);
                }
            };
            match job.state {
                JobState::Running => button("Pause", "Pause", Command::Pause(id, true)),
                JobState::Paused => button("Go on", "Go on with", Command::Pause(id, false)),
                JobState::Waiting => {
                    if position != Some(0) && icon::button(ui, Icon::ToFront, true, &format!("Move {title} to the front")).clicked() {
                        commands.push(Command::Prioritize(id));
                    }
                }
                JobState::CheckingCache => {}
                JobState::Done | JobState::Failed(_) | JobState::Cancelled | JobState::Interrupted => {
                    button("Again", "Run again", Command::Retry(id));
                }
            }
            let state = match &job.state {
                JobState::Running if job.progress.total > 0 => format!("{:.0} %", 100.0 * job.progress.fraction()),
                JobState::Running => "starting".into(),
                JobState::Paused => "paused".into(),
                JobState::Waiting if position == Some(0) => "next".into(),
                JobState::Waiting => position.map_or("waiting".into(), |position| format!("no. {}", position + 1)),
                JobState::CheckingCache => "looking".into(),
                JobState::Failed(_) => "failed".into(),
                JobState::Interrupted => "interrupted".into(),
                JobState::Cancelled => "cancelled".into(),
                JobState::Done => "done".into(),
            };
            let bad = matches!(job.state, JobState::Failed(_) | JobState::Interrupted);
            let shown = ui.label(RichText::new(state).font(theme::small()).color(if bad { palette.error } else { palette.weak }));
            if job.state == JobState::Waiting {
                shown.on_hover_text(ORDER);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let color = if job.state == JobState::Running { palette.strong } else { palette.text };
                let on = dataset_of(&job.spec).map(|dataset| format!("on {dataset}")).unwrap_or_default();
                ui.add(egui::Label::new(RichText::new(&title).color(color)).truncate()).on_hover_text(on);
            });
        });
    });
    if matches!(job.state, JobState::Running | JobState::Paused) {
        bar(ui, job.progress.fraction());
        small_text(ui, &progress_text(job));
    }
    if let JobState::Failed(message) = &job.state {
        error_text(ui, message);
    }
    for warning in &job.warnings {
        small_text(ui, warning).on_hover_text(warning);
    }
}

/// A thin progress bar.
fn bar(ui: &mut Ui, fraction: f32) {
    let palette = theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 4.0), Sense::hover());
    let rail = Rect::from_center_size(rect.center(), Vec2::new(rect.width(), 2.0));
    ui.painter().rect_filled(rail, 1.0, palette.hairline);
    ui.painter().rect_filled(Rect::from_min_size(rail.min, Vec2::new(rail.width() * fraction, 2.0)), 1.0, palette.accent);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ProgressIndicator, true, format!("{:.0} % done", 100.0 * fraction)));
}

/// Draws the state of the worker, and a restart button if it has ended.
pub fn worker(ui: &mut Ui, exit_reason: Option<&str>, running: bool, commands: &mut Vec<Command>) {
    match exit_reason {
        Some(message) => {
            error_text(ui, &format!("The worker ended: {message}"));
            small_text(ui, "Nothing is lost: unfinished jobs are kept and resume.");
            if ui.button("Restart worker").clicked() {
                commands.push(Command::RestartWorker);
            }
        }
        None => {
            small_text(ui, if running { "Worker computing" } else { "Worker ready" });
        }
    }
}
