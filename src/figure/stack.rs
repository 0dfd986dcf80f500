//! [`Stack`]: several figures above each other as one figure, with consecutive letters.

use super::scene::Scene;
use super::{Figure, FigureStyle, palette};

/// Figures above each other, each centred in its row; the panels' letters are consecutive over all rows.
pub struct Stack<'a> {
    /// From the top.
    pub rows: Vec<Box<dyn Figure + 'a>>,
}

impl Figure for Stack<'_> {
    fn scene(&self, style: &FigureStyle) -> Scene {
        let gap = 1.2 * style.font_pt;
        let mut first = style.letters;
        let mut whole = Scene::new(0.0, 0.0, palette::chrome(style.theme).background);
        let mut scenes = Vec::new();
        for row in &self.rows {
            let scene = row.scene(&FigureStyle { letters: first, ..*style });
            first = first.map(|letter| letter + row.panels());
            whole.width = whole.width.max(scene.width);
            scenes.push(scene);
        }
        for mut scene in scenes {
            if whole.height > 0.0 {
                whole.height += gap;
            }
            scene.shift([0.5 * (whole.width - scene.width), whole.height]);
            whole.height += scene.height;
            whole.shapes.append(&mut scene.shapes);
        }
        whole
    }

    fn panels(&self) -> usize {
        self.rows.iter().map(|row| row.panels()).sum()
    }
}
