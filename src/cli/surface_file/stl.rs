//! Binary STL: two triangles for each face.

use stl_io::{Triangle, Vector};

use super::mesh::Mesh;

/// The bytes of an `.stl`.
///
/// # Errors
/// As `stl_io`, when there are more triangles than the format counts.
pub fn stl(mesh: &Mesh) -> std::io::Result<Vec<u8>> {
    let corner = |k: usize| mesh.points[k].map(|x| x as f32);
    let triangle = |[a, b, c]: [usize; 3]| {
        let [a, b, c] = [corner(a), corner(b), corner(c)];
        Triangle { normal: Vector(normal(a, b, c)), vertices: [Vector(a), Vector(b), Vector(c)] }
    };
    let triangles: Vec<Triangle> = mesh.faces.iter().flat_map(|[a, b, c, d]| [[*a, *b, *c], [*a, *c, *d]]).map(triangle).collect();
    let mut bytes = Vec::new();
    stl_io::write_stl(&mut bytes, triangles.iter())?;
    Ok(bytes)
}

/// The unit normal by the right-hand rule.
fn normal(a: [f32; 3], b: [f32; 3], c: [f32; 3]) -> [f32; 3] {
    let side = |p: [f32; 3]| [0, 1, 2].map(|k| f64::from(p[k]) - f64::from(a[k]));
    let (u, v) = (side(b), side(c));
    let cross = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
    let length = cross.iter().map(|x| x * x).sum::<f64>().sqrt();
    cross.map(|x| if length > 0.0 { (x / length) as f32 } else { 0.0 })
}
