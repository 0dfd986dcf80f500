//! `flatland conformance`, as users run it. Needs `flatland-worker` beside `flatland`: `cargo build --workspace` first.

#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use common::{FLATLAND, has_worker};
use flatland_core::result::Conformance;

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn conformance(out: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(FLATLAND);
    command.arg("conformance").arg("--out").arg(out).args(arguments).env_remove("FLATLAND_WORKER").stdin(Stdio::null());
    command.output().unwrap()
}

/// A session of the demo's test images with a checkpoint at `path`.
fn session(folder: &Path, path: &Path) -> String {
    let text = format!(
        "version = 1\n[[checkpoint]]\nname = \"<broken>\"\npath = '{}'\nnormalization = \"half\"\n\
         [[dataset]]\nname = \"Test 0-6\"\nrole = \"id\"\npath = \"demo:test\"\n",
        path.display()
    );
    let file = folder.join("session.toml");
    std::fs::write(&file, text).unwrap();
    file.display().to_string()
}

/// One run: all checks hold except those of a checkpoint with a NaN, which are reported by exit code, message, page and numbers.
#[test]
fn definitions_and_the_demo_hold_and_a_broken_network_does_not() {
    if !has_worker() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut weights = std::fs::read(project().join("checkpoints/erm.safetensors")).unwrap();
    let end = weights.len();
    weights[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    let broken = folder.path().join("broken.safetensors");
    std::fs::write(&broken, weights).unwrap();
    let demo = project().join("assets/demo/session.toml");
    let chosen = ["--checkpoint", "ERM", "--samples", "4", "--json"];
    let out = folder.path().join("demo");
    let output = conformance(&out, &[&[demo.to_str().unwrap()], &chosen[..]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["passes"], true);
    let report = Conformance::load(&out).unwrap();
    assert_eq!(report.groups.last().unwrap().name, "ERM on Test 0-6");
    assert!(report.checks().count() > 100 && report.machine.threads > 0 && !report.machine.device.is_empty());
    let page = std::fs::read_to_string(out.join("conformance.html")).unwrap();
    assert!(page.contains(&format!("All {} checks hold", report.checks().count())) && page.contains("ERM on Test 0-6"));
    assert!(std::fs::read_to_string(out.join("conformance.md")).unwrap().contains("## ERM on Test 0-6"));

    let out = folder.path().join("broken");
    let output = conformance(&out, &[&session(folder.path(), &broken), "--samples", "4"]);
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{complaints}");
    assert!(complaints.contains("error: <broken> on Test 0-6: Logits: off by no number"), "{complaints}");
    let report = Conformance::load(&out).unwrap();
    assert!(report.failures().all(|(group, _)| group.name == "<broken> on Test 0-6"));
    let page = std::fs::read_to_string(out.join("conformance.html")).unwrap();
    assert!(page.contains("checks do not hold") && page.contains("&lt;broken&gt; on Test 0-6") && !page.contains("<broken>"));
}

#[test]
fn missing_files_are_reported_before_anything_runs() {
    if !has_worker() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let nothing = folder.path().join("nothing.safetensors");
    let output = conformance(&out, &[&session(folder.path(), &nothing)]);
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(complaints.contains("nothing.safetensors") && complaints.contains("session.toml"), "{complaints}");
    assert!(!out.exists());
}

/// Nine checkpoints that were trained outside of this project; takes minutes. docs/conformance.md shows the result.
#[test]
#[ignore = "takes minutes: cargo nextest run --workspace --run-ignored only real_checkpoints"]
fn real_checkpoints_hold() {
    if !has_worker() || flatland_core::testing::shared("data/checkpoints").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let sessions = ["cifar10", "mnist"].map(|name| project().join(format!("docs/conformance/{name}.toml")).display().to_string());
    let output = conformance(folder.path(), &[&sessions[0], &sessions[1], "--samples", "16"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report = Conformance::load(folder.path()).unwrap();
    assert_eq!(report.groups.iter().filter(|group| group.name.contains(" on ")).count(), 9);
}
