//! [`Query`]: a search through images, such as `label:3 dataset:test wrong energy<2`.
//!
//! Terms are separated by spaces, and all must hold for the same checkpoint. Words that contain spaces are quoted.
//!
//! | Term | Holds for |
//! |---|---|
//! | `role:far`, `dataset:"digits test"` | images of a role, of a dataset |
//! | `label:3`, `prediction:1,7` | images of a class, predictions of either; `none` where there is no label; `class` is `label` |
//! | `label:"wild cat"`, `prediction:ant` | the same by the names of the network's classes, where they are known |
//! | `index:10-20`, `index:7` | positions in the dataset's source |
//! | `checkpoint:OE` | searches this checkpoint only; without it, all checkpoints |
//! | `right`, `wrong` | predictions of known classes |
//! | `energy<2`, `msp>=0.9` | a score; `<`, `<=`, `>`, `>=`, `=` |
//! | `-TERM` | images for which TERM does not hold |

use crate::ui::state::scatter::cloud::Cloud;
use crate::ui::state::scatter::color::of_category;
use flatland_core::session::{ColorBy, Role};

/// How a score is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Relation {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    /// One of these values of a category.
    Category(ColorBy, Vec<String>),
    Index(i64, i64),
    Checkpoint(Vec<String>),
    Score(String, Relation, f64),
}

#[derive(Clone, Debug, PartialEq)]
struct Term {
    matches: bool,
    test: Test,
}

/// A parsed search.
#[derive(Clone, Debug, PartialEq)]
pub struct Query(Vec<Term>);

impl Query {
    /// Reads a search.
    ///
    /// # Errors
    /// Says which term is not understood, and what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        words(text)?.iter().map(|word| term(word)).collect::<Result<_, _>>().map(Self)
    }

    /// Rows of `cloud`, the points of `checkpoint`, that match every term.
    ///
    /// # Errors
    /// When a term uses a score that this checkpoint does not have.
    pub fn rows(&self, checkpoint: &str, cloud: &Cloud) -> Result<Vec<u32>, String> {
        for term in &self.0 {
            if let Test::Score(name, ..) = &term.test
                && !cloud.scores.contains_key(name)
            {
                let known: Vec<&str> = cloud.scores.keys().map(String::as_str).collect();
                let known = if known.is_empty() { "none".into() } else { known.join(", ") };
                return Err(format!("expected a score of {checkpoint} ({known}), found `{name}`"));
            }
        }
        if cloud.embedding.is_none() {
            return Ok(Vec::new());
        }
        for term in &self.0 {
            if let Test::Category(ColorBy::Label | ColorBy::Prediction, values) = &term.test {
                let unknown = values.iter().find(|value| !is_class_number(value) && cloud.class_names.classes(value).is_empty());
                unknown.map_or(Ok(()), |value| Err(unknown_class(checkpoint, cloud, value)))?;
            }
        }
        let mut found = vec![true; cloud.len()];
        for term in &self.0 {
            let matches = term.test.matches(checkpoint, cloud);
            found.iter_mut().zip(matches).for_each(|(found, matches)| *found &= matches == term.matches);
        }
        Ok((0u32..).zip(found).filter(|(_, found)| *found).map(|(row, _)| row).collect())
    }
}

impl Test {
    /// Whether the test holds for each row.
    fn matches(&self, checkpoint: &str, cloud: &Cloud) -> Vec<bool> {
        let rows = 0..cloud.len() as u32;
        match self {
            Test::Category(field @ (ColorBy::Label | ColorBy::Prediction), values) => of_classes(cloud, field, values),
            Test::Category(field, values) => of_category(cloud, field, &values.iter().map(String::as_str).collect::<Vec<_>>()),
            Test::Index(low, high) => {
                rows.map(|row| cloud.image(row).is_some_and(|(_, position)| (*low..=*high).contains(&position))).collect()
            }
            Test::Checkpoint(names) => vec![names.iter().any(|name| name == checkpoint); cloud.len()],
            Test::Score(name, relation, bound) => match cloud.scores.get(name) {
                Some(values) => values.iter().map(|value| relation.matches(*value, *bound)).collect(),
                None => vec![false; cloud.len()],
            },
        }
    }
}

/// Whether each row has one of these classes, by number or name. A name means a class of the network, which the labels of images of other
/// roles do not.
fn of_classes(cloud: &Cloud, field: &ColorBy, values: &[String]) -> Vec<bool> {
    let (numbers, names): (Vec<&str>, Vec<&str>) = values.iter().map(String::as_str).partition(|value| is_class_number(value));
    let mut found = of_category(cloud, field, &numbers);
    let named: Vec<String> = names.iter().flat_map(|name| cloud.class_names.classes(name)).map(|class| class.to_string()).collect();
    let named = of_category(cloud, field, &named.iter().map(String::as_str).collect::<Vec<_>>());
    let is_of_network = |row| *field != ColorBy::Label || cloud.role_of(row).is_some_and(Role::has_classes);
    found.iter_mut().zip(named).zip(0u32..).for_each(|((found, named), row)| *found |= named && is_of_network(row));
    found
}

/// Whether a class is given by its number, or none is meant.
fn is_class_number(value: &str) -> bool {
    value == "none" || value.parse::<i64>().is_ok()
}

fn unknown_class(checkpoint: &str, cloud: &Cloud, value: &str) -> String {
    let why = if cloud.class_names.is_known() { "" } else { "; the names of its classes are not known" };
    format!("expected the number or the name of a class of {checkpoint}, or none, found `{value}`{why}")
}

impl Relation {
    fn matches(self, value: f64, bound: f64) -> bool {
        match self {
            Relation::Less => value < bound,
            Relation::LessOrEqual => value <= bound,
            Relation::Greater => value > bound,
            Relation::GreaterOrEqual => value >= bound,
            Relation::Equal => value == bound,
        }
    }
}

/// Splits the text at spaces outside of quotes and removes the quotes.
fn words(text: &str) -> Result<Vec<String>, String> {
    let (mut words, mut quoted, mut open) = (vec![String::new()], false, false);
    for c in text.chars() {
        match c {
            '"' => (quoted, open) = (!quoted, true),
            c if c.is_whitespace() && !quoted => {
                if open {
                    words.push(String::new());
                }
                open = false;
            }
            c => {
                open = true;
                if let Some(word) = words.last_mut() {
                    word.push(c);
                }
            }
        }
    }
    if quoted {
        return Err("expected a second quotation mark, found none".into());
    }
    words.retain(|word| !word.is_empty());
    Ok(words)
}

fn term(word: &str) -> Result<Term, String> {
    let (matches, bare) = word.strip_prefix('-').map_or((true, word), |rest| (false, rest));
    let correctness = |value: &str| Ok(Test::Category(ColorBy::Correctness, vec![value.into()]));
    let test = match bare.split_once(':') {
        None if bare == "right" || bare == "wrong" => correctness(bare),
        None => score(bare),
        Some((field, values)) => category(field, values.split(',').map(str::to_owned).collect()),
    };
    let expected = "role:, dataset:, label:, prediction:, index:, checkpoint:, right, wrong or a score as energy<2";
    test.map(|test| Term { matches, test }).map_err(
        |detail: String| {
            if detail.is_empty() { format!("expected {expected}, found `{word}`") } else { detail }
        },
    )
}

fn category(field: &str, values: Vec<String>) -> Result<Test, String> {
    match field {
        "role" => match values.iter().find(|value| Role::of_key(value).is_none()) {
            None => Ok(Test::Category(ColorBy::Role, values)),
            Some(value) => Err(format!("expected a role ({}), found `{value}`", Role::ALL.map(Role::key).join(", "))),
        },
        "dataset" => Ok(Test::Category(ColorBy::Dataset, values)),
        "label" | "class" => Ok(Test::Category(ColorBy::Label, values)),
        "prediction" => Ok(Test::Category(ColorBy::Prediction, values)),
        "checkpoint" => Ok(Test::Checkpoint(values)),
        "index" => {
            let text = values.join(",");
            let (low, high) = text.split_once('-').unwrap_or((&text, &text));
            let ends = low.parse().ok().zip(high.parse().ok());
            ends.map(|(low, high)| Test::Index(low, high)).ok_or_else(|| format!("expected a position or a range as 10-20, found `{text}`"))
        }
        _ => Err(String::new()),
    }
}

fn score(text: &str) -> Result<Test, String> {
    let relations = [
        ("<=", Relation::LessOrEqual),
        (">=", Relation::GreaterOrEqual),
        ("<", Relation::Less),
        (">", Relation::Greater),
        ("=", Relation::Equal),
    ];
    let found = relations.into_iter().find_map(|(sign, relation)| text.split_once(sign).map(|parts| (parts, relation)));
    let ((name, bound), relation) = found.filter(|((name, _), _)| !name.is_empty()).ok_or_else(String::new)?;
    let number = bound.parse::<f64>().map_err(|_| format!("expected a number after `{name}`, found `{bound}`"))?;
    Ok(Test::Score(name.into(), relation, number))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::ui::state::scatter::cloud::tests::{cloud, named_cloud};

    fn found(text: &str) -> Vec<u32> {
        Query::parse(text).unwrap().rows("OE", &cloud()).unwrap()
    }

    #[test]
    fn all_terms_hold_for_what_is_found() {
        assert_eq!(found("label:3"), [3, 7]);
        assert_eq!(found("label:3 wrong"), [3]);
        assert_eq!(found("dataset:test energy<2"), [0, 1]);
        assert_eq!(found("energy>=-2 role:far"), [8, 9]);
        assert_eq!(found("prediction:0,1 right"), [0, 1, 4, 5]);
        assert_eq!(found("index:110-130"), [1, 2, 3]);
        assert_eq!(found("label:none index:12"), [8]);
        assert_eq!(found("-role:far -label:0,1,2"), [3, 7]);
        assert_eq!(found("dataset:\"far\" -energy=-3"), [8, 9, 11]);
        assert_eq!((found("checkpoint:SAM").len(), found("checkpoint:OE").len(), found("").len()), (0, 12, 12));
    }

    #[test]
    fn classes_are_found_by_their_names_too() {
        let cloud = named_cloud();
        let found = |text: &str| Query::parse(text).unwrap().rows("OE", &cloud);
        assert_eq!(found("label:tench").unwrap(), [3, 7]);
        assert_eq!(found("class:ANT,\"wild cat\"").unwrap(), [0, 2, 4, 6]);
        assert_eq!(found("prediction:bee role:id").unwrap(), [1, 5]);
        assert_eq!(found("label:tench,0").unwrap(), [0, 3, 4, 7]);
        assert_eq!(found("label:dog").unwrap_err(), "expected the number or the name of a class of OE, or none, found `dog`");
    }

    #[test]
    fn quotes_hold_words_together() {
        assert_eq!(words("a  \"b c\" d:\"e f\"x ").unwrap(), ["a", "b c", "d:e fx"]);
        assert!(words("\"a").is_err());
    }

    #[test]
    fn terms_that_are_not_understood_are_reported() {
        for (text, expected) in [
            ("role:outer", "expected a role (train, id, cs, near, far, outliers), found `outer`"),
            ("size:3", "found `size:3`"),
            ("nonsense", "expected role:, dataset:"),
            ("energy<low", "expected a number after `energy`, found `low`"),
            ("index:a-b", "expected a position or a range"),
        ] {
            assert!(Query::parse(text).unwrap_err().contains(expected), "{text}: {:?}", Query::parse(text));
        }
        let error = Query::parse("label:cat").unwrap().rows("OE", &cloud()).unwrap_err();
        assert_eq!(error, "expected the number or the name of a class of OE, or none, found `cat`; the names of its classes are not known");
        let error = Query::parse("odin<2").unwrap().rows("OE", &cloud()).unwrap_err();
        assert_eq!(error, "expected a score of OE (energy), found `odin`");
    }
}
