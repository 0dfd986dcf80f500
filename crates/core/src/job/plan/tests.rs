#![allow(clippy::unwrap_used)]
use std::path::PathBuf;

use super::*;
use crate::data::Subset;
use crate::job::plan_cached;

fn session() -> Session {
    toml::from_str(
        r#"
        version = 1
        seed = 7
        [[checkpoint]]
        name = "ERM"
        path = "/w/erm.pt"
        [[checkpoint]]
        name = "DR-SAM 0.5"
        path = "/w/drsam.pt"
        [[dataset]]
        name = "train"
        role = "train"
        path = "/d/train"
        [[dataset]]
        name = "test"
        role = "id"
        path = "/d/test"
        limit = 100
        [[dataset]]
        name = "fog/3"
        role = "cs"
        path = "/d/test"
        first = 50
        corruption = { kind = "fog", severity = 3 }
        [[dataset]]
        name = "letters"
        role = "near"
        path = "/d/letters"
        [[dataset]]
        name = "aux"
        role = "outliers"
        path = "/d/aux"
        [landscape]
        grid = [3, 2]
        "#,
    )
    .unwrap()
}

#[test]
fn a_landscape_per_checkpoint_on_the_id_test_data_in_the_documented_folders() {
    let jobs = plan(&session(), Analysis::Landscape, Path::new("/out"), &PlanOptions::default()).unwrap();
    let folders: Vec<_> = jobs.iter().map(|job| job.out().unwrap().to_owned()).collect();
    assert_eq!(folders, [Path::new("/out/ERM/test"), Path::new("/out/DR-SAM_0.5/test")]);
    let JobSpec::Landscape(job) = &jobs[0] else { panic!("expected a landscape, found {:?}", jobs[0]) };
    assert_eq!((job.alpha.as_slice(), job.beta.as_slice(), job.seed), ([-1.0, 0.0, 1.0].as_slice(), [-1.0, 1.0].as_slice(), 7));
    assert_eq!(job.dataset.source.subset, Subset::Stratified(100));
}

#[test]
fn scores_take_every_dataset_but_training_and_outliers() {
    let jobs = plan(&session(), Analysis::Scores, Path::new("/out"), &PlanOptions::default()).unwrap();
    assert_eq!(jobs.len(), 2);
    let names: Vec<_> = jobs[0].datasets().iter().map(|dataset| dataset.source.name.clone()).collect();
    assert_eq!(names, ["test", "fog/3", "letters"]);
    assert_eq!(jobs[0].datasets()[1].source.subset, Subset::First(50));
    assert_eq!(jobs[0].datasets()[1].source.corruption.as_ref().unwrap().severity, 3);
    assert_eq!(jobs[1].out(), Some(Path::new("/out/DR-SAM_0.5")));
}

#[test]
fn chosen_names_are_taken_and_unknown_names_refused() {
    let options = PlanOptions { checkpoints: vec!["ERM".into()], datasets: vec!["fog/3".into()], samples: Some(20), ..Default::default() };
    let jobs = plan(&session(), Analysis::Sharpness, Path::new("/out"), &options).unwrap();
    assert_eq!(jobs.iter().map(|job| job.out().unwrap()).collect::<Vec<_>>(), [Path::new("/out/ERM/fog_3")]);
    assert_eq!(jobs[0].datasets()[0].source.subset, Subset::First(20));
    let options = PlanOptions { checkpoints: vec!["SAM".into()], ..Default::default() };
    let error = plan(&session(), Analysis::Sharpness, Path::new("/out"), &options).unwrap_err().to_string();
    assert_eq!(error, "expected a checkpoint of the session (ERM, DR-SAM 0.5), found `SAM`");
}

#[test]
fn names_that_would_share_a_folder_are_refused() {
    let mut session = session();
    session.checkpoints[1].name = "a b".into();
    session.checkpoints[0].name = "a/b".into();
    let error = plan(&session, Analysis::Scores, Path::new("/out"), &PlanOptions::default()).unwrap_err();
    assert_eq!(error, PlanError::SameFolder("a/b".into(), "a b".into()));
}

#[test]
fn fitted_scores_take_the_training_images_and_only_changed_hyperparameters() {
    let text = |train: &str, scores: &str| {
        let checkpoint = "version = 1\n[[checkpoint]]\nname = \"net\"\npath = \"/nowhere/net.pt\"\n";
        let dataset = "[[dataset]]\nname = \"digits\"\nrole = \"id\"\npath = \"demo:test\"\n";
        let session: Session = toml::from_str(&format!("{checkpoint}{dataset}{train}[scores]\n{scores}")).unwrap();
        plan(&session, Analysis::Scores, Path::new("/out"), &PlanOptions::default()).map(|mut jobs| jobs.remove(0))
    };
    let train = "[[dataset]]\nname = \"train\"\nrole = \"train\"\npath = \"demo:train\"\n";
    let JobSpec::Score(job) = text(train, "names = [\"knn\", \"msp\"]\nknn = { k = 50 }").unwrap() else { panic!("another job") };
    assert_eq!((job.names.join(" "), job.train.unwrap().source.name.as_str()), ("knn msp".into(), "train"));
    assert!(job.parameters.is_empty() && job.datasets.len() == 1);
    let message = text("", "names = [\"knn\", \"vim\"]").unwrap_err().to_string();
    assert!(message.contains("`knn`, `vim` are fitted on ID training images: expected a dataset of role `train`, found none"), "{message}");
    // A job of a session that names no scores is what it was before there were others.
    let before = text(train, "temperature = 1.0").unwrap();
    let json = serde_json::to_string(&before).unwrap();
    assert!(["names", "parameters", "train\""].iter().all(|word| !json.contains(word)), "{json}");
    assert_eq!(serde_json::from_str::<JobSpec>(&json).unwrap(), before);
}

#[test]
fn scores_without_id_data_and_descending_axes_are_refused() {
    let mut session = session();
    session.landscape.alpha = Some(vec![1.0, 0.0]);
    assert!(plan(&session, Analysis::Landscape, Path::new("/out"), &PlanOptions::default()).unwrap_err().to_string().contains("ascending"));
    session.datasets.retain(|entry| entry.role != Role::Id);
    assert!(plan(&session, Analysis::Scores, Path::new("/out"), &PlanOptions::default()).unwrap_err().to_string().contains("role `id`"));
}

#[test]
fn estimators_and_the_hessian_are_planned_as_the_session_says_and_what_changes_no_result_changes_no_job() {
    let mut session = session();
    assert!(!Analysis::of(&session).contains(&Analysis::Hessian), "only a session with [hessian] asks for it");
    let default = plan(&session, Analysis::Hessian, Path::new("/out"), &PlanOptions::default()).unwrap();
    let JobSpec::Hessian(job) = &default[0] else { panic!("expected a Hessian, found {:?}", default[0]) };
    assert_eq!((&job.settings, job.out.as_path()), (&HessianSettings::default(), Path::new("/out/ERM/test")));

    session.sharpness =
        toml::from_str("estimator = \"ascent\"\nadaptive = \"filter\"\nm = 128\nrestarts = [\"sphere\", \"sphere\"]").unwrap();
    session.hessian = Some(toml::from_str("top = 2\ndensity = \"quality\"").unwrap());
    assert!(Analysis::of(&session).contains(&Analysis::Hessian));
    let jobs = |session: &Session, analysis| plan(session, analysis, Path::new("/out"), &PlanOptions::default()).unwrap();
    let before = jobs(&session, Analysis::Sharpness);
    session.sharpness.relative = true;
    session.sharpness.datasets = vec!["test".into()];
    assert_eq!(jobs(&session, Analysis::Sharpness), before);
    let JobSpec::Sharpness(job) = &before[0] else { panic!("expected a sharpness, found {:?}", before[0]) };
    assert_eq!((job.settings.m, job.settings.adaptive.key(), job.settings.restarts.len()), (Some(128), "filter", 2));

    session.sharpness.estimator = crate::session::Estimator::Random;
    let error = plan(&session, Analysis::Sharpness, Path::new("/out"), &PlanOptions::default()).unwrap_err().to_string();
    assert!(error.contains("[sharpness] expected an estimator that maximises beside m"), "{error}");
}

#[test]
fn losses_and_layers_are_part_of_a_job_and_plain_ones_leave_it_as_it_was() {
    let mut session = session();
    session.hessian = Some(HessianSettings::default());
    let all = |session: &Session| {
        let of = |analysis| plan(session, analysis, Path::new("/out"), &PlanOptions::default()).unwrap();
        [Analysis::Landscape, Analysis::Sharpness, Analysis::Hessian].map(|analysis| serde_json::to_string(&of(analysis)).unwrap())
    };
    let plain = all(&session);
    // Results in caches are found by what a job says.
    for job in &plain {
        assert!(!job.contains("\"loss\"") && !job.contains("per_layer") && !job.contains("weight_decay"), "{job}");
    }
    assert!(!plain[1].contains("\"layers\"") && !plain[2].contains("\"layers\""));
    let loss = toml::from_str("label_smoothing = 0.1").unwrap();
    (session.landscape.loss, session.sharpness.loss) = (loss, loss);
    session.hessian = Some(toml::from_str("loss = { kind = \"mse\" }").unwrap());
    let others = all(&session);
    assert!(plain.iter().zip(&others).all(|(plain, other)| plain != other));
    session.sharpness.layers = vec!["fc.*".into()];
    session.hessian = Some(toml::from_str("per_layer = true").unwrap());
    let layers = all(&session);
    assert!(layers[0] == others[0] && layers[1] != others[1] && layers[2] != others[2]);
    // What a loss cannot be is told before anything is computed.
    session.landscape.loss.weight_decay = -1.0;
    let error = plan(&session, Analysis::Landscape, Path::new("/out"), &PlanOptions::default()).unwrap_err().to_string();
    assert!(error.contains("[landscape] loss: expected a finite weight_decay ≥ 0, found -1"), "{error}");
}

#[test]
fn a_cached_job_moves_when_its_checkpoint_changes_and_stays_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("erm.pt");
    std::fs::write(&file, b"one").unwrap();
    let mut session = session();
    session.checkpoints[0].path = file.clone();
    let place = || plan_cached(&session, Analysis::Scores, &PlanOptions::default()).unwrap()[0].out().unwrap().to_owned();
    let before = place();
    assert_eq!(before, place());
    std::fs::write(&file, b"other").unwrap();
    assert_ne!(before, place());
}

#[test]
fn what_a_dataset_is_called_does_not_move_a_cached_job() {
    let folders = |session: &Session| -> Vec<PathBuf> {
        let planned =
            Analysis::of(session).into_iter().flat_map(|analysis| plan_cached(session, analysis, &PlanOptions::default()).unwrap());
        planned.map(|job| job.out().unwrap().to_owned()).collect()
    };
    let mut session = session();
    session.landscape.ood = vec!["letters".into()];
    session.hessian = Some(HessianSettings::default());
    let before = folders(&session);
    for (dataset, name) in session.datasets.iter_mut().zip(["a", "b", "c", "d", "e"]) {
        dataset.name = name.into();
    }
    session.landscape.ood = vec!["d".into()];
    assert_eq!(folders(&session), before);
    session.datasets[1].limit = Some(99);
    assert!(folders(&session).iter().all(|folder| !before.contains(folder)));
}

/// A session whose only dataset lies at `path`.
fn of_images(path: &Path) -> Session {
    let mut session = session();
    session.datasets.retain(|entry| entry.role == Role::Id);
    session.datasets[0].path = path.to_owned();
    session
}

#[test]
fn a_cached_job_moves_when_an_image_of_its_list_changes_or_appears() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("lists/test.txt");
    std::fs::create_dir_all(folder.path().join("images_classic/near")).unwrap();
    std::fs::create_dir_all(folder.path().join("lists")).unwrap();
    std::fs::write(&list, "near/a.png 0\nnear/b.png 1\n").unwrap();
    let session = of_images(&list);
    let place = || plan_cached(&session, Analysis::Scores, &PlanOptions::default()).unwrap()[0].out().unwrap().to_owned();
    let mut places = vec![place()];
    for (name, bytes) in [("a", &b"one"[..]), ("a", b"other"), ("b", b"two")] {
        std::fs::write(folder.path().join(format!("images_classic/near/{name}.png")), bytes).unwrap();
        assert!(!places.contains(&place()), "{name}");
        places.push(place());
    }
    assert_eq!(places[3], place());
}

#[test]
fn a_cached_job_moves_when_the_labels_beside_its_images_change() {
    let folder = tempfile::tempdir().unwrap();
    for (images, labels) in [("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"), ("fog.npy", "labels.npy"), ("val/x/x.png", "wnids.txt")]
    {
        let (file, labels) = (folder.path().join(images), folder.path().join(labels));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let head: &[u8] = if images.ends_with(".npy") { b"\x93NUMPY\x01\x00" } else { &[0, 0, 8, 3, 0, 0, 0, 0] };
        std::fs::write(&file, if images.ends_with(".png") { b"\x89PNG" } else { head }).unwrap();
        let session = of_images(if images.ends_with(".png") { file.parent().unwrap().parent().unwrap() } else { &file });
        let place = || plan_cached(&session, Analysis::Scores, &PlanOptions::default()).unwrap()[0].out().unwrap().to_owned();
        let without = place();
        std::fs::write(&labels, b"one").unwrap();
        let with = place();
        assert_ne!(without, with, "{images}");
        std::fs::write(&labels, b"other").unwrap();
        assert!(place() != with && place() != without, "{images}");
    }
}

#[test]
fn what_is_looked_at_changes_no_job_and_no_place_in_the_cache() {
    let plain = session();
    let mut looked = session();
    looked.view = toml::from_str(
        "tab = \"energy\"\ndataset = \"fog/3\"\nquantity = \"auroc\"\ndifference = true\nscore = \"msp\"\n[links]\naxes = false\n[scatter]\nhidden = [\"role:far\"]",
    )
    .unwrap();
    assert_ne!(plain, looked);
    for analysis in Analysis::of(&plain) {
        let planned = |session: &Session| plan_cached(session, analysis, &PlanOptions::default()).unwrap();
        assert_eq!(planned(&plain), planned(&looked), "{analysis:?}");
    }
}

/// A folder of images for each of these classes.
fn classes(folder: &Path, classes: &[&str]) {
    for class in classes {
        let class = folder.join(class);
        std::fs::create_dir_all(&class).unwrap();
        std::fs::write(class.join("1.png"), b"x").unwrap();
    }
}

#[test]
fn results_are_not_found_any_more_when_the_classes_of_the_id_data_or_their_mapping_change() {
    let folder = tempfile::tempdir().unwrap();
    classes(&folder.path().join("id"), &["cat", "dog"]);
    classes(&folder.path().join("cs"), &["dog"]);
    let text = format!(
        "version = 1\n[[checkpoint]]\nname = \"net\"\npath = \"/w/net.pt\"\n[[dataset]]\nname = \"id\"\nrole = \"id\"\npath = '{0}/id'\n\
         [[dataset]]\nname = \"cs\"\nrole = \"cs\"\npath = '{0}/cs'\n[landscape]\ndatasets = [\"cs\"]\n",
        folder.path().display()
    );
    let mut session: Session = toml::from_str(&text).unwrap();
    let place =
        |session: &Session| plan_cached(session, Analysis::Landscape, &PlanOptions::default()).unwrap()[0].out().unwrap().to_owned();
    let first = place(&session);
    let mut renamed = session.clone();
    renamed.change_dataset("id", DatasetEntry { name: "test".into(), ..session.datasets[0].clone() }).unwrap();
    assert_eq!(place(&renamed), first, "a name is no part of it");
    std::fs::write(folder.path().join("id/cat/2.png"), b"x").unwrap();
    assert_eq!(place(&session), first, "images of another dataset change no label");
    classes(&folder.path().join("id"), &["bee"]);
    let with_bee = place(&session);
    assert_ne!(with_bee, first);
    session.datasets[0].classes = Some(
        toml::from_str::<DatasetEntry>("name = \"x\"\nrole = \"id\"\npath = \"x\"\nclasses = [\"dog\", \"cat\", \"bee\"]")
            .unwrap()
            .classes
            .unwrap(),
    );
    assert_ne!(place(&session), with_bee);
}

#[test]
fn a_loss_on_images_of_other_classes_is_not_planned() {
    let mut session = session();
    session.landscape.datasets = vec!["letters".into()];
    let message = plan(&session, Analysis::Landscape, Path::new("/out"), &PlanOptions::default()).unwrap_err().to_string();
    assert!(message.contains("expected a dataset of role `train`, `id` or `cs`, found `letters` of role `near`"), "{message}");
}
