//! [`inspect`]: what a checkpoint file holds, which network it is, or why it is refused.

use std::path::Path;

use flatland::result::{Inspection, TensorInfo};
use flatland::session::NetworkChoice;

use super::checkpoint::{self, Dtype, RawTensor, Reading};
use super::checkpoint_fit::CheckpointFit;
use super::is_parameter;

/// Most tensors named in one note.
const NAMED: usize = 5;

/// Reports on the file at `path`, read as `choice` says. Never fails: what goes wrong is in the report's `error`. Executes nothing.
pub fn inspect(path: &Path, _choice: &NetworkChoice) -> Inspection {
    let mut report = Inspection { file: path.into(), ..Inspection::default() };
    match checkpoint::read(path) {
        Ok(reading) => fill(&mut report, reading),
        Err(error) => report.error = Some(error.to_string()),
    }
    report
}

fn fill(report: &mut Inspection, reading: Reading) {
    report.container = reading.container.map(|container| container.label().into());
    report.globals = reading.globals;
    report.notes = reading.notes;
    let refuse = |reason: String| Some(format!("{reason} ({})", report.file.display()));
    let tensors = match reading.tensors {
        Ok(tensors) => tensors,
        Err(reason) => {
            report.error = refuse(reason);
            return;
        }
    };
    let fit = CheckpointFit::new(&tensors);
    report.error = fit.problem().and_then(refuse);
    if !fit.prefix.is_empty() {
        report.notes.push(format!("all names began with `{}`, which was stripped", fit.prefix));
    }
    if let Some((architecture, found)) = &fit.nearest {
        report.missing = found.missing.clone();
        report.unexpected = found.unexpected.clone();
        report.mismatched = found.mismatched.clone();
        if fit.exact().is_some() {
            report.architecture = Some(architecture.name.clone());
            report.classes = Some(architecture.classes);
            report.input = Some(architecture.graph.input);
            report.notes.extend(architecture.open_question.map(|question| format!("{question}; it is used only when asked for by name")));
        }
    }
    report.notes.extend(conversions(&tensors));
    report.notes.extend(non_finite(&tensors));
    report.parameters = tensors.iter().filter(|tensor| is_parameter(&tensor.name) && tensor.dtype.is_float()).map(numel).sum();
    let info = |tensor: RawTensor| TensorInfo { name: tensor.name, shape: tensor.shape, dtype: tensor.dtype.label().into() };
    report.tensors = tensors.into_iter().map(info).collect();
}

fn numel(tensor: &RawTensor) -> i64 {
    tensor.shape.iter().product()
}

/// A note per float type that is converted to f32, and one on types that we do not compute with.
fn conversions(tensors: &[RawTensor]) -> Vec<String> {
    let mut notes = Vec::new();
    for dtype in [Dtype::F16, Dtype::Bf16, Dtype::F64] {
        let count = tensors.iter().filter(|tensor| tensor.dtype == dtype).count();
        if count > 0 {
            notes.push(format!("{count} tensors of {} are converted to f32", dtype.label()));
        }
    }
    let other: Vec<_> = tensors.iter().filter(|tensor| matches!(tensor.dtype, Dtype::Other(..))).collect();
    if let Some(first) = other.first() {
        notes.push(format!(
            "{} tensors have a type that is not computed with, e.g. `{}`: {}",
            other.len(),
            first.name,
            first.dtype.label()
        ));
    }
    notes
}

fn non_finite(tensors: &[RawTensor]) -> Option<String> {
    let broken =
        |tensor: &&RawTensor| tensor.dtype.to_f32(&tensor.data).is_some_and(|values| values.iter().any(|value| !value.is_finite()));
    let names: Vec<&str> = tensors.iter().filter(broken).map(|tensor| tensor.name.as_str()).collect();
    let more = names.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!names.is_empty()).then(|| format!("not all values are finite (NaN or Inf) in {}{more}", names[..names.len().min(NAMED)].join(", ")))
}
