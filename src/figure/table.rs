//! The numbers behind each view, and the scores as formatted tables.

use std::fmt::Write;

use super::barrier::ends;
use super::data::{Cell, Data};
use super::latex::escaped;
use super::number::{UNDEFINED, percent_with_error};
use super::{CurvesFigure, Panel, ScoreHistograms};
use flatland_core::result::{Embedding, HessianSpectrum, LandscapeBand, LossSurface, Quantity, ScoreTable, SharpnessCurve};

/// `checkpoint, score, dataset, role, n, auroc, fpr95, fpr95_id_positive, aupr_in, aupr_out, accuracy, auroc_std_error, fpr95_std_error,
/// accuracy_std_error, base_rate, non_finite`, a row per score and dataset (and per dataset that has only an accuracy); shares in [0, 1],
/// empty where undefined. See [`score_definition`](flatland_core::result::score_definition).
pub fn scores(tables: &[Panel<ScoreTable>]) -> Data {
    let numbers = ["n", "auroc", "fpr95", "fpr95_id_positive", "aupr_in", "aupr_out", "accuracy"];
    let errors = ["auroc_std_error", "fpr95_std_error", "accuracy_std_error"];
    let about = ["base_rate", "non_finite"];
    let mut data = Data::new(&[["checkpoint", "score", "dataset", "role"].as_slice(), &numbers, &errors, &about].concat());
    for Panel { name, result, .. } in tables {
        for score in result.scores.keys() {
            for (dataset, role) in &result.roles {
                let (d, error) = (result.detection(score, dataset), result.std_error(score, dataset));
                let accuracy = result.accuracy(dataset);
                let mut row: Vec<Cell> = [*name, score, dataset, role].map(Cell::from).into();
                row.push(result.samples.get(dataset).copied().into());
                row.extend([d.map(|d| d.auroc), d.map(|d| d.fpr95), d.map(|d| d.fpr95_id_positive)].map(Cell::from));
                row.extend([d.map(|d| d.aupr_in), d.map(|d| d.aupr_out), accuracy.map(|(value, _)| value)].map(Cell::from));
                row.extend([error.auroc, error.fpr95, accuracy.map(|(_, error)| error)].map(Cell::from));
                row.push(result.base_rate.get(dataset).copied().into());
                row.push(result.non_finite.get(dataset).copied().unwrap_or(0).into());
                data.push(row);
            }
        }
    }
    data
}

/// A formatted table: shares in %.
#[derive(Clone, Debug, PartialEq)]
pub struct FormattedTable {
    /// Its caption.
    pub caption: String,
    /// Names of the columns.
    pub header: Vec<String>,
    /// The first cell of each is a name, the others are numbers.
    pub rows: Vec<Vec<String>>,
}

impl FormattedTable {
    /// As Markdown, below its caption.
    pub fn markdown(&self) -> String {
        let mut text = format!("{}\n\n", self.caption);
        markdown_row(&mut text, &self.header);
        let rule = self.header.iter().enumerate().map(|(k, _)| if k == 0 { "---" } else { "---:" }.to_owned());
        markdown_row(&mut text, &rule.collect::<Vec<_>>());
        self.rows.iter().for_each(|row| markdown_row(&mut text, row));
        text
    }

    /// As a `tabular` for booktabs, below its caption as a comment.
    pub fn latex(&self) -> String {
        let line = |cells: &[String]| cells.iter().map(|cell| escaped(cell)).collect::<Vec<_>>().join(" & ") + " \\\\\n";
        let columns = format!("l{}", "r".repeat(self.header.len().saturating_sub(1)));
        let rows: String = self.rows.iter().map(|row| line(row)).collect();
        let (caption, header) = (&self.caption, line(&self.header));
        format!("% {caption}\n\\begin{{tabular}}{{{columns}}}\n\\toprule\n{header}\\midrule\n{rows}\\bottomrule\n\\end{{tabular}}\n")
    }

    /// As CSV, without the caption.
    pub fn csv(&self) -> String {
        let mut data = Data::new(&self.header.iter().map(String::as_str).collect::<Vec<_>>());
        self.rows.iter().for_each(|row| data.push(row.iter().map(|cell| cell.as_str().into()).collect()));
        data.csv()
    }
}

/// The accuracy with its standard error in %.
pub fn accuracy_in_percent(table: &ScoreTable, dataset: &str) -> String {
    if table.lacks_accuracy(dataset) {
        return UNDEFINED.into();
    }
    let (value, error) = table.accuracy(dataset).unzip();
    percent_with_error(value, error)
}

/// AUROC and FPR@95 with their standard errors in %.
pub fn detection_in_percent(table: &ScoreTable, score: &str, dataset: &str) -> [String; 2] {
    if table.lacks_detection(score, dataset) {
        return [UNDEFINED; 2].map(str::to_owned);
    }
    let (detection, error) = (table.detection(score, dataset), table.std_error(score, dataset));
    [(detection.map(|d| d.auroc), error.auroc), (detection.map(|d| d.fpr95), error.fpr95)]
        .map(|(value, error)| percent_with_error(value, error))
}

/// One table per score: checkpoints in rows, AUROC ↑ and FPR@95 ↓ of each shifted dataset in columns, then the accuracies; in %.
pub fn formatted_scores(tables: &[Panel<ScoreTable>]) -> Vec<FormattedTable> {
    let unique = |pick: &dyn Fn(&ScoreTable) -> Vec<String>| -> Vec<String> {
        let all: indexmap::IndexSet<String> = tables.iter().flat_map(|t| pick(t.result)).collect();
        all.into_iter().collect()
    };
    let accuracies = unique(&|t| t.accuracy.keys().cloned().collect());
    let of_score = |score: &String| {
        let shifted = unique(&|t| t.scores.get(score).into_iter().flat_map(|d| d.keys().cloned()).collect());
        let mut header = vec!["checkpoint".to_owned()];
        header.extend(shifted.iter().flat_map(|d| [format!("AUROC {d} ↑"), format!("FPR@95 {d} ↓")]));
        header.extend(accuracies.iter().map(|d| format!("accuracy {d} ↑")));
        let row = |panel: &Panel<ScoreTable>| {
            let mut row = vec![panel.name.to_owned()];
            row.extend(shifted.iter().flat_map(|dataset| detection_in_percent(panel.result, score, dataset)));
            row.extend(accuracies.iter().map(|dataset| accuracy_in_percent(panel.result, dataset)));
            row
        };
        let caption = format!(
            "Score: {score}, in % ± standard error; OOD is positive: FPR@95 is the share of ID flagged where at least 95 % of OOD are{}",
            notes(tables)
        );
        FormattedTable { caption, header, rows: tables.iter().map(row).collect() }
    };
    unique(&|t| t.scores.keys().cloned().collect()).iter().map(of_score).collect()
}

/// The remarks that are needed to read the tables, each once with its checkpoints; begins with a semicolon unless it is empty.
pub(super) fn notes(tables: &[Panel<ScoreTable>]) -> String {
    let mut notes: indexmap::IndexMap<String, Vec<&str>> = indexmap::IndexMap::new();
    for panel in tables {
        panel.result.notes().into_iter().for_each(|note| notes.entry(note).or_default().push(panel.name));
    }
    notes.iter().map(|(note, names)| format!("; {}: {note}", names.join(", "))).collect()
}

/// [`formatted_scores`] as Markdown.
pub fn scores_markdown(tables: &[Panel<ScoreTable>]) -> String {
    formatted_scores(tables).iter().map(|table| table.markdown() + "\n").collect()
}

/// `checkpoint, baseline, dataset, alpha, beta, difference, difference_std_error, count`, a row per cell; missing values are empty.
pub fn difference(panels: &[Panel<LossSurface>]) -> Data {
    let value = panels.first().map_or_else(|| "difference".into(), |panel| panel.result.value_key());
    let error = format!("{value}_std_error");
    let mut data = Data::new(&["checkpoint", "baseline", "dataset", "alpha", "beta", &value, &error, "count"]);
    for Panel { name, result, .. } in panels {
        for (k, count) in result.count.iter().enumerate() {
            let (i, j) = (k / result.beta.len(), k % result.beta.len());
            let computed = |v: f64| Cell::from((*count > 0).then_some(v));
            let baseline = result.baseline.as_deref().unwrap_or_default();
            let mut row: Vec<Cell> = vec![(*name).into(), baseline.into(), result.manifest.dataset.as_str().into()];
            row.extend([result.alpha[i], result.beta[j]].map(Cell::from));
            row.extend([result.loss[k], result.loss_std_error[k]].map(computed));
            row.push(i64::from(*count).into());
            data.push(row);
        }
    }
    data
}

/// `checkpoint, dataset, alpha, beta, loss, accuracy, loss_std_error, count` and the other measured quantities (for surfaces of a quantity: that
/// one instead of the loss), then the estimates of cells that are not computed, then `from` and `to`, the checkpoints at both ends of a line
/// between checkpoints; a row per cell, missing values are empty.
pub fn landscape(panels: &[Panel<LossSurface>]) -> Data {
    let shown = panels.first().and_then(|panel| panel.result.quantity);
    let has = |quantity: &Quantity| shown.is_none() && panels.iter().any(|panel| panel.result.maps.contains_key(quantity));
    let quantities: Vec<Quantity> = Quantity::ALL.into_iter().filter(has).collect();
    let estimates = panels.iter().any(|panel| panel.result.estimate.is_some());
    let value = panels.first().map_or_else(|| "loss".into(), |panel| panel.result.value_key());
    let error = format!("{value}_std_error");
    let is_accuracy = shown == Some(Quantity::Accuracy) && value == Quantity::Accuracy.key();
    let values: &[&str] = if is_accuracy { &[&value, &error] } else { &[&value, "accuracy", &error] };
    let mut data = Data::new(&[["checkpoint", "dataset", "alpha", "beta"].as_slice(), values, &["count"]].concat());
    let has_ends = panels.iter().any(|panel| panel.result.ends().is_some());
    let more = quantities.iter().map(|quantity| quantity.key()).chain(estimates.then_some("estimate"));
    for name in more.collect::<Vec<_>>() {
        data.column(name.into());
        data.column(format!("{name}_std_error"));
    }
    for name in if has_ends { ["from", "to"].as_slice() } else { &[] } {
        data.column((*name).into());
    }
    for Panel { name, result, .. } in panels {
        for (k, count) in result.count.iter().enumerate() {
            let (i, j) = (k / result.beta.len(), k % result.beta.len());
            let computed = |v: f64| Cell::from((*count > 0).then_some(v));
            let mut row: Vec<Cell> = vec![(*name).into(), result.manifest.dataset.as_str().into()];
            row.extend([result.alpha[i], result.beta[j]].map(Cell::from));
            row.push(computed(result.loss[k]));
            row.extend((!is_accuracy).then(|| computed(result.accuracy[k])));
            row.push(computed(result.loss_std_error[k]));
            row.push(i64::from(*count).into());
            for quantity in &quantities {
                let map = result.maps.get(quantity);
                row.extend(map.map_or([f64::NAN; 2], |map| [map.value[k], map.std_error[k]]).map(computed));
            }
            if estimates {
                let estimate = result.estimate.as_ref().filter(|map| *count == 0 && map.value[k].is_finite());
                row.extend([estimate.map(|map| map.value[k]), estimate.map(|map| map.std_error[k])].map(Cell::from));
            }
            if has_ends {
                row.extend(ends(result));
            }
            data.push(row);
        }
    }
    data
}

/// `checkpoint, dataset, alpha, beta, mean, std`, a row per cell; the standard deviation is over planes.
pub fn band(panels: &[Panel<LandscapeBand>]) -> Data {
    let mut data = Data::new(&["checkpoint", "dataset", "alpha", "beta", "mean", "std"]);
    for Panel { name, result, .. } in panels {
        for (k, (mean, std)) in result.mean.iter().zip(&result.std).enumerate() {
            let (i, j) = (k / result.beta.len(), k % result.beta.len());
            let mut row: Vec<Cell> = vec![(*name).into(), result.manifest.dataset.as_str().into()];
            row.extend([result.alpha[i], result.beta[j], *mean, *std].map(Cell::from));
            data.push(row);
        }
    }
    data
}

/// `checkpoint, dataset, rho, relative_rho, sharpness, std_error, epsilon_norm, sd, max, second_order, bound`, a row per radius; empty if a
/// curve has no such number: ρ/‖θ‖ exists for the plain l2 ball, `sd` and `max` for averages, `second_order` for curves with the overlay. If
/// no ε was found, `sharpness` is empty and `bound` is `none`.
pub fn sharpness(curves: &[Panel<SharpnessCurve>]) -> Data {
    let columns =
        ["checkpoint", "dataset", "rho", "relative_rho", "sharpness", "std_error", "epsilon_norm", "sd", "max", "second_order", "bound"];
    let mut data = Data::new(&columns);
    for Panel { name, result, .. } in curves {
        for p in &result.points {
            let mut row: Vec<Cell> = vec![(*name).into(), result.dataset.as_str().into(), p.rho.into()];
            row.push(result.length_of_theta().map(|length| p.rho / length).into());
            let stuck = p.stuck().is_some();
            row.extend([Some(p.sharpness), Some(p.std_error)].map(|value| value.filter(|_| !stuck).into()));
            row.push(p.epsilon_norm.into());
            row.extend([p.spread.map(|s| s.sd), p.spread.map(|s| s.max), result.second_order.map(|o| o.at(p.rho))].map(Cell::from));
            row.push(if stuck { "none" } else { result.bound.as_str() }.into());
            data.push(row);
        }
    }
    data
}

/// `checkpoint, dataset, quantity, index, value, error, weight`, a row per eigenvalue (`top` 1, 2, ... and `lambda_min`; error: residual),
/// for the trace (error: standard error), and per node of the spectral density (`density`, index: probe).
pub fn hessian(panels: &[Panel<HessianSpectrum>]) -> Data {
    let mut data = Data::new(&["checkpoint", "dataset", "quantity", "index", "value", "error", "weight"]);
    for Panel { name, result, .. } in panels {
        let mut push = |quantity: &str, index: Option<usize>, value: f64, error: Option<f64>, weight: Option<f64>| {
            let names = [*name, result.dataset.as_str(), quantity].map(Cell::from);
            data.push(names.into_iter().chain([index.into(), value.into(), error.into(), weight.into()]).collect());
        };
        for (k, top) in result.top.iter().enumerate() {
            push("top", Some(k + 1), top.value, Some(top.residual), None);
        }
        push("lambda_min", None, result.lambda_min.value, Some(result.lambda_min.residual), None);
        if let Some(trace) = result.trace {
            push("trace", None, trace.value, Some(trace.std_error), None);
        }
        if let Some(density) = &result.density {
            for (probe, (nodes, weights)) in density.nodes.iter().zip(&density.weights).enumerate() {
                nodes.iter().zip(weights).for_each(|(node, weight)| push("density", Some(probe), *node, None, Some(*weight)));
            }
        }
    }
    data
}

/// `checkpoint, dataset, role, index, label, prediction, x, y, engine`, a row per image; an unknown label is −1, as is a prediction that is
/// not defined. `engine` is the engine of x and y: `bhtsne` (t-SNE) or `pca`.
pub fn embedding(panels: &[Panel<Embedding>]) -> Data {
    let mut data = Data::new(&["checkpoint", "dataset", "role", "index", "label", "prediction", "x", "y", "engine"]);
    for Panel { name, result, .. } in panels {
        for (k, [x, y]) in result.tsne.iter().enumerate() {
            let text = |v: &[String]| Cell::from(v.get(k).map(String::as_str));
            let int = |v: &[i64]| Cell::from(v.get(k).copied());
            let mut row = vec![(*name).into(), text(&result.dataset), text(&result.role)];
            row.extend([int(&result.index), int(&result.label), int(&result.prediction)]);
            // The shortest digits of the single-precision number, as CSV would write it.
            row.extend([x, y].map(|v| Cell::from(v.to_string().parse::<f64>().unwrap_or(f64::NAN))));
            row.push(result.picture.engine.key().into());
            data.push(row);
        }
    }
    data
}

/// `checkpoint, role, low, high, density`, a row per bin.
pub fn histograms(names: &[&str], histograms: &ScoreHistograms) -> Data {
    let mut data = Data::new(&["checkpoint", "role", "low", "high", "density"]);
    for (name, roles) in names.iter().zip(&histograms.densities) {
        for (role, density) in roles {
            for (edge, value) in histograms.edges.windows(2).zip(density) {
                data.push(vec![(*name).into(), role.key().into(), edge[0].into(), edge[1].into(), (*value).into()]);
            }
        }
    }
    data
}

/// `run, metric, x, y`, a row per point; x is the horizontal axis.
pub fn curves(figure: &CurvesFigure) -> Data {
    let mut data = Data::new(&["run", "metric", figure.across, "value"]);
    for panel in &figure.panels {
        for ((name, _), curve) in figure.runs.iter().zip(&panel.curves) {
            for [x, y] in curve {
                data.push(vec![name.as_str().into(), panel.title.as_str().into(), (*x).into(), (*y).into()]);
            }
        }
    }
    data
}

/// A row with its line end; bars in cells are escaped.
pub(super) fn markdown_row(text: &mut String, cells: &[String]) {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}
