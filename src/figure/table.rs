//! The numbers behind each view as CSV (RFC 4180, full precision), and the scores as a Markdown table.

use std::fmt::Write;

use super::number::percent;
use super::{Panel, ScoreHistograms};
use crate::result::{Embedding, HessianSpectrum, LossSurface, Quantity, ScoreTable, SharpnessCurve};

/// `checkpoint, score, dataset, role, n, auroc, fpr95, fpr95_id_positive, aupr_in, aupr_out, accuracy`, a row per score and dataset
/// (and per dataset that has only an accuracy); shares in [0, 1], empty where undefined.
pub fn scores_csv(tables: &[Panel<ScoreTable>]) -> String {
    let mut csv = String::from("checkpoint,score,dataset,role,n,auroc,fpr95,fpr95_id_positive,aupr_in,aupr_out,accuracy\n");
    for Panel { name, result, .. } in tables {
        for (score, detections) in &result.scores {
            for (dataset, role) in &result.roles {
                let d = detections.get(dataset).copied().flatten();
                let values =
                    [d.map(|d| d.auroc), d.map(|d| d.fpr95), d.map(|d| d.fpr95_id_positive), d.map(|d| d.aupr_in), d.map(|d| d.aupr_out)];
                let mut row = vec![field(name), field(score), field(dataset), field(role)];
                row.push(result.samples.get(dataset).map(ToString::to_string).unwrap_or_default());
                row.extend(values.into_iter().chain([result.accuracy.get(dataset).copied()]).map(optional));
                push_row(&mut csv, &row);
            }
        }
    }
    csv
}

/// One table per score: checkpoints in rows, AUROC ↑ and FPR@95 ↓ of each shifted dataset in columns, then the accuracies; in %.
pub fn scores_markdown(tables: &[Panel<ScoreTable>]) -> String {
    let mut text = String::new();
    let unique = |pick: &dyn Fn(&ScoreTable) -> Vec<String>| -> Vec<String> {
        let all: indexmap::IndexSet<String> = tables.iter().flat_map(|t| pick(t.result)).collect();
        all.into_iter().collect()
    };
    let scores = unique(&|t| t.scores.keys().cloned().collect());
    let accuracies = unique(&|t| t.accuracy.keys().cloned().collect());
    for score in &scores {
        let shifted = unique(&|t| t.scores.get(score).into_iter().flat_map(|d| d.keys().cloned()).collect());
        let mut header = vec!["checkpoint".to_owned()];
        header.extend(shifted.iter().flat_map(|d| [format!("AUROC {d} ↑"), format!("FPR@95 {d} ↓")]));
        header.extend(accuracies.iter().map(|d| format!("accuracy {d} ↑")));
        let _ = writeln!(text, "Score: {score}, in %, OOD positive\n");
        markdown_row(&mut text, &header);
        markdown_row(
            &mut text,
            &header.iter().enumerate().map(|(k, _)| if k == 0 { "---" } else { "---:" }.to_owned()).collect::<Vec<_>>(),
        );
        for Panel { name, result, .. } in tables {
            let detection = |dataset: &String| result.scores.get(score).and_then(|d| d.get(dataset)).copied().flatten();
            let mut row = vec![(*name).to_owned()];
            row.extend(shifted.iter().flat_map(|d| [percent(detection(d).map(|d| d.auroc)), percent(detection(d).map(|d| d.fpr95))]));
            row.extend(accuracies.iter().map(|d| percent(result.accuracy.get(d).copied())));
            markdown_row(&mut text, &row);
        }
        text.push('\n');
    }
    text
}

/// `checkpoint, dataset, alpha, beta, loss, accuracy, loss_std_error, count` and what else was measured, a row per cell; values of cells that
/// are not computed are empty.
pub fn landscape_csv(panels: &[Panel<LossSurface>]) -> String {
    let quantities = || Quantity::ALL.into_iter().filter(|quantity| panels.iter().any(|panel| panel.result.maps.contains_key(quantity)));
    let mut csv = String::from("checkpoint,dataset,alpha,beta,loss,accuracy,loss_std_error,count");
    quantities().for_each(|quantity| csv += &format!(",{0},{0}_std_error", quantity.key()));
    csv.push('\n');
    for Panel { name, result, .. } in panels {
        for (k, count) in result.count.iter().enumerate() {
            let (i, j) = (k / result.beta.len(), k % result.beta.len());
            let computed = |v: f64| if *count > 0 { v.to_string() } else { String::new() };
            let mut row = vec![field(name), field(&result.manifest.dataset), result.alpha[i].to_string(), result.beta[j].to_string()];
            row.extend([result.loss[k], result.accuracy[k], result.loss_std_error[k]].map(computed));
            row.push(count.to_string());
            for quantity in quantities() {
                let map = result.maps.get(&quantity);
                row.extend(map.map_or([f64::NAN; 2], |map| [map.value[k], map.std_error[k]]).map(computed));
            }
            push_row(&mut csv, &row);
        }
    }
    csv
}

/// `checkpoint, dataset, rho, relative_rho, sharpness, std_error, epsilon_norm, sd, max, second_order, bound`, a row per radius; empty where a
/// curve has no such number: ρ/‖θ‖ is of the plain l2 ball, `sd` and `max` are of averages, `second_order` of curves with the overlay.
pub fn sharpness_csv(curves: &[Panel<SharpnessCurve>]) -> String {
    let mut csv = String::from("checkpoint,dataset,rho,relative_rho,sharpness,std_error,epsilon_norm,sd,max,second_order,bound\n");
    for Panel { name, result, .. } in curves {
        for p in &result.points {
            let mut row = vec![field(name), field(&result.dataset), p.rho.to_string()];
            row.push(optional(result.length_of_theta().map(|length| p.rho / length)));
            row.extend([p.sharpness, p.std_error, p.epsilon_norm].map(|v| v.to_string()));
            row.extend([p.spread.map(|s| s.sd), p.spread.map(|s| s.max), result.second_order.map(|o| o.at(p.rho))].map(optional));
            row.push(field(&result.bound));
            push_row(&mut csv, &row);
        }
    }
    csv
}

/// `checkpoint, dataset, quantity, index, value, error, weight`, a row per eigenvalue (`top` 1, 2, ... and `lambda_min`; error: residual),
/// for the trace (error: standard error), and per node of the spectral density (`density`, index: probe).
pub fn hessian_csv(panels: &[Panel<HessianSpectrum>]) -> String {
    let mut csv = String::from("checkpoint,dataset,quantity,index,value,error,weight\n");
    for Panel { name, result, .. } in panels {
        let mut push = |quantity: &str, index: Option<usize>, value: f64, error: Option<f64>, weight: Option<f64>| {
            let index = index.map(|k| k.to_string()).unwrap_or_default();
            let row = [field(name), field(&result.dataset), quantity.into(), index, value.to_string(), optional(error), optional(weight)];
            push_row(&mut csv, &row);
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
    csv
}

/// `checkpoint, dataset, role, index, label, prediction, x, y`, a row per image; an unknown label is −1.
pub fn embedding_csv(panels: &[Panel<Embedding>]) -> String {
    let mut csv = String::from("checkpoint,dataset,role,index,label,prediction,x,y\n");
    for Panel { name, result, .. } in panels {
        for (k, [x, y]) in result.tsne.iter().enumerate() {
            let text = |v: &[String]| v.get(k).map(|s| field(s)).unwrap_or_default();
            let int = |v: &[i64]| v.get(k).map(ToString::to_string).unwrap_or_default();
            let row =
                [field(name), text(&result.dataset), text(&result.role), int(&result.index), int(&result.label), int(&result.prediction)];
            push_row(&mut csv, &[row.as_slice(), &[x.to_string(), y.to_string()]].concat());
        }
    }
    csv
}

/// `checkpoint, role, low, high, density`, a row per bin.
pub fn histogram_csv(names: &[&str], histograms: &ScoreHistograms) -> String {
    let mut csv = String::from("checkpoint,role,low,high,density\n");
    for (name, roles) in names.iter().zip(&histograms.densities) {
        for (role, density) in roles {
            for (edge, value) in histograms.edges.windows(2).zip(density) {
                push_row(&mut csv, &[field(name), role.key().into(), edge[0].to_string(), edge[1].to_string(), value.to_string()]);
            }
        }
    }
    csv
}

/// Quotes a field that needs it.
pub(super) fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.into() }
}

fn optional(value: Option<f64>) -> String {
    value.map(|v| v.to_string()).unwrap_or_default()
}

/// A row with its line end.
pub(super) fn push_row(csv: &mut String, row: &[String]) {
    csv.push_str(&row.join(","));
    csv.push('\n');
}

/// A row with its line end; bars in cells are escaped.
pub(super) fn markdown_row(text: &mut String, cells: &[String]) {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}
