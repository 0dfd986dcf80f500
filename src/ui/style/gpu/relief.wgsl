// The surface of a landscape: colours of the scale, soft light, and contour lines at equal steps of the scale.

struct View {
    matrix: mat4x4<f32>,
    // Unit vector towards the light.
    light: vec4<f32>,
    // Unit vector towards the viewer.
    toward: vec4<f32>,
    // x: steps of the scale between contour lines (0 = no lines), y: half the width of a line in pixels.
    lines: vec4<f32>,
}

@group(0) @binding(0) var<uniform> view: View;
@group(0) @binding(1) var colors: texture_2d<f32>;
@group(0) @binding(2) var between: sampler;

struct Corner {
    @builtin(position) position: vec4<f32>,
    @location(0) t: f32,
    @location(1) normal: vec3<f32>,
}

@vertex
fn surface_corner(@location(0) place: vec3<f32>, @location(1) t: f32, @location(2) normal: vec3<f32>) -> Corner {
    var corner: Corner;
    corner.position = view.matrix * vec4<f32>(place, 1.0);
    corner.t = t;
    corner.normal = normal;
    return corner;
}

// The same as `Orbit::shade`: 1 on level ground, so that its colours are those of the colour bar; slopes differ only a little.
fn shade(normal: vec3<f32>) -> f32 {
    let seen = normal * sign(dot(normal, view.toward.xyz) + 1e-6);
    let lit = dot(seen, view.light.xyz) / view.light.z;
    return clamp(1.0 + 0.3 * (lit - 1.0), 0.72, 1.06);
}

@fragment
fn surface_color(corner: Corner) -> @location(0) vec4<f32> {
    let base = textureSample(colors, between, vec2<f32>((corner.t * 255.0 + 0.5) / 256.0, 0.5)).rgb;
    var color = min(base * shade(normalize(corner.normal)), vec3<f32>(1.0));
    let place = corner.t * view.lines.x;
    let pixel = fwidth(place);
    let level = round(place);
    let off = abs(place - level) / max(pixel, 1e-6);
    // No line at the ends of the scale, and none where lines are closer than a pixel.
    let is_level = level > 0.5 && level < view.lines.x - 0.5;
    let line = (1.0 - smoothstep(view.lines.y - 0.5, view.lines.y + 0.5, off)) * (1.0 - smoothstep(0.3, 0.8, pixel));
    // Approximate sRGB luminance: decides whether black or white contrasts better.
    let luminance = dot(pow(base, vec3<f32>(2.2)), vec3<f32>(0.2126, 0.7152, 0.0722));
    let ink = select(vec3<f32>(1.0), vec3<f32>(0.0), luminance > 0.18);
    color = mix(color, ink, select(0.0, 0.47 * line, is_level));
    return vec4<f32>(color, 1.0);
}
