use super::*;

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
        let (near, error) = (table.detection("energy", "CIFAR-100").unwrap(), table.std_error("energy", "CIFAR-100"));
        assert!(error.auroc > Some(0.0) && error.fpr95 > Some(0.0));
        for (value, error) in [(near.auroc, error.auroc), (near.fpr95, error.fpr95)] {
            let expected = number::percent_with_error(Some(value), error);
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
