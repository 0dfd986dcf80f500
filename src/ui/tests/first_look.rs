//! The first steps of a new user: opens files without saying what they are, says how to read them, starts a run.

use std::path::Path;

use super::*;
use crate::ui::command::{Command, OpenAs};
use flatland_core::session::{ClassesEntry, FIRST_LOOK, InputPreset, InputTransform, Normalization, NormalizationPreset, Role, Session};

fn empty(fake_worker: &FakeWorker) -> Harness<'static, App> {
    let fake_worker = fake_worker.clone();
    Harness::builder().with_size([1480.0, 920.0]).with_max_steps(40).build_eframe(move |cc| {
        App::new(&cc.egui_ctx, WorkerClient::new(Box::new(fake_worker.clone())), RunOptions::default(), Vec::new(), Tab::LANDSCAPE)
    })
}

/// An idx file of one grey image.
fn idx() -> Vec<u8> {
    [&[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2][..], &[0, 80, 160, 240]].concat()
}

/// A folder that holds an image.
fn image_folder(path: &Path) {
    std::fs::create_dir_all(path).unwrap();
    std::fs::write(path.join("1.png"), b"\x89PNG\r\n\x1a\n").unwrap();
}

#[test]
fn dropped_files_are_recognized_by_content_and_images_get_a_likely_role_and_limit() {
    let dir = tempfile::tempdir().unwrap();
    for folder in ["cifar", "more outliers"] {
        image_folder(&dir.path().join(folder));
    }
    std::fs::write(dir.path().join("digits.bin"), idx()).unwrap();
    std::fs::write(dir.path().join("net.pth"), b"\x80\x02not read here").unwrap();
    let mut harness = empty(&FakeWorker::default());
    harness.run();
    let paths = ["cifar", "digits.bin", "more outliers", "net.pth"].map(|name| dir.path().join(name));
    harness.state_mut().commands.push(Command::Open(paths.into(), OpenAs::ByContent));
    run_until(&mut harness, |app| app.state.session.datasets.len() == 3 && app.state.session.checkpoints.len() == 1);
    let datasets = &harness.state().state.session.datasets;
    let found: Vec<_> = datasets.iter().map(|dataset| (dataset.name.as_str(), dataset.role, dataset.limit)).collect();
    let look = Some(FIRST_LOOK);
    assert_eq!(found, [("cifar", Role::Id, look), ("digits", Role::Far, look), ("more outliers", Role::Outliers, None)]);
    harness.run();
    harness.get_by_label("Role and images of cifar: ID · 200, assumed");
    harness.get_by_label_contains("more outliers: assumed to be outliers, all its images");
}

#[test]
fn assumed_values_are_marked_until_confirmed_and_undo_restores_the_mark() {
    let dir = tempfile::tempdir().unwrap();
    image_folder(&dir.path().join("cifar"));
    std::fs::write(dir.path().join("net.pth"), b"\x80\x02not read here").unwrap();
    let mut harness = empty(&FakeWorker::default());
    harness.run();
    let paths = ["cifar", "net.pth"].map(|name| dir.path().join(name));
    harness.state_mut().commands.push(Command::Open(paths.into(), OpenAs::ByContent));
    run_until(&mut harness, |app| app.state.session.datasets.len() == 1 && app.state.session.checkpoints.len() == 1);
    let entry = harness.state().state.session.checkpoints[0].clone();
    let inspected = inspection("net");
    harness.state_mut().state.store.inspections.insert((entry.path.clone(), entry.choice()), inspected);
    harness.run();
    press(&mut harness, "Role and images of cifar: ID · 200, assumed");
    press(&mut harness, "Role ID");
    harness.get_by_label("Role and images of cifar: ID · 200");
    press(&mut harness, "Normalization of net: CIFAR-10, assumed");
    press(&mut harness, "CIFAR-10");
    harness.get_by_label("Normalization of net: CIFAR-10");
    assert!(harness.state().state.session.assumptions().is_empty());
    give(&mut harness, Command::Undo);
    harness.get_by_label("Normalization of net: CIFAR-10, assumed");
}

#[test]
fn the_class_of_a_folder_can_be_set_in_the_row_of_the_dataset() {
    let mut harness = harness(&FakeWorker::default(), 0, false);
    let classes = |harness: &Harness<'static, App>| harness.state().state.session.datasets[1].classes.clone();
    harness.run();
    for (typed, expected) in [("{ plane = ", None), ("\"airplane\" }", ClassesEntry::parse("{ plane = \"airplane\" }").unwrap())] {
        if harness.query_by_label("Classes of the dataset").is_none() {
            harness.get_by_label_contains("Role and images of gaussian noise:").click();
            harness.run();
        }
        harness.get_by_label("Classes of the dataset").focus();
        harness.run();
        harness.get_by_label("Classes of the dataset").type_text(typed);
        harness.run();
        harness.key_press(egui::Key::Enter);
        harness.run();
        assert_eq!(classes(&harness), expected, "{typed}");
    }
    assert_eq!(harness.state().state.history.undo_name(), Some("change dataset gaussian noise"));
}

#[test]
fn an_error_is_removed_when_something_else_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    let mut harness = empty(&FakeWorker::default());
    harness.state_mut().commands.push(Command::Open(vec![dir.path().join("nothing")], OpenAs::ByContent));
    run_until(&mut harness, |app| app.state.message.as_ref().is_some_and(|message| message.is_error));
    image_folder(dir.path());
    harness.state_mut().commands.push(Command::Open(vec![dir.path().to_owned()], OpenAs::ByContent));
    run_until(&mut harness, |app| app.state.message.as_ref().is_some_and(|message| !message.is_error));
}

/// Each is told by its content, whatever it is opened as: no row, no job, nothing assumed about it.
#[test]
fn what_cannot_be_opened_is_named_in_one_sentence_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    std::fs::create_dir(path("nothing in it")).unwrap();
    for (name, content) in [
        ("README.md", &b"# ResNet\n\nTrained on CIFAR-10.\n"[..]),
        ("hello.pth", b"hello\n"),
        ("one.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("train.py", b"import torch\n"),
    ] {
        std::fs::write(path(name), content).unwrap();
    }
    let fake_worker = FakeWorker::default();
    for open_as in [OpenAs::ByContent, OpenAs::Dataset(Role::Id)] {
        for (name, expected) in [
            ("README.md", "README.md is a text file; Flatland opens checkpoints"),
            ("hello.pth", "hello.pth is a text file; Flatland opens checkpoints"),
            ("one.png", "one.png is a single image; a folder of images or an image list is opened as a dataset"),
            ("train.py", "train.py is a Python script; Flatland runs no Python"),
            ("nothing in it", "nothing in it is an empty folder; a folder of images is opened as a dataset"),
        ] {
            let mut harness = empty(&fake_worker);
            harness.run();
            harness.state_mut().commands.push(Command::Open(vec![path(name)], open_as));
            run_until(&mut harness, |app| app.state.message.as_ref().is_some_and(|message| message.is_error));
            harness.run();
            harness.get_by_label_contains(expected);
            let session = &harness.state().state.session;
            assert!(session.checkpoints.is_empty() && session.datasets.is_empty() && session.assumptions().is_empty(), "{name}");
        }
    }
    assert!(fake_worker.0.borrow().asked.is_empty(), "nothing is computed");
}

#[test]
fn of_several_wrong_files_each_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let paths = ["README", "notes.txt"].map(|name| dir.path().join(name));
    paths.iter().for_each(|path| std::fs::write(path, b"hello\n").unwrap());
    let mut harness = empty(&FakeWorker::default());
    harness.state_mut().commands.push(Command::Open(paths.into(), OpenAs::ByContent));
    run_until(&mut harness, |app| app.state.message.is_some());
    harness.run();
    for name in ["README is a text file", "notes.txt is a text file"] {
        harness.get_by_label_contains(name);
    }
}

#[test]
fn the_row_of_a_dataset_changes_all_that_it_is_and_every_change_is_undone_by_name() {
    let mut harness = harness(&FakeWorker::default(), 0, false);
    let dataset = |harness: &Harness<'static, App>| harness.state().state.session.datasets[4].clone();
    let open = |harness: &mut Harness<'static, App>, name: &str| {
        harness.get_by_label_contains(&format!("Role and images of {name}:")).click();
        harness.run();
    };
    harness.run();
    open(&mut harness, "textures");
    press(&mut harness, "Role near SS");
    assert_eq!(dataset(&harness).role, Role::Near);
    open(&mut harness, "textures");
    for (field, text) in [("Images of the dataset", "120"), ("Split of the dataset", "val")] {
        harness.get_by_label(field).focus();
        harness.run();
        harness.get_by_label(field).type_text(text);
        harness.run();
    }
    harness.key_press(egui::Key::Enter);
    harness.run();
    assert_eq!((dataset(&harness).limit, dataset(&harness).split.as_deref()), (Some(120), Some("val")));
    assert!(harness.query_by_label("Role near SS").is_none(), "Enter closes the menu");
    assert_eq!(harness.state().state.history.undo_name(), Some("change dataset textures"));
    for _ in 0..2 {
        give(&mut harness, Command::Undo);
    }
    assert_eq!(dataset(&harness), session().datasets[4]);
}

#[test]
fn typed_text_is_applied_when_the_menu_is_closed_by_a_click_elsewhere() {
    let mut harness = harness(&FakeWorker::default(), 0, false);
    harness.run();
    harness.get_by_label_contains("Role and images of fog:").click();
    harness.run();
    harness.get_by_label("Name of the dataset").focus();
    harness.run();
    harness.get_by_label("Name of the dataset").type_text(" 5");
    harness.run();
    press(&mut harness, "Checkpoints");
    harness.run();
    assert!(harness.state().state.session.datasets[2].name.contains('5'), "{}", harness.state().state.session.datasets[2].name);
}

#[test]
fn the_normalization_of_a_checkpoint_is_seen_and_changed_and_computed_anew() {
    let mut harness = harness(&FakeWorker::default(), 1, false);
    harness.run();
    press(&mut harness, "Normalization of Pretrained: CIFAR-10");
    harness.get_by_label("ImageNet").click();
    run_until(&mut harness, |app| {
        let imagenet = Normalization::Preset(NormalizationPreset::Imagenet);
        app.state.session.checkpoints[0].normalization == imagenet && app.state.store.landscapes.is_empty()
    });
    harness.get_by_label("Normalization of Pretrained: ImageNet");
    assert_eq!(harness.state().state.history.undo_name(), Some("normalize the inputs of Pretrained"));
}

#[test]
fn the_resizing_of_a_checkpoints_inputs_is_chosen_seen_and_computed_anew() {
    let fake_worker = FakeWorker::default();
    let mut harness = harness(&fake_worker, 1, false);
    harness.run();
    harness.get_by_label("Normalization of Pretrained: CIFAR-10").click();
    harness.run();
    harness.get_by_label("timm").click();
    let timm = Some(InputTransform::Preset(InputPreset::Timm));
    run_until(&mut harness, |app| app.state.session.checkpoints[0].input == timm && app.state.store.landscapes.is_empty());
    // The network may take images of the new size or not: its file is read again.
    super::networks::report_inspection(&mut harness, &fake_worker, inspection("Pretrained"));
    harness.get_by_label("Normalization of Pretrained: CIFAR-10, resized as by timm");
    assert_eq!(harness.state().state.history.undo_name(), Some("resize the inputs of Pretrained"));
}

#[test]
fn a_landscape_is_interrupted_for_an_inspection_and_continues_afterwards() {
    let fake_worker = FakeWorker::default();
    let mut harness = harness(&fake_worker, 0, false);
    let send = |event| {
        let worker_id = fake_worker.0.borrow().asked.last().unwrap().0;
        fake_worker.0.borrow_mut().events.push_back(WorkerEvent::Job(worker_id, event));
    };
    let id = harness.state_mut().state.store.add(landscape_job("ERM"), JobState::Waiting);
    harness.run();
    let worker_id = fake_worker.0.borrow().asked.last().unwrap().0;
    harness.state_mut().state.store.add(JobSpec::Methods, JobState::Waiting);
    harness.run();
    harness.run();
    assert_eq!(fake_worker.0.borrow().cancelled, [worker_id], "asked once");
    fake_worker.0.borrow_mut().events.push_back(WorkerEvent::Job(worker_id, JobEvent::Cancelled));
    harness.run();
    assert_eq!(harness.state().state.store.jobs[&id].state, JobState::Waiting);
    assert_eq!(fake_worker.0.borrow().asked.last().unwrap().1, JobSpec::Methods);
    harness.get_by_label("Methods of training");
    send(JobEvent::Done { output: JobOutput::Methods { methods: Vec::new() } });
    harness.run();
    assert_eq!(fake_worker.0.borrow().asked.last().unwrap().1, landscape_job("ERM"));
    // A job that the user stopped stays stopped.
    harness.state_mut().state.store.add(JobSpec::Methods, JobState::Waiting);
    harness.run();
    press(&mut harness, "Cancel Landscape · ERM");
    send(JobEvent::Cancelled);
    harness.run();
    assert_eq!(harness.state().state.store.jobs[&id].state, JobState::Cancelled);
}

#[test]
fn the_unchanged_demo_is_replaced_by_own_files_and_a_changed_one_is_not() {
    let dir = tempfile::tempdir().unwrap();
    image_folder(dir.path());
    let demo = Session { seed: 7, ..session() };
    let mut harness = empty(&FakeWorker::default());
    harness.state_mut().show_as_demo(demo.clone());
    harness.state_mut().commands.push(Command::Open(vec![dir.path().to_owned()], OpenAs::ByContent));
    run_until(&mut harness, |app| app.state.session.datasets.len() == 1);
    assert!(harness.state().state.session.checkpoints.is_empty() && harness.state().state.document.name == "Untitled");
    harness.state_mut().show_as_demo(demo);
    harness.state_mut().state.session.seed = 8;
    harness.state_mut().commands.push(Command::Open(vec![dir.path().to_owned()], OpenAs::ByContent));
    run_until(&mut harness, |app| app.state.session.datasets.len() == 6);
    assert_eq!(harness.state().state.document.name, "Demo");
}

#[test]
fn a_landscape_is_interrupted_for_the_shown_analysis() {
    let fake_worker = FakeWorker::default();
    let mut harness = harness(&fake_worker, 0, false);
    harness.state_mut().state.store.add(landscape_job("ERM"), JobState::Waiting);
    harness.state_mut().state.store.add(score_job("ERM"), JobState::Waiting);
    harness.run();
    assert_eq!(fake_worker.0.borrow().asked.last().unwrap().1, landscape_job("ERM"), "it is looked at");
    press(&mut harness, "Energy");
    let worker_id = fake_worker.0.borrow().asked.last().unwrap().0;
    fake_worker.0.borrow_mut().events.push_back(WorkerEvent::Job(worker_id, JobEvent::Cancelled));
    harness.run();
    assert_eq!(fake_worker.0.borrow().asked.last().unwrap().1, score_job("ERM"));
}

#[test]
fn a_run_is_offered_the_training_half_of_what_is_open() {
    let mut harness = harness(&FakeWorker::default(), 1, false);
    harness.state_mut().state.session.view.tab = Tab::RUNS;
    give(&mut harness, Command::Run(crate::ui::command::RunCommand::New));
    press(&mut harness, "Train on the training split of digits test");
    let added = harness.state().state.session.datasets.last().unwrap().clone();
    assert_eq!((added.name.as_str(), added.role, added.split.as_deref(), added.limit), ("digits train", Role::Train, Some("train"), None));
    assert!(harness.query_by_label("Train on the training split of digits test").is_none());
}

#[test]
fn the_menu_of_a_dataset_shows_the_source_of_its_labels() {
    let mut harness = harness(&FakeWorker::default(), 0, false);
    let mut table = scores(0);
    let matched = flatland_core::result::LabelRecord {
        rule: "matched".into(),
        matched_with: Some("digits test".into()),
        classes: [("01_plane".to_owned(), 0)].into(),
        ..Default::default()
    };
    table.labels.insert("fog".into(), matched);
    table.labels.insert("digits test".into(), flatland_core::result::LabelRecord { rule: "file".into(), ..Default::default() });
    let id = harness.state_mut().state.store.add(score_job("ERM"), JobState::Done);
    harness.state_mut().state.store.insert(id, Loaded::Scores(table));
    harness.run();
    harness.get_by_label_contains("Role and images of fog:").click();
    harness.run();
    harness.get_by_label("Labels: by name, as the classes of `digits test` (01_plane 0)");
    press(&mut harness, "Checkpoints");
    harness.run();
    harness.get_by_label_contains("Role and images of digits test:").click();
    harness.run();
    assert!(harness.query_by_label_contains("Labels: ").is_none(), "the file says them");
}
