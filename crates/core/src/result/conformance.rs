//! [`Conformance`]: every definition, how it was checked on one machine, and its error.

use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::{ResultError, json};

/// What is checked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// Its statement in a line.
    pub formula: String,
    /// Its source: paper and equation, or a tool's code.
    pub source: String,
}

impl Definition {
    /// A definition of these three parts.
    pub fn new(name: impl Into<String>, formula: impl Into<String>, source: impl Into<String>) -> Self {
        Self { name: name.into(), formula: formula.into(), source: source.into() }
    }
}

/// A definition with its check and its error.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What is checked.
    #[serde(flatten)]
    pub definition: Definition,
    /// What it is compared with: a closed form, or an independent computation.
    pub against: String,
    /// The reference of the relative error.
    pub relative_to: String,
    /// The error; absent where the comparison gave no number, which is a failure.
    pub error: Option<f64>,
    /// The largest error that passes; 0 asks for the same bits.
    pub tolerance: f64,
    /// Seconds that it took, without work that it shares with the check before.
    pub seconds: f64,
}

impl Check {
    /// Whether the error is within the tolerance.
    pub fn passes(&self) -> bool {
        self.error.is_some_and(|error| error <= self.tolerance)
    }
}

/// Checks that belong together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CheckGroup {
    /// Their subject: `Hessian`, or `DR-SAM on CIFAR-10 test`.
    pub name: String,
    /// What they have in common: networks, images, arithmetic.
    pub about: String,
    /// The checks.
    pub checks: Vec<Check>,
}

/// Builds a [`CheckGroup`], timing each check from the end of the one before.
#[derive(Debug)]
pub struct Checks {
    group: CheckGroup,
    since: Instant,
}

impl Checks {
    /// An empty group.
    pub fn new(name: impl Into<String>, about: impl Into<String>) -> Self {
        Self { group: CheckGroup { name: name.into(), about: about.into(), checks: Vec::new() }, since: Instant::now() }
    }

    /// Adds a check with its error. An error that is not finite is stored as absent.
    pub fn add(&mut self, definition: Definition, against: &str, relative_to: &str, error: f64, tolerance: f64) {
        let seconds = self.since.elapsed().as_secs_f64();
        self.since = Instant::now();
        let (against, relative_to) = (against.into(), relative_to.into());
        self.group.checks.push(Check { definition, against, relative_to, error: error.is_finite().then_some(error), tolerance, seconds });
    }

    /// Adds a failure that ended the checks, with its reason.
    pub fn fail(&mut self, reason: &str) {
        let definition = Definition::new("The remaining checks", "could not be run", "");
        self.add(definition, reason, "", f64::NAN, 0.0);
    }

    /// The finished group.
    pub fn finish(self) -> CheckGroup {
        self.group
    }
}

/// The machine of the checks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Name of the processor; empty if the system does not report it.
    pub processor: String,
    /// `cpu` or `cuda:N`: where Flatland computed. References are computed on the CPU in any case.
    pub device: String,
    /// Threads of the arithmetic.
    pub threads: usize,
    /// Version of libtorch; empty if it does not report it.
    pub libtorch: String,
    /// Operating system and architecture.
    pub system: String,
}

/// All groups of one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Conformance {
    /// Version of Flatland.
    pub version: String,
    /// The machine.
    pub machine: Machine,
    /// The groups.
    pub groups: Vec<CheckGroup>,
}

impl Conformance {
    /// Every check.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        self.groups.iter().flat_map(|group| &group.checks)
    }

    /// The failed checks, each with its group.
    pub fn failures(&self) -> impl Iterator<Item = (&CheckGroup, &Check)> {
        let of = |group| move |check| (group, check);
        self.groups.iter().flat_map(move |group| group.checks.iter().filter(|check| !check.passes()).map(of(group)))
    }

    /// Adds the groups of another part of the same run.
    pub fn extend(&mut self, other: Self) {
        self.groups.extend(other.groups);
        (self.version, self.machine) = (other.version, other.machine);
    }

    /// Writes `conformance.json` into `folder`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), ResultError> {
        json::save(&folder.join("conformance.json"), self)
    }

    /// Reads what [`Conformance::save`] wrote.
    ///
    /// # Errors
    /// When the file is missing, unreadable or not what it should be.
    pub fn load(folder: &Path) -> Result<Self, ResultError> {
        json::load(&folder.join("conformance.json"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_check_without_a_number_fails_and_survives_the_file() {
        let mut checks = Checks::new("group", "about");
        for (error, tolerance) in [(1e-6, 1e-5), (0.0, 0.0), (1e-17, 0.0), (f64::NAN, 1.0), (f64::INFINITY, 1.0)] {
            checks.add(Definition::new("name", "formula", "source"), "against", "its value", error, tolerance);
        }
        checks.fail("out of memory");
        let report = Conformance { groups: vec![checks.finish()], ..Conformance::default() };
        assert_eq!(report.checks().map(Check::passes).collect::<Vec<_>>(), [true, true, false, false, false, false]);
        assert_eq!(report.failures().count(), 4);
        let folder = tempfile::tempdir().unwrap();
        report.save(folder.path()).unwrap();
        assert_eq!(Conformance::load(folder.path()).unwrap(), report);
    }
}
