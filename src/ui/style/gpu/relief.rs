//! [`ReliefPaint`]: the surface of a landscape, drawn with a depth buffer and four samples per pixel into its own picture, which egui's
//! pass then draws into the panel. Triangles and colours are uploaded when they change; the picture is drawn again after a change of them
//! or of the camera.

use crate::figure::ColormapTable as _;
use std::collections::BTreeMap;
use std::sync::Arc;

use eframe::egui_wgpu::{Callback, CallbackResources, CallbackTrait, ScreenDescriptor};
use eframe::wgpu;
use egui::{PaintCallbackInfo, Rect, Shape};
use wgpu::util::DeviceExt;

use crate::figure::Colormap;
use crate::figure::orbit::Orbit;
use crate::figure::relief::ReliefMesh;
use crate::ui::style::gpu::picture_pass::PicturePass;

/// Approximate number of triangles along a side of the mesh.
pub const FACETS: usize = 128;
const SAMPLES: u32 = 4;
const PICTURE: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;
const DEPTH: wgpu::TextureFormat = wgpu::TextureFormat::Depth32Float;
/// Size of `View` in the shader, bytes.
const VIEW: u64 = 112;
/// A picture is removed when its panel was not painted for this number of paints.
const KEPT: u64 = 256;

/// The surface of a panel.
#[derive(Clone, Debug)]
pub struct ReliefPaint {
    /// Id of the panel.
    pub panel: u64,
    /// The triangles.
    pub mesh: Arc<ReliefMesh>,
    /// Colour map of the scale.
    pub colors: Colormap,
    /// Number of contour levels inside of the scale, at equal steps.
    pub levels: usize,
    /// Position of the camera.
    pub orbit: Orbit,
    /// Pixels per point.
    pub pixels_per_point: f32,
}

impl ReliefPaint {
    /// A shape in `rect`; the shorter side of `rect` is the side of the orbit's picture.
    pub fn shape(self, rect: Rect) -> Shape {
        let size = [rect.width(), rect.height()].map(|side| (side * self.pixels_per_point).round().clamp(1.0, 4096.0) as u32);
        Callback::new_paint_callback(rect, Paint { what: self, size }).into()
    }

    /// The `View` of the shader for a picture of this size.
    fn view(&self, [width, height]: [u32; 2]) -> Vec<f32> {
        let side = width.min(height) as f32;
        let (across, up) = (side / width as f32, side / height as f32);
        let columns = self.orbit.matrix().map(|column| [column[0] * across, column[1] * up, column[2], column[3]]);
        let [x, y, z] = self.orbit.light().map(|v| v as f32);
        let light = [x, y, z, 0.0];
        let toward = [self.orbit.toward[0] as f32, self.orbit.toward[1] as f32, self.orbit.toward[2] as f32, 0.0];
        let steps = if self.levels == 0 { 0.0 } else { self.levels as f32 + 1.0 };
        let lines = [steps, 0.5 * self.pixels_per_point.max(1.0), 0.0, 0.0];
        columns.into_iter().flatten().chain(light).chain(toward).chain(lines).collect()
    }
}

struct Paint {
    what: ReliefPaint,
    size: [u32; 2],
}

impl CallbackTrait for Paint {
    fn prepare(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        _screen: &ScreenDescriptor,
        encoder: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        if let Some(reliefs) = resources.get_mut::<Reliefs>() {
            reliefs.draw(device, queue, encoder, self);
        }
        Vec::new()
    }

    fn paint(&self, _info: PaintCallbackInfo, pass: &mut wgpu::RenderPass<'static>, resources: &CallbackResources) {
        let Some(reliefs) = resources.get::<Reliefs>() else { return };
        let Some(canvas) = reliefs.panels.get(&self.what.panel).and_then(|panel| panel.canvas.as_ref()) else { return };
        reliefs.picture_pass.draw(pass, &canvas.group);
    }
}

/// Pipelines and the data of every panel; stored in egui's callback resources.
pub struct Reliefs {
    surface: wgpu::RenderPipeline,
    picture_pass: PicturePass,
    between: wgpu::Sampler,
    panels: BTreeMap<u64, Panel>,
    paints: u64,
}

struct Panel {
    mesh: Arc<ReliefMesh>,
    colors: Colormap,
    vertices: wgpu::Buffer,
    indices: wgpu::Buffer,
    count: u32,
    view: wgpu::Buffer,
    group: wgpu::BindGroup,
    canvas: Option<Canvas>,
    seen: u64,
}

struct Canvas {
    size: [u32; 2],
    samples: wgpu::TextureView,
    depth: wgpu::TextureView,
    picture: wgpu::TextureView,
    group: wgpu::BindGroup,
    /// The `View` of the drawn picture.
    shown: Vec<f32>,
}

impl Reliefs {
    /// Pipelines for a window of this format.
    pub fn new(device: &wgpu::Device, target: wgpu::TextureFormat) -> Self {
        let shader = device.create_shader_module(wgpu::include_wgsl!("relief.wgsl"));
        let corner = wgpu::VertexBufferLayout {
            array_stride: 28,
            step_mode: wgpu::VertexStepMode::Vertex,
            attributes: &wgpu::vertex_attr_array![0 => Float32x3, 1 => Float32, 2 => Float32x3],
        };
        let surface = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("surface"),
            layout: None,
            vertex: wgpu::VertexState {
                module: &shader,
                entry_point: Some("surface_corner"),
                compilation_options: Default::default(),
                buffers: &[Some(corner)],
            },
            primitive: wgpu::PrimitiveState::default(),
            depth_stencil: Some(wgpu::DepthStencilState {
                format: DEPTH,
                depth_write_enabled: Some(true),
                depth_compare: Some(wgpu::CompareFunction::Less),
                stencil: Default::default(),
                bias: Default::default(),
            }),
            multisample: wgpu::MultisampleState { count: SAMPLES, ..Default::default() },
            fragment: Some(wgpu::FragmentState {
                module: &shader,
                entry_point: Some("surface_color"),
                compilation_options: Default::default(),
                targets: &[Some(PICTURE.into())],
            }),
            multiview_mask: None,
            cache: None,
        });
        let linear = wgpu::FilterMode::Linear;
        let between = wgpu::SamplerDescriptor { mag_filter: linear, min_filter: linear, ..Default::default() };
        let between = device.create_sampler(&between);
        Self { surface, picture_pass: PicturePass::new(device, target), between, panels: BTreeMap::new(), paints: 0 }
    }

    fn draw(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, encoder: &mut wgpu::CommandEncoder, paint: &Paint) {
        self.paints += 1;
        let (now, what) = (self.paints, &paint.what);
        self.panels.retain(|_, panel| panel.seen + KEPT > now);
        let is_old = |panel: &Panel| !Arc::ptr_eq(&panel.mesh, &what.mesh) || panel.colors != what.colors;
        if self.panels.get(&what.panel).is_none_or(is_old) {
            let panel = self.panel(device, queue, what);
            self.panels.insert(what.panel, panel);
        }
        let Some(mut panel) = self.panels.remove(&what.panel) else { return };
        panel.seen = now;
        let fits = panel.canvas.take().filter(|canvas| canvas.size == paint.size);
        let mut canvas = fits.unwrap_or_else(|| self.canvas(device, paint.size));
        let view = what.view(paint.size);
        if canvas.shown != view {
            queue.write_buffer(&panel.view, 0, &bytes(&view));
            self.fill(encoder, &panel, &canvas);
            canvas.shown = view;
        }
        panel.canvas = Some(canvas);
        self.panels.insert(what.panel, panel);
    }

    fn panel(&self, device: &wgpu::Device, queue: &wgpu::Queue, what: &ReliefPaint) -> Panel {
        let corners: Vec<f32> = what.mesh.vertices.iter().flat_map(|v| v.at.into_iter().chain([v.t]).chain(v.normal)).collect();
        let indices: Vec<u8> = what.mesh.indices.iter().flat_map(|index| index.to_le_bytes()).collect();
        let buffer = |contents: &[u8], usage| device.create_buffer_init(&wgpu::util::BufferInitDescriptor { label: None, contents, usage });
        let view = device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: VIEW,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let table: Vec<u8> = what.colors.table().iter().flat_map(|[r, g, b]| [*r, *g, *b, 255]).collect();
        let descriptor = texture("colours", [256, 1], PICTURE, 1, wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST);
        let colors = device.create_texture_with_data(queue, &descriptor, wgpu::util::TextureDataOrder::LayerMajor, &table);
        let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &self.surface.get_bind_group_layout(0),
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: view.as_entire_binding() },
                wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::TextureView(&colors.create_view(&Default::default())) },
                wgpu::BindGroupEntry { binding: 2, resource: wgpu::BindingResource::Sampler(&self.between) },
            ],
        });
        Panel {
            mesh: what.mesh.clone(),
            colors: what.colors,
            vertices: buffer(&bytes(&corners), wgpu::BufferUsages::VERTEX),
            indices: buffer(&indices, wgpu::BufferUsages::INDEX),
            count: what.mesh.indices.len() as u32,
            view,
            group,
            canvas: None,
            seen: self.paints,
        }
    }

    fn canvas(&self, device: &wgpu::Device, size: [u32; 2]) -> Canvas {
        let target = wgpu::TextureUsages::RENDER_ATTACHMENT;
        let make = |label, format, samples, usage| {
            device.create_texture(&texture(label, size, format, samples, usage)).create_view(&wgpu::TextureViewDescriptor::default())
        };
        let picture = make("surface", PICTURE, 1, target | wgpu::TextureUsages::TEXTURE_BINDING);
        let group = self.picture_pass.bind(device, &picture);
        Canvas {
            size,
            samples: make("samples of a surface", PICTURE, SAMPLES, target),
            depth: make("depth of a surface", DEPTH, SAMPLES, target),
            picture,
            group,
            shown: Vec::new(),
        }
    }

    fn fill(&self, encoder: &mut wgpu::CommandEncoder, panel: &Panel, canvas: &Canvas) {
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("surface"),
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &canvas.samples,
                resolve_target: Some(&canvas.picture),
                depth_slice: None,
                ops: wgpu::Operations { load: wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT), store: wgpu::StoreOp::Discard },
            })],
            depth_stencil_attachment: Some(wgpu::RenderPassDepthStencilAttachment {
                view: &canvas.depth,
                depth_ops: Some(wgpu::Operations { load: wgpu::LoadOp::Clear(1.0), store: wgpu::StoreOp::Discard }),
                stencil_ops: None,
            }),
            ..Default::default()
        });
        if panel.count > 0 {
            pass.set_pipeline(&self.surface);
            pass.set_bind_group(0, &panel.group, &[]);
            pass.set_vertex_buffer(0, panel.vertices.slice(..));
            pass.set_index_buffer(panel.indices.slice(..), wgpu::IndexFormat::Uint32);
            pass.draw_indexed(0..panel.count, 0, 0..1);
        }
    }
}

fn texture(
    label: &'static str,
    [width, height]: [u32; 2],
    format: wgpu::TextureFormat,
    sample_count: u32,
    usage: wgpu::TextureUsages,
) -> wgpu::TextureDescriptor<'static> {
    wgpu::TextureDescriptor {
        label: Some(label),
        size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage,
        view_formats: &[],
    }
}

fn bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests;
