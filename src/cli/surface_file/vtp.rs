//! VTK's XML PolyData, in ASCII, laid out as tomgoldstein's `h52vtp.py` does: polygons over points, `zvalue` at each point and
//! `averaged zvalue` on each face; `loss` and `accuracy` are stored in addition.
//!
//! Written here in sixty lines: the `vtkio` crate (0.6.3, its successor a release candidate since 2024) depends on nom 3 and quick-xml 0.22.

use std::fmt::{Display, Write};

use super::mesh::Mesh;

/// The text of a `.vtp`.
pub fn vtp(mesh: &Mesh) -> String {
    let heights: Vec<f64> = mesh.points.iter().map(|point| point[2]).collect();
    let averages = mesh.faces.iter().map(|face| 0.25 * face.iter().map(|&k| heights[k]).sum::<f64>());
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "<?xml version=\"1.0\"?>\n<VTKFile type=\"PolyData\" version=\"1.0\" byte_order=\"LittleEndian\" header_type=\"UInt64\">\n<PolyData>\n\
         <Piece NumberOfPoints=\"{}\" NumberOfVerts=\"0\" NumberOfLines=\"0\" NumberOfStrips=\"0\" NumberOfPolys=\"{}\">\n",
        mesh.points.len(),
        mesh.faces.len()
    );
    out.push_str("<PointData Scalars=\"zvalue\">\n");
    array(&mut out, "Float64", "zvalue", 1, heights.iter().copied().map(number));
    array(&mut out, "Float64", "loss", 1, mesh.loss.iter().copied().map(number));
    array(&mut out, "Float64", "accuracy", 1, mesh.accuracy.iter().copied().map(number));
    out.push_str("</PointData>\n<CellData Scalars=\"averaged zvalue\">\n");
    array(&mut out, "Float64", "averaged zvalue", 1, averages.map(number));
    out.push_str("</CellData>\n<Points>\n");
    array(&mut out, "Float64", "Points", 3, mesh.points.iter().flatten().copied().map(number));
    out.push_str("</Points>\n<Polys>\n");
    array(&mut out, "Int64", "connectivity", 1, mesh.faces.iter().flatten());
    array(&mut out, "Int64", "offsets", 1, (1..=mesh.faces.len()).map(|k| 4 * k));
    out.push_str("</Polys>\n</Piece>\n</PolyData>\n</VTKFile>\n");
    out
}

/// As VTK reads numbers.
fn number(value: f64) -> String {
    if value.is_nan() { "nan".into() } else { format!("{value:?}") }
}

fn array<T: Display>(out: &mut String, kind: &str, name: &str, components: usize, values: impl Iterator<Item = T>) {
    let _ = writeln!(out, "<DataArray type=\"{kind}\" Name=\"{name}\" NumberOfComponents=\"{components}\" format=\"ascii\">");
    for (k, value) in values.enumerate() {
        let _ = write!(out, "{value}{}", if k % 6 == 5 { '\n' } else { ' ' });
    }
    out.push_str("\n</DataArray>\n");
}
