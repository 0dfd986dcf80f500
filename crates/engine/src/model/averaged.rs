//! Averages of weights that are stored beside a network under changed names, or without running statistics.
//!
//! Hooks keep the average of each parameter as a buffer whose name is that of the parameter with the dots replaced: mmcv's `EMAHook`
//! `ema_conv1_weight`, CompVis' `LitEma` `model_ema.conv1weight`. They average parameters alone, and evaluate them with the running
//! statistics of the network that is trained.

use std::collections::{HashMap, HashSet};

use super::architecture::is_bookkeeping;
use super::checkpoint::{Entry, StateDict};
use super::is_parameter;
use super::state_dicts::{Candidate, Networks, joined};

/// How many leading parts of a name the name of its average may omit.
const MAX_LACKING: usize = 4;

/// Splits averages with changed names from a state dict: returns the rest, and the averages under the original names. `None` where there are
/// none.
pub fn take_out(dict: &StateDict) -> Option<(StateDict, StateDict)> {
    let is_matrix = |entry: &&Entry| entry.tensor.shape.len() > 1 && entry.name.contains('.');
    let first = dict.entries.iter().find(is_matrix)?;
    let changes = (0..MAX_LACKING).flat_map(|lacking| ["_", ""].map(|joint| (lacking, joint)));
    changes.into_iter().find_map(|(lacking, joint)| averages(dict, first, lacking, joint))
}

/// The averages whose names are `<something><name without its first parts and with dots replaced>`, where `first` has one.
fn averages(dict: &StateDict, first: &Entry, lacking: usize, joint: &str) -> Option<(StateDict, StateDict)> {
    let (outer, _) = if lacking == 0 { ("", "") } else { first.name.split_at(first.name.match_indices('.').nth(lacking - 1)?.0 + 1) };
    let changed = |name: &str| Some(name.strip_prefix(outer)?.replace('.', joint));
    // A name without dots is not changed: `features.3.weight` is no average of `features.0.weight`.
    let of_first = changed(&first.name).filter(|name| first.name.strip_prefix(outer) != Some(name.as_str()))?;
    let of_first = dict.entries.iter().find(|entry| {
        let is_other = entry.name != first.name && entry.tensor.shape == first.tensor.shape;
        is_other && entry.name.strip_suffix(&of_first).is_some_and(|before| before.contains(|c: char| c.is_ascii_alphabetic()))
    })?;
    let before = &of_first.name[..of_first.name.len() - changed(&first.name)?.len()];
    let by_name: HashMap<&str, &Entry> = dict.entries.iter().map(|entry| (entry.name.as_str(), entry)).collect();
    let average_of = |entry: &Entry| {
        let average = by_name.get(format!("{before}{}", changed(&entry.name)?).as_str())?;
        (average.name != entry.name && average.tensor.shape == entry.tensor.shape).then_some(*average)
    };
    let pairs: Vec<(&Entry, &Entry)> = dict.entries.iter().filter_map(|entry| Some((entry, average_of(entry)?))).collect();
    let own: HashSet<&str> = pairs.iter().map(|(_, average)| average.name.as_str()).collect();
    // A single name may end like another by chance, but not all names of a network.
    let is_of_one = pairs.iter().all(|(entry, _)| !own.contains(entry.name.as_str()));
    if pairs.len() < 2 || !is_of_one {
        return None;
    }
    let rest = dict.entries.iter().filter(|entry| !own.contains(entry.name.as_str())).cloned().collect();
    let entries = pairs.iter().map(|(entry, average)| Entry { name: entry.name.clone(), tensor: average.tensor.clone() }).collect();
    let key = joined(&dict.key, before.trim_end_matches(['.', '_']));
    Some((StateDict { entries: rest, ..dict.clone() }, StateDict { key, entries, is_module: dict.is_module }))
}

/// Completes candidates that lack only running statistics with those of the first network that has the same tensors.
pub fn complete(found: &mut [Candidate], networks: &impl Networks) {
    let whole: Vec<Candidate> = found.iter().filter(|candidate| candidate.is_network()).cloned().collect();
    for candidate in found.iter_mut().filter(|candidate| !candidate.is_network()) {
        let Some((completed, from)) = whole.iter().find_map(|network| Some((with_statistics(candidate, network, networks)?, &network.key)))
        else {
            continue;
        };
        let count = completed.entries.len() - candidate.entries.len();
        let key = completed.key.clone();
        *candidate = completed;
        candidate.notes.push(format!("`{key}` holds parameters alone: its {count} running statistics are those of `{from}`"));
    }
}

fn with_statistics(candidate: &Candidate, network: &Candidate, networks: &impl Networks) -> Option<Candidate> {
    let known: HashSet<&str> = candidate.entries.iter().map(|entry| entry.name.as_str()).collect();
    let mut entries = candidate.entries.clone();
    for entry in network.entries.iter().filter(|entry| !is_parameter(&entry.name) && !is_bookkeeping(&entry.name)) {
        let name = format!("{}{}", candidate.prefix, entry.name.strip_prefix(&network.prefix)?);
        if !known.contains(name.as_str()) {
            entries.push(Entry { name, tensor: entry.tensor.clone() });
        }
    }
    let mut completed = Candidate::new(candidate.key.clone(), entries, candidate.prefix.clone(), networks);
    completed.notes.clone_from(&candidate.notes);
    completed.is_network().then_some(completed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::checkpoint::{Dtype, Stored};

    fn dict(names: &[&str]) -> StateDict {
        let entry = |name: &&str| Entry { name: (*name).into(), tensor: Stored::spanning(Dtype::F32, vec![2, 2], 0..16) };
        StateDict { entries: names.iter().map(entry).collect(), ..StateDict::default() }
    }

    fn names(dict: &StateDict) -> Vec<&str> {
        dict.entries.iter().map(|entry| entry.name.as_str()).collect()
    }

    #[test]
    fn averages_are_found_by_the_names_that_hooks_give_them() {
        for (averaged, key) in [
            (&["ema_m_a_weight", "ema_m_b_bias"][..], "ema"),
            (&["swa.aweight", "swa.bbias"], "swa"),
            (&["m.ema_a_weight", "m.ema_b_bias"], "m.ema"),
        ] {
            let (rest, average) = take_out(&dict(&[&["m.a.weight", "m.b.bias"], averaged].concat())).unwrap();
            assert_eq!((names(&rest), names(&average)), (vec!["m.a.weight", "m.b.bias"], vec!["m.a.weight", "m.b.bias"]), "{key}");
            assert_eq!(average.key, key);
        }
    }

    #[test]
    fn layers_that_look_alike_are_no_averages_of_each_other() {
        for layers in [
            &["features.0.weight", "features.0.bias", "features.3.weight", "features.3.bias"][..],
            &["layer1.0.conv1.weight", "layer1.0.conv2.weight", "layer1.1.conv1.weight", "layer1.1.conv2.weight"],
            &["a.weight", "a_weight"],
            &["encoder.a.weight", "encoder.b.weight", "decoder.a.weight", "decoder.b.weight"],
        ] {
            assert!(take_out(&dict(layers)).is_none(), "{layers:?}");
        }
    }
}
