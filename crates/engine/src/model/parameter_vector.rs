//! [`ParameterVector`]: all parameters of a network as one flat buffer, with a view per tensor.

use std::sync::Arc;

use tch::{Kind, Tensor};

use super::{ModelError, Tensors, find};

/// Where each tensor lies in the flat buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// (name, shape, offset), in order.
    pub entries: Vec<(String, Vec<i64>, i64)>,
    /// Length of the buffer.
    pub len: i64,
}

/// A point or a direction in parameter space: f32, one buffer.
#[derive(Debug)]
pub struct ParameterVector {
    layout: Arc<Layout>,
    flat: Tensor,
}

impl ParameterVector {
    /// A copy of the named tensors in one buffer, which `storage` allocates.
    ///
    /// # Errors
    /// When a name is missing, libtorch fails, or `storage` does.
    pub fn fill(names: &[String], tensors: &Tensors, storage: impl FnOnce(i64) -> Result<Tensor, ModelError>) -> Result<Self, ModelError> {
        let mut entries = Vec::new();
        let mut len = 0;
        for name in names {
            let tensor = find(tensors, name)?;
            entries.push((name.clone(), tensor.size(), len));
            len += tensor.numel() as i64;
        }
        let vector = Self { layout: Arc::new(Layout { entries, len }), flat: storage(len)? };
        let fill = |(name, mut view): (String, Tensor)| tensors.get(&name).map_or(Ok(()), |tensor| view.f_copy_(&tensor.detach()));
        vector.views()?.into_iter().try_for_each(fill)?;
        Ok(vector)
    }

    /// A vector with this one's layout and the buffer `flat`, `[len]` f32.
    pub fn with_flat(&self, flat: Tensor) -> Self {
        Self { layout: Arc::clone(&self.layout), flat }
    }

    /// The layout.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The buffer, `[len]`.
    pub fn flat(&self) -> &Tensor {
        &self.flat
    }

    /// A view per tensor; they share the buffer's memory.
    ///
    /// # Errors
    /// When libtorch fails.
    pub fn views(&self) -> Result<Tensors, ModelError> {
        let mut tensors = Tensors::new();
        for (name, shape, offset) in &self.layout.entries {
            let len: i64 = shape.iter().product();
            tensors.insert(name.clone(), self.flat.f_narrow(0, *offset, len)?.f_view(shape.as_slice())?);
        }
        Ok(tensors)
    }

    /// ‖·‖₂, summed in f64.
    ///
    /// # Errors
    /// When libtorch fails.
    pub fn norm(&self) -> Result<f64, ModelError> {
        let flat = self.flat.f_to_kind(Kind::Double)?;
        Ok(f64::try_from(flat.f_dot(&flat)?)?.sqrt())
    }
}
