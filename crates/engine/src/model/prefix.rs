//! Prefixes that wrappers put before the names of a network's tensors, found from the tensors of the network. Other tensors of a wrapper or
//! a loss do not matter.

use indexmap::IndexMap;

use super::architecture::Shapes;

/// How many parts a prefix may have.
const MAX_PARTS: usize = 6;
/// Most names that are compared over all prefixes: a hostile file may have many of both.
const MAX_NAMES: usize = 1_000_000;
/// Most networks side by side.
const MAX_NETWORKS: usize = 64;

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

/// The shapes of what begins with `prefix`, by the rest of its name.
pub fn within(shapes: &Shapes, prefix: &str) -> Shapes {
    shapes.iter().filter_map(|(name, shape)| Some((name.strip_prefix(prefix)?.to_owned(), shape.clone()))).collect()
}

/// The shortest prefixes without which the tensors are those of a network by `is_network`, in file order.
/// `[""]` where all tensors together are one.
pub fn networks(shapes: &Shapes, is_network: impl Fn(&Shapes) -> bool) -> Vec<String> {
    if is_network(shapes) {
        return vec![String::new()];
    }
    let mut found: Vec<String> = Vec::new();
    for prefix in prefixes(shapes) {
        if found.len() == MAX_NETWORKS {
            break;
        }
        if !found.iter().any(|outer| prefix.starts_with(outer.as_str())) && is_network(&within(shapes, &prefix)) {
            found.push(prefix);
        }
    }
    found
}

/// The prefix after which `score` is highest, where it is positive for any; else what all names begin with of the usual wrappers.
pub fn likeliest(shapes: &Shapes, score: impl Fn(&Shapes) -> i64) -> String {
    let of_whole = (score(shapes), String::new());
    let best = prefixes(shapes)
        .into_iter()
        .map(|prefix| (score(&within(shapes, &prefix)), prefix))
        .fold(of_whole, |best, other| if other.0 > best.0 { other } else { best });
    if best.0 > 0 { best.1 } else { common_prefix(shapes.keys().map(String::as_str)) }
}

/// Every prefix that ends with a dot and that two names share, short ones first, then in file order.
fn prefixes(shapes: &Shapes) -> Vec<String> {
    let mut counts: IndexMap<&str, usize> = IndexMap::new();
    for name in shapes.keys() {
        for (end, _) in name.match_indices('.').take(MAX_PARTS) {
            *counts.entry(&name[..=end]).or_default() += 1;
        }
    }
    let mut prefixes: Vec<&str> = counts.into_iter().filter(|(_, count)| *count > 1).map(|(prefix, _)| prefix).collect();
    prefixes.sort_by_key(|prefix| prefix.matches('.').count());
    prefixes.into_iter().take(MAX_NAMES / shapes.len().max(1)).map(str::to_owned).collect()
}

/// The prefix made of known wrappers that all `names` share, e.g. `module._orig_mod.`; empty when there is none.
fn common_prefix<'a>(names: impl Iterator<Item = &'a str> + Clone) -> String {
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
    use super::*;

    fn shapes(names: &[&str]) -> Shapes {
        names.iter().map(|name| ((*name).to_owned(), vec![2, 2])).collect()
    }

    /// Whether these are exactly the tensors `a.weight` and `b.weight`.
    fn is_pair(shapes: &Shapes) -> bool {
        shapes.len() == 2 && shapes.contains_key("a.weight") && shapes.contains_key("b.weight")
    }

    #[test]
    fn the_tensors_of_the_network_give_the_prefix_whatever_stands_beside_them() {
        let found = |names: &[&str]| networks(&shapes(names), is_pair);
        assert_eq!(found(&["a.weight", "b.weight"]), [""]);
        assert_eq!(found(&["n_averaged", "module.a.weight", "module.b.weight"]), ["module."]);
        assert_eq!(found(&["x.y.a.weight", "x.y.b.weight", "x.loss.w"]), ["x.y."]);
        assert_eq!(found(&["p.a.weight", "q.a.weight", "p.b.weight", "q.b.weight"]), ["p.", "q."]);
        assert!(found(&["p.a.weight", "q.b.weight", "c"]).is_empty());
        assert!(found(&[]).is_empty());
    }

    #[test]
    fn known_wrappers_are_found_in_any_order_and_only_when_all_names_share_them() {
        let prefix = |names: &[&str]| likeliest(&shapes(names), |_| 0);
        assert_eq!(prefix(&["module.conv1.weight", "module.fc.bias"]), "module.");
        assert_eq!(prefix(&["_orig_mod.module.a.weight", "_orig_mod.module.b"]), "_orig_mod.module.");
        assert_eq!(prefix(&["module._orig_mod.a.weight", "module._orig_mod.b"]), "module._orig_mod.");
        assert_eq!(prefix(&["module.conv1.weight", "fc.bias"]), "");
        assert_eq!(prefix(&["layer1.a", "layer1.b"]), "");
        assert_eq!(prefix(&["module."]), "");
        assert_eq!(prefix(&[]), "");
    }
}
