//! Prefixes that training wrappers put before every name of a state dict.

/// Wrappers of PyTorch and of common training code.
const PREFIXES: [&str; 13] = [
    "module.",
    "_orig_mod.",
    "model.",
    "net.",
    "network.",
    "backbone.",
    "encoder.",
    "encoder_q.",
    "student.",
    "_forward_module.",
    "ema_model.",
    "ema.",
    "resnet.",
];

/// The prefix made of known wrappers that all `names` share, e.g. `module._orig_mod.`; empty when there is none.
pub fn common_prefix<'a>(names: impl Iterator<Item = &'a str> + Clone) -> String {
    let mut prefix = String::new();
    if names.clone().next().is_none() {
        return prefix;
    }
    let shared = |prefix: &str| names.clone().all(|name| name.starts_with(prefix) && name.len() > prefix.len());
    while let Some(next) = PREFIXES.iter().find(|next| shared(&format!("{prefix}{next}"))) {
        prefix.push_str(next);
    }
    prefix
}

#[cfg(test)]
mod tests {
    use super::common_prefix;

    #[test]
    fn known_wrappers_are_found_in_any_order_and_only_when_all_names_share_them() {
        let prefix = |names: &[&str]| common_prefix(names.iter().copied());
        assert_eq!(prefix(&["module.conv1.weight", "module.fc.bias"]), "module.");
        assert_eq!(prefix(&["_orig_mod.module.a.weight", "_orig_mod.module.b"]), "_orig_mod.module.");
        assert_eq!(prefix(&["module._orig_mod.a.weight", "module._orig_mod.b"]), "module._orig_mod.");
        assert_eq!(prefix(&["module.conv1.weight", "fc.bias"]), "");
        assert_eq!(prefix(&["layer1.a", "layer1.b"]), "");
        assert_eq!(prefix(&["module."]), "");
        assert_eq!(prefix(&[]), "");
    }
}
