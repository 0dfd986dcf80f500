//! [`adaptive_scale`]: the diagonal T in which adaptive sharpness and the ascent of adaptive SAM measure ε.

use flatland_core::session::Adaptive;
use tch::Tensor;

use super::ModelError;

/// T of the parameter called `name`, of the shape of `weight`; `None` where it is 1. See [`Adaptive`] for the definitions; `eta` is η of
/// |w| + η. Which parameters are weights is decided as in SamsungLabs/ASAM (`asam.py`): by `weight` in the name.
///
/// # Errors
/// When libtorch fails.
pub fn adaptive_scale(adaptive: Adaptive, eta: f64, name: &str, weight: &Tensor) -> Result<Option<Tensor>, ModelError> {
    Ok(match adaptive {
        Adaptive::None => None,
        Adaptive::Theta => Some(weight.f_abs()?),
        Adaptive::Filter if weight.dim() >= 2 => {
            let rows = weight.f_flatten(1, -1)?;
            let norms = rows.f_norm_scalaropt_dim(2, [1i64].as_slice(), true)?;
            Some(norms.f_expand_as(&rows)?.f_contiguous()?.f_view_as(weight)?)
        }
        Adaptive::Elementwise | Adaptive::Filter if name.contains("weight") => Some(weight.f_abs()?.f_add_scalar(eta)?),
        Adaptive::Elementwise | Adaptive::Filter => None,
    })
}
