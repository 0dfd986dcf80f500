//! A graphics adapter, for tests that draw pixels.

use egui_kittest::wgpu::WgpuTestRenderer;
use flatland_core::testing::{Need, require};

/// A renderer; `None` when there is no adapter and the test is to be skipped.
pub fn renderer() -> Option<WgpuTestRenderer> {
    let missing = "expected a graphics adapter, found none, not even one in software (Debian's mesa-vulkan-drivers is one)";
    require(Need::Adapter, std::panic::catch_unwind(WgpuTestRenderer::new).map_err(|_| missing.to_owned()))
}

/// Whether there is an adapter.
pub fn has_adapter() -> bool {
    renderer().is_some()
}
