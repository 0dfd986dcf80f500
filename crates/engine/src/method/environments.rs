//! [`Environments`]: means over the environments of a batch, as one matrix product.

use std::collections::BTreeMap;

use tch::Tensor;

use super::Batch;
use crate::model::ModelError;

/// Some of a batch's images, by environment.
pub struct Environments {
    /// Numbers of the environments that have an image, ascending, [E].
    pub ids: Vec<usize>,
    /// Row e holds 1/n_e at the images of environment e, [E, N].
    weights: Tensor,
}

impl Environments {
    /// All images of `batch`.
    ///
    /// # Errors
    /// When the batch has no environments.
    pub fn of(batch: &Batch<'_>) -> Result<Self, ModelError> {
        let members = members(batch)?;
        Self::new(members, batch)
    }

    /// Every second image of each environment from its first on, and the others; environments with one image are left out. `None`
    /// when that leaves nothing.
    ///
    /// # Errors
    /// As [`Environments::of`].
    pub fn halves(batch: &Batch<'_>) -> Result<Option<[Self; 2]>, ModelError> {
        let mut members = members(batch)?;
        members.retain(|_, images| images.len() > 1);
        if members.is_empty() {
            return Ok(None);
        }
        let half = |first: usize| {
            let part = |images: &Vec<usize>| images.iter().skip(first).step_by(2).copied().collect();
            Self::new(members.iter().map(|(&id, images)| (id, part(images))).collect(), batch)
        };
        Ok(Some([half(0)?, half(1)?]))
    }

    fn new(members: BTreeMap<usize, Vec<usize>>, batch: &Batch<'_>) -> Result<Self, ModelError> {
        let n = batch.labels.size1()? as usize;
        let mut weights = vec![0f32; members.len() * n];
        for (row, images) in weights.chunks_exact_mut(n).zip(members.values()) {
            for &image in images {
                row[image] = 1.0 / images.len() as f32;
            }
        }
        let weights = Tensor::f_from_slice(&weights)?.f_view([members.len() as i64, n as i64])?.f_to_device(batch.labels.device())?;
        Ok(Self { ids: members.into_keys().collect(), weights })
    }

    /// Means of `values` [N] over the images of each environment, [E].
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn means(&self, values: &Tensor) -> Result<Tensor, ModelError> {
        Ok(self.weights.f_to_kind(values.kind())?.f_mv(values)?)
    }
}

fn members(batch: &Batch<'_>) -> Result<BTreeMap<usize, Vec<usize>>, ModelError> {
    let missing = || ModelError::Mismatch("expected the environments of the batch's images, found none".into());
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (image, environment) in Vec::<i64>::try_from(batch.environments.ok_or_else(missing)?)?.into_iter().enumerate() {
        let environment = usize::try_from(environment)
            .map_err(|_| ModelError::Mismatch(format!("expected environments from 0 on, found {environment}")))?;
        members.entry(environment).or_default().push(image);
    }
    Ok(members)
}
