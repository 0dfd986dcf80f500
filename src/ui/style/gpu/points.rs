//! [`PointsCallback`]: up to millions of discs, one triangle each.
//!
//! Positions and styles (colour and flags) are uploaded when they change; pan and zoom change a uniform only. Each panel is drawn into a
//! texture of its own, and only after a change of the panel; other frames copy the texture.
//! On a software adapter, [`cpu_points`] draws the same picture on the CPU, and only the picture is uploaded.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use eframe::egui_wgpu::{self, CallbackResources, CallbackTrait, ScreenDescriptor, wgpu};
use egui::{PaintCallback, PaintCallbackInfo, Rect};
use wgpu::util::DeviceExt as _;

use super::cpu_points;
use crate::ui::style::gpu::picture_pass::PicturePass;

/// Width of the ring around a selected disc in pixels; the same as in `points.wgsl`.
pub const RING: f32 = 1.4;

const PICTURE: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;

/// How points are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PointsSettings {
    /// Data coordinates at the left and right edge of the rectangle.
    pub x: [f64; 2],
    /// Data coordinates at its lower and upper edge.
    pub y: [f64; 2],
    /// Radius of a disc, screen points.
    pub radius: f32,
    /// Opacity of the discs.
    pub opacity: f32,
    /// Opacity of points that are not selected; `None` when nothing is selected.
    pub unselected: Option<f32>,
    /// Colour of the rings around selected discs.
    pub ring: [u8; 3],
}

/// The points of a panel.
pub struct PointsCallback {
    /// Id of the panel's buffers and picture.
    pub layer: u64,
    /// Rectangle in the window.
    pub rect: Rect,
    /// Data coordinates; later points are drawn on top.
    pub positions: Arc<Vec<[f32; 2]>>,
    /// Red, green, blue and flags of each point.
    pub styles: Arc<Vec<[u8; 4]>>,
    /// How the points are drawn.
    pub settings: PointsSettings,
}

impl PointsCallback {
    /// A shape for egui's painter.
    pub fn shape(self) -> PaintCallback {
        egui_wgpu::Callback::new_paint_callback(self.rect, self)
    }

    /// The views to draw: all points first, then selected points on top of them.
    fn views(&self, pixels_per_point: f32) -> Vec<View> {
        let PointsSettings { x, y, radius, opacity, unselected, ring: [r, g, b] } = self.settings;
        let of = |opacity: f32, part: u32| View {
            center: [0.5 * (x[0] + x[1]), 0.5 * (y[0] + y[1])].map(|v| v as f32),
            scale: [2.0 / (x[1] - x[0]), 2.0 / (y[1] - y[0])].map(|v| v as f32),
            radius: radius * pixels_per_point,
            opacity,
            ring: u32::from_ne_bytes([r, g, b, 255]),
            part,
        };
        let first = of(unselected.unwrap_or(opacity), u32::from(unselected.is_some()));
        if unselected.is_some() { vec![first, of(opacity, 2)] } else { vec![first] }
    }
}

/// Which points are drawn, where and how: the `View` of `points.wgsl`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Data coordinates at the middle of the picture.
    pub center: [f32; 2],
    /// Factor from data to clip space.
    pub scale: [f32; 2],
    /// Radius of a disc in pixels.
    pub radius: f32,
    /// Opacity of discs without rings.
    pub opacity: f32,
    /// Colour of the rings, RGBA in byte order.
    pub ring: u32,
    /// 0: all points; 1: points that are not selected; 2: selected points with rings.
    pub part: u32,
}

impl View {
    /// The uniform buffer as the shader reads it.
    fn uniform(&self, size: [u32; 2]) -> [f32; 16] {
        let View { center, scale, radius, opacity, ring, part } = *self;
        let [w, h] = size.map(|side| side as f32);
        let [r, g, b, _] = ring.to_ne_bytes().map(|v| f32::from(v) / 255.0);
        let part = f32::from_bits(part);
        [center[0], center[1], scale[0], scale[1], 2.0 / w, 2.0 / h, radius, opacity, r, g, b, 1.0, part, 0.0, 0.0, 0.0]
    }
}

/// Buffers and picture of a panel.
struct Layer {
    /// The content of the buffers. The references are weak, so that a layer is removed when its points are dropped.
    positions: (Weak<Vec<[f32; 2]>>, wgpu::Buffer),
    styles: (Weak<Vec<[u8; 4]>>, wgpu::Buffer),
    uniforms: [wgpu::Buffer; 2],
    /// One bind group per uniform; created again with the buffers.
    binds: Option<[wgpu::BindGroup; 2]>,
    picture: Picture,
    /// The views that the picture shows.
    drawn: Option<Vec<View>>,
}

struct Picture {
    size: [u32; 2],
    view: wgpu::TextureView,
    bind: wgpu::BindGroup,
}

impl Picture {
    fn set(&self, queue: &wgpu::Queue, pixels: &[u32]) {
        let [width, height] = self.size;
        let layout = wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(4 * width), rows_per_image: None };
        let size = wgpu::Extent3d { width, height, depth_or_array_layers: 1 };
        queue.write_texture(self.view.texture().as_image_copy(), bytemuck::cast_slice(pixels), layout, size);
    }
}

/// Pipelines and layers; stored in egui's callback resources.
pub struct Points {
    discs: wgpu::RenderPipeline,
    /// Whether the vertex shader reads the buffers; otherwise there is one instance per point.
    pulls: bool,
    /// Whether the adapter is software: then the buffers stay empty and [`cpu_points`] draws.
    software: bool,
    picture_pass: PicturePass,
    layers: HashMap<u64, Layer>,
    /// Numbers of uploads of positions and of styles since the start, for tests and benchmarks.
    pub uploads: [u64; 2],
    /// Number of pictures drawn since the start.
    pub pictures: u64,
}

impl Points {
    /// Pipelines for a window of this format; `software` says whether its adapter is a software adapter.
    pub fn new(device: &wgpu::Device, target: wgpu::TextureFormat, software: bool) -> Self {
        let module = device.create_shader_module(wgpu::include_wgsl!("points.wgsl"));
        let vertex =
            |step: u64, attributes| wgpu::VertexBufferLayout { array_stride: step, step_mode: wgpu::VertexStepMode::Instance, attributes };
        let (at, style) = (wgpu::vertex_attr_array![0 => Float32x2], wgpu::vertex_attr_array![1 => Uint32]);
        let pulls = device.limits().max_storage_buffers_per_shader_stage >= 2;
        let instanced = [Some(vertex(8, &at)), Some(vertex(4, &style))];
        let (entry, buffers): (_, &[_]) = if pulls { ("corner_pulled", &[]) } else { ("corner_instanced", &instanced) };
        let discs = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("points"),
            layout: None,
            vertex: wgpu::VertexState { module: &module, entry_point: Some(entry), buffers, compilation_options: Default::default() },
            primitive: wgpu::PrimitiveState::default(),
            depth_stencil: None,
            multisample: wgpu::MultisampleState::default(),
            fragment: Some(wgpu::FragmentState {
                module: &module,
                entry_point: Some("disc"),
                targets: &[Some(wgpu::ColorTargetState {
                    format: PICTURE,
                    blend: Some(wgpu::BlendState::PREMULTIPLIED_ALPHA_BLENDING),
                    write_mask: wgpu::ColorWrites::ALL,
                })],
                compilation_options: Default::default(),
            }),
            multiview_mask: None,
            cache: None,
        });
        Self {
            discs,
            pulls,
            software,
            picture_pass: PicturePass::new(device, target),
            layers: HashMap::new(),
            uploads: [0; 2],
            pictures: 0,
        }
    }

    fn layer(&self, device: &wgpu::Device, size: [u32; 2]) -> Layer {
        let uniform = || {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("points view"),
                size: 64,
                usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        };
        Layer {
            positions: (Weak::new(), upload::<[f32; 2]>(device, &[])),
            styles: (Weak::new(), upload::<[u8; 4]>(device, &[])),
            uniforms: [uniform(), uniform()],
            binds: None,
            picture: self.picture(device, size),
            drawn: None,
        }
    }

    /// The bind groups of a layer, one per uniform.
    fn binds(&self, device: &wgpu::Device, layer: &Layer) -> [wgpu::BindGroup; 2] {
        let layout = self.discs.get_bind_group_layout(0);
        [0, 1].map(|part: usize| {
            let read = [&layer.uniforms[part], &layer.positions.1, &layer.styles.1];
            let read = (0u32..).zip(read).take(if self.pulls { 3 } else { 1 });
            let entries: Vec<_> =
                read.map(|(binding, buffer)| wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() }).collect();
            device.create_bind_group(&wgpu::BindGroupDescriptor { label: Some("points"), layout: &layout, entries: &entries })
        })
    }

    fn picture(&self, device: &wgpu::Device, size: [u32; 2]) -> Picture {
        let texture = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("points"),
            size: wgpu::Extent3d { width: size[0], height: size[1], depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: PICTURE,
            usage: if self.software { wgpu::TextureUsages::COPY_DST } else { wgpu::TextureUsages::RENDER_ATTACHMENT }
                | wgpu::TextureUsages::TEXTURE_BINDING,
            view_formats: &[],
        });
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        let bind = self.picture_pass.bind(device, &view);
        Picture { size, view, bind }
    }
}

/// A buffer that holds `values`; it is never empty, since empty buffers cannot be bound.
fn upload<T: bytemuck::NoUninit>(device: &wgpu::Device, values: &[T]) -> wgpu::Buffer {
    let bytes = bytemuck::cast_slice(values);
    device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
        label: Some("points"),
        contents: if bytes.is_empty() { &[0; 8] } else { bytes },
        usage: wgpu::BufferUsages::VERTEX | wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
    })
}

/// Records that the buffer is to hold `values`; returns whether it held others.
fn refresh<T>((held, _): &mut (Weak<Vec<T>>, wgpu::Buffer), values: &Arc<Vec<T>>) -> bool {
    // The weak reference prevents that the address is used again.
    let other = !Weak::ptr_eq(held, &Arc::downgrade(values));
    if other {
        *held = Arc::downgrade(values);
    }
    other
}

/// Writes `values` into the buffer.
fn fill<T: bytemuck::NoUninit>(buffer: &mut wgpu::Buffer, values: &[T], device: &wgpu::Device, queue: &wgpu::Queue) {
    let bytes = bytemuck::cast_slice::<T, u8>(values);
    if buffer.size() == bytes.len() as u64 {
        queue.write_buffer(buffer, 0, bytes);
    } else {
        *buffer = upload(device, values);
    }
}

impl CallbackTrait for PointsCallback {
    fn prepare(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        screen: &ScreenDescriptor,
        encoder: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        let Some(points) = resources.get_mut::<Points>() else { return Vec::new() };
        points.layers.retain(|_, layer| layer.positions.0.strong_count() > 0);
        let limit = device.limits().max_texture_dimension_2d;
        let along = |low: f32, high: f32| {
            let ppp = screen.pixels_per_point;
            (((high * ppp).round() - (low * ppp).round()).max(1.0) as u32).min(limit)
        };
        let size = [along(self.rect.left(), self.rect.right()), along(self.rect.top(), self.rect.bottom())];
        let mut layer = points.layers.remove(&self.layer).unwrap_or_else(|| points.layer(device, size));
        if layer.picture.size != size {
            layer.picture = points.picture(device, size);
            layer.drawn = None;
        }
        let changed = [refresh(&mut layer.positions, &self.positions), refresh(&mut layer.styles, &self.styles)];
        if changed.contains(&true) {
            (layer.drawn, layer.binds) = (None, None);
        }
        if changed[0] && !points.software {
            fill(&mut layer.positions.1, &self.positions, device, queue);
            points.uploads[0] += 1;
        }
        if changed[1] && !points.software {
            fill(&mut layer.styles.1, &self.styles, device, queue);
            points.uploads[1] += 1;
        }
        let views = self.views(screen.pixels_per_point);
        if layer.drawn.as_ref() != Some(&views) {
            if points.software {
                layer.picture.set(queue, &cpu_points::draw(size, &self.positions, &self.styles, &views));
            } else {
                for (buffer, view) in layer.uniforms.iter().zip(&views) {
                    queue.write_buffer(buffer, 0, bytemuck::cast_slice(&view.uniform(size)));
                }
                let binds = layer.binds.take().unwrap_or_else(|| points.binds(device, &layer));
                points.draw(encoder, &layer, &binds[..views.len()], self.positions.len().min(self.styles.len()) as u32);
                layer.binds = Some(binds);
            }
            layer.drawn = Some(views);
            points.pictures += 1;
        }
        points.layers.insert(self.layer, layer);
        Vec::new()
    }

    fn paint(&self, _: PaintCallbackInfo, pass: &mut wgpu::RenderPass<'static>, resources: &CallbackResources) {
        let Some(points) = resources.get::<Points>() else { return };
        let Some(layer) = points.layers.get(&self.layer) else { return };
        points.picture_pass.draw(pass, &layer.picture.bind);
    }
}

impl Points {
    fn draw(&self, encoder: &mut wgpu::CommandEncoder, layer: &Layer, binds: &[wgpu::BindGroup], count: u32) {
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("points"),
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &layer.picture.view,
                resolve_target: None,
                ops: wgpu::Operations { load: wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT), store: wgpu::StoreOp::Store },
                depth_slice: None,
            })],
            ..Default::default()
        });
        if count == 0 {
            return;
        }
        pass.set_pipeline(&self.discs);
        if !self.pulls {
            pass.set_vertex_buffer(0, layer.positions.1.slice(..));
            pass.set_vertex_buffer(1, layer.styles.1.slice(..));
        }
        for bind in binds {
            pass.set_bind_group(0, bind, &[]);
            if self.pulls { pass.draw(0..3 * count, 0..1) } else { pass.draw(0..3, 0..count) }
        }
    }
}
