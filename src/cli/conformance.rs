//! `flatland conformance`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::output::say;
use super::runner::{AlreadyReported, Runner};
use crate::figure::conformance::{html, markdown};
use crate::figure::number::significant;
use flatland_core::job::{self, ConformanceJob, Device, JobOutput, JobSpec, PlanOptions, WorkerOptions, conformance_jobs, demo_session};
use flatland_core::result::{Conformance as Report, write_atomic};

/// Arguments of `flatland conformance`.
#[derive(Debug, Args)]
pub struct Conformance {
    /// Sessions (*.toml) whose checkpoints are computed again in float64; the bundled demo session when absent.
    #[arg(value_name = "SESSION")]
    sessions: Vec<PathBuf>,
    /// Folder of the page.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Only this checkpoint (repeatable).
    #[arg(long, value_name = "NAME")]
    checkpoint: Vec<String>,
    /// This dataset instead of those of the landscape (repeatable).
    #[arg(long, value_name = "NAME")]
    dataset: Vec<String>,
    /// At most so many images of every dataset.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    samples: u32,
    /// One JSON object on stdout.
    #[arg(long)]
    json: bool,
    /// auto (the first GPU when there is one), cpu, or cuda:N.
    #[arg(long, default_value = "auto")]
    device: Device,
    /// Threads of the arithmetic; all cores when absent.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    threads: Option<u32>,
}

impl Conformance {
    /// Runs every check and writes the page; fails when a check does.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let scratch = tempfile::tempdir()?;
        let jobs = self.jobs(scratch.path())?;
        let mut report = Report::default();
        let mut runner = Runner::start(WorkerOptions { threads: self.threads.map(|n| n as usize), ..WorkerOptions::default() });
        runner.run(jobs, |_, output| {
            if let JobOutput::Conformance(part) = output {
                report.extend(*part);
            }
            Ok(())
        })?;
        report.save(&self.out)?;
        write_atomic(&self.out.join("conformance.html"), html(&report).as_bytes())?;
        write_atomic(&self.out.join("conformance.md"), markdown(&report).as_bytes())?;
        self.tell(&report)?;
        runner.verdict()?;
        if report.failures().next().is_some() { Err(AlreadyReported.into()) } else { Ok(()) }
    }

    fn jobs(&self, scratch: &std::path::Path) -> anyhow::Result<Vec<JobSpec>> {
        let definitions = ConformanceJob { landscape: None, rho: Vec::new(), scratch: scratch.join("definitions"), device: self.device };
        let mut jobs = vec![JobSpec::Conformance(definitions)];
        let sessions = if self.sessions.is_empty() { vec![demo_session()?] } else { self.sessions.clone() };
        let options = PlanOptions {
            checkpoints: self.checkpoint.clone(),
            datasets: self.dataset.clone(),
            samples: Some(self.samples as usize),
            device: self.device,
            ..PlanOptions::default()
        };
        for (k, path) in sessions.iter().enumerate() {
            let of_session = conformance_jobs(&super::options::load(path)?, &scratch.join(k.to_string()), &options)
                .and_then(|jobs| job::check_paths(&jobs).map(|()| jobs));
            jobs.extend(of_session.map_err(|error| anyhow::Error::from(error).context(format!("session {}", path.display())))?);
        }
        Ok(jobs)
    }

    fn tell(&self, report: &Report) -> anyhow::Result<()> {
        if self.json {
            let mut object = serde_json::to_value(report)?;
            object["out"] = json!(self.out);
            object["passes"] = json!(report.failures().next().is_none());
            say(&object.to_string());
            return Ok(());
        }
        for group in &report.groups {
            let held = group.checks.iter().filter(|check| check.passes()).count();
            say(&format!("{}: {held} of {} hold", group.name, group.checks.len()));
        }
        for (group, check) in report.failures() {
            let error = check.error.map_or_else(|| format!("no number ({})", check.against), |error| significant(error, 2));
            let name = &check.definition.name;
            eprintln!("error: {}: {name}: off by {error}, expected at most {}", group.name, significant(check.tolerance, 2));
        }
        say(&self.out.join("conformance.html").display().to_string());
        Ok(())
    }
}
