//! What the window draws by passes of its own, for what egui's shapes are too slow: buffers go up once and stay. Deliberately absent: what
//! is drawn and why; that is the views' business.

pub mod points;
pub mod relief;

use eframe::egui_wgpu::RenderState;

/// Makes the pipelines where there are none yet; without a render state (tests of logic) nothing is ever drawn.
pub fn install(state: Option<&RenderState>) {
    let Some(state) = state else { return };
    if !state.renderer.read().callback_resources.contains::<points::Points>() {
        let points = points::Points::new(&state.device, state.target_format);
        state.renderer.write().callback_resources.insert(points);
    }
}
