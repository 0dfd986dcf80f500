//! The estimators other than the default one, and the shapes of the ball: closed forms, and results checked from the saved files alone.

use flatland_core::result::{Npz, SharpnessCurve};
use flatland_core::session::{Adaptive, Estimator, Norm, Restart, SharpnessSettings};
use tch::{Kind, Tensor};

use super::tests::{job, noise, two_labels};
use super::{parts, run};
use crate::analysis::test_support::{Recorder, dataset, linear_network, real, real_samples, samples, shared, small_network};
use crate::model::{BatchNormMode, Network, Samples, Tensors};

pub(super) fn curve(network: &Network, data: &Samples, settings: SharpnessSettings) -> (SharpnessCurve, tempfile::TempDir) {
    let out = tempfile::tempdir().unwrap();
    let job = flatland_core::job::SharpnessJob { settings, ..job(out.path(), data, &[]) };
    run(network, data, &job, &mut Recorder::default()).unwrap();
    (SharpnessCurve::load(out.path()).unwrap(), out)
}

pub(super) fn with(estimator: Estimator, rho: &[f64]) -> SharpnessSettings {
    SharpnessSettings { estimator, rho: rho.to_vec(), draws: 40, ..SharpnessSettings::default() }
}

pub(super) const MAXIMISING: [Estimator; 3] = [Estimator::Continuation, Estimator::Sam, Estimator::Ascent];

/// Softmax regression with drawn weights on one image of label 1: L = ln(1 + e^(−m)), and the margin m is linear in W.
pub(super) fn regression() -> (Network, Samples) {
    let mut network = linear_network();
    let weight: Vec<f32> = (0..96).map(|k| 0.01 * ((k * 37) % 23) as f32 - 0.1).collect();
    network.tensors.insert("fc.weight".into(), Tensor::from_slice(&weight).view([2, 48]));
    let data = samples(&network, dataset("one", &[1], |_, p| (10 * p) as u8));
    (network, data)
}

/// S where ε can lower the margin m by `fall` at most.
fn rise(margin: f64, fall: f64) -> f64 {
    (fall - margin).exp().ln_1p() - (-margin).exp().ln_1p()
}

#[test]
fn every_search_in_every_ball_reaches_the_known_maximum_of_a_linear_margin() {
    let (network, data) = regression();
    let w = network.tensors["fc.weight"].to_kind(Kind::Double);
    let x = data.x.flatten(0, -1).to_kind(Kind::Double);
    let margin = f64::try_from((w.select(0, 1) - w.select(0, 0)).dot(&x)).unwrap();
    let slope = Tensor::stack(&[&x, &x], 0);
    let scales = [
        (Adaptive::None, Tensor::ones_like(&w)),
        (Adaptive::Theta, w.abs()),
        (Adaptive::Elementwise, w.abs() + 0.01),
        (Adaptive::Filter, w.norm_scalaropt_dim(2, [1i64].as_slice(), true).expand_as(&w)),
    ];
    for (adaptive, scale) in &scales {
        let seen = (scale * &slope).abs();
        for norm in [Norm::L2, Norm::Linf] {
            let dual = if norm == Norm::L2 { seen.square().sum(Kind::Double).sqrt() } else { seen.sum(Kind::Double) };
            let dual = f64::try_from(dual).unwrap();
            for estimator in MAXIMISING {
                // Falls of the margin by 0.03, 0.3 and 3.
                let radii = [0.03 / dual, 0.3 / dual, 3.0 / dual];
                let settings = SharpnessSettings { norm, adaptive: *adaptive, ..with(estimator, &radii) };
                let (curve, _out) = curve(&network, &data, settings);
                assert_eq!((curve.norm.as_str(), curve.adaptive.as_str(), curve.bound.as_str()), (norm.key(), adaptive.key(), "lower"));
                for point in &curve.points {
                    let known = rise(margin, point.rho * dual);
                    let off = (point.sharpness - known).abs() / known;
                    assert!(off < 1e-4, "{estimator:?} {norm:?} {adaptive:?} rho {}: {} against {known}", point.rho, point.sharpness);
                }
            }
        }
    }
}

/// ‖T⁻¹ε‖ of a saved perturbation, from the definition, and the rise of the mean loss over the images `first..first + count` there.
fn claim(network: &Network, x: &Tensor, y: &Tensor, npz: &Npz, settings: &SharpnessSettings) -> (f64, f64) {
    let mut tensors: Tensors = network.tensors.iter().map(|(name, tensor)| (name.clone(), tensor.shallow_clone())).collect();
    let (mut square, mut largest) = (0.0, 0.0_f64);
    for array in &npz.arrays {
        let weight = &network.tensors[&array.name];
        let epsilon = npz.f64(&array.name).unwrap();
        let w: Vec<f64> = Vec::<f64>::try_from(weight.to_kind(Kind::Double).flatten(0, -1)).unwrap();
        let filter = w.len() / weight.size()[0] as usize;
        for (k, e) in epsilon.iter().enumerate() {
            let filter = &w[k / filter * filter..(k / filter + 1) * filter];
            let t = match settings.adaptive {
                Adaptive::None => 1.0,
                Adaptive::Theta => w[k].abs(),
                Adaptive::Filter if weight.dim() >= 2 => filter.iter().map(|x| x * x).sum::<f64>().sqrt(),
                _ if array.name.ends_with("weight") => w[k].abs() + settings.eta,
                _ => 1.0,
            };
            // Where T is 0, nothing may move.
            assert!(t > 0.0 || *e == 0.0, "{} moves by {e}", array.name);
            let u = if t > 0.0 { e / t } else { 0.0 };
            square += u * u;
            largest = largest.max(u.abs());
        }
        let f32s: Vec<f32> = epsilon.iter().map(|&e| e as f32).collect();
        tensors.insert(array.name.clone(), weight + Tensor::from_slice(&f32s).view_as(weight));
    }
    let loss = |tensors: &Tensors| {
        let logits = network.graph.forward(tensors, x, BatchNormMode::Frozen).unwrap().logits;
        f64::try_from(logits.to_kind(Kind::Double).cross_entropy_for_logits(y)).unwrap()
    };
    (if settings.norm == Norm::L2 { square.sqrt() } else { largest }, loss(&tensors) - loss(&network.tensors))
}

#[test]
fn every_claimed_lower_bound_lies_in_its_ball_and_is_reproduced() {
    let network = small_network(5, 2);
    let (labels, pixel) = noise(5, 60);
    let data = samples(&network, dataset("noise", &labels, pixel));
    for estimator in MAXIMISING {
        for norm in [Norm::L2, Norm::Linf] {
            for adaptive in Adaptive::ALL {
                let radii = if norm == Norm::L2 { [0.05, 0.5] } else { [0.003, 0.03] };
                let settings = SharpnessSettings { norm, adaptive, steps: 10, ..with(estimator, &radii) };
                let (curve, out) = curve(&network, &data, settings.clone());
                for point in &curve.points {
                    let npz = Npz::load(&out.path().join(format!("epsilon_{}.npz", point.rho))).unwrap();
                    let (norm, increase) = claim(&network, &data.x, &data.y, &npz, &settings);
                    assert!(norm <= point.rho * (1.0 + 1e-6), "{settings:?}: ‖T⁻¹ε‖ = {norm}");
                    assert!((norm - point.epsilon_norm).abs() < 1e-6 * norm, "{norm} against {}", point.epsilon_norm);
                    assert!((increase - point.sharpness).abs() < 1e-4 * increase, "{increase} against {}", point.sharpness);
                    assert!(point.sharpness > 0.0);
                }
            }
        }
    }
}

#[test]
fn ascent_with_restarts_reaches_what_continuation_finds_and_one_step_does_not_beat_them() {
    let network = small_network(5, 4);
    let (labels, pixel) = noise(5, 60);
    let data = samples(&network, dataset("noise", &labels, pixel));
    let found = |estimator| curve(&network, &data, with(estimator, &[0.1, 0.5, 1.5])).0;
    let [continuation, sam, ascent] = MAXIMISING.map(found);
    for ((c, s), a) in continuation.points.iter().zip(&sam.points).zip(&ascent.points) {
        assert!(a.sharpness >= 0.98 * c.sharpness, "rho {}: {} against {}", c.rho, a.sharpness, c.sharpness);
        assert!(s.sharpness <= c.sharpness.max(a.sharpness) * (1.0 + 1e-6));
    }
    assert!(ascent.points.windows(2).all(|pair| pair[0].sharpness < pair[1].sharpness));
    assert_eq!(ascent.restarts, ["zero", "sphere", "eigenvector"]);
    assert_eq!((sam.steps, ascent.steps, continuation.steps), (0, 20, 20));
}

#[test]
fn at_a_critical_point_the_eigenvector_leads_out_and_the_overlay_agrees() {
    // S = ln cosh(ρ‖x‖/√2) along the top eigenvector of H, λ₁ = ‖x‖²/2, and ∇L = 0: see the sibling test of the default search.
    let (network, data, length) = two_labels();
    let settings = SharpnessSettings {
        restarts: vec![Restart::Eigenvector],
        steps: 1,
        second_order: true,
        ..with(Estimator::Ascent, &[0.02 / length, 0.2 / length, 2.0 / length])
    };
    let (curve, _out) = curve(&network, &data, settings);
    let overlay = curve.second_order.unwrap();
    assert!((overlay.lambda_max - length * length / 2.0).abs() < 1e-5 * length * length, "{overlay:?}");
    assert!(overlay.gradient_norm < 1e-6 * length && overlay.residual < 1e-3 * overlay.lambda_max);
    for point in &curve.points {
        let known = (point.rho * length / 2f64.sqrt()).cosh().ln();
        assert!((point.sharpness - known).abs() < 1e-3 * known, "rho {}: {} against {known}", point.rho, point.sharpness);
    }
    let (small, large) = (&curve.points[0], &curve.points[2]);
    assert!((overlay.at(small.rho) - small.sharpness).abs() < 1e-3 * small.sharpness, "they agree where ρ is small");
    assert!(overlay.at(large.rho) > 1.2 * large.sharpness, "and part where it is not");
}

#[test]
fn the_overlay_bounds_small_radii_from_above_and_touches_them_at_zero() {
    let network = small_network(5, 6);
    let (labels, pixel) = noise(5, 60);
    let data = samples(&network, dataset("noise", &labels, pixel));
    for adaptive in [Adaptive::None, Adaptive::Elementwise] {
        let settings = SharpnessSettings { adaptive, second_order: true, ..with(Estimator::Continuation, &[0.002, 0.02]) };
        let (curve, _out) = curve(&network, &data, settings);
        let overlay = curve.second_order.unwrap();
        let shares: Vec<f64> = curve.points.iter().map(|point| point.sharpness / overlay.at(point.rho)).collect();
        assert!((shares[0] - 1.0).abs() < 5e-3, "{adaptive:?}: {shares:?}");
        assert!(shares[1] < 1.0 + 1e-3 && shares[1] > 0.9, "{adaptive:?}: {shares:?}");
    }
}

#[test]
fn m_sharpness_is_the_mean_over_batches_of_each_batchs_maximum() {
    // One image a batch under a linear map at W = 0: every image's own S is known.
    let network = linear_network();
    let data = samples(&network, dataset("six", &[0, 1, 1, 0, 1, 0], |i, p| (40 * i + 3 * p) as u8));
    let lengths: Vec<f64> =
        (0..6).map(|i| f64::try_from(data.x.select(0, i).to_kind(Kind::Double).square().sum(Kind::Double)).unwrap().sqrt()).collect();
    for estimator in MAXIMISING {
        let (curve, _out) = curve(&network, &data, SharpnessSettings { m: Some(1), ..with(estimator, &[0.1, 1.0]) });
        assert_eq!((curve.m, curve.samples), (Some(1), 6));
        for point in &curve.points {
            let known: Vec<f64> = lengths.iter().map(|length| rise(0.0, 2f64.sqrt() * point.rho * length)).collect();
            let mean = known.iter().sum::<f64>() / 6.0;
            assert!((point.sharpness - mean).abs() < 1e-4 * mean, "{estimator:?} {}: {} against {mean}", point.rho, point.sharpness);
            let error = (known.iter().map(|k| (k - mean).powi(2)).sum::<f64>() / 5.0 / 6.0).sqrt();
            assert!((point.std_error - error).abs() < 1e-3 * error);
        }
    }
    // A batch for all is no m at all.
    let all = |m| curve(&network, &data, SharpnessSettings { m, ..with(Estimator::Continuation, &[0.1]) }).0;
    assert_eq!(all(Some(6)), all(None));
    assert_eq!(parts(10, Some(4)), [(0, 4), (4, 4), (8, 2)]);
}

#[test]
fn perturbations_of_batches_prove_the_mean_of_their_maxima() {
    let network = small_network(3, 2);
    let (labels, pixel) = noise(3, 25);
    let data = samples(&network, dataset("noise", &labels, pixel));
    let settings = SharpnessSettings { m: Some(10), steps: 5, ..with(Estimator::Continuation, &[0.2]) };
    let (found, out) = curve(&network, &data, settings.clone());
    let order = super::shuffled(&data, &settings, 0).unwrap().unwrap();
    let mut mean = 0.0;
    for (k, (first, count)) in parts(25, Some(10)).into_iter().enumerate() {
        let npz = Npz::load(&out.path().join(format!("epsilon_0.2_batch{k}.npz"))).unwrap();
        let (x, y) = (order.x.narrow(0, first as i64, count as i64), order.y.narrow(0, first as i64, count as i64));
        let (norm, increase) = claim(&network, &x, &y, &npz, &settings);
        assert!(norm <= 0.2 * (1.0 + 1e-6));
        mean += increase * count as f64 / 25.0;
    }
    assert!((mean - found.points[0].sharpness).abs() < 1e-4 * mean, "{mean} against {}", found.points[0].sharpness);
    let one = curve(&network, &data, SharpnessSettings { m: None, ..settings }).0;
    assert!(found.points[0].sharpness > one.points[0].sharpness, "batches of their own are worse than one for all");
}

#[test]
fn averages_over_random_directions_have_the_known_mean_and_spread() {
    // At W = 0, one image: the rise is ln(1 + e^d) − ln 2 ≈ d/2 + d²/8 with d = ε·(x, −x), of variance ρ²·2‖x‖²/96 on the sphere
    // and ρ²/3·2‖x‖² in the cube.
    let network = linear_network();
    let data = samples(&network, dataset("one", &[1], |_, p| (10 * p) as u8));
    let length = f64::try_from(data.x.to_kind(Kind::Double).square().sum(Kind::Double)).unwrap().sqrt();
    for (norm, variance) in [(Norm::L2, 2.0_f64 / 96.0), (Norm::Linf, 2.0 / 3.0)] {
        let rho = 0.1 / length;
        let settings = SharpnessSettings { norm, draws: 400, ..with(Estimator::Random, &[rho, 2.0 * rho]) };
        let (found, out) = curve(&network, &data, settings);
        assert_eq!((found.bound.as_str(), found.draws, found.steps), ("average", Some(400), 0));
        for point in &found.points {
            let d = point.rho * length * variance.sqrt();
            let spread = point.spread.unwrap();
            assert!((point.sharpness - d * d / 8.0).abs() < 4.0 * point.std_error, "{point:?}");
            assert!((spread.sd - d / 2.0).abs() < 0.15 * d / 2.0, "sd {} against {}", spread.sd, d / 2.0);
            assert!((point.std_error - spread.sd / 20.0).abs() < 1e-12);
            assert!(spread.max > spread.sd && point.epsilon_norm <= point.rho * (1.0 + 1e-6));
        }
        assert!(!out.path().join(format!("epsilon_{rho}.npz")).exists(), "an average has no best ε");
    }
    // Of two draws, the mean is negative about every other time: it is not cut off at zero.
    let negative = (0..10).any(|seed| {
        let out = tempfile::tempdir().unwrap();
        let settings = SharpnessSettings { draws: 2, ..with(Estimator::Random, &[0.1 / length]) };
        let job = flatland_core::job::SharpnessJob { settings, seed, ..job(out.path(), &data, &[]) };
        run(&network, &data, &job, &mut Recorder::default()).unwrap();
        SharpnessCurve::load(out.path()).unwrap().points[0].sharpness < 0.0
    });
    assert!(negative);
}

#[test]
fn choices_that_do_not_go_together_are_refused_with_a_reason() {
    let (network, data) = regression();
    let refuse = |settings: SharpnessSettings| {
        let out = tempfile::tempdir().unwrap();
        let job = flatland_core::job::SharpnessJob { settings, ..job(out.path(), &data, &[]) };
        run(&network, &data, &job, &mut Recorder::default()).unwrap_err().to_string()
    };
    let random = with(Estimator::Random, &[0.1]);
    assert!(refuse(SharpnessSettings { m: Some(8), ..random.clone() }).contains("an estimator that maximises beside m"));
    assert!(refuse(SharpnessSettings { draws: 1, ..random }).contains("at least 2 draws"));
    let ascent = with(Estimator::Ascent, &[0.1]);
    assert!(refuse(SharpnessSettings { restarts: Vec::new(), ..ascent.clone() }).contains("in restarts, found none"));
    assert!(refuse(SharpnessSettings { second_order: true, norm: Norm::Linf, ..ascent }).contains("norm = \"l2\""));
}

#[test]
fn one_step_on_a_real_network_against_pytorch() {
    // ../hessian/reference.py: the first 256 CIFAR-10 test images.
    let Some(shared) = shared() else { return };
    let network = real(&shared);
    let data = real_samples(&network, &shared.join("data/cifar-10-batches-bin"), Some("test"), 256);
    let sam = with(Estimator::Sam, &[0.05]);
    for (settings, known) in [
        (sam.clone(), 0.2104716943),
        (SharpnessSettings { norm: Norm::Linf, rho: vec![0.0005], ..sam.clone() }, 0.9856117013),
        (SharpnessSettings { adaptive: Adaptive::Elementwise, rho: vec![0.5], ..sam.clone() }, 1.7579951499),
        (SharpnessSettings { adaptive: Adaptive::Theta, rho: vec![0.5], ..sam }, 0.8393401911),
    ] {
        let (curve, _out) = curve(&network, &data, settings.clone());
        let found = curve.points[0].sharpness;
        assert!((found - known).abs() < 1e-3 * known, "{settings:?}: {found} against {known}");
    }
}
