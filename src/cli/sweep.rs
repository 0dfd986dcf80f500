//! `flatland train --sweep`: the runs of a sweep one after the other, then a table.

use std::path::Path;

use anyhow::Context;
use serde_json::json;

use super::output::say;
use super::runner::Interrupted;
use super::watch::Watch;
use crate::figure::{SweepRun, SweepTable};
use flatland_core::job::runs::{self, RunOptions};
use flatland_core::job::{RunFolder, RunStatus, Sweep};
use flatland_core::result::write_atomic;

/// Runs every point of `file` in a folder of its own under `out` and writes the tables there. Finished points are skipped, others are
/// resumed; a failure is printed and the others run. If a folder holds a run with other settings, nothing is done.
pub(super) fn run(file: &Path, out: &Path, options: &RunOptions, json: bool) -> anyhow::Result<()> {
    let methods = runs::methods(options.worker.clone())?;
    let knows = |name: &str| -> Option<Vec<String>> {
        let method = methods.iter().find(|method| method.key == name)?;
        Some(method.parameters.iter().map(|parameter| parameter.key.clone()).collect())
    };
    let sweep = Sweep::load(file, &knows)?;
    for point in &sweep.points {
        runs::expect(&point.run, &RunFolder::new(&out.join(point.folder(&sweep.axes))))?;
    }
    let text = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    write_atomic(&out.join("sweep.toml"), &text)?;
    let mut watch = Watch::new();
    let total = sweep.points.len();
    let mut failures = 0;
    for (position, point) in sweep.points.iter().enumerate() {
        let name = point.folder(&sweep.axes);
        let dir = out.join(&name);
        let status = RunFolder::new(&dir).state().map_or(RunStatus::Interrupted, |(_, status)| status);
        if status == RunStatus::Done {
            continue;
        }
        watch.say(&format!("[{}/{total}] {name}", position + 1));
        let started = if status.is_under_way() { Ok(()) } else { runs::start(&point.run, &dir, options).map(|_| ()) };
        match started.map_err(anyhow::Error::from).and_then(|()| watch.follow(&dir)) {
            Ok(()) => {
                write_tables(&sweep, out)?;
            }
            Err(error) if error.is::<Interrupted>() => return Err(error),
            Err(error) => {
                failures += 1;
                watch.say(&format!("error: {name}: {error:#}"));
            }
        }
    }
    let table = write_tables(&sweep, out)?;
    if json {
        let tables = ["csv", "md", "tex"].map(|extension| out.join(format!("table.{extension}")));
        say(&json!({ "sweep": out, "runs": total, "failed": failures, "tables": tables }).to_string());
    } else {
        say(table.markdown().trim_end());
    }
    anyhow::ensure!(failures == 0, "{failures} of {total} runs failed; the same command tries them again");
    Ok(())
}

/// Writes the tables of the finished runs.
fn write_tables(sweep: &Sweep, out: &Path) -> anyhow::Result<SweepTable> {
    let mut done = Vec::new();
    for point in &sweep.points {
        let Ok(view) = RunFolder::new(&out.join(point.folder(&sweep.axes))).load() else { continue };
        if view.status == RunStatus::Done {
            let values = sweep.axes.iter().map(|axis| point.values.get(axis).cloned().unwrap_or_default()).collect();
            done.push(SweepRun { values, metrics: view.metrics });
        }
    }
    let table = SweepTable { axes: sweep.axes.clone(), runs: done };
    for (extension, text) in [("csv", table.csv()), ("md", table.markdown()), ("tex", table.latex())] {
        write_atomic(&out.join(format!("table.{extension}")), text.as_bytes())?;
    }
    Ok(table)
}
