//! Sharpness by layer: the figure of the layers in the width of the tab, one below the other.

use std::sync::Arc;

use egui::{ColorImage, Image, Role as WidgetRole, ScrollArea, TextureHandle, TextureOptions, Ui, Vec2, WidgetInfo};

use crate::figure::{Figure, FigureStyle, LayersFigure, Panel};
use crate::ui::view::memo::Memo;
use flatland_core::result::HessianSpectrum;
use flatland_core::session::{FigureSettings, Theme};

/// Type size in points of a figure: 72 of them are 96 points of the window.
const FONT: f64 = 9.0;

/// The picture, and its inputs: width in pixels, pixels per point, whether it is dark, names and colours.
type Drawn = (TextureHandle, Vec2, (u32, u32, bool, Vec<(String, usize)>));

/// State between frames.
#[derive(Default)]
pub struct State {
    drawn: Memo<HessianSpectrum, Drawn>,
}

/// Draws the figure of `spectra` (name, colour and spectrum), of which at least one has layers.
pub fn show(ui: &mut Ui, spectra: &[(&str, usize, &Arc<HessianSpectrum>)], dataset: &str, state: &mut State) {
    let of: Vec<&Arc<HessianSpectrum>> = spectra.iter().map(|(.., spectrum)| *spectrum).collect();
    let names = spectra.iter().map(|(name, color, _)| ((*name).to_owned(), *color)).collect();
    let (width, scale) = (ui.available_width(), ui.ctx().pixels_per_point());
    let key = (width.round() as u32, (100.0 * scale) as u32, ui.visuals().dark_mode, names);
    if state.drawn.get(&of).is_none_or(|drawn| drawn.2 != key) {
        let panels: Vec<Panel<HessianSpectrum>> =
            spectra.iter().map(|(name, color, spectrum)| Panel { name, color: *color, result: &***spectrum }).collect();
        let Some(figure) = LayersFigure::of_hessians(&panels) else { return };
        match picture(ui, &figure, width, scale) {
            Ok((image, size)) => {
                let texture = ui.ctx().load_texture("hessian of layers", image, TextureOptions::LINEAR);
                state.drawn.set(&of, (texture, size, key));
            }
            Err(message) => {
                ui.label(message);
                return;
            }
        }
    }
    let Some((texture, size, _)) = state.drawn.get(&of) else { return };
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let response = ui.add(Image::new((texture.id(), *size)));
        response.widget_info(|| WidgetInfo::labeled(WidgetRole::Image, true, summary(dataset, spectra)));
    });
}

/// The figure in pixels of the screen, and its size in points of the window.
fn picture(ui: &Ui, figure: &LayersFigure, width: f32, scale: f32) -> Result<(ColorImage, Vec2), String> {
    let theme = if ui.visuals().dark_mode { Theme::Dark } else { Theme::Light };
    let width_mm = f64::from(width.max(240.0)) / 96.0 * 25.4;
    let style = FigureStyle::from(&FigureSettings { width_mm, height_mm: None, font_pt: FONT, theme, ..FigureSettings::default() });
    let (w, h, _) = figure.to_pixels(&style, 24.0).map_err(|error| error.to_string())?;
    // A very deep network is drawn with fewer pixels, within the limit of textures.
    let side = ui.ctx().input(|input| input.max_texture_side).min(8192) as f32;
    let dpi = (96.0 * scale).min(24.0 * side / (w.max(h) as f32 + 1.0));
    let (w, h, pixels) = figure.to_pixels(&style, f64::from(dpi)).map_err(|error| error.to_string())?;
    let points = 96.0 / dpi;
    Ok((ColorImage::from_rgb([w as usize, h as usize], &pixels), Vec2::new(w as f32, h as f32) * points))
}

fn summary(dataset: &str, spectra: &[(&str, usize, &Arc<HessianSpectrum>)]) -> String {
    let sharpest = spectra.iter().filter_map(|(name, _, spectrum)| {
        let layer = spectrum.layers.iter().max_by(|a, b| a.lambda_max.value.total_cmp(&b.lambda_max.value))?;
        Some(format!("{name}: largest eigenvalue in {}", layer.name))
    });
    format!("Hessian of layers on {dataset}, {}", sharpest.collect::<Vec<_>>().join(", "))
}
