#![allow(clippy::unwrap_used)]

use super::*;

struct Folder(tempfile::TempDir);

impl Folder {
    fn with(names: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, name).unwrap();
        }
        Self(folder)
    }

    fn read(&self, only: Option<&str>) -> Result<TrajectoryFiles, String> {
        TrajectoryFiles::of(&Trajectory::Folder { folder: self.0.path().into(), only: only.map(str::to_owned) })
    }

    /// Names in order, and the names of the files that are left out.
    fn order(&self, only: Option<&str>) -> (Vec<String>, Vec<String>) {
        let found = self.read(only).unwrap();
        (found.files.into_iter().map(|file| file.name).collect(), found.left_out.iter().map(|file| file_name(&file.path)).collect())
    }
}

fn texts(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn checkpoints_of_a_folder_are_in_natural_order_and_others_are_listed() {
    let folder = Folder::with(&[
        "epoch_10.pt",
        "epoch_2.pth",
        "epoch_1.safetensors",
        "best.pth",
        "last.pt",
        "log.txt",
        ".hidden.pt",
        "old/epoch_3.pt",
    ]);
    let (files, left_out) = folder.order(None);
    assert_eq!(files, ["epoch_1", "epoch_2", "epoch_10"]);
    assert_eq!(left_out, ["best.pth", "last.pt", "log.txt"]);
    let found = folder.read(None).unwrap();
    assert!(found.left_out[0].reason.contains("no number") && found.left_out[2].reason.contains("does not end"), "{:?}", found.left_out);
    assert_eq!((found.order.as_str(), found.doubt), ("by the numbers in the names: `epoch`", None));
}

#[test]
fn a_single_numbered_name_beside_a_series_is_left_out() {
    // The weights that training began with, and a copy of the best, beside the series.
    let folder = Folder::with(&["resnet18-5c106cde.pth", "ckpt-3.pt", "ckpt-20.pt", "ckpt-100.pt", "ckpt-20-best.pt"]);
    let (files, left_out) = folder.order(None);
    assert_eq!(files, ["ckpt-3", "ckpt-20", "ckpt-100"]);
    assert_eq!(left_out, ["ckpt-20-best.pt", "resnet18-5c106cde.pth"]);
}

#[test]
fn several_series_are_asked_about_and_a_glob_chooses() {
    let folder = Folder::with(&["epoch_1.pt", "epoch_2.pt", "epoch_3.pt", "optimizer_1.pt", "optimizer_2.pt", "optimizer_3.pt"]);
    let message = folder.read(None).unwrap_err();
    assert!(message.contains("3 files `epoch_*` and 3 files `optimizer_*`") && message.contains("only = "), "{message}");
    let (files, left_out) = folder.order(Some("epoch_*"));
    assert_eq!((files, left_out), (texts(&["epoch_1", "epoch_2", "epoch_3"]), Vec::new()));
    assert!(folder.read(Some("epoch_[")).unwrap_err().contains("glob"));
    assert!(folder.read(Some("step_*")).unwrap_err().contains("that match `step_*`, found none"));
}

#[test]
fn an_ending_that_is_not_known_is_read_where_it_is_asked_for() {
    let folder = Folder::with(&["w.1", "w.2", "w.10"]);
    assert!(folder.read(None).unwrap_err().contains("other files: `w.1`, `w.10`, `w.2`"));
    let folder = Folder::with(&["step_1.weights", "step_2.weights", "step_10.weights"]);
    assert_eq!(folder.order(Some("*.weights")).0, ["step_1", "step_2", "step_10"]);
}

#[test]
fn names_without_an_order_are_asked_about() {
    let message = Folder::with(&["best.pt", "init.pt", "last.pt"]).read(None).unwrap_err();
    assert!(message.contains("checkpoints = [\"best.pt\", \"init.pt\", \"last.pt\"]"), "{message}");
}

#[test]
fn too_few_checkpoints_are_listed_by_name() {
    let message = Folder::with(&["epoch_1.pt", "notes.md"]).read(None).unwrap_err();
    assert!(message.contains("at least 3 checkpoints, found `epoch_1.pt`; other files: `notes.md`"), "{message}");
    assert!(Folder::with(&[]).read(None).unwrap_err().contains("found none"));
    let nested = Folder::with(&["checkpoint-5/model.safetensors", "checkpoint-10/model.safetensors"]);
    assert!(nested.read(None).unwrap_err().contains("folders below it are not looked into"));
}

#[test]
fn equal_numbers_are_marked_and_numbers_that_disagree_are_doubted() {
    let found = Folder::with(&["epoch_1.pt", "epoch_01.pt", "epoch_2.pt", "epoch_3.pt"]).read(None).unwrap();
    assert_eq!(found.files.iter().map(|file| file.tied).collect::<Vec<_>>(), [false, true, false, false]);
    let found = Folder::with(&["a1_b9.pt", "a2_b5.pt", "a3_b1.pt"]).read(None).unwrap();
    assert!(found.doubt.is_some_and(|doubt| doubt.contains("`a*_b*`")));
}

#[test]
fn a_list_keeps_its_order_and_equal_names_get_their_folders() {
    let files = ["/x/c.pt", "/y/a.pt", "/z/a.pt"].map(PathBuf::from).to_vec();
    let found = TrajectoryFiles::of(&Trajectory::Files(files.clone())).unwrap();
    assert_eq!(found.files.iter().map(|file| file.path.clone()).collect::<Vec<_>>(), files);
    assert_eq!(found.files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["x/c", "y/a", "z/a"]);
    let alike = TrajectoryFiles::of(&Trajectory::Files(vec!["/x/a.pt".into(), "/x/a.pth".into(), "/x/model_best.pth.tar".into()])).unwrap();
    assert_eq!(alike.files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["a.pt", "a.pth", "model_best.pth.tar"]);
}

#[test]
fn the_checkpoints_of_a_run_directory_are_its_epochs_also_as_a_plain_folder() {
    let names = ["epoch_0000.safetensors", "epoch_0005.safetensors", "epoch_0010.safetensors", "last.safetensors", "best.safetensors"];
    let mut names: Vec<String> = names.iter().map(|name| format!("checkpoints/{name}")).collect();
    names.push("checkpoints/last.state.safetensors".into());
    let folder = Folder::with(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let run = TrajectoryFiles::of(&Trajectory::Run(folder.0.path().into())).unwrap();
    assert_eq!(run.files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["epoch 0", "epoch 5", "epoch 10"]);
    let plain = Trajectory::Folder { folder: folder.0.path().join("checkpoints"), only: None };
    let plain = TrajectoryFiles::of(&plain).unwrap();
    let paths = |found: &TrajectoryFiles| found.files.iter().map(|file| file.path.clone()).collect::<Vec<_>>();
    assert_eq!(paths(&plain), paths(&run));
    assert_eq!(
        plain.left_out.iter().map(|file| file_name(&file.path)).collect::<Vec<_>>(),
        ["best.safetensors", "last.safetensors", "last.state.safetensors"]
    );
    let few = TrajectoryFiles::of(&Trajectory::Run(folder.0.path().join("checkpoints"))).unwrap_err();
    assert!(few.contains("cannot read"), "{few}");
}
