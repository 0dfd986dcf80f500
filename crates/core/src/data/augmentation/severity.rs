//! [`Severity`]: 1 to 5, or drawn per image.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How strong an augmentation is; in files a number or `"uniform"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// 1 (weak) to 5 (strong).
    Fixed(u8),
    /// Drawn anew for every image, 1 to 5 alike.
    Uniform,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Severity::Fixed(severity) => write!(f, "{severity}"),
            Severity::Uniform => f.write_str("uniform"),
        }
    }
}

impl Serialize for Severity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Severity::Fixed(severity) => serializer.serialize_u8(*severity),
            Severity::Uniform => serializer.serialize_str("uniform"),
        }
    }
}

impl<'de> Deserialize<'de> for Severity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrWord)
    }
}

struct NumberOrWord;

impl Visitor<'_> for NumberOrWord {
    type Value = Severity;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a severity of 1 to 5 or \"uniform\"")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Severity, E> {
        self.visit_u64(u64::try_from(value).unwrap_or(0))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Severity, E> {
        match u8::try_from(value) {
            Ok(severity @ 1..=5) => Ok(Severity::Fixed(severity)),
            _ => Err(E::invalid_value(serde::de::Unexpected::Unsigned(value), &self)),
        }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Severity, E> {
        match value {
            "uniform" => Ok(Severity::Uniform),
            _ => Err(E::invalid_value(serde::de::Unexpected::Str(value), &self)),
        }
    }
}
