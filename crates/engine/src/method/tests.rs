#![allow(clippy::unwrap_used)]

use flatland_core::job::{MethodConfig, ParameterKind};
use flatland_core::session::Adaptive;
use serde_json::{Value, json};

use super::*;

#[test]
fn every_method_is_built_from_its_defaults_and_from_every_choice() {
    let all = methods();
    for info in &all {
        assert_eq!(all.iter().filter(|other| other.key == info.key).count(), 1, "{} is there twice", info.key);
        let build = |key: &str, value: Value| method(&MethodConfig::new(&info.key).with(key, value)).unwrap();
        let plain = method(&MethodConfig::new(&info.key)).unwrap();
        assert_eq!(plain.key(), info.key);
        assert_eq!((plain.needs_outliers(), plain.needs_environments()), (info.outliers, info.environments), "{}", info.key);
        for parameter in &info.parameters {
            assert!(!parameter.about.is_empty() && !parameter.symbol.is_empty(), "{}: {}", info.key, parameter.key);
            let values: Vec<Value> = match &parameter.kind {
                ParameterKind::Number { min, max, .. } => vec![json!(min), json!(max)],
                ParameterKind::Integer { min, max, .. } => vec![json!(min), json!(max)],
                ParameterKind::Choice { options, .. } => options.iter().map(|option| json!(option)).collect(),
                ParameterKind::Switch { .. } => vec![json!(false), json!(true)],
                ParameterKind::Augmentation { default } => vec![json!(default)],
            };
            let plain = format!("{plain:?}");
            let changed = values.into_iter().filter(|value| format!("{:?}", build(&parameter.key, value.clone())) != plain).count();
            assert!(changed > 0, "{}: `{}` changes nothing", info.key, parameter.key);
        }
    }
}

#[test]
fn what_a_run_leaves_open_is_filled_in_once() {
    let resolved = resolve(&MethodConfig::new("dr_sam").with("rho", 1)).unwrap();
    assert_eq!(resolved, MethodConfig::new("dr_sam").with("rho", 1.0).with("lambda", 0.5));
    assert_eq!(resolve(&resolved).unwrap(), resolved);
}

/// Run files of before there were names say `true` for T = |θ|.
#[test]
fn an_adaptive_sam_of_an_older_run_file_keeps_its_definition() {
    let resolved = |value: serde_json::Value| resolve(&MethodConfig::new("sam").with("adaptive", value)).unwrap().parameters;
    assert_eq!(resolved(json!(true))["adaptive"], "theta");
    assert_eq!(resolved(json!(false))["adaptive"], "none");
    assert_eq!(resolved(json!("elementwise"))["eta"], 0.01);
    let ascent = |value: serde_json::Value| method(&MethodConfig::new("sam").with("adaptive", value)).unwrap().ascent().unwrap().adaptive;
    assert_eq!([ascent(json!(true)), ascent(json!(false)), ascent(json!("filter"))], [Adaptive::Theta, Adaptive::None, Adaptive::Filter]);
}

#[test]
fn a_wrong_method_key_or_value_is_told_with_what_would_be_right() {
    let message = |config: MethodConfig| method(&config).unwrap_err().to_string();
    let unknown = message(MethodConfig::new("drsam"));
    assert!(unknown.contains("found `drsam`") && unknown.contains("dr_sam") && unknown.contains("erm"), "{unknown}");
    assert_eq!(
        message(MethodConfig::new("sam_oe").with("lamda", 0.5)),
        "method `sam_oe`: expected hyperparameters out of rho, lambda, found `lamda`"
    );
    assert_eq!(
        message(MethodConfig::new("oe").with("lambda", -1)),
        "method `oe`: expected `lambda` to be a number from 0 to 100, found -1"
    );
    assert!(message(MethodConfig::new("oe").with("lambda", "much")).ends_with("found \"much\""));
    assert!(message(MethodConfig::new("sam").with("adaptive", 1)).contains("one of none, theta, elementwise, filter, found 1"));
    let rain = json!({ "kind": "rain", "severity": 1 });
    assert!(message(MethodConfig::new("dr_sam").with("augmentation", rain)).contains("rain"));
}
