// Draws a finished picture onto the window.

@group(0) @binding(0) var picture: texture_2d<f32>;
@group(0) @binding(1) var nearest: sampler;

struct Place {
    @builtin(position) clip: vec4f,
    @location(0) uv: vec2f,
}

// One triangle over the whole viewport.
@vertex
fn cover(@builtin(vertex_index) vertex: u32) -> Place {
    var out: Place;
    out.uv = vec2f(f32((vertex << 1u) & 2u), f32(vertex & 2u));
    out.clip = vec4f(out.uv.x * 2.0 - 1.0, 1.0 - out.uv.y * 2.0, 0.0, 1.0);
    return out;
}

@fragment
fn picture_gamma(in: Place) -> @location(0) vec4f {
    return textureSample(picture, nearest, in.uv);
}

// For render targets that expect linear colours.
@fragment
fn picture_linear(in: Place) -> @location(0) vec4f {
    let found = textureSample(picture, nearest, in.uv);
    let straight = found.rgb / max(found.a, 1e-4);
    let high = pow((straight + 0.055) / 1.055, vec3f(2.4));
    return vec4f(select(high, straight / 12.92, straight <= vec3f(0.04045)) * found.a, found.a);
}
