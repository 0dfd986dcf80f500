//! Operations of several outputs, rewritten as operations of one.

use super::super::operation::{Argument, Size};
use super::bound::Bound;
use super::importer::{Importer, arg};
use super::lower::Given;

/// Operations whose first output alone is computed. Another one that is read is an error.
const FIRST: [&str; 9] = [
    "max_pool2d_with_indices.default",
    "adaptive_max_pool2d.default",
    "native_layer_norm.default",
    "native_group_norm.default",
    "_native_batch_norm_legit_no_training.default",
    "_native_batch_norm_legit_functional.default",
    "_native_batch_norm_legit.no_stats",
    "_weight_norm_interface.default",
    "_scaled_dot_product_flash_attention_for_cpu.default",
];

/// The outputs of an operation that takes a tensor apart, or of one that computes several values; `None` for all other operations.
///
/// # Errors
/// When the arguments do not fit.
pub fn parts(importer: &mut Importer<'_>, target: &str, given: &Given) -> Result<Option<Vec<Bound>>, String> {
    let dim = || given.arguments.iter().find(|(name, _)| name == "dim").map_or(Some(0), |(_, argument)| fixed(argument));
    let Some(x) = given.inputs.first().cloned() else { return Ok(None) };
    let get = |name: &str| given.arguments.iter().find(|(key, _)| key == name).map(|(_, argument)| argument);
    if let "var_mean.correction" | "std_mean.correction" = target {
        let (spread, _) = target.split_once('_').unwrap_or((target, ""));
        let variance = importer.call(&format!("{spread}.correction"), given.arguments.clone(), &given.inputs)?;
        let without = given.arguments.iter().filter(|(name, _)| name != "correction").cloned().collect();
        return Ok(Some(vec![variance, importer.call("mean.dim", without, &given.inputs)?]));
    }
    let lengths = match target {
        "unbind.int"
        | "chunk.default"
        | "split.Tensor"
        | "split_with_sizes.default"
        | "split.sizes"
        | "unsafe_chunk.default"
        | "unsafe_split.Tensor" => {
            let shape = importer.shape(&x)?;
            let dim = dim().ok_or("expected a constant dimension")?;
            let rank = shape.len() as i64;
            let index = usize::try_from(if dim < 0 { dim + rank } else { dim }).ok().filter(|&index| index < shape.len());
            let index = index.ok_or_else(|| format!("expected a dimension below {rank}, found {dim}"))?;
            let Size::Fixed(side) = importer.size(&x, dim)? else {
                return Err(format!("`{target}` takes the batch apart, which is not supported"));
            };
            (index as i64, side)
        }
        _ => return Ok(None),
    };
    let (dim, side) = lengths;
    if target == "unbind.int" {
        let select = |k: i64| {
            importer.call(
                "select.int",
                vec![arg("self", Argument::Tensor(0)), arg("dim", Argument::int(dim)), arg("index", Argument::int(k))],
                std::slice::from_ref(&x),
            )
        };
        return (0..side).map(select).collect::<Result<_, _>>().map(Some);
    }
    let chunks = |size: i64| -> Vec<i64> { (0..side).step_by(size.max(1) as usize).map(|start| size.max(1).min(side - start)).collect() };
    let lengths = match (get("split_sizes").or(get("split_size")), get("chunks").and_then(fixed)) {
        (Some(Argument::Ints(sizes)), _) => sizes.iter().map(fixed_size).collect::<Option<Vec<i64>>>(),
        (Some(argument), _) => fixed(argument).map(chunks),
        (None, Some(count)) if count > 0 => Some(chunks((side + count - 1) / count)),
        (None, _) => None,
    };
    let lengths = lengths.filter(|lengths| {
        lengths.iter().all(|&length| length >= 0) && lengths.iter().try_fold(0i64, |sum, &length| sum.checked_add(length)) == Some(side)
    });
    let lengths = lengths.ok_or_else(|| format!("expected constant sizes that sum to {side} in `{target}`"))?;
    let mut start = 0;
    let slices = lengths.into_iter().map(|length| {
        let (from, to) = (Argument::int(start), Argument::int(start + length));
        start += length;
        importer.call(
            "slice.Tensor",
            vec![arg("self", Argument::Tensor(0)), arg("dim", Argument::int(dim)), arg("start", from), arg("end", to)],
            std::slice::from_ref(&x),
        )
    });
    slices.collect::<Result<_, _>>().map(Some)
}

/// The operation of the first output of `target`.
pub fn first_alone(target: &str, mut given: Given) -> (String, Given) {
    let name = match target {
        "_scaled_dot_product_flash_attention_for_cpu.default" => {
            given.arguments.retain(|(name, _)| name != "return_debug_mask");
            "scaled_dot_product_attention.default"
        }
        target if FIRST.contains(&target) => target,
        // The strides of a value depend on the layout of weights and images, which is not that of the exported network.
        "view.default" | "_unsafe_view.default" => {
            given.arguments.iter_mut().filter(|(name, _)| name == "size").for_each(|(name, _)| *name = "shape".into());
            "reshape.default"
        }
        "max.dim" | "min.dim" => {
            given.arguments.retain(|(name, _)| name != "indices");
            if target == "max.dim" { "amax.default" } else { "amin.default" }
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
