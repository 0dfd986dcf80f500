//! What figures say of searches that found nothing, of other losses, and of layers.

use super::*;
use flatland_core::result::{Eigenvalue, LayerCurvature, LayerSharpness, Stuck, Trace, Unmoved};

fn layer(name: &str, lambda: f64, trace: f64) -> LayerCurvature {
    LayerCurvature {
        name: name.into(),
        parameters: 100,
        theta_norm: 3.0,
        lambda_max: Eigenvalue { value: lambda, residual: 0.01 * lambda.abs() },
        converged: true,
        trace: Some(Trace { value: trace, std_error: 0.1 * trace.abs(), probes: 60 }),
    }
}

#[test]
fn a_search_that_never_left_has_no_point_and_a_reason() {
    let mut curves = [curve(0), curve(1)];
    for point in &mut curves[0].points[..2] {
        point.unmoved = Some(Unmoved { batches: 1, why: Stuck::NoGradient });
        (point.sharpness, point.std_error, point.epsilon_norm) = (f64::NAN, f64::NAN, 0.0);
    }
    curves[0].warning = curves[0].unmoved();
    let svg = well_formed_and_stable(&SharpnessFigure { curves: panels(&curves), relative: false }, &FigureStyle::default());
    assert_eq!(svg.matches("<circle ").count(), 4 + 6, "a dot for each that was found");
    let words: String = svg.split(['<', '>', '\n']).collect::<Vec<_>>().join(" ");
    assert!(words.contains("no ε was found at ρ = 0.01, 0.02"), "{words}");
    let csv = table::sharpness(&panels(&curves)).csv();
    let row = csv.lines().nth(1).unwrap();
    assert!(row.ends_with(",none") && row.contains(",0.01,,,,0,"), "{row}");
    assert_eq!(rise(&curves[0].points[0]), "no ε found");
    assert!(rise(&curves[0].points[2]).contains('±'));
}

#[test]
fn another_loss_stands_in_notes_captions_and_on_axes() {
    let said = "cross-entropy, label smoothing 0.1, weight decay 0.0005";
    let curves = [SharpnessCurve { loss: Some(said.into()), ..curve(0) }];
    let captioned = CaptionedFigure::sharpness(panels(&curves), false).unwrap();
    assert!(captioned.caption.ends_with(&format!("by dataset ({said}).")), "{}", captioned.caption);
    let spectra = [HessianSpectrum { loss: Some(said.into()), ..spectrum(0) }];
    assert!(CaptionedFigure::hessian(panels(&spectra)).unwrap().caption.contains(said));
    let mut surface = bowl(0, 9);
    assert_eq!(surface.value_label(), "loss");
    surface.manifest.loss = said.into();
    assert_eq!(surface.value_label(), format!("loss ({said})"));
    let surfaces = [surface];
    let captioned = CaptionedFigure::landscape(panels(&surfaces), &Default::default()).unwrap();
    assert!(captioned.caption.starts_with(&format!("Loss ({said}) over the plane")), "{}", captioned.caption);
}

#[test]
fn the_strip_of_layers_has_a_row_a_layer_and_a_dot_a_checkpoint() {
    let with = |k: usize, layers: Vec<LayerCurvature>| HessianSpectrum { layers, ..spectrum(k) };
    let spectra = [
        with(0, vec![layer("conv1", 2.0, 30.0), layer("layer1.0.conv1", 8.0, 50.0), layer("fc", 0.5, 1.0)]),
        with(1, vec![layer("conv1", 1.0, 20.0), layer("layer1.0.conv1", 4.0, 40.0)]),
    ];
    let figure = LayersFigure::of_hessians(&panels(&spectra)).unwrap();
    let svg = well_formed_and_stable(&figure, &FigureStyle::default());
    for expected in [">conv1<", ">layer1.0.conv1<", ">fc<", ">largest λ of the layer<", ">trace per parameter<", "not normalized"] {
        assert!(svg.contains(expected), "expected {expected}");
    }
    // Two panels of five marks, and two dots of the legend.
    assert_eq!(svg.matches("<circle ").count(), 2 * 5 + 2);
    let captioned = CaptionedFigure::hessian_layers(&panels(&spectra)).unwrap();
    assert_eq!(captioned.name, "hessian-layers");
    let csv = captioned.data[0].1.csv();
    assert!(csv.contains(&format!("{},CIFAR-10 test,layer1.0.conv1,100,3,8,0.08,yes,50,5,0.5\n", NAMES[0])), "{csv}");
    assert_eq!(csv.lines().count(), 6);
    keep("hessian-layers.png", &figure);
    assert!(CaptionedFigure::hessian_layers(&panels(&[spectrum(0)])).is_none(), "nobody asked for layers");
    // A trace below zero has no logarithm.
    let negative = [with(0, vec![layer("conv1", 2.0, -3.0), layer("fc", 0.5, 1.0)])];
    well_formed_and_stable(&LayersFigure::of_hessians(&panels(&negative)).unwrap(), &FigureStyle::default());
}

#[test]
fn the_strip_of_sharpness_has_a_panel_a_dataset() {
    let of = |k: usize, dataset: &str| {
        let points = |by: f64| curve(k).points.iter().map(|p| SharpnessPoint { sharpness: by * p.sharpness, ..*p }).collect();
        let layers = [("conv1", 0.5), ("fc", f64::NAN)].map(|(name, by)| LayerSharpness {
            name: name.into(),
            parameters: 10,
            theta_norm: 1.0,
            points: points(by),
        });
        SharpnessCurve { dataset: dataset.into(), layers: layers.into(), ..curve(k) }
    };
    let mut curves = [of(0, "ID test"), of(1, "ID test"), of(0, "CS test")];
    for point in curves.iter_mut().flat_map(|curve| &mut curve.layers[1].points) {
        point.unmoved = Some(Unmoved { batches: 1, why: Stuck::NoRise });
    }
    let panels: Vec<Panel<SharpnessCurve>> =
        curves.iter().zip([0, 1, 0]).map(|(result, k)| Panel { name: NAMES[k], color: k, result }).collect();
    let svg = well_formed_and_stable(&LayersFigure::of_curves(&panels).unwrap(), &FigureStyle::default());
    for expected in [">ID test<", ">CS test<", ">fc<", "no ε found: fc", "ρ = 0.5"] {
        assert!(svg.contains(expected), "expected {expected}");
    }
    let captioned = CaptionedFigure::sharpness_layers(&panels).unwrap();
    let csv = captioned.data[0].1.csv();
    assert_eq!(csv.lines().count(), 1 + 3 * 2 * 6);
    assert!(csv.lines().any(|line| line.ends_with(",fc,10,1,0.5,,,0.5")), "{csv}");
}
