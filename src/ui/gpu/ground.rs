//! [`shape`]: a rectangle of one opaque colour. egui's shader reads a texture for every pixel, which costs software some 50 ns each, and a
//! window has more than a million of them; this pass reads nothing.

use eframe::egui_wgpu::{self, CallbackResources, CallbackTrait, wgpu};
use egui::{Color32, PaintCallback, PaintCallbackInfo, Rect};

/// Fills `rect` with `color`, whatever lies there.
pub fn shape(rect: Rect, color: Color32) -> PaintCallback {
    egui_wgpu::Callback::new_paint_callback(rect, Ground(color))
}

struct Ground(Color32);

/// The pipeline; lives among egui's callback resources.
pub struct Fill(wgpu::RenderPipeline);

impl Fill {
    /// For a window of this format.
    pub fn new(device: &wgpu::Device, target: wgpu::TextureFormat) -> Self {
        let module = device.create_shader_module(wgpu::include_wgsl!("ground.wgsl"));
        let vertex =
            wgpu::VertexState { module: &module, entry_point: Some("cover"), buffers: &[], compilation_options: Default::default() };
        let fragment = wgpu::FragmentState {
            module: &module,
            entry_point: Some(if target.is_srgb() { "fill_linear" } else { "fill_gamma" }),
            targets: &[Some(target.into())],
            compilation_options: Default::default(),
        };
        Self(device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("ground"),
            layout: None,
            vertex,
            primitive: wgpu::PrimitiveState::default(),
            depth_stencil: None,
            multisample: wgpu::MultisampleState::default(),
            fragment: Some(fragment),
            multiview_mask: None,
            cache: None,
        }))
    }
}

impl CallbackTrait for Ground {
    fn paint(&self, _: PaintCallbackInfo, pass: &mut wgpu::RenderPass<'static>, resources: &CallbackResources) {
        let Some(Fill(pipeline)) = resources.get::<Fill>() else { return };
        // The colour travels as the number of the instance, so that no buffer is needed; the highest lane is spared, for the number
        // after it must be one too.
        let [r, g, b, _] = self.0.to_array();
        let color = u32::from_le_bytes([r, g, b, 0]);
        pass.set_pipeline(pipeline);
        pass.draw(0..3, color..color + 1);
    }
}
