//! [`Row`]: a tensor by its name in the files, and what each checkpoint has under it.

use indexmap::IndexMap;

use crate::ui::view::Scene;
use flatland_core::result::TensorInfo;

/// A tensor of the checkpoints that are drawn.
pub struct Row<'a> {
    /// Its name in the files.
    pub name: &'a str,
    /// One place per checkpoint, in the order in which they are drawn; `None` where its file has no such tensor or is not read yet.
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
    let checkpoints: Vec<_> = scene.session.shown().map(|(_, entry)| entry).collect();
    let mut rows: IndexMap<&str, Row<'a>> = IndexMap::new();
    for (place, entry) in checkpoints.iter().enumerate() {
        for tensor in scene.store.inspection(entry).into_iter().flat_map(|report| &report.tensors) {
            let row = rows.entry(&tensor.name).or_insert_with(|| Row { name: &tensor.name, tensors: vec![None; checkpoints.len()] });
            row.tensors[place] = Some(tensor);
        }
    }
    rows.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_written_out_and_differences_marked() {
        let tensor = |shape: &[i64]| TensorInfo { name: "w".into(), shape: shape.into(), dtype: "f32".into(), values: None };
        let (one, other) = (tensor(&[10, 64]), tensor(&[2, 64]));
        let row = |tensors| Row { name: "w", tensors };
        assert_eq!(row(vec![None, Some(&one), Some(&one)]).first_shape(), "10 × 64");
        assert_eq!(row(vec![Some(&one), Some(&other)]).first_shape(), "10 × 64 …");
        assert_eq!(shape(&[]), "scalar");
    }
}
