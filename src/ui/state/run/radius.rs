//! A warning about a large radius ρ of a sharpness-aware step for a small network.

use crate::ui::state::number::count;
use crate::ui::state::run::draft::{Draft, Entry};
use flatland_core::job::MethodInfo;

/// Networks with fewer parameters are small compared to the WideResNet for which DR-SAM's radius was chosen.
const SMALL: u64 = 1_000_000;
/// Radius from which on small networks lose accuracy.
const LARGE: f64 = 0.2;

impl Draft {
    /// The warning about the radius in the form, for a network of this many `parameters`; `None` when there is none.
    pub fn large_radius(&self, method: &MethodInfo, parameters: Option<u64>) -> Option<String> {
        let radius = method.parameters.iter().find(|parameter| parameter.key == "rho")?;
        let Entry::Text(text) = self.entry(radius) else { return None };
        let rho: f64 = text.trim().parse().ok()?;
        let parameters = parameters.filter(|parameters| (1..SMALL).contains(parameters) && rho >= LARGE)?;
        Some(format!(
            "ρ is a length over all weights: {rho} was chosen for a WideResNet. This network has {} parameters, and small ones lost much of their \
             accuracy by it; 0.05 to 0.1 changes the weights less. Watch the ID accuracy.",
            count(parameters)
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use flatland_core::job::{ParameterInfo, ParameterKind};
    use flatland_core::session::Session;

    #[test]
    fn a_large_radius_is_warned_about_for_a_small_network_only() {
        let kind = ParameterKind::Number { default: 0.5, min: 0.0, max: 100.0, log: true };
        let rho = ParameterInfo { key: "rho".into(), symbol: "ρ".into(), unit: String::new(), about: String::new(), kind };
        let (name, objective, source, score) = ("DR-SAM".into(), String::new(), String::new(), String::new());
        let parameters = vec![rho.clone()];
        let method = MethodInfo { key: "dr_sam".into(), name, objective, source, parameters, outliers: true, environments: false, score };
        let mut draft = Draft::new(&Session::default(), "dr_sam");
        let message_text = |draft: &Draft, parameters| draft.large_radius(&method, parameters);
        assert!(
            message_text(&draft, Some(78_042)).unwrap().contains("0.5 was chosen for a WideResNet. This network has 78,042 parameters")
        );
        assert_eq!((message_text(&draft, Some(36_500_000)), message_text(&draft, None)), (None, None));
        draft.set(&rho, Entry::Text("0.05".into()));
        assert_eq!(message_text(&draft, Some(78_042)), None);
        draft.set(&rho, Entry::Text("much".into()));
        assert_eq!(message_text(&draft, Some(78_042)), None);
    }
}
