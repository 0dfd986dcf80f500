//! [`shape`]: a rectangle of one opaque colour. egui's shader reads a texture for every pixel, which costs a software adapter about 50 ns
//! each, and a window has more than a million pixels. This pass reads no texture.

use eframe::egui_wgpu::{self, CallbackResources, CallbackTrait, wgpu};
use egui::{Color32, PaintCallback, PaintCallbackInfo, Rect};

/// Fills `rect` with `color`, over everything that was drawn before.
pub fn shape(rect: Rect, color: Color32) -> PaintCallback {
    egui_wgpu::Callback::new_paint_callback(rect, BackgroundCallback(color))
}

struct BackgroundCallback(Color32);

/// The pipeline; it is stored in egui's callback resources.
pub struct Fill(wgpu::RenderPipeline);

impl Fill {
    /// A pipeline for a window of this format.
    pub fn new(device: &wgpu::Device, target: wgpu::TextureFormat) -> Self {
        let module = device.create_shader_module(wgpu::include_wgsl!("background.wgsl"));
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

impl CallbackTrait for BackgroundCallback {
    fn paint(&self, _: PaintCallbackInfo, pass: &mut wgpu::RenderPass<'static>, resources: &CallbackResources) {
        let Some(Fill(pipeline)) = resources.get::<Fill>() else { return };
        // The colour is passed as the instance number, so that no buffer is needed. The highest byte is not used, since the number plus one
        // must be valid too.
        let [r, g, b, _] = self.0.to_array();
        let color = u32::from_le_bytes([r, g, b, 0]);
        pass.set_pipeline(pipeline);
        pass.draw(0..3, color..color + 1);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use egui_kittest::Harness;
    use egui_kittest::wgpu::{WgpuTestRenderer, create_render_state, default_wgpu_setup};

    use super::*;

    #[test]
    fn a_background_fills_its_rectangle_and_later_shapes_are_drawn_over_it() {
        if !crate::ui::tests::adapter::has_adapter() {
            return;
        }
        let state = create_render_state(default_wgpu_setup(), egui_wgpu::RendererOptions::PREDICTABLE);
        state.renderer.write().callback_resources.insert(Fill::new(&state.device, state.target_format));
        let renderer = WgpuTestRenderer::from_render_state(state);
        let [all, part] = [Color32::from_rgb(251, 7, 130), Color32::from_rgb(1, 254, 77)];
        let place = Rect::from_min_max(egui::pos2(10.0, 20.0), egui::pos2(50.0, 40.0));
        let mut harness = Harness::builder().with_size([80.0, 60.0]).renderer(renderer).build_ui(move |ui| {
            let painter = ui.ctx().layer_painter(egui::LayerId::background());
            painter.add(shape(ui.ctx().content_rect(), all));
            painter.add(shape(place, part));
            painter.rect_filled(place.shrink(5.0), 0.0, Color32::BLACK);
        });
        harness.run();
        let image = harness.render().unwrap();
        let at = |x: u32, y: u32| image.get_pixel(x, y).0;
        assert_eq!([at(0, 0), at(79, 59), at(9, 30), at(50, 30)], [all.to_array(); 4]);
        assert_eq!([at(10, 20), at(49, 39), at(12, 30)], [part.to_array(); 3]);
        assert_eq!(at(30, 30), [0, 0, 0, 255]);
    }
}
