//! Operations of several outputs, rewritten as operations of one. Of all others the first output alone is computed: another one that is read is
//! an error.

use super::super::operation::{Argument, Size};
use super::bound::Bound;
use super::importer::{Importer, arg};
use super::lower::Given;

/// The outputs of an operation that takes a tensor apart, or of one that gives spread and mean; `None` for all other operations.
///
/// # Errors
/// When the arguments do not fit.
pub fn parts(importer: &mut Importer<'_>, target: &str, given: &Given) -> Result<Option<Vec<Bound>>, String> {
    let Some(x) = given.inputs.first().cloned() else { return Ok(None) };
    match target {
        "var_mean.correction" | "std_mean.correction" => {
            let (spread, _) = target.split_once('_').unwrap_or((target, ""));
            let spread = importer.call(&format!("{spread}.correction"), given.arguments.clone(), &given.inputs)?;
            let of_mean = given.arguments.iter().filter(|(name, _)| name != "correction").cloned().collect();
            Ok(Some(vec![spread, importer.call("mean.dim", of_mean, &given.inputs)?]))
        }
        "unbind.int" => {
            let (dim, side) = side(importer, target, given, &x)?;
            let select = |k| part(importer, "select.int", &x, vec![arg("dim", Argument::int(dim)), arg("index", Argument::int(k))]);
            (0..side).map(select).collect::<Result<_, _>>().map(Some)
        }
        "chunk.default" | "unsafe_chunk.default" | "split.Tensor" | "unsafe_split.Tensor" | "split_with_sizes.default" | "split.sizes" => {
            let (dim, side) = side(importer, target, given, &x)?;
            let mut start = 0;
            let slice = |length: i64| {
                let (from, to) = (Argument::int(start), Argument::int(start + length));
                start += length;
                part(importer, "slice.Tensor", &x, vec![arg("dim", Argument::int(dim)), arg("start", from), arg("end", to)])
            };
            lengths(target, given, side)?.into_iter().map(slice).collect::<Result<_, _>>().map(Some)
        }
        _ => Ok(None),
    }
}

fn part(importer: &mut Importer<'_>, name: &str, x: &Bound, mut arguments: Vec<(String, Argument)>) -> Result<Bound, String> {
    arguments.push(arg("self", Argument::Tensor(0)));
    importer.call(name, arguments, std::slice::from_ref(x))
}

/// The dimension along which a tensor is taken apart, and its size.
fn side(importer: &Importer<'_>, target: &str, given: &Given, x: &Bound) -> Result<(i64, i64), String> {
    let dim = given.int("dim", 0).ok_or("expected a constant dimension")?;
    match importer.size(x, dim)? {
        Size::Fixed(side) => Ok((dim, side)),
        Size::PerImage(_) => Err(format!("`{target}` takes the batch apart, which is not supported")),
    }
}

/// The lengths of the parts of a dimension of size `side`.
fn lengths(target: &str, given: &Given, side: i64) -> Result<Vec<i64>, String> {
    let equal = |size: i64| -> Vec<i64> { (0..side).step_by(size.max(1) as usize).map(|start| size.max(1).min(side - start)).collect() };
    let lengths = match (given.get("split_sizes").or(given.get("split_size")), given.int("chunks", 0)) {
        (Some(Argument::Ints(sizes)), _) => sizes.iter().map(fixed_size).collect::<Option<Vec<i64>>>(),
        (Some(argument), _) => fixed(argument).map(equal),
        (None, Some(count)) if count > 0 => Some(equal((side - 1) / count + 1)),
        (None, _) => None,
    };
    let sum = |lengths: &[i64]| lengths.iter().try_fold(0i64, |sum, &length| if length < 0 { None } else { sum.checked_add(length) });
    let lengths = lengths.filter(|lengths| sum(lengths) == Some(side));
    lengths.ok_or_else(|| format!("expected constant sizes that sum to {side} in `{target}`"))
}

/// The operation that `target` is computed by, and its arguments.
pub fn computed_as(target: &str, mut given: Given) -> (String, Given) {
    let name = match target {
        "_scaled_dot_product_flash_attention_for_cpu.default" => {
            given.arguments.retain(|(name, _)| name != "return_debug_mask");
            "scaled_dot_product_attention.default"
        }
        // The strides of a value depend on the layout of weights and images, which is not that of the exported network.
        "view.default" | "_unsafe_view.default" => {
            given.arguments.iter_mut().filter(|(name, _)| name == "size").for_each(|(name, _)| *name = "shape".into());
            "reshape.default"
        }
        other => other,
    };
    (name.to_owned(), given)
}

fn fixed(argument: &Argument) -> Option<i64> {
    match argument {
        Argument::Int(size) => fixed_size(size),
        Argument::None | Argument::Tensor(_) | Argument::Tensors(_) | Argument::Ints(_) | Argument::Float(_) => None,
        Argument::Floats(_) | Argument::Bool(_) | Argument::Text(_) | Argument::Kind(_) => None,
    }
}

fn fixed_size(size: &Size) -> Option<i64> {
    match size {
        Size::Fixed(value) => Some(*value),
        Size::PerImage(_) => None,
    }
}
