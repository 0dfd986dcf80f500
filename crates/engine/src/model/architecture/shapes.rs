//! [`Shapes`]: the tensors of a file by name, and what the families look for among them.

use indexmap::IndexMap;

/// Shapes by tensor name, in the order of a state dict.
pub type Shapes = IndexMap<String, Vec<i64>>;

/// A classifier head and its classes: the first of `own` and `others` whose `.weight` is in `shapes`, with its number of rows; `own` with
/// `classes` where none is.
pub(super) fn classifier_head<'a>(shapes: &Shapes, own: &'a str, others: &[&'a str], classes: i64) -> (&'a str, i64) {
    let rows = |name: &'a str| match shapes.get(&format!("{name}.weight")).map(Vec::as_slice) {
        Some(&[rows, _]) if rows > 0 => Some((name, rows)),
        _ => None,
    };
    std::iter::once(own).chain(others.iter().copied()).find_map(rows).unwrap_or((own, classes))
}

/// How many of `prefix0`, `prefix1`, ... have a tensor that begins with `prefix<i>.`, without a gap from 0.
pub(super) fn count_blocks(shapes: &Shapes, prefix: &str) -> usize {
    // Indices from a hostile file are only counted, never used as a size.
    let indices: std::collections::HashSet<usize> =
        shapes.keys().filter_map(|name| name.strip_prefix(prefix)?.split('.').next()?.parse().ok()).collect();
    (0..indices.len()).take_while(|index| indices.contains(index)).count()
}
