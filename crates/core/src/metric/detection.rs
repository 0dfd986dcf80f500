//! AUROC, FPR@95 and AUPR of a score that should be larger for ID than for OOD.

/// Area under the ROC curve (= Mann-Whitney, ties half), in [0, 1]; 1 when every OOD score lies below every ID score.
///
/// ```
/// use flatland_core::metric::auroc;
///
/// // Five of the six pairs are ordered, and one is a tie.
/// assert_eq!(auroc(&[0.9, 0.8, 0.4], &[0.4, 0.1]), Some(5.5 / 6.0));
/// ```
pub fn auroc(id: &[f64], ood: &[f64]) -> Option<f64> {
    let groups = ascending(id, ood)?;
    let (mut ood_below, mut twice_wins) = (0_u128, 0_u128);
    for group in &groups {
        twice_wins += u128::from(group.id) * (2 * ood_below + u128::from(group.ood));
        ood_below += u128::from(group.ood);
    }
    Some(twice_wins as f64 / (2.0 * id.len() as f64 * ood.len() as f64))
}

/// Share of ID flagged as OOD at the first threshold that catches at least 95 % of OOD, in [0, 1].
///
/// ```
/// use flatland_core::metric::fpr95;
///
/// // Both OOD images are caught at 0.5, and so is one of four ID images.
/// assert_eq!(fpr95(&[0.9, 0.8, 0.7, 0.4], &[0.5, 0.1]), Some(0.25));
/// ```
pub fn fpr95(id: &[f64], ood: &[f64]) -> Option<f64> {
    fpr_at(id, ood, 0.95)
}

/// Share of ID flagged as OOD at the first threshold that catches at least `share` of OOD.
pub(super) fn fpr_at(id: &[f64], ood: &[f64], share: f64) -> Option<f64> {
    let groups = ascending(id, ood)?;
    first_at(share, groups.iter().map(|group| (group.ood, group.id)), ood.len(), id.len())
}

/// The other convention: share of OOD kept as ID at the first threshold that keeps at least 95 % of ID, in [0, 1].
pub fn fpr95_id_positive(id: &[f64], ood: &[f64]) -> Option<f64> {
    let groups = ascending(id, ood)?;
    first_at(0.95, groups.iter().rev().map(|group| (group.id, group.ood)), id.len(), ood.len())
}

/// Area under precision-recall with ID positive, by trapezoid (not average precision), in [0, 1].
pub fn aupr_in(id: &[f64], ood: &[f64]) -> Option<f64> {
    let groups = ascending(id, ood)?;
    Some(precision_recall_area(groups.iter().rev().map(|group| (group.id, group.ood)), id.len()))
}

/// Area under precision-recall with OOD positive, by trapezoid (not average precision), in [0, 1].
pub fn aupr_out(id: &[f64], ood: &[f64]) -> Option<f64> {
    let groups = ascending(id, ood)?;
    Some(precision_recall_area(groups.iter().map(|group| (group.ood, group.id)), ood.len()))
}

/// How many samples of each side share one score.
struct Group {
    id: u64,
    ood: u64,
}

/// Distinct scores in ascending order; `None` when a side is empty or holds a NaN.
fn ascending(id: &[f64], ood: &[f64]) -> Option<Vec<Group>> {
    if id.is_empty() || ood.is_empty() || id.iter().chain(ood).any(|score| score.is_nan()) {
        return None;
    }
    // Adding 0 turns −0 into 0, so that `total_cmp` treats them as equal.
    let mut all: Vec<(f64, bool)> = id.iter().map(|&s| (s + 0.0, false)).chain(ood.iter().map(|&s| (s + 0.0, true))).collect();
    all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut groups: Vec<Group> = Vec::new();
    let mut last = None;
    for (score, is_ood) in all {
        if last != Some(score) {
            groups.push(Group { id: 0, ood: 0 });
            last = Some(score);
        }
        if let Some(group) = groups.last_mut() {
            *(if is_ood { &mut group.ood } else { &mut group.id }) += 1;
        }
    }
    Some(groups)
}

/// Placement values: for each ID sample the share of OOD below it, for each OOD sample the share of ID above it, ties half; in
/// ascending order of the scores. Both means are AUROC.
pub(super) fn placements(id: &[f64], ood: &[f64]) -> Option<(Vec<f64>, Vec<f64>)> {
    let groups = ascending(id, ood)?;
    let (n, m) = (id.len() as f64, ood.len() as f64);
    let (mut of_id, mut of_ood) = (Vec::with_capacity(id.len()), Vec::with_capacity(ood.len()));
    let (mut id_below, mut ood_below) = (0_u64, 0_u64);
    for group in &groups {
        let share = (ood_below as f64 + 0.5 * group.ood as f64) / m;
        of_id.extend(std::iter::repeat_n(share, group.id as usize));
        id_below += group.id;
        let share = (n - id_below as f64 + 0.5 * group.id as f64) / n;
        of_ood.extend(std::iter::repeat_n(share, group.ood as usize));
        ood_below += group.ood;
    }
    Some((of_id, of_ood))
}

/// FPR at the first threshold whose TPR is at least `share`; `steps` are (positives, negatives) from most to least positive.
fn first_at(share: f64, steps: impl Iterator<Item = (u64, u64)>, positives: usize, negatives: usize) -> Option<f64> {
    let (mut tp, mut fp) = (0, 0);
    for (positive, negative) in steps {
        tp += positive;
        fp += negative;
        if tp as f64 / positives as f64 >= share {
            return Some(fp as f64 / negatives as f64);
        }
    }
    None
}

/// Trapezoid over scikit-learn's `precision_recall_curve`, which is closed with (recall 0, precision 1).
fn precision_recall_area(steps: impl Iterator<Item = (u64, u64)>, positives: usize) -> f64 {
    let (mut tp, mut fp) = (0, 0);
    let (mut recall, mut precision, mut area) = (0.0, 1.0, 0.0);
    for (positive, negative) in steps {
        tp += positive;
        fp += negative;
        let (next_recall, next_precision) = (tp as f64 / positives as f64, tp as f64 / (tp + fp) as f64);
        area += (next_recall - recall) * 0.5 * (precision + next_precision);
        (recall, precision) = (next_recall, next_precision);
    }
    area
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: [f64; 4] = [0.9, 0.8, 0.8, 0.3];
    const OOD: [f64; 3] = [0.8, 0.4, 0.2];
    type Metric = fn(&[f64], &[f64]) -> Option<f64>;
    const ALL: [Metric; 5] = [auroc, fpr95, fpr95_id_positive, aupr_in, aupr_out];

    fn near(found: Option<f64>, expected: f64) {
        let found = found.unwrap();
        assert!((found - expected).abs() < 1e-9, "expected {expected}, found {found}");
    }

    /// Repeatable scores with many ties.
    fn scores(n: u64, seed: u64, shift: f64) -> Vec<f64> {
        (0..n).map(|i| ((i * 2_654_435_761 + seed * 97) % 1_009 / 7) as f64 / 20.0 + shift).collect()
    }

    #[test]
    fn golden_values_of_the_reference() {
        near(auroc(&ID, &OOD), 0.75);
        near(fpr95(&ID, &OOD), 0.75);
        near(fpr95_id_positive(&ID, &OOD), 2.0 / 3.0);
        near(aupr_out(&ID, &OOD), 0.722_222_222_222);
        near(aupr_in(&ID, &OOD), 0.845_833_333_333);
    }

    #[test]
    fn separable_is_perfect_and_constant_is_chance() {
        let (high, low) = (scores(50, 1, 100.0), scores(40, 2, 0.0));
        for (metric, best) in ALL.iter().zip([1.0, 0.0, 0.0, 1.0, 1.0]) {
            near(metric(&high, &low), best);
        }
        near(auroc(&[1.0; 7], &[1.0; 3]), 0.5);
        near(fpr95(&[1.0; 7], &[1.0; 3]), 1.0);
        near(fpr95_id_positive(&[1.0; 7], &[1.0; 3]), 1.0);
    }

    #[test]
    fn the_definition_by_pairs_holds() {
        let (id, ood) = (scores(120, 3, 0.7), scores(90, 4, 0.0));
        let pair = |a: &f64, b: &f64| if a > b { 1.0 } else { 0.5 * f64::from(u8::from(a == b)) };
        let wins: f64 = id.iter().map(|a| ood.iter().map(|b| pair(a, b)).sum::<f64>()).sum();
        near(auroc(&id, &ood), wins / (120.0 * 90.0));
    }

    #[test]
    fn monotone_transforms_and_order_do_not_matter() {
        let (id, ood) = (scores(300, 5, 0.4), scores(200, 6, 0.0));
        let transform = |v: &[f64]| v.iter().rev().map(|x| (3.0 * x).exp() - 5.0).collect::<Vec<_>>();
        for metric in ALL {
            assert_eq!(metric(&id, &ood), metric(&transform(&id), &transform(&ood)));
        }
    }

    #[test]
    fn exchanging_and_negating_the_sides_exchanges_the_metrics() {
        let (id, ood) = (scores(300, 5, 0.4), scores(200, 6, 0.0));
        let negative = |v: &[f64]| v.iter().map(|x| -x).collect::<Vec<_>>();
        let (minus_id, minus_ood) = (negative(&id), negative(&ood));
        near(auroc(&minus_ood, &minus_id), auroc(&id, &ood).unwrap());
        assert_eq!(fpr95(&minus_ood, &minus_id), fpr95_id_positive(&id, &ood));
        assert_eq!(aupr_in(&minus_ood, &minus_id), aupr_out(&id, &ood));
    }

    #[test]
    fn zeros_tie_and_infinities_are_values() {
        near(auroc(&[0.0], &[-0.0]), 0.5);
        near(auroc(&[f64::INFINITY, 1.0], &[f64::NEG_INFINITY, f64::INFINITY]), (1.0 + 0.5 + 1.0) / 4.0);
    }

    #[test]
    fn nan_or_an_empty_side_is_undefined() {
        for metric in ALL {
            assert_eq!(metric(&[], &OOD), None);
            assert_eq!(metric(&ID, &[]), None);
            assert_eq!(metric(&[f64::NAN, 1.0], &OOD), None);
            assert_eq!(metric(&ID, &[f64::NAN]), None);
        }
    }
}
