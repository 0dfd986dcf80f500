//! `flatland convert`

use std::path::PathBuf;

use clap::Args;

use super::output::say;
use super::surface_file::{Height, export, import};

/// Arguments of `flatland convert`.
#[derive(Debug, Args)]
pub struct Convert {
    /// A folder with landscape.npz, that file, or a surface of tomgoldstein/loss-landscape (*.h5).
    from: PathBuf,
    /// *.vtp (ParaView), *.obj, *.stl, *.h5 (tomgoldstein/loss-landscape), or a folder for landscape.npz and landscape.json.
    to: PathBuf,
    /// Height of a mesh is log10 of the loss.
    #[arg(long)]
    log: bool,
    /// A mesh is cut off at this loss.
    #[arg(long, value_name = "LOSS")]
    max: Option<f64>,
}

impl Convert {
    /// Reads the surface and writes it.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let surface = import(&self.from)?;
        export(&surface, &self.to, Height { log: self.log, max: self.max })?;
        say(&self.to.display().to_string());
        Ok(())
    }
}
