//! Executes the commands on the scatter and the selection, and updates the scatter from the results.

use super::App;
use crate::ui::command::scatter::ScatterCommand;
use crate::ui::state::number::count;
use crate::ui::state::scatter::cloud::Cloud;
use crate::ui::state::scatter::query::Query;
use crate::ui::state::scatter::{Scatter, ScatterResult, color};
use crate::ui::state::store::Store;
use crate::ui::work::{dialog, selection_export};
use flatland_core::data::{self, Source};
use flatland_core::job::JobSpec;
use flatland_core::session::{SelectMode, Selection, Tab};

impl Scatter {
    /// Executes a command that changes only the scatter.
    ///
    /// # Errors
    /// Says which term of a search is not understood.
    fn execute(&mut self, command: ScatterCommand) -> Result<(), String> {
        let view = &mut self.view;
        match &command {
            ScatterCommand::SelectWithin(checkpoint, ..) | ScatterCommand::SelectScore(checkpoint, ..) => {
                view.selected_in = Some(checkpoint.clone());
            }
            ScatterCommand::Search(..) | ScatterCommand::SelectAll | ScatterCommand::SelectCategory(..) | ScatterCommand::Clear => {
                view.selected_in = None;
            }
            ScatterCommand::ColorBy(_)
            | ScatterCommand::ShowDensity(_)
            | ScatterCommand::Toggle(_)
            | ScatterCommand::ShowOnly(_)
            | ScatterCommand::ShowAll
            | ScatterCommand::Tool(_)
            | ScatterCommand::Pane(_)
            | ScatterCommand::Select(..)
            | ScatterCommand::Invert
            | ScatterCommand::Pin(_)
            | ScatterCommand::Export(_)
            | ScatterCommand::ExportDialog => {}
        }
        match command {
            ScatterCommand::ColorBy(color_by) => view.color_by = color_by,
            ScatterCommand::ShowDensity(density) => view.density = density,
            ScatterCommand::Toggle(category) => {
                if !view.hidden.remove(&category) {
                    view.hidden.insert(category);
                }
            }
            ScatterCommand::ShowOnly(category) => {
                view.hidden.retain(|hidden| hidden.field != category.field);
                let others = self.legend.iter().map(|entry| &entry.category);
                view.hidden.extend(others.filter(|other| other.field == category.field && **other != category).cloned());
            }
            ScatterCommand::ShowAll => view.hidden.clear(),
            ScatterCommand::Tool(tool) => view.tool = tool,
            ScatterCommand::Pane(pane) => view.pane = pane,
            ScatterCommand::SelectWithin(checkpoint, outline, mode) => {
                let Some(entry) = self.clouds.get(&checkpoint) else { return Ok(()) };
                let shown = color::shown(&entry.cloud, &view.hidden);
                let rows = entry.cloud.index.within(&entry.cloud.xy, &outline, |row| shown[row as usize]);
                view.selection.apply(entry.cloud.selection(rows), mode);
            }
            ScatterCommand::SelectScore(checkpoint, score, [low, high], mode) => {
                let Some(cloud) = self.clouds.get(&checkpoint).map(|entry| &entry.cloud) else { return Ok(()) };
                let values = cloud.scores.get(&score).map(Vec::as_slice).unwrap_or_default();
                let rows = (0u32..).zip(values).filter(|(_, value)| (low..=high).contains(*value)).map(|(row, _)| row);
                view.selection.apply(cloud.selection(rows), mode);
            }
            ScatterCommand::SelectCategory(category, mode) => {
                let mut found = Selection::default();
                for entry in self.clouds.values() {
                    let cloud = &entry.cloud;
                    let is_of = color::of_category(cloud, &category.field, &[&category.value]);
                    found.apply(cloud.selection((0..cloud.len() as u32).filter(|row| is_of[*row as usize])), SelectMode::Add);
                }
                view.selection.apply(found, mode);
            }
            ScatterCommand::Select(selection, mode) => view.selection.apply(selection, mode),
            ScatterCommand::Search(text, mode) => {
                let found = self.search(&text)?;
                self.view.selection.apply(found, mode);
            }
            ScatterCommand::SelectAll => self.view.selection = self.all_images(),
            ScatterCommand::Invert => {
                let mut rest = self.all_images();
                rest.apply(std::mem::take(&mut self.view.selection), SelectMode::Subtract);
                self.view.selection = rest;
            }
            ScatterCommand::Clear => view.selection = Selection::default(),
            ScatterCommand::Pin(pinned) => self.pinned = pinned,
            ScatterCommand::Export(_) | ScatterCommand::ExportDialog => {}
        }
        Ok(())
    }

    /// The images that a search finds for any checkpoint.
    pub(in crate::ui) fn search(&self, text: &str) -> Result<Selection, String> {
        let query = Query::parse(text)?;
        let mut found = Selection::default();
        let mut refused = None;
        for (name, entry) in &self.clouds {
            match query.rows(name, &entry.cloud) {
                Ok(rows) => found.apply(entry.cloud.selection(rows), SelectMode::Add),
                Err(reason) => refused = Some(reason),
            }
        }
        // A score that one checkpoint lacks may exist for another.
        refused.filter(|_| found.is_empty()).map_or(Ok(found), Err)
    }
}

impl App {
    pub(in crate::ui) fn scatter_command(&mut self, command: ScatterCommand) {
        match command {
            ScatterCommand::Export(path) => {
                let table = selection_export::table(&self.state.scatter);
                self.spawn(move || selection_export::write(&path, &table), Self::exported);
            }
            ScatterCommand::ExportDialog => {
                self.ask(dialog::export_selection, |app, path| app.scatter_command(ScatterCommand::Export(path)));
            }
            command => {
                let searched = matches!(command, ScatterCommand::Search(..));
                // The session's settings may have changed since the last frame, by undo or by opening a session.
                self.state.scatter.view = self.state.session.view.scatter.clone();
                let done = self.state.scatter.execute(command);
                self.state.session.view.scatter = self.state.scatter.view.clone();
                match done {
                    Ok(()) if searched && self.state.scatter.view.selection.is_empty() => self.state.inform("The search found no image"),
                    Ok(()) if searched => self.show_selection(),
                    Ok(()) => {}
                    Err(reason) => self.state.report_error(reason),
                }
            }
        }
    }

    /// Shows the whole plots if a selected image is outside of their visible part.
    fn show_selection(&mut self) {
        let seen = self.state.session.view.extents.get(&Tab::EMBEDDING).cloned().unwrap_or_default();
        let linked = self.state.session.view.links.axes;
        let outside = |name: &str, cloud: &Cloud| {
            let extent = seen.of(linked, name);
            let lies_within =
                |value: f32, range: Option<[f64; 2]>| range.is_none_or(|[low, high]| (low..=high).contains(&f64::from(value)));
            let mask = cloud.mask(&self.state.scatter.view.selection);
            let selected = cloud.xy.iter().zip(mask).filter(|(_, selected)| *selected);
            selected.filter(|([x, y], _)| !(lies_within(*x, extent.x) && lies_within(*y, extent.y))).count()
        };
        let most = self.state.scatter.clouds.iter().map(|(name, entry)| outside(name, &entry.cloud)).max().unwrap_or(0);
        if most > 0 {
            self.state.session.view.see_all(Tab::EMBEDDING);
            let images = if most == 1 { "1 image is".into() } else { format!("{} images are", count(most as u64)) };
            self.state.inform(format!("{images} outside of the visible part: the plots show everything again"));
        }
    }

    /// Updates the scatter from the results and starts its background work.
    pub(in crate::ui) fn refresh_scatter(&mut self) {
        (self.state.scatter.view, self.state.scatter.links) = (self.state.session.view.scatter.clone(), self.state.session.view.links);
        if let Some(work) = self.state.scatter.refresh(&self.state.session, &self.state.store) {
            self.spawn(work, Self::scatter_result);
        }
        if let Some(work) = self.state.scatter.neighbour_search() {
            self.spawn(work, Self::scatter_result);
        }
        self.state.scatter.images.set_sources(sources(&self.state.store));
        if let Some((source, positions)) = self.state.scatter.images.next() {
            let read = move || {
                let images = read(&source, positions);
                (source, images)
            };
            self.spawn(read, |app, (source, images)| app.state.scatter.images.read(&source, images));
        }
    }

    fn scatter_result(&mut self, found: ScatterResult) {
        match found {
            ScatterResult::Cloud(name, cloud, source) => self.state.scatter.insert_cloud(name, cloud, source),
            ScatterResult::Neighbours(neighbours) => self.state.scatter.insert_neighbours(neighbours),
        }
    }
}

/// Sources of the images of all datasets of the embeddings.
fn sources(store: &Store) -> impl Iterator<Item = &Source> {
    let jobs = store.jobs.values().filter_map(|job| if let JobSpec::Embedding(job) = &job.spec { Some(job) } else { None });
    jobs.flat_map(|job| &job.datasets).map(|dataset| &dataset.source)
}

/// Reads images of a source; for each the image or why it cannot be shown.
fn read(source: &Source, positions: Vec<i64>) -> Vec<(i64, Result<data::SingleImage, String>)> {
    let wanted: Vec<usize> = positions.iter().map(|position| usize::try_from(*position).unwrap_or(usize::MAX)).collect();
    match data::load_images(source, &wanted) {
        Ok(images) => positions.into_iter().zip(images).collect(),
        Err(error) => positions.into_iter().map(|position| (position, Err(error.to_string()))).collect(),
    }
}
