//! [`OptimizerConfig`]: `[optimizer]` of a run file.

use serde::{Deserialize, Serialize};

/// The optimizer of a run. What the file does not state has the default of PyTorch's class of that name; SGD has the defaults of
/// fine-tuning in OpenOOD instead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct OptimizerConfig {
    /// Learning rate, > 0.
    pub lr: f64,
    /// Weight decay, ≥ 0: an L2 penalty added to the gradient for SGD, decoupled from it for AdamW.
    pub weight_decay: f64,
    /// The gradient that a step is made with is scaled down to this l2 norm over all parameters where it is longer, > 0; `None` = never.
    pub clip_norm: Option<f64>,
    /// What a step does with the gradient.
    pub rule: UpdateRule,
}

/// What an optimizer does with a gradient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum UpdateRule {
    /// torch.optim.SGD, dampening 0.
    Sgd {
        /// Momentum, 0 to 1.
        momentum: f64,
        /// Nesterov's form.
        nesterov: bool,
    },
    /// torch.optim.AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101, algorithm 2), without AMSGrad.
    AdamW {
        /// Decay of the averages of the gradient and of its square, each 0 to below 1.
        betas: [f64; 2],
        /// Added to the root of the average square, ≥ 0.
        eps: f64,
    },
}

/// The kinds of optimizers, as run files name them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptimizerKind {
    /// See [`UpdateRule::Sgd`].
    #[default]
    Sgd,
    /// See [`UpdateRule::AdamW`].
    #[serde(rename = "adamw")]
    AdamW,
}

impl OptimizerKind {
    /// All of them.
    pub const ALL: [OptimizerKind; 2] = [OptimizerKind::Sgd, OptimizerKind::AdamW];

    /// As shown to the user.
    pub fn label(self) -> &'static str {
        match self {
            OptimizerKind::Sgd => "SGD",
            OptimizerKind::AdamW => "AdamW",
        }
    }

    /// Fields of `[optimizer]` that only this kind has.
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            OptimizerKind::Sgd => &["momentum", "nesterov"],
            OptimizerKind::AdamW => &["betas", "eps"],
        }
    }

    /// Whether `[optimizer]` of this kind may have the field.
    pub fn has(self, field: &str) -> bool {
        ["kind", "lr", "weight_decay", "clip_norm"].contains(&field) || self.fields().contains(&field)
    }

    /// The optimizer with every default.
    pub fn config(self) -> OptimizerConfig {
        match self {
            OptimizerKind::Sgd => OptimizerConfig::default(),
            OptimizerKind::AdamW => OptimizerConfig {
                lr: 1e-3,
                weight_decay: 1e-2,
                clip_norm: None,
                rule: UpdateRule::AdamW { betas: [0.9, 0.999], eps: 1e-8 },
            },
        }
    }
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self { lr: 0.01, weight_decay: 5e-4, clip_norm: None, rule: UpdateRule::Sgd { momentum: 0.9, nesterov: true } }
    }
}

impl OptimizerConfig {
    /// SGD without clipping.
    pub fn sgd(lr: f64, momentum: f64, nesterov: bool, weight_decay: f64) -> Self {
        Self { lr, weight_decay, clip_norm: None, rule: UpdateRule::Sgd { momentum, nesterov } }
    }

    /// The kind of its rule.
    pub fn kind(&self) -> OptimizerKind {
        match self.rule {
            UpdateRule::Sgd { .. } => OptimizerKind::Sgd,
            UpdateRule::AdamW { .. } => OptimizerKind::AdamW,
        }
    }

    /// Whether the numbers are valid; the message says what was expected and found.
    ///
    /// # Errors
    /// When they do not.
    pub fn check(&self) -> Result<(), String> {
        let require = |holds: bool, message: String| if holds { Ok(()) } else { Err(message) };
        let Self { lr, weight_decay, clip_norm, rule } = *self;
        require(lr.is_finite() && lr > 0.0, format!("expected a learning rate above 0, found {lr}"))?;
        require(weight_decay.is_finite() && weight_decay >= 0.0, format!("expected `weight_decay` of at least 0, found {weight_decay}"))?;
        if let Some(norm) = clip_norm {
            require(norm.is_finite() && norm > 0.0, format!("expected `clip_norm` above 0, or none, found {norm}"))?;
        }
        match rule {
            UpdateRule::Sgd { momentum, .. } => {
                require((0.0..=1.0).contains(&momentum), format!("expected `momentum` from 0 to 1, found {momentum}"))
            }
            UpdateRule::AdamW { betas, eps } => {
                let wrong = betas.iter().find(|beta| !(0.0..1.0).contains(*beta));
                require(wrong.is_none(), format!("expected `betas` from 0 to below 1, found {betas:?}"))?;
                require(eps.is_finite() && eps >= 0.0, format!("expected `eps` of at least 0, found {eps}"))
            }
        }
    }
}

/// As written in a run file.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Fields {
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<OptimizerKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lr: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    momentum: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nesterov: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    betas: Option<[f64; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    eps: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight_decay: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clip_norm: Option<f64>,
}

impl TryFrom<Fields> for OptimizerConfig {
    type Error = String;

    fn try_from(fields: Fields) -> Result<Self, String> {
        let kind = fields.kind.unwrap_or_default();
        let given = [
            ("momentum", fields.momentum.is_some()),
            ("nesterov", fields.nesterov.is_some()),
            ("betas", fields.betas.is_some()),
            ("eps", fields.eps.is_some()),
        ];
        if let Some((foreign, _)) = given.iter().find(|(name, given)| *given && !kind.fields().contains(name)) {
            let (label, own) = (kind.label(), kind.fields().join("` and `"));
            return Err(format!("[optimizer] expected for {label} `lr`, `weight_decay`, `clip_norm`, `{own}`, found `{foreign}`"));
        }
        let mut config = kind.config();
        config.lr = fields.lr.unwrap_or(config.lr);
        config.weight_decay = fields.weight_decay.unwrap_or(config.weight_decay);
        config.clip_norm = fields.clip_norm;
        match &mut config.rule {
            UpdateRule::Sgd { momentum, nesterov } => {
                *momentum = fields.momentum.unwrap_or(*momentum);
                *nesterov = fields.nesterov.unwrap_or(*nesterov);
            }
            UpdateRule::AdamW { betas, eps } => {
                *betas = fields.betas.unwrap_or(*betas);
                *eps = fields.eps.unwrap_or(*eps);
            }
        }
        Ok(config)
    }
}

impl From<OptimizerConfig> for Fields {
    fn from(config: OptimizerConfig) -> Self {
        // SGD is written as in versions without other optimizers.
        let kind = Some(config.kind()).filter(|kind| *kind != OptimizerKind::default());
        let OptimizerConfig { lr, weight_decay, clip_norm, rule } = config;
        let common = Self { kind, lr: Some(lr), weight_decay: Some(weight_decay), clip_norm, ..Self::default() };
        match rule {
            UpdateRule::Sgd { momentum, nesterov } => Self { momentum: Some(momentum), nesterov: Some(nesterov), ..common },
            UpdateRule::AdamW { betas, eps } => Self { betas: Some(betas), eps: Some(eps), ..common },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(text: &str) -> Result<OptimizerConfig, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn old_run_files_keep_their_meaning_and_their_text() {
        let text = "lr = 0.02\nmomentum = 0.9\nnesterov = true\nweight_decay = 0.0005\n";
        let sgd = read(text).unwrap();
        assert_eq!(sgd, OptimizerConfig::sgd(0.02, 0.9, true, 5e-4));
        assert_eq!(toml::to_string(&sgd).unwrap(), text);
        assert_eq!(read("").unwrap(), OptimizerConfig::default());
    }

    #[test]
    fn what_is_left_open_is_as_the_kind_has_it() {
        let adamw = read("kind = \"adamw\"\nclip_norm = 1.0").unwrap();
        assert_eq!((adamw.lr, adamw.weight_decay, adamw.clip_norm), (1e-3, 1e-2, Some(1.0)));
        assert_eq!(adamw.rule, UpdateRule::AdamW { betas: [0.9, 0.999], eps: 1e-8 });
        assert_eq!(read(&toml::to_string(&adamw).unwrap()).unwrap(), adamw);
        assert_eq!(
            read("kind = \"adamw\"\nbetas = [0.8, 0.95]\neps = 1e-6").unwrap().rule,
            UpdateRule::AdamW { betas: [0.8, 0.95], eps: 1e-6 }
        );
    }

    #[test]
    fn fields_of_another_kind_and_numbers_out_of_range_are_told() {
        for (text, expected) in [
            ("kind = \"adamw\"\nmomentum = 0.9", "found `momentum`"),
            ("betas = [0.9, 0.99]", "expected for SGD"),
            ("kind = \"adam\"", "adam"),
            ("beta = 0.9", "beta"),
        ] {
            assert!(read(text).unwrap_err().contains(expected), "{text}: {}", read(text).unwrap_err());
        }
        for (text, expected) in [
            ("lr = 0.0", "learning rate above 0, found 0"),
            ("clip_norm = 0.0", "`clip_norm` above 0"),
            ("clip_norm = -1.0", "`clip_norm` above 0"),
            ("clip_norm = inf", "`clip_norm` above 0"),
            ("clip_norm = nan", "`clip_norm` above 0"),
            ("weight_decay = -0.1", "`weight_decay` of at least 0"),
            ("momentum = 1.5", "`momentum` from 0 to 1"),
            ("kind = \"adamw\"\nbetas = [0.9, 1.0]", "`betas` from 0 to below 1"),
            ("kind = \"adamw\"\neps = -1e-8", "`eps` of at least 0"),
        ] {
            let message = read(text).unwrap().check().unwrap_err();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}
