//! [`fit`]: a figure on a page of exactly the requested size.

use super::scene::Scene;
use super::style::points;
use super::{FigureError, FigureStyle};

/// Smallest and largest size of panels for fitting a height, relative to their default.
const PANELS: (f64, f64) = (0.25, 4.0);
/// Number of bisections of that range: to a ten-thousandth.
const HALVINGS: usize = 16;

/// `draw` on a page as wide as `style` says, and as high as it says or as the content needs; the content is centred.
///
/// # Errors
/// When the smallest panels are too high for the page.
pub(super) fn fit(draw: &dyn Fn(&FigureStyle) -> Scene, style: &FigureStyle) -> Result<Scene, FigureError> {
    let mut scene = draw(style);
    if let Some(height_mm) = style.height_mm {
        let height = points(height_mm);
        let sized = |panels: f64| draw(&FigureStyle { panels, ..*style });
        let (mut low, mut high) = PANELS;
        scene = sized(low);
        if scene.height > height + 1e-6 {
            return Err(FigureError::Height { needed_mm: (scene.height / points(1.0)).ceil(), found_mm: height_mm });
        }
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            let tried = sized(middle);
            if tried.height <= height {
                (low, scene) = (middle, tried);
            } else {
                high = middle;
            }
        }
        scene.height = height;
    }
    let width = style.width_pt();
    scene.shift([0.5 * (width - scene.width), 0.0]);
    scene.width = width;
    Ok(scene)
}
