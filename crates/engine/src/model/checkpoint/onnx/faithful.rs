//! Whether the tensors of an ONNX file are those of the network, under their names.
//!
//! Exporters merge BatchNorm into convolutions, transpose matrices and compute constants beforehand. Logits stay; the weights become others,
//! some under their old names: sharpness, filters and Hessian would be those of another parametrization.

use std::collections::HashMap;

use prost::bytes::Bytes;

use super::message::{Model, Node, entries};
use crate::model::checkpoint::exported_program::text::{EXPORT, short};

/// Where PyTorch's exporter of programs states which tensors the network has.
const SIGNATURE: &str = "pkg.torch.export.ExportedProgram.graph_signature";
/// Where it states which rules changed a node.
const RULE: &str = "pkg.onnxscript.rewriter.rule_name";

/// What the network has under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A parameter.
    Parameter,
    /// A buffer that the state dict holds.
    Buffer,
    /// A buffer that it does not hold, or a constant tensor.
    Constant,
}

/// The tensors of the network by name, as the exporter of programs states them; `None` of the older exporter, which states nothing.
///
/// # Errors
/// When metadata are broken.
pub fn signature(metadata: &[Bytes]) -> Result<Option<HashMap<String, Kind>>, String> {
    let stated = entries(metadata)?.into_iter().find(|entry| entry.key == SIGNATURE);
    Ok(stated.map(|entry| entry.value.lines().filter_map(tensor).collect()))
}

/// `p_conv1_weight: PARAMETER target='conv1.weight'`
fn tensor(line: &str) -> Option<(String, Kind)> {
    let (_, rest) = line.split_once(": ")?;
    let (kind, rest) = rest.split_once(" target='")?;
    let (name, rest) = rest.split_once('\'')?;
    let kind = match (kind, rest.trim()) {
        ("PARAMETER", _) => Kind::Parameter,
        ("BUFFER", "persistent=True") => Kind::Buffer,
        ("BUFFER" | "CONSTANT_TENSOR", _) => Kind::Constant,
        _ => return None,
    };
    Some((name.to_owned(), kind))
}

/// Whether an exporter made up the name, so that it is not one of a state dict.
pub fn is_generated(name: &str) -> bool {
    let is_plain = |part: &str| !part.is_empty() && !part.contains(['/', ':']);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    !name.split('.').all(is_plain) || is_number(name) || name.trim_start_matches('_').strip_prefix("val_").is_some_and(is_number)
}

/// Refuses a file whose weights may not be those of the network.
///
/// # Errors
/// When it was not written by PyTorch, a rule changed its weights, a parameter of the network is missing, or nothing tells.
pub fn check(
    model: &Model,
    nodes: &[Node],
    stated: Option<&HashMap<String, Kind>>,
    has: impl Fn(&str) -> bool,
    is_float: impl Fn(&str) -> bool,
) -> Result<(), String> {
    if model.producer_name != "pytorch" {
        return Err(refusal(&format!("it was written by `{}`, not by PyTorch's exporter", short(&model.producer_name))));
    }
    for node in nodes {
        let rules = entries(&node.metadata)?.into_iter().find(|entry| entry.key == RULE);
        if let Some(rules) = rules.filter(|rules| rules.value.contains("BatchNorm") || rules.value.contains("IntoConv")) {
            return Err(refusal(&format!(
                "its exporter merged BatchNorm into the weights of a `{}` (`{}`)",
                short(&node.op_type),
                short(&rules.value)
            )));
        }
    }
    let Some(stated) = stated else {
        // The older exporter keeps names only where it keeps values. Its own values have names that no other exporter gives.
        if let Some(node) = nodes.iter().find(|node| repeats(node, &is_float)) {
            return Err(refusal(&format!(
                "its exporter keeps one of the equal tensors `{}` and `{}`: whether they are one tensor of the network is not known",
                short(&node.input.concat()),
                short(&node.output.concat())
            )));
        }
        let is_of_older =
            |node: &Node, name: &String| is_generated(name) || (node.op_type == "Identity" && node.input.iter().all(|from| has(from)));
        let last = nodes.last().map(|node| node.output.as_slice()).unwrap_or_default();
        let outputs = nodes.iter().flat_map(|node| node.output.iter().map(move |name| (node, name)));
        let other = outputs.into_iter().find(|(node, name)| !is_of_older(node, name) && !last.contains(name));
        return match other {
            Some((_, name)) => Err(refusal(&format!(
                "its metadata were removed, so that nothing tells whether its weights were changed (the value `{}` is of an exporter that \
                 states it)",
                short(name)
            ))),
            None => Ok(()),
        };
    };
    let mut missing: Vec<&str> =
        stated.iter().filter(|(name, kind)| **kind == Kind::Parameter && !has(name)).map(|(name, _)| name.as_str()).collect();
    missing.sort_unstable();
    match missing.first() {
        Some(first) => Err(refusal(&format!(
            "{} parameter{} of the network {} not in it (`{}`): the exporter merged {} into others, or removed {}",
            missing.len(),
            if missing.len() == 1 { "" } else { "s" },
            if missing.len() == 1 { "is" } else { "are" },
            short(first),
            if missing.len() == 1 { "it" } else { "them" },
            if missing.len() == 1 { "it" } else { "them" },
        ))),
        None => Ok(()),
    }
}

/// Whether the node gives floats of the state dict a second name, as the older exporter does with equal tensors.
fn repeats(node: &Node, is_float: impl Fn(&str) -> bool) -> bool {
    match (node.op_type.as_str(), node.input.as_slice(), node.output.as_slice()) {
        ("Identity", [from], [to]) => is_float(from) && !is_generated(to) && to.contains('.'),
        _ => false,
    }
}

/// The message of a file whose weights are not those of the network.
pub fn refusal(why: &str) -> String {
    format!(
        "expected an ONNX file with the weights of the network under their names, found another: {why}. Sharpness, filters and Hessian of \
         such weights are not those of the network; export it as a .pt2: `{EXPORT}`"
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_of_exporters_are_told_from_names_of_a_state_dict() {
        for name in ["onnx::Conv_38", "192", "val_12", "_val_3", "/fc/Constant_output_0", "", "a..b"] {
            assert!(is_generated(name), "{name}");
        }
        for name in [
            "conv1.weight",
            "0.weight",
            "cls",
            "val_proj.weight",
            "blocks.0.qkv.bias",
            "block1-0.proj.weight",
            "parametrizations.weight.original0",
        ] {
            assert!(!is_generated(name), "{name}");
        }
    }

    #[test]
    fn the_signature_says_what_each_tensor_is() {
        let line = |text: &str| tensor(text).unwrap();
        assert_eq!(line("p_fc_weight: PARAMETER target='fc.weight'"), ("fc.weight".into(), Kind::Parameter));
        assert_eq!(line("b_m: BUFFER target='bn.running_mean' persistent=True"), ("bn.running_mean".into(), Kind::Buffer));
        assert_eq!(line("b_t: BUFFER target='table' persistent=False"), ("table".into(), Kind::Constant));
        assert_eq!(tensor("x: USER_INPUT"), None);
    }
}
