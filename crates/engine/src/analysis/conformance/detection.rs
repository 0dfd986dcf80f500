//! Detection metrics by their definitions, pair by pair and threshold by threshold.

use flatland_core::metric;
use flatland_core::metric::relative_error;
use flatland_core::result::{Checks, Definition};
use rand_distr::{Distribution, StandardNormal};

use super::reference::mean;
use crate::analysis::flat::draws;

/// Sums of the same fractions in another order.
const F64: f64 = 1e-12;

/// Checks on drawn scores with many ties.
pub(super) fn checks(checks: &mut Checks) {
    let mut random = draws("conformance scores", 0, 0);
    let mut scores = |n: usize, middle: f64| -> Vec<f64> {
        (0..n).map(|_| (10.0 * (middle + Distribution::<f64>::sample(&StandardNormal, &mut random))).round() / 10.0).collect()
    };
    let (id, ood) = (scores(400, 1.2), scores(300, 0.0));
    let or_nan = |value: Option<f64>| value.unwrap_or(f64::NAN);
    let mut compare = |definition: Definition, against: &str, found: Option<f64>, expected: f64| {
        checks.add(definition, against, "its value", relative_error(or_nan(found), expected), F64);
    };
    compare(
        Definition::new("AUROC", "P(score of ID > score of OOD) + ½ P(equal)", "Mann-Whitney; OOD positive, as in OpenOOD"),
        "a count over all 120,000 pairs",
        metric::auroc(&id, &ood),
        outscored(&id, &ood),
    );
    compare(
        Definition::new("FPR@95", "share of ID flagged at the first threshold that flags ≥ 95 % of OOD", "OpenOOD"),
        "every score tried as a threshold",
        metric::fpr95(&id, &ood),
        flagged(&id, &ood, 0.95),
    );
    let negative = |values: &[f64]| values.iter().map(|x| -x).collect::<Vec<_>>();
    compare(
        Definition::new(
            "FPR@95, ID positive",
            "share of OOD kept at the first threshold that keeps ≥ 95 % of ID",
            "Hendrycks & Gimpel 2017",
        ),
        "every score tried as a threshold",
        metric::fpr95_id_positive(&id, &ood),
        flagged(&negative(&ood), &negative(&id), 0.95),
    );
    compare(
        Definition::new(
            "AUPR-out",
            "∫ precision d recall by trapezoids, OOD positive, from (recall 0, precision 1)",
            "scikit-learn's curve",
        ),
        "precision and recall counted anew at every threshold",
        metric::aupr_out(&id, &ood),
        precision_recall(&negative(&ood), &negative(&id)),
    );
    compare(
        Definition::new("AUPR-in", "the same, ID positive", "scikit-learn's curve"),
        "precision and recall counted anew at every threshold",
        metric::aupr_in(&id, &ood),
        precision_recall(&id, &ood),
    );
    let shares = |of: &[f64], against: &[f64], ahead: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
        of.iter().map(|a| mean(&against.iter().map(|b| ahead(*a, *b)).collect::<Vec<_>>())).collect()
    };
    let (of_id, of_ood) = (shares(&id, &ood, &wins), shares(&ood, &id, &|b, a| wins(a, b)));
    compare(
        Definition::new("Standard error of AUROC", "√(var of ID placements / n + var of OOD placements / m)", "DeLong et al. 1988"),
        "placements counted pair by pair",
        metric::auroc_std_error(&id, &ood),
        super::reference::std_error(&of_id).hypot(super::reference::std_error(&of_ood)),
    );
    let spread = (0.95 * 0.05 / ood.len() as f64).sqrt();
    let [p, low, high] = [0.95, 0.95 - spread, 0.95 + spread].map(|share| flagged(&id, &ood, share));
    compare(
        Definition::new(
            "Standard error of FPR@95",
            "√(p(1 − p)/n + (½ (FPR@(95 % + s) − FPR@(95 % − s)))²), s = √(0.95·0.05/m)",
            "docs/landscape.md",
        ),
        "every score tried as a threshold",
        metric::fpr95_std_error(&id, &ood),
        (p * (1.0 - p) / id.len() as f64).sqrt().hypot(0.5 * (high - low)),
    );
}

/// AUROC, pair by pair.
pub(super) fn outscored(id: &[f64], ood: &[f64]) -> f64 {
    mean(&id.iter().flat_map(|a| ood.iter().map(|b| wins(*a, *b))).collect::<Vec<_>>())
}

fn wins(id: f64, ood: f64) -> f64 {
    if id > ood { 1.0 } else { f64::from(u8::from(id == ood)) / 2.0 }
}

fn share(values: &[f64], holds: impl Fn(f64) -> bool) -> f64 {
    values.iter().filter(|x| holds(**x)).count() as f64 / values.len() as f64
}

/// The smallest share of `id` at or below a score at or below which `caught` of `ood` are.
pub(super) fn flagged(id: &[f64], ood: &[f64], caught: f64) -> f64 {
    let thresholds = id.iter().chain(ood).filter(|t| share(ood, |x| x <= **t) >= caught);
    thresholds.map(|t| share(id, |x| x <= *t)).fold(f64::NAN, f64::min)
}

/// The area under precision over recall of `positive`, which should be larger.
fn precision_recall(positive: &[f64], negative: &[f64]) -> f64 {
    let mut thresholds: Vec<f64> = positive.iter().chain(negative).copied().collect();
    thresholds.sort_by(|a, b| b.total_cmp(a));
    thresholds.dedup();
    let mut points = vec![(0.0, 1.0)];
    for t in thresholds {
        let count = |values: &[f64]| values.iter().filter(|x| **x >= t).count() as f64;
        let (tp, fp) = (count(positive), count(negative));
        points.push((tp / positive.len() as f64, tp / (tp + fp)));
    }
    points.windows(2).map(|pair| (pair[1].0 - pair[0].0) * (pair[0].1 + pair[1].1) / 2.0).sum()
}
