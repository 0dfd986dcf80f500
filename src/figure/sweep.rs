//! [`SweepTable`]: the results of a sweep, mean ± population standard deviation over seeds, as CSV, Markdown and LaTeX.

use std::fmt::Write;

use indexmap::{IndexMap, IndexSet};
use serde_json::{Map, Value};

use super::data::{field, push_row};
use super::latex::escaped;
use super::number::{UNDEFINED, plain};
use super::table::markdown_row;
use flatland_core::metric::mean_population_std;

/// Metrics of the formatted tables, with their names in them; shares, printed in %.
const SHOWN: [(&str, &str, &str); 6] = [
    ("id_accuracy", "ID acc ↑", r"ID acc $\uparrow$"),
    ("cs_accuracy", "CS acc ↑", r"CS acc $\uparrow$"),
    ("near_auroc", "near AUROC ↑", r"near AUROC $\uparrow$"),
    ("near_fpr95", "near FPR@95 ↓", r"near FPR@95 $\downarrow$"),
    ("far_auroc", "far AUROC ↑", r"far AUROC $\uparrow$"),
    ("far_fpr95", "far FPR@95 ↓", r"far FPR@95 $\downarrow$"),
];

/// The epoch of a run that a table shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableEpoch {
    /// The epoch of `best.safetensors`: the last with the highest ID accuracy.
    Best,
    /// The last one.
    Last,
}

impl TableEpoch {
    /// `best` or `last`.
    pub fn key(self) -> &'static str {
        match self {
            TableEpoch::Best => "best",
            TableEpoch::Last => "last",
        }
    }

    /// The line of `metrics.jsonl` of that epoch; epoch 0, before the first step, is never used.
    fn line(self, metrics: &[Map<String, Value>]) -> Option<&Map<String, Value>> {
        let mut trained = metrics.iter().filter(|line| line.get("epoch").and_then(Value::as_u64) != Some(0));
        // Not measured: `None`. Not defined (null): below every number.
        let accuracy = |line: &Map<String, Value>| line.get("id_accuracy").map(|accuracy| accuracy.as_f64().unwrap_or(f64::NEG_INFINITY));
        match self {
            TableEpoch::Last => trained.next_back(),
            TableEpoch::Best => trained.fold(None, |best: Option<&Map<String, Value>>, line| {
                let undefined = accuracy(line) == Some(f64::NEG_INFINITY);
                match best {
                    Some(best) if undefined || (accuracy(best) > accuracy(line) && accuracy(line).is_some()) => Some(best),
                    _ => Some(line),
                }
            }),
        }
    }
}

/// A finished run of a sweep.
#[derive(Clone, Debug)]
pub struct SweepRun {
    /// Its value on each axis; "" where it has none.
    pub values: Vec<String>,
    /// Its `metrics.jsonl`.
    pub metrics: Vec<Map<String, Value>>,
}

/// Runs that differ in their seeds only.
#[derive(Clone, Debug)]
struct Row<'a> {
    values: Vec<&'a str>,
    lines: Vec<&'a Map<String, Value>>,
}

impl Row<'_> {
    /// Mean and population standard deviation over the seeds.
    fn cell(&self, metric: &str) -> Option<(f64, f64)> {
        let values: Option<Vec<f64>> = self.lines.iter().map(|line| line.get(metric).and_then(Value::as_f64)).collect();
        mean_population_std(&values?)
    }

    /// Whether the metric was measured in every run and is not defined in one of them.
    fn lacks(&self, metric: &str) -> bool {
        self.lines.iter().all(|line| line.contains_key(metric)) && self.cell(metric).is_none()
    }
}

/// The results of a sweep.
#[derive(Clone, Debug)]
pub struct SweepTable {
    /// Names of the swept fields.
    pub axes: Vec<String>,
    /// The finished runs.
    pub runs: Vec<SweepRun>,
}

impl SweepTable {
    const SEED: &'static str = "seed";

    /// All axes but the seed.
    fn shown_axes(&self) -> Vec<&str> {
        self.axes.iter().map(String::as_str).filter(|axis| *axis != Self::SEED).collect()
    }

    fn rows(&self, epoch: TableEpoch) -> Vec<Row<'_>> {
        let mut rows: IndexMap<Vec<&str>, Vec<&Map<String, Value>>> = IndexMap::new();
        for run in &self.runs {
            let values = self.axes.iter().zip(&run.values).filter(|(axis, _)| *axis != Self::SEED).map(|(_, value)| value.as_str());
            rows.entry(values.collect()).or_default().extend(epoch.line(&run.metrics));
        }
        rows.into_iter().filter(|(_, lines)| !lines.is_empty()).map(|(values, lines)| Row { values, lines }).collect()
    }

    fn metrics(&self) -> IndexSet<&str> {
        let known = SHOWN.iter().map(|(key, ..)| *key);
        let written: IndexSet<&str> = self.runs.iter().flat_map(|run| &run.metrics).flat_map(Map::keys).map(String::as_str).collect();
        let others = written.iter().copied().filter(|key| !["epoch", "step"].contains(key));
        known.filter(|key| written.contains(key)).chain(others).collect()
    }

    /// The swept fields, `epoch` (best or last), `runs`, then `<metric>` and `<metric>_std` at full precision, shares in [0, 1].
    pub fn csv(&self) -> String {
        let (axes, metrics) = (self.shown_axes(), self.metrics());
        let mut csv = String::new();
        let mut header: Vec<String> = axes.iter().map(|axis| field(axis)).collect();
        header.extend(["epoch".into(), "runs".into()]);
        header.extend(metrics.iter().flat_map(|metric| [(*metric).to_owned(), format!("{metric}_std")]));
        push_row(&mut csv, &header);
        for epoch in [TableEpoch::Best, TableEpoch::Last] {
            for row in self.rows(epoch) {
                let mut cells: Vec<String> = row.values.iter().map(|value| field(value)).collect();
                cells.extend([epoch.key().to_owned(), row.lines.len().to_string()]);
                for metric in &metrics {
                    let cell = row.cell(metric);
                    cells.extend(
                        [cell.map(|(mean, _)| mean), cell.map(|(_, std)| std)]
                            .map(|v| v.map_or_else(String::new, |v| (v + 0.0).to_string())),
                    );
                }
                push_row(&mut csv, &cells);
            }
        }
        csv
    }

    /// Rows of the formatted tables: the cells of the header, then those of each row; numbers in % as `mean` and `std`.
    fn cells(&self, epoch: TableEpoch, plus_minus: &str) -> (Vec<usize>, Vec<Vec<String>>) {
        let rows = self.rows(epoch);
        let shown: Vec<usize> =
            (0..SHOWN.len()).filter(|&k| rows.iter().any(|row| row.cell(SHOWN[k].0).is_some() || row.lacks(SHOWN[k].0))).collect();
        let percent = |(mean, std): (f64, f64)| format!("{}{plus_minus}{}", plain(100.0 * mean, 2), plain(100.0 * std, 2));
        let body = rows
            .iter()
            .map(|row| {
                let mut cells: Vec<String> = row.values.iter().map(|value| (*value).to_owned()).collect();
                cells.push(row.lines.len().to_string());
                let missing = |metric: &str| if row.lacks(metric) { UNDEFINED } else { "n/a" }.to_owned();
                cells.extend(shown.iter().map(|&k| SHOWN[k].0).map(|metric| row.cell(metric).map_or_else(|| missing(metric), percent)));
                cells
            })
            .collect();
        (shown, body)
    }

    /// One table for the best epochs, one for the last.
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        for epoch in [TableEpoch::Best, TableEpoch::Last] {
            let (shown, body) = self.cells(epoch, " ± ");
            let _ = writeln!(text, "In %, {}, mean ± population standard deviation over the runs\n", Self::caption(epoch));
            let axes = self.shown_axes();
            let header: Vec<String> =
                axes.iter().copied().chain(["runs"]).chain(shown.iter().map(|&k| SHOWN[k].1)).map(str::to_owned).collect();
            markdown_row(&mut text, &header);
            markdown_row(&mut text, &(0..header.len()).map(|k| if k < axes.len() { "---" } else { "---:" }.to_owned()).collect::<Vec<_>>());
            for row in body {
                markdown_row(&mut text, &row);
            }
            text.push('\n');
        }
        text
    }

    /// Two `tabular`s for booktabs, the best epochs and the last.
    pub fn latex(&self) -> String {
        let mut text = String::new();
        for epoch in [TableEpoch::Best, TableEpoch::Last] {
            let (shown, body) = self.cells(epoch, r" $\pm$ ");
            let axes = self.shown_axes();
            let columns = format!("{}r{}", "l".repeat(axes.len()), "c".repeat(shown.len()));
            let _ = writeln!(text, "% in %, {}, mean and population standard deviation over the runs", Self::caption(epoch));
            let _ = writeln!(text, "\\begin{{tabular}}{{{columns}}}\n\\toprule");
            let header: Vec<String> =
                axes.iter().map(|axis| escaped(axis)).chain(["runs".into()]).chain(shown.iter().map(|&k| SHOWN[k].2.to_owned())).collect();
            let _ = writeln!(text, "{} \\\\\n\\midrule", header.join(" & "));
            for row in body {
                let cells: Vec<String> =
                    row.iter().enumerate().map(|(k, cell)| if k < axes.len() { escaped(cell) } else { cell.clone() }).collect();
                let _ = writeln!(text, "{} \\\\", cells.join(" & "));
            }
            let _ = writeln!(text, "\\bottomrule\n\\end{{tabular}}\n");
        }
        text
    }

    fn caption(epoch: TableEpoch) -> &'static str {
        match epoch {
            TableEpoch::Best => "epoch of the highest ID accuracy (best.safetensors)",
            TableEpoch::Last => "last epoch (last.safetensors)",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn run(rho: &str, seed: &str, accuracies: &[f64]) -> SweepRun {
        let line = |(epoch, accuracy): (usize, &f64)| {
            json!({ "epoch": epoch, "step": 9, "id_accuracy": accuracy, "far_fpr95": 0.25, "id_loss": 1.5 }).as_object().unwrap().clone()
        };
        SweepRun { values: vec![rho.into(), seed.into()], metrics: accuracies.iter().enumerate().map(line).collect() }
    }

    /// Epoch 0 is the best everywhere: the network before the sweep touched it.
    fn table() -> SweepTable {
        let runs = vec![run("0.1", "0", &[0.99, 0.9, 0.8]), run("0.1", "1", &[0.99, 0.7, 0.7]), run("dr_sam", "0", &[0.99, 0.5, 0.6])];
        SweepTable { axes: vec!["rho".into(), "seed".into()], runs }
    }

    #[test]
    fn csv_has_means_and_population_deviations_over_the_seeds_of_the_best_and_the_last_epoch() {
        let csv = table().csv();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines[0], "rho,epoch,runs,id_accuracy,id_accuracy_std,far_fpr95,far_fpr95_std,id_loss,id_loss_std");
        let numbers = |line: &str| line.split(',').skip(2).map(|cell| cell.parse().unwrap()).collect::<Vec<f64>>();
        let close = |line: &str, expected: &[f64]| {
            assert!(numbers(line).iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{line}");
        };
        assert_eq!(lines.len(), 5);
        assert!(lines[1].starts_with("0.1,best") && lines[3].starts_with("0.1,last"));
        close(lines[1], &[2.0, 0.8, 0.1, 0.25, 0.0, 1.5, 0.0]);
        close(lines[3], &[2.0, 0.75, 0.05, 0.25, 0.0, 1.5, 0.0]);
        close(lines[4], &[1.0, 0.6, 0.0, 0.25, 0.0, 1.5, 0.0]);
    }

    #[test]
    fn what_is_not_defined_is_never_the_best_epoch_and_is_told() {
        let with = |accuracies: &[Option<f64>]| {
            let line = |(epoch, accuracy): (usize, &Option<f64>)| {
                json!({ "epoch": epoch, "id_accuracy": accuracy, "far_auroc": accuracy }).as_object().unwrap().clone()
            };
            let run = SweepRun { values: vec!["0.1".into()], metrics: accuracies.iter().enumerate().map(line).collect() };
            SweepTable { axes: vec!["rho".into()], runs: vec![run] }
        };
        // NaN has no number in JSON.
        let markdown = with(&[Some(0.9), Some(0.7), None]).markdown();
        assert!(
            markdown.contains("| 0.1 | 1 | 70.00 ± 0.00 | 70.00 ± 0.00 |") && markdown.contains("| 0.1 | 1 | not defined | not defined |")
        );
        let markdown = with(&[None, None, None]).markdown();
        assert_eq!(markdown.matches("| 0.1 | 1 | not defined | not defined |").count(), 2, "{markdown}");
        assert!(with(&[None, None]).csv().contains("0.1,best,1,,,,"));
    }

    #[test]
    fn markdown_and_latex_show_the_same_numbers_in_percent() {
        let (markdown, latex) = (table().markdown(), table().latex());
        assert!(
            markdown.contains(
                "| rho | runs | ID acc ↑ | far FPR@95 ↓ |\n| --- | ---: | ---: | ---: |\n| 0.1 | 2 | 80.00 ± 10.00 | 25.00 ± 0.00 |"
            ),
            "{markdown}"
        );
        assert!(
            latex.contains("\\begin{tabular}{lrcc}\n\\toprule\nrho & runs & ID acc $\\uparrow$ & far FPR@95 $\\downarrow$ \\\\"),
            "{latex}"
        );
        assert!(latex.contains("0.1 & 2 & 80.00 $\\pm$ 10.00 & 25.00 $\\pm$ 0.00 \\\\\ndr\\_sam & 1 & 60.00 $\\pm$ 0.00"), "{latex}");
    }
}
