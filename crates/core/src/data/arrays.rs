//! [`Arrays`]: inputs that are no 8-bit images. They are given to a network as they are, without resizing and without normalization.

use std::path::Path;

use super::DataError;
use crate::numpy::{Element, RawArray};

/// Inputs of one shape, as a network gets them.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrays {
    /// Values, row-major, [N, shape...]; all finite.
    pub values: Vec<f32>,
    /// Shape of one input; at least one dimension, none of them 0.
    pub shape: Vec<usize>,
}

impl Arrays {
    /// Values of one input.
    pub fn size(&self) -> usize {
        self.shape.iter().product()
    }

    /// The values of input `i`.
    pub fn input(&self, i: usize) -> &[f32] {
        let size = self.size();
        self.values.get(i * size..(i + 1) * size).unwrap_or_default()
    }
}

/// Whether a file `<stem>.npy` holds inputs: `inputs.npy` or `inputs_<any>.npy`. Any other holds images, `x.npy` too.
pub(super) fn is_file_of_inputs(stem: &str) -> bool {
    stem == "inputs" || stem.starts_with("inputs_")
}

/// The names of an `.npz` entry that holds inputs.
pub(super) const NAMES: [&str; 2] = ["inputs", "x"];

/// Inputs in a file, not read yet.
pub(super) struct StoredArrays {
    array: RawArray,
    /// Number of inputs N.
    pub(super) count: usize,
    /// Shape of one.
    pub(super) shape: Vec<usize>,
}

impl StoredArrays {
    /// The inputs of an array of floats [N, ...].
    ///
    /// # Errors
    /// What was expected and what was found, where it is something else.
    pub(super) fn new(array: RawArray) -> Result<Self, (String, String)> {
        let found = || format!("shape {:?} of {}", array.shape, array.dtype);
        let expected = || "inputs of shape [N, ...], floats".to_owned();
        if !matches!(array.element(), Some(Element::Float(_))) {
            return Err((
                expected(),
                format!("{}: 8-bit images are named `images`; other numbers are saved as floats, `x.astype('float32')`", found()),
            ));
        }
        match array.shape.split_first() {
            Some((&count, shape)) if count > 0 && !shape.is_empty() && !shape.contains(&0) => {
                Ok(Self { count, shape: shape.to_vec(), array })
            }
            _ => Err((expected(), found())),
        }
    }

    /// The inputs at these positions, as f32.
    ///
    /// # Errors
    /// When one of their values is not finite, or not in the range of f32.
    pub(super) fn gather(&self, chosen: &[usize], path: &Path) -> Result<Arrays, DataError> {
        let size = self.shape.iter().product::<usize>();
        let all: Vec<f32> = self.array.floats().map(|value| value as f32).collect();
        let mut values = Vec::with_capacity(chosen.len() * size);
        let (mut not_finite, mut first) = (0, None);
        for &input in chosen {
            let own = &all[input * size..(input + 1) * size];
            for value in own.iter().filter(|value| !value.is_finite()) {
                not_finite += 1;
                first.get_or_insert((input, *value));
            }
            values.extend_from_slice(own);
        }
        match first {
            None => Ok(Arrays { values, shape: self.shape.clone() }),
            Some((input, value)) => Err(DataError::invalid(
                "inputs",
                "finite values in the range of float32",
                format!("{not_finite} that are not (the first is {value} in input {input}): remove these inputs or replace the values"),
                path,
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::tests::{error, npy, source};
    use super::super::{Corruption, Filter, Preparation, Resize, ResizeAndCrop, Source, Subset, load, load_images, load_positions};

    fn floats(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    /// `inputs.npy` of shape [3, 2, 2] with the values 0, 0.5, .., 5.5, and its labels.
    fn saved(folder: &std::path::Path) -> Source {
        let values: Vec<f32> = (0..12).map(|k| k as f32 / 2.0).collect();
        std::fs::write(folder.join("inputs.npy"), npy("<f4", "(3, 2, 2)", &floats(&values))).unwrap();
        std::fs::write(folder.join("labels.npy"), npy("|i1", "(3,)", &[4, 0, 2])).unwrap();
        source(&folder.join("inputs.npy"))
    }

    #[test]
    fn floats_of_any_shape_are_kept_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let saved = saved(folder.path());
        let data = load(&saved, Some([32, 32])).unwrap();
        let arrays = data.arrays.as_ref().unwrap();
        assert_eq!((data.len(), data.labels.as_slice(), arrays.shape.as_slice()), (3, &[4, 0, 2][..], &[2, 2][..]));
        assert_eq!((arrays.input(1), arrays.input(2)), (&[2.0, 2.5, 3.0, 3.5][..], &[4.0, 4.5, 5.0, 5.5][..]));
        assert!(data.images.is_empty() && data.image(1).is_empty());
        let first = load(&Source { subset: Subset::First(1), ..saved.clone() }, None).unwrap();
        assert_eq!(first.arrays.as_ref().unwrap().values, [0.0, 0.5, 1.0, 1.5]);
        assert_ne!(first.hash(), data.hash());
        let twice = load_positions(&saved, None, &[2, 0, 2], None).unwrap().arrays.unwrap();
        assert_eq!((twice.input(0), twice.input(1)[0], twice.input(2)), (arrays.input(2), 0.0, arrays.input(2)));
    }

    #[test]
    fn other_shapes_and_values_are_other_data() {
        let folder = tempfile::tempdir().unwrap();
        let saved = saved(folder.path());
        let hash = || load(&saved, None).unwrap().hash();
        let before = hash();
        std::fs::write(&saved.path, npy("<f4", "(3, 4)", &floats(&[0.0; 12]))).unwrap();
        let flat = hash();
        std::fs::write(&saved.path, npy("<f4", "(3, 4, 1)", &floats(&[0.0; 12]))).unwrap();
        assert!(before != flat && flat != hash());
    }

    #[test]
    fn what_is_defined_for_images_alone_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let saved = saved(folder.path());
        let steps = ResizeAndCrop { resize: Some(Resize::Shorter(4)), crop: None, filter: Filter::Bilinear };
        let message = load(&saved, Preparation::By(steps, [4, 4])).unwrap_err().to_string();
        assert!(message.contains("no `input`: float arrays are used as they are"), "{message}");
        let corruption = Some(Corruption { kind: "fog".into(), severity: 2 });
        let message = load(&Source { corruption, ..saved.clone() }, None).unwrap_err().to_string();
        assert!(message.contains("found `fog` of float arrays"), "{message}");
        let shown = load_images(&saved, &[0]).unwrap();
        assert_eq!(shown[0].as_ref().unwrap_err(), "a float array of shape [2, 2] is no picture");
    }

    #[test]
    fn values_that_are_not_finite_are_counted_and_the_first_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inputs_b.npy");
        std::fs::write(&path, npy("<f8", "(3, 1)", &[1.0f64, 1e200, f64::NAN].map(f64::to_le_bytes).concat())).unwrap();
        let message = error(&source(&path));
        assert!(message.contains("found 2 that are not (the first is inf in input 1)"), "{message}");
        assert_eq!(load(&Source { subset: Subset::First(1), ..source(&path) }, None).unwrap().len(), 1, "it is none of the first");
    }

    #[test]
    fn bytes_and_single_numbers_are_no_inputs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inputs.npy");
        std::fs::write(&path, npy("|u1", "(2, 1, 1, 3)", &[9; 6])).unwrap();
        assert!(load(&source(&path), None).unwrap().arrays.is_none(), "8-bit images of any name stay images");
        std::fs::write(&path, npy("<f4", "(2,)", &[0; 8])).unwrap();
        assert!(
            error(&source(&path)).contains("expected inputs of shape [N, ...], floats, found shape [2] of <f4"),
            "{}",
            error(&source(&path))
        );
    }
}
