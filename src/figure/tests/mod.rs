//! The figures as a whole: what they say, that they repeat, and that they hold together at every number of panels. Here: sample results.

mod ablation;
mod by_eye;
mod captioned_figures;
mod curves;
mod estimates;
mod landscapes;
mod points;
mod tables;

use std::path::Path;

use super::*;
use flatland_core::metric;
use flatland_core::result::{
    Cell, DatasetScores, Detection, Eigenvalue, Embedding, HessianSpectrum, LandscapeManifest, LossBarrier, LossSurface, Picture,
    PlaneRecord, Quantity, Reading, ScoreTable, SharpnessCurve, SharpnessPoint, SpectralDensity, Spread, Trace,
};

const NAMES: [&str; 8] = ["pretrained", "ERM", "OE", "SAM", "DR-SAM", "VOS", "oecc_cifar10_densenet_baseline", "MixOE"];

/// Repeatable numbers in [0, 1).
fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(2).wrapping_add(0x9E37_79B9_7F4A_7C15);
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn normal(next: &mut impl FnMut() -> f64) -> f64 {
    (0..12).map(|_| next()).sum::<f64>() - 6.0
}

fn bowl(k: usize, n: usize) -> LossSurface {
    let axis: Vec<f64> = (0..n).map(|i| 2.0 * i as f64 / (n - 1) as f64 - 1.0).collect();
    let manifest = LandscapeManifest { dataset: "CIFAR-10 test".into(), samples: 1000, definition: "li2018".into(), ..Default::default() };
    let mut surface = LossSurface::pending(axis.clone(), axis, manifest);
    let mut next = noise(k as u64);
    for i in 0..n {
        for j in 0..n {
            let (a, b) = (surface.alpha[i], surface.beta[j]);
            let steep = 6.0 + 9.0 * k as f64;
            let shape = steep * (a * a + 0.6 * b * b + 0.4 * a * b) + 2.0 * (3.0 * a).sin().powi(2) * (2.0 * b).cos().powi(2) * b * b;
            surface.loss[i * n + j] = 0.08 + 0.05 * k as f64 + shape * (1.0 + 0.03 * next());
            surface.count[i * n + j] = 1000;
        }
    }
    surface
}

/// The line from one checkpoint to another with a long name, whose loss has an arch of `height` over its straight line.
fn arch(height: f64) -> LossSurface {
    let through = vec!["pretrained".into(), "oecc_cifar10_densenet_baseline".into()];
    let plane = PlaneRecord { through, batch_norm_layers: Some(99), ..Default::default() };
    let manifest = LandscapeManifest {
        dataset: "CIFAR-10 test".into(),
        samples: 1000,
        definition: "line".into(),
        batch_norm: "interpolated".into(),
        plane: Some(plane),
        ..Default::default()
    };
    let alpha: Vec<f64> = (0..25).map(|i| (f64::from(i) - 4.0) / 16.0).collect();
    let mut surface = LossSurface::pending(alpha.clone(), vec![0.0], manifest);
    for (i, t) in alpha.iter().enumerate() {
        let loss = 0.3 + 0.1 * t + 4.0 * height * if (0.0..=1.0).contains(t) { t * (1.0 - t) } else { t * (t - 1.0) };
        let readings = vec![Reading { quantity: Quantity::Auroc, value: 0.9 - 0.1 * loss, std_error: 0.01 }];
        surface.set(&Cell { i, j: 0, loss, accuracy: 1.0 - 0.2 * loss, loss_std_error: 0.03, count: 1000, readings });
    }
    let barrier = LossBarrier { height: height.max(0.0), rise: height, t: 0.5, std_error: Ok(0.02), samples: 1000 };
    LossSurface { barrier: Some(Ok(barrier)), ..surface }
}

fn panels<'a, T>(results: &'a [T]) -> Vec<Panel<'a, T>> {
    results.iter().enumerate().map(|(color, result)| Panel { name: NAMES[color], color, result }).collect()
}

fn curve(k: usize) -> SharpnessCurve {
    let points = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5].iter().map(|&rho: &f64| {
        let sharpness = (2.6 + 0.7 * k as f64) * rho * (1.0 + 12.0 * rho).powf(1.0 + 0.2 * k as f64);
        SharpnessPoint { rho, sharpness, std_error: 0.15 * sharpness, epsilon_norm: rho, spread: None, unmoved: None }
    });
    SharpnessCurve {
        checkpoint: NAMES[k].into(),
        dataset: "CIFAR-10 test".into(),
        samples: 512,
        estimator: "projected gradient ascent".into(),
        bound: "lower".into(),
        steps: 20,
        points: points.collect(),
        ..Default::default()
    }
}

/// Averages over random ε, negative at the smallest ρ.
fn average(k: usize, dataset: &str) -> SharpnessCurve {
    let mut curve = SharpnessCurve {
        dataset: dataset.into(),
        bound: "average".into(),
        estimator: "random directions".into(),
        steps: 0,
        draws: Some(40),
        ..curve(k)
    };
    curve.points.iter_mut().for_each(|p| p.spread = Some(Spread { sd: 0.3 * p.sharpness, max: 2.0 * p.sharpness, image_std_error: 0.0 }));
    curve.points[0].sharpness = -1e-4;
    curve
}

fn spectrum(k: usize) -> HessianSpectrum {
    let scale = 1.0 + k as f64;
    let value = |value: f64| Eigenvalue { value: scale * value, residual: 0.02 * value.abs() };
    let bulk = (0..46).map(|i| scale * (-0.4 + 0.02 * f64::from(i)));
    let nodes: Vec<f64> = bulk.chain([6.0, 9.0, 14.0, 22.0].map(|v| scale * v)).collect();
    let mass: f64 = nodes.iter().map(|t| (-t * t * 20.0).exp() + 1e-5).sum();
    let weights: Vec<f64> = nodes.iter().map(|t| ((-t * t * 20.0).exp() + 1e-5) / mass).collect();
    HessianSpectrum {
        checkpoint: NAMES[k].into(),
        dataset: "CIFAR-10 test".into(),
        samples: 512,
        tensors: "all trainable parameters".into(),
        converged: true,
        top: [22.0, 14.0, 9.0, 6.0].map(value).into(),
        lambda_min: value(-0.4),
        trace: Some(Trace { value: 120.0 * scale, std_error: 3.0, probes: 20 }),
        density: Some(SpectralDensity { steps: 50, probes: 1, nodes: vec![nodes], weights: vec![weights] }),
        ..Default::default()
    }
}

fn embedding(k: usize) -> Embedding {
    let mut next = noise(100 + k as u64);
    let mut embedding = Embedding::default();
    for (role, clusters, spread) in [("id", 10, 1.0), ("cs", 10, 1.6), ("near", 3, 3.0), ("far", 2, 1.5)] {
        for point in 0..300 {
            let class = point % clusters;
            let angle = std::f64::consts::TAU * class as f64 / clusters as f64 + if clusters < 10 { 0.4 } else { 0.0 };
            let distance = if clusters == 10 { 14.0 } else { 6.0 - k as f64 };
            let xy = [distance * angle.cos() + spread * normal(&mut next), distance * angle.sin() + spread * normal(&mut next)];
            embedding.tsne.push(xy.map(|v| v as f32));
            embedding.role.push(role.into());
            embedding.dataset.push(format!("{role} data"));
            embedding.label.push(class);
            embedding.prediction.push(class);
            embedding.index.push(point);
        }
    }
    embedding
}

fn score_table(k: usize) -> ScoreTable {
    let mut next = noise(200 + k as u64);
    let mut table = ScoreTable { temperature: 1.0, ..Default::default() };
    let sets = [
        ("CIFAR-10 test", "id", 12.0, 2.2),
        ("gaussian noise 3", "cs", 10.0, 2.6),
        ("CIFAR-100", "near", 7.5 - k as f64 * 0.6, 2.0),
        ("SVHN", "far", 6.0 - k as f64 * 0.8, 1.4),
    ];
    for (name, role, mean, spread) in sets {
        let values: Vec<f64> = (0..1000).map(|_| mean + spread * normal(&mut next)).collect();
        table.roles.insert(name.into(), role.into());
        table.samples.insert(name.into(), 1000);
        let scores = [("energy".to_owned(), values)].into_iter().collect();
        table.datasets.push(DatasetScores { name: name.into(), role: role.into(), scores, ..Default::default() });
    }
    table.accuracy.insert("CIFAR-10 test".into(), Some(0.9506));
    let id = table.datasets[0].scores["energy"].clone();
    let detect = |ood: &[f64]| {
        Some(Detection {
            auroc: metric::auroc(&id, ood)?,
            fpr95: metric::fpr95(&id, ood)?,
            fpr95_id_positive: metric::fpr95_id_positive(&id, ood)?,
            aupr_in: metric::aupr_in(&id, ood)?,
            aupr_out: metric::aupr_out(&id, ood)?,
        })
    };
    let detections = table.datasets[1..].iter().map(|d| (d.name.clone(), detect(&d.scores["energy"]))).collect();
    table.scores.insert("energy".into(), detections);
    table.with_std_errors()
}

/// Every tag closes, every text is escaped, and the figure is drawn twice to the same bytes.
fn well_formed_and_stable(figure: &dyn Figure, style: &FigureStyle) -> String {
    let svg = figure.to_svg(style).unwrap();
    assert_eq!(svg, figure.to_svg(style).unwrap());
    let tags = |needle: &str| svg.matches(needle).count();
    assert_eq!(tags("<svg "), 1);
    assert!(svg.trim_end().ends_with("</svg>"));
    assert_eq!(tags("<text "), tags("</text>"));
    let shapes: usize = ["<rect ", "<polyline ", "<polygon ", "<circle ", "<line "].iter().map(|t| tags(t)).sum();
    assert_eq!(tags("/>"), shapes);
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
    svg
}

/// All texts of a drawing in their order: a note that was broken into lines is one again.
fn words(svg: &str) -> String {
    let texts = svg.split("</text>").filter_map(|part| Some(&part[part.rfind('>')? + 1..]));
    texts.collect::<Vec<_>>().join(" ")
}

/// Writes a picture for people to look at, when FLATLAND_FIGURES names a folder.
fn keep(name: &str, figure: &impl Figure) {
    if let Some(folder) = std::env::var_os("FLATLAND_FIGURES") {
        std::fs::write(Path::new(&folder).join(name), figure.to_png(&FigureStyle::default(), 200.0).unwrap()).unwrap();
    }
}
