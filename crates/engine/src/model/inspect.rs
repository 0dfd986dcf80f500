//! [`inspect`]: what a checkpoint file holds, which network it is, or why it is refused.

use std::path::Path;

use flatland_core::result::{Assumed, Inspection, TensorInfo, TensorValues};
use flatland_core::session::NetworkChoice;

use super::architecture::{Architecture, Match};
use super::checkpoint::{self, Dtype, RawTensor, Reading};
use super::checkpoint_fit::{CheckpointFit, Known};
use super::ignore::Ignore;
use super::image_size::for_images;
use super::is_parameter;
use super::requested_network::RequestedNetwork;
use super::state_dicts::{self, Candidate};

/// Most tensors named in one note.
const NAMED: usize = 5;

/// Reports on the file at `path`, read by `choice`. Errors are in the report's `error`. Executes nothing.
pub fn inspect(path: &Path, choice: &NetworkChoice) -> Inspection {
    let mut report = Inspection { file: path.into(), ..Inspection::default() };
    match checkpoint::read(path) {
        Ok(reading) => fill(&mut report, reading, choice),
        Err(error) => report.error = Some(error.to_string()),
    }
    report
}

fn fill(report: &mut Inspection, reading: Reading, choice: &NetworkChoice) {
    report.container = reading.container.map(|container| container.label().into());
    report.globals = reading.globals;
    report.notes = reading.notes;
    let file = report.file.display().to_string();
    let refuse = |reason: String| Some(format!("{reason} ({file})"));
    let ignore = match Ignore::new(&choice.ignore) {
        Ok(ignore) => ignore,
        Err(reason) => {
            report.error = refuse(reason);
            return;
        }
    };
    let program = reading.program;
    let chosen = reading.contents.and_then(|contents| {
        let asked = RequestedNetwork::of(choice, program.as_ref(), &report.file, &contents).map_err(|refusal| {
            report.program = refusal.values;
            refusal.reason
        })?;
        let known = Known { asked: asked.as_ref(), ignore: &ignore };
        let chosen = state_dicts::choose(&contents, &known, choice.weights.as_deref()).map_err(|refusal| {
            report.state_dicts = refusal.keys;
            refusal.reason
        })?;
        let tensors = contents.gather(&chosen.candidate.entries)?;
        Ok((chosen, tensors, asked))
    });
    let (chosen, tensors, asked) = match chosen {
        Ok(chosen) => chosen,
        Err(reason) => {
            report.error = refuse(reason);
            return;
        }
    };
    let several = chosen.keys.len() > 1;
    report.state_dicts = chosen.keys;
    let Candidate { key, entries, prefix, notes, .. } = chosen.candidate;
    report.weights = several.then_some(key);
    report.notes.extend(notes);
    let fit = CheckpointFit::new(&entries, &prefix, &ignore);
    report.error = judge(report, &fit, asked.as_ref(), reading.architecture.as_deref(), choice.input_size).and_then(refuse);
    report.notes.extend(conversions(&tensors));
    report.notes.extend(non_finite(&tensors));
    report.parameters = tensors.iter().filter(|tensor| is_parameter(&tensor.name) && tensor.dtype.is_float()).map(numel).sum();
    let info = |tensor: RawTensor| {
        let values = tensor.dtype.to_f32(&tensor.data).and_then(|values| TensorValues::of(&values));
        TensorInfo { name: tensor.name, shape: tensor.shape, dtype: tensor.dtype.label().into(), values }
    };
    report.tensors = tensors.into_iter().map(info).collect();
}

/// Adds the network to the report, with what is assumed and ambiguous; returns why it is refused.
fn judge(
    report: &mut Inspection,
    fit: &CheckpointFit,
    asked: Option<&RequestedNetwork>,
    said: Option<&str>,
    size: Option<[usize; 2]>,
) -> Option<String> {
    if !fit.prefix.is_empty() {
        report.notes.push(format!("the names of its tensors begin with `{}`, which was stripped", fit.prefix));
    }
    report.notes.extend(fit.idle.iter().map(|glob| format!("`{glob}` of `ignore` means no tensor of the file")));
    report.loadable = fit.loadable();
    let named = match asked.map(|asked| fit.named(asked)).transpose() {
        Ok(named) => named,
        Err(reason) => return Some(reason),
    };
    let itself = fit.said(said).filter(|_| named.is_none()).cloned();
    if let (Some(said), None, None) = (said, &named, &itself) {
        report.notes.push(format!("the file says that it is of `{said}`, but its tensors are not those of an architecture of this name"));
    }
    let source = match (&named, &itself) {
        (Some(_), _) => Source::Asked,
        (None, Some(_)) => Source::File,
        (None, None) => Source::Tensors,
    };
    let nearest = || fit.nearest().cloned();
    let itself = itself.map(|architecture| (architecture, Match::default()));
    let Some((architecture, found)) = named.or(itself).or_else(nearest) else { return fit.problem() };
    let error = match source {
        Source::Asked => fit.misfit(&architecture, &found),
        Source::File | Source::Tensors => fit.problem(),
    };
    let error = match error {
        Some(error) => Some(error),
        None => match for_images(architecture, size) {
            Ok(architecture) => {
                name(report, fit, &architecture, source);
                None
            }
            Err(reason) => Some(reason),
        },
    };
    report.missing = found.missing;
    report.unexpected = found.unexpected;
    report.mismatched = found.mismatched;
    error
}

/// How the architecture is known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Asked,
    File,
    Tensors,
}

/// Adds the network to the report.
fn name(report: &mut Inspection, fit: &CheckpointFit, architecture: &Architecture, source: Source) {
    report.architecture = Some(architecture.name.clone());
    report.classes = Some(architecture.classes);
    report.input = Some(architecture.graph.input.clone());
    let other = fit.exact().filter(|other| other.name != architecture.name);
    report.ambiguous = other.map(|other| other.name.clone()).collect();
    let certain = |what: &str, value: String| Assumed { what: what.into(), value };
    report.program = architecture.program.as_ref().map(|program| program.values.clone());
    report.notes.extend(architecture.program.iter().flat_map(|program| program.notes.clone()));
    let left = if fit.left_out.is_empty() { String::new() } else { format!(", {} left out", fit.left_out.len()) };
    report.certain.push(certain(
        "tensors",
        format!("all {} that the network computes with, by name and shape, none is left over{left}", architecture.tensors.len()),
    ));
    report.certain.push(certain("classes", architecture.classes.to_string()));
    match source {
        Source::Asked => report.certain.push(certain("architecture", program_label(architecture).unwrap_or_else(|| "chosen".into()))),
        Source::File => report.certain.push(certain("architecture", "the file says so".into())),
        Source::Tensors => {
            report.question = fit.question();
            report.assumed = architecture.assumptions();
        }
    }
    if !fit.left_out.is_empty() {
        report.notes.push(format!("left out, as `ignore` says: {}", fit.left_out.join(", ")));
    }
}

/// What is known of an exported program.
fn program_label(architecture: &Architecture) -> Option<String> {
    let program = architecture.program.as_ref()?;
    let version = program.torch_version.as_ref().map_or(String::new(), |version| format!(" of PyTorch {version}"));
    Some(format!("an exported program{version}, {} operations", architecture.graph.nodes.len()))
}

fn numel(tensor: &RawTensor) -> i64 {
    tensor.shape.iter().product()
}

/// A note per float type that is converted to f32, and one on types that are not supported.
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
