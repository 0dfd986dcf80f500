//! The zip of `torch.save` since PyTorch 1.6: `<name>/data.pkl`, `<name>/data/<key>`, `<name>/byteorder`. Source: `torch/serialization.py`,
//! `_load`; c10 `caffe2/serialize/inline_container.h`.

use flatland_core::data::pickle::{self, Value};
use flatland_core::data::zip_kind;

use super::backing::{Backing, budget};
use super::exported_program::text::EXPORT;
use super::zip_entries::{Archive, entry, open};
use super::{Container, Reading};

/// Reads a zip checkpoint; other kinds of zip files are refused by name.
pub fn read(bytes: Vec<u8>) -> Reading {
    let mut archive = match open(&bytes) {
        Ok(archive) => archive,
        Err(error) => {
            let reason = format!(
                "the zip archive is cut off or damaged: its directory, which stands at the end, cannot be read ({error}); found {} bytes. \
                 Download or copy the file again",
                bytes.len()
            );
            return Reading::refused(Some(Container::ZipPickle), reason);
        }
    };
    let names: Vec<String> = archive.file_names().map(String::from).collect();
    let Some(root) = root(&names) else {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let without = || "expected a PyTorch checkpoint, found a zip archive without data.pkl".to_owned();
        return Reading::refused(None, zip_kind(&names).map_or_else(without, |kind| kind.refusal("the file")));
    };
    if names.iter().any(|name| name.strip_prefix(root.as_str()).is_some_and(|rest| rest.starts_with("code/"))) {
        let reason = format!(
            "found a TorchScript archive, which is refused: loading one runs the code in it. Expected a state dict, or the network as data: \
             `{EXPORT}`"
        );
        return Reading::refused(None, reason);
    }
    let mut globals = Vec::new();
    let parsed = object(&mut archive, &root, &mut budget(&bytes), &mut globals);
    drop(archive);
    let big_endian = matches!(&parsed, Ok((_, true)));
    let parsed = parsed.map(|(object, big_endian)| (object, Backing::Zip { root, big_endian }));
    let mut reading = Reading::of_pickle(Container::ZipPickle, globals, bytes, parsed);
    if big_endian {
        reading.notes.push("big-endian numbers".into());
    }
    reading
}

/// The folder of `data.pkl`, with its `/`; `None` when there is none.
pub(super) fn root(names: &[String]) -> Option<String> {
    names.iter().filter_map(|name| name.strip_suffix("data.pkl")).min_by_key(|root| root.len()).map(String::from)
}

/// What was saved, and whether its numbers are big-endian; adds what it refers to to `globals`.
pub(super) fn object(
    archive: &mut Archive<'_>,
    root: &str,
    budget: &mut usize,
    globals: &mut Vec<String>,
) -> Result<(Value, bool), String> {
    let program = entry(archive, &format!("{root}data.pkl"), None, budget)?;
    globals.extend(pickle::globals(&program).iter().map(ToString::to_string));
    let (object, _) = pickle::parse(&program).map_err(|error| format!("cannot read data.pkl: {error}"))?;
    let big_endian = match entry(archive, &format!("{root}byteorder"), None, budget) {
        Ok(order) => order.trim_ascii() == b"big",
        // Files before PyTorch 2.1 have no byte order; they are little endian.
        Err(_) => false,
    };
    Ok((object, big_endian))
}
