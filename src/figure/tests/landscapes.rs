use super::*;
use flatland_core::result::{InputRecord, Map, PlanePoint, PlaneRecord, Quantity};
use flatland_core::session::{Camera, ColorSettings, LandscapeView};

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
fn pending_and_non_finite_cells_are_hatched_with_a_note() {
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
fn a_landscape_says_what_its_filters_are_where_the_session_does() {
    let note = |directions: serde_json::Value| {
        let mut surface = bowl(0, 5);
        surface.manifest.recipe = Some(serde_json::json!({ "directions": null, "plane": { "directions": directions } }));
        LandscapeFigure::new(panels(&[surface])).to_svg(&FigureStyle::default()).unwrap()
    };
    let plain = LandscapeFigure::new(panels(&[bowl(0, 5)])).to_svg(&FigureStyle::default()).unwrap();
    assert_eq!(note(serde_json::json!({ "preset": "li2018" })), plain);
    let filters = serde_json::json!([{ "tensors": ["*.qkv.weight"], "filter": { "rows": 64 } }]);
    let found = note(serde_json::json!({ "preset": "li2018", "one_dimensional": "weight", "filters": filters }));
    assert!(found.contains("filters: *.qkv.weight by 64 rows; 1-D"), "{found}");
}

#[test]
fn a_difference_is_red_above_and_blue_below_the_baseline_and_dotted_where_it_may_be_none() {
    let (base, mut surface) = (bowl(0, 11), bowl(1, 11));
    for k in 0..surface.loss.len() {
        surface.loss[k] -= base.loss[k] + if k % 11 > 5 { 30.0 } else { 0.0 };
        surface.loss_std_error[k] = if k < 22 { 100.0 } else { 1e-3 };
    }
    surface.baseline = Some("pretrained".into());
    let surfaces = [surface];
    let figure = LandscapeFigure::new(panels(&surfaces));
    let svg = well_formed_and_stable(&figure, &FigureStyle::default());
    for text in ["loss − loss of pretrained", "dotted: within two standard errors of 0", ">0<"] {
        assert!(svg.contains(text), "{text}");
    }
    let scale = figure.scale.unwrap();
    assert!(scale.low == -scale.high && scale.high > 20.0);
    let dots = |surface: &LossSurface| {
        let surfaces = [surface.clone()];
        let figure = LandscapeFigure { contours: 0, ..LandscapeFigure::new(panels(&surfaces)) };
        figure.to_svg(&FigureStyle::default()).unwrap().matches("<circle").count()
    };
    assert_eq!(dots(&surfaces[0]) - dots(&LossSurface { loss_std_error: vec![0.0; 121], ..surfaces[0].clone() }), 22);
    keep("landscape_difference.png", &figure);
}

#[test]
fn contour_lines_carry_their_values_unless_the_view_says_otherwise() {
    let surfaces: Vec<LossSurface> = (0..2).map(|k| bowl(k, 21)).collect();
    let svg = |view: &LandscapeView| well_formed_and_stable(&LandscapeFigure::viewed(panels(&surfaces), view), &FigureStyle::default());
    let (with, without) = (svg(&LandscapeView::default()), svg(&LandscapeView { contour_labels: false, ..LandscapeView::default() }));
    let turned = with.matches("<text transform=\"rotate(").count();
    assert!(turned >= 8, "{turned} values");
    assert!(!without.contains("<text transform"), "none");
    keep("landscape_labels.png", &LandscapeFigure::new(panels(&surfaces)));
}

#[test]
fn a_view_with_limits_and_colours_of_its_own_marks_what_lies_beyond() {
    let surfaces: Vec<LossSurface> = (0..2).map(|k| bowl(k, 11)).collect();
    let mut view = LandscapeView::default();
    let colors = ColorSettings { low: Some(0.5), high: Some(3.0), map: Some(Colormap::Inferno), spacing: Some(Spacing::Linear) };
    view.set_colors("loss", colors);
    let figure = LandscapeFigure::viewed(panels(&surfaces), &view);
    assert_eq!(figure.scale, ColorScale::over(0.5, 3.0, Spacing::Linear));
    let svg = well_formed_and_stable(&figure, &FigureStyle::default());
    let above = surfaces.iter().flat_map(|s| &s.loss).filter(|loss| **loss > 3.0).count();
    assert!(svg.contains(&format!("{above} cells above the colour range")), "{svg}");
    let [r, g, b] = Colormap::Inferno.table()[255];
    assert!(svg.contains(&format!("#{r:02X}{g:02X}{b:02X}")));
    keep("landscape_clipped.png", &figure);
}

#[test]
fn surfaces_are_drawn_from_the_far_to_the_near_side_with_their_axes() {
    let mut surfaces: Vec<LossSurface> = (0..3).map(|k| bowl(k, 21)).collect();
    surfaces[2].count[0] = 0;
    let figure = LandscapeReliefFigure { maps: LandscapeFigure::new(panels(&surfaces)), camera: Camera::default() };
    let svg = well_formed_and_stable(&figure, &FigureStyle::default());
    for text in [">pretrained<", ">α<", ">β<", ">loss<", "open: not computed or not finite"] {
        assert!(svg.contains(text), "{text}");
    }
    // 20 × 20 cells of two by two facets; one open node takes one cell.
    assert_eq!(svg.matches("<polygon").count(), 3 * 1600 - 4);
    keep("landscape_relief.png", &figure);
}

/// A surface around an image whose left part is class 3, right part class 5, one cell not finite.
fn regions(through: &[usize]) -> LossSurface {
    let mut surface = bowl(0, 11);
    let classes = vec![String::new(), "automobile".into(), "bird".into(), "cat".into(), "deer".into(), "dog".into()];
    let norm = if through.is_empty() { "l2" } else { "image" }.into();
    let axes = if through.is_empty() { "gradient" } else { "images" }.into();
    let input = InputRecord {
        image: 17,
        label: Some(3),
        target: 3,
        prediction: Some(5),
        norm,
        axes,
        through: through.into(),
        shape: [3, 32, 32],
        classes,
        ..Default::default()
    };
    surface.manifest = LandscapeManifest { dataset: "CIFAR-10 test".into(), samples: 1, definition: "input".into(), ..Default::default() };
    surface.manifest.input = Some(input);
    let class = |k: usize| if k == 60 { f64::NAN } else { [3.0, 5.0][usize::from(k / 11 > 6)] };
    let map = |value: Vec<f64>| Map { value, std_error: vec![f64::NAN; 121] };
    surface.maps.insert(Quantity::Prediction, map((0..121).map(class).collect()));
    surface.maps.insert(Quantity::Margin, map((0..121).map(|k| 6.0 - (k / 11) as f64).collect()));
    (surface.loss_std_error, surface.count) = (vec![f64::NAN; 121], vec![1; 121]);
    surface
}

#[test]
fn decision_regions_have_their_classes_colours_and_names_and_cells_that_are_not_finite_are_hatched() {
    let surfaces = [regions(&[]).of(Quantity::Prediction).unwrap()];
    let figure = LandscapeFigure::new(panels(&surfaces));
    let svg = well_formed_and_stable(&figure, &FigureStyle::default());
    for class in [3, 5] {
        let [r, g, b] = palette::class(class, Theme::Print);
        assert!(svg.contains(&format!("#{r:02X}{g:02X}{b:02X}")), "the colour of class {class}");
    }
    assert!(svg.contains(">cat<") && svg.contains(">dog<"), "the legend");
    let said = words(&svg);
    for text in ["cross-hatched: not finite", "image 17 of CIFAR-10 test (label cat, predicted dog)", "input space", "own"] {
        assert!(said.contains(text), "{text}: {said}");
    }
    assert!(svg.contains(">α (l2 of pixels)<") && svg.contains(">β (l2 of pixels)<") && !svg.contains('θ'), "the axes are of pixels");
    assert!(figure.scale.is_none() && !svg.contains("<text transform=\"rotate("), "classes have no scale and no contour lines");
    keep("landscape_regions.png", &figure);
}

#[test]
fn figures_around_an_image_are_of_losses_regions_margins_and_of_no_standard_errors() {
    let mut findings = FigureResults::default();
    let result = std::sync::Arc::new(regions(&[]));
    findings.add_landscape(Found {
        checkpoint: "A".into(),
        color: 0,
        dataset: "test".into(),
        role: flatland_core::session::Role::Id,
        result,
    });
    findings.add_errors(flatland_core::result::ErrorKind::Absolute);
    let mut session = flatland_core::session::Session::default();
    session.view.landscape.form = flatland_core::session::LandscapeForm::Surface;
    session.view.landscape.error = Some(flatland_core::session::ErrorShown::Absolute);
    let drawn = captioned_figures(&session, &findings);
    let names: Vec<&str> = drawn.iter().map(|captioned| captioned.name.as_str()).collect();
    assert_eq!(names, ["landscape", "landscape-prediction", "landscape-margin"]);
    assert!(drawn[1].caption.contains("Predicted class over the plane x + αd₁ + βd₂ of inputs around image 17 of CIFAR-10 test"));
    // A class has no height, whatever the view says.
    let svg = drawn[1].figure.to_svg(&FigureStyle::default()).unwrap();
    assert!(svg.contains(">cat<") && !svg.contains("open: not computed"));
    let csv = drawn[0].data[0].1.csv();
    assert!(csv.starts_with("checkpoint,dataset,alpha,beta,loss,accuracy,loss_std_error,count,prediction,prediction_std_error"), "{csv}");
}

#[test]
fn a_path_between_images_is_a_curve_that_marks_the_other_image() {
    let mut surface = regions(&[42]);
    let row: Vec<f64> = surface.loss.iter().step_by(11).copied().collect();
    surface.maps.retain(|quantity, _| *quantity == Quantity::Margin);
    let margin = Map { value: row.clone(), std_error: vec![f64::NAN; 11] };
    surface.maps.insert(Quantity::Margin, margin);
    let beta = vec![0.0];
    let mut surface =
        LossSurface { beta, loss: row, accuracy: vec![1.0; 11], loss_std_error: vec![f64::NAN; 11], count: vec![1; 11], ..surface };
    let point = PlanePoint { name: "image 42 (dog)".into(), alpha: 0.8, loss: Some(surface.loss[9]), ..Default::default() };
    surface.manifest.plane = Some(PlaneRecord { points: vec![point], ..Default::default() });
    let surfaces = [surface.clone()];
    let svg = well_formed_and_stable(&LandscapeCutFigure::of_surfaces(&panels(&surfaces), true), &FigureStyle::default());
    for text in ["α (1: the other image)", "image 42 (dog)", "dots: other images at their own losses", "loss"] {
        assert!(words(&svg).contains(text), "{text}");
    }
    assert!(!svg.contains("standard error"), "there is none of one image");
    let surfaces = [surface.of(Quantity::Margin).unwrap()];
    let svg = well_formed_and_stable(&LandscapeCutFigure::of_surfaces(&panels(&surfaces), true), &FigureStyle::default());
    assert!(svg.contains(">logit margin<") && !svg.contains("image 42 (dog)"), "the mark is a loss");
}
