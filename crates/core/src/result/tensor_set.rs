//! [`TensorSet`]: the names and shapes of a file's tensors, by which the network that they belong to is recognized.

use std::collections::BTreeMap;

use super::TensorInfo;

/// The element types of weights. Integers are counters and constants, which files of other versions of PyTorch may lack.
const FLOATS: [&str; 4] = ["f16", "bf16", "f32", "f64"];

/// The shapes of the tensors of floats, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSet<'a>(BTreeMap<&'a str, &'a [i64]>);

impl<'a> TensorSet<'a> {
    /// The set of `tensors`.
    pub fn of(tensors: &'a [TensorInfo]) -> Self {
        let floats = tensors.iter().filter(|tensor| FLOATS.contains(&tensor.dtype.as_str()));
        Self(floats.map(|tensor| (tensor.name.as_str(), tensor.shape.as_slice())).collect())
    }

    /// Whether it has no tensor.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether these are exactly the tensors of `network`, all names after the same prefix (`module.`) or none.
    pub fn is_of(&self, network: &Self) -> bool {
        let (Some(first), Some(bare)) = (self.0.keys().next(), network.0.keys().next()) else { return false };
        let Some(prefix) = first.strip_suffix(*bare).filter(|prefix| prefix.is_empty() || prefix.ends_with('.')) else { return false };
        // A prefix does not change the order of names.
        let mut pairs = self.0.iter().zip(&network.0);
        self.0.len() == network.0.len()
            && pairs.all(|((name, shape), (bare, wanted))| name.strip_prefix(prefix) == Some(*bare) && shape == wanted)
    }

    /// blake3 of names and shapes, hex.
    pub fn key(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for (name, shape) in &self.0 {
            hasher.update(name.as_bytes()).update(format!("\0{shape:?}\n").as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensors(named: &[(&str, &[i64], &str)]) -> Vec<TensorInfo> {
        let info = |(name, shape, dtype): &(&str, &[i64], &str)| TensorInfo {
            name: (*name).into(),
            shape: shape.to_vec(),
            dtype: (*dtype).into(),
            values: None,
        };
        named.iter().map(info).collect()
    }

    const NETWORK: [(&str, &[i64], &str); 3] =
        [("fc.weight", &[10, 4], "f32"), ("fc.bias", &[10], "f32"), ("bn.num_batches_tracked", &[], "i64")];

    #[test]
    fn tensors_are_of_a_network_by_name_and_shape_with_or_without_a_prefix() {
        let network = tensors(&NETWORK);
        let is_of = |named: &[(&str, &[i64], &str)]| TensorSet::of(&tensors(named)).is_of(&TensorSet::of(&network));
        assert!(is_of(&NETWORK));
        assert!(is_of(&[("fc.bias", &[10], "f16"), ("fc.weight", &[10, 4], "bf16")]), "in another order and type, without a counter");
        assert!(is_of(&[("module.fc.weight", &[10, 4], "f32"), ("module.fc.bias", &[10], "f32")]));
        assert!(!is_of(&[("module.fc.weight", &[10, 4], "f32"), ("fc.bias", &[10], "f32")]), "two prefixes");
        assert!(!is_of(&[("xfc.weight", &[10, 4], "f32"), ("xfc.bias", &[10], "f32")]), "another name, no prefix");
        assert!(!is_of(&[("fc.weight", &[10, 8], "f32"), ("fc.bias", &[10], "f32")]), "another shape");
        assert!(!is_of(&[("fc.weight", &[10, 4], "f32")]), "one is missing");
        assert!(!is_of(&[("fc.weight", &[10, 4], "f32"), ("fc.bias", &[10], "f32"), ("head.weight", &[2, 4], "f32")]), "one is left over");
        assert!(!is_of(&[]) && !TensorSet::of(&[]).is_of(&TensorSet::of(&[])));
    }

    #[test]
    fn the_key_depends_on_names_and_shapes_alone() {
        let key = |named: &[(&str, &[i64], &str)]| TensorSet::of(&tensors(named)).key();
        assert_eq!(key(&NETWORK), key(&[("fc.bias", &[10], "f16"), ("fc.weight", &[10, 4], "f32")]));
        assert_ne!(key(&[("a", &[1, 2], "f32")]), key(&[("a", &[12], "f32")]));
        assert_ne!(key(&[("a", &[1], "f32")]), key(&[("b", &[1], "f32")]));
    }
}
