//! The rows of the compare tab: what each checkpoint is, the run that wrote it, and what was measured on it.

use std::path::Path;

use indexmap::IndexSet;

use crate::figure::number::{significant, with_error};
use crate::figure::table::{FormattedTable, accuracy_in_percent, detection_in_percent};
use crate::figure::{ComparisonRow as Row, rise};
use crate::ui::state::number::{count, signed, with_residual};
use crate::ui::state::run::difference::flat;
use crate::ui::state::store::Store;
use flatland_core::job::RunConfig;
use flatland_core::result::{Eigenvalue, Inspection, Paired, ScoreDifference, ScoreTable, SharpnessCurve};
use flatland_core::session::{CheckpointEntry, Normalization, Session, architecture_label, program_file};

/// The rows of all shown checkpoints. With `only_differences`, rows with equal values are left out; with fewer than two checkpoints
/// all rows are kept.
pub fn rows(session: &Session, store: &Store, only_differences: bool) -> Vec<Row> {
    let checkpoints: Vec<&CheckpointEntry> = session.shown().map(|(_, entry)| entry).collect();
    let mut rows = of_files(&checkpoints, store);
    rows.extend(of_runs(&checkpoints, store));
    rows.extend(of_scores(&checkpoints, store));
    rows.extend(of_score_differences(&checkpoints, store));
    rows.extend(of_loss(&checkpoints, session, store));
    rows.retain(|row| row.values.iter().any(Option::is_some) && (!only_differences || checkpoints.len() < 2 || row.differs()));
    rows
}

/// The rows as a table with the checkpoints in columns.
pub fn table(session: &Session, rows: &[Row]) -> FormattedTable {
    let header = std::iter::once(String::new()).chain(session.shown().map(|(_, entry)| entry.name.clone())).collect();
    let line = |row: &Row| {
        let values = row.values.iter().map(|value| value.clone().unwrap_or_else(|| "–".into()));
        std::iter::once(format!("{}: {}", row.group, row.label)).chain(values).collect()
    };
    FormattedTable { caption: "Checkpoints compared".into(), header, rows: rows.iter().map(line).collect() }
}

fn row<T>(group: &str, label: impl Into<String>, of: &[T], value: impl Fn(&T) -> Option<String>) -> Row {
    Row { group: group.into(), label: label.into(), values: of.iter().map(value).collect() }
}

/// Properties read from the checkpoint files.
fn of_files(checkpoints: &[&CheckpointEntry], store: &Store) -> Vec<Row> {
    let inspection = |entry: &CheckpointEntry| store.inspection(entry);
    let of = |label: &str, value: &dyn Fn(&CheckpointEntry, Option<&Inspection>) -> Option<String>| {
        row("Checkpoint", label, checkpoints, |entry| value(entry, inspection(entry)))
    };
    vec![
        of("architecture", &|entry, file| {
            entry.architecture.as_deref().map(|of| architecture_label(of).to_owned()).or_else(|| file?.architecture.clone())
        }),
        of("program", &|entry, _| entry.architecture.as_deref().and_then(program_file).map(short)),
        of("classes", &|_, file| file?.classes.map(|classes| classes.to_string())),
        of("parameters", &|_, file| file.map(|file| count(file.parameters.unsigned_abs()))),
        of("input", &|_, file| file?.input_label(" × ")),
        of("normalization", &|entry, _| Some(normalization(entry.normalization))),
        of("resizing", &|entry, _| entry.input.map(|input| input.describe())),
        of("weights", &|_, file| file?.weights.clone()),
        of("container", &|_, file| file?.container.clone()),
        of("refused", &|_, file| file?.error.clone()),
        of("file", &|entry, _| Some(short(&entry.path))),
    ]
}

/// The last two parts of a path. The other parts are long and rarely differ between files.
fn short(path: &Path) -> String {
    let parts: Vec<_> = path.iter().rev().take(2).map(|part| part.to_string_lossy()).collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("/")
}

fn normalization(normalization: Normalization) -> String {
    match normalization {
        Normalization::Preset(_) => normalization.label().into(),
        Normalization::Constants { .. } | Normalization::Grey { .. } => {
            let (mean, std) = normalization.values();
            format!("mean {mean:?}, std {std:?}")
        }
    }
}

/// The settings of the runs that wrote the checkpoints.
fn of_runs(checkpoints: &[&CheckpointEntry], store: &Store) -> Vec<Row> {
    let runs: Vec<Option<&RunConfig>> = checkpoints.iter().map(|entry| store.origins.get(&entry.path)).collect();
    let settings: Vec<_> = runs.iter().map(|run| run.map(flat)).collect();
    let names: IndexSet<&String> = settings.iter().flatten().flat_map(|of| of.keys()).filter(|name| *name != "version").collect();
    let shown = |name: &String, value: &String| if name == "checkpoint" { short(Path::new(value)) } else { value.clone() };
    let of = |name: &String| row("Run", name, &settings, |of| of.as_ref()?.get(name).map(|value| shown(name, value)));
    names.into_iter().map(of).collect()
}

/// Accuracy and detection metrics on every dataset, for every score.
fn of_scores(checkpoints: &[&CheckpointEntry], store: &Store) -> Vec<Row> {
    let tables: Vec<Option<&ScoreTable>> = checkpoints.iter().map(|entry| store.scores.get(&entry.name).map(|table| &**table)).collect();
    let datasets: IndexSet<&String> = tables.iter().flatten().flat_map(|table| table.roles.keys()).collect();
    let scores: IndexSet<&String> = tables.iter().flatten().flat_map(|table| table.scores.keys()).collect();
    let accuracy = |dataset: &&String| {
        row("Accuracy, %", *dataset, &tables, |table| {
            let asked = |table: &&ScoreTable| table.accuracy.contains_key(*dataset);
            table.filter(asked).map(|table| accuracy_in_percent(table, dataset))
        })
    };
    let mut rows: Vec<Row> = datasets.iter().map(accuracy).collect();
    for score in scores {
        for dataset in &datasets {
            for (k, what) in ["AUROC", "FPR@95"].into_iter().enumerate() {
                rows.push(row(&format!("{what}, {score}, %"), *dataset, &tables, |table| {
                    let known = |table: &&ScoreTable| table.detection(score, dataset).is_some() || table.lacks_detection(score, dataset);
                    table.filter(known).map(|table| detection_in_percent(table, score, dataset)[k].clone())
                }));
            }
        }
    }
    // All AUROC rows come before the FPR@95 rows.
    rows.sort_by_key(|row| (!row.group.starts_with("Accuracy"), row.group.clone()));
    rows
}

/// Differences of accuracies and AUROCs to the baseline, with standard errors paired image by image.
fn of_score_differences(checkpoints: &[&CheckpointEntry], store: &Store) -> Vec<Row> {
    let of = |entry: &&CheckpointEntry| store.score_differences.get(&entry.name).and_then(Option::as_deref);
    let differences: Vec<Option<&ScoreDifference>> = checkpoints.iter().map(of).collect();
    let known = || differences.iter().flatten();
    let Some(baseline) = known().map(|difference| difference.baseline.as_str()).next() else { return Vec::new() };
    let text = |paired: Option<&Paired>| paired.map(|(value, error)| signed(100.0 * value, 100.0 * error));
    let datasets: IndexSet<&String> = known().flat_map(|difference| difference.accuracy.keys()).collect();
    let accuracy = |dataset: &String| {
        row(&format!("Accuracy − that of {baseline}, %"), dataset, &differences, |of| text((*of)?.accuracy.get(dataset)))
    };
    let mut rows: Vec<Row> = datasets.into_iter().map(accuracy).collect();
    let pairs: IndexSet<(&String, &String)> = known()
        .flat_map(|difference| difference.auroc.iter().flat_map(|(score, of)| of.keys().map(move |dataset| (score, dataset))))
        .collect();
    rows.extend(pairs.into_iter().map(|(score, dataset)| {
        let group = format!("AUROC − that of {baseline}, {score}, %");
        row(&group, dataset, &differences, |of| text((*of)?.auroc.get(score)?.get(dataset)))
    }));
    rows
}

/// Loss at θ, sharpness and Hessian, on every dataset on which they were measured.
fn of_loss(checkpoints: &[&CheckpointEntry], session: &Session, store: &Store) -> Vec<Row> {
    let mut rows = Vec::new();
    for dataset in session.datasets.iter().map(|dataset| dataset.name.as_str()) {
        let key = |entry: &CheckpointEntry| (entry.name.clone(), dataset.to_owned());
        let curves: Vec<Option<&SharpnessCurve>> = checkpoints.iter().map(|entry| store.sharpness.get(&key(entry))).collect();
        let of_curve = |label: &str, value: &dyn Fn(&SharpnessCurve) -> Option<String>| {
            row(&format!("Loss on {dataset}"), label, &curves, |curve| value((*curve)?))
        };
        rows.push(of_curve("L(θ)", &|curve| curve.center().map(|[loss, _]| significant(loss, 3))));
        rows.push(of_curve("‖θ‖", &|curve| curve.center().map(|[_, length]| significant(length, 4))));
        let mut radii: Vec<f64> = curves.iter().flatten().flat_map(|curve| curve.points.iter().map(|point| point.rho)).collect();
        radii.sort_by(f64::total_cmp);
        radii.dedup();
        for rho in radii {
            let average = curves.iter().flatten().any(|curve| curve.is_average());
            let label = if average { format!("mean rise, ρ = {rho}") } else { format!("S(ρ = {rho}) ≥") };
            rows.push(of_curve(&label, &|curve| {
                let point = curve.points.iter().find(|point| point.rho == rho)?;
                Some(rise(point))
            }));
        }
        let spectra: Vec<_> = checkpoints.iter().map(|entry| store.hessians.get(&key(entry))).collect();
        let eigenvalue = |eigenvalue: Eigenvalue| with_residual(eigenvalue.value, eigenvalue.residual);
        let group = format!("Hessian on {dataset}");
        rows.push(row(&group, "λ_max", &spectra, |spectrum| spectrum.as_ref()?.lambda_max().map(eigenvalue)));
        rows.push(row(&group, "λ_min", &spectra, |spectrum| Some(eigenvalue(spectrum.as_ref()?.lambda_min))));
        rows.push(row(&group, "trace", &spectra, |spectrum| {
            spectrum.as_ref()?.trace.map(|trace| with_error(trace.value, trace.std_error))
        }));
        rows.push(row(&group, "‖∇L(θ)‖", &spectra, |spectrum| Some(significant(spectrum.as_ref()?.gradient_norm, 3))));
    }
    rows
}
