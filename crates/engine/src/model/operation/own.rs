//! Operations that are not PyTorch's own: compositions that networks and heads of the literature use.

use tch::{Kind, Tensor};

use super::arguments::Arguments;
use super::definition::Row;
use super::matrix::attention_by_matmul;
use super::shape::{Shaped, same};
use crate::model::ModelError;

/// x·sigmoid(1.702 x), the approximation of GELU in the Outlier Exposure MNIST networks.
pub const QUICK_GELU: &str = "flatland.quick_gelu";
/// He et al.'s option A: every second position, `pad` zero channels on each side.
pub const PAD_SHORTCUT: &str = "flatland.pad_shortcut";
/// Cosines of the angles between rows and those of a weight [O, I], as G-ODIN computes them: x/(‖x‖ + 1e-4).
pub const COSINE: &str = "flatland.cosine";
/// −mean of the squared differences between rows and those of a weight [O, I].
pub const CENTER_DISTANCE: &str = "flatland.center_distance";
/// Attention without a fused kernel, which has a second derivative.
pub const ATTENTION_BY_MATMUL: &str = "flatland.attention_by_matmul";

/// Dropout as in training, by PyTorch's names of its kinds: of values, of whole channels, and both with the mean and variance of SELU's values kept.
/// The draws are those of libtorch's generator.
pub const DROPOUTS: [(&str, &str); 4] = [
    ("dropout", "flatland.dropout"),
    ("feature_dropout", "flatland.feature_dropout"),
    ("alpha_dropout", "flatland.alpha_dropout"),
    ("feature_alpha_dropout", "flatland.feature_alpha_dropout"),
];

pub const ROWS: &[Row] = &[
    ("flatland.quick_gelu(Tensor self) -> Tensor", quick_gelu, same),
    ("flatland.pad_shortcut(Tensor self, int pad) -> Tensor", pad_shortcut, pad_shortcut_shape),
    ("flatland.cosine(Tensor self, Tensor weight) -> Tensor", cosine, rows_by_rows),
    ("flatland.center_distance(Tensor self, Tensor weight) -> Tensor", center_distance, rows_by_rows),
    (
        "flatland.attention_by_matmul(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0., bool is_causal=False, *, float? scale=None, bool enable_gqa=False) -> Tensor",
        attention_by_matmul,
        super::matrix::attention_shape,
    ),
    ("flatland.dropout(Tensor self, float p) -> Tensor", |a| Ok(a.tensor(0)?.f_dropout(a.float(1)?, true)?), same),
    ("flatland.feature_dropout(Tensor self, float p) -> Tensor", |a| Ok(a.tensor(0)?.f_feature_dropout(a.float(1)?, true)?), same),
    ("flatland.alpha_dropout(Tensor self, float p) -> Tensor", |a| Ok(a.tensor(0)?.f_alpha_dropout(a.float(1)?, true)?), same),
    (
        "flatland.feature_alpha_dropout(Tensor self, float p) -> Tensor",
        |a| Ok(a.tensor(0)?.f_feature_alpha_dropout(a.float(1)?, true)?),
        same,
    ),
];

fn quick_gelu(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let x = a.tensor(0)?;
    Ok(x.f_mul(&x.f_mul_scalar(1.702)?.f_sigmoid()?)?)
}

fn pad_shortcut(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let (half, pad) = (a.tensor(0)?.f_slice(2, None, None, 2)?.f_slice(3, None, None, 2)?, a.int(1)?);
    Ok(half.f_constant_pad_nd([0, 0, 0, 0, pad, pad])?)
}

fn pad_shortcut_shape(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    match (a.tensor(0)?.as_slice(), a.int(1)?) {
        (&[n, channels, height, width], pad) => Ok(vec![n, channels + 2 * pad, (height + 1) / 2, (width + 1) / 2]),
        (other, _) => Err(format!("expected images [N, C, H, W], found {other:?}")),
    }
}

fn cosine(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let unit = |x: &Tensor| x.f_div(&x.f_norm_scalaropt_dim(2, [1i64].as_slice(), true)?.f_add_scalar(1e-4)?);
    Ok(unit(a.tensor(0)?)?.f_linear(&unit(a.tensor(1)?)?, None::<&Tensor>)?)
}

fn center_distance(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let difference = a.tensor(0)?.f_unsqueeze(1)?.f_sub(a.tensor(1)?)?;
    Ok(difference.f_square()?.f_mean_dim([2i64].as_slice(), false, None::<Kind>)?.f_neg()?)
}

fn rows_by_rows(a: &Arguments<'_, Vec<i64>>) -> Shaped {
    match (a.tensor(0)?.as_slice(), a.tensor(1)?.as_slice()) {
        (&[n, width], &[outputs, inputs]) if width == inputs => Ok(vec![n, outputs]),
        (x, weight) => Err(format!("expected rows [N, D] and a weight [O, D], found {x:?} and {weight:?}")),
    }
}
