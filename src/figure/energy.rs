//! [`EnergyFigure`]: histograms of a score for ID, CS and SS data, one panel per checkpoint.

use super::layout::{Aspect, Axis, Frame, Margins, PAD, PanelGrid, SMALL, bottom_margin, draw_note, draw_title, draw_x_axis, draw_y_axis};
use super::scale::Spacing;
use super::scene::{Anchor, HAIRLINE, Scene, Shape, fit, text_width};
use super::table::{detection_in_percent, notes};
use super::{Figure, FigureStyle, Panel, ScoreHistograms, palette};
use flatland_core::result::ScoreTable;
use flatland_core::session::{Role, score_info};

/// Height over width of a panel.
const ASPECT: f64 = 0.8;
/// Height of a row of the table below a panel, in em.
const ROW: f64 = 1.2;

/// Overlaid densities of a score on shared bins and axes; below each panel AUROC and FPR@95 of every shifted dataset.
#[derive(Clone, Debug)]
pub struct EnergyFigure<'a> {
    /// One panel per checkpoint.
    pub panels: Vec<Panel<'a, ScoreTable>>,
    /// The score: `energy`, `msp`.
    pub score: String,
    /// Number of bins.
    pub bins: usize,
}

impl EnergyFigure<'_> {
    /// Shifted datasets in the order in which they are shown: name and role.
    fn shifted(&self) -> Vec<(&str, Role)> {
        let mut rows: Vec<(&str, Role)> = Vec::new();
        for role in [Role::Cs, Role::Near, Role::Far] {
            for (name, _) in self.panels.iter().flat_map(|p| &p.result.roles).filter(|(_, key)| *key == role.key()) {
                if !rows.iter().any(|(known, _)| known == name) {
                    rows.push((name, role));
                }
            }
        }
        rows
    }

    /// AUROC and FPR@95 of every row.
    fn detections(&self, table: &ScoreTable, rows: &[(&str, Role)]) -> Vec<[String; 2]> {
        rows.iter().map(|(dataset, _)| detection_in_percent(table, &self.score, dataset)).collect()
    }

    /// The columns of the tables, which are the same below all panels.
    fn columns(&self, frame: &Frame, rows: &[(&str, Role)], font: f64) -> Columns {
        let size = SMALL * font;
        let numbers: Vec<_> = self.panels.iter().flat_map(|panel| self.detections(panel.result, rows)).collect();
        let [auroc, fpr] = [0, 1].map(|k| {
            let texts = numbers.iter().map(|pair| pair[k].as_str()).chain([TITLES[k]]);
            texts.map(|text| text_width(text, size, false)).fold(0.0, f64::max)
        });
        let ends = [frame.to[0] - fpr - 0.8 * size, frame.to[0]];
        Columns { name: ends[0] - auroc - 0.8 * size - frame.from[0], ends }
    }

    pub(super) fn label(&self) -> &'static str {
        score_label(&self.score)
    }
}

/// The axis label of a score.
pub fn score_label(score: &str) -> &'static str {
    match score_info(score) {
        Some(info) => info.axis,
        None if score == "confidence" => "confidence of the network's head",
        None => "score",
    }
}

impl Figure for EnergyFigure<'_> {
    fn panels(&self) -> usize {
        self.panels.len()
    }

    fn scene(&self, style: &FigureStyle) -> Scene {
        let (font, chrome) = (style.font_pt, palette::chrome(style.theme));
        let tables: Vec<&ScoreTable> = self.panels.iter().map(|p| p.result).collect();
        let histograms = ScoreHistograms::new(&tables, &self.score, self.bins);
        let (low, high, max) = match &histograms {
            Some(h) => {
                let (low, high) = (h.edges[0], h.edges[h.edges.len() - 1]);
                (low - 0.02 * (high - low), high + 0.02 * (high - low), h.max.max(f64::MIN_POSITIVE))
            }
            None => (0.0, 1.0, 1.0),
        };
        let axes = |frame: &Frame| {
            let x = Axis::new(low, high, Spacing::Linear, self.label(), frame.width(), font, true);
            (x, Axis::new(0.0, 1.06 * max, Spacing::Linear, "density", frame.height(), font, false))
        };
        let rows = self.shifted();
        let with_lines = |left: f64, axis: f64, lines: usize| {
            let footer = axis + if rows.is_empty() { 0.5 } else { ((lines * rows.len()) as f64 + 1.0) * ROW + 1.2 } * font;
            let margins = Margins { left, right: 0.8 * font, title: 1.75 * font, footer, bottom: 0.0, gap: 1.3 * font };
            PanelGrid::new(self.panels.len(), style, Aspect::Free(ASPECT), &margins)
        };
        let grid = |left: f64, axis: f64| {
            let grid = with_lines(left, axis, 1);
            let lines = self.columns(&grid.frames[0], &rows, font).lines(&rows, font);
            if lines == 1 { grid } else { with_lines(left, axis, lines) }
        };
        let (grid, x, y) = PanelGrid::with_axes(font, grid, axes);
        let axis_room = bottom_margin(&x, font);

        let mut scene = Scene::new(grid.width, grid.height, chrome.background);
        for (k, (panel, frame)) in self.panels.iter().zip(&grid.frames).enumerate() {
            if let Some(h) = &histograms {
                for (role, density) in &h.densities[k] {
                    draw_density(&mut scene, frame, &x, &y, &h.edges, density, palette::role(*role, style.theme));
                }
            }
            scene.frame(frame.from, frame.to, chrome.line);
            draw_title(&mut scene, frame, &style.letter(k), Some(palette::checkpoint(panel.color, style.theme)), panel.name, font, &chrome);
            draw_x_axis(&mut scene, frame, &x, font, &chrome, true);
            draw_y_axis(&mut scene, frame, &y, font, &chrome, frame.first_column);
            let columns = self.columns(frame, &rows, font);
            draw_detection(&mut scene, frame, axis_room, &columns, &self.detections(panel.result, &rows), &rows, style);
        }
        draw_roles(&mut scene, histograms.as_ref(), style);
        let mut note =
            "AUROC and FPR@95 in % ± standard error, OOD positive, against all ID data; FPR@95: ID flagged where at least 95 % of \
                        OOD are; shared bins"
                .to_owned();
        if let Some(n) = histograms.map(|h| h.non_finite).filter(|n| *n > 0) {
            note += &format!("; {n} scores are not finite and not shown");
        }
        note += &notes(&self.panels);
        draw_note(&mut scene, &note, font, &chrome);
        scene
    }
}

/// A filled outline in steps.
fn draw_density(scene: &mut Scene, frame: &Frame, x: &Axis, y: &Axis, edges: &[f64], density: &[f64], color: palette::Rgb) {
    let mut outline = vec![frame.at(x.position(edges[0]), 0.0)];
    for (bin, &value) in edges.windows(2).zip(density) {
        outline.extend(bin.iter().map(|&edge| frame.at(x.position(edge), y.position(value))));
    }
    outline.push(frame.at(x.position(edges[edges.len() - 1]), 0.0));
    scene.shapes.push(Shape::Polygon { points: outline.clone(), fill: color, opacity: 0.2 });
    // Empty bins at both ends would be drawn over the axis.
    let base = frame.to[1];
    let first = outline.iter().position(|p| p[1] < base).unwrap_or(0).saturating_sub(1);
    let last = outline.iter().rposition(|p| p[1] < base).map_or(0, |k| (k + 2).min(outline.len()));
    if first < last {
        scene.line(outline[first..last].to_vec(), color, 1.6 * HAIRLINE);
    }
}

/// The header of the small table below a panel.
const TITLES: [&str; 2] = ["AUROC", "FPR@95"];

/// The columns of that table.
struct Columns {
    /// Space for a name beside the numbers.
    name: f64,
    /// Right ends of the numbers.
    ends: [f64; 2],
}

impl Columns {
    /// Number of lines of a row: names are above their numbers if one is too long to be beside them.
    fn lines(&self, rows: &[(&str, Role)], font: f64) -> usize {
        let long = |(name, _): &(&str, Role)| text_width(name, SMALL * font, false) > self.name;
        if rows.iter().any(long) { 2 } else { 1 }
    }
}

/// The small table below a panel: dataset, AUROC, FPR@95.
fn draw_detection(
    scene: &mut Scene,
    frame: &Frame,
    axis_room: f64,
    columns: &Columns,
    detections: &[[String; 2]],
    rows: &[(&str, Role)],
    style: &FigureStyle,
) {
    if rows.is_empty() {
        return;
    }
    let (font, chrome) = (style.font_pt, palette::chrome(style.theme));
    let size = SMALL * font;
    let top = frame.to[1] + axis_room + 1.3 * size;
    let lines = columns.lines(rows, font);
    for (end, title) in columns.ends.into_iter().zip(TITLES) {
        scene.text([end, top], title, size, Anchor::End, chrome.muted);
    }
    for (k, ((dataset, role), numbers)) in rows.iter().zip(detections).enumerate() {
        let y = top + ((k + 1) * lines) as f64 * ROW * font;
        let color = palette::role(*role, style.theme);
        let (width, above) = if lines == 1 { (columns.name, 0.0) } else { (frame.width(), ROW * font) };
        scene.text([frame.from[0], y - above], fit(dataset, size, false, width), size, Anchor::Start, color);
        for (end, number) in columns.ends.into_iter().zip(numbers) {
            scene.text([end, y], number, size, Anchor::End, chrome.text);
        }
    }
}

/// Roles with their colours in one line.
fn draw_roles(scene: &mut Scene, histograms: Option<&ScoreHistograms>, style: &FigureStyle) {
    let (font, chrome) = (style.font_pt, palette::chrome(style.theme));
    let shown = |role: &Role| histograms.is_some_and(|h| h.densities.iter().flatten().any(|(r, _)| r == role));
    let (mut x, y) = (PAD * font, scene.height + 0.8 * font);
    for role in Role::ALL.into_iter().filter(shown) {
        let side = 0.65 * font;
        scene.rect([x, y - side], [x + side, y], palette::role(role, style.theme));
        scene.text([x + 1.0 * font, y], role.label(), font, Anchor::Start, chrome.text);
        x += 1.0 * font + text_width(role.label(), font, false) + 1.5 * font;
    }
    scene.height = y + 0.5 * font;
}
