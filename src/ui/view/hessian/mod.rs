//! The Hessian tab: spectral densities on shared axes with the extreme eigenvalues as marks, and numbers below each.

mod figure;
mod layers;

use std::sync::Arc;

use egui::{Align, Color32, Id, Layout, Rect, RichText, Role as WidgetRole, Shape, Stroke, Ui, UiBuilder, Vec2, WidgetInfo, pos2};

use super::{Scene, panel_header};
use crate::figure::number::significant;
use crate::figure::{DENSITY_DECADES, HessianFigure, Panel};
use crate::ui::command::Command;
use crate::ui::state::cursor::Cursor;
use crate::ui::state::number::{count, with_residual};
use crate::ui::state::store::{Store, analysis_of, dataset_of, job_summary};
use crate::ui::style::theme;
use crate::ui::style::widget::axes::{Axes, Axis, Canvas, Scale};
use crate::ui::style::widget::grid::{Spacing, layout_above_tables};
use crate::ui::style::widget::reading::{cell, empty, reading};
use crate::ui::view::dataset_menu::{dataset_menu, layers_note, loss_note, note};
use crate::ui::view::memo::Memo;
use crate::ui::view::{Drafts, TabInfo, TabView};
use crate::ui::work::export::Export;
use flatland_core::job::Analysis;
use flatland_core::result::HessianSpectrum;
use flatland_core::session::{Link, Session, Tab};

const SPACE: Spacing = Spacing { left: 62.0, right: 8.0, header: 44.0, footer: 50.0, below: 0.0, gap: 16.0 };
const ROW: f32 = 21.0;

/// State of the tab between frames.
#[derive(Default)]
pub struct HessianTab {
    /// λ under the pointer.
    cursor: Cursor<f64>,
    densities: Memo<HessianSpectrum, Arc<Densities>>,
    /// Whether layers are shown instead of spectra, if there are some.
    shows_layers: bool,
    layers: layers::State,
}

/// Densities on a shared range of λ.
struct Densities {
    range: [f64; 2],
    /// log10 of the smallest and largest density on the axis.
    decades: [f64; 2],
    /// [λ, density] of each spectrum.
    curves: Vec<Vec<[f64; 2]>>,
}

/// The dataset of the tab: the chosen one if it has a Hessian, else the first in the settings, else the chosen one.
pub fn dataset<'a>(session: &'a Session, store: &Store, chosen: Option<&'a str>) -> Option<&'a str> {
    let is_asked = |name: &str| {
        store.jobs.values().any(|job| analysis_of(&job.spec) == Some(Analysis::Hessian) && dataset_of(&job.spec) == Some(name))
    };
    let named = || session.hessian.as_ref().and_then(|settings| settings.datasets.first()).map(String::as_str);
    chosen.filter(|name| is_asked(name)).or_else(named).or(chosen)
}

/// Draws what is shown, and on which images.
fn choices(ui: &mut Ui, scene: &mut Scene<'_>) {
    let Some(settings) = &scene.session.hessian else { return };
    let Some(dataset) = dataset(scene.session, scene.store, scene.dataset) else { return };
    ui.spacing_mut().item_spacing.x = 10.0;
    dataset_menu(ui, scene, dataset);
    let (steps, probes) = settings.density.size();
    let density = if probes > 0 { format!(", density by {probes} probes of {steps} Lanczos steps") } else { String::new() };
    let text = format!("Hessian of the mean loss at θ: {} largest eigenvalues and the smallest{density}", settings.top);
    note(ui, &format!("{text}{}{}", layers_note(&settings.layers), loss_note(&settings.loss)));
}

impl TabView for HessianTab {
    fn info(&self) -> TabInfo {
        TabInfo {
            key: "hessian",
            title: "Hessian",
            analysis: Some(Analysis::Hessian),
            links: &[Link::Axes, Link::Cursor],
            empty_sentence: Some("Open a checkpoint to see the curvature of its loss."),
            has_controls: true,
        }
    }

    fn controls(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, _: &mut Drafts<'_>) {
        ui.horizontal(|ui| choices(ui, scene));
    }

    fn draw(&mut self, ui: &mut Ui, scene: &mut Scene<'_>, _: &mut Drafts<'_>) {
        show(ui, scene, self);
    }

    fn figure(&self, scene: &Scene<'_>) -> Option<Export> {
        figure::of(scene)
    }
}

fn show(ui: &mut Ui, scene: &mut Scene<'_>, state: &mut HessianTab) {
    let Some(dataset) = dataset(scene.session, scene.store, scene.dataset) else {
        return empty(ui, "Open images of the role ID or ID train, on which the loss can be measured.");
    };
    if scene.session.hessian.is_none() {
        return offer(ui, scene);
    }
    let found: Vec<_> = scene.session.shown().map(|(color, entry)| (color, entry, spectrum(scene, &entry.name, dataset))).collect();
    if found.iter().any(|(.., found)| found.is_some_and(|spectrum| !spectrum.layers.is_empty())) {
        ui.horizontal(|ui| {
            for (layers, label) in [(false, "Spectrum"), (true, "Layers")] {
                if ui.selectable_label(state.shows_layers == layers, label).clicked() {
                    state.shows_layers = layers;
                }
            }
        });
        if state.shows_layers {
            let spectra: Vec<_> = found.iter().filter_map(|(color, entry, found)| Some((entry.name.as_str(), *color, (*found)?))).collect();
            return layers::show(ui, &spectra, dataset, &mut state.layers);
        }
    }
    let densities = densities(state, &found.iter().filter_map(|(.., found)| *found).collect::<Vec<_>>());
    let area = ui.available_rect_before_wrap();
    let rows = found.iter().filter_map(|(.., found)| *found).map(|spectrum| numbers_of(spectrum).len()).max().unwrap_or(0);
    let table = if rows > 0 { rows as f32 * ROW + 6.0 } else { 0.0 };
    let (places, below) = layout_above_tables(area, found.len(), 520.0, Spacing { below: table, ..SPACE });
    let (links, mut cursor, mut moved) = (scene.session.view.links, Cursor::default(), None);
    // Without a spectrum there is no scale, and ticks would have no meaning.
    let is_known = found.iter().any(|(.., found)| found.is_some());
    let scale = |scale: Scale| if is_known { scale } else { Scale::NoTicks };
    let mut extents = scene.extents(Tab::HESSIAN);
    // Index among the known spectra, as the densities count them.
    let mut nth = 0;
    for (place, (color, entry, found)) in places.iter().zip(found) {
        let (name, color) = (entry.name.as_str(), theme::checkpoint(ui, color));
        let job = scene.store.job(Analysis::Hessian, name, Some(dataset)).map(|(_, job)| job);
        moved = panel_header(ui, place.header, name, color, found.map(|found| facts(found)), job_summary(job), None).or(moved);
        let x = Axis { label: "λ", range: densities.range, scale: scale(Scale::Linear), labelled: true };
        let y = Axis { label: "density", range: densities.decades, scale: scale(Scale::Log10), labelled: place.first };
        let axes = Axes::new(Id::unique(("hessian", name)), x, y, color);
        let curve = if found.is_some() { densities.curves.get(nth) } else { None };
        nth += usize::from(found.is_some());
        let remembered = state.cursor.of(links.cursor, name);
        let mut extent = extents.of(links.axes, name);
        let (canvas, ()) = axes.show(ui, place.plot, &mut extent, |ui, canvas| {
            if let Some(lambda) = remembered {
                canvas.painter.vline(canvas.at(lambda, 0.0).x, canvas.rect().y_range(), Stroke::new(1.0, theme::of(ui).hairline));
            }
            if let (Some(curve), Some(spectrum)) = (curve, found) {
                draw(canvas, curve, densities.decades[0], spectrum, color);
            }
        });
        extents.set(links.axes, name, extent);
        canvas.response.widget_info(|| WidgetInfo::labeled(WidgetRole::Image, true, summary(name, dataset, found.map(|found| &**found))));
        if let Some(pointer) = canvas.pointer() {
            cursor.at = Some((name.to_owned(), pointer.x));
            if let Some(spectrum) = found {
                hover(ui, &canvas, spectrum, curve, pointer.x);
            }
        }
        if let (Some(spectrum), true) = (found, below > 0.0) {
            let top = place.plot.bottom() + SPACE.footer;
            numbers(ui, Rect::from_min_size(pos2(place.plot.left(), top), Vec2::new(place.plot.width(), table)), spectrum);
        }
    }
    scene.commands.extend(moved);
    scene.set_extents(Tab::HESSIAN, extents);
    if cursor != state.cursor {
        state.cursor = cursor;
        ui.ctx().request_repaint();
    }
}

/// For a session without settings of the Hessian: describes it, and draws the button that adds them.
fn offer(ui: &mut Ui, scene: &mut Scene<'_>) {
    let area = ui.available_rect_before_wrap();
    empty(ui, "This session does not include the Hessian: its largest eigenvalues, trace and spectral density.");
    let below =
        Rect::from_center_size(area.center() + Vec2::new(0.0, 46.0 - area.height() * 0.08), Vec2::new(area.width().min(460.0), 60.0));
    ui.scope_builder(UiBuilder::new().max_rect(below).layout(Layout::top_down(Align::Center)), |ui| {
        ui.add_space(18.0);
        if ui.button("Compute the Hessian").clicked() {
            scene.commands.push(Command::AddHessian);
        }
        let note = "Several hundred products with the Hessian for each checkpoint: minutes on a CPU.";
        ui.label(RichText::new(note).font(theme::small()).color(theme::of(ui).weak));
    });
}

fn spectrum<'a>(scene: &Scene<'a>, name: &str, dataset: &str) -> Option<&'a Arc<HessianSpectrum>> {
    scene.store.hessian_so_far(name, dataset)
}

/// The densities on shared axes, computed again only when the spectra have changed.
fn densities(state: &mut HessianTab, spectra: &[&Arc<HessianSpectrum>]) -> Arc<Densities> {
    if let Some(densities) = state.densities.get(spectra) {
        return densities.clone();
    }
    let panels = spectra.iter().map(|spectrum| Panel { name: "", color: 0, result: &***spectrum }).collect();
    let figure = HessianFigure { panels };
    let (low, high) = figure.range();
    let curves = figure.densities((low, high));
    let peak = curves.iter().flatten().map(|point| point[1]).fold(0.0, f64::max);
    let peak = if peak > 0.0 { peak.log10() } else { 0.0 };
    let densities = Arc::new(Densities { range: [low, high], decades: [peak - DENSITY_DECADES, peak + 0.5], curves });
    state.densities.set(spectra, densities.clone());
    densities
}

/// Draws the density as a line over a faint fill, and a mark from the bottom at each eigenvalue.
fn draw(canvas: &Canvas, curve: &[[f64; 2]], floor: f64, spectrum: &HessianSpectrum, color: Color32) {
    let height = |density: f64| if density > 0.0 { density.log10().max(floor - 0.5) } else { floor - 0.5 };
    let line: Vec<_> = curve.iter().map(|[lambda, density]| canvas.at(*lambda, height(*density))).collect();
    canvas.painter.add(Shape::line(line, Stroke::new(1.75, color)));
    let bottom = canvas.rect().bottom();
    for eigenvalue in spectrum.top.iter().chain([&spectrum.lambda_min]) {
        let x = canvas.at(eigenvalue.value, 0.0).x;
        canvas.painter.vline(x, (bottom - 12.0)..=bottom, Stroke::new(2.0, color));
    }
}

fn hover(ui: &Ui, canvas: &Canvas, spectrum: &HessianSpectrum, curve: Option<&Vec<[f64; 2]>>, lambda: f64) {
    let mut rows = Vec::new();
    let near = |point: &&[f64; 2]| (point[0] - lambda).abs();
    if let Some(point) = curve.and_then(|curve| curve.iter().min_by(|a, b| near(a).total_cmp(&near(b)))) {
        rows.push((None, "density".to_owned(), significant(point[1], 2)));
    }
    let reach = (canvas.transform.bounds().max()[0] - canvas.transform.bounds().min()[0]) * f64::from(8.0 / canvas.rect().width());
    for (name, value, error) in numbers_of(spectrum).into_iter().filter(|(name, ..)| name.starts_with('λ')) {
        if (value - lambda).abs() < reach {
            rows.push((None, name, with_residual(value, error)));
        }
    }
    reading(ui, canvas.response.id, &format!("λ = {}", significant(lambda, 3)), &rows);
}

/// ‖∇L‖, and the images and parameters of the spectrum.
fn facts(spectrum: &HessianSpectrum) -> String {
    let converged = if spectrum.converged { "" } else { " · not converged" };
    let images = count(spectrum.samples as u64);
    let warning = spectrum.warning.as_ref().map_or(String::new(), |warning| format!("{warning} · "));
    format!(
        "{warning}‖∇L(θ)‖ {} · {images} images · {} products{converged}",
        significant(spectrum.gradient_norm, 2),
        count(spectrum.products)
    )
}

/// Name, value and error: the eigenvalues from the largest on, the smallest, the trace.
fn numbers_of(spectrum: &HessianSpectrum) -> Vec<(String, f64, f64)> {
    let subscript =
        |k: usize| k.to_string().chars().map(|c| char::from_u32('₀' as u32 + c as u32 - '0' as u32).unwrap_or(c)).collect::<String>();
    let top = spectrum.top.iter().enumerate().map(|(k, e)| (format!("λ{}", subscript(k + 1)), e.value, e.residual));
    let mut numbers: Vec<_> = top.collect();
    numbers.push(("λ min".into(), spectrum.lambda_min.value, spectrum.lambda_min.residual));
    numbers.extend(spectrum.trace.map(|trace| ("trace".into(), trace.value, trace.std_error)));
    numbers
}

fn numbers(ui: &mut Ui, rect: Rect, spectrum: &HessianSpectrum) {
    let palette = theme::of(ui);
    for (k, (name, value, error)) in numbers_of(spectrum).into_iter().enumerate() {
        let row = Rect::from_min_size(rect.min + Vec2::new(0.0, k as f32 * ROW), Vec2::new(rect.width(), ROW));
        if k > 0 {
            ui.painter().hline(row.x_range(), row.top(), Stroke::new(1.0, palette.grid));
        }
        cell(ui, row, false, RichText::new(name).color(palette.weak));
        cell(ui, row, true, RichText::new(with_residual(value, error)).color(palette.text));
    }
}

fn summary(name: &str, dataset: &str, spectrum: Option<&HessianSpectrum>) -> String {
    let Some(spectrum) = spectrum else { return format!("Hessian of {name} on {dataset}, nothing computed yet") };
    let values: Vec<String> =
        numbers_of(spectrum).into_iter().map(|(name, value, error)| format!("{name} {}", with_residual(value, error))).collect();
    format!("Hessian of {name} on {dataset}, {}", values.join(", "))
}
