//! GPU passes of the window for drawings that are too slow as egui shapes: buffers are uploaded once and kept. What is drawn is decided by
//! the views.

pub mod background;
mod cpu_points;
mod picture_pass;
pub mod points;
pub mod relief;

use eframe::egui_wgpu::{RenderState, wgpu};

/// Creates the pipelines if there are none yet. Without a render state (tests without pixels) nothing is drawn.
pub fn install(state: Option<&RenderState>) {
    let Some(state) = state else { return };
    let (device, target) = (&state.device, state.target_format);
    once(state, || background::Fill::new(device, target));
    once(state, || points::Points::new(device, target, state.adapter.get_info().device_type == wgpu::DeviceType::Cpu));
    once(state, || relief::Reliefs::new(device, target));
}

fn once<T: Send + Sync + 'static>(state: &RenderState, make: impl FnOnce() -> T) {
    if !state.renderer.read().callback_resources.contains::<T>() {
        state.renderer.write().callback_resources.insert(make());
    }
}
