use super::*;
use flatland_core::result::{SweepPointResults, SweepResults};

/// Points with two metrics each: (values, near FPR@95, CS accuracy).
fn sweep(axes: &[&str], points: &[(&[&str], f64, f64)]) -> SweepResults {
    let point = |(values, fpr, accuracy): &(&[&str], f64, f64)| SweepPointResults {
        values: values.iter().map(|&value| value.into()).collect(),
        runs: 3,
        metrics: [("near_fpr95".to_owned(), (*fpr, 0.01)), ("cs_accuracy".to_owned(), (*accuracy, 0.02))].into_iter().collect(),
    };
    SweepResults { axes: axes.iter().map(|&axis| axis.into()).collect(), points: points.iter().map(point).collect() }
}

#[test]
fn a_swept_number_runs_across_with_a_line_for_each_combination_of_the_rest() {
    let points: [(&[&str], f64, f64); 5] = [
        (&["dr_sam", "0.5", "0.2"], 0.4, 0.8),
        (&["dr_sam", "0.1", "0.2"], 0.5, 0.7),
        (&["dr_sam", "0.1", "0.5"], 0.3, 0.7),
        (&["dr_sam", "0.5", "0.5"], 0.2, 0.8),
        // ERM has no ρ and no place on the axis.
        (&["erm", "", ""], 0.6, 0.6),
    ];
    let sweep = sweep(&["method", "rho", "lambda"], &points);
    let figure = AblationFigure { sweep: &sweep };
    assert_eq!(figure.panels(), 2, "what was not measured has no panel");
    let svg = well_formed_and_stable(&figure, &FigureStyle { letters: Some(0), ..FigureStyle::default() });
    for expected in
        [">dr_sam, λ 0.2<", ">dr_sam, λ 0.5<", ">ρ<", ">(b)<", ">FPR@95, near SS (%)<", ">accuracy, CS (%)<", "over 3 runs a point"]
    {
        assert!(svg.contains(expected), "expected {expected}");
    }
    assert!(!svg.contains(">erm"));
    // Two panels with four points each, and two dots in the legend.
    assert_eq!(svg.matches("<circle ").count(), 2 * 4 + 2);
    assert_eq!(figure.data().csv().lines().count(), 1 + 2 * points.len());
}

#[test]
fn swept_choices_are_rows() {
    let points: [(&[&str], f64, f64); 3] = [(&["fog"], 0.4, 0.8), (&["snow"], 0.5, 0.7), (&["frost"], 0.5, 0.75)];
    let sweep = sweep(&["augmentation"], &points);
    let figure = AblationFigure { sweep: &sweep };
    let svg = well_formed_and_stable(&figure, &FigureStyle::default());
    assert!([">fog<", ">snow<", ">frost<", ">accuracy (%)<", ">CS<"].iter().all(|text| svg.contains(text)));
    assert!(!svg.contains(">far SS<") && !svg.contains(">AUROC (%)<"), "what was not measured has no legend and no panel");
    assert_eq!(figure.panels(), 1);
    keep("ablation_choices.png", &figure);
}
