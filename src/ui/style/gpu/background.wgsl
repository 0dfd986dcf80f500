// One colour over the whole viewport. It is passed as the instance number, red in the lowest byte.

struct Corner {
    @builtin(position) clip: vec4f,
    @location(0) @interpolate(flat) color: vec3f,
}

@vertex
fn cover(@builtin(vertex_index) vertex: u32, @builtin(instance_index) packed: u32) -> Corner {
    let corner = vec2f(f32((vertex << 1u) & 2u), f32(vertex & 2u));
    var out: Corner;
    out.clip = vec4f(corner * 2.0 - 1.0, 0.0, 1.0);
    out.color = unpack4x8unorm(packed).xyz;
    return out;
}

@fragment
fn fill_gamma(in: Corner) -> @location(0) vec4f {
    return vec4f(in.color, 1.0);
}

// For render targets that expect linear colours.
@fragment
fn fill_linear(in: Corner) -> @location(0) vec4f {
    let high = pow((in.color + 0.055) / 1.055, vec3f(2.4));
    return vec4f(select(high, in.color / 12.92, in.color < vec3f(0.04045)), 1.0);
}
