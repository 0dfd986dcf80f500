//! Whether two names mean the same class: [`find`] compares them as written, then without case and separators, then without leading numbers.
//!
//! The first comparison with a match is used. A name that matches several classes matches none.

use super::super::names::CIFAR10;

/// Common other names of the classes of CIFAR-10.
const CIFAR10_SYNONYMS: [(&str, &str); 6] =
    [("plane", "airplane"), ("aeroplane", "airplane"), ("car", "automobile"), ("auto", "automobile"), ("boat", "ship"), ("lorry", "truck")];
/// Words before the number of a class that has no other name (`LABEL_3` of Hugging Face).
const NUMBERED: [&str; 3] = ["label", "class", "digit"];
const DIGITS: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/// The match of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// The class with this index.
    One(usize),
    /// Several classes.
    Several(Vec<usize>),
    /// No class.
    None,
}

/// The keys by which a name is compared: names with a common key match.
type Way<'a> = &'a dyn Fn(&str) -> Vec<String>;

/// The class of `known` (`None` for a class without a name) that `name` means.
pub(super) fn find(name: &str, known: &[Option<String>]) -> Match {
    let cifar = is_cifar10(known.iter().map(|name| name.as_deref()));
    let ways: [Way; 6] = [
        &|name| vec![name.trim().to_owned()],
        &|name| vec![plain(name)],
        &|name| vec![plain(name), plain(without_number(name))],
        &|name| std::iter::once(plain(name)).chain(wnid(name)).collect(),
        &|name| std::iter::once(plain(name)).chain(parts(name)).collect(),
        &|name| if cifar { cifar10(name).map(str::to_owned).into_iter().collect() } else { Vec::new() },
    ];
    for way in ways {
        let own = way(name);
        let fits = |class: &Option<String>| {
            class.as_deref().is_some_and(|class| way(class).iter().any(|key| !key.is_empty() && own.contains(key)))
        };
        let found: Vec<usize> = (0..known.len()).filter(|&place| fits(&known[place])).collect();
        match found.as_slice() {
            [] => {}
            [one] => return Match::One(*one),
            _ => return Match::Several(found),
        }
    }
    Match::None
}

/// The number that a name is, or that it begins with or ends in where it has no other name: `7`, `07`, `7 - seven`, `07_horse`, `LABEL_7`.
pub(super) fn number(name: &str) -> Option<i64> {
    let name = name.trim();
    let digits = name.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 {
        let rest = &name[digits..];
        return (rest.is_empty() || rest.starts_with(is_separator)).then(|| name[..digits].parse().ok()).flatten();
    }
    let word = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_word = NUMBERED.contains(&word.trim_end_matches(is_separator).to_lowercase().as_str());
    if is_word { name[word.len()..].parse().ok() } else { None }
}

/// Whether a name is only a number.
pub(super) fn is_number(name: &str) -> bool {
    number(name).is_some() && without_number(name).is_empty()
}

/// Whether all of `names` are classes of CIFAR-10, as it is written there.
pub(super) fn are_cifar10<'a>(mut names: impl Iterator<Item = &'a str>) -> bool {
    names.all(|name| CIFAR10.contains(&name))
}

/// The place in CIFAR-10 of a class, however it is written.
pub(super) fn place_in_cifar10(name: &str) -> Option<usize> {
    let name = cifar10(name)?;
    CIFAR10.iter().position(|class| *class == name)
}

/// Whether these are the ten classes of CIFAR-10, in any order and however they are written.
fn is_cifar10<'a>(known: impl Iterator<Item = Option<&'a str>>) -> bool {
    let mut places: Vec<Option<usize>> = known.map(|name| place_in_cifar10(name?)).collect();
    places.sort();
    places.into_iter().eq((0..CIFAR10.len()).map(Some))
}

/// The class of CIFAR-10 that a name means: with a leading number, in the plural, or by another word.
fn cifar10(name: &str) -> Option<&'static str> {
    let plain = plain(without_number(name));
    let singular = plain.strip_suffix('s').unwrap_or(&plain);
    [plain.as_str(), singular].into_iter().find_map(|word| {
        let synonym = CIFAR10_SYNONYMS.iter().find(|(said, _)| *said == word).map(|(_, class)| *class);
        CIFAR10.into_iter().find(|class| *class == synonym.unwrap_or(word))
    })
}

/// Lower case, without separators; a number without leading zeros, a digit's word as its digit.
fn plain(name: &str) -> String {
    let plain: String = name.chars().filter(|c| !is_separator(*c)).flat_map(char::to_lowercase).collect();
    if let Some(digit) = DIGITS.iter().position(|word| *word == plain) {
        return digit.to_string();
    }
    match number(name) {
        Some(number) if is_number(name) => number.to_string(),
        _ => plain,
    }
}

/// The name without a leading number or WordNet id; empty if nothing else is left.
fn without_number(name: &str) -> &str {
    let name = name.trim();
    if let Some(id) = wnid(name) {
        return name[id.len()..].trim_start_matches(is_separator);
    }
    match number(name) {
        Some(_) if name.starts_with(|c: char| c.is_ascii_digit()) => {
            name.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches(is_separator)
        }
        Some(_) => "",
        None => name,
    }
}

/// Whether `name` is a WordNet id alone, `n01440764`.
pub(super) fn is_wnid(name: &str) -> bool {
    name.len() == 9 && name.strip_prefix('n').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The leading WordNet id of a name: `n01440764`, `n01440764_tench`.
pub(super) fn wnid(name: &str) -> Option<String> {
    let name = name.trim();
    let id = name.get(..9)?;
    (is_wnid(id) && (name.len() == 9 || name[9..].starts_with(is_separator))).then(|| id.to_owned())
}

/// The synonyms of a class of WordNet, `tench, Tinca tinca`, each plain.
fn parts(name: &str) -> impl Iterator<Item = String> {
    let name = without_number(name);
    name.split(',').map(plain).filter(|part| !part.is_empty()).collect::<Vec<_>>().into_iter()
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '_' | '-' | '.' | '–')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(names: &[&str]) -> Vec<Option<String>> {
        names.iter().map(|name| Some((*name).to_owned())).collect()
    }

    #[test]
    fn names_that_differ_in_case_separators_or_a_number_in_front_mean_one_class() {
        let classes = known(&["aquarium_fish", "sea lion", "pine tree", "n01440764", "3 - three", "tench, Tinca tinca"]);
        for (name, place) in [
            ("aquarium_fish", 0),
            ("Aquarium Fish", 0),
            ("aquarium-fish", 0),
            ("01_aquarium_fish", 0),
            ("001.Sea_Lion", 1),
            ("PineTree", 2),
            ("n01440764_tench", 3),
            ("3", 4),
            ("03", 4),
            ("three", 4),
            ("LABEL_3", 4),
            ("tench", 5),
            ("Tinca_tinca", 5),
        ] {
            assert_eq!(find(name, &classes), Match::One(place), "{name}");
        }
        for name in ["fish", "lion", "n01440765", "4", "aquarium", ""] {
            assert_eq!(find(name, &classes), Match::None, "{name}");
        }
    }

    #[test]
    fn a_name_as_written_goes_before_one_that_is_alike_and_two_that_are_alike_are_none() {
        let classes = known(&["Cat", "cat", "01_dog", "02_dog", "crane, bird", "crane, machine"]);
        assert_eq!((find("cat", &classes), find("Cat", &classes)), (Match::One(1), Match::One(0)));
        assert_eq!(find("CAT", &classes), Match::Several(vec![0, 1]));
        assert_eq!(find("dog", &classes), Match::Several(vec![2, 3]));
        assert_eq!(find("crane", &classes), Match::Several(vec![4, 5]));
    }

    #[test]
    fn words_for_classes_of_cifar_10_are_known_only_among_these() {
        let cifar: Vec<Option<String>> = CIFAR10.iter().map(|name| Some((*name).to_owned())).collect();
        for (name, place) in [("plane", 0), ("01_plane", 0), ("cars", 1), ("Automobiles", 1), ("3_cat", 3), ("lorry", 9)] {
            assert_eq!(find(name, &cifar), Match::One(place), "{name}");
        }
        assert_eq!(find("plane", &known(&["airplane", "truck"])), Match::None);
        assert_eq!(find("bus", &cifar), Match::None);
    }

    #[test]
    fn numbers_are_read_where_they_are_the_name_or_stand_before_it() {
        for (name, expected) in [("7", 7), ("007", 7), ("7 - seven", 7), ("07_horse", 7), ("LABEL_7", 7), ("class7", 7), ("200.Tern", 200)]
        {
            assert_eq!(number(name), Some(expected), "{name}");
        }
        for name in ["", "cat", "cat7", "7up", "n01440764", "99999999999999999999", "label"] {
            assert_eq!(number(name), None, "{name}");
        }
        assert!(is_number("07") && is_number("LABEL_7") && !is_number("7 - seven"));
    }
}
