//! [`layout`]: equal panels in rows, as large as the space allows.

use egui::{Rect, Vec2, pos2};

/// Space around the data of each panel, points.
#[derive(Clone, Copy, Debug)]
pub struct Spacing {
    /// Left of the first panel of a row, for ticks and axis label.
    pub left: f32,
    /// Right of the last panel of a row, for a colour bar.
    pub right: f32,
    /// Above the data, for the name.
    pub header: f32,
    /// Below the data, for ticks and axis label.
    pub footer: f32,
    /// Extra height below each panel's data, for a table.
    pub below: f32,
    /// Between the panels of a row.
    pub gap: f32,
}

/// Rectangles of a panel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Panel {
    /// The data area.
    pub plot: Rect,
    /// Name and facts, above the data.
    pub header: Rect,
    /// Whether it is the first of its row, which has the vertical axis.
    pub first: bool,
}

const ROW_GAP: f32 = 18.0;
const TOO_NARROW: f32 = 190.0;
const TOO_LOW: f32 = 140.0;

/// `n` equal panels in `area`. `aspect` is height / width of the data area if it is fixed; otherwise a panel is at most `max_height`
/// high.
///
/// There is one row, unless two rows make the panels larger by more than a third or a row would be too narrow to read.
pub fn layout(area: Rect, n: usize, aspect: Option<f32>, max_height: f32, space: Spacing) -> Vec<Panel> {
    let size = |rows: usize| -> (usize, Vec2) {
        let columns = n.div_ceil(rows);
        let width = (area.width() - space.left - space.right - space.gap * (columns - 1) as f32) / columns as f32;
        let row = (area.height() - ROW_GAP * (rows - 1) as f32) / rows as f32;
        let height = (row - space.header - space.footer - space.below).max(40.0);
        let width = width.max(60.0);
        match aspect {
            Some(aspect) => {
                let width = width.min(height / aspect);
                (columns, Vec2::new(width, width * aspect))
            }
            None => (columns, Vec2::new(width, height.min(max_height))),
        }
    };
    if n == 0 {
        return Vec::new();
    }
    let (mut columns, mut plot) = size(1);
    for more in 2..=n.min(4) {
        let (c, p) = size(more);
        let better = if aspect.is_some() { p.x > plot.x * 1.35 } else { plot.x < TOO_NARROW && p.x > plot.x * 1.25 };
        if better {
            (columns, plot) = (c, p);
        }
    }
    let plot = plot.floor();
    let pitch = Vec2::new(plot.x + space.gap, space.header + plot.y + space.footer + space.below + ROW_GAP);
    (0..n)
        .map(|i| {
            let (row, column) = (i / columns, i % columns);
            let left = (area.left() + space.left + column as f32 * pitch.x).round();
            let top = (area.top() + row as f32 * pitch.y).round();
            let header = Rect::from_min_size(pos2(left, top), Vec2::new(plot.x, space.header));
            let plot = Rect::from_min_size(pos2(left, top + space.header), plot);
            Panel { plot, header, first: column == 0 }
        })
        .collect()
}

/// The same as [`layout`], with the space below each panel that `space` asks for if the data area stays high enough, else without it.
/// Returns the space that is left there.
pub fn layout_above_tables(area: Rect, n: usize, max_height: f32, space: Spacing) -> (Vec<Panel>, f32) {
    let panels = layout(area, n, None, max_height, space);
    if panels.first().is_some_and(|panel| panel.plot.height() < TOO_LOW) {
        return (layout(area, n, None, max_height, Spacing { below: 0.0, ..space }), 0.0);
    }
    (panels, space.below)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPACE: Spacing = Spacing { left: 40.0, right: 60.0, header: 40.0, footer: 30.0, below: 0.0, gap: 12.0 };

    fn area(width: f32, height: f32) -> Rect {
        Rect::from_min_size(pos2(10.0, 20.0), Vec2::new(width, height))
    }

    #[test]
    fn panels_are_equal_and_inside() {
        for n in 1..9 {
            for aspect in [None, Some(1.0)] {
                let panels = layout(area(1200.0, 800.0), n, aspect, 400.0, SPACE);
                assert_eq!(panels.len(), n);
                for panel in &panels {
                    assert_eq!(panel.plot.size(), panels[0].plot.size());
                    assert!(area(1200.0, 800.0).expand(1.0).contains_rect(panel.plot), "{n} panels: {panel:?}");
                }
            }
        }
    }

    #[test]
    fn tables_stand_below_panels_only_where_these_stay_high_enough() {
        let space = Spacing { below: 150.0, ..SPACE };
        let (panels, below) = layout_above_tables(area(1200.0, 800.0), 3, 520.0, space);
        assert!(below == 150.0 && panels[0].plot.height() > TOO_LOW);
        let (panels, below) = layout_above_tables(area(1200.0, 500.0), 8, 520.0, space);
        assert!(below == 0.0 && panels.len() == 8, "two rows leave no room");
        assert_eq!(layout_above_tables(area(1200.0, 500.0), 0, 520.0, space).0, []);
    }

    #[test]
    fn few_wide_panels_stay_in_one_row_and_many_square_ones_wrap() {
        let rows = |panels: &[Panel]| panels.iter().filter(|panel| panel.first).count();
        assert_eq!(rows(&layout(area(1200.0, 400.0), 5, None, 400.0, SPACE)), 1);
        assert_eq!(rows(&layout(area(1200.0, 900.0), 5, Some(1.0), 400.0, SPACE)), 2);
    }
}
