//! Runs from the command line: background, control, sweeps, curves. Needs `flatland-worker` beside `flatland`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use common::{FLATLAND, has_worker};
use flatland_core::job::{RunFolder, RunStatus};

/// A folder with `run.toml`: a small network from scratch on the demo set.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new(epochs: usize) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        place.write("run.toml", &run_file("[method]\nname = \"erm\"\n", epochs));
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn flatland(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(FLATLAND);
        command.args(arguments).current_dir(self.folder.path()).env("XDG_CACHE_HOME", self.path("cache"));
        command.env_remove("FLATLAND_WORKER").stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.flatland(arguments).output().unwrap()
    }

    /// stdout of a command that must succeed.
    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn run_folder(&self, name: &str) -> RunFolder {
        RunFolder::new(&self.path(name))
    }

    fn until(&self, name: &str, status: RunStatus) {
        let begun = Instant::now();
        loop {
            let (state, found) = self.run_folder(name).state().unwrap();
            if found == status {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(120), "expected {status:?}, found {found:?}: {state:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Place {
    /// Stops everything that the test left running.
    fn drop(&mut self) {
        let _ = self.flatland(&["runs", ".", "--kill"]).output();
    }
}

fn run_file(method: &str, epochs: usize) -> String {
    let dataset = |role: &str, part: &str, limit: usize| {
        format!("[[dataset]]\nname = \"{role}\"\nrole = \"{role}\"\npath = \"demo:{part}\"\nlimit = {limit}\n")
    };
    format!(
        "version = 1\narchitecture = \"resnet8\"\nclasses = 7\nnormalization = \"half\"\nbatch = 16\noutlier_batch = 16\n\
         transform = \"none\"\nepochs = {epochs}\n{method}{}{}{}{}",
        dataset("train", "train", 48),
        dataset("outliers", "outliers", 32),
        dataset("id", "test", 32),
        dataset("far", "far", 32),
    )
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_run_in_the_background_is_listed_paused_resumed_stopped_and_resumed() {
    if !has_worker() {
        return;
    }
    let place = Place::new(100_000);
    let dir = place.ok(&["train", "run.toml", "--detach", "--device", "cpu", "--threads", "1"]);
    assert_eq!(dir.trim(), place.path("runs/run").canonicalize().unwrap().display().to_string());
    place.until("runs/run", RunStatus::Running);
    place.ok(&["runs", "runs/run", "--pause"]);
    place.until("runs/run", RunStatus::Paused);
    let listed: serde_json::Value = serde_json::from_str(place.ok(&["runs", "--json"]).trim()).unwrap();
    assert_eq!((listed["status"].as_str(), listed["config"]["method"]["name"].as_str()), (Some("paused"), Some("erm")));
    assert!(listed["last"]["id_accuracy"].is_number() && listed["state"]["step"].as_u64().unwrap() > 0, "{listed}");
    assert!(place.ok(&["runs"]).contains("paused"));
    place.ok(&["runs", "runs/run", "--resume"]);
    place.until("runs/run", RunStatus::Running);
    let again = place.run(&["train", "run.toml", "--out", "runs/run"]);
    assert!(!again.status.success() && stderr(&again).contains("found one that is running"), "{}", stderr(&again));
    place.ok(&["runs", "--stop"]);
    place.until("runs/run", RunStatus::Cancelled);
    let nobody = place.run(&["runs", "runs/run", "--pause"]);
    assert!(!nobody.status.success() && stderr(&nobody).contains("expected a run under way"), "{}", stderr(&nobody));
    place.ok(&["train", "--resume", "runs/run", "--detach"]);
    place.until("runs/run", RunStatus::Running);
    place.ok(&["runs", "--kill"]);
    place.until("runs/run", RunStatus::Interrupted);
}

#[cfg(unix)]
#[test]
fn a_run_survives_the_process_that_started_it() {
    if !has_worker() {
        return;
    }
    let place = Place::new(10);
    let mut child = place.flatland(&["train", "run.toml", "--out", "r", "--threads", "1"]).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while !place.path("r/state.json").is_file() {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(5));
    }
    place.until("r", RunStatus::Running);
    // SIGKILL
    child.kill().unwrap();
    child.wait().unwrap();
    place.until("r", RunStatus::Done);
    assert_eq!(place.run_folder("r").load().unwrap().metrics.len(), 11);
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_the_run_after_its_step_and_the_run_can_be_resumed() {
    if !has_worker() {
        return;
    }
    let place = Place::new(100_000);
    let child = place.flatland(&["train", "run.toml", "--out", "r"]).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while !place.path("r/checkpoints/last.safetensors").is_file() {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(5));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert_eq!(place.run_folder("r").state().unwrap().1, RunStatus::Cancelled);
    assert!(stderr(&output).contains("epoch 0: "), "{}", stderr(&output));
}

#[test]
fn a_sweep_runs_the_product_once_reports_failures_and_writes_tables() {
    if !has_worker() {
        return;
    }
    let place = Place::new(1);
    // One point diverges with every seed.
    let method = "seed = [0, 1]\n[method]\nname = \"oe\"\nlambda = 0.5\n[optimizer]\nlr = [0.01, 1e30]\n";
    place.write("grid.toml", &run_file(method, 1));
    let output = place.run(&["train", "--sweep", "grid.toml", "--threads", "1"]);
    let text = stderr(&output);
    assert!(!output.status.success());
    assert_eq!(text.lines().filter(|line| line.starts_with("error: ") && line.contains("diverged")).count(), 2, "{text}");
    assert!(text.contains("2 of 4 runs failed"), "{text}");
    let csv = std::fs::read_to_string(place.path("runs/grid/table.csv")).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert!(lines[0].starts_with("lr,epoch,runs,id_accuracy,id_accuracy_std,"), "{csv}");
    // One point of two seeds, at the best and at the last epoch.
    assert_eq!(lines.len(), 3, "{csv}");
    assert!(lines[1].starts_with("0.01,best,2,") && lines[2].starts_with("0.01,last,2,"), "{csv}");
    for name in ["table.md", "table.tex", "sweep.toml", "lr=0.01,seed=1/metrics.jsonl"] {
        assert!(place.path("runs/grid").join(name).is_file(), "no {name}");
    }
    assert!(String::from_utf8_lossy(&output.stdout).contains("| 0.01 | 2 |"));
    // The same number by hand: mean over the seeds of the last line.
    let accuracy = |seed: usize| {
        let run = place.run_folder(&format!("runs/grid/lr=0.01,seed={seed}")).load().unwrap();
        run.metrics.last().unwrap()["id_accuracy"].as_f64().unwrap()
    };
    let mean: f64 = lines[2].split(',').nth(3).unwrap().parse().unwrap();
    assert!((mean - 0.5 * (accuracy(0) + accuracy(1))).abs() < 1e-12, "{csv}");
    // Finished runs are not repeated; failed ones are tried again.
    let pid = |run: &str| place.run_folder(&format!("runs/grid/lr={run}")).state().unwrap().0.pid;
    let before = [pid("0.01,seed=0"), pid("1e30,seed=0")];
    assert!(!place.run(&["train", "--sweep", "grid.toml", "--threads", "1"]).status.success());
    assert_eq!(pid("0.01,seed=0"), before[0]);
    assert_ne!(pid("1e30,seed=0"), before[1]);
}

#[test]
fn a_sweep_refuses_a_folder_whose_runs_have_other_settings() {
    if !has_worker() {
        return;
    }
    let place = Place::new(1);
    let text = run_file("seed = [0, 1]\n[method]\nname = \"erm\"\n", 1).replace("epochs = 1", "max_steps = 1");
    place.write("grid.toml", &text);
    let sweep = ["train", "--sweep", "grid.toml", "--threads", "1"];
    place.ok(&sweep);
    place.ok(&sweep);
    place.write("grid.toml", &text.replace("batch = 16\noutlier_batch", "batch = 8\noutlier_batch"));
    let output = place.run(&sweep);
    let said = stderr(&output);
    assert!(!output.status.success() && said.contains("seed=0") && said.contains("differs in `batch`"), "{said}");
    let kept = std::fs::read_to_string(place.path("runs/grid/sweep.toml")).unwrap();
    assert_eq!(kept, text, "the folder's own sweep file stays");
}

#[test]
fn swept_methods_take_the_hyperparameters_that_they_have() {
    if !has_worker() {
        return;
    }
    let place = Place::new(1);
    let text = run_file("[method]\nname = [\"erm\", \"sam\"]\nrho = [0.05, 0.1]\n", 1);
    place.write("methods.toml", &text.replace("epochs = 1", "max_steps = 1"));
    let told: serde_json::Value =
        serde_json::from_str(place.ok(&["train", "--sweep", "methods.toml", "--json", "--threads", "1"]).trim()).unwrap();
    assert_eq!((told["runs"].as_u64(), told["failed"].as_u64()), (Some(3), Some(0)));
    let csv = std::fs::read_to_string(place.path("runs/methods/table.csv")).unwrap();
    for row in ["\nerm,,last,1,", "\nsam,0.05,last,1,", "\nsam,0.1,last,1,"] {
        assert!(csv.contains(row), "no {row:?} in {csv}");
    }
}

#[test]
fn curves_are_exported_for_tensorboard() {
    if !has_worker() {
        return;
    }
    let place = Place::new(2);
    place.ok(&["train", "run.toml", "--out", "runs/mine", "--threads", "1"]);
    // The same file again: nothing is left to do, though the directory's run is fully resolved by now.
    place.ok(&["train", "run.toml", "--out", "runs/mine", "--threads", "1"]);
    let out = place.ok(&["runs", "--tensorboard", "--out", "board"]);
    let file = PathBuf::from(out.trim());
    let file = place.folder.path().join(file);
    assert_eq!(file.parent().unwrap().file_name().unwrap(), "mine");
    let bytes = std::fs::read(&file).unwrap();
    // Frames: length, its CRC, message, its CRC; one for the version, one a value.
    let (mut at, mut frames) = (0, 0);
    while at < bytes.len() {
        at += 16 + u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
        frames += 1;
    }
    assert_eq!(at, bytes.len());
    let lines = |path: PathBuf| -> usize {
        let text = std::fs::read_to_string(path).unwrap();
        let values = text.lines().map(|line| serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(line).unwrap());
        values.map(|line| line.keys().filter(|key| *key != "epoch" && *key != "step").count()).sum()
    };
    let run = place.run_folder("runs/mine");
    assert_eq!(frames, 1 + lines(run.metrics_file()) + lines(run.steps_file()) + lines(run.timing_file()));
    for tag in ["epoch/id_accuracy", "step/train_loss", "time/elapsed_secs"] {
        assert!(bytes.windows(tag.len()).any(|window| window == tag.as_bytes()), "no {tag}");
    }
}
