//! Planes through checkpoints, projections onto them, and principal components.

use std::path::Path;

use flatland_core::job::{CheckpointSource, Plane, Reporter};
use flatland_core::metric::{error_of_largest, largest_error, largest_relative_error};
use flatland_core::result::{Checks, Definition, LossSurface};
use flatland_core::session::{Axes, Statistics};
use tch::{Device, Kind, Tensor};

use super::super::values::values;
use super::Quiet;
use super::hessian::flat;
use super::reference::{Reference, mean, pictures};
use super::subjects::{checkpoint, landscape_job, lively, noise, plain, samples};
use crate::analysis::AnalysisError;
use crate::analysis::embedding::project;
use crate::analysis::flat::{draws, normal};
use crate::analysis::landscape::{LandscapeData, run};

/// Checks; files go to `scratch`.
pub(super) fn checks(checks: &mut Checks, device: Device, scratch: &Path, reporter: &mut dyn Reporter) -> Result<(), AnalysisError> {
    through_checkpoints(checks, device, scratch, &mut Quiet(reporter))?;
    principal_components(checks)
}

/// The plane through three ResNet-8s, with a fourth drawn on it.
fn through_checkpoints(checks: &mut Checks, device: Device, scratch: &Path, quiet: &mut Quiet) -> Result<(), AnalysisError> {
    let mut networks: Vec<crate::model::Network> = Vec::new();
    let mut sources = Vec::new();
    for (seed, name) in ["A", "B", "C", "D"].into_iter().enumerate() {
        let network = lively("resnet8", 3, seed as u64, device)?;
        let path = scratch.join(format!("{name}.safetensors"));
        network.save(&path)?;
        sources.push(CheckpointSource { name: name.into(), path, ..checkpoint() });
        networks.push(network);
    }
    let [a, b, c, d] = &networks[..] else { return Err(AnalysisError::Invalid("expected four networks".into())) };
    let data = samples(noise(24, 32), a)?;
    let through = ["A", "B", "C"].map(str::to_owned);
    let axes = Axes::Checkpoints { through, orthogonal: false, statistics: Statistics::Interpolated };
    let mut job = landscape_job(scratch.join("plane"), &[0.0, 1.0], &[0.0, 1.0]);
    job.checkpoint = sources[0].clone();
    let project = ["B", "C", "D"].map(str::to_owned).to_vec();
    job.plane = Plane { axes, project, checkpoints: sources[1..].to_vec(), ..Plane::default() };
    run(a, &LandscapeData::of(&data), &job, quiet)?;
    let surface = LossSurface::load(&job.out)?;
    let x = pictures(&data.dataset, &plain(), 3)?;
    let (mut corners, mut thetas) = (Vec::new(), Vec::new());
    for (network, at) in [(a, Some(0)), (b, Some(2)), (c, Some(1)), (d, None)] {
        let reference = Reference::of(network)?;
        let tensors = reference.moved(&[])?;
        if let Some(at) = at {
            corners.push((surface.loss[at], mean(&reference.look(&tensors, &x)?.losses(&data.dataset.labels))));
        }
        thetas.push(flat(&reference, &tensors)?);
    }
    checks.add(
        Definition::new("Plane through checkpoints", "A at (0, 0), B at (1, 0), C at (0, 1), statistics interpolated", "docs/landscape.md"),
        "A, B and C themselves in float64",
        "the loss",
        largest_relative_error(corners),
        1e-5,
    );
    let from_a: Vec<Tensor> = thetas[1..].iter().map(|theta| theta.f_sub(&thetas[0])).collect::<Result<_, _>>()?;
    let basis = Tensor::f_stack(&from_a[..2], 1)?;
    let (q, r) = Tensor::f_linalg_qr(&basis, "reduced")?;
    let along = q.f_transpose(0, 1)?.f_mv(&from_a[2])?;
    let coordinates = values(&Tensor::f_linalg_solve(&r, &along.f_unsqueeze(1)?, true)?)?;
    let beside = from_a[2].f_sub(&q.f_mv(&along)?)?;
    let distance = f64::try_from(beside.f_dot(&beside)?)?.sqrt();
    let projected = |name: &str| {
        let points = surface.manifest.plane.as_ref().map_or(&[][..], |plane| &plane.points);
        points.iter().find(|point| point.name == name).map_or([f64::NAN; 3], |point| [point.alpha, point.beta, point.distance])
    };
    let found = projected("D");
    checks.add(
        Definition::new("Projection", "least squares of θ + αδ + βη ≈ θ', and ‖·‖₂ beside the plane", "docs/landscape.md"),
        "a QR decomposition of (δ, η) in float64, for a fourth network D",
        "its value",
        largest_relative_error(found.into_iter().zip([coordinates[0], coordinates[1], distance])),
        1e-5,
    );
    let length = |k: usize| Ok::<_, AnalysisError>(f64::try_from(from_a[k].f_dot(&from_a[k])?)?.sqrt());
    let (of_b, of_c) = (projected("B"), projected("C"));
    let off = [of_b[0] - 1.0, of_b[1], of_b[2] / length(0)?, of_c[0], of_c[1] - 1.0, of_c[2] / length(1)?];
    checks.add(
        Definition::new("Projection of what lies on the plane", "B at (1, 0), C at (0, 1), distance 0", "docs/landscape.md"),
        "closed form",
        "‖θ' − θ‖",
        largest_error(off),
        1e-6,
    );
    Ok(())
}

fn principal_components(checks: &mut Checks) -> Result<(), AnalysisError> {
    let (n, dim, kept) = (60, 16, 5);
    let draws = normal(&Tensor::f_zeros([n * dim], (Kind::Float, Device::Cpu))?, &mut draws("conformance features", 0, 0))?;
    let spread = Tensor::f_from_slice(&(0..dim).map(|k| 4.0 / (1.0 + k as f32)).collect::<Vec<_>>())?;
    let features = draws.f_view([n, dim])?.f_mul(&spread)?;
    let found = project(&Vec::<f32>::try_from(&features.f_reshape([-1])?)?, dim as usize, kept)?;
    let x = features.f_to_kind(Kind::Double)?;
    let centred = x.f_sub(&x.f_mean_dim([0i64].as_slice(), true, Kind::Double)?)?;
    let (u, s, _) = centred.f_svd(true, true)?;
    let expected = u.f_mul(&s)?.f_narrow(1, 0, kept as i64)?;
    // The sign of a component is free: products of coordinates do not know it.
    let products = |points: &[f64]| -> Vec<f64> { points.iter().enumerate().map(|(k, x)| x * points[k % kept]).collect() };
    checks.add(
        Definition::new(
            "Principal components",
            "coordinates on the leading eigenvectors of the covariance",
            "of the features, before t-SNE",
        ),
        "the singular value decomposition of the centred points",
        "the largest product of coordinates",
        error_of_largest(&products(&found.points), &products(&values(&expected)?)),
        1e-10,
    );
    Ok(())
}
