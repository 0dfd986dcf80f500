//! The Hessian where it is known: a matrix with a given spectrum, softmax regression, and a small network differentiated in float64.

use std::path::Path;

use flatland_core::job::{HessianJob, Reporter};
use flatland_core::metric::{error_of_largest, largest_error, largest_relative_error, mean_std_error, relative_error};
use flatland_core::result::{Checks, Definition, HessianSpectrum};
use flatland_core::session::{DensityQuality, HessianSettings};
use tch::{Device, Kind, Tensor};

use super::super::values::values;
use super::Quiet;
use super::reference::{Reference, mean, pictures};
use super::subjects::{checkpoint, convolutional, linear, mlp, noise, noise_dataset, on, plain, samples};
use crate::analysis::AnalysisError;
use crate::analysis::flat::{draws, normal};
use crate::analysis::hessian::{Search, Symmetric, extremes, hutch_plus_plus, quadrature, run};
use crate::analysis::objective::Objective;
use crate::model::{Network, Samples, Tensors};

const F32: f64 = 1e-5;
/// Products run in float32 and lose some six digits, more where they cancel.
const PRODUCTS: f64 = 1e-4;

/// A symmetric matrix with known eigenvalues, f64.
pub(in crate::analysis) struct Matrix {
    /// [n, n]
    pub matrix: Tensor,
    /// Products so far.
    pub products: usize,
}

impl Matrix {
    /// Q diag(values) Qᵀ with Q drawn.
    pub fn with(values: &[f64], seed: u64) -> Result<Self, AnalysisError> {
        let n = values.len() as i64;
        let like = Tensor::f_zeros([n * n], (Kind::Double, Device::Cpu))?;
        let (q, _) = Tensor::f_linalg_qr(&normal(&like, &mut draws("test", seed, 0))?.f_view([n, n])?, "reduced")?;
        let matrix = q.f_matmul(&Tensor::f_from_slice(values)?.f_diag(0)?)?.f_matmul(&q.f_transpose(0, 1)?)?;
        Ok(Self { matrix, products: 0 })
    }
}

impl Symmetric for Matrix {
    fn zero(&self) -> Result<Tensor, AnalysisError> {
        Ok(Tensor::f_zeros([self.matrix.size()[0]], (Kind::Double, Device::Cpu))?)
    }

    fn apply(&mut self, v: &Tensor) -> Result<Tensor, AnalysisError> {
        self.products += 1;
        Ok(self.matrix.f_mv(v)?)
    }
}

/// A bulk of 200 eigenvalues in [−0.3, 0.5] with outliers: what spectra of networks look like.
pub(in crate::analysis) fn outliers_over_a_bulk() -> Vec<f64> {
    let bulk = (0..200).map(|k| -0.3 + 0.8 * f64::from(k) / 199.0);
    bulk.chain([20.0, 11.0, 7.0, 6.5, -2.0]).collect()
}

/// Checks; files go to `scratch`.
pub(super) fn checks(checks: &mut Checks, device: Device, scratch: &Path, reporter: &mut dyn Reporter) -> Result<(), AnalysisError> {
    known_spectrum(checks)?;
    let mut quiet = Quiet(reporter);
    let regression = on(linear(3)?, device)?;
    let data = samples(noise(60, 2), &regression)?;
    let exact = softmax_hessian(&regression, &data)?;
    let against = "softmax regression: H = mean of (diag p − ppᵀ) ⊗ x̃x̃ᵀ, all eigenvalues by LAPACK in float64";
    spectrum(checks, "softmax regression", against, &regression, &data, &exact, scratch, &mut quiet)?;
    let network = on(mlp(4)?, device)?;
    let data = samples(noise(60, 2), &network)?;
    let dense = dense_hessian(&network, &data)?;
    let against = "a small network: H column by column in float64, all eigenvalues by LAPACK";
    spectrum(checks, "a small network", against, &network, &data, &dense, scratch, &mut quiet)?;
    derivatives(checks, device, &mut quiet)
}

fn known_spectrum(checks: &mut Checks) -> Result<(), AnalysisError> {
    let known = outliers_over_a_bulk();
    let against = "a 205 × 205 matrix whose eigenvalues are given: outliers over a bulk";
    let found = extremes(&mut Matrix::with(&known, 1)?, &Search { top: 4, bottom: true, steps: 100, tolerance: 1e-6, seed: 3 })?;
    let top = found.top.iter().zip([20.0, 11.0, 7.0, 6.5]).map(|(pair, known)| (pair.value, known));
    checks.add(
        Definition::new("Lanczos", "the ends of the spectrum of a symmetric map, full re-orthogonalisation", "Golub & Van Loan, 10.3"),
        against,
        "the eigenvalue",
        largest_relative_error(top.chain(found.bottom.iter().map(|pair| (pair.value, -2.0)))),
        1e-9,
    );
    let few = extremes(&mut Matrix::with(&known, 2)?, &Search { top: 4, bottom: true, steps: 6, tolerance: 1e-6, seed: 3 })?;
    let excess = few.top.iter().chain(&few.bottom).map(|pair| {
        let nearest = known.iter().map(|value| (value - pair.value).abs()).fold(f64::INFINITY, f64::min);
        (nearest - pair.residual).max(0.0)
    });
    checks.add(
        Definition::new("Residual", "some eigenvalue lies within ‖Hv − λv‖ of λ", "docs/sharpness.md"),
        "the same after 6 steps only: how far the nearest eigenvalue lies outside",
        "",
        largest_error(excess),
        1e-9,
    );
    let sum: f64 = known.iter().sum();
    let trace = hutch_plus_plus(&mut Matrix::with(&known, 6)?, 10, 0)?;
    checks.add(
        Definition::new("Trace, Hutch++", "tr QᵀHQ + mean over probes of the rest", "Meyer et al. 2021, algorithm 1"),
        "the sum of the given eigenvalues, 10 probes; three of its stated standard errors allowed",
        "the trace",
        relative_error(trace.value, sum),
        3.0 * trace.std_error / sum.abs(),
    );
    let density = quadrature(&mut Matrix::with(&known, 8)?, 30, 40, 1)?;
    for (k, name) in ["mass", "mean", "second moment", "third moment"].into_iter().enumerate() {
        let exact = known.iter().map(|value| value.powi(k as i32)).sum::<f64>() / known.len() as f64;
        let (found, error) = mean_std_error(&density.moments(k as i32)).unwrap_or((f64::NAN, f64::NAN));
        checks.add(
            Definition::new(
                format!("Spectral density: {name}"),
                format!("∫ tᵏ p(t) dt = tr Hᵏ / P, k = {k}"),
                "stochastic Lanczos quadrature; Ubaru et al. 2017, Ghorbani et al. 2019",
            ),
            "the power sum of the given eigenvalues, 40 probes; three of the standard errors over them allowed",
            "its value",
            relative_error(found, exact),
            1e-9 + 3.0 * error / exact.abs(),
        );
    }
    Ok(())
}

/// H of softmax regression z = Wx + b over (W row by row, b), from its formula.
fn softmax_hessian(network: &Network, data: &Samples) -> Result<Tensor, AnalysisError> {
    let reference = Reference::of(network)?;
    let seen = reference.look(&reference.moved(&[])?, &pictures(&data.dataset, &plain(), 3)?)?;
    let x = values(&pictures(&data.dataset, &plain(), 3)?)?;
    let (classes, inputs) = (seen.classes, 12);
    let side = classes * (inputs + 1);
    let mut h = vec![0.0; side * side];
    // The place of an entry of (W, b), and the number that it multiplies.
    let entries: Vec<(usize, Option<usize>)> =
        (0..classes * inputs).map(|k| (k / inputs, Some(k % inputs))).chain((0..classes).map(|c| (c, None))).collect();
    let n = data.len() as f64;
    for (z, image) in seen.logits.chunks(classes).zip(x.chunks(inputs)) {
        let p: Vec<f64> = (0..classes).map(|c| (-super::reference::cross_entropy(z, c)).exp()).collect();
        let input = |k: Option<usize>| k.map_or(1.0, |k| image[k]);
        for (i, &(a, k)) in entries.iter().enumerate() {
            for (j, &(b, l)) in entries.iter().enumerate() {
                let curvature = f64::from(u8::from(a == b)) * p[a] - p[a] * p[b];
                h[i * side + j] += curvature * input(k) * input(l) / n;
            }
        }
    }
    Ok(Tensor::f_from_slice(&h)?.f_view([side as i64, side as i64])?)
}

/// H by products in float64 with each unit vector.
fn dense_hessian(network: &Network, data: &Samples) -> Result<Tensor, AnalysisError> {
    let reference = Reference::of(network)?;
    let (x, theta) = (pictures(&data.dataset, &plain(), network.graph.input[0])?, reference.moved(&[])?);
    let zeros =
        || -> Result<Tensors, AnalysisError> { theta.iter().map(|(name, tensor)| Ok((name.clone(), tensor.f_zeros_like()?))).collect() };
    let mut columns = Vec::new();
    for name in &reference.parameters {
        let length = theta.get(name).map_or(0, Tensor::numel);
        for k in 0..length {
            let unit = zeros()?;
            if let Some(tensor) = unit.get(name) {
                let _ = tensor.f_view([-1])?.f_narrow(0, k as i64, 1)?.f_fill_(1.0)?;
            }
            columns.push(flat(&reference, &reference.hessian_vector(&theta, &x, &data.dataset.labels, &unit)?)?);
        }
    }
    let h = Tensor::f_stack(&columns, 1)?;
    Ok(h.f_add(&h.f_transpose(0, 1)?)?.f_div_scalar(2.0)?)
}

/// Parameters in the order of the state dict, as one vector.
pub(super) fn flat(reference: &Reference, tensors: &Tensors) -> Result<Tensor, AnalysisError> {
    let mut parts = Vec::new();
    for tensor in reference.parameters.iter().filter_map(|name| tensors.get(name)) {
        parts.push(tensor.f_reshape([-1])?);
    }
    Ok(Tensor::f_cat(&parts, 0)?)
}

/// What a Hessian job says of `network` beside the eigenvalues of `exact`.
#[expect(clippy::too_many_arguments, reason = "what is compared, on what, and what for")]
fn spectrum(
    checks: &mut Checks,
    name: &str,
    against: &str,
    network: &Network,
    data: &Samples,
    exact: &Tensor,
    scratch: &Path,
    quiet: &mut Quiet,
) -> Result<(), AnalysisError> {
    let eigenvalues = values(&exact.f_linalg_eigh("L")?.0)?;
    let p = eigenvalues.len();
    let job = HessianJob {
        checkpoint: checkpoint(),
        dataset: noise_dataset(),
        settings: HessianSettings {
            top: 3,
            tolerance: 1e-6,
            // As many as there are parameters: the sketch spans everything, and the trace is exact.
            trace_probes: p,
            density: DensityQuality::Preview,
            ..HessianSettings::default()
        },
        seed: 0,
        save_eigenvectors: false,
        out: scratch.to_owned(),
        device: flatland_core::job::Device::Auto,
    };
    run(network, data, &job, quiet)?;
    let found = HessianSpectrum::load(scratch)?;
    let largest = eigenvalues.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    let top: Vec<f64> = found.top.iter().map(|pair| pair.value).collect();
    let expected: Vec<f64> = eigenvalues.iter().rev().take(3).copied().collect();
    checks.add(
        Definition::new(format!("Top eigenvalues of {name}"), "λ₁ ≥ λ₂ ≥ λ₃ of ∇²L(θ)", "docs/sharpness.md"),
        against,
        "λ₁",
        error_of_largest(&top, &expected),
        F32,
    );
    checks.add(
        Definition::new(format!("λ_min of {name}"), "the smallest eigenvalue of ∇²L(θ)", "docs/sharpness.md"),
        against,
        "the largest |λ|",
        (found.lambda_min.value - eigenvalues[0]).abs() / largest,
        F32,
    );
    checks.add(
        Definition::new(format!("Trace of {name}"), "tr ∇²L(θ); exact where the sketch spans everything", "Meyer et al. 2021"),
        against,
        "the trace",
        found.trace.map_or(f64::NAN, |trace| relative_error(trace.value, eigenvalues.iter().sum())),
        F32,
    );
    let second = found.density.and_then(|density| density.range());
    checks.add(
        Definition::new(format!("Range of the density of {name}"), "quadrature nodes reach from λ_min to λ₁", "Ubaru et al. 2017"),
        against,
        "the largest |λ|",
        second.map_or(f64::NAN, |(low, high)| (low - eigenvalues[0]).abs().max((high - eigenvalues[p - 1]).abs()) / largest),
        1e-4,
    );
    Ok(())
}

fn derivatives(checks: &mut Checks, device: Device, quiet: &mut Quiet) -> Result<(), AnalysisError> {
    let network = on(convolutional(3, 2)?, device)?;
    let data = samples(noise(30, 4), &network)?;
    let (labels, x) = (&data.dataset.labels, pictures(&data.dataset, &plain(), 3)?);
    let objective = Objective::new(&network, &data)?;
    let reference = Reference::of(&network)?;
    let theta = reference.moved(&[])?;
    let loss = |tensors: &Tensors| Ok::<_, AnalysisError>(mean(&reference.look(tensors, &x)?.losses(labels)));
    let (_, gradient) = objective.gradient(&objective.zero()?, quiet)?;
    let mut differences = Vec::new();
    // In float64 a step of 1e-5 leaves errors of 1e-10, and no ReLU changes sides.
    let step = 1e-5;
    for name in &reference.parameters {
        for k in 0..theta.get(name).map_or(0, Tensor::numel) {
            let unit = theta[name].f_zeros_like()?;
            let _ = unit.f_view([-1])?.f_narrow(0, k as i64, 1)?.f_fill_(1.0)?;
            let unit = Tensors::from([(name.clone(), unit)]);
            let at = |by: f64| loss(&reference.moved(&[(&unit, by)])?);
            differences.push((at(step)? - at(-step)?) / (2.0 * step));
        }
    }
    checks.add(
        Definition::new("Gradient", "∇L(θ) of the mean cross-entropy over all parameters, BatchNorm frozen", "docs/sharpness.md"),
        "central differences in float64, parameter by parameter",
        "the largest entry",
        error_of_largest(&values(&gradient)?, &differences),
        F32,
    );
    let v = normal(&objective.zero()?, &mut draws("test", 0, 1))?;
    let product = values(&objective.hessian_vector(&objective.zero()?, &v, quiet)?)?;
    let views = objective.theta().with_flat(v).views()?;
    let gradient_at = |by: f64| -> Result<Tensor, AnalysisError> {
        flat(&reference, &reference.gradient(&reference.moved(&[(&views, by)])?, &x, labels)?)
    };
    let slope = gradient_at(1e-6)?.f_sub(&gradient_at(-1e-6)?)?.f_div_scalar(2e-6)?;
    checks.add(
        Definition::new("Hessian-vector product", "∇²L(θ) v = ∇⟨∇L, v⟩", "Pearlmutter 1994"),
        "central differences of the gradient in float64",
        "the largest entry",
        error_of_largest(&product, &values(&slope)?),
        PRODUCTS,
    );
    Ok(())
}
