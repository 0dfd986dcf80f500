//! Finds the run that wrote a checkpoint.

use std::path::{Path, PathBuf};

use flatland_core::job::{RunConfig, RunFolder};

/// The run that wrote a checkpoint: that of the run directory in which the file is (`<run>/checkpoints/best.safetensors`), else of the
/// run file of the same name beside it (`erm.toml` beside `erm.safetensors`).
pub fn origin(checkpoint: &Path) -> Option<RunConfig> {
    let of_folder = || {
        let folder = checkpoint.parent().filter(|folder| folder.file_name().is_some_and(|name| name == "checkpoints"))?;
        RunConfig::load(&RunFolder::new(folder.parent()?).run_file()).ok()
    };
    of_folder().or_else(|| RunConfig::load(&checkpoint.with_extension("toml")).ok())
}

/// The same for several checkpoints; those without a run are left out. Reads files.
pub fn origins(checkpoints: Vec<PathBuf>) -> Vec<(PathBuf, RunConfig)> {
    checkpoints.into_iter().filter_map(|path| origin(&path).map(|run| (path, run))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_checkpoint_belongs_to_the_run_of_its_directory_or_file() {
        let folder = tempfile::tempdir().unwrap();
        let text = |seed: u32| {
            format!(
                "version = 1\nseed = {seed}\nepochs = 1\nbatch = 8\n[method]\nname = \"erm\"\n[[dataset]]\nname = \"t\"\nrole = \"train\"\npath = \"demo:train\"\n"
            )
        };
        let run = folder.path().join("run");
        std::fs::create_dir_all(run.join("checkpoints")).unwrap();
        std::fs::write(run.join("run.toml"), text(7)).unwrap();
        std::fs::write(folder.path().join("erm.toml"), text(8)).unwrap();
        std::fs::write(folder.path().join("oe.toml"), "version = 1\n[[checkpoint]]\n").unwrap();
        let seed = |path: &str| origin(&folder.path().join(path)).map(|run| run.seed);
        assert_eq!(seed("run/checkpoints/best.safetensors"), Some(7));
        assert_eq!(seed("erm.safetensors"), Some(8));
        assert_eq!(seed("oe.safetensors"), None, "what lies beside it is no run");
        assert_eq!(seed("other.pt"), None);
    }
}
