//! What the window draws by passes of its own, for what egui's shapes are too slow: buffers go up once and stay. Deliberately absent: what
//! is drawn and why; that is the views' business.

pub mod ground;
pub mod points;
pub mod relief;
mod splat;

use eframe::egui_wgpu::{RenderState, wgpu};

/// Makes the pipelines where there are none yet; without a render state (tests of logic) nothing is ever drawn.
pub fn install(state: Option<&RenderState>) {
    let Some(state) = state else { return };
    if !state.renderer.read().callback_resources.contains::<points::Points>() {
        let software = state.adapter.get_info().device_type == wgpu::DeviceType::Cpu;
        let points = points::Points::new(&state.device, state.target_format, software);
        state.renderer.write().callback_resources.insert(points);
    }
    if !state.renderer.read().callback_resources.contains::<ground::Fill>() {
        let fill = ground::Fill::new(&state.device, state.target_format);
        state.renderer.write().callback_resources.insert(fill);
    }
}
