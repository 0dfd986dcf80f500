use super::*;
use flatland_core::result::{BandManifest, LandscapeBand, PlanePoint, SecondOrder};
use flatland_core::session::Role;

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
fn a_sharpness_figure_of_a_running_curve_says_so_in_place_of_numbers() {
    let curves = [curve(0), SharpnessCurve { samples: 0, ..curve(1) }];
    let svg = well_formed_and_stable(&SharpnessFigure { curves: panels(&curves), relative: false }, &FigureStyle::default());
    assert!(svg.contains(&format!("not finished: {}", NAMES[1])) && !svg.contains("n = 0"));
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
    assert!(table::sharpness(&panels(&curves)).csv().lines().nth(1).unwrap().ends_with(",average"));
}

#[test]
fn a_hessian_figure_shows_density_eigenvalues_and_what_they_are_worth() {
    let spectra = [spectrum(0), spectrum(1)];
    let svg = well_formed_and_stable(&HessianFigure { panels: panels(&spectra) }, &FigureStyle::default());
    for expected in [">λ<", ">density<", ">largest λ 22.0 ± 0.4<", ">trace 120 ± 3<", "50 steps, 1 probes"] {
        assert!(svg.contains(expected), "expected {expected}");
    }
    let csv = table::hessian(&panels(&spectra)).csv();
    assert_eq!(csv.lines().count(), 1 + 2 * (4 + 1 + 1 + 50));
    assert!(csv.contains(&format!("{},CIFAR-10 test,top,2,14,0.28,\n", NAMES[0])) && csv.contains("lambda_min,,-0.4,"));
    well_formed_and_stable(&HessianFigure { panels: panels(&[HessianSpectrum::default()]) }, &FigureStyle::default());
    well_formed_and_stable(&HessianFigure { panels: Vec::new() }, &FigureStyle::default());
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
    let svg = LandscapeCutFigure::of_surfaces(&panels(&lines), true).to_svg(&FigureStyle::default()).unwrap();
    assert!(svg.contains(">\nB\n") || svg.contains(">B<"), "the other checkpoint is named");
    assert!(svg.contains("other checkpoints at their own losses"));
}

#[test]
fn a_line_between_checkpoints_names_its_ends_and_shows_its_barrier() {
    let lines = [arch(0.8)];
    let figure = LandscapeCutFigure::of_surfaces(&panels(&lines), true);
    let svg = figure.to_svg(&FigureStyle::default()).unwrap();
    let words = svg.split_whitespace().collect::<Vec<_>>().join(" ");
    for text in
        ["pretrained", "oecc_cifar10_densenet_baseline", "barrier 0.80 ± 0.02", "band: ± 1 standard error", "interpolated, not recomputed"]
    {
        assert!(words.contains(text), "{text}: {words}");
    }
    keep("landscape_line.png", &figure);
    let flat = [arch(-0.1)];
    let svg = LandscapeCutFigure::of_surfaces(&panels(&flat), false).to_svg(&FigureStyle::default()).unwrap();
    let words = svg.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("no loss barrier") && !words.contains("> barrier") && !svg.contains("<polygon"), "{words}");
}

#[test]
fn every_quantity_of_a_line_is_a_figure_with_its_band_and_one_table_has_the_barrier() {
    let mut findings = FigureResults::default();
    let (checkpoint, dataset) = (NAMES[0].into(), "CIFAR-10 test".into());
    findings.add_landscape(Found { checkpoint, color: 0, dataset, role: Role::Id, result: std::sync::Arc::new(arch(0.8)) });
    let session = flatland_core::session::Session::default();
    let drawn = captioned_figures(&session, &findings);
    let names: Vec<&str> = drawn.iter().map(|captioned| captioned.name.as_str()).collect();
    assert_eq!(names, ["landscape", "landscape-accuracy", "landscape-auroc"]);
    assert_eq!(
        drawn[0].caption,
        "Loss along the line from pretrained (t = 0) to oecc_cifar10_densenet_baseline (t = 1) on CIFAR-10 test, with bands of ± 1 standard \
         error. Loss barrier 0.80 ± 0.02 at t = 0.50; BatchNorm statistics interpolated, not recomputed: the barrier may be too high (REPAIR, \
         Jordan et al. 2022)."
    );
    let suffixes: Vec<&str> = drawn[0].data.iter().map(|(suffix, _)| *suffix).collect();
    assert_eq!(suffixes, ["", "-barrier"]);
    assert!(drawn[1].data[0].1.csv().starts_with("checkpoint,dataset,alpha,beta,accuracy,accuracy_std_error,count,from,to\n"));
}

#[test]
fn what_is_not_known_of_a_curve_is_a_gap_and_what_is_not_finite_is_grey() {
    let mut line = arch(0.8);
    (line.count[12], line.loss[20]) = (0, f64::INFINITY);
    let lines = [line];
    let svg = LandscapeCutFigure::of_surfaces(&panels(&lines), true).to_svg(&FigureStyle::default()).unwrap();
    assert_eq!(svg.matches("<polygon").count(), 3, "three runs around a gap and a strip");
    assert!(svg.contains("grey: not finite"));
}
