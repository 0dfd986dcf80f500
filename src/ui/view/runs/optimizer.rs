//! The lines of the form about the optimizer, its gradient, and the warm-up.

use egui::Ui;

use super::field;
use crate::ui::state::run::check::Problems;
use crate::ui::state::run::draft::{Draft, WarmupUnit};
use crate::ui::view::runs::field::{NUMBER, choice, number, row};
use flatland_core::job::OptimizerKind;

/// A number of the form: its name, its tooltip, its text, the key of its error message.
type Line<'a> = (&'static str, &'static str, &'a mut String, &'static str);

/// Draws batches per step, the optimizer with its numbers, and clipping.
pub fn show(ui: &mut Ui, draft: &mut Draft, problems: &Problems) {
    number(
        ui,
        "Accumulate",
        "Batches whose gradients make one step, of at least 1: as one batch of all their images, but BatchNorm sees each by itself\n`accumulate`",
        &mut draft.accumulate,
        "batches",
        problems.get("accumulate"),
    );
    row(ui, "Optimizer", "What a step does with the gradient\n`kind` of `[optimizer]`", None, |ui, id| {
        let mut kind = draft.optimizer;
        choice(ui, id, &mut kind, &OptimizerKind::ALL.map(|kind| (kind, kind.label().to_owned())), 140.0);
        if kind != draft.optimizer {
            draft.choose_optimizer(kind);
        }
    });
    match draft.optimizer {
        OptimizerKind::Sgd => sgd(ui, draft, problems),
        OptimizerKind::AdamW => adamw(ui, draft, problems),
    }
    row(
        ui,
        "Clip norm",
        "Longest gradient, above 0, or nothing: a longer one is scaled down to it, over all parameters; of the second gradient where there are two \
         passes (Pascanu et al. 2013, torch.nn.utils.clip_grad_norm_)\n`clip_norm`",
        problems.get("clip_norm"),
        |ui, id| field::text(ui, id, &mut draft.clip_norm, NUMBER, "none", problems.contains_key("clip_norm")),
    );
}

fn sgd(ui: &mut Ui, draft: &mut Draft, problems: &Problems) {
    lines(
        ui,
        problems,
        [
            (
                "Learning rate",
                "Of SGD, above 0, at the beginning or after the warm-up (torch.optim.SGD)\n`lr`, default 0.01",
                &mut draft.lr,
                "lr",
            ),
            ("Momentum", "Of SGD, 0 to 1\n`momentum`, default 0.9", &mut draft.momentum, "momentum"),
            (
                "Weight decay",
                "L2 penalty added to the gradient, at least 0\n`weight_decay`, default 5e-4",
                &mut draft.weight_decay,
                "weight_decay",
            ),
        ],
    );
    row(ui, "Nesterov", "Nesterov's form of momentum (Sutskever et al. 2013)\n`nesterov`", None, |ui, id| {
        drop(ui.checkbox(&mut draft.nesterov, "").labelled_by(id));
    });
}

fn adamw(ui: &mut Ui, draft: &mut Draft, problems: &Problems) {
    let source =
        "Of AdamW, above 0, at the beginning or after the warm-up (Loshchilov & Hutter 2019, torch.optim.AdamW)\n`lr`, default 0.001";
    let decay = "Share of the weights that goes in a step, times the learning rate; at least 0, no part of the gradient\n`weight_decay`, default 0.01";
    let [beta1, beta2] = &mut draft.betas;
    lines(
        ui,
        problems,
        [
            ("Learning rate", source, &mut draft.lr, "lr"),
            ("β₁", "How much of the average gradient stays, 0 to below 1\n`betas`, default 0.9", beta1, "beta1"),
            ("β₂", "How much of the average squared gradient stays, 0 to below 1\n`betas`, default 0.999", beta2, "beta2"),
            ("ε", "Added to the root of the average square, at least 0\n`eps`, default 1e-8", &mut draft.eps, "eps"),
            ("Weight decay", decay, &mut draft.weight_decay, "weight_decay"),
        ],
    );
}

fn lines<const N: usize>(ui: &mut Ui, problems: &Problems, lines: [Line<'_>; N]) {
    for (name, about, value, key) in lines {
        number(ui, name, about, value, "", problems.get(key));
    }
}

/// Draws the length of the warm-up.
pub fn warmup(ui: &mut Ui, draft: &mut Draft, problems: &Problems) {
    let about = "Steps or epochs over which the learning rate rises linearly, step k of n at k/n of it; nothing = none (Goyal et al. 2017, \
                 torch.optim.lr_scheduler.LambdaLR)\n`warmup` of `[schedule]`";
    let problem = problems.get("warmup");
    row(ui, "Warm-up", about, problem, |ui, id| {
        field::text(ui, id, &mut draft.warmup, NUMBER, "none", problem.is_some());
        let label = ui.colored_label(crate::ui::style::theme::of(ui).weak, "in");
        let options = [(WarmupUnit::Steps, "steps".to_owned()), (WarmupUnit::Epochs, "epochs".to_owned())];
        choice(ui, label.id, &mut draft.warmup_unit, &options, 76.0);
    });
}
