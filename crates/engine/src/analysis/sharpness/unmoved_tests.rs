//! A search that does not leave θ reports that, as its S = 0 is no measurement.

use flatland_core::result::{SharpnessCurve, Stuck};
use flatland_core::session::{Estimator, Norm, SharpnessSettings};
use tch::Tensor;

use super::estimator_tests::{MAXIMISING, curve, regression, with};
use crate::analysis::test_support::{dataset, linear_network, samples};
use crate::model::{Network, Samples};

/// Softmax regression whose logits of each image of label 1 are `margin` apart, the right one above. Beyond about 104 the gradient is zero in
/// float32 (e⁻¹⁰⁴ is its smallest number), beyond about 745 the loss is zero in float64.
fn saturated(margin: f64, labels: &[i64]) -> (Network, Samples) {
    let mut network = linear_network();
    let data = samples(&network, dataset("saturated", labels, |_, p| (10 + 10 * p) as u8));
    let x: Vec<f32> = Vec::try_from(data.x.select(0, 0).flatten(0, -1)).unwrap();
    let square: f32 = x.iter().map(|x| x * x).sum();
    let row = |by: f32| x.iter().map(move |x| by * x / square);
    let weight: Vec<f32> = row(-0.5 * margin as f32).chain(row(0.5 * margin as f32)).collect();
    network.tensors.insert("fc.weight".into(), Tensor::from_slice(&weight).view([2, 48]));
    (network, data)
}

fn stuck(curve: &SharpnessCurve) -> Vec<Option<Stuck>> {
    curve.points.iter().map(|point| point.stuck()).collect()
}

#[test]
fn without_a_gradient_no_search_claims_a_bound() {
    let (network, data) = saturated(2000.0, &[1, 1, 1]);
    for estimator in MAXIMISING {
        for norm in [Norm::L2, Norm::Linf] {
            let (curve, out) = curve(&network, &data, SharpnessSettings { norm, ..with(estimator, &[0.0, 1e-3, 1e-2]) });
            assert_eq!(stuck(&curve), [None, Some(Stuck::NoGradient), Some(Stuck::NoGradient)], "{estimator:?} {norm:?}");
            assert!(curve.points[1..].iter().all(|point| point.sharpness.is_nan() && point.std_error.is_nan()));
            assert_eq!(curve.gradient_norm, Some(0.0));
            let warning = curve.warning.unwrap();
            assert!(warning.contains("ρ = 0.001, 0.01") && warning.contains("zero in float32"), "{warning}");
            let json = std::fs::read_to_string(out.path().join("sharpness.json")).unwrap();
            assert!(json.contains("\"sharpness\": null") && json.contains("no_gradient"), "{json}");
        }
    }
}

#[test]
fn a_search_that_gets_away_all_the_same_has_its_number() {
    // The margin of 2000 falls by √2·ρ‖x‖ at most: with ρ = 10⁴ a search from a random direction sees the slope behind the plateau.
    let (network, data) = saturated(200.0, &[1, 1]);
    let (curve, _out) = curve(&network, &data, with(Estimator::Continuation, &[1e-4, 1e5]));
    assert_eq!(stuck(&curve)[1], None);
    assert!(curve.points[1].sharpness > 1.0, "{:?}", curve.points[1]);
}

#[test]
fn radii_below_the_rounding_of_float32_are_told_from_flat_ones() {
    let (network, data) = regression();
    for estimator in [Estimator::Continuation, Estimator::Sam, Estimator::Random] {
        let (curve, _out) = curve(&network, &data, with(estimator, &[1e-14, 1e-2]));
        assert_eq!(stuck(&curve), [Some(Stuck::Rounding), None], "{estimator:?}");
        assert!(curve.warning.unwrap().contains("float32 rounds θ + ε to θ"), "{estimator:?}");
    }
}

#[test]
fn batches_without_a_gradient_are_counted_beside_those_with_one() {
    // The label 0 is wrong by the same margin: there the gradient is as large as it gets.
    let (network, data) = saturated(2000.0, &[1, 0, 1, 1]);
    let (curve, _out) = curve(&network, &data, SharpnessSettings { m: Some(1), ..with(Estimator::Continuation, &[1e-2]) });
    let point = curve.points[0];
    let unmoved = point.unmoved.unwrap();
    assert_eq!((unmoved.batches, unmoved.why, point.stuck()), (3, Stuck::NoGradient, None));
    assert!(point.sharpness > 0.0 && point.sharpness.is_finite());
    assert!(curve.warning.unwrap().contains("up to 3 batches without an ε count as 0 at ρ = 0.01"));
}

#[test]
fn an_average_over_a_plateau_is_a_measurement_of_zero() {
    let (network, data) = saturated(2000.0, &[1, 1]);
    let (curve, _out) = curve(&network, &data, with(Estimator::Random, &[1e-2]));
    assert_eq!((curve.points[0].sharpness, curve.points[0].stuck()), (0.0, None));
}
