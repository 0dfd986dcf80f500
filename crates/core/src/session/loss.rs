//! [`LossSettings`]: which loss `[landscape]`, `[sharpness]` and `[hessian]` measure.

use serde::{Deserialize, Serialize};

/// The loss of an image with logits z of C classes, softmax p and label y.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossKind {
    /// −ln p_y (`torch.nn.functional.cross_entropy`).
    #[default]
    CrossEntropy,
    /// Mean over classes of (z_c − 1{c = y})² (`torch.nn.functional.mse_loss` of logits and one-hot labels; Hui & Belkin 2021).
    Mse,
    /// Mean over classes of (p_c − 1{c = y})² (tomgoldstein/loss-landscape, `--loss_name mse`); C times it is the Brier score.
    MseSoftmax,
}

/// `loss = { kind = "cross_entropy", label_smoothing = 0.1, weight_decay = 5e-4 }`: mean over images of the loss of each, plus
/// (weight_decay/2)·‖θ‖² over all parameters, biases and BatchNorm's included, whose gradient is what PyTorch's SGD adds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LossSettings {
    /// The loss of an image.
    pub kind: LossKind,
    /// s of the smoothed labels (1 − s)·1{c = y} + s/C, 0 to 1 (`label_smoothing` of PyTorch's cross-entropy).
    #[serde(skip_serializing_if = "is_zero")]
    pub label_smoothing: f64,
    /// Weight decay, ≥ 0.
    #[serde(skip_serializing_if = "is_zero")]
    pub weight_decay: f64,
}

fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

impl LossSettings {
    /// Whether it is plain cross-entropy. Then it is not written, so that results keep the cache keys of versions without a choice.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the values are valid together; the message says what was expected and found.
    ///
    /// # Errors
    /// When they do not.
    pub fn check(&self) -> Result<(), String> {
        let Self { kind, label_smoothing, weight_decay } = *self;
        if !(0.0..=1.0).contains(&label_smoothing) {
            return Err(format!("loss: expected label_smoothing from 0 to 1, found {label_smoothing}"));
        }
        if label_smoothing > 0.0 && kind != LossKind::CrossEntropy {
            return Err(format!("loss: expected label_smoothing beside kind = \"cross_entropy\" alone, found it beside {}", kind.label()));
        }
        if !(weight_decay.is_finite() && weight_decay >= 0.0) {
            return Err(format!("loss: expected a finite weight_decay ≥ 0, found {weight_decay}"));
        }
        Ok(())
    }

    /// Its description in results, the same text for the same loss; `None` for plain cross-entropy.
    pub fn description(&self) -> Option<String> {
        let Self { kind, label_smoothing, weight_decay } = *self;
        let mut parts = vec![kind.label().to_owned()];
        if label_smoothing > 0.0 {
            parts.push(format!("label smoothing {label_smoothing}"));
        }
        if weight_decay > 0.0 {
            parts.push(format!("weight decay {weight_decay}"));
        }
        (!self.is_plain()).then(|| parts.join(", "))
    }
}

impl LossKind {
    /// As shown to the user.
    pub fn label(self) -> &'static str {
        match self {
            LossKind::CrossEntropy => "cross-entropy",
            LossKind::Mse => "MSE of logits",
            LossKind::MseSoftmax => "MSE of softmax",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_loss_is_read_checked_and_described() {
        let read = |text: &str| toml::from_str::<LossSettings>(text);
        assert!(read("").unwrap().is_plain() && read("").unwrap().description().is_none());
        let smooth = read("label_smoothing = 0.1\nweight_decay = 5e-4").unwrap();
        assert_eq!(smooth.description().unwrap(), "cross-entropy, label smoothing 0.1, weight decay 0.0005");
        assert_eq!(read("kind = \"mse\"").unwrap().description().unwrap(), "MSE of logits");
        let message = |text: &str| read(text).unwrap().check().unwrap_err();
        assert!(message("label_smoothing = 1.5").contains("found 1.5"));
        assert!(message("kind = \"mse_softmax\"\nlabel_smoothing = 0.1").contains("found it beside MSE of softmax"));
        assert!(message("weight_decay = -1e-4").contains("found -0.0001"));
        assert!(read("kind = \"hinge\"").unwrap_err().to_string().contains("mse_softmax"));
        assert!(read("smoothing = 0.1").unwrap_err().to_string().contains("label_smoothing"));
        // What is not said is not written.
        assert_eq!(toml::to_string(&read("kind = \"mse\"").unwrap()).unwrap(), "kind = \"mse\"\n");
    }
}
