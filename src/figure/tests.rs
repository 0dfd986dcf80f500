//! The figures as a whole: what they say, that they repeat, and that they hold together at every number of panels.

use std::path::{Path, PathBuf};

use super::*;
use crate::metric;
use crate::result::{
    BandManifest, DatasetScores, Detection, Eigenvalue, Embedding, HessianSpectrum, LandscapeBand, LandscapeManifest, LossSurface, Npz,
    PlanePoint, PlaneRecord, ScoreTable, SecondOrder, SharpnessCurve, SharpnessPoint, SpectralDensity, Spread, Trace,
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

fn panels<'a, T>(results: &'a [T]) -> Vec<Panel<'a, T>> {
    results.iter().enumerate().map(|(color, result)| Panel { name: NAMES[color], color, result }).collect()
}

fn curve(k: usize) -> SharpnessCurve {
    let points = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5].iter().map(|&rho: &f64| {
        let sharpness = (2.6 + 0.7 * k as f64) * rho * (1.0 + 12.0 * rho).powf(1.0 + 0.2 * k as f64);
        SharpnessPoint { rho, sharpness, std_error: 0.15 * sharpness, epsilon_norm: rho, spread: None }
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
    table.accuracy.insert("CIFAR-10 test".into(), 0.9506);
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
    table
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

#[test]
fn a_landscape_names_its_checkpoints_axes_and_data() {
    let surfaces: Vec<LossSurface> = (0..5).map(|k| bowl(k, 21)).collect();
    let svg = well_formed_and_stable(&LandscapeFigure::new(panels(&surfaces)), &FigureStyle::default());
    for expected in [">pretrained<", ">DR-SAM<", ">α<", ">β<", ">loss<", ">−1.0<", ">CIFAR-10 test, n = 1000", "width=\"180.00mm\""] {
        assert!(svg.contains(expected), "expected {expected}");
    }
    assert_eq!(svg.matches(">β<").count(), 1, "the shared axis is labelled once");
}

#[test]
fn pending_and_non_finite_cells_are_hatched_and_said_to_be() {
    let hatch_lines = |surface: &LossSurface| {
        let surfaces = [surface.clone()];
        let figure = LandscapeFigure { contours: 0, ..LandscapeFigure::new(panels(&surfaces)) };
        let svg = well_formed_and_stable(&figure, &FigureStyle::default());
        let [r, g, b] = palette::chrome(Theme::Print).hatch;
        (svg.matches(&format!("stroke=\"#{r:02X}{g:02X}{b:02X}\"")).count(), svg)
    };
    let whole = bowl(0, 11);
    assert_eq!(hatch_lines(&whole).0, 0);
    let mut pending = whole.clone();
    pending.count[60] = 0;
    let (lines, svg) = hatch_lines(&pending);
    assert!(lines > 2 && svg.contains("hatched: not computed") && !svg.contains("not finite"));
    let mut broken = whole.clone();
    broken.loss[60] = f64::INFINITY;
    let (cross, svg) = hatch_lines(&broken);
    assert!(cross > lines && svg.contains("cross-hatched: not finite") && !svg.contains("not computed"));
    let nothing = LossSurface::pending(whole.alpha.clone(), whole.beta.clone(), LandscapeManifest::default());
    assert!(hatch_lines(&nothing).0 > 20);
}

#[test]
fn a_sharpness_figure_says_that_it_shows_lower_bounds() {
    let curves: Vec<SharpnessCurve> = (0..5).map(curve).collect();
    let svg = well_formed_and_stable(&SharpnessFigure { curves: panels(&curves), relative: false }, &FigureStyle::default());
    assert_eq!(svg.matches("<polygon ").count(), 5, "a band per curve");
    for expected in [">ρ<", ">S(ρ), lower bound<", ">SAM<", "n = 512", ">0.01<", ">0.5<"] {
        assert!(svg.contains(expected), "expected {expected}");
    }
}

#[test]
fn a_sharpness_figure_of_several_datasets_has_a_panel_each_on_shared_axes_with_the_overlay_dashed() {
    let datasets = ["ID train", "ID test", "CS test"];
    let mut curves: Vec<SharpnessCurve> =
        (0..3).flat_map(|d| (0..2).map(move |k| SharpnessCurve { dataset: datasets[d].into(), theta_norm: 50.0, ..curve(k) })).collect();
    let drawn = |curves: &[SharpnessCurve], relative| {
        let all = curves.iter().enumerate().map(|(i, result)| Panel { name: NAMES[i % 2], color: i % 2, result }).collect();
        well_formed_and_stable(&SharpnessFigure { curves: all, relative }, &FigureStyle::default())
    };
    let svg = drawn(&curves, false);
    for expected in datasets {
        assert_eq!(svg.matches(&format!(">{expected}<")).count(), 1, "{expected}");
    }
    assert_eq!(svg.matches(">S(ρ), lower bound<").count(), 1, "the panels share their axis");
    assert_eq!(svg.matches(&format!(">{}<", NAMES[0])).count(), 1, "the legend names a checkpoint once");
    assert!(!svg.contains("dashed") && drawn(&curves, true).contains(">ρ/‖θ‖<"));
    for curve in &mut curves {
        curve.second_order = Some(SecondOrder { gradient_norm: 2.0, lambda_max: 90.0, residual: 0.1 });
    }
    assert!(drawn(&curves, false).contains("dashed: second order, ρ‖g‖ + ρ²λ₁/2"));
    curves[0].adaptive = "elementwise".into();
    assert!(!drawn(&curves, true).contains(">ρ/‖θ‖<"), "the radius of an adaptive ball is no length");
}

#[test]
fn a_figure_of_averages_says_that_they_bound_nothing_and_shows_the_negative_ones() {
    let curves = [average(0, "CIFAR-10 test"), average(1, "CIFAR-10 test")];
    let svg = well_formed_and_stable(&SharpnessFigure { curves: panels(&curves), relative: false }, &FigureStyle::default());
    for expected in [">mean rise over random ε<", "bound nothing", "standard deviation over the draws"] {
        assert!(svg.contains(expected), "expected {expected}");
    }
    assert!(!svg.contains("lower bound"));
    assert_eq!(svg.matches("<circle ").count(), 2 * 6, "a dot for each, the negative ones too");
    assert!(table::sharpness_csv(&panels(&curves)).lines().nth(1).unwrap().ends_with(",average"));
}

#[test]
fn a_hessian_figure_shows_density_eigenvalues_and_what_they_are_worth() {
    let spectra = [spectrum(0), spectrum(1)];
    let svg = well_formed_and_stable(&HessianFigure { panels: panels(&spectra) }, &FigureStyle::default());
    for expected in [">λ<", ">density<", ">λ_max 22.0 ± 0.4<", ">trace 120 ± 3<", "50 steps × 1 probes"] {
        assert!(svg.contains(expected), "expected {expected}");
    }
    let csv = table::hessian_csv(&panels(&spectra));
    assert_eq!(csv.lines().count(), 1 + 2 * (4 + 1 + 1 + 50));
    assert!(csv.contains(&format!("{},CIFAR-10 test,top,2,14,0.28,\n", NAMES[0])) && csv.contains("lambda_min,,-0.4,"));
    well_formed_and_stable(&HessianFigure { panels: panels(&[HessianSpectrum::default()]) }, &FigureStyle::default());
    well_formed_and_stable(&HessianFigure { panels: Vec::new() }, &FigureStyle::default());
}

#[test]
fn an_embedding_has_a_dot_per_image_and_a_legend() {
    let embeddings: Vec<Embedding> = (0..3).map(embedding).collect();
    let svg = well_formed_and_stable(&EmbeddingFigure { panels: panels(&embeddings) }, &FigureStyle::default());
    assert_eq!(svg.matches("<circle ").count(), 3 * 1200 + 4);
    for expected in [">ID (n = 300)<", ">near SS (n = 300)<"] {
        assert!(svg.contains(expected), "expected {expected}");
    }
}

#[test]
fn an_energy_figure_carries_the_metrics_of_each_dataset() {
    let tables: Vec<ScoreTable> = (0..2).map(score_table).collect();
    let figure = EnergyFigure { panels: panels(&tables), score: "energy".into(), bins: 60 };
    let svg = well_formed_and_stable(&figure, &FigureStyle::default());
    for table in &tables {
        let near = table.scores["energy"]["CIFAR-100"].unwrap();
        for expected in [number::percent(Some(near.auroc)), number::percent(Some(near.fpr95))] {
            assert!(svg.contains(&format!(">{expected}<")), "expected {expected}");
        }
    }
    assert!(svg.contains(">FPR@95<") && svg.contains(">energy score<"));
}

#[test]
fn empty_results_give_figures_too() {
    let style = FigureStyle::default();
    well_formed_and_stable(&LandscapeFigure::new(Vec::new()), &style);
    well_formed_and_stable(&SharpnessFigure { curves: Vec::new(), relative: false }, &style);
    well_formed_and_stable(&SharpnessFigure { curves: panels(&[SharpnessCurve::default()]), relative: true }, &style);
    well_formed_and_stable(&EmbeddingFigure { panels: panels(&[Embedding::default()]) }, &style);
    well_formed_and_stable(&EnergyFigure { panels: panels(&[ScoreTable::default()]), score: "energy".into(), bins: 60 }, &style);
}

#[test]
fn tables_hold_every_number() {
    let tables = [score_table(0)];
    let csv = table::scores_csv(&panels(&tables));
    let near = tables[0].scores["energy"]["CIFAR-100"].unwrap();
    assert_eq!(csv.lines().count(), 5);
    assert!(csv.contains(&format!("pretrained,energy,CIFAR-100,near,1000,{},{}", near.auroc, near.fpr95)));
    assert!(csv.contains("pretrained,energy,CIFAR-10 test,id,1000,,,,,,0.9506"));
    let markdown = table::scores_markdown(&panels(&tables));
    assert!(markdown.contains("| checkpoint | AUROC gaussian noise 3 ↑ |") && markdown.contains(&number::percent(Some(near.auroc))));

    let mut surfaces = [bowl(0, 3)];
    surfaces[0].count[8] = 0;
    let csv = table::landscape_csv(&panels(&surfaces));
    assert_eq!(csv.lines().count(), 10);
    assert!(csv.contains(&format!("pretrained,CIFAR-10 test,-1,-1,{},", surfaces[0].loss[0])));
    assert!(csv.ends_with("pretrained,CIFAR-10 test,1,1,,,,0\n"));
    assert_eq!(table::sharpness_csv(&panels(&[curve(0)])).lines().nth(1).unwrap().split(',').next_back(), Some("lower"));
    assert_eq!(table::embedding_csv(&panels(&[embedding(0)])).lines().count(), 1201);
    let histograms = ScoreHistograms::new(&[&tables[0]], "energy", 10).unwrap();
    assert_eq!(table::histogram_csv(&["a, \"b\""], &histograms).lines().count(), 41);
    assert!(table::histogram_csv(&["a, \"b\""], &histograms).contains("\n\"a, \"\"b\"\"\",id,"));
}

/// Not a test: writes the figures for looking at, `FLATLAND_FIGURES=dir cargo test -- --ignored gallery`.
#[test]
#[ignore = "writes files to look at"]
fn gallery() {
    let Some(folder) = std::env::var_os("FLATLAND_FIGURES").map(PathBuf::from) else {
        println!("skipped: FLATLAND_FIGURES names no folder");
        return;
    };
    let put = |name: &str, figure: &dyn Figure, style: &FigureStyle| {
        std::fs::write(folder.join(format!("{name}.png")), figure.to_png(style, 200.0).unwrap()).unwrap();
        std::fs::write(folder.join(format!("{name}.svg")), figure.to_svg(style).unwrap()).unwrap();
    };
    let (print, dark) = (FigureStyle::default(), FigureStyle { theme: Theme::Dark, ..FigureStyle::default() });
    let column = FigureStyle { width_mm: 86.0, ..FigureStyle::default() };
    for n in [1, 2, 5, 8] {
        let mut surfaces: Vec<LossSurface> = (0..n).map(|k| bowl(k, 21)).collect();
        let last = surfaces.len() - 1;
        let averages: Vec<SharpnessCurve> = (0..n).map(|k| average(k, "CIFAR-10 test")).collect();
        put(&format!("sharpness_average_{n}"), &SharpnessFigure { curves: panels(&averages), relative: false }, &print);
        let spectra: Vec<HessianSpectrum> = (0..n).map(spectrum).collect();
        put(&format!("hessian_{n}"), &HessianFigure { panels: panels(&spectra) }, &print);
        let several: Vec<SharpnessCurve> = ["ID train", "ID test", "CS test"]
            .into_iter()
            .flat_map(|dataset| (0..n).map(move |k| SharpnessCurve { dataset: dataset.into(), ..curve(k) }))
            .map(|curve| SharpnessCurve {
                second_order: Some(SecondOrder { gradient_norm: 2.6, lambda_max: 90.0, residual: 0.1 }),
                ..curve
            })
            .collect();
        let all = several.iter().enumerate().map(|(i, result)| Panel { name: NAMES[i % n], color: i % n, result }).collect();
        put(&format!("sharpness_panels_{n}"), &SharpnessFigure { curves: all, relative: false }, &print);
        if n == 5 {
            surfaces[last].count.iter_mut().skip(260).for_each(|c| *c = 0);
            surfaces[1].loss[3] = f64::NAN;
            surfaces[1].loss[24] = f64::INFINITY;
            surfaces[1].loss[25] = f64::INFINITY;
        }
        put(&format!("landscape_{n}"), &LandscapeFigure::new(panels(&surfaces)), &print);
        let embeddings: Vec<Embedding> = (0..n).map(embedding).collect();
        put(&format!("embedding_{n}"), &EmbeddingFigure { panels: panels(&embeddings) }, &print);
        let tables: Vec<ScoreTable> = (0..n).map(score_table).collect();
        put(&format!("energy_{n}"), &EnergyFigure { panels: panels(&tables), score: "energy".into(), bins: 60 }, &print);
        let curves: Vec<SharpnessCurve> = (0..n).map(curve).collect();
        put(&format!("sharpness_{n}"), &SharpnessFigure { curves: panels(&curves), relative: false }, &print);
        let averages: Vec<SharpnessCurve> = (0..n).map(|k| average(k, "CIFAR-10 test")).collect();
        put(&format!("sharpness_average_{n}"), &SharpnessFigure { curves: panels(&averages), relative: false }, &print);
        let spectra: Vec<HessianSpectrum> = (0..n).map(spectrum).collect();
        put(&format!("hessian_{n}"), &HessianFigure { panels: panels(&spectra) }, &print);
        let several: Vec<SharpnessCurve> = ["ID train", "ID test", "CS test"]
            .into_iter()
            .flat_map(|dataset| (0..n).map(move |k| SharpnessCurve { dataset: dataset.into(), ..curve(k) }))
            .map(|curve| SharpnessCurve {
                second_order: Some(SecondOrder { gradient_norm: 2.6, lambda_max: 90.0, residual: 0.1 }),
                ..curve
            })
            .collect();
        let all = several.iter().enumerate().map(|(i, result)| Panel { name: NAMES[i % n], color: i % n, result }).collect();
        put(&format!("sharpness_panels_{n}"), &SharpnessFigure { curves: all, relative: false }, &print);
        if n == 5 {
            put("landscape_dark", &LandscapeFigure::new(panels(&surfaces)), &dark);
            put("energy_dark", &EnergyFigure { panels: panels(&tables), score: "energy".into(), bins: 60 }, &dark);
            put("embedding_dark", &EmbeddingFigure { panels: panels(&embeddings) }, &dark);
            put("sharpness_dark", &SharpnessFigure { curves: panels(&curves), relative: false }, &dark);
            put("landscape_column", &LandscapeFigure::new(panels(&surfaces)), &column);
            put("sharpness_column", &SharpnessFigure { curves: panels(&curves), relative: false }, &column);
        }
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|p| p.join("shared/golden/landscape_resnet20.npz"));
    if let Some(path) = golden.into_iter().find(|p| p.exists()) {
        let npz = Npz::load(&path).unwrap();
        let manifest = LandscapeManifest { dataset: "CIFAR-10 test".into(), samples: 256, definition: "file".into(), ..Default::default() };
        let mut surface = LossSurface::pending(npz.f64("alpha").unwrap(), npz.f64("beta").unwrap(), manifest);
        surface.loss = npz.f64("loss").unwrap();
        surface.count.fill(256);
        put("landscape_golden", &LandscapeFigure::new(panels(&[surface])), &print);
    }
}

#[test]
fn landscapes_show_projected_checkpoints_the_trajectory_and_what_lies_outside() {
    let mut surface = bowl(0, 21);
    let point = |name: &str, alpha, beta, off: f64| PlanePoint {
        name: name.into(),
        alpha,
        beta,
        distance: off,
        from_theta: 1.0,
        loss: Some(0.5),
        ..Default::default()
    };
    surface.manifest.definition = "trajectory".into();
    surface.manifest.plane = Some(PlaneRecord {
        points: vec![point("SAM", 0.4, -0.5, 0.4), point("elsewhere", 3.0, 0.0, 0.0)],
        trajectory: vec![point("epoch 0", 0.95, 0.7, 0.0), point("epoch 5", 0.3, 0.5, 0.2), point("epoch 10", 0.0, 0.0, 0.0)],
        explained_variance: vec![0.81, 0.12, 0.07],
        ..Default::default()
    });
    let surfaces = [surface];
    let figure = LandscapeFigure::new(panels(&surfaces));
    let svg = figure.to_svg(&FigureStyle::default()).unwrap();
    for text in ["SAM (40 % off)", "epoch 0", "epoch 10", "81 % + 12 %", "outside of the axes", "elsewhere", "% off: share"] {
        assert!(svg.contains(text), "{text}");
    }
    assert!(!svg.contains("epoch 5"), "only the ends of a trajectory have names");
    keep("landscape_trajectory.png", &figure);
}

#[test]
fn cuts_have_bands_marks_and_gaps() {
    let (alpha, mut mean): (Vec<f64>, Vec<f64>) =
        (0..21).map(|i| (-1.0 + 0.1 * f64::from(i), 0.2 + 0.01 * f64::from((i - 10) * (i - 10)))).unzip();
    mean[18] = f64::NAN;
    let manifest = BandManifest { dataset: "CIFAR-10 test".into(), samples: 1000, seeds: vec![0, 1, 2], ..Default::default() };
    let band =
        LandscapeBand { std: mean.iter().map(|m| 0.2 * m).collect(), alpha: alpha.clone(), beta: vec![0.0], mean: mean.clone(), manifest };
    let bands = [band.clone(), LandscapeBand { mean: mean.iter().map(|m| 2.0 * m).collect(), ..band }];
    let figure = LandscapeCutFigure::of_bands(&panels(&bands));
    let svg = figure.to_svg(&FigureStyle::default()).unwrap();
    for text in ["pretrained", "ERM", "± 1 standard deviation over 3 random directions"] {
        assert!(svg.contains(text), "{text}");
    }
    // Around the gap: two runs of each curve.
    assert_eq!(svg.matches("<polygon").count(), 4);
    keep("landscape_band.png", &figure);

    let mut line = LossSurface::pending(alpha, vec![0.0], LandscapeManifest::default());
    (line.loss, line.count) = (mean, vec![1000; 21]);
    let point = PlanePoint { name: "B".into(), alpha: 0.5, loss: Some(0.6), ..Default::default() };
    line.manifest.plane = Some(PlaneRecord { points: vec![point], ..Default::default() });
    let lines = [line];
    let svg = LandscapeCutFigure::of_surfaces(&panels(&lines)).to_svg(&FigureStyle::default()).unwrap();
    assert!(svg.contains(">\nB\n") || svg.contains(">B<"), "the other checkpoint is named");
    assert!(svg.contains("other checkpoints at their own losses"));
}

/// Writes a picture for people to look at, when FLATLAND_FIGURES names a folder.
fn keep(name: &str, figure: &impl Figure) {
    if let Some(folder) = std::env::var_os("FLATLAND_FIGURES") {
        std::fs::write(Path::new(&folder).join(name), figure.to_png(&FigureStyle::default(), 200.0).unwrap()).unwrap();
    }
}
