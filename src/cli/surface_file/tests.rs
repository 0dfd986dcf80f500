#![allow(clippy::unwrap_used)]

use super::mesh::Mesh;
use super::*;
use flatland_core::result::LandscapeManifest;

/// 3 × 4 cells with loss 10^(i + j) at (i, j); (2, 3) is not computed and (0, 0) is not a number.
fn surface() -> LossSurface {
    let manifest = LandscapeManifest { checkpoint: "an SGD".into(), ..Default::default() };
    let mut surface = LossSurface::pending(vec![-1.0, 0.0, 1.0], vec![0.0, 0.5, 1.0, 1.5], manifest);
    for k in 0..11 {
        surface.loss[k] = if k == 0 { f64::NAN } else { 10f64.powi((k / 4 + k % 4) as i32) };
        surface.accuracy[k] = 0.5 + 0.01 * k as f64;
        surface.count[k] = 7;
    }
    surface
}

#[test]
fn a_mesh_has_a_hole_where_there_is_no_height() {
    let mesh = Mesh::new(&surface(), Height::default()).unwrap();
    assert_eq!((mesh.faces.len(), mesh.points.len()), (4, 10), "of 6 squares two touch what has no height");
    assert!(!mesh.points.iter().any(|point| point[..2] == [-1.0, 0.0] || point[..2] == [1.0, 1.5]));
    for face in &mesh.faces {
        let [a, b, c] = [0, 1, 2].map(|k| mesh.points[face[k]]);
        assert!((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) > 0.0, "counter-clockwise from above");
    }
    let highest = |height| Mesh::new(&surface(), height).unwrap().points.iter().map(|p| p[2]).fold(f64::MIN, f64::max);
    assert_eq!(highest(Height { log: true, max: None }), 4.0);
    assert_eq!(highest(Height { log: false, max: Some(50.0) }), 50.0);
    let pending = LossSurface::pending(vec![0.0, 1.0], vec![0.0, 1.0], LandscapeManifest::default());
    assert!(Mesh::new(&pending, Height::default()).unwrap_err().contains("2 × 2"));
}

#[test]
fn meshes_are_written_as_their_formats_say() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str| {
        let path = folder.path().join(name);
        export(&surface(), &path, Height::default()).unwrap();
        std::fs::read(path).unwrap()
    };
    let obj = String::from_utf8(write("a.obj")).unwrap();
    let lines = |start: &str| obj.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!((lines("v "), lines("f "), lines("o an_SGD")), (10, 4, 1));
    assert!(obj.contains("\nv 0 0.5 100\n"), "{obj}");

    let stl = write("a.stl");
    let read = stl_io::read_stl(&mut std::io::Cursor::new(&stl)).unwrap();
    assert_eq!((stl.len(), read.faces.len(), read.vertices.len()), (84 + 50 * 8, 8, 10));
    assert!(read.faces.iter().all(|face| face.normal.0[2] > 0.0), "normals look up");

    let vtp = String::from_utf8(write("a.vtp")).unwrap();
    assert!(vtp.contains("NumberOfPoints=\"10\"") && vtp.contains("NumberOfPolys=\"4\""));
    for name in ["zvalue", "averaged zvalue", "loss", "accuracy", "Points", "connectivity", "offsets"] {
        assert!(vtp.contains(&format!("Name=\"{name}\"")), "{name}");
    }
    let offsets = vtp.split("Name=\"offsets\"").nth(1).unwrap().lines().nth(1).unwrap();
    assert_eq!(offsets.trim(), "4 8 12 16");
}

#[test]
fn surface_files_of_tomgoldstein_are_read_in_the_order_in_which_that_tool_fills_them() {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/cli/surface_file/tomgoldstein.h5"));
    let surface = import(path).unwrap();
    assert_eq!((surface.alpha.len(), surface.beta.as_slice()), (4, [0.0, 0.5, 1.0].as_slice()));
    for i in 0..4 {
        for j in 0..3 {
            let (k, x, y) = (i * 3 + j, surface.alpha[i], surface.beta[j]);
            match (i, j) {
                (3, 2) => assert_eq!(surface.count[k], 0, "−1 is not computed"),
                (1, 1) => assert!(surface.loss[k].is_nan() && surface.count[k] > 0, "NaN is a value"),
                _ => {
                    assert!((surface.loss[k] - (2.0 + x + 10.0 * y)).abs() < 1e-12, "({x}, {y}): {}", surface.loss[k]);
                    assert!((surface.accuracy[k] - (0.5 + 0.01 * x)).abs() < 1e-12);
                }
            }
        }
    }
}

#[test]
fn a_surface_goes_to_h5_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.h5");
    export(&surface(), &path, Height::default()).unwrap();
    let back = import(&path).unwrap();
    assert_eq!((&back.alpha, &back.beta), (&surface().alpha, &surface().beta));
    for k in 0..12 {
        assert_eq!(back.count[k] > 0, surface().count[k] > 0);
        assert!(back.loss[k] == surface().loss[k] || (back.loss[k].is_nan() && surface().loss[k].is_nan()), "{k}");
        assert!((back.accuracy[k] - surface().accuracy[k]).abs() < 1e-12 || back.count[k] == 0);
    }
    let mut line = LossSurface::pending(vec![0.0, 1.0], vec![0.0], LandscapeManifest::default());
    (line.loss, line.count) = (vec![1.0, 2.0], vec![1, 1]);
    export(&line, &path, Height::default()).unwrap();
    assert_eq!(import(&path).unwrap().loss, [1.0, 2.0]);
}

#[test]
fn other_files_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.h5");
    std::fs::write(&path, b"no").unwrap();
    assert!(import(&path).unwrap_err().to_string().contains("HDF5"));
    let error = export(&surface(), &folder.path().join("a.ply"), Height::default()).unwrap_err().to_string();
    assert!(error.contains(".ply") && error.contains(".vtp"), "{error}");
    assert!(import(&folder.path().join("nothing")).unwrap_err().to_string().contains("landscape.npz"));
}
