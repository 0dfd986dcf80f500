//! [`CheckpointFit`]: finds the architecture that fits the tensors of a file.

use std::borrow::Cow;
use std::collections::HashSet;

use flatland_core::result::Loadable;

use super::architecture::{self, Architecture, Match, Shapes};
use super::checkpoint::Entry;
use super::ignore::{self, Ignore};
use super::requested_network::RequestedNetwork;
use super::state_dicts::Networks;

/// Most tensors named in one message.
const NAMED: usize = 4;

/// The names of a file without their common prefix, and the architectures that share tensors with it.
pub struct CheckpointFit {
    /// Prefix of the names of the network's tensors.
    pub prefix: String,
    /// Shapes by stripped name, without what is left out.
    pub shapes: Shapes,
    /// Names, as in the file, of the tensors that are left out.
    pub left_out: Vec<String>,
    /// The globs that match no tensor of the file.
    pub idle: Vec<String>,
    /// The architectures that share a tensor, the nearest first.
    candidates: Vec<(Architecture, Match)>,
}

impl CheckpointFit {
    /// Compares tensors, whose names begin with `prefix` where they are the network's, with every family; without those that a glob of
    /// `ignore` matches.
    pub fn new(entries: &[Entry], prefix: &str, ignore: &Ignore) -> Self {
        let names = || entries.iter().map(|entry| entry.name.as_str());
        let strip = |name| str::strip_prefix(name, prefix).unwrap_or(name);
        let (mut shapes, mut left_out) = (Shapes::new(), Vec::new());
        for entry in entries {
            if ignore.matches(&entry.name) || ignore.matches(strip(&entry.name)) {
                left_out.push(entry.name.clone());
            } else {
                shapes.insert(strip(&entry.name).to_owned(), entry.tensor.shape.clone());
            }
        }
        let idle = ignore.idle(names().chain(names().map(strip)));
        let candidates = architecture::candidates(&shapes);
        Self { prefix: prefix.to_owned(), shapes, left_out, idle, candidates }
    }

    /// A tensor's name without the common prefix.
    pub fn stripped<'a>(&self, name: &'a str) -> &'a str {
        name.strip_prefix(&self.prefix).unwrap_or(name)
    }

    /// The architectures that fit exactly, the usual one first.
    pub fn exact(&self) -> impl Iterator<Item = &Architecture> {
        self.candidates.iter().filter(|(_, found)| found.is_exact()).map(|(architecture, _)| architecture)
    }

    /// The nearest architecture, and how well it fits.
    pub fn nearest(&self) -> Option<&(Architecture, Match)> {
        self.candidates.first()
    }

    /// The architecture to use: the requested one `asked`, else `said`, the one in the file's metadata, else the only exact fit, or the exact
    /// fit that is by far the usual one.
    ///
    /// # Errors
    /// When none fits, tensors are left over, or the user has to choose.
    pub fn architecture(&self, asked: Option<&RequestedNetwork>, said: Option<&str>) -> Result<Architecture, String> {
        if let Some(asked) = asked {
            let (architecture, found) = self.named(asked)?;
            return match self.misfit(&architecture, &found) {
                None => Ok(architecture),
                Some(misfit) => Err(misfit),
            };
        }
        if let Some(said) = self.said(said) {
            return Ok(said.clone());
        }
        match (self.problem().or_else(|| self.question()), self.exact().next()) {
            (None, Some(architecture)) => Ok(architecture.clone()),
            (problem, _) => Err(problem.unwrap_or_else(|| "the file holds no tensors".into())),
        }
    }

    /// The requested network, in the variant that is nearest to the file, and how it fits.
    ///
    /// # Errors
    /// When its name is unknown.
    pub fn named(&self, asked: &RequestedNetwork) -> Result<(Architecture, Match), String> {
        let architecture = asked.architecture(&self.shapes)?;
        let found = architecture.compare(&self.shapes);
        Ok((architecture, found))
    }

    /// The architecture in the file's metadata, where it fits exactly.
    pub fn said(&self, said: Option<&str>) -> Option<&Architecture> {
        said.and_then(|said| self.exact().find(|architecture| architecture.name == said))
    }

    /// Why a network that was requested by name cannot be read; `None` when it can.
    pub fn misfit(&self, architecture: &Architecture, found: &Match) -> Option<String> {
        if !found.is_loadable() {
            let gone: HashSet<&str> = self.left_out.iter().map(|name| self.stripped(name)).collect();
            let gone = found.missing.iter().filter(|name| gone.contains(name.as_str())).count();
            let gone = if gone > 0 { format!("; {gone} of the missing are left out by `ignore`") } else { String::new() };
            return Some(format!("the tensors are not those of {}{gone}{}", describe(architecture, found), self.ways_out()));
        }
        if found.unexpected.is_empty() {
            return None;
        }
        let count = found.unexpected.len();
        let other = self
            .exact()
            .next()
            .map_or(String::new(), |exact| format!("{} has all of them: set architecture = \"{}\", or ", exact.name, exact.name));
        let globs = ignore::globs(&found.unexpected, &needed(architecture));
        Some(format!(
            "the file holds {count} tensor{} that {} does not have: {}; {other}leave them out with ignore = {globs:?}",
            if count == 1 { "" } else { "s" },
            architecture.name,
            some(&found.unexpected)
        ))
    }

    /// Why no architecture fits exactly; `None` when one does.
    pub fn problem(&self) -> Option<String> {
        match self.nearest() {
            Some((_, found)) if found.is_exact() => None,
            Some((architecture, found)) => Some(format!(
                "no known architecture has these tensors; the nearest is {}{}",
                describe(architecture, found),
                self.ways_out()
            )),
            None => {
                let examples: Vec<String> = self.shapes.iter().take(NAMED).map(|(name, shape)| format!("{name} {shape:?}")).collect();
                let more = if self.shapes.len() > examples.len() { ", .." } else { "" };
                Some(format!(
                    "no known architecture has these tensors: expected one of {}, found {} tensors ({}{more})",
                    architecture::KNOWN,
                    self.shapes.len(),
                    examples.join(", ")
                ))
            }
        }
    }

    /// A message on the choice that the user has to make: several networks have these tensors and none is the usual one.
    pub fn question(&self) -> Option<String> {
        let exact: Vec<&Architecture> = self.exact().collect();
        if exact.len() < 2 || exact[0].usual {
            return None;
        }
        let choices: Vec<String> = differences(&exact)
            .into_iter()
            .zip(&exact)
            .map(|(different, architecture)| format!("architecture = \"{}\" ({different})", architecture.name))
            .collect();
        Some(format!("{} networks have these tensors, and the file does not say which it is: set {}", exact.len(), choices.join(" or ")))
    }

    /// The networks that can be read on request and leaves something out.
    pub fn loadable(&self) -> Vec<Loadable> {
        let loadable = self.candidates.iter().filter(|(_, found)| found.is_loadable() && !found.is_exact());
        loadable
            .map(|(architecture, found)| Loadable {
                architecture: architecture.name.clone(),
                ignore: ignore::globs(&found.unexpected, &needed(architecture)),
            })
            .collect()
    }

    fn ways_out(&self) -> String {
        if let Some(exact) = self.exact().next() {
            return format!("; they are those of {}", exact.name);
        }
        let way = |way: &Loadable| format!("architecture = \"{}\" with ignore = {:?}", way.architecture, way.ignore);
        match self.loadable().first() {
            Some(first) => format!("; it can be read as {}", way(first)),
            None => String::new(),
        }
    }
}

/// The traits in which each of `architectures` differs from others.
fn differences(architectures: &[&Architecture]) -> Vec<String> {
    let told: Vec<_> = architectures.iter().map(|architecture| architecture.assumptions()).collect();
    let own = |list: &Vec<flatland_core::result::Assumed>| {
        let own = list.iter().filter(|assumed| !told.iter().all(|other| other.contains(assumed)));
        own.map(|assumed| format!("{} {}", assumed.what, assumed.value)).collect::<Vec<_>>().join(", ")
    };
    told.iter().map(own).collect()
}

fn needed(architecture: &Architecture) -> Vec<&str> {
    architecture.tensors.iter().map(|spec| spec.name.as_str()).collect()
}

/// The first of `names`, and how many more there are.
pub fn some(names: &[String]) -> String {
    let more = names.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", names[..names.len().min(NAMED)].join(", "))
}

/// The known networks, or only the requested one `asked`.
pub struct Known<'a> {
    /// The only network that it may be.
    pub asked: Option<&'a RequestedNetwork>,
    /// Tensors that no network has.
    pub ignore: &'a Ignore,
}

impl Known<'_> {
    fn wanted<'s>(&self, shapes: &'s Shapes) -> Cow<'s, Shapes> {
        if !shapes.keys().any(|name| self.ignore.matches(name)) {
            return Cow::Borrowed(shapes);
        }
        let wanted = shapes.iter().filter(|(name, _)| !self.ignore.matches(name));
        Cow::Owned(wanted.map(|(name, shape)| (name.clone(), shape.clone())).collect())
    }
}

impl Networks for Known<'_> {
    fn is_network(&self, shapes: &Shapes) -> bool {
        let shapes = self.wanted(shapes);
        match self.asked {
            Some(asked) => asked.architecture(&shapes).is_ok_and(|architecture| architecture.compare(&shapes).is_loadable()),
            None => architecture::candidates(&shapes).first().is_some_and(|(_, found)| found.is_exact()),
        }
    }

    fn nearness(&self, shapes: &Shapes) -> i64 {
        let shared = |found: &Match| found.matched as i64 - found.missing.len() as i64 - found.mismatched.len() as i64;
        let wanted = self.wanted(shapes);
        match self.asked {
            Some(asked @ RequestedNetwork::Program(_)) => {
                asked.architecture(&wanted).map_or(0, |architecture| shared(&architecture.compare(&wanted)))
            }
            Some(RequestedNetwork::Named(_)) | None => architecture::candidates(&wanted).first().map_or(0, |(_, found)| shared(found)),
        }
    }

    fn ignores(&self, name: &str) -> bool {
        self.ignore.matches(name)
    }
}

fn describe(architecture: &Architecture, found: &Match) -> String {
    let mut text = format!(
        "{}: {} of its {} tensors match, {} missing, {} of another shape, {} unexpected",
        architecture.name,
        found.matched,
        architecture.tensors.len(),
        found.missing.len(),
        found.mismatched.len(),
        found.unexpected.len()
    );
    let examples = [("missing", found.missing.first()), ("unexpected", found.unexpected.first()), ("mismatched", found.mismatched.first())];
    let examples: Vec<String> = examples.iter().filter_map(|(kind, name)| name.map(|name| format!("{kind} {name}"))).collect();
    if !examples.is_empty() {
        text.push_str(&format!(" (e.g. {})", examples.join("; ")));
    }
    text
}
