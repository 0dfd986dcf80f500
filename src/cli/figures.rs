//! `flatland figures`, and the figures that `flatland demo` draws.

use std::path::Path;

use clap::Args;

use super::options::{SessionOptions, plan};
use super::runner::Runner;
use super::say;
use crate::figure::{
    EmbeddingFigure, EnergyFigure, Figure, FigureStyle, HessianFigure, LandscapeCutFigure, LandscapeFigure, Panel, ScoreHistograms,
    SharpnessFigure, table,
};
use crate::job::{Analysis, JobSpec, is_finished, plan_cached};
use crate::result::{
    Embedding, HessianSpectrum, LandscapeBand, LossSurface, Quantity, ScoreTable, SharpnessCurve, safe_name, write_atomic,
};
use crate::session::{Role, Session};

/// Resolution of the PNGs.
const DPI: f64 = 300.0;

/// Arguments of `flatland figures`.
#[derive(Debug, Args)]
pub struct Figures {
    #[command(flatten)]
    session: SessionOptions,
}

impl Figures {
    /// Computes what the cache lacks, then draws everything.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let options = &self.session;
        let session = options.load()?;
        let choices = options.plan_options();
        let mut jobs = Vec::new();
        for analysis in Analysis::of(&session) {
            // Checked as a plain plan first: a complaint about a missing file beats one about the cache.
            plan(&session, &options.session, analysis, &options.out, &choices)?;
            jobs.extend(plan_cached(&session, analysis, &choices)?);
        }
        let missing: Vec<JobSpec> = jobs.iter().filter(|job| !is_finished(job)).cloned().collect();
        let mut runner = Runner::start(options.compute.worker());
        runner.run(missing, |_, _| Ok(()))?;
        draw(&session, &jobs, &options.out, options.json)?;
        runner.verdict()
    }
}

/// Results of one kind with the checkpoint's name and place in the session, as panels need them.
struct Results<T>(Vec<(String, usize, T)>);

impl<T> Results<T> {
    fn panels(&self) -> Vec<Panel<'_, T>> {
        self.0.iter().map(|(name, color, result)| Panel { name, color: *color, result }).collect()
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Writes the figures and tables of what `jobs` left behind into `out`; says each file on stdout. A job without a result has no panel.
pub(super) fn draw(session: &Session, jobs: &[JobSpec], out: &Path, json: bool) -> anyhow::Result<()> {
    let place = |name: &str| session.checkpoints.iter().position(|entry| entry.name == name).unwrap_or(0);
    let drawing = Drawing { out, json };
    for dataset in names_of_datasets(jobs) {
        let on = |source: &str| source == dataset;
        let surfaces = Results(collect(jobs, place, |job| match job {
            JobSpec::Landscape(job) if on(&job.dataset.source.name) => LossSurface::load(&job.out).ok(),
            _ => None,
        }));
        let spectra = Results(collect(jobs, place, |job| match job {
            JobSpec::Hessian(job) if on(&job.dataset.source.name) => HessianSpectrum::load(&job.out).ok(),
            _ => None,
        }));
        // With one dataset, as usual, the plain name.
        let suffix = if names_of_datasets(jobs).len() > 1 { format!("-{}", safe_name(&dataset)) } else { String::new() };
        if !surfaces.is_empty() {
            let name = format!("landscape{suffix}");
            // A line has no plane to draw.
            if surfaces.panels().iter().all(|panel| panel.result.beta.len() == 1) {
                drawing.figure(&name, &LandscapeCutFigure::of_surfaces(&surfaces.panels()))?;
            } else {
                drawing.figure(&name, &LandscapeFigure::new(surfaces.panels()))?;
            }
            let detection = surfaces.0.iter().any(|(_, _, surface)| surface.maps.contains_key(&Quantity::Auroc));
            for quantity in Quantity::ALL.into_iter().filter(|quantity| detection || Quantity::CURVATURE.contains(quantity)) {
                let maps = Results(surfaces.0.iter().filter_map(|(name, i, s)| Some((name.clone(), *i, s.of(quantity)?))).collect());
                if !maps.is_empty() && maps.0[0].2.beta.len() > 1 {
                    drawing.figure(&format!("{name}-{}", quantity.key()), &LandscapeFigure::new(maps.panels()))?;
                }
            }
            drawing.file(&format!("landscape{suffix}.csv"), table::landscape_csv(&surfaces.panels()).as_bytes())?;
        }
        let bands = Results(collect(jobs, place, |job| match job {
            JobSpec::Landscape(job) if on(&job.dataset.source.name) && job.plane.planes > 1 => LandscapeBand::load(&job.out).ok(),
            _ => None,
        }));
        if !bands.is_empty() {
            drawing.figure(&format!("landscape_band{suffix}"), &LandscapeCutFigure::of_bands(&bands.panels()))?;
        }
        if !spectra.is_empty() {
            drawing.figure(&format!("hessian{suffix}"), &HessianFigure { panels: spectra.panels() })?;
            drawing.file(&format!("hessian{suffix}.csv"), table::hessian_csv(&spectra.panels()).as_bytes())?;
        }
    }
    drawing.sharpness(session, jobs, place)?;
    let embeddings = Results(collect(jobs, place, |job| match job {
        JobSpec::Embedding(job) => Embedding::load(&job.out).ok(),
        _ => None,
    }));
    if !embeddings.is_empty() {
        drawing.figure("embedding", &EmbeddingFigure { panels: embeddings.panels() })?;
        drawing.file("embedding.csv", table::embedding_csv(&embeddings.panels()).as_bytes())?;
    }
    let tables = Results(collect(jobs, place, |job| match job {
        JobSpec::Score(job) => ScoreTable::load(&job.out, &job.checkpoint.name).ok(),
        _ => None,
    }));
    if !tables.is_empty() {
        drawing.scores(session, &tables)?;
    }
    Ok(())
}

fn collect<T>(jobs: &[JobSpec], place: impl Fn(&str) -> usize, load: impl Fn(&JobSpec) -> Option<T>) -> Vec<(String, usize, T)> {
    let named = jobs.iter().filter_map(|job| Some((job.checkpoint()?.name.clone(), load(job)?)));
    named.map(|(name, result)| (name.clone(), place(&name), result)).collect()
}

/// Datasets of the landscapes and Hessians, in the order asked.
fn names_of_datasets(jobs: &[JobSpec]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for job in jobs {
        let dataset = match job {
            JobSpec::Landscape(job) => &job.dataset,
            JobSpec::Hessian(job) => &job.dataset,
            _ => continue,
        };
        if !names.contains(&dataset.source.name) {
            names.push(dataset.source.name.clone());
        }
    }
    names
}

struct Drawing<'a> {
    out: &'a Path,
    json: bool,
}

impl Drawing<'_> {
    fn figure(&self, name: &str, figure: &impl Figure) -> anyhow::Result<()> {
        let style = FigureStyle::default();
        self.file(&format!("{name}.svg"), figure.to_svg(&style)?.as_bytes())?;
        self.file(&format!("{name}.png"), &figure.to_png(&style, DPI)?)
    }

    /// The curves of all datasets in one figure, a panel each: ID train, ID test, then the shifted ones.
    fn sharpness(&self, session: &Session, jobs: &[JobSpec], place: impl Fn(&str) -> usize) -> anyhow::Result<()> {
        let role_of = |job: &JobSpec| job.datasets().first().map_or(Role::Id, |dataset| dataset.role);
        let mut jobs: Vec<JobSpec> = jobs.iter().filter(|job| matches!(job, JobSpec::Sharpness(_))).cloned().collect();
        jobs.sort_by_key(role_of);
        let curves = Results(collect(&jobs, place, |job| job.out().and_then(|out| SharpnessCurve::load(out).ok())));
        if curves.is_empty() {
            return Ok(());
        }
        self.figure("sharpness", &SharpnessFigure { curves: curves.panels(), relative: session.sharpness.relative })?;
        self.file("sharpness.csv", table::sharpness_csv(&curves.panels()).as_bytes())
    }

    fn scores(&self, session: &Session, tables: &Results<ScoreTable>) -> anyhow::Result<()> {
        let panels = tables.panels();
        let names: Vec<&str> = panels.iter().map(|panel| panel.name).collect();
        let plain: Vec<&ScoreTable> = panels.iter().map(|panel| panel.result).collect();
        for score in ["energy", "msp"] {
            if let Some(histograms) = ScoreHistograms::new(&plain, score, session.scores.bins) {
                self.figure(score, &EnergyFigure { panels: panels.clone(), score: score.into(), bins: session.scores.bins })?;
                self.file(&format!("{score}.csv"), table::histogram_csv(&names, &histograms).as_bytes())?;
            }
        }
        self.file("scores.csv", table::scores_csv(&panels).as_bytes())?;
        self.file("scores.md", table::scores_markdown(&panels).as_bytes())
    }

    fn file(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
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
