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
fn a_picture_that_is_not_what_was_asked_for_says_what_it_is_and_why_in_note_caption_and_numbers() {
    let mut embeddings: Vec<Embedding> = (0..2).map(embedding).collect();
    let exported = |embeddings: &[Embedding]| {
        let figure = EmbeddingFigure { panels: panels(embeddings) };
        let svg = well_formed_and_stable(&figure, &FigureStyle::default());
        let captioned = CaptionedFigure::embedding(panels(embeddings)).unwrap();
        (svg, captioned.caption, captioned.data[0].1.csv())
    };
    let (svg, caption, csv) = exported(&embeddings);
    assert!(words(&svg).contains("t-SNE of the penultimate features; each panel"), "{svg}");
    assert_eq!(caption, "t-SNE of the penultimate features of ID, CS and SS images.");
    assert!(csv.lines().skip(1).all(|line| line.ends_with(",bhtsne")));

    embeddings[1].picture = Picture::too_few(1, 40);
    let (svg, caption, csv) = exported(&embeddings);
    let reason = "t-SNE needs at least 5 images whose features differ, found 1 among 40";
    let expected = format!(
        "t-SNE or principal components (pretrained: t-SNE; ERM: principal components ({reason})) of the penultimate features of ID, CS and SS \
         images."
    );
    assert_eq!(caption, expected);
    assert!(words(&svg).contains(reason), "{svg}");
    assert_eq!(csv.lines().filter(|line| line.ends_with(",pca")).count(), 1200);

    embeddings[0].picture = Picture::too_few(1, 40);
    let (_, caption, _) = exported(&embeddings);
    assert_eq!(caption, format!("Principal components ({reason}) of the penultimate features of ID, CS and SS images."));
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
