//! [`PicturePass`]: draws a finished picture, premultiplied and in gamma space, pixel for pixel over the viewport of egui's pass.

use eframe::egui_wgpu::wgpu;

/// The pass and its pipeline.
pub struct PicturePass {
    pipeline: wgpu::RenderPipeline,
    nearest: wgpu::Sampler,
}

impl PicturePass {
    /// A pass for a window of this format.
    pub fn new(device: &wgpu::Device, target: wgpu::TextureFormat) -> Self {
        let module = device.create_shader_module(wgpu::include_wgsl!("picture_pass.wgsl"));
        let fragment = wgpu::FragmentState {
            module: &module,
            entry_point: Some(if target.is_srgb() { "picture_linear" } else { "picture_gamma" }),
            targets: &[Some(wgpu::ColorTargetState {
                format: target,
                blend: Some(wgpu::BlendState::PREMULTIPLIED_ALPHA_BLENDING),
                write_mask: wgpu::ColorWrites::ALL,
            })],
            compilation_options: Default::default(),
        };
        let pipeline = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("picture"),
            layout: None,
            vertex: wgpu::VertexState {
                module: &module,
                entry_point: Some("cover"),
                buffers: &[],
                compilation_options: Default::default(),
            },
            primitive: wgpu::PrimitiveState::default(),
            depth_stencil: None,
            multisample: wgpu::MultisampleState::default(),
            fragment: Some(fragment),
            multiview_mask: None,
            cache: None,
        });
        Self { pipeline, nearest: device.create_sampler(&wgpu::SamplerDescriptor::default()) }
    }

    /// The bind group through which [`PicturePass::draw`] reads a picture.
    pub fn bind(&self, device: &wgpu::Device, picture: &wgpu::TextureView) -> wgpu::BindGroup {
        device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("picture"),
            layout: &self.pipeline.get_bind_group_layout(0),
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::TextureView(picture) },
                wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::Sampler(&self.nearest) },
            ],
        })
    }

    /// Draws the picture.
    pub fn draw(&self, pass: &mut wgpu::RenderPass<'static>, picture: &wgpu::BindGroup) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, picture, &[]);
        pass.draw(0..3, 0..1);
    }
}
