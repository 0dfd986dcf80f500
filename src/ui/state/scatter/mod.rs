//! The state of the embedding tab's scatter: the user's settings ([`ScatterView`]) and what is computed from them and from the results:
//! prepared points, their colours, images, neighbours. Drawing is not here (see `view::embedding`).

pub mod class_names;
pub mod cloud;
pub mod color;
pub mod density;
mod grid_index;
pub mod images;
pub mod neighbours;
pub mod query;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use crate::figure::{ColorScale, Theme};
use crate::ui::state::cursor::Cursor;
use crate::ui::state::scatter::cloud::Cloud;
use crate::ui::state::scatter::images::Images;
use crate::ui::state::store::{Points, Store};
use flatland_core::result::{Embedding, ScoreTable};
use flatland_core::session::{Category, ColorBy, Links, Role, ScatterView, Selection, Session};

/// Embeddings of up to this many points are prepared within a frame; larger ones in the background.
const MAX_IN_FRAME: usize = 30_000;

/// The nearest images of an image. Row numbers are valid within their embedding only, so the embedding is kept too.
pub struct Neighbours {
    embedding: Arc<Embedding>,
    row: u32,
    /// Rows and their distances, nearest first.
    found: Vec<(u32, f32)>,
}

/// Identifies an image by dataset and position.
pub type ImageKey = (String, i64);

/// The result of background work for the scatter.
pub enum ScatterResult {
    /// The prepared points of a checkpoint.
    Cloud(String, Arc<Cloud>, CloudSource),
    /// The nearest images of a row of an embedding.
    Neighbours(Neighbours),
}

/// What a cloud was made from.
#[derive(Clone)]
pub enum CloudSource {
    /// A running t-SNE: iteration and number of points.
    Live(usize, usize),
    /// A finished embedding and its scores. Holding them keeps their addresses unique, so that they can be compared by address.
    /// Last: whether its classes are taken to be ImageNet's.
    Finished(Arc<Embedding>, Option<Arc<ScoreTable>>, bool),
}

impl CloudSource {
    fn is_same(&self, other: &CloudSource) -> bool {
        match (self, other) {
            (CloudSource::Live(a, n), CloudSource::Live(b, m)) => a == b && n == m,
            (CloudSource::Finished(a, s, assumed), CloudSource::Finished(b, t, other)) => {
                let same = |(s, t): (&Arc<ScoreTable>, &Arc<ScoreTable>)| Arc::ptr_eq(s, t);
                assumed == other && Arc::ptr_eq(a, b) && s.is_some() == t.is_some() && s.as_ref().zip(t.as_ref()).is_none_or(same)
            }
            (CloudSource::Live(..), CloudSource::Finished(..)) | (CloudSource::Finished(..), CloudSource::Live(..)) => false,
        }
    }
}

/// How a cloud is drawn with the present settings.
#[derive(Clone)]
pub struct PointStyles {
    /// Whether each row is shown.
    pub shown: Arc<Vec<bool>>,
    /// Whether each row is selected.
    pub mask: Arc<Vec<bool>>,
    /// Whether any row is selected; then the others are drawn faintly.
    pub has_selected: bool,
    /// Colours and flags by place.
    pub styles: Arc<Vec<[u8; 4]>>,
    /// Number of shown rows.
    pub visible: usize,
    /// Grows with every change of `shown`; unique over all clouds.
    pub revision: u64,
}

/// The points of a checkpoint.
pub struct Entry {
    /// The points.
    pub cloud: Arc<Cloud>,
    source: CloudSource,
    styles: Option<PointStyles>,
}

/// The inputs from which point styles are computed.
struct StyleInputs {
    color_by: ColorBy,
    hidden: std::collections::BTreeSet<Category>,
    selection: Selection,
    only_in: Option<String>,
    theme: Theme,
    revision: u64,
}

/// Background work requested for the points of a checkpoint.
#[derive(Default)]
struct Requested {
    cloud: Option<String>,
    neighbours: bool,
}

/// State of the scatter.
#[derive(Default)]
pub struct Scatter {
    /// Settings of the user, copied from the session before each frame.
    pub view: ScatterView,
    /// What the panels share, copied likewise.
    pub links: Links,
    /// The text of the search field.
    pub search: String,
    /// Path of the file for the selection.
    pub export_path: String,
    /// The points of each shown checkpoint that has some, in the order of the session.
    pub clouds: IndexMap<String, Entry>,
    /// Grows with every change of the clouds.
    pub revision: u64,
    /// The images.
    pub images: Images,
    /// The image under the pointer, or chosen by keys.
    pub cursor: Cursor<ImageKey>,
    /// The checkpoint and the image of the pinned card.
    pub pinned: Option<(String, ImageKey)>,
    /// The legend of `view.color_by`.
    pub legend: Vec<color::Entry>,
    /// The scale of the score that gives the colours.
    pub scale: Option<ColorScale>,
    style_inputs: Option<StyleInputs>,
    neighbours: Option<Neighbours>,
    requested: Requested,
    style_revision: u64,
}

impl Scatter {
    /// Updates the clouds from the store: those of the shown checkpoints, in their order. Hidden checkpoints do not affect range, legend,
    /// scale, search, selection and tables. Returns work that takes too long for a frame.
    pub fn refresh(&mut self, session: &Session, store: &Store) -> Option<Box<dyn FnOnce() -> ScatterResult + Send>> {
        let before = self.clouds.len();
        self.clouds.retain(|name, _| session.is_shown(name) && store.embeddings.contains_key(name));
        self.revision += u64::from(self.clouds.len() != before);
        self.pinned.take_if(|(name, _)| !session.is_shown(name));
        let mut work = None;
        for (checkpoint, points) in session.shown().filter_map(|(_, entry)| Some((entry, store.embeddings.get(&entry.name)?))) {
            let name = &checkpoint.name;
            let is_imagenet = |embedding: &Embedding| class_names::are_assumed(embedding, checkpoint, session);
            let source = match points {
                Points::Live { iteration, xy, .. } => CloudSource::Live(*iteration, xy.len()),
                Points::Finished(embedding) => {
                    CloudSource::Finished(embedding.clone(), store.scores.get(name).cloned(), is_imagenet(embedding))
                }
            };
            if self.clouds.get(name).is_some_and(|entry| entry.source.is_same(&source)) {
                continue;
            }
            match points {
                Points::Live { xy, roles, .. } => self.insert_cloud(name.clone(), Arc::new(Cloud::live(xy.clone(), roles)), source),
                Points::Finished(embedding) if embedding.len() <= MAX_IN_FRAME => {
                    let scores = store.scores.get(name);
                    let cloud = Cloud::finished(embedding.clone(), scores.map(Arc::as_ref), is_imagenet(embedding));
                    self.insert_cloud(name.clone(), Arc::new(cloud), source);
                }
                Points::Finished(embedding) if self.requested.cloud.is_none() => {
                    self.requested.cloud = Some(name.clone());
                    let (name, embedding, scores) = (name.clone(), embedding.clone(), store.scores.get(name).cloned());
                    let is_imagenet = is_imagenet(&embedding);
                    let arrange =
                        move || ScatterResult::Cloud(name, Arc::new(Cloud::finished(embedding, scores.as_deref(), is_imagenet)), source);
                    work = Some(Box::new(arrange) as Box<dyn FnOnce() -> ScatterResult + Send>);
                }
                Points::Finished(_) => {}
            }
        }
        if !self.clouds.keys().map(|name| session.position(name)).is_sorted() {
            self.clouds.sort_by_cached_key(|name, _| session.position(name));
            self.revision += 1;
        }
        let belongs = |neighbours: &Neighbours| {
            self.clouds.values().filter_map(|entry| entry.cloud.embedding.as_ref()).any(|e| Arc::ptr_eq(e, &neighbours.embedding))
        };
        if !self.neighbours.as_ref().is_some_and(belongs) {
            self.neighbours = None;
        }
        work
    }

    /// Keeps what belongs to a checkpoint under its new name.
    pub fn rename_checkpoint(&mut self, from: &str, to: &str) {
        let name = |name: &mut String| {
            if name == from {
                *name = to.into();
            }
        };
        let clouds = std::mem::take(&mut self.clouds).into_iter();
        self.clouds = clouds.map(|(mut key, entry)| (name(&mut key), (key, entry)).1).collect();
        self.pinned.iter_mut().chain(&mut self.cursor.at).for_each(|(checkpoint, _)| name(checkpoint));
        self.revision += 1;
    }

    /// Stores prepared points.
    pub fn insert_cloud(&mut self, name: String, cloud: Arc<Cloud>, source: CloudSource) {
        if self.requested.cloud.as_ref() == Some(&name) {
            self.requested.cloud = None;
        }
        self.revision += 1;
        self.clouds.insert(name, Entry { cloud, source, styles: None });
    }

    /// Updates the point styles of every cloud for the present settings.
    pub fn update_styles(&mut self, theme: Theme) {
        let ScatterView { color_by, hidden, selection, selected_in, .. } = &self.view;
        let only_in = selected_in.as_ref().filter(|_| !self.links.selection);
        let same = |style_inputs: &StyleInputs| {
            style_inputs.theme == theme
                && style_inputs.revision == self.revision
                && style_inputs.color_by == *color_by
                && style_inputs.hidden == *hidden
                && style_inputs.selection == *selection
                && style_inputs.only_in.as_ref() == only_in
        };
        if self.style_inputs.as_ref().is_some_and(same) {
            return;
        }
        let style_inputs = StyleInputs {
            color_by: color_by.clone(),
            hidden: hidden.clone(),
            selection: selection.clone(),
            only_in: only_in.cloned(),
            theme,
            revision: self.revision,
        };
        let old = self.style_inputs.as_ref();
        if old.is_none_or(|old| old.color_by != style_inputs.color_by || old.revision != style_inputs.revision) {
            let clouds = || self.clouds.values().map(|entry| entry.cloud.as_ref());
            self.legend = color::legend(clouds(), &style_inputs.color_by);
            self.scale = style_inputs.color_by.score().and_then(|name| color::scale(clouds(), name));
        }
        let same_hidden = old.is_some_and(|old| old.hidden == style_inputs.hidden);
        let same_selection = old.is_some_and(|old| old.selection == style_inputs.selection && old.only_in == style_inputs.only_in);
        for (name, entry) in &mut self.clouds {
            let cloud = &entry.cloud;
            let kept = entry.styles.take();
            let has_selected = !style_inputs.selection.is_empty() && style_inputs.only_in.as_ref().is_none_or(|only| only == name);
            let selection = if has_selected { style_inputs.selection.clone() } else { Selection::default() };
            let shown = kept.as_ref().filter(|_| same_hidden).map(|styles| (styles.shown.clone(), styles.visible, styles.revision));
            let (shown, visible, revision) = shown.unwrap_or_else(|| {
                let shown = color::shown(cloud, &style_inputs.hidden);
                let visible = shown.iter().filter(|shown| **shown).count();
                self.style_revision += 1;
                (Arc::new(shown), visible, self.style_revision)
            });
            let mask = kept.filter(|_| same_selection).map(|styles| styles.mask);
            let mask = mask.unwrap_or_else(|| Arc::new(cloud.mask(&selection)));
            let styles = color::styles(cloud, &style_inputs.color_by, &self.legend, self.scale.as_ref(), theme, &shown, &mask);
            entry.styles = Some(PointStyles { shown, mask, has_selected, styles, visible, revision });
        }
        self.style_inputs = Some(style_inputs);
    }

    /// The points of a checkpoint and their styles; call [`Scatter::update_styles`] before.
    pub fn styled_cloud(&self, checkpoint: &str) -> Option<(Arc<Cloud>, PointStyles)> {
        let entry = self.clouds.get(checkpoint)?;
        Some((entry.cloud.clone(), entry.styles.clone()?))
    }

    /// The points of a checkpoint.
    pub fn cloud(&self, checkpoint: &str) -> Option<&Arc<Cloud>> {
        self.clouds.get(checkpoint).map(|entry| &entry.cloud)
    }

    /// Sets the cursor to an image outside of the panels.
    pub fn set_cursor(&mut self, image: ImageKey) {
        self.cursor.at = Some((String::new(), image));
    }

    /// The role of an image, if a checkpoint knows it.
    pub fn role_of(&self, (dataset, position): &ImageKey) -> Option<Role> {
        self.clouds.values().find_map(|entry| entry.cloud.role_of(entry.cloud.row(dataset, *position)?))
    }

    /// The largest absolute value of a coordinate in all clouds; 0 without points.
    pub fn max_abs(&self) -> f32 {
        self.clouds.values().map(|entry| entry.cloud.max_abs).fold(0.0, f32::max)
    }

    /// All images of all clouds.
    pub fn all_images(&self) -> Selection {
        let mut all = Selection::default();
        for entry in self.clouds.values() {
            all.apply(entry.cloud.selection(0..entry.cloud.len() as u32), flatland_core::session::SelectMode::Add);
        }
        all
    }

    /// The names of all scores, in order.
    pub fn scores(&self) -> Vec<String> {
        let names: IndexSet<&String> = self.clouds.values().flat_map(|entry| entry.cloud.scores.keys()).collect();
        names.into_iter().cloned().collect()
    }

    /// The nearest images of a row, if they are known.
    pub fn neighbours(&self, checkpoint: &str, row: u32) -> Option<&[(u32, f32)]> {
        let embedding = self.cloud(checkpoint)?.embedding.as_ref()?;
        let neighbours =
            self.neighbours.as_ref().filter(|neighbours| neighbours.row == row && Arc::ptr_eq(&neighbours.embedding, embedding))?;
        Some(&neighbours.found)
    }

    /// The search for the nearest images of the pinned image; `None` when they are known or another search is running.
    pub fn neighbour_search(&mut self) -> Option<Box<dyn FnOnce() -> ScatterResult + Send>> {
        let (checkpoint, (dataset, position)) = self.pinned.as_ref()?;
        let cloud = self.cloud(checkpoint)?;
        let (row, embedding) = (cloud.row(dataset, *position)?, cloud.embedding.clone()?);
        if self.requested.neighbours || self.neighbours(checkpoint, row).is_some() {
            return None;
        }
        self.requested.neighbours = true;
        Some(Box::new(move || {
            let found = neighbours::nearest(&embedding, row);
            ScatterResult::Neighbours(Neighbours { embedding, row, found })
        }))
    }

    /// Stores the result of a search for neighbours.
    pub fn insert_neighbours(&mut self, neighbours: Neighbours) {
        self.requested.neighbours = false;
        self.neighbours = Some(neighbours);
    }

    /// Removes what belongs to the datasets of another session; the settings stay.
    pub fn forget(&mut self) {
        self.images.clear();
        (self.cursor, self.pinned, self.neighbours) = (Cursor::default(), None, None);
    }
}
