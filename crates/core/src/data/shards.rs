//! Shards: files that each hold a part of a dataset, `imagenet-train-000000.tar`, `train-00000-of-00002.parquet`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::DataError;

/// Words in the name of a shard that are splits, in the order of preference.
const SPLITS: [&str; 5] = ["test", "val", "valid", "validation", "train"];

/// What the name of a shard says.
#[derive(Debug, PartialEq, Eq)]
struct Shard {
    /// The name without its number.
    group: String,
    number: Option<usize>,
    /// The number of shards.
    of: Option<usize>,
}

impl Shard {
    fn new(file: &Path) -> Self {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        // Hugging Face wrote a hash behind the number.
        let is_hash = |hash: &str| hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        let name = stem.rsplit_once('-').filter(|(name, hash)| is_hash(hash) && name.contains("-of-")).map_or(&*stem, |(name, _)| name);
        let number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
        let numbered = name.rsplit_once("-of-").and_then(|(name, of)| {
            let (group, first) = name.rsplit_once('-')?;
            Some(Shard { group: group.into(), number: Some(number(first)?), of: Some(number(of)?) })
        });
        if let Some(shard) = numbered {
            return shard;
        }
        let group = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let digits = &name[group.len()..];
        let bare = group.trim_end_matches(['-', '_', '.']);
        // `cifar10` and `cifar100` are two names, not two shards.
        let is_numbered = digits.len() >= 4 || (!digits.is_empty() && bare.len() < group.len()) || group.is_empty();
        if is_numbered {
            return Shard { group: bare.into(), number: number(digits), of: None };
        }
        Shard { group: name.into(), number: None, of: None }
    }

    fn is_of(&self, split: &str) -> bool {
        self.group == split || self.group.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word.eq_ignore_ascii_case(split))
    }
}

/// Those of `files` in `folder` that hold split `wanted` (or else the first split that is there, or all of them when they are parts of one),
/// in the order of their numbers.
///
/// # Errors
/// When no name or several names are of the split, or some of its shards are missing.
pub(super) fn of_split(what: &'static str, folder: &Path, files: Vec<PathBuf>, wanted: Option<&str>) -> Result<Vec<PathBuf>, DataError> {
    let mut groups: BTreeMap<String, Vec<(Shard, PathBuf)>> = BTreeMap::new();
    for file in files {
        let shard = Shard::new(&file);
        groups.entry(shard.group.clone()).or_default().push((shard, file));
    }
    let of = |split: &str| -> Vec<&String> {
        let exact = groups.keys().filter(|group| *group == split).collect::<Vec<_>>();
        let by_word = || groups.iter().filter(|(_, shards)| shards[0].0.is_of(split)).map(|(group, _)| group).collect();
        if exact.is_empty() { by_word() } else { exact }
    };
    let chosen = match wanted {
        Some(split) => of(split),
        None if groups.len() == 1 => groups.keys().collect(),
        None => SPLITS.into_iter().map(of).find(|groups| !groups.is_empty()).unwrap_or_default(),
    };
    let [group] = chosen.as_slice() else {
        let found: Vec<String> = groups.keys().map(|group| format!("`{group}`")).collect();
        let expected = match wanted {
            Some(split) => format!("one dataset of the split `{split}`"),
            None => "a split that names one of several datasets".to_owned(),
        };
        let found = if found.is_empty() { "none".into() } else { found.join(", ") };
        return Err(DataError::invalid(what, expected, found, folder));
    };
    let mut shards = groups.get(*group).map(|shards| shards.iter().collect::<Vec<_>>()).unwrap_or_default();
    shards.sort_by_key(|(shard, file)| (shard.number, file));
    complete(what, folder, &shards)?;
    Ok(shards.into_iter().map(|(_, file)| file.clone()).collect())
}

/// # Errors
/// When a shard is missing or there twice.
fn complete(what: &'static str, folder: &Path, shards: &[&(Shard, PathBuf)]) -> Result<(), DataError> {
    let numbers: Vec<usize> = shards.iter().filter_map(|(shard, _)| shard.number).collect();
    let of = shards.iter().filter_map(|(shard, _)| shard.of).max();
    let first = if of.is_none() { numbers.first().copied().unwrap_or(0) } else { 0 };
    let count = of.unwrap_or(shards.len());
    // One file whose name ends in a number is whole.
    let is_alone = shards.len() == 1 && of.is_none();
    let is_complete = numbers.len() == shards.len() && numbers.iter().copied().eq(first..first + count);
    if is_alone || is_complete {
        return Ok(());
    }
    let missing = (first..first + count).find(|number| !numbers.contains(number));
    let found = match missing {
        Some(number) => format!("{} without number {number}", shards.len()),
        None => format!("{} with a number twice", shards.len()),
    };
    let name = shards.first().map_or("", |(shard, _)| shard.group.as_str());
    let expected = format!("all shards of `{name}`, {count} numbered from {first} on (a part of them is opened as a file each)");
    Err(DataError::invalid(what, expected, found, folder))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn chosen(names: &[&str], wanted: Option<&str>) -> Result<Vec<String>, String> {
        let files = names.iter().map(|name| PathBuf::from(format!("/d/{name}"))).collect();
        let chosen = of_split("shards", Path::new("/d"), files, wanted).map_err(|error| error.to_string())?;
        Ok(chosen.iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned()).collect())
    }

    #[test]
    fn shards_are_in_the_order_of_their_numbers() {
        let tars = ["imagenet-train-000001.tar", "imagenet-val-000000.tar", "imagenet-train-000000.tar"];
        assert_eq!(chosen(&tars, Some("train")).unwrap(), ["imagenet-train-000000.tar", "imagenet-train-000001.tar"]);
        assert_eq!(chosen(&tars, Some("imagenet-val")).unwrap(), ["imagenet-val-000000.tar"]);
        assert_eq!(chosen(&tars, None).unwrap(), ["imagenet-val-000000.tar"], "val before train");
        assert_eq!(chosen(&["9.tar", "11.tar", "10.tar"], None).unwrap(), ["9.tar", "10.tar", "11.tar"]);
        let hugging_face = [
            "train-00001-of-00002-2c5b1e6b3d4f5a60.parquet",
            "train-00000-of-00002-1a2b3c4d5e6f7a8b.parquet",
            "test-00000-of-00001.parquet",
        ];
        assert_eq!(chosen(&hugging_face, Some("train")).unwrap(), [hugging_face[1], hugging_face[0]]);
        assert_eq!(chosen(&hugging_face, None).unwrap(), [hugging_face[2]]);
        assert_eq!(chosen(&["all.parquet"], None).unwrap(), ["all.parquet"]);
    }

    #[test]
    fn a_missing_shard_is_named() {
        let message = chosen(&["train-00000-of-00003.parquet", "train-00002-of-00003.parquet"], None).unwrap_err();
        assert!(
            message.contains("all shards of `train`, 3 numbered from 0 on") && message.contains("found 2 without number 1"),
            "{message}"
        );
        let message = chosen(&["a-000.tar", "a-001.tar", "a-003.tar"], None).unwrap_err();
        assert!(message.contains("3 without number 2"), "{message}");
        let message = chosen(&["a-1.tar", "a-01.tar"], None).unwrap_err();
        assert!(message.contains("without number 2"), "{message}");
    }

    #[test]
    fn two_datasets_are_not_joined() {
        let message = chosen(&["cifar10.tar", "cifar100.tar"], None).unwrap_err();
        assert!(message.contains("a split that names one") && message.contains("found `cifar10`, `cifar100`"), "{message}");
        assert_eq!(chosen(&["cifar10.tar", "cifar100.tar"], Some("cifar100")).unwrap(), ["cifar100.tar"]);
        let message = chosen(&["a-test-0000.tar", "b-test-0000.tar"], Some("test")).unwrap_err();
        assert!(message.contains("one dataset of the split `test`") && message.contains("`a-test`, `b-test`"), "{message}");
        assert!(chosen(&["train.tar"], Some("val")).unwrap_err().contains("found `train`"));
        assert!(chosen(&["set-10.tar", "set-100.tar"], None).unwrap_err().contains("without number 11"));
    }
}
