//! The parameters that an analysis moves, by globs on their names, as in `layers = ["layer3.*"]`, and the layers that they belong to.

use globset::{Glob, GlobSetBuilder};

use super::AnalysisError;

/// The names that match one of `globs`, in order; all where there are none. `[table] key` of the session has them.
///
/// # Errors
/// When a glob is none, or matches no parameter: then all layers are listed.
pub fn chosen(globs: &[String], names: Vec<String>, [table, key]: [&str; 2]) -> Result<Vec<String>, AnalysisError> {
    if globs.is_empty() {
        return Ok(names);
    }
    let invalid = |error: globset::Error| AnalysisError::Invalid(format!("[{table}] expected globs in `{key}`: {error}"));
    let mut set = GlobSetBuilder::new();
    for text in globs {
        let glob = Glob::new(text).map_err(invalid)?;
        let matcher = glob.compile_matcher();
        if !names.iter().any(|name| matcher.is_match(name)) {
            let layers: Vec<&str> = of(&names).into_iter().map(|layer| layer.name).collect();
            let like = names.first().map_or("", String::as_str);
            return Err(AnalysisError::Invalid(format!(
                "[{table}] expected that `{text}` of `{key}` matches a parameter, as `{like}` is called, found none such in the layers {}",
                layers.join(", ")
            )));
        }
        set.add(glob);
    }
    let set = set.build().map_err(invalid)?;
    Ok(names.into_iter().filter(|name| set.is_match(name)).collect())
}

/// A module with parameters of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer<'a> {
    /// What the names of its parameters begin with: `layer1.0.conv1` of `layer1.0.conv1.weight`.
    pub name: &'a str,
    /// Its parameters.
    pub parameters: Vec<String>,
}

/// The layers of `names`, in order of their first parameter.
pub fn of(names: &[String]) -> Vec<Layer<'_>> {
    let mut layers: Vec<Layer> = Vec::new();
    for name in names {
        let module = name.rsplit_once('.').map_or(name.as_str(), |(module, _)| module);
        match layers.iter_mut().find(|layer| layer.name == module) {
            Some(layer) => layer.parameters.push(name.clone()),
            None => layers.push(Layer { name: module, parameters: vec![name.clone()] }),
        }
    }
    layers
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn names() -> Vec<String> {
        ["conv1.weight", "bn1.weight", "bn1.bias", "layer1.0.conv1.weight", "layer10.conv.weight", "scale"].map(String::from).to_vec()
    }

    #[test]
    fn globs_choose_parameters_by_name() {
        let of = |globs: &[&str]| chosen(&globs.iter().map(|&glob| glob.to_owned()).collect::<Vec<_>>(), names(), ["hessian", "layers"]);
        assert_eq!(of(&[]).unwrap(), names());
        assert_eq!(of(&["layer1.*"]).unwrap(), ["layer1.0.conv1.weight"], "layer10 is another layer");
        assert_eq!(of(&["*.bias", "scale"]).unwrap(), ["bn1.bias", "scale"]);
        assert_eq!(of(&["{conv1,bn1}.weight"]).unwrap(), ["conv1.weight", "bn1.weight"]);
        let message = of(&["bn1.*", "layer4.*"]).unwrap_err().to_string();
        assert!(message.contains("[hessian]") && message.contains("`layer4.*`"), "{message}");
        assert!(message.ends_with("in the layers conv1, bn1, layer1.0.conv1, layer10.conv, scale"), "{message}");
        assert!(of(&["layer1"]).unwrap_err().to_string().contains("as `conv1.weight` is called"));
        assert!(of(&["a["]).unwrap_err().to_string().contains("expected globs"));
    }

    #[test]
    fn a_layer_is_what_names_begin_with() {
        let names = names();
        let layers = of(&names);
        assert_eq!(layers.iter().map(|layer| layer.name).collect::<Vec<_>>(), ["conv1", "bn1", "layer1.0.conv1", "layer10.conv", "scale"]);
        assert_eq!(layers[1].parameters, ["bn1.weight", "bn1.bias"]);
    }
}
