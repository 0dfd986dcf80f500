//! Warnings about differences between a network now and in training, with choices that would correct them.

use egui::Ui;

use super::architecture;
use crate::ui::command::{CheckpointCommand, Command};
use crate::ui::style::widget::controls::error_text;
use flatland_core::result::{Fit, NetworkCheck};
use flatland_core::session::{CheckpointEntry, Normalization, NormalizationPreset};

/// Draws the warnings with their choices; nothing if there are none.
pub fn show(ui: &mut Ui, checkpoint: &CheckpointEntry, check: &NetworkCheck, commands: &mut Vec<Command>) {
    for warning in &check.warnings {
        error_text(ui, warning).on_hover_ui(|ui| layers(ui, check));
    }
    if !check.warnings.is_empty() {
        architecture::choice_buttons(ui, checkpoint, choices(check).into_iter(), commands);
    }
}

/// The normalizations that fit, and the best of the other networks that were tried.
fn choices(check: &NetworkCheck) -> Vec<(String, CheckpointCommand)> {
    let best = |fits: &[Fit]| fits.iter().filter(|fit| fit.variance.is_finite()).min_by(|a, b| a.variance.total_cmp(&b.variance)).cloned();
    let preset = |fit: &Fit| serde_json::from_value::<NormalizationPreset>(fit.name.clone().into()).ok();
    let normalizations = check.fitting_normalizations().filter_map(preset).map(Normalization::Preset);
    let normalizations = normalizations.map(|as_| (format!("Normalize as {}", as_.label()), CheckpointCommand::Normalize(as_)));
    let network = best(&check.architectures).filter(|fit| fit.variance < 0.5 * check.overall());
    let network = network.map(|fit| (format!("Read as {}", fit.name), CheckpointCommand::Architecture(Some(fit.name))));
    normalizations.chain(network).collect()
}

fn layers(ui: &mut Ui, check: &NetworkCheck) {
    ui.label(format!("{} images of {}: median |ln(variance / running variance)| over channels", check.samples, check.dataset));
    for layer in check.layers.iter().take(40) {
        ui.label(format!("{:.2}  {}", layer.variance, layer.layer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flatland_core::result::LayerCheck;

    fn check(variance: f64) -> NetworkCheck {
        let layers = vec![LayerCheck { layer: "bn1".into(), variance, mean: 0.0 }];
        NetworkCheck { samples: 128, layers, ..NetworkCheck::default() }
    }

    #[test]
    fn only_what_fits_clearly_better_is_offered() {
        let fit = |name: &str, variance| Fit { name: name.into(), variance };
        let mut input = check(3.0);
        input.normalizations = vec![fit("half", 1.7), fit("imagenet", 0.2), fit("cifar10", 0.4)];
        assert_eq!(
            choices(&input),
            [("ImageNet", NormalizationPreset::Imagenet), ("CIFAR-10", NormalizationPreset::Cifar10)]
                .map(|(name, preset)| (format!("Normalize as {name}"), CheckpointCommand::Normalize(Normalization::Preset(preset))))
        );
        let mut wiring = check(0.9);
        wiring.architectures = vec![fit("resnet20_noshort", 0.8)];
        assert_eq!(choices(&wiring), []);
        wiring.architectures[0].variance = 0.1;
        let name = "resnet20_noshort".to_owned();
        assert_eq!(choices(&wiring), [(format!("Read as {name}"), CheckpointCommand::Architecture(Some(name)))]);
    }
}
