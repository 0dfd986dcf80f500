//! Runs as processes: killed, stopped, paused, out of disk, and each time the same bytes in the end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod failures;

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use flatland_core::job::{Control, Device, RunFolder, RunStatus};
use flatland_engine::train::{TrainError, run};

/// A small run from scratch on the demo set: DR-SAM, six steps an epoch (the last one smaller, the last outliers of a pass left out), everything measured.
const RUN: &str = r#"
version = 1
seed = 3
architecture = "resnet8"
classes = 7
normalization = "half"
epochs = 8
batch = 32
outlier_batch = 32
transform = "crop"

[method]
name = "dr_sam"
rho = 0.1
augmentation = { kind = "brightness", severity = 1 }

[optimizer]
lr = 0.02

[schedule]
kind = "plateau"
patience = 0
factor = 0.5
"#;

/// The same with everything that a run may remember between steps: AdamW's averages, a warm-up, batches that make a step together.
const RUN_OF_MANY_PARTS: &str = r#"
version = 1
seed = 3
architecture = "resnet8"
classes = 7
normalization = "half"
epochs = 3
batch = 16
outlier_batch = 16
accumulate = 4
transform = "crop"
batch_norm = "both"

[method]
name = "dr_sam"
rho = 0.1
augmentation = { kind = "brightness", severity = 1 }

[optimizer]
kind = "adamw"
lr = 0.002
betas = [0.9, 0.99]
clip_norm = 0.5

[schedule]
kind = "cosine"
warmup = 4
"#;

fn datasets() -> String {
    let sets = [
        ("train", "train", 170),
        ("outliers", "outliers", 100),
        ("id", "test", 60),
        ("cs", "test", 60),
        ("near", "near", 60),
        ("far", "far", 60),
    ];
    let corrupted = |role| if role == "cs" { "corruption = { kind = \"gaussian_noise\", severity = 5 }\n" } else { "" };
    sets.map(|(role, part, limit)| {
        format!("[[dataset]]\nname = \"{role}\"\nrole = \"{role}\"\npath = \"demo:{part}\"\nlimit = {limit}\n{}", corrupted(role))
    })
    .join("")
}

/// A run directory with `text` as its run file, for a run of `epochs`.
fn directory(epochs: usize) -> (tempfile::TempDir, RunFolder) {
    let dir = tempfile::tempdir().unwrap();
    let folder = RunFolder::new(&dir.path().join("run"));
    write_run(&folder, &RUN.replace("epochs = 8", &format!("epochs = {epochs}")));
    (dir, folder)
}

fn write_run(folder: &RunFolder, text: &str) {
    std::fs::create_dir_all(folder.path()).unwrap();
    std::fs::write(folder.run_file(), format!("{text}{}", datasets())).unwrap();
}

fn undisturbed(epochs: usize) -> (tempfile::TempDir, RunFolder) {
    // Bit-equal runs have the same number of threads; and more only get in each other's way when tests run side by side.
    tch::set_num_threads(1);
    let (dir, folder) = directory(epochs);
    run(folder.path(), Device::Cpu, None).unwrap();
    (dir, folder)
}

/// The files that must be the same whatever happened on the way.
fn outcome(folder: &RunFolder) -> Vec<(PathBuf, Vec<u8>)> {
    let files = [
        folder.run_file(),
        folder.metrics_file(),
        folder.steps_file(),
        folder.last_weights(),
        folder.best_weights(),
        folder.training_state(),
    ];
    files.map(|path| (path.strip_prefix(folder.path()).unwrap().to_owned(), std::fs::read(&path).unwrap())).to_vec()
}

fn assert_same(folder: &RunFolder, expected: &RunFolder) {
    for ((name, found), (_, expected)) in outcome(folder).iter().zip(outcome(expected)) {
        assert!(*found == expected, "{} differs", name.display());
    }
    assert_eq!(folder.state().unwrap().1, RunStatus::Done);
}

fn worker(folder: &RunFolder) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flatland-worker"));
    // A queue of its own: tests run side by side.
    command
        .arg("train")
        .arg(folder.path())
        .args(["--device", "cpu", "--threads", "1"])
        .env("XDG_CACHE_HOME", folder.path().with_file_name("cache"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(120), "still waiting for: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn kill(child: &mut Child) {
    // SIGKILL
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_run_that_is_killed_at_ten_random_moments_and_resumed_ends_as_if_it_had_not_been() {
    let begun = Instant::now();
    let (_kept, expected) = undisturbed(8);
    let whole = begun.elapsed();
    let (_dir, folder) = directory(8);
    // A linear congruential generator: moments without a pattern, the same in every test run.
    let mut random = 12345u64;
    let mut kills = 0;
    for _ in 0..10 {
        let mut child = worker(&folder).spawn().unwrap();
        until("the state of the new process", || folder.written_state().unwrap().is_some_and(|state| state.pid == child.id()));
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let moment = whole.mul_f64((random >> 33) as f64 / (1u64 << 31) as f64 / 4.0);
        std::thread::sleep(moment);
        // The undisturbed run may have been timed while the machine was busier than now: then this one is through before the tenth kill.
        if child.try_wait().unwrap().is_some() {
            break;
        }
        kill(&mut child);
        if folder.state().unwrap().1 == RunStatus::Done {
            break;
        }
        kills += 1;
        assert_eq!(folder.state().unwrap().1, RunStatus::Interrupted);
    }
    assert!(kills >= 3, "the run ended after {kills} kills: give it more epochs");
    assert!(worker(&folder).status().unwrap().success());
    assert_same(&folder, &expected);
}

#[test]
fn a_run_that_is_stopped_at_any_moment_and_resumed_ends_as_if_it_had_not_been() {
    let (_kept, expected) = undisturbed(2);
    let (_dir, folder) = directory(2);
    // Before anything is measured; then after each of the first steps.
    for lines in 0..4 {
        let stopper = folder.clone();
        let asking = std::thread::spawn(move || {
            let written = || std::fs::read_to_string(stopper.steps_file()).map_or(0, |text| text.lines().count());
            until("the next step", || written() >= lines);
            stopper.write_control(Control::Stop).unwrap();
        });
        let outcome = run(folder.path(), Device::Cpu, None);
        asking.join().unwrap();
        match outcome {
            Ok(()) => break,
            Err(TrainError::Cancelled) => {
                let (state, status) = folder.state().unwrap();
                assert_eq!((status, state.message), (RunStatus::Cancelled, None));
                assert_eq!(folder.asked(), None);
            }
            Err(error) => panic!("{error}"),
        }
    }
    let _ = folder.clear_control();
    run(folder.path(), Device::Cpu, None).unwrap();
    assert_same(&folder, &expected);
}

#[test]
fn adamw_with_warm_up_accumulation_and_clipping_is_resumed_to_the_same_bytes() {
    tch::set_num_threads(1);
    let text = RUN_OF_MANY_PARTS;
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let [expected, folder] = [&whole, &parts].map(|dir| RunFolder::new(&dir.path().join("run")));
    write_run(&expected, text);
    run(expected.path(), Device::Cpu, None).unwrap();
    write_run(&folder, text);
    // Killed within the warm-up, within an epoch, and in the next.
    for lines in [1, 2, 4, 7] {
        let mut child = worker(&folder).spawn().unwrap();
        until("the next step", || std::fs::read_to_string(folder.steps_file()).map_or(0, |text| text.lines().count()) >= lines);
        kill(&mut child);
    }
    // And stopped, which saves within an epoch.
    let stopper = folder.clone();
    let asking = std::thread::spawn(move || {
        until("a step", || std::fs::read_to_string(stopper.steps_file()).map_or(0, |text| text.lines().count()) >= 7);
        stopper.write_control(Control::Stop).unwrap();
    });
    let stopped = run(folder.path(), Device::Cpu, None);
    asking.join().unwrap();
    assert!(matches!(stopped, Ok(()) | Err(TrainError::Cancelled)), "{stopped:?}");
    let _ = folder.clear_control();
    run(folder.path(), Device::Cpu, None).unwrap();
    assert_same(&folder, &expected);
    // 170 images in batches of 16, the last of 10: eleven batches, three steps an epoch, the last of three batches.
    let follower = flatland_core::job::runs::Follower::open(folder.path()).unwrap();
    assert_eq!(follower.view.state.steps, 9);
    let number = |line: usize, name: &str| follower.step_lines[line][name].as_f64().unwrap();
    let rates: Vec<f64> = (0..5).map(|line| number(line, "lr")).collect();
    assert!(rates.iter().zip([0.0005, 0.001, 0.0015, 0.002, 0.002]).all(|(found, lr)| (found - lr).abs() < 1e-12), "{rates:?}");
    for line in 0..9 {
        let (norm, clipped) = (number(line, "gradient_norm"), number(line, "clipped_gradient_norm"));
        assert!((clipped - norm.min(0.5)).abs() < 1e-5, "{norm} {clipped}");
    }
}

#[test]
fn a_paused_run_holds_with_its_state_saved_and_goes_on() {
    let (_kept, expected) = undisturbed(8);
    let (_dir, folder) = directory(8);
    let mut child = worker(&folder).spawn().unwrap();
    let status = |status: RunStatus| until(status.key(), || folder.state().unwrap().1 == status);
    folder.write_control(Control::Pause).unwrap();
    status(RunStatus::Paused);
    let step = folder.state().unwrap().0.step;
    assert!(step > 0 && folder.training_state().is_file());
    // A run that waits for the same device gets it.
    let (_other_dir, other) = directory(1);
    let mut command = worker(&other);
    assert!(command.env("XDG_CACHE_HOME", folder.path().with_file_name("cache")).status().unwrap().success());
    let (state, now) = folder.state().unwrap();
    assert_eq!((now, state.step), (RunStatus::Paused, step));
    folder.write_control(Control::Resume).unwrap();
    assert!(child.wait().unwrap().success());
    assert_same(&folder, &expected);
}

#[test]
fn a_second_run_on_the_device_waits_and_can_be_stopped_while_it_does() {
    let (_first_dir, first) = directory(1000);
    let (_second_dir, second) = directory(1);
    let mut holder = worker(&first).spawn().unwrap();
    until("the first to train", || first.state().unwrap().1 == RunStatus::Running);
    let queued = || {
        let mut child = worker(&second);
        let child = child.env("XDG_CACHE_HOME", first.path().with_file_name("cache")).spawn().unwrap();
        until("the second to wait", || {
            let (state, status) = second.state().unwrap();
            status == RunStatus::Queued && state.message.is_some_and(|message| message.contains(&first.path().display().to_string()))
        });
        child
    };
    let mut waiting = queued();
    second.write_control(Control::Stop).unwrap();
    assert!(waiting.wait().unwrap().success());
    assert_eq!(second.state().unwrap().1, RunStatus::Cancelled);
    let mut waiting = queued();
    kill(&mut holder);
    assert!(waiting.wait().unwrap().success());
    assert_eq!((first.state().unwrap().1, second.state().unwrap().1), (RunStatus::Interrupted, RunStatus::Done));
}

#[test]
fn two_processes_never_train_in_one_directory() {
    let (_dir, folder) = directory(1000);
    let mut first = worker(&folder).spawn().unwrap();
    until("the first to train", || folder.state().unwrap().1 == RunStatus::Running);
    let second = worker(&folder).stderr(Stdio::piped()).output().unwrap();
    assert!(!second.status.success());
    assert!(String::from_utf8_lossy(&second.stderr).contains("another process trains in this run directory"));
    assert_eq!(folder.state().unwrap().1, RunStatus::Running);
    kill(&mut first);
}

#[test]
fn a_finished_run_stays_as_it_is_and_its_lines_say_how_it_went() {
    let (_dir, folder) = undisturbed(2);
    let before = outcome(&folder);
    run(folder.path(), Device::Cpu, None).unwrap();
    assert!(outcome(&folder) == before);
    let follower = flatland_core::job::runs::Follower::open(folder.path()).unwrap();
    assert_eq!(follower.view.metrics.iter().map(|line| line["epoch"].as_u64().unwrap()).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(follower.step_lines.iter().map(|line| line["step"].as_u64().unwrap()).collect::<Vec<_>>(), (1..=12).collect::<Vec<_>>());
    for line in &follower.step_lines {
        for name in ["lr", "train_loss", "ascent_loss", "gradient_norm"] {
            assert!(line[name].as_f64().unwrap() > 0.0, "{name}: {line:?}");
        }
    }
    assert_eq!(follower.timing_lines.len(), 12);
    let state = &follower.view.state;
    assert_eq!((state.epoch, state.step, state.steps, state.device.as_deref()), (2, 12, 12, Some("cpu")));
    assert!(state.elapsed_secs > 0.0);
}
