//! Runs that fail: a message, and nothing half written.

use std::path::Path;
use std::process::{Command, Stdio};

use flatland_core::job::{Device, RunFolder, RunStatus};
use flatland_engine::train::run;

use super::{RUN, assert_same, directory, undisturbed, worker, write_run};

/// What is left in a run directory whose run failed: no temporary files, no half lines, no file of tensors that cannot be read.
fn assert_nothing_half_written(folder: &RunFolder) {
    let mut folders = vec![folder.path().to_owned()];
    while let Some(dir) = folders.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            assert!(!name.starts_with(".flatland-"), "{} is left", path.display());
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".jsonl") {
                for line in std::fs::read_to_string(&path).unwrap().split_inclusive('\n') {
                    assert!(line.ends_with('\n') && serde_json::from_str::<serde_json::Value>(line).is_ok(), "{name}: {line:?}");
                }
            } else if name.ends_with(".safetensors") {
                safetensors::SafeTensors::deserialize(&std::fs::read(&path).unwrap()).unwrap();
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn a_disk_that_is_full_fails_the_run_with_a_clear_message_and_it_goes_on_when_there_is_place() {
    let (_kept, expected) = undisturbed(2);
    let (_dir, folder) = directory(2);
    // Files of at most so many blocks of 512 bytes (1024 in some shells): first none that holds weights, then weights but no state.
    for blocks in [20, 400] {
        let limited = worker(&folder);
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""))
            .arg(limited.get_program())
            .args(limited.get_args());
        let output = shell.env("XDG_CACHE_HOME", folder.path().with_file_name("cache")).output().unwrap();
        assert!(!output.status.success());
        let (state, status) = folder.state().unwrap();
        let message = state.message.unwrap_or_default();
        assert_eq!(status, RunStatus::Failed, "{message}");
        assert!(message.contains("cannot write") && message.contains("File too large") && message.contains("safetensors"), "{message}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(&message));
        assert_nothing_half_written(&folder);
    }
    assert!(worker(&folder).status().unwrap().success());
    assert_same(&folder, &expected);
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_takes_no_files_is_a_clear_message() {
    let output =
        worker(&RunFolder::new(Path::new("/proc/flatland-run"))).env("XDG_CACHE_HOME", "/tmp").stderr(Stdio::piped()).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(message.contains("cannot make") && message.contains("/proc/flatland-run") && message.lines().count() == 1, "{message}");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let output = worker(&RunFolder::new(&file)).stderr(Stdio::piped()).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && message.contains(&file.display().to_string()), "{message}");
    assert_eq!(std::fs::read(&file).unwrap(), b"x");
}

#[test]
fn a_loss_that_is_not_finite_stops_with_the_last_good_weights() {
    let (_dir, folder) = directory(2);
    write_run(&folder, &RUN.replace("lr = 0.02", "lr = 1e30"));
    let message = run(folder.path(), Device::Cpu, None).unwrap_err().to_string();
    assert!(message.contains("diverged at step") && message.contains("last.safetensors"), "{message}");
    let (state, status) = folder.state().unwrap();
    assert_eq!((status, state.message), (RunStatus::Failed, Some(message)));
    assert_nothing_half_written(&folder);
    let bytes = std::fs::read(folder.last_weights()).unwrap();
    let weights = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    for (name, tensor) in weights.tensors() {
        let finite = tensor.data().chunks_exact(4).all(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]).is_finite());
        assert!(finite, "{name}");
    }
}
