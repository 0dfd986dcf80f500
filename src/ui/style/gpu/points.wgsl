// Discs in triangles, anti-aliased by their distance from the centre; colours are premultiplied, in gamma space as egui's.
// `cpu_points.rs` draws the same without a GPU.

struct View {
    center: vec2f,   // data at the middle of the picture
    scale: vec2f,    // data to clip space
    pixel: vec2f,    // a pixel in clip space
    radius: f32,     // pixels
    opacity: f32,
    ring: vec4f,     // colour around selected points
    // 0: all points; 1: points that are not selected; 2: selected points with rings
    part: u32,
}

const VISIBLE = 1u;
const SELECTED = 2u;
const RING = 1.4;

@group(0) @binding(0) var<uniform> view: View;

struct Corner {
    @builtin(position) clip: vec4f,
    @location(0) offset: vec2f,
    @location(1) @interpolate(flat) color: vec3f,
}

@group(0) @binding(1) var<storage, read> positions: array<vec2f>;
@group(0) @binding(2) var<storage, read> styles: array<u32>;

// One corner of the triangle around a disc.
fn place(k: u32, at: vec2f, style: u32) -> Corner {
    var out: Corner;
    let flags = style >> 24u;
    let selected = (flags & SELECTED) != 0u;
    let in_part = view.part == 0u || (view.part == 2u) == selected;
    if (flags & VISIBLE) == 0u || !in_part {
        out.clip = vec4f(2.0, 2.0, 2.0, 1.0);
        return out;
    }
    var corners = array<vec2f, 3>(vec2f(0.0, 2.0), vec2f(-1.7320508, -1.0), vec2f(1.7320508, -1.0));
    let reach = view.radius + 0.5 + select(0.0, RING, view.part == 2u);
    out.offset = corners[k] * reach;
    out.clip = vec4f((at - view.center) * view.scale + out.offset * view.pixel, 0.0, 1.0);
    out.color = unpack4x8unorm(style).xyz;
    return out;
}

// Three vertices per point, read from the buffers: much faster than instances of three vertices, most of all on software adapters.
@vertex
fn corner_pulled(@builtin(vertex_index) vertex: u32) -> Corner {
    return place(vertex % 3u, positions[vertex / 3u], styles[vertex / 3u]);
}

// One instance per point, where vertex shaders cannot read buffers (OpenGL).
@vertex
fn corner_instanced(@builtin(vertex_index) vertex: u32, @location(0) at: vec2f, @location(1) style: u32) -> Corner {
    return place(vertex, at, style);
}

@fragment
fn disc(in: Corner) -> @location(0) vec4f {
    let distance = length(in.offset);
    let inner = clamp(view.radius + 0.5 - distance, 0.0, 1.0);
    if view.part != 2u {
        let alpha = inner * view.opacity;
        return vec4f(in.color * alpha, alpha);
    }
    let alpha = clamp(view.radius + RING + 0.5 - distance, 0.0, 1.0);
    return vec4f(mix(view.ring.rgb, in.color, inner) * alpha, alpha);
}
