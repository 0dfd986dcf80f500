//! KL matching, Hendrycks et al. 2022 ("Scaling Out-of-Distribution Detection for Real-World Settings"), section 4.2; OpenOOD:
//! `openood/postprocessors/kl_matching_postprocessor.py`. A class that no training image is predicted as has no template; OpenOOD has NaN there.

use flatland_core::job::Reporter;
use tch::{Kind, Tensor};

use super::registration::{BLOCK, Registration, Score, Setup, Subject, rows};
use crate::analysis::AnalysisError;

pub const REGISTRATION: Registration = Registration { key: "klm", build };

fn build(setup: &Setup<'_>) -> Result<Box<dyn Score>, AnalysisError> {
    let training = setup.training()?;
    let (classes, options) = (training.of.classes as i64, (Kind::Double, training.device));
    let (mut sums, mut counts) = (Tensor::f_zeros([classes, classes], options)?, Tensor::f_zeros([classes, 1], options)?);
    let logits = training.of.logits.chunks(BLOCK * training.of.classes.max(1));
    for (logits, predicted) in logits.zip(training.of.prediction.chunks(BLOCK)) {
        let p = rows(logits, training.of.classes, training.device)?.f_softmax(1, Kind::Double)?;
        let predicted = Tensor::f_from_slice(predicted)?.f_to_device(training.device)?;
        sums = sums.f_index_add(0, &predicted, &p)?;
        counts = counts.f_index_add(0, &predicted, &Tensor::f_ones([p.size()[0], 1], options)?)?;
    }
    let known = counts.f_squeeze_dim(1)?.f_nonzero()?.f_squeeze_dim(1)?;
    let means = sums.f_index_select(0, &known)?.f_div(&counts.f_index_select(0, &known)?)?;
    Ok(Box::new(Klm { log_means: means.f_log()? }))
}

/// −min over c of KL(p ‖ q_c).
struct Klm {
    /// ln q_c, [classes that are predicted, C].
    log_means: Tensor,
}

impl Score for Klm {
    fn of(&self, subject: &Subject<'_>, reporter: &mut dyn Reporter) -> Result<Vec<f64>, AnalysisError> {
        subject.by_blocks(reporter, |_, logits| {
            let log_p = logits.f_log_softmax(1, Kind::Double)?;
            let p = log_p.f_exp()?;
            // 0·ln 0 = 0, as in OpenOOD.
            let entropy = p.f_xlogy(&p)?.f_sum_dim_intlist([1i64].as_slice(), true, Kind::Double)?;
            // A q of 0 where p is above 0 is infinitely far; 0·∞ is 0 here, so −∞ is replaced by the smallest finite number.
            let finite = self.log_means.f_clamp_min(f64::MIN)?;
            let cross = p.f_matmul(&finite.f_transpose(0, 1)?)?;
            Ok(entropy.f_sub(&cross)?.f_amin([1i64].as_slice(), false)?.f_neg()?)
        })
    }
}
