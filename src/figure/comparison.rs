//! [`ComparisonFigure`]: a table of checkpoints, a column each; horizontal rules only, the name of a group above its rows.

use super::scene::{Anchor, HAIRLINE, fit, text_width};
use super::{Data, Figure, FigureStyle, Scene, palette};

/// Height of a row in em.
const ROW: f64 = 1.45;
/// Space between columns in em.
const GAP: f64 = 1.4;

/// A row: a value for each checkpoint, `None` if it has none.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparisonRow {
    /// `Checkpoint`, `Run`, `Accuracy`, ...
    pub group: String,
    /// Name of the quantity.
    pub label: String,
    /// In the order of the checkpoints.
    pub values: Vec<Option<String>>,
}

impl ComparisonRow {
    /// Whether the checkpoints differ in it.
    pub fn differs(&self) -> bool {
        self.values.windows(2).any(|pair| pair[0] != pair[1])
    }
}

/// The table.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparisonFigure {
    /// Name of each checkpoint, and its place in the session, which determines its colour.
    pub checkpoints: Vec<(String, usize)>,
    /// From the top; those of one group follow each other.
    pub rows: Vec<ComparisonRow>,
}

impl ComparisonFigure {
    /// `group, quantity` and a column for each checkpoint; values as shown.
    pub fn data(&self) -> Data {
        let names = self.checkpoints.iter().map(|(name, _)| name.as_str());
        let mut data = Data::new(&["group", "quantity"].into_iter().chain(names).collect::<Vec<_>>());
        for row in &self.rows {
            let values = row.values.iter().map(|value| value.as_deref().into());
            data.push([row.group.as_str().into(), row.label.as_str().into()].into_iter().chain(values).collect());
        }
        data
    }

    /// Widths of the labels and of each checkpoint's column, in points. If the page is too narrow, the widest columns are cut first.
    fn columns(&self, style: &FigureStyle) -> Vec<f64> {
        let font = style.font_pt;
        let widest = |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| text_width(text, font, false)).fold(0.0, f64::max);
        let mut widths = vec![widest(&mut self.rows.iter().flat_map(|row| [row.label.as_str(), row.group.as_str()]))];
        for (k, (name, _)) in self.checkpoints.iter().enumerate() {
            let values = widest(&mut self.rows.iter().filter_map(|row| row.values.get(k)?.as_deref()));
            widths.push(values.max(text_width(name, font, true) + font));
        }
        let room = (style.width_pt() - GAP * font * self.checkpoints.len() as f64).max(0.0);
        if widths.iter().sum::<f64>() > room {
            let most = level(&widths, room);
            widths.iter_mut().for_each(|width| *width = width.min(most));
        }
        widths
    }
}

/// The width to which wider columns are cut, so that all together take `room`.
fn level(widths: &[f64], room: f64) -> f64 {
    let mut sorted = widths.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut left = room;
    for (k, width) in sorted.iter().enumerate() {
        let share = left / (sorted.len() - k) as f64;
        if *width > share {
            return share;
        }
        left -= width;
    }
    f64::INFINITY
}

impl Figure for ComparisonFigure {
    fn scene(&self, style: &FigureStyle) -> Scene {
        let (font, chrome) = (style.font_pt, palette::chrome(style.theme));
        let widths = self.columns(style);
        let lefts: Vec<f64> = widths
            .iter()
            .scan(0.0, |left, width| {
                let own = *left;
                *left += width + GAP * font;
                Some(own)
            })
            .collect();
        let width = lefts.last().zip(widths.last()).map_or(0.0, |(left, width)| left + width);
        let mut scene = Scene::new(width, 0.0, chrome.background);
        let mut y = HAIRLINE;
        let rule = |scene: &mut Scene, y: f64, strength: f64| scene.line(vec![[0.0, y], [width, y]], chrome.text, strength * HAIRLINE);

        rule(&mut scene, y, 1.6);
        y += ROW * font;
        for (k, (name, color)) in self.checkpoints.iter().enumerate() {
            let (left, room, side) = (lefts[k + 1], widths[k + 1], 0.62 * font);
            scene.rect([left, y - side], [left + side, y], palette::checkpoint(*color, style.theme));
            let name = fit(name, font, true, room - font);
            scene.bold([left + font, y], name, font, Anchor::Start, chrome.text);
        }
        y += 0.5 * font;
        rule(&mut scene, y, 1.0);
        let mut group = "";
        for row in &self.rows {
            if row.group != group {
                group = &row.group;
                y += 1.3 * ROW * font;
                scene.text([0.0, y], fit(group, font, false, widths[0]), font, Anchor::Start, chrome.muted);
            }
            y += ROW * font;
            scene.text([0.0, y], fit(&row.label, font, false, widths[0]), font, Anchor::Start, chrome.text);
            for (k, value) in row.values.iter().take(self.checkpoints.len()).enumerate() {
                let (text, color) = value.as_deref().map_or(("–", chrome.muted), |text| (text, chrome.text));
                scene.text([lefts[k + 1], y], fit(text, font, false, widths[k + 1]), font, Anchor::Start, color);
            }
        }
        y += 0.6 * font;
        rule(&mut scene, y, 1.6);
        scene.height = y + HAIRLINE;
        scene
    }
}

#[cfg(test)]
mod tests {
    use super::super::scene::Shape;
    use super::*;

    fn table(long: &str) -> ComparisonFigure {
        let row = |group: &str, label: &str, values: [Option<&str>; 2]| ComparisonRow {
            group: group.into(),
            label: label.into(),
            values: values.map(|value| value.map(str::to_owned)).into(),
        };
        ComparisonFigure {
            checkpoints: vec![("ERM".into(), 0), ("DR-SAM".into(), 4)],
            rows: vec![
                row("Checkpoint", "file", [Some(long), Some("b.pt")]),
                row("Accuracy", "CIFAR-10", [Some("95.1 ± 0.2"), None]),
                row("Accuracy", "noise", [Some("71.0 ± 0.5"), Some("74.9 ± 0.4")]),
            ],
        }
    }

    #[test]
    fn every_value_stands_in_the_column_of_its_checkpoint_and_groups_are_named_once() {
        let figure = table("a.pt");
        let scene = figure.scene(&FigureStyle::default());
        let at = |wanted: &str| {
            let found: Vec<[f64; 2]> = scene
                .shapes
                .iter()
                .filter_map(|shape| if let Shape::Text(text) = shape { (text.text == wanted).then_some(text.at) } else { None })
                .collect();
            assert_eq!(found.len(), 1, "{wanted}");
            found[0]
        };
        for name in ["Checkpoint", "Accuracy", "ERM", "DR-SAM"] {
            at(name);
        }
        assert_eq!(at("95.1 ± 0.2")[0], at("a.pt")[0]);
        assert_eq!(at("–"), [at("b.pt")[0], at("95.1 ± 0.2")[1]]);
        assert_eq!(at("74.9 ± 0.4")[1], at("noise")[1]);
        assert!(scene.height > at("noise")[1]);
        let csv =
            "group,quantity,ERM,DR-SAM\nCheckpoint,file,a.pt,b.pt\nAccuracy,CIFAR-10,95.1 ± 0.2,\nAccuracy,noise,71.0 ± 0.5,74.9 ± 0.4\n";
        assert_eq!(figure.data().csv(), csv);
    }

    #[test]
    fn what_is_too_wide_for_the_page_is_cut_and_what_is_narrow_is_not() {
        let style = FigureStyle { width_mm: 60.0, ..FigureStyle::default() };
        let scene = table("checkpoints/of/a/very/long/study/with/many/words/a.pt").scene(&style);
        assert!(scene.width <= style.width_pt() + 1e-9);
        let has = |wanted: &str| scene.shapes.iter().any(|shape| matches!(shape, Shape::Text(text) if text.text == wanted));
        assert!(has("74.9 ± 0.4") && has("Accuracy") && !has("checkpoints/of/a/very/long/study/with/many/words/a.pt"));
        assert_eq!(level(&[1.0, 2.0, 30.0, 40.0], 23.0), 10.0);
    }
}
