//! [`SweepResults`]: reads the `table.csv` in the folder of a sweep of runs.

use std::path::Path;

use indexmap::IndexMap;

use super::ResultError;

/// Runs that differ in their seeds only, at the epoch of `best.safetensors`.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepPointResults {
    /// Its value on each axis; empty where it has none.
    pub values: Vec<String>,
    /// Number of runs (seeds).
    pub runs: usize,
    /// Metric → mean and population standard deviation over the seeds; shares in [0, 1].
    pub metrics: IndexMap<String, (f64, f64)>,
}

/// The results of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepResults {
    /// Names of the swept fields.
    pub axes: Vec<String>,
    /// Its points, in the order of the table.
    pub points: Vec<SweepPointResults>,
}

impl SweepResults {
    /// Reads `table.csv` of the sweep in `folder`.
    ///
    /// # Errors
    /// When it is missing or is no such table.
    pub fn load(folder: &Path) -> Result<Self, ResultError> {
        let path = folder.join("table.csv");
        let text = std::fs::read_to_string(&path).map_err(|source| ResultError::Io { action: "read", source, path: path.clone() })?;
        Self::parse(&text).map_err(|message| ResultError::Invalid { message, path })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut rows = records(text).into_iter();
        let header = rows.next().unwrap_or_default();
        let Some(epoch) = header.iter().position(|name| name == "epoch").filter(|at| header.get(at + 1).is_some_and(|name| name == "runs"))
        else {
            return Err("expected the table of a sweep, with columns `epoch` and `runs`, found none".into());
        };
        let point = |row: Vec<String>| {
            let number = |k: usize| row.get(k).and_then(|cell| cell.parse::<f64>().ok());
            let metric = |k: usize| Some((header[k].clone(), (number(k)?, number(k + 1).unwrap_or(0.0))));
            SweepPointResults {
                values: row.get(..epoch).unwrap_or_default().to_vec(),
                runs: number(epoch + 1).map_or(0, |n| n as usize),
                metrics: (epoch + 2..header.len()).step_by(2).filter_map(metric).collect(),
            }
        };
        let best = rows.filter(|row| row.get(epoch).is_some_and(|cell| cell == "best"));
        Ok(Self { points: best.map(point).collect(), axes: header[..epoch].to_vec() })
    }
}

/// The records of an RFC 4180 text.
fn records(text: &str) -> Vec<Vec<String>> {
    let (mut all, mut record, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => field.extend(characters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                record.push(std::mem::take(&mut field));
                all.push(std::mem::take(&mut record));
            }
            '\r' if !quoted => {}
            c => field.push(c),
        }
    }
    if !(field.is_empty() && record.is_empty()) {
        record.push(field);
        all.push(record);
    }
    all
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_table_of_a_sweep_reads_back() {
        let text = "rho,augmentation,epoch,runs,id_accuracy,id_accuracy_std,far_fpr95,far_fpr95_std\n\
                    0.1,\"{ kind = \"\"fog\"\", severity = 1 }\",best,3,0.9,0.01,0.25,0.02\n\
                    0.1,\"{ kind = \"\"fog\"\", severity = 1 }\",last,3,0.8,0.01,0.25,0.02\n\
                    ,,best,1,0.7,0,,\n";
        let table = SweepResults::parse(text).unwrap();
        assert_eq!(table.axes, ["rho", "augmentation"]);
        assert_eq!(table.points.len(), 2);
        assert_eq!(table.points[0].values, ["0.1", "{ kind = \"fog\", severity = 1 }"]);
        assert_eq!((table.points[0].runs, table.points[0].metrics["far_fpr95"]), (3, (0.25, 0.02)));
        assert!(table.points[1].metrics.get("far_fpr95").is_none() && table.points[1].metrics["id_accuracy"] == (0.7, 0.0));
        assert!(SweepResults::parse("a,b\n1,2\n").unwrap_err().contains("expected the table of a sweep"));
    }
}
