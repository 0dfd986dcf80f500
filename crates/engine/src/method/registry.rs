//! The registry of methods: descriptions, and how a run file becomes an objective. A new method is a file and a line here.

use flatland_core::job::{MethodConfig, MethodInfo};
use serde_json::Value;

use super::registration::Registration;
use super::{
    Method, MethodError, conf_branch, dr_sam, erm, godin, group_dro, irm, logit_norm, mcd, mix_oe, outlier_exposure, parameters, sam,
    sam_oe, vrex,
};

const REGISTRY: &[Registration] = &[
    erm::REGISTRATION,
    irm::REGISTRATION,
    vrex::REGISTRATION,
    group_dro::REGISTRATION,
    outlier_exposure::REGISTRATION,
    mix_oe::REGISTRATION,
    mcd::REGISTRATION,
    conf_branch::REGISTRATION,
    godin::REGISTRATION,
    logit_norm::REGISTRATION,
    sam::REGISTRATION,
    sam_oe::REGISTRATION,
    dr_sam::REGISTRATION,
];

/// Descriptions of all methods.
pub fn methods() -> Vec<MethodInfo> {
    REGISTRY.iter().map(|registration| (registration.info)()).collect()
}

fn find(name: &str) -> Result<(&'static Registration, MethodInfo), MethodError> {
    let described = || REGISTRY.iter().map(|registration| (registration, (registration.info)()));
    described().find(|(_, info)| info.key == name).ok_or_else(|| MethodError::Unknown {
        found: name.into(),
        known: described().map(|(_, info)| info.key).collect::<Vec<_>>().join(", "),
    })
}

/// `config` with every hyperparameter spelled out.
///
/// # Errors
/// When no method has this name, it does not know a key, or a value is out of range.
pub fn resolve(config: &MethodConfig) -> Result<MethodConfig, MethodError> {
    let (_, info) = find(&config.name)?;
    let known: Vec<&str> = info.parameters.iter().map(|parameter| parameter.key.as_str()).collect();
    if let Some(found) = config.parameters.keys().find(|key| !known.contains(&key.as_str())) {
        let known = if known.is_empty() { "no hyperparameters".to_owned() } else { format!("hyperparameters out of {}", known.join(", ")) };
        return Err(MethodError::UnknownParameter { method: info.key, found: found.clone(), known });
    }
    let mut resolved = MethodConfig::new(&config.name);
    for parameter in info.parameters {
        let found = config.parameters.get(&parameter.key);
        let value = parameters::check(&parameter.kind, found).map_err(|expected| MethodError::Parameter {
            method: config.name.clone(),
            key: parameter.key.clone(),
            expected,
            found: found.map(Value::to_string).unwrap_or_default(),
        })?;
        if let Some(value) = value {
            resolved.parameters.insert(parameter.key, value);
        }
    }
    Ok(resolved)
}

/// The method of `config`.
///
/// # Errors
/// As [`resolve`].
pub fn method(config: &MethodConfig) -> Result<Box<dyn Method>, MethodError> {
    let (registration, info) = find(&config.name)?;
    let parameters = resolve(config)?.parameters;
    (registration.build)(Value::Object(parameters.into_iter().collect())).map_err(|error| MethodError::Parameter {
        method: info.key,
        key: "*".into(),
        expected: "as described".into(),
        found: error.to_string(),
    })
}
