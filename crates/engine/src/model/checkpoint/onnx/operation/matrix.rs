//! Products of matrices. A product with the transpose of a matrix of the state dict is the affine map of `torch.nn.Linear`.

use super::super::super::ProgramArgument;
use super::super::operator::{Operator, Translate};
use super::super::translator::{Translator, tensor};
use super::super::value::Value;

pub const ROWS: &[(&str, Translate)] = &[("Gemm", gemm), ("MatMul", matmul), ("Einsum", einsum)];

fn gemm(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    o.require("transA", 0)?;
    let (alpha, beta) = (o.float("alpha", 1.0)?, o.float("beta", 1.0)?);
    if (alpha, beta) != (1.0, 1.0) {
        return Err(format!("expected alpha = 1 and beta = 1 of `Gemm`, found {alpha} and {beta}, which is not supported"));
    }
    let (x, weight) = (o.tensor(t, 0)?, o.weight(t, 1)?);
    let bias = match o.optional(2) {
        None => None,
        Some(_) => Some(o.weight(t, 2)?),
    };
    if o.int("transB", 0)? == 1 {
        let mut arguments = vec![("input", tensor(&x)), ("weight", tensor(&weight))];
        arguments.extend(bias.map(|bias| ("bias", tensor(&bias))));
        return Ok(vec![t.emit("aten.linear.default", arguments, 2)]);
    }
    // A matrix that the network itself has as [inputs, outputs].
    let value = match bias {
        Some(bias) => t.emit("aten.addmm.default", vec![("self", tensor(&bias)), ("mat1", tensor(&x)), ("mat2", tensor(&weight))], 2),
        None => t.emit("aten.mm.default", vec![("self", tensor(&x)), ("mat2", tensor(&weight))], 2),
    };
    Ok(vec![value])
}

fn matmul(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let (a, b) = (o.weight(t, 0)?, o.weight(t, 1)?);
    if let Some(matrix) = t.transposed.get(&b.name).cloned() {
        let step = t.nodes.len();
        let value = t.emit("aten.linear.default", vec![("input", tensor(&a)), ("weight", tensor(&matrix))], a.rank);
        if let Value::Tensor(product) = &value {
            t.without_bias.insert(product.name.clone(), step);
        }
        return Ok(vec![value]);
    }
    let rank = match (a.rank, b.rank) {
        (1, rank) | (rank, 1) => rank.saturating_sub(1),
        (a, b) => a.max(b),
    };
    Ok(vec![t.emit("aten.matmul.default", vec![("self", tensor(&a)), ("other", tensor(&b))], rank)])
}

fn einsum(t: &mut Translator, o: &Operator) -> Result<Vec<Value>, String> {
    let equation: String = o.text("equation", "")?.chars().filter(|letter| !letter.is_whitespace()).collect();
    let (_, result) = equation.split_once("->").ok_or("expected an arrow in the equation of `Einsum`")?;
    if result.contains('.') {
        return Err("dots in the equation of `Einsum` are not supported".into());
    }
    let rank = result.chars().count();
    let count = o.all()?.len();
    let tensors = (0..count).map(|place| Ok(Some(o.weight(t, place)?.name))).collect::<Result<Vec<_>, String>>()?;
    let arguments = vec![("equation", ProgramArgument::Text(equation)), ("tensors", ProgramArgument::Tensors(tensors))];
    Ok(vec![t.emit("aten.einsum.default", arguments, rank)])
}
