use super::*;
use flatland_core::result::NpzValues;
use flatland_core::session::{CheckpointEntry, DatasetEntry, FigureFormat, FigureSettings, Normalization, Role, Session};

fn found<T>(color: usize, dataset: &str, role: Role, result: T) -> Found<T> {
    Found { checkpoint: NAMES[color].into(), color, dataset: dataset.into(), role, result: std::sync::Arc::new(result) }
}

const DATASETS: [(&str, Role); 4] =
    [("CIFAR-10 train", Role::Train), ("CIFAR-10 test", Role::Id), ("gaussian noise 3", Role::Cs), ("CIFAR-100", Role::Near)];

/// `n` checkpoints with landscapes and curves on the first `measured` datasets, and with everything else.
fn study(n: usize, measured: usize) -> (Session, FigureResults) {
    let checkpoint = |k: usize| CheckpointEntry {
        name: NAMES[k].into(),
        path: format!("{}.safetensors", NAMES[k]).into(),
        normalization: Normalization::default(),
        ..CheckpointEntry::default()
    };
    let dataset = |(name, role): (&str, Role)| {
        let path = "demo:test".into();
        DatasetEntry {
            name: name.into(),
            role,
            path,
            format: None,
            split: None,
            limit: Some(100),
            first: None,
            corruption: None,
            assumed: Default::default(),
            classes: None,
        }
    };
    let session = Session {
        checkpoints: (0..n).map(checkpoint).collect(),
        datasets: DATASETS.into_iter().map(dataset).collect(),
        ..Session::default()
    };
    let mut findings = FigureResults::default();
    for k in 0..n {
        for (name, role) in DATASETS.into_iter().take(measured) {
            let mut surface = bowl(k, 11);
            surface.manifest.dataset = name.into();
            findings.add_landscape(found(k, name, role, surface));
            findings.sharpness.push(found(k, name, role, SharpnessCurve { dataset: name.into(), ..curve(k) }));
        }
        findings.hessians.push(found(k, "CIFAR-10 test", Role::Id, spectrum(k)));
        findings.embeddings.push(found(k, "", Role::Id, embedding(k)));
        findings.scores.push(found(k, "", Role::Id, score_table(k)));
    }
    (session, findings)
}

fn names(captioned_figures: &[CaptionedFigure]) -> Vec<String> {
    captioned_figures.iter().map(|captioned| captioned.name.clone()).collect()
}

#[test]
fn every_kind_of_result_is_a_plate_named_by_its_dataset_where_there_are_several() {
    let (session, findings) = study(3, 1);
    // The Hessian is of another dataset.
    let expected = ["landscape-CIFAR-10_train", "hessian-CIFAR-10_test", "sharpness", "embedding", "energy"];
    assert_eq!(names(&captioned_figures(&session, &findings)), expected);
    let (session, findings) = study(2, 0);
    assert_eq!(names(&captioned_figures(&session, &findings)), ["hessian", "embedding", "energy"]);
}

#[test]
fn the_same_session_gives_the_same_bytes_in_every_format() {
    let ((session, findings), settings) = (study(2, 1), FigureSettings { dpi: 72.0, ..FigureSettings::default() });
    for (once, twice) in captioned_figures(&session, &findings).iter().zip(captioned_figures(&session, &findings)) {
        for format in FigureFormat::ALL {
            let files = once.files(format, &settings).unwrap();
            assert_eq!(files, twice.files(format, &settings).unwrap(), "{} as {format:?}", once.name);
            assert!(files.iter().all(|(name, bytes)| name.ends_with(format.extension()) && !bytes.is_empty()));
        }
    }
}

/// The three numbers after `key` of a PDF's /MediaBox [0 0 width height].
fn media_box(pdf: &[u8]) -> (f64, f64) {
    let text = String::from_utf8_lossy(pdf);
    let numbers = text.split_once("/MediaBox [0 0 ").unwrap().1.split_once(']').unwrap().0;
    let (width, height) = numbers.split_once(' ').unwrap();
    (width.parse().unwrap(), height.parse().unwrap())
}

#[test]
fn every_figure_has_exactly_the_size_asked_for() {
    let (session, findings) = study(2, 1);
    let settings = FigureSettings { width_mm: 120.0, height_mm: Some(95.0), dpi: 127.0, ..FigureSettings::default() };
    for captioned in captioned_figures(&session, &findings) {
        let one = |format| captioned.files(format, &settings).unwrap().remove(0).1;
        let svg = String::from_utf8(one(FigureFormat::Svg)).unwrap();
        assert!(svg.contains("<svg width=\"120.00mm\" height=\"95.00mm\""), "{}: {}", captioned.name, &svg[..200]);
        let (width, height) = media_box(&one(FigureFormat::Pdf));
        assert!((width / 72.0 * 25.4 - 120.0).abs() < 1e-3 && (height / 72.0 * 25.4 - 95.0).abs() < 1e-3, "{width} × {height}");
        // 127 dots per inch are 5 per millimetre.
        let image = image::load_from_memory(&one(FigureFormat::Png)).unwrap();
        assert_eq!((image.width(), image.height()), (600, 475), "{}", captioned.name);
    }
}

#[test]
fn nothing_is_drawn_outside_of_the_page_at_any_width_and_size_of_type() {
    use super::super::scene::{Anchor, Shape, text_width};
    let (session, findings) = study(4, 3);
    let lines = [0.8, 0.004, -0.2].map(|height| [arch(height)]);
    let lines = lines.iter().filter_map(|line| CaptionedFigure::landscape(panels(line), &session.view.landscape));
    let all = captioned_figures(&session, &findings).into_iter().chain(paper(&session, &findings).into_iter().flatten());
    for captioned in all.chain(lines) {
        for (width_mm, font_pt) in [(86.0, 7.0), (180.0, 8.0), (300.0, 12.0)] {
            let settings = FigureSettings { width_mm, font_pt, letters: true, ..FigureSettings::default() };
            let page = captioned.figure.page(&captioned.style(&settings)).unwrap();
            for shape in &page.shapes {
                let points = match shape {
                    Shape::Rect { from, to, .. } => vec![*from, *to],
                    Shape::Polygon { points, .. } | Shape::Line { points, .. } => points.clone(),
                    Shape::Dot { center, .. } => vec![*center],
                    Shape::Text(text) if text.angle != 0.0 => vec![text.at],
                    Shape::Text(text) => {
                        let width = text_width(&text.text, text.size, text.bold);
                        let left = match text.anchor {
                            Anchor::Start => text.at[0],
                            Anchor::Middle => text.at[0] - 0.5 * width,
                            Anchor::End => text.at[0] - width,
                        };
                        vec![[left, text.at[1] - 0.7 * text.size], [left + width, text.at[1]]]
                    }
                };
                let inside = |p: &[f64; 2]| p[0] >= -0.5 && p[0] <= page.width + 0.5 && p[1] >= -0.5 && p[1] <= page.height + 0.5;
                assert!(points.iter().all(inside), "{} at {width_mm} mm, {font_pt} pt: {shape:?}", captioned.name);
            }
        }
    }
}

#[test]
fn a_height_too_small_for_the_content_is_refused() {
    let (session, findings) = study(2, 1);
    let settings = FigureSettings { height_mm: Some(20.0), ..FigureSettings::default() };
    let error = captioned_figures(&session, &findings)[0].files(FigureFormat::Svg, &settings).unwrap_err().to_string();
    assert!(error.contains("expected a height of at least") && error.contains("found 20 mm"), "{error}");
}

#[test]
fn letters_run_through_the_panels_of_a_figure_and_single_panels_have_none() {
    let (session, findings) = study(3, 3);
    let settings = FigureSettings { letters: true, ..FigureSettings::default() };
    let all = captioned_figures(&session, &findings);
    let svg = |name: &str| {
        let captioned = all.iter().find(|captioned| captioned.name == name).unwrap();
        String::from_utf8(captioned.files(FigureFormat::Svg, &settings).unwrap().remove(0).1).unwrap()
    };
    for name in ["landscape-CIFAR-10_test", "sharpness", "hessian-CIFAR-10_test", "embedding", "energy"] {
        if all.iter().all(|captioned| captioned.name != name) {
            continue;
        }
        let svg = svg(name);
        assert!([">(a)<", ">(b)<", ">(c)<"].iter().all(|letter| svg.contains(letter)) && !svg.contains(">(d)<"), "{name}");
    }
    let (session, findings) = study(1, 1);
    let captioned = captioned_figures(&session, &findings).remove(0);
    assert!(!String::from_utf8_lossy(&captioned.files(FigureFormat::Svg, &settings).unwrap()[0].1).contains(">(a)<"));
}

#[test]
fn data_of_a_figure_reads_back_as_numbers() {
    let (session, findings) = study(2, 1);
    let folder = tempfile::tempdir().unwrap();
    for captioned in captioned_figures(&session, &findings) {
        let rows = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().count() - 1;
        let (csv, npz) =
            [FigureFormat::Csv, FigureFormat::Npz].map(|format| captioned.files(format, &session.figure).unwrap().remove(0)).into();
        let path = folder.path().join(&npz.0);
        std::fs::write(&path, &npz.1).unwrap();
        let npz = flatland_core::result::Npz::load(&path).unwrap();
        assert!(npz.arrays.iter().all(|array| array.shape == [rows(&csv.1)]), "{}", captioned.name);
        assert!(matches!(npz.get("checkpoint").unwrap().values, NpzValues::Text(_)), "{}", captioned.name);
    }
}

#[test]
fn the_paper_is_laid_out_with_letters_and_what_lacks_data_says_why() {
    let (session, findings) = study(4, 3);
    let figures = paper(&session, &findings);
    let drawn: Vec<&str> = figures.iter().flatten().map(|captioned| captioned.name.as_str()).collect();
    // The sample scores have energies but no MSP.
    assert_eq!(drawn, ["figure_3", "figure_4", "figure_5", "figure_6", "figure_7", "figure_9", "figure_10"]);
    let svg = |name: &str| {
        let captioned = figures.iter().flatten().find(|captioned| captioned.name == name).unwrap();
        String::from_utf8(captioned.files(FigureFormat::Svg, &session.figure).unwrap().remove(0).1).unwrap()
    };
    // Three landscapes and, below them, the sharpness of all four checkpoints.
    let fifth = svg("figure_5");
    for expected in [">(a)<", ">(c)<", ">(d)<", ">S(ρ), lower bound<", ">SAM<", ">CIFAR-10 train, n = 1000"] {
        assert!(fifth.contains(expected), "expected {expected}");
    }
    assert!(svg("figure_7").contains("gaussian noise 3") && !fifth.contains(">(e)<"));
    assert!(!svg("figure_10").contains(">pretrained<") && svg("figure_10").contains(">ERM<"), "the methods, not what they began with");
    let reasons: Vec<&Missing> = figures.iter().filter_map(|figure| figure.as_ref().err()).collect();
    assert_eq!(reasons.iter().map(|missing| missing.name.as_str()).collect::<Vec<_>>(), ["figure_2", "figure_8"]);
    assert!(reasons[1].reason.contains("--sweep"), "{}", reasons[1].reason);
}

#[test]
fn figures_of_data_that_is_not_there_say_what_would_bring_it() {
    let reason = |session: &Session, findings: &FigureResults, name: &str| {
        let missing = paper(session, findings).into_iter().filter_map(Result::err).find(|missing| missing.name == name);
        missing.unwrap().reason
    };
    // Measured on ID train alone.
    let (session, mut findings) = study(2, 1);
    let cs = reason(&session, &findings, "figure_7");
    assert!(cs.contains("no landscape on CS data") && cs.contains("\"gaussian noise 3\""), "{cs}");
    let without = Session { datasets: Vec::new(), ..session.clone() };
    assert!(reason(&without, &findings, "figure_7").contains("no dataset of the role `cs`"));
    findings.sharpness.clear();
    assert!(reason(&session, &findings, "figure_5").contains("no sharpness on CIFAR-10 train"));
    let empty = FigureResults::default();
    assert_eq!(paper(&session, &empty).iter().filter(|figure| figure.is_err()).count(), 9, "all of Figures 2 to 10");
}

/// Changes with pairs: of 4 CS images one was wrong and is right, none the other way.
#[test]
fn a_trade_off_is_the_change_against_the_baseline() {
    let table = |predictions: [i64; 4], accuracy: f64, fpr95: f64| {
        let mut table = ScoreTable::default();
        let detection = Detection { auroc: 0.9, fpr95, fpr95_id_positive: 0.1, aupr_in: 0.9, aupr_out: 0.9 };
        table.scores.insert("msp".into(), [("SVHN".to_owned(), Some(detection))].into_iter().collect());
        table.roles = [("fog".to_owned(), "cs".to_owned()), ("SVHN".to_owned(), "far".to_owned())].into_iter().collect();
        table.accuracy.insert("fog".into(), Some(accuracy));
        let (label, prediction) = (vec![0, 1, 2, 3], predictions.into());
        table.datasets.push(DatasetScores { name: "fog".into(), role: "cs".into(), label, prediction, ..Default::default() });
        table
    };
    let tables = [table([0, 1, 2, 0], 0.75, 0.4), table([0, 1, 2, 3], 1.0, 0.1)];
    let figure = TradeOffFigure::new(&panels(&tables), "msp").unwrap();
    let point = &figure.points[0];
    assert!((point.fpr95.value + 30.0).abs() < 1e-9 && (point.accuracy.value - 25.0).abs() < 1e-9);
    // Differences 0, 0, 0, 1: standard deviation 1/2 over √4.
    assert!((point.accuracy.std_error - 25.0).abs() < 1e-9, "{}", point.accuracy.std_error);
    let svg = well_formed_and_stable(&figure, &FigureStyle::default());
    assert!(svg.contains(">ERM<") && svg.contains("against pretrained, score msp"));
    assert!(TradeOffFigure::new(&panels(&tables[..1]), "msp").unwrap_err().contains("nothing to compare"));
    assert!(TradeOffFigure::new(&panels(&tables), "energy").unwrap_err().contains("no FPR@95 of the score `energy`"));
}

/// What the scores of a network are whose logits are all NaN.
fn without_logits(mut table: ScoreTable) -> ScoreTable {
    for data in &mut table.datasets {
        data.scores.values_mut().flatten().for_each(|value| *value = f64::NAN);
        let n = data.scores["energy"].len();
        (data.label, data.prediction) = (vec![0; n], vec![-1; n]);
    }
    ScoreTable::of(table.datasets, 1.0).with_std_errors()
}

#[test]
fn scores_that_are_not_finite_are_reported_and_not_left_out() {
    let (session, mut findings) = study(2, 0);
    assert_eq!(left_out(&session, &findings), []);
    findings.scores[1] = found(1, "", Role::Id, without_logits(score_table(1)));
    {
        // One of two: the figure is there, and says what is not.
        let captioned = captioned_figures(&session, &findings).into_iter().find(|captioned| captioned.name == "energy").unwrap();
        let svg = well_formed_and_stable(captioned.figure.as_ref(), &FigureStyle { width_mm: 300.0, ..FigureStyle::default() });
        assert_eq!(svg.matches(">not defined<").count(), 6, "AUROC and FPR@95 of three datasets");
        assert!(words(&svg).contains("4000 scores are not finite and not shown"), "{svg}");
        assert!(captioned.caption.contains("ERM: 1000 of 1000 images of `SVHN` have logits that are not finite"), "{}", captioned.caption);
    }
    let csv = table::scores(&panels(&findings.scores.iter().map(|found| (*found.result).clone()).collect::<Vec<_>>())).csv();
    assert!(csv.contains("ERM,energy,SVHN,far,1000,,,,,,,,,,0.5,1000\n"), "{csv}");
    for text in [table::scores_markdown(&[findings.scores[1].panel()]), table::formatted_scores(&[findings.scores[1].panel()])[0].latex()] {
        assert!(text.contains("not defined") && text.contains("1000 of 1000 images") && !text.contains("n/a"), "{text}");
    }

    findings.scores[0] = found(0, "", Role::Id, without_logits(score_table(0)));
    assert!(!names(&captioned_figures(&session, &findings)).contains(&"energy".into()));
    let reason = "pretrained: none of the 4000 values of `energy` is finite; ERM: none of the 4000 values of `energy` is finite";
    assert_eq!(left_out(&session, &findings), [Missing { name: "energy".into(), reason: reason.into() }]);
    let figure_4 = &paper(&session, &findings)[2];
    assert_eq!(figure_4.as_ref().err(), Some(&Missing { name: "figure_4".into(), reason: reason.into() }));
}

#[test]
fn every_score_of_a_network_has_a_figure() {
    let (session, mut findings) = study(1, 0);
    let mut table = score_table(0);
    for data in &mut table.datasets {
        let values = data.scores["energy"].clone();
        data.scores.insert("confidence".into(), values.clone());
        data.scores.insert("msp".into(), values);
    }
    findings.scores[0] = found(0, "", Role::Id, ScoreTable::of(table.datasets, 1.0));
    assert_eq!(names(&captioned_figures(&session, &findings)), ["hessian", "embedding", "energy", "msp", "confidence"]);
}

#[test]
fn a_trade_off_does_not_leave_out_what_is_not_defined() {
    let mut tables = [score_table(0), score_table(1)];
    assert!(TradeOffFigure::new(&panels(&tables), "energy").unwrap_err().contains("no accuracy on CS data"));
    tables[1] = without_logits(tables[1].clone());
    let reason = TradeOffFigure::new(&panels(&tables), "energy").unwrap_err();
    assert!(
        reason.starts_with("the FPR@95 of ERM is not defined: 1000 of 1000 `energy` scores of `CIFAR-10 test` are not finite"),
        "{reason}"
    );
}

#[test]
fn a_report_holds_everything_fetches_nothing_and_repeats() {
    let (session, findings) = study(3, 3);
    let all = captioned_figures(&session, &findings);
    let missing = [Missing { name: "figure_8".into(), reason: "no <runs>".into() }];
    let toml = session.to_toml(Path::new("/")).unwrap();
    let report = Report { title: "a & b", session: &session, toml: &toml, findings: &findings, captioned_figures: &all, missing: &missing };
    let page = report.html().unwrap();
    assert_eq!(page, report.html().unwrap());
    for fetching in ["http://", "https://", "<link", "<script", "<img", "src=", "@import"] {
        assert!(!page.contains(fetching), "{fetching}");
    }
    // Type is in the page too.
    assert_eq!(page.matches("url(").count(), page.matches("url(data:font/ttf;base64,").count());
    for captioned in &all {
        assert!(page.contains(&format!("<figure id=\"{}\">", captioned.name)), "{}", captioned.name);
    }
    assert_eq!(page.matches("<svg class=\"light\"").count(), all.len());
    assert_eq!(page.matches("<svg class=\"dark\"").count(), all.len());
    for expected in ["<title>a &amp; b</title>", "no &lt;runs&gt;", "Score: energy", "[[checkpoint]]", "li2018", env!("CARGO_PKG_VERSION")]
    {
        assert!(page.contains(expected), "expected {expected}");
    }
}
