//! What the window draws by passes of its own, for what egui's shapes are too slow: buffers go up once and stay. Deliberately absent: what
//! is drawn and why; that is the views' business.

pub mod ground;
mod lay;
pub mod points;
pub mod relief;
mod splat;

use eframe::egui_wgpu::{RenderState, wgpu};

/// Makes the pipelines where there are none yet; without a render state (tests of logic) nothing is ever drawn.
pub fn install(state: Option<&RenderState>) {
    let Some(state) = state else { return };
    let (device, target) = (&state.device, state.target_format);
    once(state, || ground::Fill::new(device, target));
    once(state, || points::Points::new(device, target, state.adapter.get_info().device_type == wgpu::DeviceType::Cpu));
    once(state, || relief::Reliefs::new(device, target));
}

fn once<T: Send + Sync + 'static>(state: &RenderState, make: impl FnOnce() -> T) {
    if !state.renderer.read().callback_resources.contains::<T>() {
        state.renderer.write().callback_resources.insert(make());
    }
}
