//! Standard errors of AUROC and FPR@95 of one sample of ID and OOD scores, and of shares.

use super::detection::{fpr_at, placements};

/// Standard error of [`auroc`](super::auroc()) by DeLong, DeLong and Clarke-Pearson 1988 (Biometrics 44, 837): variances of the placement
/// values of both sides, each over its number of samples. `None` when AUROC is, or a side has one sample.
pub fn auroc_std_error(id: &[f64], ood: &[f64]) -> Option<f64> {
    if id.len() < 2 || ood.len() < 2 {
        return None;
    }
    let (of_id, of_ood) = placements(id, ood)?;
    Some((variance(&of_id) / id.len() as f64 + variance(&of_ood) / ood.len() as f64).sqrt())
}

/// Standard error of [`fpr95`](super::fpr95()): the binomial error p(1 − p)/n of the ID share, and the error of the threshold, which is
/// an OOD quantile: half the difference of the FPRs where 95 % ± √(0.95·0.05/m) of OOD are caught. `None` when FPR@95 is.
pub fn fpr95_std_error(id: &[f64], ood: &[f64]) -> Option<f64> {
    let spread = (0.95 * 0.05 / ood.len() as f64).sqrt();
    let at = |share: f64| fpr_at(id, ood, share.clamp(0.0, 1.0));
    let (p, low, high) = (at(0.95)?, at(0.95 - spread)?, at(0.95 + spread)?);
    Some(share_std_error(p, id.len()).hypot(0.5 * (high - low)))
}

/// Standard error √(p(1 − p)/n) of a share `p` of `n` draws; 0 of none.
pub fn share_std_error(share: f64, n: usize) -> f64 {
    if n > 0 { (share * (1.0 - share) / n as f64).max(0.0).sqrt() } else { 0.0 }
}

fn variance(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use rand_distr::StandardNormal;

    use super::super::{auroc, fpr95};
    use super::*;

    fn normal(n: usize, mean: f64, rng: &mut ChaCha8Rng) -> Vec<f64> {
        (0..n).map(|_| mean + rng.sample::<f64, _>(StandardNormal)).collect()
    }

    /// Over many samples the stated error is the spread that is seen.
    #[test]
    fn stated_errors_are_the_spread_over_repeated_samples() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        type Number = fn(&[f64], &[f64]) -> Option<f64>;
        let pairs: [(Number, Number); 2] = [(auroc, auroc_std_error), (fpr95, fpr95_std_error)];
        for (metric, error) in pairs {
            let (mut found, mut stated) = (Vec::new(), 0.0);
            for _ in 0..400 {
                let (id, ood) = (normal(200, 1.5, &mut rng), normal(300, 0.0, &mut rng));
                found.push(metric(&id, &ood).unwrap());
                stated += error(&id, &ood).unwrap() / 400.0;
            }
            let seen = variance(&found).sqrt();
            assert!((stated / seen - 1.0).abs() < 0.2, "stated {stated}, seen {seen}");
        }
    }

    #[test]
    fn separated_sides_have_no_error_and_single_samples_no_answer() {
        assert_eq!(auroc_std_error(&[2.0, 3.0], &[0.0, 1.0]), Some(0.0));
        assert_eq!(fpr95_std_error(&[2.0, 3.0], &[0.0, 1.0]), Some(0.0));
        assert_eq!(auroc_std_error(&[2.0], &[0.0, 1.0]), None);
        assert_eq!(fpr95_std_error(&[], &[0.0, 1.0]), None);
    }
}
