//! The choice of the state dict that is read from a file: all candidates, their order, and the chosen one.
//!
//! By default the first state dict is read whose tensors are those of a known network. Averages of weights (`ema`, `teacher`, ..) are ordered
//! after the others, the usual names (`state_dict`, `model`, ..) before. A note lists the others.

use std::borrow::Cow;

use super::architecture::Shapes;
use super::checkpoint::{Contents, Entry, StateDict};
use super::{averaged, prefix};

/// Keys under which people keep the state dict of a network, in order of preference.
const USUAL: [&str; 9] =
    ["state_dict", "model_state_dict", "net", "model", "model_state", "network", "net_state_dict", "weights", "params"];
/// Words in the keys of averages of weights, and of second networks beside the trained one.
const SECOND: [&str; 13] =
    ["ema", "swa", "avg", "averaged", "average", "teacher", "target", "shadow", "slow", "polyak", "momentum", "key", "k"];
/// Counters of wrappers, one number each, which are no tensors of a network.
const COUNTERS: [&str; 7] = ["n_averaged", "num_updates", "updates", "decay", "initted", "step", "steps"];
/// Greatest total length of the names of nested dicts, in bytes.
const MAX_NESTED: usize = 1 << 26;
/// Most averages in one state dict.
const MAX_AVERAGES: usize = 4;
/// Modules that wrappers insert between a layer and its parts.
const INNER: [&str; 4] = ["_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module"];
/// Names of optimizer state, where it is stored beside the parameters.
const SLOTS: [&str; 8] = ["exp_avg", "exp_avg_sq", "max_exp_avg_sq", "momentum_buffer", "square_avg", "grad_avg", "acc_delta", "old_p"];
/// Parts of the names of tensors that belong to a loss or a metric.
const LOSSES: [&str; 8] = ["criterion", "loss", "loss_fn", "loss_func", "loss_function", "losses", "metric", "metrics"];

/// How well tensors are those of networks that can be computed with.
pub trait Networks {
    /// Whether these are the tensors of one network.
    fn is_network(&self, shapes: &Shapes) -> bool;
    /// How many tensors of the nearest network are there, less those that are not; 0 or less when none is near.
    fn nearness(&self, shapes: &Shapes) -> i64;
    /// Whether `ignore` leaves out a tensor of this name, with or without its prefix.
    fn ignores(&self, name: &str) -> bool;
}

/// A state dict that may be read.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its key, `.` for the file itself.
    pub key: String,
    /// Its tensors, without counters of wrappers.
    pub entries: Vec<Entry>,
    /// Prefix of the names of the network's tensors.
    pub prefix: String,
    /// Notes on it.
    pub notes: Vec<String>,
    rank: Rank,
}

/// How well a state dict fits a network, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Its tensors are those of a known network.
    Network,
    /// It shares tensors with one.
    Near,
    /// It has several matrices.
    Weights,
    /// It has floats.
    Floats,
    /// None of these.
    Other,
}

/// The state dict that is read, and all that could be.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// Keys of all, the default first.
    pub keys: Vec<String>,
    /// The chosen one.
    pub candidate: Candidate,
    /// A note, where there are several and none was chosen.
    pub question: Option<String>,
}

/// Why no state dict is read.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Keys of all.
    pub keys: Vec<String>,
    /// The message.
    pub reason: String,
}

/// The state dict of `contents` under the key `weights`, or the first.
///
/// # Errors
/// When there is none of that key; the message lists what is there.
pub fn choose(contents: &Contents, networks: &impl Networks, weights: Option<&str>) -> Result<Chosen, Refusal> {
    let candidates = candidates(contents, networks);
    let keys: Vec<String> = candidates.iter().map(|candidate| candidate.key.clone()).collect();
    let at = weights.map_or(Ok(0), |wanted| position(&keys, wanted));
    let none = || "the file holds no tensors by name; expected a state dict".to_owned();
    let chosen = at.and_then(|at| candidates.into_iter().nth(at).ok_or_else(none));
    let mut candidate = match chosen {
        Ok(candidate) => candidate,
        Err(reason) => return Err(Refusal { keys, reason }),
    };
    let key = &candidate.key;
    let others = || keys.iter().filter(|other| *other != key);
    let question = (weights.is_none() && keys.len() > 1).then(|| {
        let first = others().next().map_or("", String::as_str);
        format!(
            "the file holds {} state dicts: `{key}` is read, {} not; `weights = \"{first}\"` reads another",
            keys.len(),
            listed(others())
        )
    });
    let note = match (&question, keys.len()) {
        (Some(question), _) => Some(question.clone()),
        (None, 2..) => Some(format!("`{key}` is read, as `weights` says; the file also holds {}", listed(others()))),
        (None, _) => (key != ".").then(|| format!("state dict taken from `{key}`")),
    };
    candidate.notes.splice(0..0, note);
    Ok(Chosen { keys, candidate, question })
}

/// Names in a message.
fn listed<'a>(keys: impl Iterator<Item = &'a String>) -> String {
    keys.map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}

/// Index of the key `wanted`: an equal key, or the only one that begins or ends with it.
fn position(keys: &[String], wanted: &str) -> Result<usize, String> {
    if let Some(at) = keys.iter().position(|key| key == wanted) {
        return Ok(at);
    }
    let is_part = |key: &String| {
        let after = key.strip_prefix(wanted).is_some_and(|rest| rest.starts_with(['.', '[']));
        after || key.strip_suffix(wanted).is_some_and(|rest| rest.ends_with('.'))
    };
    let parts: Vec<usize> = (0..keys.len()).filter(|&at| is_part(&keys[at])).collect();
    match parts[..] {
        [at] => Ok(at),
        _ => Err(format!("expected `weights` to be one of the state dicts of the file, {}, found \"{wanted}\"", listed(keys.iter()))),
    }
}

/// Every state dict that may be read, the likeliest first.
fn candidates(contents: &Contents, networks: &impl Networks) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = contents.state_dicts.iter().flat_map(|dict| split_averages(dict, networks)).collect();
    averaged::complete(&mut found, networks);
    if found.len() > 1 && !found.iter().any(Candidate::is_network) {
        let mut whole = together(&contents.state_dicts).map_or(Vec::new(), |dict| split(&dict, networks));
        if whole.iter().any(Candidate::is_network) {
            whole.iter_mut().for_each(Candidate::leave_out_others);
            whole.iter_mut().filter(|one| one.key == ".").for_each(|one| one.key = joined("", &one.prefix));
            found = whole;
        }
    }
    let (wanted, rest): (Vec<_>, Vec<_>) = found.into_iter().partition(|candidate| candidate.rank <= Rank::Weights);
    let mut found = if wanted.is_empty() { rest } else { wanted };
    found.sort_by_key(Candidate::order);
    found
}

impl Candidate {
    /// Order of preference; among equals file order.
    fn order(&self) -> (Rank, bool, usize) {
        let words: Vec<&str> = self.key.split(|c: char| !c.is_ascii_alphanumeric()).collect();
        let is_second = words.iter().any(|word| SECOND.contains(&word.to_lowercase().as_str()));
        let usual = |part| USUAL.iter().position(|usual| *usual == part);
        (self.rank, is_second, self.key.split('.').find_map(usual).unwrap_or(USUAL.len()))
    }

    /// The shapes of the network's tensors by their names without the prefix.
    fn shapes(&self, networks: &impl Networks) -> Shapes {
        prefix::within(&shapes(&self.entries, networks), &self.prefix)
    }

    /// A candidate of `entries`, with its fit to known networks.
    pub fn new(key: String, entries: Vec<Entry>, prefix: String, networks: &impl Networks) -> Self {
        let mut candidate = Self { key, entries, prefix, notes: Vec::new(), rank: Rank::Other };
        candidate.rank = candidate.rank(networks);
        candidate
    }

    fn rank(&self, networks: &impl Networks) -> Rank {
        let shapes = self.shapes(networks);
        let floats = || self.entries.iter().filter(|entry| entry.tensor.dtype.is_float());
        if networks.is_network(&shapes) {
            Rank::Network
        } else if networks.nearness(&shapes) > 0 {
            Rank::Near
        } else if floats().filter(|entry| entry.tensor.shape.len() > 1).count() > 1 {
            Rank::Weights
        } else if floats().next().is_some() {
            Rank::Floats
        } else {
            Rank::Other
        }
    }

    /// Whether its tensors are those of a known network.
    pub fn is_network(&self) -> bool {
        self.rank == Rank::Network
    }
}

/// The shapes of tensors by name, without those that are ignored.
fn shapes(entries: &[Entry], networks: &impl Networks) -> Shapes {
    let wanted = entries.iter().filter(|entry| !networks.ignores(&entry.name));
    wanted.map(|entry| (entry.name.clone(), entry.tensor.shape.clone())).collect()
}

/// The candidates of one state dict, and of the averages in it under changed names.
fn split_averages(dict: &StateDict, networks: &impl Networks) -> Vec<Candidate> {
    let mut dict = Cow::Borrowed(dict);
    let mut averages = Vec::new();
    while averages.len() < MAX_AVERAGES {
        let Some((rest, average)) = averaged::take_out(&dict) else { break };
        dict = Cow::Owned(rest);
        averages.push(average);
    }
    std::iter::once(&*dict).chain(&averages).flat_map(|dict| split(dict, networks)).collect()
}

/// The candidates of one state dict: one for each network in it, or the whole.
fn split(dict: &StateDict, networks: &impl Networks) -> Vec<Candidate> {
    let (counters, entries): (Vec<Entry>, Vec<Entry>) = dict.entries.iter().cloned().partition(is_counter);
    let (slots, mut entries): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(is_slot);
    let within = |entries: &[Entry]| prefix::networks(&shapes(entries, networks), |shapes| networks.is_network(shapes));
    let mut prefixes = within(&entries);
    let mut notes = Vec::new();
    if let (true, Some(bare)) = (prefixes.is_empty(), without_inner(&entries)) {
        prefixes = within(&bare);
        if !prefixes.is_empty() {
            entries = bare;
            notes.push(format!("taken out of the names, as put there by wrappers: {}", INNER.join(", ")));
        }
    }
    if dict.is_module {
        notes.push("a whole pickled module: its tensors are read, its code is not".into());
    }
    for (left_out, what) in [(counters, "what a wrapper counts with"), (slots, "an optimizer's")] {
        if !left_out.is_empty() {
            notes.push(format!("left out, as {what}: {}", some(&left_out)));
        }
    }
    let key = |prefix: &str| joined(&dict.key, if prefixes.len() > 1 { prefix } else { "" });
    let mut found: Vec<Candidate> = match &prefixes[..] {
        [] => {
            let prefix = prefix::likeliest(&shapes(&entries, networks), |shapes| networks.nearness(shapes));
            vec![Candidate::new(key(""), entries, prefix, networks)]
        }
        several => {
            let own = |prefix: &String| {
                let is_of_another = |name: &str| several.iter().any(|other| other != prefix && name.starts_with(other.as_str()));
                entries.iter().filter(|entry| !is_of_another(&entry.name)).cloned().collect()
            };
            several.iter().map(|prefix| Candidate::new(key(prefix), own(prefix), prefix.clone(), networks)).collect()
        }
    };
    for candidate in &mut found {
        candidate.notes.extend(notes.iter().cloned());
        candidate.leave_out_losses();
    }
    found
}

/// The same tensors by names without the modules that wrappers put in; `None` where there are none, or two get one name.
fn without_inner(entries: &[Entry]) -> Option<Vec<Entry>> {
    let bare = |name: &str| name.split('.').filter(|part| !INNER.contains(part)).collect::<Vec<_>>().join(".");
    let names: std::collections::HashSet<String> = entries.iter().map(|entry| bare(&entry.name)).collect();
    let renames = names.len() == entries.len() && entries.iter().any(|entry| !names.contains(&entry.name));
    renames.then(|| entries.iter().map(|entry| Entry { name: bare(&entry.name), tensor: entry.tensor.clone() }).collect())
}

/// The key of the tensors of the state dict `outer` with the prefix `inner`; `.` for the file itself.
pub fn joined(outer: &str, inner: &str) -> String {
    match (outer, inner.trim_end_matches('.')) {
        ("", "") => ".".to_owned(),
        ("", part) | (part, "") => part.to_owned(),
        (outer, inner) => format!("{outer}.{inner}"),
    }
}

/// All state dicts of a file as one, the keys before the names: nested dicts of tensors are the layers of one network. `None` where the
/// names get too long.
fn together(dicts: &[StateDict]) -> Option<StateDict> {
    let length = |dict: &StateDict| dict.entries.iter().map(|entry| dict.key.len() + entry.name.len()).sum::<usize>();
    if dicts.iter().map(length).sum::<usize>() > MAX_NESTED {
        return None;
    }
    let name = |key: &str, name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
    let renamed = |dict: &StateDict| {
        dict.entries.iter().map(|entry| Entry { name: name(&dict.key, &entry.name), tensor: entry.tensor.clone() }).collect::<Vec<_>>()
    };
    Some(StateDict { entries: dicts.iter().flat_map(renamed).collect(), ..StateDict::default() })
}

impl Candidate {
    /// Leaves out what does not begin with the prefix.
    fn leave_out_others(&mut self) {
        self.entries.retain(|entry| entry.name.starts_with(&self.prefix));
    }

    /// Leaves out what belongs to a loss or metric beside a network that has a prefix of its own.
    fn leave_out_losses(&mut self) {
        if self.prefix.is_empty() {
            return;
        }
        let of_loss = |name: &str| {
            let is_loss = |part: &str| LOSSES.contains(&part) || part.ends_with("_loss") || part.ends_with("_criterion");
            !name.starts_with(&self.prefix) && name.split('.').any(is_loss)
        };
        let (left_out, kept): (Vec<Entry>, Vec<Entry>) =
            std::mem::take(&mut self.entries).into_iter().partition(|entry| of_loss(&entry.name));
        self.entries = kept;
        if !left_out.is_empty() {
            self.notes.push(format!("left out, as a loss's or metric's and not the network's: {}", some(&left_out)));
        }
    }
}

/// The first names of tensors, and how many more there are.
fn some(entries: &[Entry]) -> String {
    super::checkpoint_fit::some(&entries.iter().map(|entry| entry.name.clone()).collect::<Vec<_>>())
}

fn last_part(entry: &Entry) -> &str {
    entry.name.rsplit(['.', '/']).next().unwrap_or(&entry.name)
}

/// Whether a tensor is a number that a wrapper counts with.
fn is_counter(entry: &Entry) -> bool {
    entry.tensor.shape.iter().all(|&side| side == 1) && COUNTERS.contains(&last_part(entry))
}

/// Whether a tensor is what an optimizer keeps of a parameter.
fn is_slot(entry: &Entry) -> bool {
    SLOTS.contains(&last_part(entry))
}
