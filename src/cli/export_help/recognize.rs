//! [`recognize`]: which network a state dict is of, as far as the names and shapes of its tensors tell.
//!
//! A family is told by names, a model by the number of its tensors and of their values. Where only the names fit, no model is named.

use std::collections::BTreeMap;

use flatland_core::result::TensorInfo;

use super::family::{Family, Model};
use super::rules::{FAMILIES, HEADS, LOSSES, WRAPPERS};

/// Most parts of a prefix.
const MAX_PREFIX: usize = 6;
/// Most tokens before those of the patches: a class token and four registers.
const MAX_TOKENS: i64 = 5;

/// What the tensors tell.
#[derive(Clone, Debug)]
pub struct Recognized {
    /// What stands before the names of all tensors of the network.
    pub prefix: String,
    /// The network.
    pub network: Network,
    /// Number of classes, and the tensor that tells it.
    pub classes: Option<(String, i64)>,
    /// Number of input channels.
    pub channels: Option<i64>,
    /// Width and height of the images, from the position embeddings.
    pub size: Option<i64>,
}

/// A network, as far as it is known.
#[derive(Clone, Copy, Debug)]
pub enum Network {
    /// A library's model: these are its tensors.
    Model(&'static Family, &'static Model),
    /// The names are those of a family, the sizes of no model in the list.
    Family(&'static Family),
    /// Names of no family.
    Unknown,
}

impl Network {
    /// Its family.
    pub fn family(self) -> Option<&'static Family> {
        match self {
            Network::Model(family, _) | Network::Family(family) => Some(family),
            Network::Unknown => None,
        }
    }
}

/// The tensors of a network by their names without the prefix.
type Tensors<'a> = BTreeMap<&'a str, &'a TensorInfo>;

/// Recognizes `tensors`. `in_order` says whether they stand in the order in which the network defines them.
pub fn recognize(tensors: &[TensorInfo], in_order: bool) -> Recognized {
    let own: Vec<&TensorInfo> = tensors.iter().filter(|tensor| !is_aside(tensor)).collect();
    let names: Vec<&str> = own.iter().map(|tensor| tensor.name.as_str()).collect();
    let mut prefix = "";
    for _ in 0..MAX_PREFIX {
        let within = within(&own, prefix);
        let network = network(&within);
        if let Some(family) = network.family() {
            return of_family(prefix, network, family, &within);
        }
        match common_part(&names, prefix) {
            Some(longer) => prefix = longer,
            None => break,
        }
    }
    let mut prefix = "";
    while let Some(longer) = common_part(&names, prefix).filter(|longer| WRAPPERS.contains(&&longer[prefix.len()..])) {
        prefix = longer;
    }
    let within: Vec<&TensorInfo> = own.iter().copied().filter(|tensor| tensor.name.starts_with(prefix)).collect();
    Recognized {
        prefix: prefix.to_owned(),
        network: Network::Unknown,
        classes: usual_head(&within, prefix.len(), in_order),
        channels: None,
        size: None,
    }
}

/// Whether a tensor is none of the network's: a counter of a wrapper, or a part of a loss.
fn is_aside(tensor: &TensorInfo) -> bool {
    let first = tensor.name.split('.').next().unwrap_or_default();
    let is_counter = !tensor.name.contains('.') && tensor.shape.is_empty();
    is_counter || LOSSES.contains(&first)
}

/// The tensors below `prefix`.
fn within<'a>(tensors: &[&'a TensorInfo], prefix: &str) -> Tensors<'a> {
    tensors.iter().filter_map(|tensor| Some((tensor.name.strip_prefix(prefix)?, *tensor))).collect()
}

/// `prefix` and the next part of the names, where it is the same in all of them.
fn common_part<'a>(names: &[&'a str], prefix: &str) -> Option<&'a str> {
    let first = names.first()?;
    let end = prefix.len() + first.get(prefix.len()..)?.find('.')? + 1;
    let longer = first.get(..end)?;
    names.iter().all(|name| name.starts_with(longer)).then_some(longer)
}

fn network(tensors: &Tensors) -> Network {
    let mut named = Network::Unknown;
    for family in FAMILIES.iter().filter(|family| family.marks().all(|mark| tensors.contains_key(mark))) {
        let sizes = sizes(family, tensors);
        if let Some(model) = family.models.iter().find(|model| sizes == Some((model.tensors, model.values))) {
            return Network::Model(family, model);
        }
        if named.family().is_none() {
            named = Network::Family(family);
        }
    }
    named
}

/// Number of floating-point tensors and of their values, without those of the logits and of positions, for three input channels.
/// `None` when there are no logits, or for numbers that no network has.
fn sizes(family: &Family, tensors: &Tensors) -> Option<(usize, i64)> {
    let is_of = |name: &str, head: &str| name.strip_prefix(head).is_some_and(|rest| rest == ".weight" || rest == ".bias");
    tensors.keys().find(|name| family.heads().take(1).any(|head| is_of(name, head)))?;
    let (mut count, mut values) = (0_usize, 0_i64);
    for (name, tensor) in tensors {
        let is_apart = family.positions == Some(name) || family.heads().any(|head| is_of(name, head));
        if is_apart || !is_float(tensor) {
            continue;
        }
        let mut shape = tensor.shape.clone();
        if *name == family.stem() {
            *shape.get_mut(1)? = 3;
        }
        count += 1;
        values = shape.iter().try_fold(1_i64, |product, &n| product.checked_mul(n))?.checked_add(values)?;
    }
    Some((count, values))
}

fn is_float(tensor: &TensorInfo) -> bool {
    matches!(tensor.dtype.as_str(), "f16" | "bf16" | "f32" | "f64")
}

fn of_family(prefix: &str, network: Network, family: &Family, tensors: &Tensors) -> Recognized {
    let head = family.heads().next().map(|head| format!("{head}.weight"));
    let classes = head.and_then(|head| Some((head.clone(), *tensors.get(head.as_str())?.shape.first()?)));
    let stem = tensors.get(family.stem()).map_or(&[][..], |tensor| &tensor.shape);
    let positions = family.positions.and_then(|name| tensors.get(name)).and_then(|tensor| tensor.shape.iter().rev().nth(1));
    let size = positions.zip(stem.get(2)).and_then(|(&tokens, &patch)| side(tokens)?.checked_mul(patch));
    Recognized { prefix: prefix.to_owned(), network, classes, channels: stem.get(1).copied(), size }
}

/// Patches along one side of the image, where exactly one square number fits `tokens`.
fn side(tokens: i64) -> Option<i64> {
    let root = |patches: i64| (2..=4096).find(|side| side * side >= patches).filter(|side| side * side == patches);
    let mut sides = (0..=MAX_TOKENS).filter_map(|others| root(tokens.checked_sub(others)?));
    sides.next().filter(|_| sides.next().is_none())
}

/// The number of classes of a network of no family: by the usual name of its last layer, else the last matrix of a file in order.
fn usual_head(tensors: &[&TensorInfo], prefix: usize, in_order: bool) -> Option<(String, i64)> {
    let matrices = || {
        tensors.iter().filter(|tensor| tensor.shape.len() == 2 && is_float(tensor)).filter_map(|tensor| {
            let name = tensor.name.get(prefix..)?;
            Some((name, name.strip_suffix(".weight")?, *tensor.shape.first()?))
        })
    };
    let mut usual = matrices().filter(|(_, module, _)| HEADS.contains(module));
    let found = match (usual.next(), usual.next()) {
        (Some(only), None) => Some(only),
        (Some(_), Some(_)) => None,
        (None, _) => matrices().next_back().filter(|_| in_order),
    };
    found.map(|(name, _, classes)| (name.to_owned(), classes))
}
