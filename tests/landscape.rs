//! Landscapes from the command line and through a worker: interrupted, killed, paused, estimated, kept. Need `flatland-worker` beside
//! `flatland`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{FLATLAND, demo_checkpoint, flatland, has_worker, run, session, stderr, stdout};
use flatland_core::data::{Source, load};
use flatland_core::job::{Analysis, JobEvent, PlanOptions, WorkerEvent, WorkerHandle, WorkerMessage, WorkerOptions, plan};
use flatland_core::session::Session;

/// A folder with a session of one demo checkpoint on a grid of this size.
fn place(grid: &str) -> Option<(tempfile::TempDir, String)> {
    if !has_worker() {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = session(folder.path(), &demo_checkpoint(), "", "demo:test");
    let text = std::fs::read_to_string(&path).unwrap().replace("grid = [3, 2]", grid);
    std::fs::write(&path, text).unwrap();
    Some((folder, path))
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_at_once_with_code_130_and_what_is_computed_stays() {
    let Some((folder, path)) = place("grid = [101, 101]") else { return };
    let mut child = flatland(folder.path()).args(["landscape", &path, "--out", "out"]).stderr(Stdio::piped()).spawn().unwrap();
    // Some cells are on disk.
    let started = Instant::now();
    while !folder.path().join("out/A/digits/landscape.npz").is_file() && started.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(50));
    }
    let asked = Instant::now();
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    // Minutes of work were left. The worker is given 0.8 s before it is killed; the rest is for a loaded machine.
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    assert!(folder.path().join("out/A/digits/landscape.npz").is_file());
}

#[test]
fn a_landscape_killed_without_warning_and_resumed_equals_the_undisturbed_one_byte_for_byte() {
    let Some((folder, path)) = place("grid = [25, 13]") else { return };
    let surface = |out: &str| folder.path().join(out).join("A/digits/landscape.npz");
    let mut child =
        flatland(folder.path()).args(["landscape", &path, "--out", "killed", "--no-cache"]).stderr(Stdio::null()).spawn().unwrap();
    let started = Instant::now();
    while !surface("killed").is_file() && started.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(20));
    }
    Command::new("pkill").args(["-KILL", "-P", &child.id().to_string()]).status().unwrap();
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success(), "the kill came too late to test anything");
    let partial = std::fs::read(surface("killed")).unwrap();
    for out in ["killed", "undisturbed"] {
        let output = run(folder.path(), &["landscape", &path, "--out", out, "--no-cache"]);
        assert!(output.status.success(), "{}", stderr(&output));
    }
    assert_ne!(partial, std::fs::read(surface("undisturbed")).unwrap(), "some cells were missing when the worker died");
    for name in ["landscape.npz", "landscape.json", "sample_losses.npy"] {
        let read = |out: &str| std::fs::read(surface(out).with_file_name(name)).unwrap();
        assert_eq!(read("killed"), read("undisturbed"), "{name}");
    }
}

#[test]
fn a_paused_landscape_computes_nothing_until_it_goes_on() {
    let Some((folder, path)) = place("grid = [41, 41]") else { return };
    let session = Session::load(path.as_ref()).unwrap();
    let job = plan(&session, Analysis::Landscape, folder.path(), &PlanOptions::default()).unwrap().remove(0);
    let program = PathBuf::from(FLATLAND).with_file_name("flatland-worker");
    let worker = WorkerHandle::start(WorkerOptions { program: Some(program), threads: Some(1), tf32: false }, || {});
    let id = worker.submit(job);
    let next = |patience: u64| {
        loop {
            match worker.wait_event(Duration::from_secs(patience)) {
                Some(WorkerEvent::Message(WorkerMessage { event, .. })) => return Some(event),
                Some(WorkerEvent::OutputLine { .. }) => {}
                Some(WorkerEvent::Died { message }) => panic!("{message}"),
                None => return None,
            }
        }
    };
    let until = |wanted: fn(&JobEvent) -> bool| loop {
        let event = next(60).unwrap();
        if wanted(&event) {
            return;
        }
        assert!(!matches!(event, JobEvent::Done { .. } | JobEvent::Failed { .. }), "{event:?}");
    };
    until(|event| matches!(event, JobEvent::Cells { .. }));
    worker.pause(id, true);
    until(|event| matches!(event, JobEvent::Paused));
    assert_eq!(next(1), None, "nothing happens meanwhile");
    worker.pause(id, false);
    until(|event| matches!(event, JobEvent::Resumed));
    until(|event| matches!(event, JobEvent::Cells { .. }));
    worker.pause(id, true);
    until(|event| matches!(event, JobEvent::Paused));
    worker.cancel(id);
    until(|event| matches!(event, JobEvent::Cancelled));
}

#[test]
fn an_estimate_tells_time_and_memory_and_leaves_nothing() {
    let Some((folder, path)) = place("grid = [31, 31]") else { return };
    let output = run(folder.path(), &["landscape", &path, "--out", "out", "--estimate", "--json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let object: serde_json::Value = serde_json::from_str(stdout(&output).trim()).unwrap();
    assert!(object["checkpoint"] == "A" && object["dataset"] == "digits", "{object}");
    assert!(object["seconds"].as_f64().unwrap() > 0.0 && object["bytes"].as_u64().unwrap() > 0, "{object}");
    assert!(!folder.path().join("out").exists());
}

#[test]
fn a_landscape_in_another_folder_takes_its_cells_from_the_cache_unless_told_not_to() {
    let Some((folder, path)) = place("grid = [7, 7]") else { return };
    let landscape = |out: &str, flags: &[&str]| {
        let output = run(folder.path(), &[&["landscape", &path, "--out", out, "--json"], flags].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        std::fs::read(folder.path().join(out).join("A/digits/landscape.npz")).unwrap()
    };
    let first = landscape("first", &["--no-cache"]);
    assert!(!folder.path().join("cache/flatland/cells").exists());
    let second = landscape("second", &[]);
    let store = std::fs::read_dir(folder.path().join("cache/flatland/cells")).unwrap().next().unwrap().unwrap().path();
    let lines = || std::fs::read_to_string(store.join("cells.jsonl")).unwrap().lines().count();
    assert_eq!(lines(), 49);
    let third = landscape("third", &[]);
    assert_eq!(lines(), 49);
    assert!(first == second && second == third);
}

#[test]
fn a_landscape_around_an_image_is_computed_told_drawn_and_made_again_from_its_manifest() {
    let Some((folder, path)) = place("grid = [9, 9]") else { return };
    let digits = Source { name: "digits".into(), path: "demo:test".into(), ..Source::default() };
    let image = load(&digits, None).unwrap().index[3];
    let plane = format!("[landscape.plane]\nkind = \"input\"\nimage = {image}\naxes = \"gradient\"\n");
    std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + &plane).unwrap();
    let output = run(folder.path(), &["landscape", &path, "--out", "out", "--json", "--save-directions"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let object: serde_json::Value = serde_json::from_str(stdout(&output).trim()).unwrap();
    assert!(object["computed"] == 81 && object["samples"] == 1 && object["definition"] == "input", "{object}");
    assert!(object["input"]["image"] == image && object["input"]["norm"] == "l2", "{object}");
    let shares = object["regions"].as_array().unwrap().iter().map(|region| region[1].as_f64().unwrap());
    assert!((shares.sum::<f64>() - 1.0).abs() < 1e-9, "{object}");
    assert!(folder.path().join("out/A/digits/directions.npz").is_file());
    let read = |out: &str| std::fs::read(folder.path().join(out).join("landscape.npz")).unwrap();
    let again = run(folder.path(), &["landscape", "out/A/digits/landscape.json", "--out", "again", "--no-cache"]);
    assert!(again.status.success() && stdout(&again).contains(&format!("around image {image}")), "{}{}", stdout(&again), stderr(&again));
    assert!(read("out/A/digits") == read("again"), "the same bytes");
    for (flags, expected) in [
        (["--weights-at", "0,0"], "found one in input space"),
        (["--planes", "3"], "planes = 1 unless the plane is random"),
        (["--preset", "lla"], "directions of weights"),
        (["--directions", "out/A/digits/directions.npz"], "no file of directions"),
    ] {
        let refused = run(folder.path(), &[["landscape", path.as_str(), "--out", "other"].as_slice(), &flags].concat());
        assert!(!refused.status.success() && stderr(&refused).contains(expected), "{flags:?}: {}", stderr(&refused));
    }
    let missing = std::fs::read_to_string(&path).unwrap().replace(&format!("image = {image}"), "image = 999999");
    std::fs::write(&path, missing).unwrap();
    let refused = run(folder.path(), &["landscape", &path, "--out", "none"]);
    assert!(!refused.status.success() && stderr(&refused).contains("an image at position 999999"), "{}", stderr(&refused));
}
