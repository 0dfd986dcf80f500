//! [`NumberedName`]: the numbers in the name of a file, by which the checkpoints of a trajectory are ordered.

use std::cmp::Ordering;

/// Words before a number that count training time, from the coarsest to the finest.
const TIMES: [&str; 14] =
    ["epoch", "epochs", "ep", "e", "round", "iteration", "iterations", "iter", "iters", "it", "step", "steps", "batch", "update"];

/// Stands for a number in a pattern. No file name contains it.
const NUMBER: char = '\0';

/// The stem of a file's name as its text and its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberedName {
    /// The name without its numbers: names of one series share it.
    pattern: String,
    /// The numbers in the order of the name.
    numbers: Vec<Number>,
}

/// A number within a name: `10`, or several digits with points between them, `0.93`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Number {
    /// The letters before it, in lower case: `epoch` in `Epoch_10`.
    word: String,
    /// Its digits between points, without leading zeros.
    parts: Vec<String>,
}

impl Number {
    /// By value, part by part: 2 before 10, 1.9 before 1.10. Numbers of any length are compared, none overflows.
    fn compare(&self, other: &Self) -> Ordering {
        let pairs = self.parts.iter().zip(&other.parts).map(|(a, b)| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        pairs.fold(Ordering::Equal, Ordering::then).then_with(|| self.parts.len().cmp(&other.parts.len()))
    }

    /// The place of its word in [`TIMES`], if it has one.
    fn time(&self) -> Option<usize> {
        TIMES.iter().position(|word| *word == self.word)
    }
}

impl NumberedName {
    /// The parts of the stem of a name, without its ending.
    pub fn of(stem: &str) -> Self {
        let characters: Vec<char> = stem.chars().collect();
        let (mut pattern, mut numbers, mut at) = (String::new(), Vec::new(), 0);
        while let Some(&character) = characters.get(at) {
            if !character.is_ascii_digit() {
                pattern.push(character);
                at += 1;
                continue;
            }
            let word = word_before(&pattern);
            let mut digits = String::new();
            while let Some(&next) = characters.get(at) {
                let decimal = next == '.' && characters.get(at + 1).is_some_and(char::is_ascii_digit);
                if !next.is_ascii_digit() && !decimal {
                    break;
                }
                digits.push(next);
                at += 1;
            }
            let parts = digits.split('.').map(|part| part.trim_start_matches('0').to_owned()).collect();
            numbers.push(Number { word, parts });
            pattern.push(NUMBER);
        }
        Self { pattern, numbers }
    }

    /// Whether names of this pattern have a number that may give an order.
    pub fn is_numbered(&self) -> bool {
        !self.numbers.is_empty()
    }

    /// Whether the other name differs from this one only in its numbers.
    pub fn is_like(&self, other: &Self) -> bool {
        self.pattern == other.pattern
    }

    /// The pattern as a glob: `epoch_*`.
    pub fn glob(&self) -> String {
        self.pattern.replace(NUMBER, "*")
    }
}

/// The last run of letters of `text`, behind which there are only separators.
fn word_before(text: &str) -> String {
    let text = text.trim_end_matches(|character: char| !character.is_alphabetic() && character != NUMBER);
    let start = text.char_indices().rev().take_while(|(_, character)| character.is_alphabetic()).last();
    start.map_or_else(String::new, |(at, _)| text[at..].to_lowercase())
}

/// The order of names of one pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Indices of the numbers that are compared, first to last.
    keys: Vec<usize>,
    /// The rule as text.
    pub rule: String,
    /// Whether that is certain: one number, or words that count time.
    pub certain: bool,
}

impl Order {
    /// The order of names that share a pattern: by the numbers after a word for time (`epoch`, `step`, ...) if there are some, else by all
    /// numbers from left to right.
    pub fn of(names: &[NumberedName]) -> Self {
        let Some(first) = names.first() else { return Self { keys: Vec::new(), rule: String::new(), certain: true } };
        let varies = |k: &usize| names.iter().any(|name| name.numbers[*k].compare(&first.numbers[*k]).is_ne());
        let varying: Vec<usize> = (0..first.numbers.len()).filter(varies).collect();
        let mut times: Vec<(usize, usize)> = varying.iter().filter_map(|&k| Some((first.numbers[k].time()?, k))).collect();
        times.sort_unstable();
        let certain = !times.is_empty() || varying.len() < 2;
        let keys: Vec<usize> = if times.is_empty() { varying } else { times.into_iter().map(|(_, k)| k).collect() };
        let listed: Vec<String> = keys
            .iter()
            .map(|&k| if first.numbers[k].word.is_empty() { format!("number {}", k + 1) } else { format!("`{}`", first.numbers[k].word) })
            .collect();
        Self { keys, rule: format!("by the numbers in the names: {}", listed.join(", then ")), certain }
    }

    /// Compares two names of the pattern.
    pub fn compare(&self, a: &NumberedName, b: &NumberedName) -> Ordering {
        self.keys.iter().map(|&k| a.numbers[k].compare(&b.numbers[k])).fold(Ordering::Equal, Ordering::then)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(names: &[&str]) -> (Vec<String>, String) {
        let numbered: Vec<NumberedName> = names.iter().map(|name| NumberedName::of(name)).collect();
        let order = Order::of(&numbered);
        let mut pairs: Vec<_> = names.iter().zip(numbered).collect();
        pairs.sort_by(|a, b| order.compare(&a.1, &b.1));
        (pairs.into_iter().map(|(name, _)| (*name).to_owned()).collect(), order.rule)
    }

    #[test]
    fn numbers_are_compared_as_numbers_whatever_their_length() {
        assert_eq!(ordered(&["epoch_10", "epoch_2", "epoch_009"]).0, ["epoch_2", "epoch_009", "epoch_10"]);
        let long = ["w99999999999999999999999999999", "w100000000000000000000000000000", "w7"];
        assert_eq!(ordered(&long).0, [long[2], long[0], long[1]]);
        assert_eq!(ordered(&["v1.10", "v1.9"]).0, ["v1.9", "v1.10"]);
    }

    #[test]
    fn a_word_for_time_goes_before_other_numbers() {
        let (names, rule) = ordered(&["resnet18_acc0.91_epoch3", "resnet18_acc0.55_epoch10", "resnet18_acc0.30_epoch1"]);
        assert_eq!(names, ["resnet18_acc0.30_epoch1", "resnet18_acc0.91_epoch3", "resnet18_acc0.55_epoch10"]);
        assert_eq!(rule, "by the numbers in the names: `epoch`");
        let (names, rule) = ordered(&["step=90-epoch=2", "step=100-epoch=1", "step=20-epoch=2"]);
        assert_eq!(names, ["step=100-epoch=1", "step=20-epoch=2", "step=90-epoch=2"]);
        assert_eq!(rule, "by the numbers in the names: `epoch`, then `step`");
    }

    #[test]
    fn without_a_word_for_time_numbers_count_from_left_to_right() {
        let (names, rule) = ordered(&["2024-11-02", "2024-2-10", "2023-12-31"]);
        assert_eq!(names, ["2023-12-31", "2024-2-10", "2024-11-02"]);
        assert_eq!(rule, "by the numbers in the names: number 1, then number 2, then number 3");
    }

    #[test]
    fn a_pattern_is_the_name_without_its_numbers() {
        let name = NumberedName::of("Epoch-0012_of_é3.5x");
        assert_eq!(name.glob(), "Epoch-*_of_é*x");
        assert_eq!(name.numbers.iter().map(|number| number.word.as_str()).collect::<Vec<_>>(), ["epoch", "é"]);
        assert_eq!(NumberedName::of("best"), NumberedName { pattern: "best".into(), numbers: Vec::new() });
        assert!(!NumberedName::of("a#").is_like(&NumberedName::of("a1")), "a name may have any character");
        assert_eq!(NumberedName::of("epoch_1_2").numbers[1].word, "", "of its own number only");
    }
}
