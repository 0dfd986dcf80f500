//! The mapping of folders to classes, from the session to the numbers: real networks on typical folders of real images.
//!
//! The right accuracies are those of `classes.py`, which reads the labels of the original files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::path::Path;

use common::{has_worker, run, stderr, stdout, write};
use flatland_core::data::{Source, load};
use flatland_core::testing::shared_dir;
use serde_json::Value;

const CIFAR10: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
/// Of 200, 160 and 270 images (`classes.py`).
const CIFAR10_RIGHT: f64 = 181.0 / 200.0;
const CIFAR10_RIGHT_WITHOUT_AIRPLANE_AND_DEER: f64 = 147.0 / 160.0;
const MNIST_RIGHT_WITHOUT_3: f64 = 268.0 / 270.0;

const RESNET20: &str = "normalization = \"imagenet\"";
const OE_MNIST: &str = "architecture = \"oe_mnist\"\nnormalization = \"none\"";

/// A temporary folder, and the checkpoints that are read.
struct Place {
    folder: tempfile::TempDir,
    checkpoint: String,
    /// How it is read, as written in a session and a run file.
    read_as: &'static str,
}

impl Place {
    /// One with a real network, if there is one.
    fn new(checkpoint: &str, read_as: &'static str) -> Option<Self> {
        let shared = shared_dir().filter(|_| has_worker())?;
        let checkpoint = shared.join("data/checkpoints").join(checkpoint).display().to_string();
        Some(Self { folder: tempfile::tempdir().unwrap(), checkpoint, read_as })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The first `count` images of each class of the test data at `from` as PNG files in `to/<name of the class>/`; a class without a name
    /// is left out.
    fn folders(&self, from: &str, count: usize, to: &str, name: impl Fn(usize) -> Option<String>) {
        let path = shared_dir().unwrap().join("data").join(from);
        let data = load(&Source { name: from.into(), path, split: Some("test".into()), ..Source::default() }, None).unwrap();
        let mut written = [0; 10];
        for (k, &label) in data.labels.iter().enumerate() {
            let class = usize::try_from(label).unwrap();
            let Some(name) = name(class).filter(|_| written[class] < count) else { continue };
            let folder = self.path().join(to).join(name);
            std::fs::create_dir_all(&folder).unwrap();
            let image = image::RgbImage::from_raw(data.width as u32, data.height as u32, data.image(k).to_vec()).unwrap();
            image.save(folder.join(format!("{k:05}.png"))).unwrap();
            written[class] += 1;
        }
    }

    fn session(&self, datasets: &[(&str, &str, &str, &str)]) -> String {
        let dataset = |(name, role, path, more): &(&str, &str, &str, &str)| {
            format!("[[dataset]]\nname = \"{name}\"\nrole = \"{role}\"\npath = '{path}'\n{more}\n")
        };
        let text = format!(
            "version = 1\n[[checkpoint]]\nname = \"net\"\npath = '{}'\n{}\n{}\
             [landscape]\ngrid = [3, 2]\n[sharpness]\nrho = [0.01]\nsteps = 1\n\
             [hessian]\ntop = 1\ntrace_probes = 2\nlanczos_steps = 10\ndensity = \"none\"\n[embedding]\niterations = 20\nperplexity = 5.0\n",
            self.checkpoint,
            self.read_as,
            datasets.iter().map(dataset).collect::<String>()
        );
        write(self.path(), "session.toml", text)
    }

    /// `scores.json` of the session, and the text of stderr.
    fn score(&self, datasets: &[(&str, &str, &str, &str)]) -> (Value, String) {
        let session = self.session(datasets);
        let output = run(self.path(), &["score", &session, "--out", "out", "--device", "cpu"]);
        assert!(output.status.success(), "{}", stderr(&output));
        let scores: Value = serde_json::from_slice(&std::fs::read(self.path().join("out/scores.json")).unwrap()).unwrap();
        (scores["net"].clone(), stderr(&output))
    }

    /// The error of every analysis that uses labels.
    fn complaints(&self, datasets: &[(&str, &str, &str, &str)], commands: &[&str]) -> Vec<String> {
        let session = self.session(datasets);
        let complaint = |command: &&str| {
            let output = run(self.path(), &[command, &session, "--out", "out", "--device", "cpu"]);
            assert_eq!(output.status.code(), Some(1), "{command}: {}", stdout(&output));
            stderr(&output)
        };
        commands.iter().map(complaint).collect()
    }
}

fn close(found: &Value, expected: f64) {
    assert!((found.as_f64().unwrap_or(f64::NAN) - expected).abs() < 1e-12, "expected {expected}, found {found}");
}

#[test]
fn an_empty_folder_beside_those_of_the_classes_changes_no_number() {
    let Some(place) = Place::new("resnet20-12fca82f.th", RESNET20) else { return };
    place.folders("cifar-10-batches-bin", 20, "set/val", |class| Some(CIFAR10[class].into()));
    std::fs::create_dir(place.path().join("set/val/__MACOSX")).unwrap();
    std::fs::create_dir(place.path().join("set/annotations")).unwrap();
    write(&place.path().join("set/annotations"), "val.json", "{}");
    let (scores, told) = place.score(&[("inner", "id", "set/val", ""), ("outer", "cs", "set", "")]);
    close(&scores["accuracy"]["inner"], CIFAR10_RIGHT);
    close(&scores["accuracy"]["outer"], CIFAR10_RIGHT);
    assert_eq!((&scores["labels"]["inner"]["rule"], &scores["labels"]["inner"]["classes"]["truck"]), (&"cifar10".into(), &9.into()));
    assert!(told.contains("note: labels of `inner`: by folder name, as classes of CIFAR-10 (airplane 0, "), "{told}");
    assert!(told.contains("note: labels of `outer`: by name, as the classes of `inner`"), "{told}");
}

#[test]
fn cs_folders_are_matched_with_the_id_batches_by_name_or_as_stated() {
    let Some(place) = Place::new("resnet20-12fca82f.th", RESNET20) else { return };
    let cifar = shared_dir().unwrap().join("data/cifar-10-batches-bin").display().to_string();
    let id = ("test", "id", cifar.as_str(), "split = \"test\"\nfirst = 64");
    let without = |class: usize| (class != 0 && class != 4).then_some(class);
    place.folders("cifar-10-batches-bin", 20, "prefixed", |class| {
        Some(format!("{:02}_{}", without(class)? + 1, CIFAR10[class].to_uppercase()))
    });
    place.folders("cifar-10-batches-bin", 20, "strange", |class| {
        Some(format!("class_{}", ["q", "z", "b", "a", "w", "x", "c", "y", "d", "p"][without(class)?]))
    });
    let (scores, _) = place.score(&[id, ("cs", "cs", "prefixed", "")]);
    close(&scores["accuracy"]["cs"], CIFAR10_RIGHT_WITHOUT_AIRPLANE_AND_DEER);
    assert_eq!((&scores["labels"]["cs"]["rule"], &scores["labels"]["cs"]["matched_with"]), (&"matched".into(), &"test".into()));

    let commands = ["score", "embed"];
    for complaint in place.complaints(&[id, ("cs", "cs", "strange", "")], &commands) {
        for word in ["dataset `cs`", "the classes of `test` (airplane, automobile", "8 folders: class_a", "classes = {", "strange"] {
            assert!(complaint.contains(word), "expected `{word}` in: {complaint}");
        }
    }
    let said = "classes = { class_z = \"automobile\", class_b = \"bird\", class_a = \"cat\", class_x = \"dog\", class_c = \"frog\", \
                class_y = \"horse\", class_d = 8, class_p = \"truck\" }";
    let (scores, told) = place.score(&[id, ("cs", "cs", "strange", said)]);
    close(&scores["accuracy"]["cs"], CIFAR10_RIGHT_WITHOUT_AIRPLANE_AND_DEER);
    assert!(told.contains("labels of `cs`: as given in `classes`"), "{told}");
}

#[test]
fn digits_without_one_are_scored_and_trained_with_their_own_labels() {
    let Some(place) = Place::new("oe_mnist_baseline_epoch_9.pt", OE_MNIST) else { return };
    place.folders("mnist", 30, "digits", |digit| (digit != 3).then(|| digit.to_string()));
    place.folders("mnist", 30, "letters", |digit| (digit != 3).then(|| char::from(b'a' + digit as u8).to_string()));
    let (scores, told) = place.score(&[("digits", "id", "digits", "")]);
    close(&scores["accuracy"]["digits"], MNIST_RIGHT_WITHOUT_3);
    assert!(told.contains("labels of `digits`: by the number in the folder's name (0 0, 1 1, 2 2, 4 4, ...)"), "{told}");

    let train = |folder: &str| {
        let text = format!(
            "version = 1\ncheckpoint = '{}'\n{}\nmax_steps = 1\nbatch = 16\ntransform = \"none\"\n[method]\nname = \"erm\"\n\
             [optimizer]\nlr = 1e-30\nweight_decay = 0.0\n\
             [[dataset]]\nname = \"digits\"\nrole = \"train\"\npath = '{folder}'\n[[dataset]]\nname = \"again\"\nrole = \"id\"\npath = '{folder}'\n",
            place.checkpoint, place.read_as
        );
        write(place.path(), "run.toml", text);
        run(place.path(), &["train", "run.toml", "--out", folder_of(folder), "--device", "cpu"])
    };
    let output = train("digits");
    assert!(output.status.success(), "{}", stderr(&output));
    let metrics = std::fs::read_to_string(place.path().join("run-digits/metrics.jsonl")).unwrap();
    let last: Value = serde_json::from_str(metrics.lines().last().unwrap()).unwrap();
    close(&last["id_accuracy"], MNIST_RIGHT_WITHOUT_3);
    let log = std::fs::read_to_string(place.path().join("run-digits/log.txt")).unwrap();
    for said in ["labels of `again`: by the number in the folder's name", "labels of `digits`: by name, as the classes of `again`"] {
        assert!(log.contains(said), "{log}");
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
    }

    let output = train("letters");
    assert!(!output.status.success());
    for word in ["dataset `digits`", "each of the 10 of the network", "9 folders: a, b, c, e", "classes = {"] {
        assert!(stderr(&output).contains(word), "expected `{word}` in: {}", stderr(&output));
    }
}

fn folder_of(dataset: &str) -> &'static str {
    if dataset == "digits" { "run-digits" } else { "run-letters" }
}

#[test]
fn labels_beyond_the_networks_classes_are_refused_by_every_analysis() {
    let Some(place) = Place::new("resnet20-12fca82f.th", RESNET20) else { return };
    place.folders("cifar-10-batches-bin", 2, "set", |class| Some(CIFAR10[class].into()));
    let mut list = String::new();
    for (label, class) in (1..).zip(CIFAR10) {
        let file = std::fs::read_dir(place.path().join("set").join(class)).unwrap().next().unwrap().unwrap();
        list += &format!("set/{class}/{} {label}\n", file.file_name().display());
    }
    write(place.path(), "list.txt", list);
    let commands = ["score", "embed", "landscape", "sharpness", "hessian"];
    for complaint in place.complaints(&[("shifted", "id", "list.txt", "")], &commands) {
        for word in ["dataset `shifted`", "labels of 0 to 9", "the network has 10 classes", "the label 10", "list.txt"] {
            assert!(complaint.contains(word), "expected `{word}` in: {complaint}");
        }
    }
    // Labels of semantic-shift images are of other classes, so that a loss on them has no meaning.
    let (scores, _) = place.score(&[("id", "id", "set", ""), ("shifted", "far", "list.txt", "")]);
    assert!(scores["scores"]["msp"]["shifted"]["auroc"].is_number() && scores["labels"]["shifted"].is_null(), "{scores}");
    let far = [("id", "id", "set", ""), ("shifted", "far", "list.txt", "")];
    let session = place.session(&far);
    let output = run(place.path(), &["landscape", &session, "--out", "out", "--dataset", "shifted"]);
    assert!(
        stderr(&output).contains("expected a dataset of role `train`, `id` or `cs`, found `shifted` of role `far`"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn every_result_says_what_its_labels_follow_from() {
    let Some(place) = Place::new("resnet20-12fca82f.th", RESNET20) else { return };
    place.folders("cifar-10-batches-bin", 2, "set", |class| Some(CIFAR10[class].into()));
    let session = place.session(&[("id", "id", "set", "")]);
    for (command, file, key) in [
        ("landscape", "out/net/id/landscape.json", "/labels/rule"),
        ("sharpness", "out/net/id/sharpness.json", "/labels/rule"),
        ("hessian", "out/net/id/hessian.json", "/labels/rule"),
        ("score", "out/net/scores.json", "/net/labels/id/rule"),
    ] {
        let output = run(place.path(), &[command, &session, "--out", "out", "--device", "cpu", "--no-cache"]);
        assert!(output.status.success(), "{command}: {}", stderr(&output));
        let result: Value = serde_json::from_slice(&std::fs::read(place.path().join(file)).unwrap()).unwrap();
        assert_eq!(result.pointer(key), Some(&"cifar10".into()), "{command}: {result}");
    }
}
