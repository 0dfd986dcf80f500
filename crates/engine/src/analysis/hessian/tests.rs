use std::path::Path;

use flatland_core::job::{Device as JobDevice, HessianJob, ProgressMeter};
use flatland_core::metric::mean_std_error;
use flatland_core::result::{HessianSpectrum, Npz};
use flatland_core::session::{DensityQuality, HessianSettings, Role};
use tch::{Kind, Tensor};

use super::{Eigenpair, HessianProduct, Search, extremes, hutch_plus_plus, quadrature, run};
use crate::analysis::conformance::hessian::{Matrix, outliers_over_a_bulk};
use crate::analysis::flat::{draws, norm, normal};
use crate::analysis::objective::Objective;
use crate::analysis::test_support::{
    PartialReader, Recorder, checkpoint, dataset, linear_network, real, real_samples, samples, shared, small_network,
};
use crate::analysis::{AnalysisError, landscape};
use crate::model::{Activation, Network, Op, Samples};

fn look_for(top: usize, steps: usize, tolerance: f64) -> Search {
    Search { top, bottom: true, steps, tolerance, seed: 3 }
}

fn values(pairs: &[Eigenpair]) -> Vec<f64> {
    pairs.iter().map(|pair| pair.value).collect()
}

#[test]
fn lanczos_finds_the_ends_of_a_known_spectrum_and_says_how_well() {
    let mut matrix = Matrix::with(&outliers_over_a_bulk(), 1).unwrap();
    let found = extremes(&mut matrix, &look_for(4, 100, 1e-6)).unwrap();
    for (value, known) in values(&found.top).iter().zip([20.0, 11.0, 7.0, 6.5]) {
        assert!((value - known).abs() < 1e-8, "{value} against {known}");
    }
    let bottom = found.bottom.unwrap();
    assert!((bottom.value + 2.0).abs() < 1e-8);
    assert!(found.converged && found.steps < 60, "{} steps", found.steps);
    for pair in found.top.iter().chain([&bottom]) {
        assert!((norm(&pair.vector).unwrap() - 1.0).abs() < 1e-12);
        let off = norm(&(matrix.matrix.mv(&pair.vector) - &pair.vector * pair.value)).unwrap();
        assert!((off - pair.residual).abs() < 1e-12 && pair.residual <= 1e-6 * 20.0, "{off} against {}", pair.residual);
    }
    let overlap = f64::try_from(found.top[0].vector.dot(&found.top[1].vector)).unwrap();
    assert!(overlap.abs() < 1e-6, "eigenvectors of different eigenvalues are orthogonal, found {overlap}");
}

#[test]
fn too_few_steps_are_told_and_the_residual_still_bounds_the_error() {
    let known = outliers_over_a_bulk();
    let found = extremes(&mut Matrix::with(&known, 2).unwrap(), &look_for(4, 6, 1e-6)).unwrap();
    assert!(!found.converged);
    for pair in found.top.iter().chain(&found.bottom) {
        let nearest = known.iter().map(|value| (value - pair.value).abs()).fold(f64::INFINITY, f64::min);
        assert!(nearest <= pair.residual + 1e-9, "an eigenvalue lies {nearest} away, stated {}", pair.residual);
    }
}

#[test]
fn an_exhausted_krylov_space_is_left_and_small_spaces_are_found_whole() {
    // A multiple eigenvalue shows one direction to a Krylov space; the rest comes from fresh starts.
    let found = extremes(&mut Matrix::with(&[3.0, 3.0, 3.0, -1.0, -1.0], 4).unwrap(), &look_for(5, 50, 1e-9)).unwrap();
    for (value, known) in values(&found.top).iter().zip([3.0, 3.0, 3.0, -1.0, -1.0]) {
        assert!((value - known).abs() < 1e-9, "{:?}", values(&found.top));
    }
    let one = extremes(&mut Matrix::with(&[2.5], 5).unwrap(), &look_for(3, 50, 1e-9)).unwrap();
    assert_eq!(one.top.len(), 1);
    assert!((one.top[0].value - 2.5).abs() < 1e-12 && (one.bottom.unwrap().value - 2.5).abs() < 1e-12);
}

#[test]
fn the_trace_lies_within_its_stated_error() {
    let known = outliers_over_a_bulk();
    let sum: f64 = known.iter().sum();
    let mut within = 0;
    for seed in 0..40 {
        let found = hutch_plus_plus(&mut Matrix::with(&known, 6).unwrap(), 10, seed).unwrap();
        within += usize::from((found.value - sum).abs() <= 2.0 * found.std_error);
        // Hutchinson alone with the same 30 products would have √(2·Σλ²/30) ≈ 6.5: the sketch takes the outliers.
        assert!(found.std_error > 0.0 && found.std_error < 4.0, "{}", found.std_error);
    }
    // Student's t with 9 degrees of freedom stays within two errors in 92 %.
    assert!(within >= 32, "{within} of 40 within two standard errors");
    let mut small = Matrix::with(&[1.0, 2.0, -4.0], 7).unwrap();
    let exact = hutch_plus_plus(&mut small, 5, 0).unwrap();
    assert!((exact.value + 1.0).abs() < 1e-12 && exact.std_error == 0.0 && small.products == 6);
}

#[test]
fn the_density_has_the_moments_of_the_spectrum() {
    let known = outliers_over_a_bulk();
    let density = quadrature(&mut Matrix::with(&known, 8).unwrap(), 30, 40, 1).unwrap();
    assert_eq!((density.nodes.len(), density.nodes[0].len()), (40, 30));
    for k in 0..6 {
        let exact = known.iter().map(|value| value.powi(k)).sum::<f64>() / known.len() as f64;
        let (mean, error) = mean_std_error(&density.moments(k)).unwrap();
        assert!((mean - exact).abs() <= 3.0 * error + 1e-9, "moment {k}: {mean} ± {error} against {exact}");
    }
    let (low, high) = density.range().unwrap();
    assert!((low + 2.0).abs() < 1e-6 && (high - 20.0).abs() < 1e-6, "{low} {high}");
}

fn noise(classes: i64, n: usize) -> (Vec<i64>, impl Fn(usize, usize) -> u8) {
    ((0..n as i64).map(|i| i % classes).collect(), |i, p| ((i * 7919 + p * 104_729 + i * p * 31) % 251) as u8)
}

/// [`small_network`] with tanh for ReLU: finite differences see the kinks that derivatives do not.
fn smooth_network(classes: i64, seed: u64) -> Network {
    let mut network = small_network(classes, seed);
    for node in &mut network.graph.nodes {
        if node.op == Op::Relu {
            node.op = Activation::Tanh.op();
        }
    }
    network
}

/// H of a small network, column by column, in f64.
fn full_hessian(objective: &Objective) -> Tensor {
    let n = objective.theta().layout().len;
    let zero = objective.zero().unwrap();
    let columns: Vec<Tensor> = (0..n)
        .map(|k| {
            let unit = objective.zero().unwrap();
            let _ = unit.narrow(0, k, 1).fill_(1.0);
            objective.hessian_vector(&zero, &unit, &Recorder::default()).unwrap().to_kind(Kind::Double)
        })
        .collect();
    Tensor::stack(&columns, 1)
}

fn with_product<T>(objective: &Objective, f: impl FnOnce(&mut HessianProduct) -> T) -> T {
    let (zero, mut recorder) = (objective.zero().unwrap(), Recorder::default());
    let meter = ProgressMeter::new("products", "", 0, 1);
    f(&mut HessianProduct::new(objective, &zero, None, meter, &mut recorder))
}

#[test]
fn products_are_the_derivative_of_the_gradient() {
    let network = smooth_network(5, 2);
    let (labels, pixel) = noise(5, 300);
    let data = samples(&network, dataset("noise", &labels, pixel));
    let objective = Objective::new(&network, &data).unwrap();
    let recorder = Recorder::default();
    for seed in 0..3 {
        let v = normal(&objective.zero().unwrap(), &mut draws("test", seed, 1)).unwrap();
        let v = &v / norm(&v).unwrap();
        let exact = objective.hessian_vector(&objective.zero().unwrap(), &v, &recorder).unwrap();
        let step = 1e-2;
        let gradient = |t: f64| objective.gradient(&(&v * t), &recorder).unwrap().1.to_kind(Kind::Double);
        // Five points: the error is of order step⁴, and rounding of f32 gradients counts 1e-7/step.
        let differences = (gradient(-2.0 * step) - gradient(2.0 * step) + (gradient(step) - gradient(-step)) * 8.0) / (12.0 * step);
        let off = norm(&(&differences - exact.to_kind(Kind::Double))).unwrap() / norm(&exact).unwrap();
        assert!(off < 2e-3, "seed {seed}: relative difference {off}");
    }
}

#[test]
fn a_small_network_agrees_with_its_full_hessian() {
    let network = small_network(4, 1);
    let (labels, pixel) = noise(4, 60);
    let data = samples(&network, dataset("noise", &labels, pixel));
    let objective = Objective::new(&network, &data).unwrap();
    let full = full_hessian(&objective);
    let asymmetry = f64::try_from((&full - full.transpose(0, 1)).abs().max()).unwrap();
    let scale = f64::try_from(full.abs().max()).unwrap();
    assert!(asymmetry < 1e-5 * scale, "asymmetry {asymmetry} of {scale}");
    let eigenvalues = Vec::<f64>::try_from((full.shallow_clone() + full.transpose(0, 1)).linalg_eigh("L").0 / 2.0).unwrap();
    let n = eigenvalues.len();

    let found = with_product(&objective, |h| extremes(h, &look_for(6, 150, 1e-5))).unwrap();
    assert!(found.converged);
    for (k, pair) in found.top.iter().enumerate() {
        let known = eigenvalues[n - 1 - k];
        assert!((pair.value - known).abs() < 1e-4 * known.abs(), "λ{}: {} against {known}", k + 1, pair.value);
    }
    let bottom = found.bottom.unwrap();
    assert!((bottom.value - eigenvalues[0]).abs() < 1e-4 * eigenvalues[n - 1], "{} against {}", bottom.value, eigenvalues[0]);

    let sum: f64 = eigenvalues.iter().sum();
    let trace = with_product(&objective, |h| hutch_plus_plus(h, 12, 0)).unwrap();
    assert!((trace.value - sum).abs() <= 3.0 * trace.std_error + 1e-5 * sum, "{trace:?} against {sum}");
    let density = with_product(&objective, |h| quadrature(h, 20, 10, 0)).unwrap();
    for k in 1..4 {
        let exact = eigenvalues.iter().map(|value| value.powi(k)).sum::<f64>() / n as f64;
        let (mean, error) = mean_std_error(&density.moments(k)).unwrap();
        assert!((mean - exact).abs() <= 3.0 * error, "moment {k}: {mean} ± {error} against {exact}");
    }
}

fn job(out: &Path, data: &Samples, settings: HessianSettings) -> HessianJob {
    HessianJob {
        checkpoint: checkpoint(),
        dataset: flatland_core::job::AnalysisDataset { role: Role::Id, source: data.dataset.provenance.source.clone() },
        settings,
        seed: 0,
        save_eigenvectors: true,
        out: out.into(),
        device: JobDevice::Cpu,
    }
}

fn spectrum(network: &Network, data: &Samples, settings: HessianSettings) -> (HessianSpectrum, tempfile::TempDir) {
    let out = tempfile::tempdir().unwrap();
    run(network, data, &job(out.path(), data, settings), &mut Recorder::default()).unwrap();
    (HessianSpectrum::load(out.path()).unwrap(), out)
}

#[test]
fn softmax_regression_at_zero_has_the_known_spectrum() {
    // L = mean of ln Σ exp(w_c·x) − w_y·x. At W = 0 with two classes H = ¼ [[1, −1], [−1, 1]] ⊗ mean of xxᵀ. One image: λ₁ = ‖x‖²/2,
    // all others 0; ∇L = ±x/2 in both rows.
    let network = linear_network();
    let data = samples(&network, dataset("one", &[1], |_, p| (10 * p) as u8));
    let square = f64::try_from(data.x.to_kind(Kind::Double).square().sum(Kind::Double)).unwrap();
    let (found, _out) = spectrum(&network, &data, HessianSettings { top: 2, density: DensityQuality::Preview, ..Default::default() });
    let close = |value: f64, known: f64| (value - known).abs() < 1e-5 * square;
    assert!(close(found.top[0].value, square / 2.0) && close(found.top[1].value, 0.0) && close(found.lambda_min.value, 0.0));
    assert!(close(found.trace.unwrap().value, square / 2.0), "{:?}", found.trace);
    assert!((found.gradient_norm - (square / 2.0).sqrt()).abs() < 1e-5 * square);
    assert_eq!((found.parameters, found.samples, found.batch_norm.as_str(), found.precision.as_str()), (96, 1, "frozen", "f32"));
    assert_eq!(found.tensors, "all trainable parameters");
    assert!(found.converged && found.products > 0);
    // Each probe sees two nodes that matter: λ₁ with weight (v·v₁)², and 0.
    let density = found.density.unwrap();
    for (nodes, weights) in density.nodes.iter().zip(&density.weights) {
        assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        assert!(nodes.iter().zip(weights).all(|(t, w)| close(*t, square / 2.0) || close(*t, 0.0) || *w < 1e-9), "{nodes:?} {weights:?}");
    }
}

#[test]
fn saved_eigenvectors_are_eigenvectors_and_span_a_plane_for_the_landscape() {
    let network = smooth_network(4, 3);
    let (labels, pixel) = noise(4, 40);
    let data = samples(&network, dataset("noise", &labels, pixel));
    let settings = HessianSettings { top: 2, trace_probes: 0, density: DensityQuality::None, tolerance: 1e-4, ..Default::default() };
    let (found, out) = spectrum(&network, &data, settings.clone());
    let objective = Objective::new(&network, &data).unwrap();
    let theta = objective.theta();
    for (file, number) in
        [("eigenvector_1.npz", found.top[0]), ("eigenvector_2.npz", found.top[1]), ("eigenvector_min.npz", found.lambda_min)]
    {
        let npz = Npz::load(&out.path().join(file)).unwrap();
        let flat: Vec<f32> =
            theta.layout().entries.iter().flat_map(|(name, _, _)| npz.f64(name).unwrap()).map(|value| value as f32).collect();
        let v = Tensor::from_slice(&flat);
        assert!((norm(&v).unwrap() - 1.0).abs() < 1e-6, "{file}");
        assert!(f64::try_from(v.max()).unwrap() >= -f64::try_from(v.min()).unwrap(), "the largest entry of {file} is positive");
        let image = objective.hessian_vector(&objective.zero().unwrap(), &v, &Recorder::default()).unwrap();
        let off = norm(&(image - v * number.value)).unwrap();
        assert!(off <= number.residual + 1e-5 * found.top[0].value, "{file}: {off} against {}", number.residual);
    }
    let plane = Npz::load(&out.path().join("directions.npz")).unwrap();
    let first = Npz::load(&out.path().join("eigenvector_1.npz")).unwrap();
    for array in &first.arrays {
        assert_eq!(plane.get(&format!("delta/{}", array.name)).unwrap().values, array.values);
        assert!(plane.get(&format!("eta/{}", array.name)).is_some());
    }
    let landscape = flatland_core::job::LandscapeJob {
        checkpoint: checkpoint(),
        dataset: job(out.path(), &data, settings).dataset,
        alpha: vec![-0.01, 0.0, 0.01],
        beta: vec![0.0],
        seed: 0,
        measure: flatland_core::job::Measure::default(),
        plane: flatland_core::job::Plane::default(),
        directions: Some(out.path().join("directions.npz")),
        save_directions: false,
        cells: None,
        out: out.path().join("landscape"),
        device: JobDevice::Cpu,
        precision: flatland_core::job::Precision::F32,
    };
    landscape::run(&network, &landscape::LandscapeData::of(&data), &landscape, &mut Recorder::default()).unwrap();
    let surface = flatland_core::result::LossSurface::load(&landscape.out).unwrap();
    let curvature = (surface.loss[0] + surface.loss[2] - 2.0 * surface.loss[1]) / 1e-4;
    assert!((curvature - found.top[0].value).abs() < 0.05 * found.top[0].value, "α is a length: {curvature} against {:?}", found.top[0]);
}

#[test]
fn the_bytes_repeat_the_network_stays_and_a_cancel_is_noticed_between_batches() {
    let network = small_network(3, 5);
    let before = network.theta().unwrap();
    let (labels, pixel) = noise(3, 20);
    let data = samples(&network, dataset("noise", &labels, pixel));
    let density = DensityQuality::None;
    let settings = HessianSettings { top: 1, lanczos_steps: 8, trace_probes: 2, density, ..Default::default() };
    let read = |out: &tempfile::TempDir| std::fs::read(out.path().join("hessian.json")).unwrap();
    assert!(read(&spectrum(&network, &data, settings.clone()).1) == read(&spectrum(&network, &data, settings.clone()).1));
    assert_eq!(network.theta().unwrap().flat(), before.flat());
    let out = tempfile::tempdir().unwrap();
    let mut recorder = Recorder { patience: Some(4), ..Recorder::default() };
    let result = run(&network, &data, &job(out.path(), &data, settings), &mut recorder);
    assert!(matches!(result, Err(AnalysisError::Cancelled)));
    assert_eq!(recorder.looks.get(), 5);
    assert!(!out.path().join("hessian.json").exists());
}

#[test]
fn eigenvalues_are_told_while_they_are_being_found() {
    let network = small_network(3, 5);
    let (labels, pixel) = noise(3, 20);
    let data = samples(&network, dataset("noise", &labels, pixel));
    let settings = HessianSettings { top: 2, trace_probes: 0, density: DensityQuality::None, ..Default::default() };
    let out = tempfile::tempdir().unwrap();
    let mut reader = PartialReader { load: |folder| HessianSpectrum::load(folder).unwrap(), read: Vec::new() };
    run(&network, &data, &job(out.path(), &data, settings), &mut reader).unwrap();
    let (first, whole) = (&reader.read[0], HessianSpectrum::load(out.path()).unwrap());
    assert!(!first.converged && whole.converged);
    assert_eq!((first.top.len(), first.dataset.as_str(), first.center_loss), (2, "noise", whole.center_loss));
    // After as many products as eigenvalues: from below, and an eigenvalue lies within the stated residual.
    let (early, known) = (first.top[0], whole.top[0]);
    assert!(early.value <= known.value && early.residual > known.residual, "{early:?} against {known:?}");
    assert!(!out.path().join("partial").exists());
}

#[test]
fn what_cannot_be_measured_is_refused_with_a_reason() {
    let mut network = small_network(3, 7);
    let data = samples(&network, dataset("good", &[0, 1, 2], |i, p| (i + p) as u8));
    let out = tempfile::tempdir().unwrap();
    let refuse = |network: &Network, settings| {
        run(network, &data, &job(out.path(), &data, settings), &mut Recorder::default()).unwrap_err().to_string()
    };
    let message = refuse(&network, HessianSettings { top: 0, ..Default::default() });
    assert!(message.contains("expected top ≥ 1, found 0"), "{message}");
    network.tensors.insert("fc.bias".into(), Tensor::from_slice(&[f32::NAN, 0.0, 0.0]));
    let message = refuse(&network, HessianSettings::default());
    assert!(message.contains("finite loss and gradient at θ"), "{message}");
}

/// reference.py (this folder): power iteration to a residual of 1e-3 on the first CIFAR-10 test images.
fn against_pytorch(images: usize, known: f64) {
    let Some(shared) = shared() else { return };
    let network = real(&shared);
    let data = real_samples(&network, &shared.join("data/cifar-10-batches-bin"), Some("test"), images);
    let objective = Objective::new(&network, &data).unwrap();
    let search = Search { top: 1, bottom: false, steps: 30, tolerance: 1e-2, seed: 0 };
    let found = with_product(&objective, |h| extremes(h, &search)).unwrap();
    let value = found.top[0].value;
    assert!((value - known).abs() < 1e-3 * known, "λ_max {value} against PyTorch's {known}, residual {}", found.top[0].residual);
}

#[test]
fn a_real_network_against_pytorch() {
    against_pytorch(64, 210.635);
}

#[test]
#[ignore = "a minute on two cores: the same on more images"]
fn a_real_network_against_pytorch_on_256_images() {
    against_pytorch(256, 102.281);
}
