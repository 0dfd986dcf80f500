//! Hyperparameters: how a method describes them, and the check of what a run file says.

use flatland_core::data::Augmentation;
use flatland_core::job::{ParameterInfo, ParameterKind, choice_of};
use flatland_core::session::Adaptive;
use serde_json::Value;

fn info(key: &str, symbol: &str, about: &str, kind: ParameterKind) -> ParameterInfo {
    ParameterInfo { key: key.into(), symbol: symbol.into(), unit: String::new(), about: about.into(), kind }
}

/// A number from `min` to `max`, in equal steps.
pub fn number(key: &str, symbol: &str, default: f64, [min, max]: [f64; 2], about: &str) -> ParameterInfo {
    info(key, symbol, about, ParameterKind::Number { default, min, max, log: false })
}

/// A number from `min` to `max`, in equal factors.
pub fn log_number(key: &str, symbol: &str, default: f64, [min, max]: [f64; 2], about: &str) -> ParameterInfo {
    info(key, symbol, about, ParameterKind::Number { default, min, max, log: true })
}

/// A whole number from `min` to `max`, counted in `unit`.
pub fn integer(key: &str, symbol: &str, unit: &str, default: i64, [min, max]: [i64; 2], about: &str) -> ParameterInfo {
    let symbol = if symbol.is_empty() { key } else { symbol };
    let info = info(key, symbol, about, ParameterKind::Integer { default, min, max });
    ParameterInfo { unit: unit.into(), ..info }
}

/// λ of the outlier term.
pub fn lambda() -> ParameterInfo {
    number("lambda", "λ", 0.5, [0.0, 100.0], "Weight of the outlier term; 0 leaves outliers out (Hendrycks et al. 2019: 0.5)")
}

/// One of `options`, the first when absent.
pub fn choice(key: &str, options: &[&str], about: &str) -> ParameterInfo {
    let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
    let default = options.first().cloned().unwrap_or_default();
    info(key, key, about, ParameterKind::Choice { default, options, formerly: None })
}

/// The diagonal T of an ascent. Older run files have `false` and `true`, which was [`Adaptive::Theta`].
pub fn adaptive() -> ParameterInfo {
    let about = "The diagonal T in which ε is measured, ‖T⁻¹ε‖₂ ≤ ρ: none (T = 1, SAM); theta (T = |θ| of every parameter, davda54/sam); elementwise (T = |w| + η of weights, 1 for all others: the code of Kwon et al. 2021); filter (the norm of each filter)";
    let options = Adaptive::ALL.map(|adaptive| adaptive.key().to_owned()).to_vec();
    let formerly = Some([Adaptive::None, Adaptive::Theta].map(|adaptive| adaptive.key().to_owned()));
    info("adaptive", "adaptive", about, ParameterKind::Choice { default: Adaptive::None.key().into(), options, formerly })
}

/// `true` or `false`.
pub fn switch(key: &str, default: bool, about: &str) -> ParameterInfo {
    info(key, key, about, ParameterKind::Switch { default })
}

/// An augmentation of ID images; a form offers `default`.
pub fn augmentation(key: &str, default: Augmentation, about: &str) -> ParameterInfo {
    info(key, "aug", about, ParameterKind::Augmentation { default: Some(default) })
}

/// The value that `found` stands for, in the one form in which runs are written; `None` where there is nothing to write. On error what
/// was expected.
pub fn check(kind: &ParameterKind, found: Option<&Value>) -> Result<Option<Value>, String> {
    let value = match kind {
        ParameterKind::Number { default, min, max, .. } => found
            .map_or(Some(*default), Value::as_f64)
            .filter(|number| (min..=max).contains(&number))
            .map(Value::from)
            .ok_or_else(|| format!("a number from {min} to {max}"))?,
        ParameterKind::Integer { default, min, max } => found
            .map_or(Some(*default), Value::as_i64)
            .filter(|number| (min..=max).contains(&number))
            .map(Value::from)
            .ok_or_else(|| format!("a whole number from {min} to {max}"))?,
        ParameterKind::Choice { default, options, formerly } => found
            .map_or(Some(default.as_str()), |found| choice_of(found, formerly.as_ref()))
            .filter(|choice| options.iter().any(|option| option == choice))
            .map(Value::from)
            .ok_or_else(|| format!("one of {}", options.join(", ")))?,
        ParameterKind::Switch { default } => {
            found.map_or(Some(*default), Value::as_bool).map(Value::from).ok_or_else(|| "true or false".to_owned())?
        }
        ParameterKind::Augmentation { .. } => {
            let Some(found) = found else { return Ok(None) };
            let form = || "an augmentation as in { kind = \"brightness\", severity = 1 }".to_owned();
            let entry: Augmentation = serde_json::from_value(found.clone()).map_err(|error| format!("{} ({error})", form()))?;
            entry.check().map_err(|error| format!("{} ({error})", form()))?;
            serde_json::to_value(entry).map_err(|_| form())?
        }
    };
    Ok(Some(value))
}
