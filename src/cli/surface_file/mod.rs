//! Surfaces as files of other programs: ParaView (`.vtp`), modelling programs (`.obj`, `.stl`), tomgoldstein/loss-landscape (`.h5`).
//!
//! [`export`] and [`import`] choose the format by the file's ending. Cells that are not computed or not finite are holes in meshes.
//! Deliberately absent: interpolation, a colour or a material.

mod mesh;
mod obj;
mod stl;
mod tomgoldstein;
mod vtp;

use std::path::{Path, PathBuf};

use flatland_core::result::{LossSurface, ResultError, write_atomic};

pub use mesh::Height;

/// Writes a surface as `.vtp`, `.obj`, `.stl` or `.h5`; into a folder (any other name) as `landscape.npz` and `.json`. `height` is
/// used only for meshes.
///
/// # Errors
/// When the file cannot be written, or a mesh would have no face.
pub fn export(surface: &LossSurface, path: &Path, height: Height) -> Result<(), ResultError> {
    let invalid = |message: String| ResultError::Invalid { message, path: path.into() };
    let mesh = || mesh::Mesh::new(surface, height).map_err(invalid);
    let bytes = match ending(path).as_str() {
        "vtp" => vtp::vtp(&mesh()?).into_bytes(),
        "obj" => obj::obj(&mesh()?, &surface.manifest.checkpoint).into_bytes(),
        "stl" => stl::stl(&mesh()?).map_err(|error| invalid(error.to_string()))?,
        "h5" => tomgoldstein::write(surface).map_err(invalid)?,
        "" => return surface.save(path),
        other => return Err(invalid(format!("expected a name ending in .vtp, .obj, .stl or .h5, or a folder, found .{other}"))),
    };
    write_atomic(path, &bytes)
}

/// Reads a surface: a folder with `landscape.npz` and `.json`, either of these files, or a surface file of
/// tomgoldstein/loss-landscape (`.h5`).
///
/// # Errors
/// When it cannot be read or is none of these.
pub fn import(path: &Path) -> Result<LossSurface, ResultError> {
    let folder = || path.parent().map_or(PathBuf::from("."), Path::to_owned);
    match ending(path).as_str() {
        "h5" => {
            let bytes = std::fs::read(path).map_err(|source| ResultError::Io { action: "read", source, path: path.into() })?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            tomgoldstein::read(bytes, &name).map_err(|message| ResultError::Invalid { message, path: path.into() })
        }
        "npz" | "json" => LossSurface::load(&folder()),
        _ if path.is_dir() => LossSurface::load(path),
        _ => Err(ResultError::Invalid {
            message: "expected a folder with landscape.npz, that file, or a .h5 surface".into(),
            path: path.into(),
        }),
    }
}

fn ending(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

#[cfg(test)]
mod tests;
