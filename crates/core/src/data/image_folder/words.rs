//! The names of WordNet ids in `words.txt`, as Tiny ImageNet has it: `n01443537<tab>goldfish, Carassius auratus` a line.

use std::collections::BTreeMap;
use std::path::Path;

/// The names of these ids by a `words.txt` in the folder or the two above it: the first synonym, all of them where several ids share
/// the first. Ids without a name are left out.
pub(super) fn words(folder: &Path, ids: &[String]) -> BTreeMap<String, String> {
    let file = folder.ancestors().take(3).map(|folder| folder.join("words.txt")).find(|file| file.is_file());
    let text = file.and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
    let all: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once('\t')).map(|(id, name)| (id, name.trim())).collect();
    let first = |name: &str| name.split(',').next().unwrap_or(name).trim().to_owned();
    let names: Vec<(&String, &str)> = ids.iter().filter_map(|id| Some((id, *all.get(id.as_str())?))).collect();
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    for (_, name) in &names {
        *uses.entry(first(name)).or_default() += 1;
    }
    let shown = |name: &str| if uses.get(&first(name)) == Some(&1) { first(name) } else { name.to_owned() };
    names.into_iter().map(|(id, name)| (id.clone(), shown(name))).collect()
}
