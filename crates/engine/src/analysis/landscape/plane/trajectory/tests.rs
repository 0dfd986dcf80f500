//! The plane along checkpoints that PyTorch has written, against scikit-learn's PCA: `reference.py`.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use flatland_core::job::{CheckpointSource, LandscapeJob};
use flatland_core::result::{LossSurface, PlaneRecord};
use flatland_core::session::{Axes, NetworkChoice, Normalization, NormalizationPreset};
use tch::{Device, Tensor};

use super::super::super::surface::{LandscapeData, run};
use super::super::super::testing::{LandscapeRecorder, job, noise, samples};
use crate::model::Network;

/// Shares, descending.
const EXPLAINED_VARIANCE: [f64; 5] = [0.9438286676, 0.05426056917, 0.0008445194229, 0.0005860577483, 0.0004801860789];
/// ‖δ‖ and ‖η‖.
const NORMS: [f64; 2] = [15.27465077, 3.125822312];
/// Along δ.
const ALPHA: [f64; 6] = [1.0, 0.9504861145, 0.9037435678, 0.732015618, 0.3762121953, 0.0];
/// Along η.
const BETA: [f64; 6] = [0.2485598614, -0.2200921541, -0.5746652621, -1.0, -0.6716340612, 0.0];
/// Orthogonal to the plane.
const DISTANCE: [f64; 6] = [0.2773159743, 0.3479862074, 0.2529638427, 0.1935980647, 0.4374199494, 0.0];

/// The constants of grey images.
const PLAIN: Normalization = Normalization::Preset(NormalizationPreset::None);

/// A folder with the checkpoints of `reference.py`, one of them converted, and a job at the last.
struct Fixture {
    folder: tempfile::TempDir,
    network: Network,
    job: LandscapeJob,
}

impl Fixture {
    fn new(said: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/analysis/landscape/plane/trajectory/checkpoints");
        for entry in std::fs::read_dir(files).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
        }
        let open = |name: &str| Network::load(&folder.path().join(name), &NetworkChoice::named("oe_mnist"), Device::Cpu).unwrap();
        open("epoch_2.pt").save(&folder.path().join("epoch_2.safetensors")).unwrap();
        std::fs::remove_file(folder.path().join("epoch_2.pt")).unwrap();
        let network = open("epoch_20.pt");
        let mut job = job(&folder.path().join("out"), &[0.0], &[0.0, 1.0]);
        job.checkpoint = CheckpointSource {
            name: "end".into(),
            path: folder.path().join("epoch_20.pt"),
            architecture: Some("oe_mnist".into()),
            normalization: PLAIN,
            ..job.checkpoint
        };
        let mut fixture = Self { folder, network, job };
        fixture.follow(said);
        fixture
    }

    /// Takes the trajectory of a session's text, with `FOLDER` for the folder.
    fn follow(&mut self, said: &str) {
        let said = said.replace("FOLDER", self.folder.path().to_str().unwrap());
        self.job.plane.axes = toml::from_str::<Axes>(&format!("kind = \"trajectory\"\n{said}")).unwrap();
    }

    fn try_run(&self) -> Result<(PlaneRecord, Vec<String>), String> {
        let data = samples(noise(12, 28), &PLAIN, &self.network);
        let mut recorder = LandscapeRecorder::default();
        run(&self.network, &LandscapeData::of(&data), &self.job, &mut recorder).map_err(|error| error.to_string())?;
        Ok((LossSurface::load(&self.job.out).unwrap().manifest.plane.unwrap(), recorder.warnings))
    }

    fn record(&self) -> PlaneRecord {
        self.try_run().unwrap().0
    }

    fn error(&self) -> String {
        self.try_run().unwrap_err()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.folder.path().join(name), bytes).unwrap();
    }

    fn copy(&self, from: &str, to: &str) {
        std::fs::copy(self.folder.path().join(from), self.folder.path().join(to)).unwrap();
    }
}

const FOLDER: &str = "checkpoints = \"FOLDER\"";

fn names(record: &PlaneRecord) -> Vec<&str> {
    record.trajectory.iter().map(|point| point.name.as_str()).collect()
}

fn left_out(record: &PlaneRecord) -> Vec<(String, &str)> {
    record.left_out.iter().map(|file| (file.path.file_name().unwrap().to_str().unwrap().to_owned(), file.reason.as_str())).collect()
}

fn close(found: f64, expected: f64, within: f64, what: &str) {
    assert!((found - expected).abs() <= within, "{what}: found {found}, expected {expected}");
}

#[test]
fn checkpoints_of_a_folder_lie_where_scikit_learn_puts_them() {
    let record = Fixture::new(FOLDER).record();
    assert_eq!(names(&record), ["epoch_0", "epoch_1", "epoch_2", "epoch_5", "epoch_10", "epoch_20"]);
    assert_eq!(record.order, "by the numbers in the names: `epoch`");
    for (found, expected) in record.explained_variance.iter().zip(EXPLAINED_VARIANCE) {
        close(*found, expected, 1e-7, "explained variance");
    }
    close(record.delta_norm, NORMS[0], 1e-5 * NORMS[0], "norm of δ");
    close(record.eta_norm, NORMS[1], 1e-5 * NORMS[1], "norm of η");
    for (k, point) in record.trajectory.iter().enumerate() {
        close(point.alpha, ALPHA[k], 1e-5, "α");
        close(point.beta, BETA[k], 1e-5, "β");
        close(point.distance, DISTANCE[k], 1e-4 * NORMS[0], "distance");
    }
    assert_eq!(left_out(&record).len(), 1);
    assert!(left_out(&record)[0].0 == "best.pth" && left_out(&record)[0].1.contains("no number"), "{:?}", record.left_out);
}

#[test]
fn a_list_gives_the_order_and_what_the_axes_reach_from() {
    let list = |names: &[&str]| {
        let files: Vec<String> = names.iter().map(|name| format!("\"FOLDER/{name}\"")).collect();
        format!("checkpoints = [{}]", files.join(", "))
    };
    let mut fixture =
        Fixture::new(&list(&["epoch_20.pt", "epoch_10.pt", "epoch_5.pt", "epoch_2.safetensors", "epoch_1.pth", "epoch_0.pt"]));
    let backwards = fixture.record();
    assert_eq!(names(&backwards), ["epoch_20", "epoch_10", "epoch_5", "epoch_2", "epoch_1", "epoch_0"]);
    assert_eq!((backwards.order.as_str(), backwards.left_out.len()), ("as listed in the session", 0));
    for (found, expected) in backwards.explained_variance.iter().zip(EXPLAINED_VARIANCE) {
        close(*found, expected, 1e-7, "explained variance");
    }
    // The same components, measured from the other end.
    let ratio = backwards.trajectory[5].alpha * backwards.delta_norm / NORMS[0];
    close(ratio.abs(), ALPHA[0], 1e-5, "α of the start");
    // A file that a folder would leave out is taken where it is listed.
    fixture.follow(&list(&["epoch_0.pt", "epoch_5.pt", "best.pth", "epoch_20.pt"]));
    assert_eq!(names(&fixture.record()), ["epoch_0", "epoch_5", "best", "epoch_20"]);
}

#[test]
fn files_of_a_folder_that_are_no_checkpoints_are_left_out_and_told() {
    let fixture = Fixture::new(FOLDER);
    fixture.write("epoch_3.pt", b"<!DOCTYPE html><html>not found</html>");
    fixture.write("epoch_4.pt", b"");
    fixture.write("log.txt", b"epoch 1");
    let (record, warnings) = fixture.try_run().unwrap();
    assert_eq!(names(&record).len(), 6);
    let told = left_out(&record);
    assert_eq!(told.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["best.pth", "log.txt", "epoch_3.pt", "epoch_4.pt"]);
    assert!(told[2].1.contains("an HTML page") && told[3].1.contains("empty"), "{told:?}");
    assert!(warnings.iter().any(|warning| warning.contains("`epoch_3.pt`") && warning.contains("`best.pth`")), "{warnings:?}");
    let mut listed = fixture;
    listed.follow("checkpoints = [\"FOLDER/epoch_0.pt\", \"FOLDER/epoch_3.pt\", \"FOLDER/epoch_20.pt\"]");
    assert!(listed.error().contains("epoch_3.pt"), "{}", listed.error());
}

#[test]
fn a_checkpoint_of_another_network_is_an_error_that_names_file_and_difference() {
    let fixture = Fixture::new(FOLDER);
    let path = fixture.folder.path().join("epoch_7.safetensors");
    Network::random("oe_mnist", 7, 0, Device::Cpu).unwrap().save(&path).unwrap();
    let message = fixture.error();
    assert!(message.contains("epoch_7.safetensors") && message.contains("10 classes") && message.contains("`fc2.weight`"), "{message}");
    assert!(message.contains("[10, 50]") && message.contains("[7, 50]"), "{message}");
    Network::random("resnet8", 10, 0, Device::Cpu).unwrap().save(&path).unwrap();
    let message = fixture.error();
    assert!(message.contains("epoch_7.safetensors") && message.contains("oe_mnist"), "{message}");
    // A damaged checkpoint is no file of another kind.
    fixture.write("epoch_7.safetensors", &std::fs::read(fixture.folder.path().join("epoch_0.pt")).unwrap()[..3000]);
    assert!(fixture.error().contains("epoch_7.safetensors"), "{}", fixture.error());
}

#[test]
fn the_same_place_twice_is_one_checkpoint_or_an_error() {
    let fixture = Fixture::new(FOLDER);
    fixture.copy("epoch_5.pt", "epoch_05.pt");
    let record = fixture.record();
    assert_eq!(names(&record), ["epoch_0", "epoch_1", "epoch_2", "epoch_05", "epoch_10", "epoch_20"]);
    assert!(left_out(&record).iter().any(|(name, reason)| name == "epoch_5.pt" && reason.contains("epoch_05.pt")), "{record:?}");
    fixture.copy("epoch_1.pth", "epoch_05.pt");
    let message = fixture.error();
    assert!(message.contains("epoch_05.pt") && message.contains("epoch_5.pt") && message.contains("list the files"), "{message}");
}

#[test]
fn fewer_different_checkpoints_than_a_plane_needs_are_told() {
    let list = |names: &[&str]| {
        let files: Vec<String> = names.iter().map(|name| format!("\"FOLDER/{name}\"")).collect();
        format!("checkpoints = [{}]", files.join(", "))
    };
    let mut fixture = Fixture::new(&list(&["epoch_0.pt"]));
    assert!(fixture.error().contains("at least 3 different checkpoints, found 1: `epoch_0.pt`"), "{}", fixture.error());
    fixture.follow(&list(&["epoch_0.pt", "epoch_20.pt"]));
    assert!(fixture.error().contains("found 2: `epoch_0.pt`, `epoch_20.pt`") && fixture.error().contains("kind = \"line\""));
    fixture.follow(&list(&["epoch_0.pt", "epoch_10.pt", "best.pth"]));
    assert!(fixture.error().contains("found 2 in 3 files: `best.pth` holds the weights of `epoch_10.pt`"), "{}", fixture.error());
    fixture.follow(&list(&[]));
    assert!(fixture.error().contains("found 0"), "{}", fixture.error());
    // The middle of the two others.
    let open = |name: &str| Network::load(&fixture.folder.path().join(name), &NetworkChoice::named("oe_mnist"), Device::Cpu).unwrap();
    let (start, mut middle) = (open("epoch_0.pt"), open("epoch_20.pt"));
    for name in &start.names {
        middle.tensors.insert(name.clone(), (&start.tensors[name] + &middle.tensors[name]) * 0.5);
    }
    middle.save(&fixture.folder.path().join("middle.safetensors")).unwrap();
    fixture.follow(&list(&["epoch_0.pt", "middle.safetensors", "epoch_20.pt"]));
    assert!(fixture.error().contains("on one line"), "{}", fixture.error());
}

#[test]
fn weights_that_are_not_finite_are_told_with_their_file() {
    let fixture = Fixture::new(FOLDER);
    let path = fixture.folder.path().join("epoch_0.pt");
    let mut network = Network::load(&path, &NetworkChoice::named("oe_mnist"), Device::Cpu).unwrap();
    network.tensors.insert("fc2.bias".into(), Tensor::from_slice(&[f32::NAN; 10]));
    network.save(&path).unwrap();
    let message = fixture.error();
    assert!(message.contains("epoch_0.pt") && message.contains("`fc2.bias`") && message.contains("finite"), "{message}");
}
