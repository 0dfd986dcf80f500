//! Dropout as in training, where it is asked for. Otherwise dropout gives its argument.

use super::super::operation::{Argument, DROPOUTS};
use super::super::{Call, Op};
use super::bound::Bound;
use super::importer::{Importer, arg};
use super::lower::Given;

/// The value of a dropout of `x`; `None` where `target` is another operation or its rate is 0. Whether the program was exported in training mode
/// makes no difference.
///
/// # Errors
/// When its rate is no constant from 0 to 1, or it writes into memory that another value shows.
pub fn dropped(importer: &mut Importer<'_>, target: &str, given: &Given, x: &Bound) -> Result<Option<Bound>, String> {
    let name = target.split_once('.').map_or(target, |(name, _)| name);
    let plain = name.strip_suffix('_').unwrap_or(name);
    // It also gives the mask, which only derivatives read.
    let kind = if plain == "native_dropout" { "dropout" } else { plain };
    let Some((_, operation)) = DROPOUTS.iter().find(|(known, _)| *known == kind) else { return Ok(None) };
    let rate = given.float("p", 0.5).filter(|rate| (0.0..=1.0).contains(rate));
    let rate = rate.ok_or_else(|| format!("expected a constant rate from 0 to 1 of `{target}`, found {:?}", given.get("p")))?;
    if rate == 0.0 {
        return Ok(None);
    }
    let id = importer.node(x)?;
    let call = Call::new(operation, vec![arg("self", Argument::Tensor(0)), arg("p", Argument::Float(rate))])?;
    if plain != name && importer.is_shown(id) {
        return Err(format!("`{target}` drops values in place that another value shows: export the network with `inplace=False`"));
    }
    let value = importer.push(Op::Call(call), vec![id])?;
    if plain != name {
        importer.replace(id, &value);
    }
    Ok(Some(value))
}
