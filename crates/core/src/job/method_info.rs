//! [`MethodInfo`]: what a fine-tuning method is, as the worker's registry describes it to the command line, the window and the docs.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::data::Augmentation;

/// A fine-tuning method.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MethodInfo {
    /// As in run files: `dr_sam`.
    pub key: String,
    /// For people: `DR-SAM`.
    pub name: String,
    /// What is minimized, one line.
    pub objective: String,
    /// Paper and equation.
    pub source: String,
    /// Hyperparameters, in the order in which a form shows them.
    pub parameters: Vec<ParameterInfo>,
    /// Whether it needs data of role `outliers` (with its defaults).
    pub outliers: bool,
    /// Whether it needs environments.
    pub environments: bool,
    /// How the trained model is scored; larger = more ID.
    pub score: String,
}

/// A hyperparameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParameterInfo {
    /// As in run files: `rho`.
    pub key: String,
    /// As papers print it: `ρ`.
    pub symbol: String,
    /// Its unit; empty when it has none.
    pub unit: String,
    /// What it does, citing where the default is from; a tooltip.
    pub about: String,
    /// What values it may take.
    pub kind: ParameterKind,
}

/// The values that a hyperparameter may take, and the one it takes when a run file does not name it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ParameterKind {
    /// A number from `min` to `max`.
    Number {
        /// Taken when absent.
        default: f64,
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
        /// Whether steps are factors.
        log: bool,
    },
    /// A whole number from `min` to `max`.
    Integer {
        /// Taken when absent.
        default: i64,
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// One of `options`.
    Choice {
        /// Taken when absent.
        default: String,
        /// All of them.
        options: Vec<String>,
        /// The options that `false` and `true` mean in run files of versions in which this was a switch.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        formerly: Option<[String; 2]>,
    },
    /// `true` or `false`.
    Switch {
        /// Taken when absent.
        default: bool,
    },
    /// A corruption or augmentation of ID images. A run file that does not name it asks for none.
    Augmentation {
        /// What a form offers first.
        default: Option<Augmentation>,
    },
}

/// The option that a run file's `value` names, also in files of versions in which this was a switch; `None` when it names none.
pub fn choice_of<'a>(value: &'a Value, formerly: Option<&'a [String; 2]>) -> Option<&'a str> {
    match (value, formerly) {
        (Value::String(choice), _) => Some(choice),
        (Value::Bool(on), Some(formerly)) => Some(&formerly[usize::from(*on)]),
        _ => None,
    }
}
