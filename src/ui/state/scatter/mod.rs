//! The scatter of the embedding tab as the window keeps it: what a person would want back ([`ScatterView`]), and what is made of it
//! and of the results: arranged points, their colours, images, neighbours. Deliberately absent: drawing (that is `view::scatter`).

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

use indexmap::IndexMap;

use crate::figure::{ColorScale, Theme};
use crate::ui::state::cursor::Cursor;
use crate::ui::state::scatter::cloud::Cloud;
use crate::ui::state::scatter::images::Images;
use crate::ui::state::store::{Points, Store};
use flatland_core::result::{Embedding, ScoreTable};
use flatland_core::session::{Category, ColorBy, Links, Role, ScatterView, Selection, Session};

/// Embeddings of up to this many points are arranged at once, within a frame's time; larger ones in the background.
const AT_ONCE: usize = 30_000;

/// The nearest images of one. Rows mean something within their embedding only, so it is kept with them.
pub struct Near {
    embedding: Arc<Embedding>,
    row: u32,
    /// Rows and their distances, nearest first.
    found: Vec<(u32, f32)>,
}

/// An image by dataset and position.
pub type ImageKey = (String, i64);

/// Slow work for the scatter that is finished.
pub enum Found {
    /// The points of a checkpoint were arranged.
    Cloud(String, Arc<Cloud>, Made),
    /// The nearest images of a row of an embedding.
    Neighbours(Near),
}

/// What a cloud was made of.
#[derive(Clone)]
pub enum Made {
    /// A t-SNE under way, by iteration and number of points.
    Live(usize, usize),
    /// A finished embedding and scores. They are kept, so an address means the same as long as it is compared.
    Finished(Arc<Embedding>, Option<Arc<ScoreTable>>),
}

impl Made {
    fn is(&self, other: &Made) -> bool {
        match (self, other) {
            (Made::Live(a, n), Made::Live(b, m)) => a == b && n == m,
            (Made::Finished(a, s), Made::Finished(b, t)) => {
                let same = |(s, t): (&Arc<ScoreTable>, &Arc<ScoreTable>)| Arc::ptr_eq(s, t);
                Arc::ptr_eq(a, b) && s.is_some() == t.is_some() && s.as_ref().zip(t.as_ref()).is_none_or(same)
            }
            _ => false,
        }
    }
}

/// What a cloud looks like under the present view.
#[derive(Clone)]
pub struct Dress {
    /// Which rows are shown.
    pub shown: Arc<Vec<bool>>,
    /// Which rows are selected.
    pub mask: Arc<Vec<bool>>,
    /// Whether something is selected here, so that the rest steps back.
    pub selects: bool,
    /// Colours and flags by place.
    pub styles: Arc<Vec<[u8; 4]>>,
    /// Rows that are shown.
    pub visible: usize,
    /// Grows with every change of `shown`, here and everywhere.
    pub revision: u64,
}

/// The points of a checkpoint.
pub struct Entry {
    /// The points.
    pub cloud: Arc<Cloud>,
    made: Made,
    dress: Option<Dress>,
}

/// What the colours depend on.
struct Worn {
    color_by: ColorBy,
    hidden: std::collections::BTreeSet<Category>,
    selection: Selection,
    only_in: Option<String>,
    theme: Theme,
    revision: u64,
}

/// What of a checkpoint's points is asked for in the background.
#[derive(Default)]
struct Asked {
    cloud: Option<String>,
    neighbours: bool,
}

/// The scatter.
#[derive(Default)]
pub struct Scatter {
    /// What a person would want back: the session's, from which this is taken before each frame.
    pub view: ScatterView,
    /// What the panels share, likewise.
    pub links: Links,
    /// The search that is being written.
    pub search: String,
    /// Where the selection is written.
    pub export_path: String,
    /// The points of each checkpoint that is shown and has some, in the order of the session.
    pub clouds: IndexMap<String, Entry>,
    /// Grows whenever clouds change.
    pub revision: u64,
    /// Images as textures.
    pub images: Images,
    /// The image under the pointer or the keys.
    pub cursor: Cursor<ImageKey>,
    /// The image whose card stays, and the checkpoint under which it was looked at.
    pub pinned: Option<(String, ImageKey)>,
    /// The legend of `view.color_by`, and the scale of a score.
    pub legend: Vec<color::Entry>,
    /// The scale of the score that gives the colours.
    pub scale: Option<ColorScale>,
    worn: Option<Worn>,
    neighbours: Option<Near>,
    asked: Asked,
    dressed: u64,
}

impl Scatter {
    /// Brings the clouds up to the store: those of the checkpoints that are shown, in their order. What is hidden has no say in range,
    /// legend, scale, search, selection and tables. Gives the work that is too long for a frame.
    pub fn refresh(&mut self, session: &Session, store: &Store) -> Option<Box<dyn FnOnce() -> Found + Send>> {
        let before = self.clouds.len();
        self.clouds.retain(|name, _| session.is_shown(name) && store.embeddings.contains_key(name));
        self.revision += u64::from(self.clouds.len() != before);
        self.pinned.take_if(|(name, _)| !session.is_shown(name));
        let mut work = None;
        for (name, points) in session.shown().filter_map(|(_, entry)| Some((&entry.name, store.embeddings.get(&entry.name)?))) {
            let made = match points {
                Points::Live { iteration, xy, .. } => Made::Live(*iteration, xy.len()),
                Points::Finished(embedding) => Made::Finished(embedding.clone(), store.scores.get(name).cloned()),
            };
            if self.clouds.get(name).is_some_and(|entry| entry.made.is(&made)) {
                continue;
            }
            match points {
                Points::Live { xy, roles, .. } => self.arranged(name.clone(), Arc::new(Cloud::live(xy.clone(), roles)), made),
                Points::Finished(embedding) if embedding.len() <= AT_ONCE => {
                    let scores = store.scores.get(name);
                    self.arranged(name.clone(), Arc::new(Cloud::finished(embedding.clone(), scores.map(Arc::as_ref))), made);
                }
                Points::Finished(embedding) if self.asked.cloud.is_none() => {
                    self.asked.cloud = Some(name.clone());
                    let (name, embedding, scores) = (name.clone(), embedding.clone(), store.scores.get(name).cloned());
                    let arrange = move || Found::Cloud(name, Arc::new(Cloud::finished(embedding, scores.as_deref())), made);
                    work = Some(Box::new(arrange) as Box<dyn FnOnce() -> Found + Send>);
                }
                Points::Finished(_) => {}
            }
        }
        if !self.clouds.keys().map(|name| session.position(name)).is_sorted() {
            self.clouds.sort_by_cached_key(|name, _| session.position(name));
            self.revision += 1;
        }
        let belongs =
            |near: &Near| self.clouds.values().filter_map(|entry| entry.cloud.embedding.as_ref()).any(|e| Arc::ptr_eq(e, &near.embedding));
        if !self.neighbours.as_ref().is_some_and(belongs) {
            self.neighbours = None;
        }
        work
    }

    /// Carries what belongs to a checkpoint over to its new name.
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

    /// Takes in arranged points.
    pub fn arranged(&mut self, name: String, cloud: Arc<Cloud>, made: Made) {
        if self.asked.cloud.as_ref() == Some(&name) {
            self.asked.cloud = None;
        }
        self.revision += 1;
        self.clouds.insert(name, Entry { cloud, made, dress: None });
    }

    /// Gives every cloud the colours of the present view.
    pub fn dress(&mut self, theme: Theme) {
        let ScatterView { color_by, hidden, selection, selected_in, .. } = &self.view;
        let only_in = selected_in.as_ref().filter(|_| !self.links.selection);
        let same = |worn: &Worn| {
            worn.theme == theme
                && worn.revision == self.revision
                && worn.color_by == *color_by
                && worn.hidden == *hidden
                && worn.selection == *selection
                && worn.only_in.as_ref() == only_in
        };
        if self.worn.as_ref().is_some_and(same) {
            return;
        }
        let worn = Worn {
            color_by: color_by.clone(),
            hidden: hidden.clone(),
            selection: selection.clone(),
            only_in: only_in.cloned(),
            theme,
            revision: self.revision,
        };
        let old = self.worn.as_ref();
        if old.is_none_or(|old| old.color_by != worn.color_by || old.revision != worn.revision) {
            let clouds = || self.clouds.values().map(|entry| entry.cloud.as_ref());
            self.legend = color::legend(clouds(), &worn.color_by);
            self.scale = match &worn.color_by {
                ColorBy::Score(name) => color::scale(clouds(), name),
                _ => None,
            };
        }
        let same_hidden = old.is_some_and(|old| old.hidden == worn.hidden);
        let same_selection = old.is_some_and(|old| old.selection == worn.selection && old.only_in == worn.only_in);
        for (name, entry) in &mut self.clouds {
            let cloud = &entry.cloud;
            let kept = entry.dress.take();
            let selects = !worn.selection.is_empty() && worn.only_in.as_ref().is_none_or(|only| only == name);
            let selection = if selects { worn.selection.clone() } else { Selection::default() };
            let shown = kept.as_ref().filter(|_| same_hidden).map(|dress| (dress.shown.clone(), dress.visible, dress.revision));
            let (shown, visible, revision) = shown.unwrap_or_else(|| {
                let shown = color::shown(cloud, &worn.hidden);
                let visible = shown.iter().filter(|shown| **shown).count();
                self.dressed += 1;
                (Arc::new(shown), visible, self.dressed)
            });
            let mask = kept.filter(|_| same_selection).map(|dress| dress.mask);
            let mask = mask.unwrap_or_else(|| Arc::new(cloud.mask(&selection)));
            let styles = color::styles(cloud, &worn.color_by, &self.legend, self.scale.as_ref(), theme, &shown, &mask);
            entry.dress = Some(Dress { shown, mask, selects, styles, visible, revision });
        }
        self.worn = Some(worn);
    }

    /// A checkpoint's points and what they look like; after [`Scatter::dress`].
    pub fn dressed(&self, checkpoint: &str) -> Option<(Arc<Cloud>, Dress)> {
        let entry = self.clouds.get(checkpoint)?;
        Some((entry.cloud.clone(), entry.dress.clone()?))
    }

    /// The points of a checkpoint.
    pub fn cloud(&self, checkpoint: &str) -> Option<&Arc<Cloud>> {
        self.clouds.get(checkpoint).map(|entry| &entry.cloud)
    }

    /// Points at an image outside of the panels.
    pub fn point_at(&mut self, image: ImageKey) {
        self.cursor.at = Some((String::new(), image));
    }

    /// The role of an image, where a checkpoint knows it.
    pub fn role_of(&self, (dataset, position): &ImageKey) -> Option<Role> {
        self.clouds.values().find_map(|entry| entry.cloud.role_of(entry.cloud.row(dataset, *position)?))
    }

    /// The largest magnitude of a coordinate of all clouds; 0 where there is none.
    pub fn reach(&self) -> f32 {
        self.clouds.values().map(|entry| entry.cloud.reach).fold(0.0, f32::max)
    }

    /// All images of all clouds.
    pub fn everything(&self) -> Selection {
        let mut all = Selection::default();
        for entry in self.clouds.values() {
            all.apply(entry.cloud.selection(0..entry.cloud.len() as u32), flatland_core::session::SelectMode::Add);
        }
        all
    }

    /// The names of all scores, in order.
    pub fn scores(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for name in self.clouds.values().flat_map(|entry| entry.cloud.scores.keys()) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    /// The nearest images of a row, if they are known.
    pub fn neighbours(&self, checkpoint: &str, row: u32) -> Option<&[(u32, f32)]> {
        let embedding = self.cloud(checkpoint)?.embedding.as_ref()?;
        let near = self.neighbours.as_ref().filter(|near| near.row == row && Arc::ptr_eq(&near.embedding, embedding))?;
        Some(&near.found)
    }

    /// The search for the nearest images of what is pinned, while they are not known and nothing else is searched for.
    pub fn seek(&mut self) -> Option<Box<dyn FnOnce() -> Found + Send>> {
        let (checkpoint, (dataset, position)) = self.pinned.as_ref()?;
        let cloud = self.cloud(checkpoint)?;
        let (row, embedding) = (cloud.row(dataset, *position)?, cloud.embedding.clone()?);
        if self.asked.neighbours || self.neighbours(checkpoint, row).is_some() {
            return None;
        }
        self.asked.neighbours = true;
        Some(Box::new(move || {
            let found = neighbours::nearest(&embedding, row);
            Found::Neighbours(Near { embedding, row, found })
        }))
    }

    /// Takes in neighbours.
    pub fn found_neighbours(&mut self, near: Near) {
        self.asked.neighbours = false;
        self.neighbours = Some(near);
    }

    /// Forgets what belongs to the datasets of another session; the view stays.
    pub fn forget(&mut self) {
        self.images.clear();
        (self.cursor, self.pinned, self.neighbours) = (Cursor::default(), None, None);
    }
}
