//! [`largest_logit`].

/// max_c z_c; NaN when one is NaN.
pub fn largest_logit(logits: &[f32]) -> f64 {
    logits.iter().fold(f64::NEG_INFINITY, |best, &z| if z.is_nan() { f64::NAN } else { best.max(f64::from(z)) })
}
