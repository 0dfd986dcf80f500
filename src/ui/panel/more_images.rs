//! Offers to measure on more images when a first look has large standard errors and no job is left.

use egui::Ui;

use crate::figure::number::significant;
use crate::ui::command::Command;
use crate::ui::state::number::count;
use crate::ui::state::store::Store;
use crate::ui::style::widget::controls::small_text;
use flatland_core::session::{DatasetEntry, Session};

/// Standard error from which on more images are offered.
const UNCERTAIN: f64 = 0.01;
/// Five times as many images have less than half the error.
const FACTOR: usize = 5;
/// The offer never goes above this number of images.
const MOST: usize = 2000;

/// The datasets of which only a part was measured, and the largest standard error of an accuracy or an AUROC on them.
fn uncertain<'a>(session: &'a Session, store: &Store) -> Option<(Vec<&'a DatasetEntry>, f64)> {
    if store.jobs.values().any(|job| job.state.is_open()) {
        return None;
    }
    let tables = || session.shown().filter_map(|(_, checkpoint)| store.scores.get(&checkpoint.name));
    // If there are fewer images than requested, they are all images of the dataset.
    let is_part = |dataset: &&DatasetEntry| {
        let limit = dataset.limit.filter(|limit| *limit <= MOST);
        limit.is_some_and(|limit| tables().any(|table| table.samples.get(&dataset.name) == Some(&limit)))
    };
    let parts: Vec<&DatasetEntry> = session.datasets.iter().filter(is_part).collect();
    let errors = tables().flat_map(|table| {
        let names = parts.iter().map(|dataset| dataset.name.as_str());
        names.flat_map(move |name| {
            let detection = table.scores.keys().filter_map(move |score| table.std_error(score, name).auroc);
            table.accuracy(name).map(|(_, error)| error).into_iter().chain(detection)
        })
    });
    let largest = errors.filter(|error| error.is_finite()).fold(0.0, f64::max);
    (largest > UNCERTAIN).then_some((parts, largest))
}

/// Draws the offer.
pub fn show(ui: &mut Ui, session: &Session, store: &Store, commands: &mut Vec<Command>) {
    let Some((parts, error)) = uncertain(session, store) else { return };
    small_text(ui, &format!("A first look: known to ± {} points", significant(100.0 * error, 1)));
    let limits: Vec<usize> = parts.iter().filter_map(|dataset| dataset.limit).collect();
    let text = match limits.as_slice() {
        [first, rest @ ..] if rest.iter().all(|limit| limit == first) => format!("Measure on {} images", count((FACTOR * first) as u64)),
        _ => "Measure on five times as many images".into(),
    };
    if ui.button(text).on_hover_text("Less than half the error; takes about five times as long").clicked() {
        for dataset in parts {
            let more = DatasetEntry { limit: dataset.limit.map(|limit| FACTOR * limit), ..dataset.clone() };
            commands.push(Command::ChangeDataset(dataset.name.clone(), Box::new(more)));
        }
    }
}
