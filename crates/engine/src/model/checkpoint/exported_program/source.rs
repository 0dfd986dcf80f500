//! [`Source`]: the entries of the file, read within the bytes that a file of its size can hold.

use std::ops::RangeInclusive;

use serde::de::DeserializeOwned;

use super::super::backing::budget;
use super::super::zip_entries::{Archive, entry, open, size};
use super::schema::{ExportedProgram, Versioned};
use super::text::{EXPORT, short};

/// Major versions of the JSON that are read: PyTorch 2.3 wrote 5, PyTorch 2.6 to 2.11 write 8.
const MAJORS: RangeInclusive<i64> = 5..=8;

/// A file as it is read.
pub(super) struct Source<'a> {
    archive: Archive<'a>,
    /// Names of its entries, in file order.
    pub(super) names: Vec<String>,
    /// Bytes that its entries may fill yet.
    pub(super) budget: usize,
}

impl<'a> Source<'a> {
    /// Reads the directory of an archive.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, String> {
        let archive = open(bytes).map_err(|error| format!("cannot read the zip archive: {error}"))?;
        let names = archive.file_names().map(String::from).collect();
        Ok(Self { archive, names, budget: budget(bytes) })
    }

    /// Whether there is an entry `name`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.archive.index_for_name(name).is_some()
    }

    /// The bytes of the entry `name`.
    pub(super) fn entry(&mut self, name: &str) -> Result<Vec<u8>, String> {
        entry(&mut self.archive, name, None, &mut self.budget)
    }

    /// Bytes of the entry `name`, as the directory says.
    pub(super) fn size(&mut self, name: &str) -> Result<usize, String> {
        size(&mut self.archive, name)
    }

    /// The JSON of the entry `name`.
    pub(super) fn json<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, String> {
        parse(name, &self.entry(name)?)
    }

    /// The program in the entry `name`.
    ///
    /// # Errors
    /// When it is of a version that is not read, or not of the form of that version.
    pub(super) fn program(&mut self, name: &str) -> Result<ExportedProgram, String> {
        let json = self.entry(name)?;
        // The version comes first: the rest of another one may have any form.
        let Versioned { schema_version, torch_version } = parse(name, &json)?;
        if !MAJORS.contains(&schema_version.major) {
            let by = torch_version.map(|version| format!(", written by PyTorch {}", short(&version))).unwrap_or_default();
            return Err(format!(
                "expected an exported program of schema version {} to {}, which PyTorch 2.3 to 2.11 write, found version {}{by}; export the \
                 network with PyTorch 2.11: `{EXPORT}`",
                MAJORS.start(),
                MAJORS.end(),
                schema_version.major
            ));
        }
        parse(name, &json)
    }
}

fn parse<T: DeserializeOwned>(name: &str, json: &[u8]) -> Result<T, String> {
    serde_json::from_slice(json).map_err(|error| {
        format!(
            "cannot read `{name}`: {}; expected the JSON of an exported program. Export the network again: `{EXPORT}`",
            short(&error.to_string())
        )
    })
}
