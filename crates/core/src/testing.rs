//! What tests need beside the repository, and whether they may pass without it. For tests and benchmarks only.
//!
//! A test whose need is not met is skipped with a printed line, unless `FLATLAND_TESTS_REQUIRE` names the need: then the test fails. The
//! variable is a comma list of the words in [`Need::word`]; `.ci/run` sets it, so that no test passes there without having run.

use std::path::{Path, PathBuf};

/// Names the needs that must be met.
pub const REQUIRE: &str = "FLATLAND_TESTS_REQUIRE";

/// Names the folder of the shared test data. Where it is unset, a folder `shared` beside the repository or above it is taken.
pub const SHARED: &str = "FLATLAND_SHARED";

/// What a test needs beside the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The shared test data: published checkpoints and datasets, and reference values for them.
    Shared,
    /// The program `flatland-worker` beside `flatland`.
    Worker,
    /// A graphics adapter; one in software is enough.
    Adapter,
    /// A Python with torch and NumPy, for tests against PyTorch on the same machine.
    Python,
}

impl Need {
    const ALL: [Self; 4] = [Self::Shared, Self::Worker, Self::Adapter, Self::Python];

    /// How the variable names it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Worker => "worker",
            Self::Adapter => "adapter",
            Self::Python => "python",
        }
    }
}

/// What was found, or `None` with a printed line where the test is to be skipped. `Err` says what was expected and where it was looked for.
///
/// # Panics
/// When it is missing and [`REQUIRE`] names the need, or when the variable holds a word that names no need.
pub fn require<T>(need: Need, found: Result<T, String>) -> Option<T> {
    let required = std::env::var(REQUIRE).unwrap_or_default();
    match decide(&required, need, found) {
        Ok(Ok(found)) => Some(found),
        Ok(Err(missing)) => {
            println!("skipped: {missing}");
            None
        }
        Err(failure) => panic!("{failure}"),
    }
}

/// What [`require`] does when the variable is `required`: `Ok(Err(_))` skips, `Err(_)` fails.
fn decide<T>(required: &str, need: Need, found: Result<T, String>) -> Result<Result<T, String>, String> {
    let words: Vec<&str> = required.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
    let known = Need::ALL.map(Need::word);
    if let Some(word) = words.iter().find(|word| !known.contains(word)) {
        return Err(format!("{REQUIRE} names what tests can need: expected words of {}, found `{word}`", known.join(", ")));
    }
    match found {
        Err(missing) if words.contains(&need.word()) => Err(format!("{missing}; {REQUIRE} names `{}`, so this test fails", need.word())),
        found => Ok(found),
    }
}

/// The folder of the shared test data, for a test that needs it.
///
/// # Panics
/// As [`require`].
pub fn shared_dir() -> Option<PathBuf> {
    require(Need::Shared, find_shared())
}

/// A part of the shared test data, for a test that needs it.
///
/// # Panics
/// As [`require`].
pub fn shared(part: &str) -> Option<PathBuf> {
    let found = find_shared().map(|folder| folder.join(part));
    let exists = |path: PathBuf| path.exists().then_some(path.clone()).ok_or_else(|| missing(&[path]));
    require(Need::Shared, found.and_then(exists))
}

/// The folder of the shared test data; what is missing, where it is not.
///
/// # Errors
/// What was expected, and where it was looked for.
pub fn find_shared() -> Result<PathBuf, String> {
    let places = match std::env::var_os(SHARED) {
        Some(folder) => vec![PathBuf::from(folder)],
        None => {
            let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
            package.ancestors().skip(1).take(4).map(|folder| folder.join("shared")).collect()
        }
    };
    places.iter().find(|folder| folder.is_dir()).cloned().ok_or_else(|| missing(&places))
}

fn missing(places: &[PathBuf]) -> String {
    let places: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
    format!("expected the shared test data, found nothing at {} ({SHARED} names its folder)", places.join(", "))
}

/// `flatland-worker` beside the program `flatland`, for a test that needs it.
///
/// # Panics
/// As [`require`].
pub fn worker_beside(flatland: &Path) -> Option<PathBuf> {
    let worker = flatland.with_file_name(format!("flatland-worker{}", std::env::consts::EXE_SUFFIX));
    let missing = || format!("expected the worker, found nothing at {}; `cargo build --workspace` builds it", worker.display());
    require(Need::Worker, if worker.is_file() { Ok(worker.clone()) } else { Err(missing()) })
}

/// A Python with torch 2.11.0, for a test against PyTorch: the program that `ORACLE_PYTHON` names, else `python3`.
///
/// # Panics
/// As [`require`].
pub fn python_with_torch() -> Option<std::ffi::OsString> {
    let python = std::env::var_os("ORACLE_PYTHON").unwrap_or_else(|| "python3".into());
    let version = std::process::Command::new(&python).args(["-c", "import numpy, torch; print(torch.__version__)"]).output();
    let fits = version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).starts_with("2.11.0"));
    let missing = || format!("expected a Python with torch 2.11.0 and NumPy, found {} (ORACLE_PYTHON names one)", python.display());
    require(Need::Python, if fits { Ok(python.clone()) } else { Err(missing()) })
}

/// A Python with torch 2.11.0 that also has `module`, for a test against that module. Where only the module is absent, the test is
/// skipped, whatever [`REQUIRE`] says.
///
/// # Panics
/// As [`require`].
pub fn python_with(module: &str) -> Option<std::ffi::OsString> {
    let python = python_with_torch()?;
    let imported = std::process::Command::new(&python).args(["-c", &format!("import {module}")]).output();
    let there = imported.is_ok_and(|output| output.status.success());
    if !there {
        println!("skipped: expected `{module}` in {}, found none", python.display());
    }
    there.then_some(python)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn what_is_named_must_be_there_and_what_is_not_named_may_be_missing() {
        let nothing = || Err::<(), _>("expected the worker, found nothing at /x".to_owned());
        assert_eq!(decide("", Need::Worker, nothing()), Ok(nothing()));
        assert_eq!(decide("shared, adapter", Need::Worker, nothing()), Ok(nothing()));
        assert_eq!(decide("worker", Need::Worker, Ok(1)), Ok(Ok(1)));
        let failure = decide("shared, worker", Need::Worker, nothing()).unwrap_err();
        assert!(failure.contains("found nothing at /x") && failure.contains("FLATLAND_TESTS_REQUIRE names `worker`"), "{failure}");
        let failure = decide("wroker", Need::Worker, Ok(1)).unwrap_err();
        assert!(failure.contains("expected words of shared, worker, adapter, python, found `wroker`"), "{failure}");
    }

    /// What the next test runs again in a process of its own.
    #[test]
    fn a_test_that_needs_the_shared_data() {
        let Some(folder) = shared_dir() else { return };
        assert!(folder.is_dir());
    }

    #[test]
    fn a_test_without_its_data_is_skipped_with_a_line_and_fails_where_the_variable_names_it() {
        let run = |required: &str| {
            let mut again = Command::new(std::env::current_exe().unwrap());
            again.args(["--exact", "testing::tests::a_test_that_needs_the_shared_data", "--nocapture"]);
            again.env(SHARED, "/nowhere/shared").env(REQUIRE, required).output().unwrap()
        };
        let (skipped, failed) = (run("worker"), run("worker,shared"));
        let (output, complaint) = (String::from_utf8_lossy(&skipped.stdout), String::from_utf8_lossy(&failed.stderr));
        assert!(skipped.status.success() && output.contains("1 passed"), "{output}");
        assert!(output.contains("skipped: expected the shared test data, found nothing at /nowhere/shared"), "{output}");
        assert!(!failed.status.success(), "{complaint}");
        assert!(complaint.contains("FLATLAND_TESTS_REQUIRE names `shared`, so this test fails"), "{complaint}");
    }
}
