#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn hyperparameters_stand_beside_the_name_of_their_method() {
    let text = "name = \"dr_sam\"\naugmentation = { kind = \"brightness\", severity = 1 }\nrho = 0.5\nsteps = 3\nflag = true\n";
    let method: MethodConfig = toml::from_str(text).unwrap();
    let augmentation = serde_json::json!({ "kind": "brightness", "severity": 1 });
    let expected = MethodConfig::new("dr_sam").with("augmentation", augmentation).with("rho", 0.5).with("steps", 3).with("flag", true);
    assert_eq!(method, expected);
    assert_eq!(toml::from_str::<MethodConfig>(&toml::to_string_pretty(&method).unwrap()).unwrap(), method);
    assert_eq!(serde_json::from_str::<MethodConfig>(&serde_json::to_string(&method).unwrap()).unwrap(), method);
}

#[test]
fn a_run_of_other_resizing_is_another_run() {
    let read = |input: &str| {
        let text = format!("version = 1\nmax_steps = 1\n{input}\n[method]\nname = \"erm\"\n");
        RunConfig::from_toml(&text, Path::new("/runs/run.toml")).unwrap()
    };
    let (plain, timm) = (read(""), read("input = \"timm\""));
    assert_eq!(plain.difference(&timm).as_deref(), Some("`input`"));
    let written = timm.to_toml(Path::new("/runs/run.toml")).unwrap();
    assert_eq!(RunConfig::from_toml(&written, Path::new("/runs/run.toml")).unwrap().input, timm.input);
    assert!(!plain.to_toml(Path::new("/runs/run.toml")).unwrap().contains("input"));
}

#[test]
fn a_run_with_dropout_is_another_run_and_one_without_has_the_file_of_before() {
    let read = |line: &str| {
        let text = format!("version = 1\nmax_steps = 1\n{line}\n[method]\nname = \"erm\"\n");
        RunConfig::from_toml(&text, Path::new("/runs/run.toml")).unwrap()
    };
    let (plain, on) = (read(""), read("dropout = \"on\""));
    assert_eq!(plain, read("dropout = \"off\""));
    assert_eq!(plain.difference(&on).as_deref(), Some("`dropout`"));
    assert!(!plain.to_toml(Path::new("/runs/run.toml")).unwrap().contains("dropout"));
    assert!(on.to_toml(Path::new("/runs/run.toml")).unwrap().contains("dropout = \"on\""));
}

#[test]
fn paths_beside_a_run_file_that_is_named_without_a_folder_are_those_of_the_present_folder() {
    let text = "version = 1\nmax_steps = 1\ncheckpoint = \"net.pt\"\n[method]\nname = \"erm\"\n\
                [[dataset]]\nname = \"train\"\nrole = \"train\"\npath = \"images\"\n";
    let run = RunConfig::from_toml(text, Path::new("run.toml")).unwrap();
    let here = std::env::current_dir().unwrap();
    assert_eq!((run.checkpoint, run.datasets[0].path.clone()), (Some(here.join("net.pt")), here.join("images")));
}

#[test]
fn a_last_batch_of_a_handful_of_images_is_left_out() {
    let batches =
        |share: Option<f64>, images| RunConfig { drop_last_below: share, ..RunConfig::new(MethodConfig::new("erm")) }.batches(images, 64);
    // 839 demo digits leave 7 over, 50,000 images of CIFAR would leave 16: a quarter of a batch.
    assert_eq!([839, 50_000, 640].map(|images| batches(None, images)), [13, 782, 10]);
    assert_eq!([839, 50_000, 640].map(|images| batches(Some(0.0), images)), [14, 782, 10]);
    assert_eq!([839, 50_000, 640].map(|images| batches(Some(1.0), images)), [13, 781, 10]);
    assert_eq!([7, 1].map(|images| batches(Some(1.0), images)), [1, 1], "the only batch stays");
}

#[test]
fn a_run_is_the_one_that_its_directory_resolved_unless_something_was_asked_otherwise() {
    let read = |text: &str| RunConfig::from_toml(text, Path::new("/runs/run.toml")).unwrap();
    let asked = read("version = 1\narchitecture = \"resnet8\"\nmax_steps = 1\n[method]\nname = \"dr_sam\"\nrho = 1\n");
    let resolved = "version = 1\narchitecture = \"resnet8+mcd\"\nclasses = 7\nmax_steps = 1\nlog_every = 1\n\
                    [method]\nname = \"dr_sam\"\nrho = 1.0\nlambda = 0.5\n";
    assert_eq!(asked.difference(&read(resolved)), None);
    let stated = format!("normalization = \"cifar10\"\n{resolved}");
    assert!(!asked.assumptions().is_empty() && read(&stated).assumptions().is_empty());
    assert_eq!(asked.difference(&read(&stated)), None, "the same value, stated");
    assert_eq!(asked.difference(&read(&resolved.replace("rho = 1.0", "rho = 0.5"))).as_deref(), Some("`method`"));
    assert_eq!(asked.difference(&read(&resolved.replace("dr_sam", "sam_oe"))).as_deref(), Some("`method`"));
    assert_eq!(asked.difference(&read(&resolved.replace("resnet8+", "resnet20+"))).as_deref(), Some("`architecture`"));
    assert_eq!(asked.difference(&read(&resolved.replace("max_steps = 1", "max_steps = 2"))).as_deref(), Some("`max_steps`"));
}
