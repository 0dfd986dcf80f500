//! Wavefront OBJ: vertices (α, β, height) and four-sided faces. It has two kinds of lines and is written here because the maintained crates only read it.

use std::fmt::Write;

use super::mesh::Mesh;

/// The text of an `.obj` with one object called `name`.
pub fn obj(mesh: &Mesh, name: &str) -> String {
    let mut out = format!("# Flatland: loss landscape; x = alpha, y = beta, z = height\no {}\n", name.replace(char::is_whitespace, "_"));
    for [x, y, z] in &mesh.points {
        let _ = writeln!(out, "v {x} {y} {z}");
    }
    for [a, b, c, d] in mesh.faces.iter().map(|face| face.map(|k| k + 1)) {
        let _ = writeln!(out, "f {a} {b} {c} {d}");
    }
    out
}
