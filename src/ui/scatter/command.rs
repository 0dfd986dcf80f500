//! [`ScatterCommand`]: everything that can be done to the scatter and the selection, and its doing.

use std::path::PathBuf;

use super::cloud::Cloud;
use super::export;
use super::query::Query;
use super::{Found, ImageKey, Scatter};
use crate::ui::app::App;
use crate::ui::loader::Finished;
use crate::ui::store::Store;
use crate::ui::widget::number::count;
use flatland_core::data::{self, Source};
use flatland_core::job::JobSpec;
use flatland_core::session::{Category, ColorBy, Pane, SelectMode, Selection, Tab, Tool};

/// One act.
#[derive(Clone, Debug, PartialEq)]
pub enum ScatterCommand {
    /// What gives points their colour.
    ColorBy(ColorBy),
    /// Draws how many points lie where in the place of points, or points again.
    ShowDensity(bool),
    /// Hides or shows a category.
    Toggle(Category),
    /// Shows a category alone among those of its field.
    ShowOnly(Category),
    /// Shows every category.
    ShowAll,
    /// What a drag does.
    Tool(Tool),
    /// Opens or closes the pane of selected images.
    Pane(Pane),
    /// Selects the shown points of a checkpoint within an outline of the plane.
    SelectWithin(String, Vec<[f64; 2]>, SelectMode),
    /// Selects the images whose score under a checkpoint lies in a closed range.
    SelectScore(String, String, [f64; 2], SelectMode),
    /// Selects the images of a category under any checkpoint.
    SelectCategory(Category, SelectMode),
    /// Selects these images.
    Select(Selection, SelectMode),
    /// Selects what a search finds.
    Search(String, SelectMode),
    /// Selects everything that is there.
    SelectAll,
    /// Selects what is not selected, and nothing else.
    Invert,
    /// Selects nothing.
    Clear,
    /// Keeps the card of an image as seen under a checkpoint, or puts it away.
    Pin(Option<(String, ImageKey)>),
    /// Writes the selection as CSV.
    Export(PathBuf),
    /// Asks the desktop where to write the selection.
    ExportDialog,
}

impl ScatterCommand {
    /// As it stands behind "Undo".
    pub fn act(&self) -> &'static str {
        match self {
            Self::ColorBy(_) => "choose the colour of points",
            Self::ShowDensity(_) => "show points or their density",
            Self::Toggle(_) | Self::ShowOnly(_) | Self::ShowAll => "show or hide points",
            Self::Tool(_) => "choose the tool",
            Self::Pane(_) => "open or close the pane",
            Self::Clear => "select nothing",
            Self::Invert => "turn the selection around",
            _ => "select images",
        }
    }
}

impl Scatter {
    /// Does what only concerns the scatter.
    ///
    /// # Errors
    /// Says what is not understood in a search.
    fn execute(&mut self, command: ScatterCommand) -> Result<(), String> {
        let view = &mut self.view;
        match &command {
            ScatterCommand::SelectWithin(checkpoint, ..) | ScatterCommand::SelectScore(checkpoint, ..) => {
                view.selected_in = Some(checkpoint.clone());
            }
            ScatterCommand::Search(..) | ScatterCommand::SelectAll | ScatterCommand::SelectCategory(..) | ScatterCommand::Clear => {
                view.selected_in = None;
            }
            _ => {}
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
                let shown = super::color::shown(&entry.cloud, &view.hidden);
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
                    let is_of = super::color::of_category(cloud, &category.field, &[&category.value]);
                    found.apply(cloud.selection((0..cloud.len() as u32).filter(|row| is_of[*row as usize])), SelectMode::Add);
                }
                view.selection.apply(found, mode);
            }
            ScatterCommand::Select(selection, mode) => view.selection.apply(selection, mode),
            ScatterCommand::Search(text, mode) => {
                let found = self.search(&text)?;
                self.view.selection.apply(found, mode);
            }
            ScatterCommand::SelectAll => self.view.selection = self.everything(),
            ScatterCommand::Invert => {
                let mut rest = self.everything();
                rest.apply(std::mem::take(&mut self.view.selection), SelectMode::Subtract);
                self.view.selection = rest;
            }
            ScatterCommand::Clear => view.selection = Selection::default(),
            ScatterCommand::Pin(pinned) => self.pinned = pinned,
            ScatterCommand::Export(_) | ScatterCommand::ExportDialog => {}
        }
        Ok(())
    }

    /// The images that a search finds under any checkpoint.
    pub(super) fn search(&self, text: &str) -> Result<Selection, String> {
        let query = Query::parse(text)?;
        let mut found = Selection::default();
        let mut refused = None;
        for (name, entry) in &self.clouds {
            match query.rows(name, &entry.cloud) {
                Ok(rows) => found.apply(entry.cloud.selection(rows), SelectMode::Add),
                Err(reason) => refused = Some(reason),
            }
        }
        // A score that one checkpoint lacks may be another's.
        refused.filter(|_| found.is_empty()).map_or(Ok(found), Err)
    }
}

impl App {
    pub(in crate::ui) fn scatter_command(&mut self, command: ScatterCommand) {
        match command {
            ScatterCommand::Export(path) => {
                let table = export::table(&self.scatter);
                self.spawn(move || Finished::Exported(export::write(&path, &table)));
            }
            ScatterCommand::ExportDialog => self.spawn_waiting(|| {
                let dialog = rfd::FileDialog::new().set_title("Export selection").set_file_name("selection.csv");
                dialog.save_file().map_or(Finished::Nothing, |path| Finished::Scatter(Found::ExportPath(path)))
            }),
            command => {
                let searched = matches!(command, ScatterCommand::Search(..));
                // The session's may be another since the last frame: something was undone, or opened.
                self.scatter.view = self.session.view.scatter.clone();
                let done = self.scatter.execute(command);
                self.session.view.scatter = self.scatter.view.clone();
                match done {
                    Ok(()) if searched && self.scatter.view.selection.is_empty() => self.tell("The search found no image"),
                    Ok(()) if searched => self.show_selection(),
                    Ok(()) => {}
                    Err(reason) => self.complain(reason),
                }
            }
        }
    }

    /// Shows the whole plots where a selected image lies outside of what is seen of them.
    fn show_selection(&mut self) {
        let seen = self.session.view.extents.get(&Tab::Embedding).cloned().unwrap_or_default();
        let linked = self.session.view.links.axes;
        let outside = |name: &str, cloud: &Cloud| {
            let extent = seen.of(linked, name);
            let lies_within =
                |value: f32, range: Option<[f64; 2]>| range.is_none_or(|[low, high]| (low..=high).contains(&f64::from(value)));
            let mask = cloud.mask(&self.scatter.view.selection);
            let selected = cloud.xy.iter().zip(mask).filter(|(_, selected)| *selected);
            selected.filter(|([x, y], _)| !(lies_within(*x, extent.x) && lies_within(*y, extent.y))).count()
        };
        let most = self.scatter.clouds.iter().map(|(name, entry)| outside(name, &entry.cloud)).max().unwrap_or(0);
        if most > 0 {
            self.session.view.see_all(Tab::Embedding);
            let images = if most == 1 { "1 image lies".into() } else { format!("{} images lie", count(most as u64)) };
            self.tell(format!("{images} outside of what was seen: the plots show everything again"));
        }
    }

    /// Brings the scatter up to the results and starts what it wants to know.
    pub(in crate::ui) fn refresh_scatter(&mut self) {
        (self.scatter.view, self.scatter.links) = (self.session.view.scatter.clone(), self.session.view.links);
        if let Some(work) = self.scatter.refresh(&self.session, &self.store) {
            self.spawn(move || Finished::Scatter(work()));
        }
        if let Some(work) = self.scatter.seek() {
            self.spawn(move || Finished::Scatter(work()));
        }
        self.scatter.images.come_from(sources(&self.store));
        if let Some((source, positions)) = self.scatter.images.next() {
            self.spawn(move || {
                let images = read(&source, positions);
                Finished::Scatter(Found::Images(source, images))
            });
        }
    }

    pub(in crate::ui) fn found_for_scatter(&mut self, found: Found) {
        match found {
            Found::Cloud(name, cloud, made) => self.scatter.arranged(name, cloud, made),
            Found::Images(source, images) => self.scatter.images.read(&self.ctx, &source, images),
            Found::Neighbours(near) => self.scatter.found_neighbours(near),
            Found::ExportPath(path) => self.scatter_command(ScatterCommand::Export(path)),
        }
    }
}

/// Where the images of the datasets of the embeddings come from.
fn sources(store: &Store) -> impl Iterator<Item = &Source> {
    let jobs = store.jobs.values().filter_map(|job| if let JobSpec::Embedding(job) = &job.spec { Some(job) } else { None });
    jobs.flat_map(|job| &job.datasets).map(|dataset| &dataset.source)
}

/// Images of a source, or for each why it cannot be shown.
fn read(source: &Source, positions: Vec<i64>) -> Vec<(i64, Result<data::SingleImage, String>)> {
    let wanted: Vec<usize> = positions.iter().map(|position| usize::try_from(*position).unwrap_or(usize::MAX)).collect();
    match data::load_images(source, &wanted) {
        Ok(images) => positions.into_iter().zip(images).collect(),
        Err(error) => positions.into_iter().map(|position| (position, Err(error.to_string()))).collect(),
    }
}
