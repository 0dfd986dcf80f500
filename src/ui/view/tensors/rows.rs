//! [`Row`]: a tensor by its name in the network, and what each checkpoint has under it.

use indexmap::IndexMap;

use crate::ui::view::Scene;
use flatland_core::result::TensorInfo;

/// What wrappers of PyTorch and of training code put before the names of all tensors.
const WRAPPERS: [&str; 5] = ["module.", "model.", "_orig_mod.", "net.", "backbone."];

/// A tensor of the checkpoints that are drawn.
pub struct Row<'a> {
    /// Its name in the files, without the prefix of wrappers.
    pub name: &'a str,
    /// One entry per checkpoint, in the order in which they are drawn; `None` where its file has no such tensor or is not read yet.
    pub tensors: Vec<Option<&'a TensorInfo>>,
}

impl Row<'_> {
    /// The shape in the first checkpoint that has the tensor; `…` behind it where another checkpoint has another.
    pub fn first_shape(&self) -> String {
        let mut shapes = self.tensors.iter().flatten().map(|tensor| &tensor.shape);
        let first = shapes.next();
        let text = first.map_or(String::new(), |first| shape(first));
        if shapes.any(|other| Some(other) != first) { format!("{text} …") } else { text }
    }
}

/// `64 × 3 × 3 × 3`; `scalar` where there is no dimension.
pub fn shape(shape: &[i64]) -> String {
    if shape.is_empty() {
        return "scalar".into();
    }
    shape.iter().map(i64::to_string).collect::<Vec<_>>().join(" × ")
}

/// The tensors of all checkpoints that are drawn, in the order of the first file that has them.
pub fn rows<'a>(scene: &Scene<'a>) -> Vec<Row<'a>> {
    let reports = scene.session.shown().map(|(_, entry)| scene.store.inspection(entry));
    aligned(&reports.map(|report| report.map(|report| report.tensors.as_slice()).unwrap_or_default()).collect::<Vec<_>>())
}

/// The tensors of these files by their names without the prefix of wrappers.
fn aligned<'a>(files: &[&'a [TensorInfo]]) -> Vec<Row<'a>> {
    let mut rows: IndexMap<&str, Row<'a>> = IndexMap::new();
    for (index, file) in files.iter().copied().enumerate() {
        let prefix = prefix(file);
        for tensor in file {
            let name = tensor.name.strip_prefix(prefix).unwrap_or(&tensor.name);
            let row = rows.entry(name).or_insert_with(|| Row { name, tensors: vec![None; files.len()] });
            row.tensors[index] = Some(tensor);
        }
    }
    rows.into_values().collect()
}

/// The prefix of wrappers that the names of all tensors of a file share, e.g. `module._orig_mod.`.
fn prefix(file: &[TensorInfo]) -> &str {
    let Some(first) = file.first() else { return "" };
    let mut prefix = "";
    let extended = |prefix: &str| {
        WRAPPERS.into_iter().find_map(|wrapper| {
            let longer = first.name.get(..prefix.len() + wrapper.len())?;
            let is_shared = |tensor: &TensorInfo| tensor.name.len() > longer.len() && tensor.name.starts_with(longer);
            (longer.ends_with(wrapper) && file.iter().all(is_shared)).then_some(longer)
        })
    };
    while let Some(longer) = extended(prefix) {
        prefix = longer;
    }
    prefix
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(name: &str, shape: &[i64]) -> TensorInfo {
        TensorInfo { name: name.into(), shape: shape.into(), dtype: "f32".into(), values: None }
    }

    #[test]
    fn shapes_are_written_out_and_differences_marked() {
        let (one, other) = (tensor("w", &[10, 64]), tensor("w", &[2, 64]));
        let row = |tensors| Row { name: "w", tensors };
        assert_eq!(row(vec![None, Some(&one), Some(&one)]).first_shape(), "10 × 64");
        assert_eq!(row(vec![Some(&one), Some(&other)]).first_shape(), "10 × 64 …");
        assert_eq!(shape(&[]), "scalar");
    }

    #[test]
    fn files_are_aligned_by_names_without_the_wrappers_that_all_tensors_of_a_file_have() {
        let file = |names: &[&str]| names.iter().map(|name| tensor(name, &[2])).collect::<Vec<_>>();
        let (plain, wrapped) = (file(&["conv.weight", "fc.bias"]), file(&["module._orig_mod.fc.bias", "module._orig_mod.conv.weight"]));
        // One tensor has no wrapper, so that the other keeps its own.
        let mixed = file(&["module.fc.bias", "fc.bias"]);
        let rows = aligned(&[&plain, &wrapped, &mixed, &[]]);
        let found: Vec<(&str, Vec<Option<&str>>)> = rows
            .iter()
            .map(|row| (row.name, row.tensors.iter().map(|tensor| tensor.map(|tensor| tensor.name.as_str())).collect()))
            .collect();
        let expected = [
            ("conv.weight", vec![Some("conv.weight"), Some("module._orig_mod.conv.weight"), None, None]),
            ("fc.bias", vec![Some("fc.bias"), Some("module._orig_mod.fc.bias"), Some("fc.bias"), None]),
            ("module.fc.bias", vec![None, None, Some("module.fc.bias"), None]),
        ];
        assert_eq!(found, expected);
        assert_eq!(prefix(&file(&["module.", "module.a"])), "", "every tensor keeps a name");
    }
}
