//! Entries of tensors as numbers, row-major.

use tch::{Device, Kind, Tensor};

use super::AnalysisError;

/// All entries in f64.
///
/// # Errors
/// When libtorch refuses.
pub(super) fn values(tensor: &Tensor) -> Result<Vec<f64>, AnalysisError> {
    Ok(Vec::<f64>::try_from(&flat(tensor, Kind::Double)?)?)
}

/// All entries in f32.
///
/// # Errors
/// When libtorch refuses.
pub(super) fn values_f32(tensor: &Tensor) -> Result<Vec<f32>, AnalysisError> {
    Ok(Vec::<f32>::try_from(&flat(tensor, Kind::Float)?)?)
}

fn flat(tensor: &Tensor, kind: Kind) -> Result<Tensor, AnalysisError> {
    Ok(tensor.detach().f_to_device(Device::Cpu)?.f_to_kind(kind)?.f_contiguous()?.f_view([-1i64])?)
}
