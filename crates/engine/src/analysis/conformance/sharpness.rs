//! Sharpness where it is known: one image under a linear map, and what saved ε prove.

use std::path::Path;

use flatland_core::job::{Reporter, SharpnessJob};
use flatland_core::metric::{largest_error, largest_relative_error};
use flatland_core::result::{Checks, Definition, Npz, SharpnessCurve};
use flatland_core::session::{Adaptive, Estimator, Norm, SharpnessSettings};
use tch::{Device, Tensor};

use super::Quiet;
use super::reference::{Reference, mean, pictures};
use super::subjects::{checkpoint, convolutional, grey, logistic, noise, noise_dataset, on, plain, samples};
use crate::analysis::AnalysisError;
use crate::analysis::sharpness::run;
use crate::model::{Network, Samples, Tensors};

const RADII: [f64; 4] = [0.01, 0.1, 1.0, 10.0];
const F32: f64 = 1e-5;
const FORET: &str = "Foret et al. 2021, Eq. 1";

/// A folder, a device and someone who may ask to stop.
struct Bench<'a, 'b> {
    scratch: &'a Path,
    device: Device,
    quiet: Quiet<'b>,
}

impl Bench<'_, '_> {
    fn curve(&mut self, network: &Network, data: &Samples, settings: SharpnessSettings) -> Result<SharpnessCurve, AnalysisError> {
        let job = SharpnessJob {
            checkpoint: checkpoint(),
            dataset: noise_dataset(),
            settings,
            seed: 0,
            save_perturbations: true,
            out: self.scratch.to_owned(),
            device: flatland_core::job::Device::Auto,
        };
        run(network, data, &job, &mut self.quiet)?;
        Ok(SharpnessCurve::load(self.scratch)?)
    }
}

/// Checks; files go to `scratch`.
pub(super) fn checks(checks: &mut Checks, device: Device, scratch: &Path, reporter: &mut dyn Reporter) -> Result<(), AnalysisError> {
    let mut bench = Bench { scratch, device, quiet: Quiet(reporter) };
    one_image(checks, &mut bench)?;
    two_labels(checks, &mut bench)?;
    batches_of_one(checks, &mut bench)?;
    averages(checks, &mut bench)?;
    claims(checks, &mut bench)
}

fn settings(estimator: Estimator, rho: &[f64]) -> SharpnessSettings {
    SharpnessSettings { estimator, rho: rho.to_vec(), ..SharpnessSettings::default() }
}

/// ‖x‖₂ and ‖x‖₁ of each image.
fn lengths(data: &Samples) -> Result<Vec<(f64, f64)>, AnalysisError> {
    let x = super::super::values::values(&pictures(&data.dataset, &plain(), 3)?)?;
    let of = |x: &[f64]| (x.iter().map(|x| x * x).sum::<f64>().sqrt(), x.iter().map(|x| x.abs()).sum());
    Ok(x.chunks(48).map(of).collect())
}

/// L = ln(1 + exp(−m)), m = (w_y − w_other)·x: ‖ε‖₂ ≤ ρ lowers m by at most √2 ρ‖x‖₂, ‖ε‖_∞ ≤ ρ by at most 2ρ‖x‖₁.
fn one_image(checks: &mut Checks, bench: &mut Bench) -> Result<(), AnalysisError> {
    let network = on(logistic()?, bench.device)?;
    let data = samples(grey("one", &[1], |_, p| (10 * p) as u8), &network)?;
    let [(l2, l1)] = lengths(&data)?[..] else { return Err(AnalysisError::Invalid("expected one image".into())) };
    let rise = |fall: f64| fall.exp().ln_1p() - 2f64.ln();
    let root = 2f64.sqrt();
    let eta = SharpnessSettings::default().eta;
    let l2_of = move |scale: f64| move |rho: f64| rise(root * rho * scale * l2);
    let linf = |estimator| SharpnessSettings { norm: Norm::Linf, ..settings(estimator, &RADII[..3]) };
    let asam = |adaptive| SharpnessSettings { adaptive, ..settings(Estimator::Continuation, &RADII) };
    type Known<'a> = Box<dyn Fn(f64) -> f64 + 'a>;
    let rows: [(&str, &str, &str, SharpnessSettings, Known); 5] = [
        (
            "S(ρ), projected ascent",
            "max over ‖ε‖₂ ≤ ρ of L(θ + ε) − L(θ)",
            FORET,
            settings(Estimator::Continuation, &RADII),
            Box::new(l2_of(1.0)),
        ),
        ("S(ρ), one SAM step", "ε = ρ·g/‖g‖₂", "Foret et al. 2021, Eq. 2", settings(Estimator::Sam, &RADII), Box::new(l2_of(1.0))),
        (
            "S(ρ), ascent with restarts",
            "Auto-PGD from 0, the sphere and the top eigenvector",
            "Croce & Hein 2020, algorithm 1",
            settings(Estimator::Ascent, &RADII[..3]),
            Box::new(l2_of(1.0)),
        ),
        (
            "S(ρ), l∞ ball",
            "max over ‖ε‖_∞ ≤ ρ of L(θ + ε) − L(θ)",
            "Keskar et al. 2017",
            linf(Estimator::Continuation),
            Box::new(|rho| rise(2.0 * rho * l1)),
        ),
        (
            "S(ρ), adaptive",
            "max over ‖T⁻¹ε‖₂ ≤ ρ, T = |w| + η",
            "Kwon et al. 2021 (ASAM)",
            asam(Adaptive::Elementwise),
            Box::new(l2_of(eta)),
        ),
    ];
    for (name, formula, source, settings, known) in rows {
        let curve = bench.curve(&network, &data, settings)?;
        checks.add(
            Definition::new(name, formula, source),
            "closed form for one image and W = 0, where the best ε lies along the image",
            "S(ρ)",
            largest_relative_error(curve.points.iter().map(|point| (point.sharpness, known(point.rho)))),
            F32,
        );
    }
    Ok(())
}

/// One image with both labels: at W = 0 there is no slope, and S = ln cosh(ρ‖x‖/√2).
fn two_labels(checks: &mut Checks, bench: &mut Bench) -> Result<(), AnalysisError> {
    let network = on(logistic()?, bench.device)?;
    let data = samples(grey("two", &[0, 1], |_, p| (10 * p) as u8), &network)?;
    let length = lengths(&data)?[0].0;
    let settings = SharpnessSettings { second_order: true, ..settings(Estimator::Continuation, &[0.1, 1.0]) };
    let curve = bench.curve(&network, &data, settings)?;
    checks.add(
        Definition::new("S(ρ) at a critical point", "max over ‖ε‖₂ ≤ ρ where ∇L = 0", FORET),
        "closed form ln cosh(ρ‖x‖/√2) for one image with both labels",
        "S(ρ)",
        largest_relative_error(curve.points.iter().map(|point| (point.sharpness, (point.rho * length / 2f64.sqrt()).cosh().ln()))),
        1e-4,
    );
    let overlay = curve.second_order.map_or(f64::NAN, |overlay| overlay.at(0.1));
    checks.add(
        Definition::new("Second-order overlay", "ρ‖∇L‖ + ρ²λ₁/2", "docs/sharpness.md"),
        "closed form λ₁ = ‖x‖²/2, ∇L = 0, at ρ = 0.1",
        "its value",
        largest_relative_error([(overlay, 0.1f64.powi(2) * length.powi(2) / 4.0)]),
        F32,
    );
    Ok(())
}

fn batches_of_one(checks: &mut Checks, bench: &mut Bench) -> Result<(), AnalysisError> {
    let network = on(logistic()?, bench.device)?;
    let data = samples(grey("five", &[1, 0, 0, 1, 0], |i, p| (9 * p + 13 * i) as u8), &network)?;
    let curve = bench.curve(&network, &data, SharpnessSettings { m: Some(1), ..settings(Estimator::Continuation, &RADII[..3]) })?;
    let lengths = lengths(&data)?;
    let known = |rho: f64| lengths.iter().map(|(l2, _)| (2f64.sqrt() * rho * l2).exp().ln_1p() - 2f64.ln()).sum::<f64>() / 5.0;
    checks.add(
        Definition::new("m-sharpness", "mean over batches of m images of the maximum of each", "Foret et al. 2021, section 4.1"),
        "closed form with m = 1: the mean over five images of theirs",
        "S(ρ)",
        largest_relative_error(curve.points.iter().map(|point| (point.sharpness, known(point.rho)))),
        F32,
    );
    Ok(())
}

/// E over the unit sphere of ln cosh(ρ‖x‖u₁/√2), for one image with both labels: the density of u₁ in 96 dimensions is (1 − t²)^(93/2).
fn averages(checks: &mut Checks, bench: &mut Bench) -> Result<(), AnalysisError> {
    let network = on(logistic()?, bench.device)?;
    let data = samples(grey("two", &[0, 1], |_, p| (10 * p) as u8), &network)?;
    let length = lengths(&data)?[0].0;
    let curve = bench.curve(&network, &data, SharpnessSettings { draws: 400, ..settings(Estimator::Random, &[1.0]) })?;
    let Some(point) = curve.points.first() else { return Err(AnalysisError::Invalid("expected a point at ρ = 1, found none".into())) };
    let nodes = || (-2000..=2000).map(|k| f64::from(k) / 2000.0);
    let density = |t: f64| (1.0 - t * t).powf(46.5);
    let value = |t: f64| (length * t / 2f64.sqrt()).cosh().ln();
    let expected = nodes().map(|t| density(t) * value(t)).sum::<f64>() / nodes().map(density).sum::<f64>();
    checks.add(
        Definition::new("Average over directions", "mean of L(θ + ρu) − L(θ), u uniform on the sphere", "docs/sharpness.md"),
        "the integral over the sphere, for one image with both labels; 400 draws, three of their stated standard errors allowed",
        "the expectation",
        (point.sharpness - expected).abs() / expected,
        3.0 * point.std_error / expected,
    );
    Ok(())
}

/// What is saved lies in its ball and gives the rise that is claimed, in float64; and the curve never falls.
fn claims(checks: &mut Checks, bench: &mut Bench) -> Result<(), AnalysisError> {
    let network = on(convolutional(3, 2)?, bench.device)?;
    let data = samples(noise(60, 4), &network)?;
    let curve = bench.curve(&network, &data, settings(Estimator::Continuation, &[0.05, 0.3, 1.5]))?;
    let reference = Reference::of(&network)?;
    let x = pictures(&data.dataset, &plain(), 3)?;
    let loss = |tensors: &Tensors| Ok::<_, AnalysisError>(mean(&reference.look(tensors, &x)?.losses(&data.dataset.labels)));
    let center = loss(&reference.moved(&[])?)?;
    let (mut rises, mut norms) = (Vec::new(), Vec::new());
    for point in &curve.points {
        let epsilon = saved(&bench.scratch.join(format!("epsilon_{}.npz", point.rho)))?;
        rises.push((point.sharpness - (loss(&reference.moved(&[(&epsilon, 1.0)])?)? - center)) / center.max(point.sharpness));
        norms.push((norm(&epsilon)?, point.rho));
    }
    checks.add(
        Definition::new("Saved ε: rise", "L(θ + ε) − L(θ) of the ε in epsilon_<rho>.npz is the S(ρ) that is claimed", "docs/sharpness.md"),
        "the file read back, the network in float64",
        "the larger of S(ρ) and L(θ)",
        largest_error(rises),
        F32,
    );
    checks.add(
        Definition::new("Saved ε: ball", "‖ε‖₂ ≤ ρ", "docs/sharpness.md"),
        "the file read back; here every ε reaches the sphere",
        "ρ",
        largest_relative_error(norms),
        1e-6,
    );
    let falls = curve.points.windows(2).map(|pair| (pair[0].sharpness - pair[1].sharpness).max(0.0));
    checks.add(
        Definition::new("Monotone curve", "S(ρ) ≤ S(ρ') for ρ ≤ ρ', as balls are nested", "docs/sharpness.md"),
        "the largest fall between radii",
        "",
        largest_error(falls),
        0.0,
    );
    Ok(())
}

/// The tensors of an `.npz` by name, f64.
pub(super) fn saved(path: &Path) -> Result<Tensors, AnalysisError> {
    let npz = Npz::load(path)?;
    let mut tensors = Tensors::new();
    for array in &npz.arrays {
        tensors.insert(array.name.clone(), Tensor::f_from_slice(&npz.f64(&array.name).unwrap_or_default())?);
    }
    Ok(tensors)
}

/// ‖·‖₂ over all tensors.
pub(super) fn norm(tensors: &Tensors) -> Result<f64, AnalysisError> {
    let square = |tensor: &Tensor| Ok(super::super::values::values(tensor)?.iter().map(|x| x * x).sum::<f64>());
    Ok(tensors.values().map(square).collect::<Result<Vec<f64>, AnalysisError>>()?.iter().sum::<f64>().sqrt())
}
