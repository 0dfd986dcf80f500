//! `flatland figures`, and the figures that `flatland demo` draws.

use std::path::Path;
use std::sync::Arc;

use clap::Args;

use super::figure_options::FigureOptions;
use super::options::{SessionOptions, plan};
use super::output::say;
use super::runner::Runner;
use crate::figure::{
    CaptionedFigure, FigureResults, Found, Missing, Panel, Report, captioned_figures, complaint, error_kind, left_out, paper, table,
    without_glyph,
};
use flatland_core::job::{Analysis, JobSpec, Named, PlanOptions, is_finished, plan_cached, unreadable_in_result};
use flatland_core::result::{
    Embedding, HessianSpectrum, LandscapeBand, LossDifference, LossSurface, NetworkCheck, ResultError, ScoreTable, SharpnessCurve,
    SweepResults, Unreadable, unreadable_warning, write_atomic,
};
use flatland_core::session::{FigureFormat, FigurePreset, Role, Session};

/// Arguments of `flatland figures`.
#[derive(Debug, Args)]
pub struct Figures {
    #[command(flatten)]
    session: SessionOptions,
    #[command(flatten)]
    figure: FigureOptions,
    /// Also one self-contained page with all of them: report.html.
    #[arg(long)]
    report: bool,
}

impl Figures {
    /// Computes what the cache lacks, then draws everything.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let options = &self.session;
        let mut session = options.load()?;
        self.figure.apply(&mut session)?;
        let choices = options.plan_options();
        let mut jobs = Vec::new();
        for analysis in Analysis::of(&session) {
            let Some(choices) = choices_of(&session, analysis, &choices) else { continue };
            // The plain plan is checked first, so that a missing file is reported before errors of the cache.
            plan(&session, &options.session, analysis, &options.out, &choices)?;
            jobs.extend(plan_cached(&session, analysis, &choices)?);
        }
        let mut runner = Runner::start(options.landscape_worker());
        // The cache may hold results of a file that was read as the wrong network before.
        let refused = runner.refused(&session.checkpoints)?;
        jobs.retain(|job| job.checkpoint().is_none_or(|checkpoint| !refused.contains(&checkpoint.name)));
        let (cached, missing): (Vec<JobSpec>, Vec<JobSpec>) = jobs.iter().cloned().partition(is_finished);
        // For results that are computed now the worker prints the warning.
        cached.iter().for_each(warn_again);
        warn_of_unreadable(&cached);
        let (landscapes, others): (Vec<JobSpec>, Vec<JobSpec>) = missing.into_iter().partition(|job| matches!(job, JobSpec::Landscape(_)));
        runner.run(landscapes, |_, _| Ok(()))?;
        if options.landscape_worker().tf32 {
            runner.restart(options.compute.worker());
        }
        runner.run(others, |_, _| Ok(()))?;
        draw(&session, &jobs, &Target { out: &options.out, session: &options.session, report: self.report, json: options.json })?;
        runner.verdict()
    }
}

/// Prints the warnings of a result that was computed before.
fn warn_again(job: &JobSpec) {
    let (Some(out), Some(checkpoint)) = (job.out(), job.checkpoint()) else { return };
    for warning in NetworkCheck::load(out).map(|check| check.warnings).unwrap_or_default() {
        eprintln!("warning: {}: {warning}", checkpoint.name);
    }
    let notes = match job {
        JobSpec::Score(_) => {
            let table = ScoreTable::load(out, &checkpoint.name).map(|table| table.named(job)).unwrap_or_default();
            for (dataset, labels) in table.labels.iter().filter(|(_, labels)| labels.is_inferred()) {
                eprintln!("note: labels of `{dataset}`: {}", labels.describe());
            }
            table.notes()
        }
        JobSpec::Embedding(_) => {
            let picture = Embedding::load(out).map(|embedding| embedding.picture).unwrap_or_default();
            picture.reason.is_some().then(|| picture.describe()).into_iter().collect()
        }
        JobSpec::Inspect { .. }
        | JobSpec::Methods
        | JobSpec::Pace { .. }
        | JobSpec::Landscape(_)
        | JobSpec::Weights(_)
        | JobSpec::Sharpness(_)
        | JobSpec::Hessian(_)
        | JobSpec::Conformance(_) => Vec::new(),
    };
    notes.iter().for_each(|note| eprintln!("warning: {}: {note}", checkpoint.name));
}

/// The choices for one analysis of many: a loss needs images of the network's classes. `None` if none of the chosen datasets has a loss.
fn choices_of(session: &Session, analysis: Analysis, choices: &PlanOptions) -> Option<PlanOptions> {
    let mut choices = choices.clone();
    if !analysis.is_per_dataset() || choices.datasets.is_empty() {
        return Some(choices);
    }
    let has_none = |name: &String| session.datasets.iter().any(|entry| entry.name == *name && !entry.role.has_classes());
    choices.datasets.retain(|name| !has_none(name));
    (!choices.datasets.is_empty()).then_some(choices)
}

/// Prints which images are missing in cached results; running jobs report it themselves.
fn warn_of_unreadable(known: &[JobSpec]) {
    let mut said: Unreadable = Unreadable::new();
    for (dataset, images) in known.iter().flat_map(unreadable_in_result) {
        if said.get(&dataset) != Some(&images) {
            if let Some(warning) = unreadable_warning(&dataset, None, &images) {
                eprintln!("warning: {warning}");
            }
            said.insert(dataset, images);
        }
    }
}

/// Where figures are written, and the form of the output.
pub(super) struct Target<'a> {
    /// The folder.
    pub out: &'a Path,
    /// The session's file.
    pub session: &'a Path,
    /// Whether a report is written too.
    pub report: bool,
    /// One JSON object a file on stdout.
    pub json: bool,
}

/// Writes the figures and tables of the results of `jobs`; prints each file to stdout, and to stderr what could not be drawn.
pub(super) fn draw(session: &Session, jobs: &[JobSpec], target: &Target) -> anyhow::Result<()> {
    let findings = findings(session, jobs);
    let (drawn, missing) = match session.figure.preset {
        FigurePreset::Session => (captioned_figures(session, &findings), left_out(session, &findings)),
        FigurePreset::Paper => split(paper(session, &findings)),
    };
    for captioned in &drawn {
        for format in &session.figure.formats {
            for (name, bytes) in captioned.files(*format, &session.figure)? {
                target.write(&name, &bytes)?;
            }
        }
    }
    for Missing { name, reason } in &missing {
        eprintln!("{name} is not drawn: {reason}");
        if target.json {
            say(&serde_json::json!({ "skipped": name, "reason": reason }).to_string());
        }
    }
    if session.figure.formats.iter().any(|format| matches!(format, FigureFormat::Pdf | FigureFormat::Png)) {
        let checkpoints = session.checkpoints.iter().map(|checkpoint| checkpoint.name.as_str());
        let names = checkpoints.chain(session.datasets.iter().map(|dataset| dataset.name.as_str()));
        complaint(&without_glyph(names)).into_iter().for_each(|complaint| eprintln!("warning: {complaint}"));
    }
    let tables: Vec<Panel<ScoreTable>> = findings.scores.iter().map(Found::panel).collect();
    if !tables.is_empty() {
        target.write("scores.csv", table::scores(&tables).csv().as_bytes())?;
        target.write("scores.md", table::scores_markdown(&tables).as_bytes())?;
    }
    if target.report {
        let folder = std::path::absolute(target.session)?;
        let toml = session.to_toml(folder.parent().unwrap_or(&folder))?;
        let title = target.session.file_stem().unwrap_or_default().to_string_lossy();
        let report = Report { title: &title, session, toml: &toml, findings: &findings, captioned_figures: &drawn, missing: &missing };
        target.write("report.html", report.html()?.as_bytes())?;
    }
    Ok(())
}

fn split(all: Vec<Result<CaptionedFigure<'_>, Missing>>) -> (Vec<CaptionedFigure<'_>>, Vec<Missing>) {
    let (mut drawn, mut missing) = (Vec::new(), Vec::new());
    for one in all {
        match one {
            Ok(captioned) => drawn.push(captioned),
            Err(reason) => missing.push(reason),
        }
    }
    (drawn, missing)
}

/// The results of `jobs`; a job without a result is left out.
fn findings(session: &Session, jobs: &[JobSpec]) -> FigureResults {
    let sweeps = session.figure.sweeps.iter().filter_map(|folder| match SweepResults::load(folder) {
        Ok(sweep) => Some(sweep),
        Err(error) => {
            eprintln!("{error}");
            None
        }
    });
    let mut findings = FigureResults { sweeps: sweeps.collect(), ..FigureResults::default() };
    let mut surfaces = Vec::new();
    for job in jobs {
        let Some(out) = job.out() else { continue };
        let Some(checkpoint) = job.checkpoint().map(|checkpoint| checkpoint.name.clone()) else { continue };
        // Figures of the paper name the checkpoints that they show.
        if session.figure.preset == FigurePreset::Session && !session.is_shown(&checkpoint) {
            continue;
        }
        let color = session.color_of(&checkpoint);
        let dataset = job.datasets().first().map(|dataset| (dataset.source.name.clone(), dataset.role));
        let (dataset, role) = dataset.unwrap_or((String::new(), Role::Id));
        let of = Of { job, checkpoint: &checkpoint, color, dataset: &dataset, role };
        match job {
            JobSpec::Landscape(job) => {
                if let Some(found) = of.found(LossSurface::load(out)) {
                    surfaces.push((found.clone(), out));
                    findings.add_landscape(found);
                }
                if job.plane.planes > 1 {
                    findings.bands.extend(of.found(LandscapeBand::load(out)));
                }
            }
            JobSpec::Sharpness(_) => findings.sharpness.extend(of.found(SharpnessCurve::load(out))),
            JobSpec::Hessian(_) => findings.hessians.extend(of.found(HessianSpectrum::load(out))),
            JobSpec::Embedding(_) => findings.embeddings.extend(of.found(Embedding::load(out))),
            JobSpec::Score(_) => findings.scores.extend(of.found(ScoreTable::load(out, &checkpoint))),
            JobSpec::Inspect { .. } | JobSpec::Methods | JobSpec::Pace { .. } | JobSpec::Weights(_) | JobSpec::Conformance(_) => {}
        }
    }
    findings.differences = differences(session, &surfaces);
    session.view.landscape.error.into_iter().for_each(|shown| findings.add_errors(error_kind(shown)));
    findings
}

/// Every surface minus the baseline's on the same dataset; pairs that cannot be compared are reported and left out.
fn differences(session: &Session, surfaces: &[(Found<LossSurface>, &Path)]) -> Vec<Found<LossSurface>> {
    let Some(baseline) = session.landscape_baseline() else { return Vec::new() };
    let less = |(found, folder): &(Found<LossSurface>, &Path)| {
        let on = |(other, _): &&(Found<LossSurface>, &Path)| other.checkpoint == baseline && other.dataset == found.dataset;
        let (base, base_folder) = surfaces.iter().find(on).filter(|_| found.checkpoint != baseline)?;
        match LossDifference::between((&found.result, folder), (&base.result, base_folder)) {
            Ok(difference) => {
                let result = Arc::new(difference.surface(&found.result, &base.result, baseline));
                Some(Found { result, ..found.clone() })
            }
            Err(reason) => {
                eprintln!("no difference is drawn: {reason}");
                None
            }
        }
    };
    surfaces.iter().filter_map(less).collect()
}

/// The checkpoint and dataset of a job.
struct Of<'a> {
    job: &'a JobSpec,
    checkpoint: &'a str,
    color: usize,
    dataset: &'a str,
    role: Role,
}

impl Of<'_> {
    fn found<T: Named>(&self, result: Result<T, ResultError>) -> Option<Found<T>> {
        let (checkpoint, dataset) = (self.checkpoint.to_owned(), self.dataset.to_owned());
        Some(Found { checkpoint, color: self.color, dataset, role: self.role, result: Arc::new(result.ok()?.named(self.job)) })
    }
}

impl Target<'_> {
    fn write(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let path = self.out.join(name);
        write_atomic(&path, bytes)?;
        if self.json {
            say(&serde_json::json!({ "file": path }).to_string());
        } else {
            say(&path.display().to_string());
        }
        Ok(())
    }
}
