//! Products of matrices, attention, and distances of rows.

use tch::{Kind, Tensor};

use super::arguments::Arguments;
use super::definition::Row;
use super::einsum::einsum_shape;
use super::shape::{Shaped, broadcast, dimension, numel};
use crate::model::ModelError;

pub const ROWS: &[Row] = &[
    (
        "linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor",
        |a| Ok(a.tensor(0)?.f_linear(a.tensor(1)?, a.optional_tensor(2)?)?),
        linear_shape,
    ),
    ("matmul(Tensor self, Tensor other) -> Tensor", |a| Ok(a.tensor(0)?.f_matmul(a.tensor(1)?)?), |a| product(a.tensor(0)?, a.tensor(1)?)),
    ("mm(Tensor self, Tensor mat2) -> Tensor", |a| Ok(a.tensor(0)?.f_mm(a.tensor(1)?)?), |a| of_ranks(a, [0, 1], [2, 2])),
    ("bmm(Tensor self, Tensor mat2) -> Tensor", |a| Ok(a.tensor(0)?.f_bmm(a.tensor(1)?)?), |a| of_ranks(a, [0, 1], [3, 3])),
    ("mv(Tensor self, Tensor vec) -> Tensor", |a| Ok(a.tensor(0)?.f_mv(a.tensor(1)?)?), |a| of_ranks(a, [0, 1], [2, 1])),
    ("dot(Tensor self, Tensor tensor) -> Tensor", |a| Ok(a.tensor(0)?.f_dot(a.tensor(1)?)?), |a| of_ranks(a, [0, 1], [1, 1])),
    ("vdot(Tensor self, Tensor other) -> Tensor", |a| Ok(a.tensor(0)?.f_dot(a.tensor(1)?)?), |a| of_ranks(a, [0, 1], [1, 1])),
    ("outer(Tensor self, Tensor vec2) -> Tensor", |a| Ok(a.tensor(0)?.f_outer(a.tensor(1)?)?), outer_shape),
    (
        "addmm(Tensor self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1) -> Tensor",
        |a| weighted_sum(a, Tensor::f_addmm, Tensor::f_mm),
        |a| added(a, of_ranks(a, [1, 2], [2, 2])?),
    ),
    (
        "addmv(Tensor self, Tensor mat, Tensor vec, *, Scalar beta=1, Scalar alpha=1) -> Tensor",
        |a| weighted_sum(a, Tensor::f_addmv, Tensor::f_mv),
        |a| added(a, of_ranks(a, [1, 2], [2, 1])?),
    ),
    (
        "baddbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor",
        |a| Ok(a.tensor(0)?.f_baddbmm(a.tensor(1)?, a.tensor(2)?, a.scalar(3)?, a.scalar(4)?)?),
        |a| added(a, of_ranks(a, [1, 2], [3, 3])?),
    ),
    (
        "einsum(str equation, Tensor[] tensors, *, int[]? path=None) -> Tensor",
        |a| Ok(Tensor::f_einsum(a.text(0)?, &a.tensors(1)?, None::<i64>)?),
        |a| einsum_shape(a.text(0)?, &a.tensors(1)?),
    ),
    ("t(Tensor(a) self) -> Tensor(a)", |a| Ok(a.tensor(0)?.f_tr()?), t_shape),
    (
        "scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0., bool is_causal=False, *, float? scale=None, bool enable_gqa=False) -> Tensor",
        attention,
        attention_shape,
    ),
    (
        "cosine_similarity(Tensor x1, Tensor x2, int dim=1, float eps=1e-08) -> Tensor",
        |a| Ok(Tensor::f_cosine_similarity(a.tensor(0)?, a.tensor(1)?, a.int(2)?, a.float(3)?)?),
        |a| reduced(a, a.int(2)?, false),
    ),
    (
        "pairwise_distance(Tensor x1, Tensor x2, float p=2., float eps=1e-06, bool keepdim=False) -> Tensor",
        |a| Ok(Tensor::f_pairwise_distance(a.tensor(0)?, a.tensor(1)?, a.float(2)?, a.float(3)?, a.bool(4)?)?),
        |a| reduced(a, -1, a.bool(4)?),
    ),
    ("cdist(Tensor x1, Tensor x2, float p=2., int? compute_mode=None) -> Tensor", distances, distances_shape),
];

type Shapes<'a> = Arguments<'a, Vec<i64>>;

/// Shape of a product of matrices: a vector is a row on the left and a column on the right, and that side is not in the product.
fn product(left: &[i64], right: &[i64]) -> Shaped {
    let shape = match (left, right) {
        ([k], [l]) if k == l => vec![],
        ([k], [batch @ .., l, n]) if k == l => [batch, &[*n]].concat(),
        ([batch @ .., m, k], [l]) if k == l => [batch, &[*m]].concat(),
        ([lefts @ .., m, k], [rights @ .., l, n]) if k == l => [broadcast(lefts, rights)?, vec![*m, *n]].concat(),
        _ => return Err(format!("expected matrices that can be multiplied, found {left:?} and {right:?}")),
    };
    numel(&shape)?;
    Ok(shape)
}

/// Shape of the product of what stands at `places`, which has to have these numbers of dimensions and, of three, equal first ones.
fn of_ranks(a: &Shapes<'_>, places: [usize; 2], ranks: [usize; 2]) -> Shaped {
    let (left, right) = (a.tensor(places[0])?, a.tensor(places[1])?);
    let batches = ranks != [3, 3] || left.first() == right.first();
    if [left.len(), right.len()] == ranks && batches {
        product(left, right)
    } else {
        Err(format!("expected {} and {} dimensions with equal batches, found {left:?} and {right:?}", ranks[0], ranks[1]))
    }
}

/// The shape of a sum with the tensor at 0.
fn added(a: &Shapes<'_>, shape: Vec<i64>) -> Shaped {
    let summand = a.tensor(0)?;
    if broadcast(summand, &shape)? == shape { Ok(shape) } else { Err(format!("expected a summand of shape {shape:?}, found {summand:?}")) }
}

fn linear_shape(a: &Shapes<'_>) -> Shaped {
    match (a.tensor(0)?.as_slice(), a.tensor(1)?.as_slice(), a.optional_tensor(2)?) {
        ([rows @ .., k], &[outputs, inputs], bias) if *k == inputs && bias.is_none_or(|bias| *bias == [outputs]) => {
            let shape = [rows, &[outputs]].concat();
            numel(&shape)?;
            Ok(shape)
        }
        (input, weight, bias) => Err(format!("expected [.., I], [O, I] and [O], found {input:?}, {weight:?} and {bias:?}")),
    }
}

fn outer_shape(a: &Shapes<'_>) -> Shaped {
    match (a.tensor(0)?.as_slice(), a.tensor(1)?.as_slice()) {
        (&[m], &[n]) => numel(&[m, n]).map(|_| vec![m, n]),
        (left, right) => Err(format!("expected two vectors, found {left:?} and {right:?}")),
    }
}

fn t_shape(a: &Shapes<'_>) -> Shaped {
    match a.tensor(0)?.as_slice() {
        &[rows, columns] => Ok(vec![columns, rows]),
        shape if shape.len() < 2 => Ok(shape.to_vec()),
        shape => Err(format!("expected at most two dimensions, found {shape:?}")),
    }
}

/// beta·self + alpha·product; factors stand at 3 and 4. tch leaves them out of `sum`, so that they are applied here where they are not 1.
fn weighted_sum(
    a: &Arguments<'_, Tensor>,
    sum: fn(&Tensor, &Tensor, &Tensor) -> Result<Tensor, tch::TchError>,
    product: fn(&Tensor, &Tensor) -> Result<Tensor, tch::TchError>,
) -> Result<Tensor, ModelError> {
    let (summand, left, right, beta) = (a.tensor(0)?, a.tensor(1)?, a.tensor(2)?, a.float(3)?);
    if (beta, a.float(4)?) == (1.0, 1.0) {
        return Ok(sum(summand, left, right)?);
    }
    let product = product(left, right)?.f_mul_scalar(a.scalar(4)?)?;
    // PyTorch does not read the summand then: what is not a number there stays out.
    if beta == 0.0 { Ok(product) } else { Ok(product.f_add(&summand.f_mul_scalar(a.scalar(3)?)?)?) }
}

/// Attention by PyTorch's fused kernels.
fn attention(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    without_dropout(a)?;
    let (query, key, value, mask) = (a.tensor(0)?, a.tensor(1)?, a.tensor(2)?, a.optional_tensor(3)?);
    let (causal, scale, grouped) = (a.bool(5)?, a.optional_float(6)?, a.bool(7)?);
    Ok(Tensor::f_scaled_dot_product_attention(query, key, value, mask, 0.0, causal, scale, grouped)?)
}

/// Attention by products of matrices, which has a second derivative; fused attention has none on a CPU.
pub fn attention_by_matmul(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    without_dropout(a)?;
    let (query, mut key, mut value) = (a.tensor(0)?, a.tensor(1)?.shallow_clone(), a.tensor(2)?.shallow_clone());
    if a.bool(7)? {
        for shared in [&mut key, &mut value] {
            if let ([.., heads, _, _], [.., shared_heads, _, _]) = (&query.size()[..], &shared.size()[..])
                && *shared_heads >= 1
            {
                *shared = shared.f_repeat_interleave_self_int(heads / shared_heads, -3i64, None::<i64>)?;
            }
        }
    }
    let width = query.size().last().copied().unwrap_or(1);
    let scale = a.optional_float(6)?.unwrap_or_else(|| 1.0 / (width as f64).sqrt());
    let scores = query.f_matmul(&key.f_transpose(-2, -1)?)?.f_mul_scalar(scale)?;
    let scores = match a.optional_tensor(3)? {
        Some(mask) if mask.f_kind()? == Kind::Bool => scores.f_masked_fill(&mask.f_logical_not()?, f64::NEG_INFINITY)?,
        Some(mask) => scores.f_add(mask)?,
        None if a.bool(5)? => {
            let later = scores.f_ones_like()?.f_tril(0)?.f_eq(0)?;
            scores.f_masked_fill(&later, f64::NEG_INFINITY)?
        }
        None => scores,
    };
    // Unlike softmax, it gives zeros where a row is masked altogether, as fused attention does.
    Ok(scores.f_internal_safe_softmax(-1, None::<Kind>)?.f_matmul(&value)?)
}

fn without_dropout<T>(a: &Arguments<'_, T>) -> Result<(), String> {
    match a.float(4)? {
        0.0 => Ok(()),
        rate => Err(format!("expected attention without dropout, found the rate {rate}: export the network after `model.eval()`")),
    }
}

/// Shape of attention; mask, dropout, causality, scale and grouping stand at 3 to 7.
pub fn attention_shape(a: &Shapes<'_>) -> Shaped {
    without_dropout(a)?;
    let (query, key, value, mask) = (a.tensor(0)?, a.tensor(1)?, a.tensor(2)?, a.optional_tensor(3)?);
    let wrong = || format!("expected queries, keys and values that fit, found {query:?}, {key:?} and {value:?}");
    let ([batch @ .., length, width], [.., positions, key_width], [.., value_positions, depth]) = (&query[..], &key[..], &value[..]) else {
        return Err(wrong());
    };
    if width != key_width || positions != value_positions {
        return Err(wrong());
    }
    // What stands before the last two sides. In groups, several heads of queries share one of the keys and values.
    let lead = |shared: &[i64]| -> Shaped {
        let lead = &shared[..shared.len() - 2];
        match (a.bool(7)?, batch, lead) {
            (false, _, lead) => Ok(lead.to_vec()),
            (true, [.., heads], [rest @ .., shared]) if *shared >= 1 && heads % shared == 0 => Ok([rest, &[*heads]].concat()),
            (true, _, _) => Err(wrong()),
        }
    };
    let scores = broadcast(batch, &lead(key)?)?;
    let shape = [broadcast(&scores, &lead(value)?)?, vec![*length, *depth]].concat();
    let scores = [scores, vec![*length, *positions]].concat();
    numel(&scores)?;
    numel(&shape)?;
    match mask {
        Some(_) if a.bool(5)? => Err("expected a mask or causal attention, found both".into()),
        Some(mask) if broadcast(&scores, mask)? != scores => Err(format!("expected a mask for scores {scores:?}, found {mask:?}")),
        Some(_) | None => Ok(shape),
    }
}

/// Shape of two tensors together, without the dimension `dim`, or with 1 there.
fn reduced(a: &Shapes<'_>, dim: i64, kept: bool) -> Shaped {
    let mut shape = broadcast(a.tensor(0)?, a.tensor(1)?)?;
    numel(&shape)?;
    let dim = dimension(dim, shape.len())?;
    if shape.is_empty() {
        return Err("expected at least one dimension, found none".into());
    }
    if kept {
        shape[dim] = 1;
    } else {
        shape.remove(dim);
    }
    Ok(shape)
}

/// Distances of all rows of one matrix to all of another. PyTorch's kernel has no second derivative.
fn distances(a: &Arguments<'_, Tensor>) -> Result<Tensor, ModelError> {
    let difference = a.tensor(0)?.f_unsqueeze(-2)?.f_sub(&a.tensor(1)?.f_unsqueeze(-3)?)?;
    Ok(difference.f_norm_scalaropt_dim(a.float(2)?, [-1], false)?)
}

fn distances_shape(a: &Shapes<'_>) -> Shaped {
    match (a.tensor(0)?.as_slice(), a.tensor(1)?.as_slice(), a.float(2)?) {
        ([lefts @ .., p, width], [rights @ .., r, other], norm) if width == other && norm >= 0.0 => {
            let shape = [broadcast(lefts, rights)?, vec![*p, *r]].concat();
            numel(&[&shape[..], &[*width]].concat())?;
            Ok(shape)
        }
        (left, right, norm) => Err(format!("expected rows of equal width and a norm of at least 0, found {left:?}, {right:?} and {norm}")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tch::{Device, Kind, Tensor};

    use super::super::own::ATTENTION_BY_MATMUL;
    use super::super::testing::{Argument, X, Y, Z, agreed_shape, assert_twice_differentiable, numbers, shape, value};

    const ATTENTION: &str = "scaled_dot_product_attention.default";

    #[test]
    fn products_have_the_shapes_of_their_values() {
        let sides: [[&[i64]; 2]; 6] =
            [[&[3], &[3]], [&[3], &[2, 3, 4]], [&[2, 5, 3], &[3]], [&[5, 3], &[3, 4]], [&[2, 1, 5, 3], &[6, 3, 4]], [&[1, 3], &[3, 1]]];
        for both in sides {
            agreed_shape("matmul.default", &[X, Y], &both);
        }
        assert_eq!(agreed_shape("linear.default", &[X, Y, Z], &[&[2, 5, 3], &[4, 3], &[4]]), [2, 5, 4]);
        assert_eq!(agreed_shape("bmm.default", &[X, Y], &[&[2, 5, 3], &[2, 3, 4]]), [2, 5, 4]);
        assert_eq!(agreed_shape("mv.default", &[X, Y], &[&[5, 3], &[3]]), [5]);
        assert_eq!(agreed_shape("outer.default", &[X, Y], &[&[5], &[3]]), [5, 3]);
        assert_eq!(agreed_shape("t.default", &[X], &[&[5, 3]]), [3, 5]);
        assert!(shape("mm.default", &[X, Y], &[&[5, 3], &[4, 3]]).is_err());
        assert!(shape("bmm.default", &[X, Y], &[&[1, 5, 3], &[2, 3, 4]]).is_err());
        assert!(shape("linear.default", &[X, Y, Z], &[&[5, 3], &[4, 3], &[3]]).is_err());
    }

    #[test]
    fn sums_of_products_apply_both_factors() {
        let row = |values: &[f32]| Tensor::from_slice(values);
        let (bias, left, right) = (row(&[1.0, 10.0]), row(&[1.0, 2.0]).view([1, 2]), row(&[1.0, 2.0, 3.0, 4.0]).view([2, 2]));
        let sum = |beta: f64, alpha: i64| {
            let given = [X, Y, Z, Argument::Float(beta), Argument::int(alpha)];
            numbers(&value("addmm.default", &given, &[&bias, &left, &right]).unwrap())
        };
        assert_eq!(sum(1.0, 1), [8.0, 20.0]);
        assert_eq!(sum(0.5, 3), [21.5, 35.0]);
        let (batch, other) = (left.unsqueeze(0), right.unsqueeze(0));
        let given = [X, Y, Z, Argument::Float(0.5), Argument::Float(3.0)];
        assert_eq!(numbers(&value("baddbmm.default", &given, &[&bias, &batch, &other]).unwrap()), [21.5, 35.0]);
        assert_eq!(numbers(&value("addmv.default", &given, &[&bias, &right, &row(&[1.0, 1.0])]).unwrap()), [9.5, 26.0]);
        let unread = [X, Y, Z, Argument::int(0)];
        let nan = row(&[f32::NAN, f32::NAN]);
        assert_eq!(numbers(&value("addmm.default", &unread, &[&nan, &left, &right]).unwrap()), [7.0, 10.0]);
        assert_eq!(agreed_shape("addmm.default", &[X, Y, Z], &[&[4], &[5, 3], &[3, 4]]), [5, 4]);
        assert!(shape("addmm.default", &[X, Y, Z], &[&[2, 5, 4], &[5, 3], &[3, 4]]).is_err());
    }

    /// Attention of 4 heads of queries, and of `heads` of keys and values, by both evaluations.
    fn both(heads: i64, mask: Option<&Tensor>, rest: &[Argument]) -> [Tensor; 2] {
        let of = |heads: i64, positions: i64| Tensor::rand([2, heads, positions, 8], (Kind::Float, Device::Cpu));
        let (query, key, val) = (of(4, 5), of(heads, 6), of(heads, 6));
        let mut inputs = vec![&query, &key, &val];
        inputs.extend(mask);
        let mask = mask.map_or(Argument::None, |_| Argument::Tensor(3));
        let given = [[X, Y, Z, mask, Argument::Float(0.0)].as_slice(), rest].concat();
        let shapes: Vec<Vec<i64>> = inputs.iter().map(|input| input.size()).collect();
        let foretold = shape(ATTENTION, &given, &shapes.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
        assert_eq!(foretold, [2, 4, 5, 8]);
        [ATTENTION, ATTENTION_BY_MATMUL].map(|name| value(name, &given, &inputs).unwrap())
    }

    #[test]
    fn attention_by_products_of_matrices_is_fused_attention() {
        let added = Tensor::randn([4, 5, 6], (Kind::Float, Device::Cpu));
        // The first row is masked altogether.
        let chosen = Tensor::from_slice(&[0i64, 6, 1, 3, 5]).unsqueeze(1).gt_tensor(&Tensor::arange(6, (Kind::Int64, Device::Cpu)));
        let causal = [Argument::Bool(true)];
        let scaled = [Argument::Bool(false), Argument::Float(0.7)];
        let grouped = [Argument::Bool(false), Argument::None, Argument::Bool(true)];
        let cases: [(i64, Option<&Tensor>, &[Argument]); 6] =
            [(4, None, &[]), (4, Some(&added), &[]), (4, Some(&chosen), &[]), (4, None, &causal), (4, None, &scaled), (2, None, &grouped)];
        for (heads, mask, rest) in cases {
            let [fused, plain] = both(heads, mask, rest);
            assert!((&fused - &plain).abs().max().double_value(&[]) < 1e-6, "{mask:?} {rest:?}");
        }
        assert_twice_differentiable(ATTENTION_BY_MATMUL, &[X, Y, Z], &[&[1, 1, 3, 2], &[1, 1, 3, 2], &[1, 1, 3, 2]]);
    }

    #[test]
    fn attention_that_drops_scores_or_does_not_fit_is_refused() {
        let sides: &[&[i64]] = &[&[2, 4, 5, 8], &[2, 4, 6, 8], &[2, 4, 6, 8], &[5, 6]];
        let (none, mask) = (Argument::None, Argument::Tensor(3));
        assert!(shape(ATTENTION, &[X, Y, Z, none.clone(), Argument::Float(0.1)], sides).unwrap_err().contains("dropout"));
        assert!(shape(ATTENTION, &[X, Y, Z, mask.clone(), Argument::Float(0.0), Argument::Bool(true)], sides).is_err());
        assert!(shape(ATTENTION, &[X, Y, Z, mask], &[sides[0], sides[1], sides[2], &[6, 5]]).is_err());
        assert!(shape(ATTENTION, &[X, Y, Z, none], &[sides[0], sides[1], &[2, 4, 5, 8]]).is_err());
    }

    #[test]
    fn distances_and_cosines_are_those_of_rows() {
        let x = Tensor::from_slice(&[0.0f32, 0.0, 3.0, 4.0]).view([2, 2]);
        let y = Tensor::from_slice(&[0.0f32, 0.0]).view([1, 2]);
        assert_eq!(numbers(&value("cdist.default", &[X, Y], &[&x, &y]).unwrap()), [0.0, 5.0]);
        assert_eq!(agreed_shape("cdist.default", &[X, Y, Argument::Float(1.0)], &[&[2, 5, 3], &[4, 3]]), [2, 5, 4]);
        assert_eq!(agreed_shape("cosine_similarity.default", &[X, Y, Argument::int(1)], &[&[2, 3, 4], &[3, 4]]), [2, 4]);
        let kept = [X, Y, Argument::Float(2.0), Argument::Float(1e-6), Argument::Bool(true)];
        assert_eq!(agreed_shape("pairwise_distance.default", &kept, &[&[2, 3], &[2, 3]]), [2, 1]);
        for name in ["cdist.default", "cosine_similarity.default", "pairwise_distance.default"] {
            assert_twice_differentiable(name, &[X, Y], &[&[2, 3], &[2, 3]]);
        }
    }
}
