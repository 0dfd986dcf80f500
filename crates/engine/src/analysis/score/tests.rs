use std::path::Path;

use flatland_core::job::{Device, ScoreJob};
use flatland_core::result::{DatasetScores, Npz, NpzValues, ScoreTable};
use flatland_core::session::{Role, ScoreParameters};

use super::*;
use crate::analysis::test_support::{PartialReader, Recorder, checkpoint, dataset, real, real_samples, samples, shared, small_network};

fn job(out: &Path) -> ScoreJob {
    ScoreJob {
        checkpoint: checkpoint(),
        datasets: Vec::new(),
        temperature: 1.0,
        names: NAMES.map(str::to_owned).into(),
        parameters: ScoreParameters::new(),
        train: None,
        out: out.into(),
        device: Device::Cpu,
    }
}

/// The scores of jobs that name none.
const NAMES: [&str; 2] = ["msp", "energy"];

/// A dataset whose scores are those of the given logits, [N, C].
fn scored(name: &str, role: Role, label: &[i64], logits: &[f32], classes: usize) -> (Role, DatasetScores) {
    let argmax = |row: &[f32]| (0..classes).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap() as i64;
    let columns = [logits.chunks(classes).map(msp).collect(), logits.chunks(classes).map(|row| energy(row, 1.0)).collect()];
    let scored = DatasetScores {
        name: name.into(),
        role: role.key().into(),
        label: label.to_vec(),
        prediction: logits.chunks(classes).map(argmax).collect(),
        scores: NAMES.map(str::to_owned).into_iter().zip(columns).collect(),
        ..DatasetScores::default()
    };
    (role, scored)
}

fn table(scored: Vec<(Role, DatasetScores)>, temperature: f64) -> ScoreTable {
    ScoreTable::of(scored.into_iter().map(|(_, data)| data).collect(), temperature)
}

#[test]
fn metrics_of_real_logits_equal_the_independent_oracle() {
    let Some(golden) = shared().map(|folder| folder.join("golden")) else { return };
    let read = |part: &str, role| {
        let npz = Npz::load(&golden.join(format!("scores_{part}.npz"))).unwrap();
        let NpzValues::F32(logits) = npz.get("logits").unwrap().values.clone() else { panic!("logits are not f32") };
        let label: Vec<i64> = npz.f64("labels").unwrap().iter().map(|&x| x as i64).collect();
        scored(part, role, &label, &logits, 10)
    };
    let table = table(vec![read("id", Role::Id), read("train", Role::Train), read("cifar100", Role::Near), read("svhn", Role::Far)], 1.0);
    equals_golden(&table, &golden, &["cifar100", "svhn"]);
    // Training images are scored, not detected.
    assert!(!table.scores["msp"].contains_key("train") && table.samples["train"] == 2000);
}

/// Detection of `datasets` within 1e-4 of golden/scores_resnet20.json.
fn equals_golden(table: &ScoreTable, golden: &Path, datasets: &[&str]) {
    let text = std::fs::read_to_string(golden.join("scores_resnet20.json")).unwrap();
    let expected: serde_json::Value = serde_json::from_str(&text).unwrap();
    for (dataset, score) in datasets.iter().flat_map(|dataset| NAMES.map(|score| (dataset, score))) {
        let found = table.scores[score][*dataset].unwrap();
        let golden = &expected[format!("scores_{dataset}.npz")][score];
        for (name, value) in [("auroc", found.auroc), ("fpr95", found.fpr95), ("aupr_in", found.aupr_in), ("aupr_out", found.aupr_out)] {
            let golden = golden[name].as_f64().unwrap();
            assert!((value - golden).abs() < 1e-4, "{score} {dataset} {name}: {value} against {golden}");
        }
    }
}

#[test]
fn real_images_under_a_real_network_score_as_under_the_independent_oracle() {
    let Some(shared) = shared() else { return };
    let network = real(&shared);
    let id = real_samples(&network, &shared.join("data/cifar-10-batches-bin"), Some("test"), 1000);
    let mut far = real_samples(&network, &shared.join("data/svhn_1083.npy"), None, 1083);
    std::sync::Arc::get_mut(&mut far.dataset).unwrap().name = "svhn".into();
    let out = tempfile::tempdir().unwrap();
    run(&network, &[(Role::Id, id), (Role::Far, far)], None, &job(out.path()), &mut Recorder::default()).unwrap();
    let table = table_of(out.path());
    equals_golden(&table, &shared.join("golden"), &["svhn"]);
    assert_eq!(table.accuracy.len(), 1);
    assert!(table.accuracy[0] > Some(0.90), "ID accuracy {:?}", table.accuracy[0]);
}

#[test]
fn a_confident_id_set_is_told_from_an_undecided_one() {
    let confident: Vec<f32> = (0..20).flat_map(|i| [8.0 + i as f32, 0.0, 0.0]).collect();
    let undecided: Vec<f32> = (0..10).flat_map(|i| [0.1 * i as f32, 0.0, 0.0]).collect();
    let table = table(vec![scored("id", Role::Id, &[0; 20], &confident, 3), scored("far", Role::Far, &[-1; 10], &undecided, 3)], 1.0);
    for score in NAMES {
        let detection = table.scores[score]["far"].unwrap();
        assert_eq!((detection.auroc, detection.fpr95, detection.fpr95_id_positive), (1.0, 0.0, 0.0), "{score}");
    }
}

#[test]
fn accuracies_are_of_labelled_id_and_cs_data_and_pooled_over_all_id() {
    let right = [1.0, 0.0];
    let wrong = [0.0, 1.0];
    let table = table(
        vec![
            scored("a", Role::Id, &[0, 0], &[right, wrong].concat(), 2),
            scored("b", Role::Id, &[0, 0], &[right, right].concat(), 2),
            scored("cs", Role::Cs, &[0, 0, -1], &[wrong, right, wrong].concat(), 2),
            scored("near", Role::Near, &[0], &wrong, 2),
        ],
        1.0,
    );
    assert_eq!(
        table.accuracy.iter().map(|(name, x)| (name.as_str(), *x)).collect::<Vec<_>>(),
        [("a", Some(0.5)), ("b", Some(1.0)), ("cs", Some(0.5))]
    );
    assert_eq!(table.accuracy_pooled["cs"], Some(4.0 / 6.0));
    assert!(table.scores["msp"].contains_key("cs"));
}

#[test]
fn a_network_is_scored_into_files_that_load_again() {
    let network = small_network(3, 1);
    let set = |name: &str, n: usize, step: usize| samples(&network, dataset(name, &vec![1; n], |i, p| (i * 9 + p * step) as u8));
    let data = [(Role::Id, set("id", 9, 3)), (Role::Far, set("far", 7, 11)), (Role::Outliers, set("empty", 0, 1))];
    let out = tempfile::tempdir().unwrap();
    run(&network, &data, None, &job(out.path()), &mut Recorder::default()).unwrap();
    let table = ScoreTable::load(out.path(), "net").unwrap();
    let logits = Vec::<f32>::try_from(network.forward(&data[1].1.x).unwrap().logits.select(0, 4)).unwrap();
    assert!((table.datasets[1].scores["msp"][4] - msp(&logits)).abs() < 1e-6);
    assert!((table.datasets[1].scores["energy"][4] - energy(&logits, 1.0)).abs() < 1e-5);
    assert_eq!(table.roles["far"], "far");
    assert_eq!(table.samples["empty"], 0);
    assert!(table.scores["energy"]["far"].is_some());
}

#[test]
fn rows_say_which_images_they_are_and_images_left_out_are_listed() {
    let network = small_network(3, 1);
    let mut id = dataset("id", &[1; 9], |i, p| (i * 9 + p) as u8);
    let path = std::path::PathBuf::from("/data/id/cut.jpg");
    let changed = std::sync::Arc::get_mut(&mut id).unwrap();
    changed.index = (0..9).map(|i| 10 * i + 3).collect();
    changed.provenance.unreadable = vec![flatland_core::data::Unreadable { path: path.clone(), reason: "cut short".into() }];
    let far = dataset("far", &[1; 2], |i, p| (i * 5 + p) as u8);
    let data = [(Role::Id, samples(&network, id)), (Role::Far, samples(&network, far))];
    let out = tempfile::tempdir().unwrap();
    run(&network, &data, None, &job(out.path()), &mut Recorder::default()).unwrap();
    let table = table_of(out.path());
    assert_eq!(table.datasets[0].index, [3, 13, 23, 33, 43, 53, 63, 73, 83]);
    assert_eq!((table.unreadable.len(), &table.unreadable["id"][0].path), (1, &path));
    let npz = Npz::load(&out.path().join("scores.npz")).unwrap();
    let names = [vec!["id".to_owned(); 9], vec!["far".to_owned(); 2]].concat();
    assert_eq!(npz.get("dataset").unwrap().values, NpzValues::Text(names));
    assert_eq!(npz.f64("index").unwrap()[7..], [73.0, 83.0, 0.0, 1.0]);
}

#[test]
fn scores_are_told_dataset_by_dataset_id_first() {
    let network = small_network(3, 1);
    let set = |name: &str, step: usize| samples(&network, dataset(name, &[1; 9], |i, p| (i * 9 + p * step) as u8));
    let data = [(Role::Far, set("far", 11)), (Role::Id, set("id", 3)), (Role::Near, set("near", 5))];
    let out = tempfile::tempdir().unwrap();
    let mut reader = PartialReader { load: |folder| ScoreTable::load(folder, "net").unwrap(), read: Vec::new() };
    run(&network, &data, None, &job(out.path()), &mut reader).unwrap();
    let whole = table_of(out.path());
    assert_eq!(whole.roles.keys().collect::<Vec<_>>(), ["far", "id", "near"], "in the order asked for");
    let first = &reader.read[0];
    assert_eq!(first.roles.keys().collect::<Vec<_>>(), ["id"]);
    assert_eq!(first.datasets[0], whole.datasets[1]);
    assert!(!out.path().join("partial").exists());
}

#[test]
fn without_id_images_or_with_a_cold_temperature_there_is_a_reason() {
    let network = small_network(3, 1);
    let data = [(Role::Near, samples(&network, dataset("near", &[1], |_, p| p as u8)))];
    let out = tempfile::tempdir().unwrap();
    let message = run(&network, &data, None, &job(out.path()), &mut Recorder::default()).unwrap_err().to_string();
    assert!(message.contains("role `id`, found roles [near]"), "{message}");
    let cold = ScoreJob { temperature: 0.0, ..job(out.path()) };
    assert!(run(&network, &data, None, &cold, &mut Recorder::default()).unwrap_err().to_string().contains("temperature > 0, found 0"));
}

/// [`small_network`] with this bias of its logits, on 10 ID, 4 CS and 6 near images, all of class 0: the table, what was warned of, and
/// `scores.json`.
fn biased(bias: [f32; 3]) -> (ScoreTable, String, serde_json::Value) {
    let mut network = small_network(3, 1);
    network.tensors.insert("fc.weight".into(), tch::Tensor::zeros([3, 6], (tch::Kind::Float, tch::Device::Cpu)));
    network.tensors.insert("fc.bias".into(), tch::Tensor::from_slice(&bias));
    let set = |name: &str, n: usize| samples(&network, dataset(name, &vec![0; n], |i, p| (i + p) as u8));
    let data = [(Role::Id, set("id", 10)), (Role::Cs, set("cs", 4)), (Role::Near, set("near", 6))];
    let (out, mut recorder) = (tempfile::tempdir().unwrap(), Recorder::default());
    run(&network, &data, None, &job(out.path()), &mut recorder).unwrap();
    let warning = |event: &JobEvent| if let JobEvent::Warning { message } = event { Some(message.clone()) } else { None };
    let warnings = recorder.events.iter().filter_map(warning).collect::<Vec<_>>().join("\n");
    let json = std::fs::read_to_string(out.path().join("scores.json")).unwrap();
    (table_of(out.path()), warnings, serde_json::from_str(&json).unwrap())
}

#[test]
fn without_finite_logits_no_number_is_defined_and_the_images_are_counted() {
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    for bias in [[nan; 3], [0.0, nan, 1.0], [inf, 0.0, 0.0], [inf, -inf, 0.0], [-inf; 3]] {
        let (table, warnings, json) = biased(bias);
        assert_eq!(table.accuracy.values().chain(table.accuracy_pooled.values()).copied().collect::<Vec<_>>(), [None; 3], "{bias:?}");
        for score in NAMES {
            assert_eq!(table.scores[score].values().copied().collect::<Vec<_>>(), [None; 2], "{bias:?} {score}");
        }
        assert!(
            warnings.contains("10 of 10 images of `id` have logits that are not finite: what depends on them is not defined"),
            "{warnings}"
        );
        let net = &json["net"];
        assert!(net["accuracy"]["id"].is_null() && net["accuracy_pooled"]["cs"].is_null() && net["scores"]["energy"]["near"].is_null());
        assert_eq!(net["non_finite"], serde_json::json!({ "id": 10, "cs": 4, "near": 6 }));
        assert!(table.datasets.iter().all(|data| data.prediction.iter().all(|class| *class == -1)));
    }
}

#[test]
fn masked_classes_leave_everything_defined() {
    let (table, warnings, _) = biased([1.0, f32::NEG_INFINITY, 0.0]);
    assert_eq!((table.accuracy["id"], warnings.as_str()), (Some(1.0), ""));
    let energy = (1f64.exp() + 1.0).ln();
    assert!((table.datasets[0].scores["energy"][0] - energy).abs() < 1e-6);
}

#[test]
fn equal_logits_are_told_as_the_accuracy_by_them_is_that_of_the_first_class() {
    let (table, warnings, json) = biased([0.5; 3]);
    assert_eq!((table.accuracy["id"], table.detection("energy", "near").unwrap().auroc), (Some(1.0), 0.5));
    assert!(
        warnings.contains("in 10 of 10 images of `id` several logits are the largest: the first of these classes is taken"),
        "{warnings}"
    );
    assert_eq!(json["net"]["tied"]["near"], 6);
    assert_eq!(table.tied["cs"], 4);
}

#[test]
fn files_say_what_the_numbers_are_and_the_base_rate_of_every_pair() {
    let (table, _, json) = biased([0.5, 0.0, 0.0]);
    assert_eq!((table.base_rate["cs"], table.base_rate["near"]), (4.0 / 14.0, 6.0 / 16.0));
    assert_eq!(json["net"]["base_rate"]["near"], 0.375);
    for (name, part) in
        [("aupr_out", "base_rate"), ("aupr_in", "trapezoidal rule"), ("fpr95", "OOD is positive"), ("auroc", "a tie counts half")]
    {
        let told = json["net"]["definitions"][name].as_str().unwrap();
        assert!(told.contains(part), "{name}: {told}");
    }
}

#[test]
fn scores_of_a_version_that_predicted_a_class_of_nan_are_read_as_not_defined() {
    let out = tempfile::tempdir().unwrap();
    let nan = vec![f64::NAN; 4];
    let data = |name: &str, role: &str| DatasetScores {
        name: name.into(),
        role: role.into(),
        index: Vec::new(),
        label: vec![0; 4],
        prediction: vec![0; 4],
        tied: 0,
        scores: [("msp".to_owned(), nan.clone()), ("energy".to_owned(), nan.clone())].into_iter().collect(),
    };
    let mut old = ScoreTable { datasets: vec![data("id", "id"), data("far", "far")], ..ScoreTable::of(Vec::new(), 1.0) };
    old.accuracy.insert("id".into(), Some(1.0));
    for data in &old.datasets {
        old.roles.insert(data.name.clone(), data.role.clone());
    }
    for score in NAMES {
        old.scores.insert(score.into(), [("far".to_owned(), None)].into_iter().collect());
    }
    old.save(out.path(), "net").unwrap();
    let read = table_of(out.path());
    assert_eq!((read.accuracy["id"], read.non_finite["id"]), (None, 4));
}

fn table_of(folder: &Path) -> ScoreTable {
    ScoreTable::load(folder, "net").unwrap()
}

#[test]
fn a_head_scores_beside_msp_and_energy() {
    let network = crate::model::Network::random("resnet8+conf_branch", 3, 1, tch::Device::Cpu).unwrap();
    let set = |n: i64| tch::Tensor::randn([n, 3, 32, 32], (tch::Kind::Float, tch::Device::Cpu));
    let sample = |name: &str, n: i64| Samples {
        dataset: dataset(name, &vec![1; n as usize], |_, p| p as u8),
        x: set(n),
        y: tch::Tensor::ones([n], (tch::Kind::Int64, tch::Device::Cpu)),
    };
    let data = [(Role::Id, sample("id", 5)), (Role::Far, sample("far", 4))];
    let out = tempfile::tempdir().unwrap();
    run(&network, &data, None, &job(out.path()), &mut Recorder::default()).unwrap();
    let table = table_of(out.path());
    let expected = network.forward(&data[1].1.x).unwrap().auxiliary.unwrap().sigmoid().squeeze();
    let expected = Vec::<f32>::try_from(&expected).unwrap();
    let found = &table.datasets[1].scores["confidence"];
    assert!(found.iter().zip(&expected).all(|(a, &b)| (a - f64::from(b)).abs() < 1e-5), "{found:?} {expected:?}");
    assert!(table.scores["confidence"]["far"].is_some());
    assert_eq!(table.scores.keys().collect::<Vec<_>>(), ["msp", "energy", "confidence"]);
}
