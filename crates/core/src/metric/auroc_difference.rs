//! Difference of two AUROCs of the same samples, with its paired standard error.

use super::auroc;

/// AUROC of the scores `a` less that of the scores `b`, and the standard error of the difference by DeLong, DeLong and Clarke-Pearson 1988
/// (Biometrics 44, 837): the variances of the differences of the placement values, sample by sample, each over its number of samples.
/// Each is (ID scores, OOD scores), larger for ID; sample k of `a` is sample k of `b`. `None` when the numbers of samples differ, a side has
/// fewer than two, or a score is NaN.
pub fn auroc_difference(a: (&[f64], &[f64]), b: (&[f64], &[f64])) -> Option<(f64, f64)> {
    let same = a.0.len() == b.0.len() && a.1.len() == b.1.len() && a.0.len() > 1 && a.1.len() > 1;
    if !same {
        return None;
    }
    let difference = auroc(a.0, a.1)? - auroc(b.0, b.1)?;
    let of_id = variance_of_difference(&shares_below(a.0, a.1), &shares_below(b.0, b.1));
    let of_ood = variance_of_difference(&shares_below(a.1, a.0), &shares_below(b.1, b.0));
    Some((difference, (of_id / a.0.len() as f64 + of_ood / a.1.len() as f64).sqrt()))
}

/// For each of `values` the share of `others` below it, ties half.
fn shares_below(values: &[f64], others: &[f64]) -> Vec<f64> {
    let mut sorted = others.to_vec();
    sorted.sort_by(f64::total_cmp);
    let share = |x: &f64| {
        let (below, not_above) = (sorted.partition_point(|other| other < x), sorted.partition_point(|other| other <= x));
        0.5 * (below + not_above) as f64 / sorted.len() as f64
    };
    values.iter().map(share).collect()
}

fn variance_of_difference(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let difference = || a.iter().zip(b).map(|(a, b)| a - b);
    let mean = difference().sum::<f64>() / n;
    difference().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use rand_distr::StandardNormal;

    use super::super::auroc_std_error;
    use super::*;

    #[test]
    fn one_score_against_itself_differs_by_nothing_and_against_a_constant_by_itself() {
        let (id, ood) = ([3.0, 2.0, 1.0, 4.0], [0.0, 2.0, 1.5]);
        assert_eq!(auroc_difference((&id, &ood), (&id, &ood)), Some((0.0, 0.0)));
        let (difference, error) = auroc_difference((&id, &ood), (&[1.0; 4], &[1.0; 3])).unwrap();
        assert!((difference - (auroc(&id, &ood).unwrap() - 0.5)).abs() < 1e-15);
        assert!((error - auroc_std_error(&id, &ood).unwrap()).abs() < 1e-15, "a constant has no error of its own");
    }

    #[test]
    fn other_samples_are_not_compared() {
        let three = [1.0, 2.0, 3.0];
        assert_eq!(auroc_difference((&three, &three), (&three[..2], &three)), None);
        assert_eq!(auroc_difference((&three[..1], &three), (&three[..1], &three)), None);
        assert_eq!(auroc_difference((&three, &[f64::NAN, 1.0]), (&three, &[0.0, 1.0])), None);
    }

    /// Over many samples the stated error is the spread that is seen, far below that of independent errors where the scores agree.
    #[test]
    fn the_stated_error_is_the_spread_over_repeated_samples() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut sample = |n: usize, mean: f64| -> (Vec<f64>, Vec<f64>) {
            let pair = |_| {
                let [common, a, b]: [f64; 3] = std::array::from_fn(|_| rng.sample(StandardNormal));
                (mean + common + 0.3 * a, mean + common + 0.3 * b)
            };
            (0..n).map(pair).unzip()
        };
        let (mut found, mut stated, mut alone) = (Vec::new(), 0.0, 0.0);
        for _ in 0..400 {
            let ((id_a, id_b), (ood_a, ood_b)) = (sample(200, 1.5), sample(300, 0.0));
            let (difference, error) = auroc_difference((&id_a, &ood_a), (&id_b, &ood_b)).unwrap();
            found.push(difference);
            stated += error / 400.0;
            alone += auroc_std_error(&id_a, &ood_a).unwrap() / 400.0;
        }
        let mean = found.iter().sum::<f64>() / 400.0;
        let seen = (found.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 399.0).sqrt();
        assert!((stated / seen - 1.0).abs() < 0.2, "stated {stated}, seen {seen}");
        assert!(stated < 0.6 * alone, "paired {stated}, one alone {alone}");
    }
}
