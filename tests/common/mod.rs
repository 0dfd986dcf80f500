//! Shared by the tests of the command line. Each test binary uses a part of it.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::path::Path;
use std::process::{Command, Output, Stdio};

pub const FLATLAND: &str = env!("CARGO_BIN_EXE_flatland");

/// A demo checkpoint, for tests that need a real one.
pub fn demo_checkpoint() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("checkpoints/erm.safetensors").display().to_string()
}

/// Whether the worker is there; a test without it returns.
pub fn has_worker() -> bool {
    flatland_core::testing::worker_beside(Path::new(FLATLAND)).is_some()
}

pub fn flatland(folder: &Path) -> Command {
    let mut command = Command::new(FLATLAND);
    command.current_dir(folder).env("XDG_CACHE_HOME", folder.join("cache")).env_remove("FLATLAND_WORKER").stdin(Stdio::null());
    command
}

pub fn run(folder: &Path, arguments: &[&str]) -> Output {
    flatland(folder).args(arguments).output().unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path.display().to_string()
}

pub fn session(folder: &Path, checkpoint: &str, more: &str, dataset: &str) -> String {
    let text = format!(
        "version = 1\n[[checkpoint]]\nname = \"A\"\npath = '{checkpoint}'\nnormalization = \"half\"\n{more}\n\
         [[dataset]]\nname = \"digits\"\nrole = \"id\"\npath = '{dataset}'\nlimit = 64\n\
         [[dataset]]\nname = \"others\"\nrole = \"near\"\npath = 'demo:near'\nlimit = 64\n\
         [landscape]\ngrid = [3, 2]\n[sharpness]\nrho = [0.01, 0.1]\nsteps = 2\n[hessian]\ntop = 2\ntrace_probes = 2\nlanczos_steps = 10\ndensity = \"none\"\n[embedding]\niterations = 50\nperplexity = 5.0\n"
    );
    write(folder, "session.toml", text)
}
