//! The landscape tab: L(θ + αδ + βη), or L(x + αd₁ + βd₂) around an image, as maps or surfaces with contour lines and shared colours;
//! beside them a plot of the sections through the cursor, and the picked node. Landscapes of one dimension are curves.

mod cells;
mod controls;
mod curves;
mod cuts;
mod figure;
mod map;
mod picked;
mod projections;
mod surface;
mod toolbar;
mod with_panel;

use std::collections::BTreeMap;

use egui::{Rect, Ui, pos2};

use super::{Scene, panel_header};
use crate::figure::number::{fixed, with_error};
use crate::figure::{ClassColors, ColorScale, Coloring, Colormap, Spacing as Spaced, are_curves};
use crate::ui::command::Command;
use crate::ui::command::landscape::LandscapeCommand;
use crate::ui::state::cursor::Cursor;
use crate::ui::state::number::share;
use crate::ui::state::store::{JobSummary, Landscape, Store, job_summary};
use crate::ui::style::theme;
use crate::ui::style::widget::color_bar::ColorBar;
use crate::ui::style::widget::grid::{Panel, Spacing, layout};
use crate::ui::style::widget::picture::Picture;
use crate::ui::style::widget::reading::{empty, reading};
use crate::ui::style::widget::{class_legend, color_bar};
use crate::ui::view::{Drafts, TabInfo, TabView};
use crate::ui::work::export::Export;
use flatland_core::job::Analysis;
use flatland_core::result::{LossSurface, Quantity, capital};
use flatland_core::session::{CheckpointEntry, ColorSettings, Extents, LandscapeForm, Link, Links, PickedCell, Session, Tab, Theme};

use cells::{Shown, center_facts, class_text, loss_text, symbol, value_at};
use with_panel::with_panel;

/// Width of the colour bar with its ticks, points.
const BAR: f32 = 70.0;
/// Number of contour levels, as in the figures.
const LEVELS: usize = 11;

/// State of the tab between frames.
#[derive(Default)]
pub struct LandscapeTab {
    /// The visible range of the sections' values.
    section: Option<[f64; 2]>,
    /// The visible parts of the planes in this frame.
    extents: Extents,
    shown: Shown,
    pictures: BTreeMap<(String, String), Picture>,
    reliefs: BTreeMap<(String, String), surface::Cache>,
    bars: color_bar::State,
    /// Grid node under the pointer: (α, β).
    cursor: Cursor<[f64; 2]>,
}

impl LandscapeTab {
    /// Names of the checkpoints with kept data, for tests.
    #[cfg(test)]
    pub(in crate::ui) fn kept(&self) -> std::collections::BTreeSet<&str> {
        let made = self.shown.checkpoints();
        made.chain(self.pictures.keys().chain(self.reliefs.keys()).map(|(checkpoint, _)| checkpoint.as_str())).collect()
    }

    /// Removes what was computed from landscapes that were removed or have changed.
    fn prune(&mut self, store: &Store) {
        let is_there = |checkpoint: &str, revision: u64| {
            let mut found = store.landscapes.iter().chain(&store.differences);
            found.any(|((name, _), landscape)| name == checkpoint && landscape.revision == revision)
        };
        self.shown.retain(is_there);
        self.pictures.retain(|(checkpoint, _), picture| picture.revision().is_some_and(|revision| is_there(checkpoint, revision)));
        self.reliefs.retain(|(checkpoint, _), relief| relief.revision().is_some_and(|revision| is_there(checkpoint, revision)));
    }
}

/// The colours of one panel or of all.
struct Colors {
    /// Key of the settings in the session.
    key: String,
    /// Name shown in the window.
    name: String,
    settings: ColorSettings,
    scale: ColorScale,
    map: Colormap,
    levels: Vec<f64>,
    clipped: [usize; 2],
    /// The colours of classes, used instead of the scale's if values are classes.
    classes: Option<ClassColors>,
}

impl Colors {
    /// The colours for these surfaces together; `of` is the checkpoint if panels are not linked. `None` while there is no value.
    fn of(scene: &Scene<'_>, surfaces: &[&LossSurface], of: &str) -> Option<Self> {
        let first = surfaces.first()?;
        let key = format!("{}{of}", first.value_key());
        let settings = scene.session.view.landscape.colors(&key);
        let classes = ClassColors::of(surfaces.iter().copied());
        let scale = match &classes {
            // Used for the axis of sections only.
            Some(classes) => ColorScale::over(0.0, classes.classes().last()? as f64 + 0.5, Spaced::Linear)?,
            None => ColorScale::chosen(surfaces, &settings)?,
        };
        Some(Self {
            name: format!("{}{of}", first.value_label()),
            settings,
            scale,
            map: crate::figure::chosen_colormap(first, &settings),
            levels: scale.levels(LEVELS),
            clipped: scale.clipped(surfaces.iter().copied()),
            classes,
            key,
        })
    }

    /// The colouring of values.
    fn coloring(&self, theme: Theme) -> Coloring {
        match &self.classes {
            Some(classes) => Coloring::Classes(classes.clone(), theme),
            None => Coloring::Scale(self.scale, self.map),
        }
    }
}

/// What all panels share.
struct Shared<'a> {
    colors: Option<Colors>,
    cursor: Cursor<[f64; 2]>,
    links: Links,
    alpha: [f64; 2],
    beta: [f64; 2],
    quantity: Option<Quantity>,
    surfaces: Vec<(usize, &'a LossSurface)>,
}

struct Subject<'a> {
    index: usize,
    color: usize,
    name: &'a str,
    dataset: &'a str,
    panel: &'a Panel,
    landscape: Option<&'a Landscape>,
    colors: Option<&'a Colors>,
    job_summary: Option<JobSummary>,
}

impl TabView for LandscapeTab {
    fn info(&self) -> TabInfo {
        TabInfo {
            key: "landscape",
            title: "Landscape",
            analysis: Some(Analysis::Landscape),
            links: &[Link::Axes, Link::Colors, Link::Cursor],
            empty_sentence: Some(
                "Open a checkpoint to see its loss landscape: type its path at the left, press Open…, or drop the file here.",
            ),
            has_controls: true,
        }
    }

    fn controls(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, _: &mut Drafts<'_>) {
        ui.horizontal(|ui| controls::show(ui, scene));
    }

    fn draw(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, _: &mut Drafts<'_>) {
        draw(ui, scene, self, scene.quantity);
        self.prune(scene.store);
    }

    fn figure(&self, scene: &Scene<'_>) -> Option<Export> {
        figure::of(scene)
    }
}

fn draw(ui: &mut Ui, scene: &mut Scene<'_>, state: &mut LandscapeTab, quantity: Option<Quantity>) {
    let Some(dataset) = scene.dataset else {
        return empty(ui, "Open images of the role ID or ID train, on which the loss can be measured.");
    };
    let landscapes = state.shown.of(scene, dataset, quantity);
    // A checkpoint without a panel may have a landscape of a plane that was shown before.
    let surface = |(i, (color, _)): (usize, (usize, &CheckpointEntry))| Some((color, landscapes.get(i)?.as_ref()?.surface.as_ref()));
    let surfaces: Vec<(usize, &LossSurface)> = with_panel(scene).into_iter().filter_map(surface).collect();
    let all: Vec<&LossSurface> = surfaces.iter().map(|(_, surface)| *surface).collect();
    let is_curve = if all.is_empty() { scene.session.landscape.is_line() } else { are_curves(all.iter().copied()) };
    toolbar::show(ui, scene, &surfaces, is_curve);
    let (alpha, beta) = match surfaces.first() {
        Some((_, surface)) => (ends(&surface.alpha), ends(&surface.beta)),
        None => {
            let (alpha, beta) = scene.session.landscape.axes();
            (ends(&alpha), ends(&beta))
        }
    };
    let (links, cursor) = (scene.session.view.links, state.cursor.clone());
    let shared = Shared { colors: Colors::of(scene, &all, ""), cursor, links, alpha, beta, quantity, surfaces };
    let mut area = ui.available_rect_before_wrap();
    if let Some(cell) = scene.session.view.landscape.picked.clone() {
        let card = area.with_min_x(area.right() - picked::WIDTH);
        area.max.x = card.left() - 24.0;
        picked::show(ui, scene, card, &cell, dataset, &landscapes);
    }
    if is_curve {
        curves::show(ui, scene, state, &shared, area, dataset, &landscapes);
    } else {
        panels(ui, scene, state, &shared, area, dataset, &landscapes);
    }
}

/// Draws the panels, the sections beside them, and the colour bars.
fn panels(
    ui: &mut Ui,
    scene: &mut Scene<'_>,
    state: &mut LandscapeTab,
    shared: &Shared<'_>,
    area: Rect,
    dataset: &str,
    landscapes: &[Option<Landscape>],
) {
    let shown = with_panel(scene);
    let links = shared.links;
    // One cell more than checkpoints, for the sections.
    let (n, space) = (shown.len(), space(scene.session.view.landscape.form, links.colors));
    let panels = layout(area.with_max_x(area.right() - BAR), n + 1, Some(1.0), f32::INFINITY, space);
    state.extents = scene.extents(Tab::LANDSCAPE);
    let mut cursor = Cursor::default();
    let mut changed: Vec<(String, ColorSettings)> = Vec::new();
    for (panel, (i, (color, checkpoint))) in panels.iter().zip(shown) {
        let job = scene.store.job(Analysis::Landscape, &checkpoint.name, Some(dataset)).map(|(_, job)| job);
        let landscape = landscapes[i].as_ref();
        let own = landscape.filter(|_| !links.colors);
        let own = own.and_then(|found| Colors::of(scene, &[&found.surface], &format!(" of {}", checkpoint.name)));
        let colors = if links.colors { shared.colors.as_ref() } else { own.as_ref() };
        let subject = Subject { index: i, color, name: &checkpoint.name, dataset, panel, landscape, colors, job_summary: job_summary(job) };
        let hovered = panel_of(ui, scene.session, scene.commands, state, shared, subject);
        if let Some(node) = hovered {
            cursor.at = Some((checkpoint.name.clone(), node));
        }
        if let Some(own) = &own {
            let bar =
                Rect::from_min_max(pos2(panel.plot.right() + 10.0, panel.plot.top()), pos2(panel.plot.right() + 20.0, panel.plot.bottom()));
            changed.extend(bar_of(ui, bar, own, landscape.map(|found| found.surface.as_ref()), &mut state.bars));
        }
    }
    if let (Some(colors), Some(cell)) = (&shared.colors, panels.last()) {
        cuts::show(ui, &scene.session.view.landscape, state, shared, colors, cell, n);
        if links.colors {
            let first = shared.surfaces.first().map(|(_, surface)| *surface);
            changed.extend(bar_of(ui, bar_place(&panels), colors, first, &mut state.bars));
        }
    }
    scene.set_extents(Tab::LANDSCAPE, std::mem::take(&mut state.extents));
    scene.commands.extend(changed.into_iter().map(|(key, settings)| Command::Landscape(LandscapeCommand::Colors(key, settings))));
    if cursor != state.cursor {
        state.cursor = cursor;
        ui.ctx().request_repaint();
    }
}

/// Space around the panels.
fn space(form: LandscapeForm, one_bar: bool) -> Spacing {
    let gap = if one_bar { 30.0 } else { BAR + 14.0 };
    match form {
        LandscapeForm::Map => Spacing { left: 48.0, right: 0.0, header: 44.0, footer: 40.0, below: 0.0, gap },
        LandscapeForm::Surface => Spacing { left: 12.0, right: 0.0, header: 44.0, footer: 40.0, below: 0.0, gap: gap.max(34.0) },
    }
}

/// Place of the shared colour bar: right of the first row.
fn bar_place(panels: &[Panel]) -> Rect {
    let right = panels.iter().map(|panel| panel.plot.right()).fold(0.0, f32::max);
    let top = panels[0].plot.top();
    let bottom = panels.iter().filter(|panel| panel.plot.top() == top).map(|panel| panel.plot.bottom()).fold(0.0, f32::max);
    Rect::from_min_max(pos2(right + 20.0, top), pos2(right + 32.0, bottom))
}

/// Draws a colour bar, or the legend of classes; `first` is one of the surfaces.
fn bar_of(
    ui: &mut Ui,
    rect: Rect,
    colors: &Colors,
    first: Option<&LossSurface>,
    state: &mut color_bar::State,
) -> Option<(String, ColorSettings)> {
    let Colors { key, name, settings, scale, map, levels, clipped, classes } = colors;
    if let Some(classes) = classes {
        class_legend::show(ui, rect, classes, |class| first.map_or(String::new(), |surface| surface.class_name(class)));
        return None;
    }
    let bar = ColorBar { label: symbol(first), name, scale: *scale, colors: *map, levels, settings: *settings, clipped: *clipped };
    color_bar::show(ui, rect, &bar, state).map(|settings| (key.clone(), settings))
}

/// Draws a panel; returns the grid node under the pointer.
fn panel_of(
    ui: &mut Ui,
    session: &Session,
    commands: &mut Vec<Command>,
    state: &mut LandscapeTab,
    shared: &Shared<'_>,
    subject: Subject<'_>,
) -> Option<[f64; 2]> {
    let view = &session.view.landscape;
    let color = theme::checkpoint(ui, subject.color);
    let surface = subject.landscape.map(|landscape| landscape.surface.as_ref());
    let cursor = shared.cursor.of(shared.links.cursor, subject.name);
    let at_cursor = surface.zip(cursor).and_then(|(surface, cursor)| value_at(surface, cursor));
    let facts = surface.and_then(center_facts);
    let value = at_cursor.map(|k| surface.map_or(String::new(), |s| loss_text(s, k)));
    commands.extend(panel_header(ui, subject.panel.header, subject.name, color, facts, subject.job_summary.clone(), value));
    let picked = view.picked.as_ref().filter(|cell| cell.checkpoint == subject.name).map(|cell| [cell.alpha, cell.beta]);
    let marks = Marks { cursor, picked };
    let (response, node) = match view.form {
        LandscapeForm::Map => map::show(ui, session, state, shared, &subject, marks),
        LandscapeForm::Surface => surface::show(ui, session, commands, state, shared, &subject, marks),
    };
    let (surface, node) = (surface?, node?);
    let k = value_at(surface, node)?;
    if response.clicked() {
        let [alpha, beta] = node;
        let cell = PickedCell { checkpoint: subject.name.into(), alpha, beta };
        commands.push(Command::Landscape(LandscapeCommand::Pick(Some(cell))));
    }
    if !response.dragged() {
        let title = format!("{}   α {}   β {}", subject.name, fixed(node[0], 2), fixed(node[1], 2));
        reading(ui, response.id, &title, &readings(surface, shared.quantity, k));
    }
    Some(node)
}

/// Nodes that are marked.
#[derive(Clone, Copy)]
struct Marks {
    cursor: Option<[f64; 2]>,
    picked: Option<[f64; 2]>,
}

/// Values of a cell, for the card at the pointer.
fn readings(surface: &LossSurface, quantity: Option<Quantity>, k: usize) -> Vec<(Option<egui::Color32>, String, String)> {
    let mut rows = vec![(None, surface.value_title(), loss_text(surface, k))];
    if surface.count[k] > 0 {
        if surface.manifest.input.is_none() {
            if quantity != Some(Quantity::Accuracy) {
                rows.push((None, "Accuracy".into(), share(surface.accuracy[k], surface.count[k] as usize)));
            }
            rows.push((None, "Images".into(), crate::ui::state::number::count(u64::from(surface.count[k]))));
        }
        for (other, map) in surface.maps.iter().filter(|(other, _)| quantity != Some(**other)) {
            let value = if other.is_class() { class_text(surface, map.value[k]) } else { with_error(map.value[k], map.std_error[k]) };
            rows.push((None, capital(surface.quantity_label(*other)), value));
        }
    }
    rows
}

fn ends(axis: &[f64]) -> [f64; 2] {
    match axis {
        [] => [-1.0, 1.0],
        [only] => [only - 0.5, only + 0.5],
        [first, .., last] => [*first, *last],
    }
}
