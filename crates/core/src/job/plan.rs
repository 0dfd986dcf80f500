//! [`plan`]: the jobs that a session asks for, with the folders of their results.
//!
//! Results lie in `OUT/<checkpoint>/<dataset>/` (landscape, sharpness, hessian) and `OUT/<checkpoint>/` (embedding, scores).

use std::path::Path;

use super::plan_error::all_known;
use super::{
    AnalysisDataset, CheckpointSource, EmbeddingJob, HessianJob, JobSpec, LandscapeJob, Measure, PlanError, PlanOptions, Plane, ScoreJob,
    SharpnessJob, input_plane, source,
};
use crate::result::safe_name;
use crate::session::{BatchNormPolicy, CheckpointEntry, DatasetEntry, HessianSettings, Role, Session, SharpnessSettings};

/// The analyses that a session can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Analysis {
    /// L over a plane.
    Landscape,
    /// S(ρ).
    Sharpness,
    /// Spectrum of the Hessian at θ.
    Hessian,
    /// Features and t-SNE.
    Embedding,
    /// Detection scores.
    Scores,
}

impl Analysis {
    /// What `session` asks for, in the order of the tabs: all of them, the Hessian only where it has settings for it.
    pub fn of(session: &Session) -> Vec<Self> {
        let all = [Analysis::Landscape, Analysis::Sharpness, Analysis::Hessian, Analysis::Embedding, Analysis::Scores];
        all.into_iter().filter(|analysis| *analysis != Analysis::Hessian || session.hessian.is_some()).collect()
    }

    /// Whether it is of one dataset at a time, so that a checkpoint has a result for each.
    pub fn is_per_dataset(self) -> bool {
        matches!(self, Analysis::Landscape | Analysis::Sharpness | Analysis::Hessian)
    }

    /// As shown to the user.
    pub fn label(self) -> &'static str {
        match self {
            Analysis::Landscape => "landscape",
            Analysis::Sharpness => "sharpness",
            Analysis::Hessian => "hessian",
            Analysis::Embedding => "embedding",
            Analysis::Scores => "scores",
        }
    }
}

/// The jobs of `analysis`, in the order of the checkpoints; results go to `out`.
///
/// # Errors
/// When a chosen name is unknown, the data that the analysis needs is not in the session, two names share a folder, or
/// settings are invalid. Reads no file: see [`check_paths`].
pub fn plan(session: &Session, analysis: Analysis, out: &Path, options: &PlanOptions) -> Result<Vec<JobSpec>, PlanError> {
    let out = std::path::absolute(out).unwrap_or_else(|_| out.into());
    let seed = options.seed.unwrap_or(session.seed);
    let checkpoints = chosen_checkpoints(session, options)?;
    if checkpoints.is_empty() {
        return Err(PlanError::Lacks { analysis: analysis.label(), needs: "a checkpoint" });
    }
    distinct_folders(session.checkpoints.iter().map(|entry| &entry.name))?;
    distinct_folders(session.datasets.iter().map(|entry| &entry.name))?;
    let datasets: Vec<AnalysisDataset> = chosen_datasets(session, analysis, options)?
        .into_iter()
        .map(|entry| AnalysisDataset { role: entry.role, source: source(entry, &session.datasets, seed, options.samples) })
        .collect();
    let mut jobs = Vec::new();
    for entry in checkpoints {
        let checkpoint = CheckpointSource::from(entry);
        let folder = out.join(safe_name(&entry.name));
        match analysis {
            Analysis::Landscape => {
                let (alpha, beta) = axes(session)?;
                let measure = measure(session, seed, options.samples)?;
                let input = session.landscape.plane.input();
                if input.is_some() {
                    input_plane::check(&session.landscape, options)?;
                }
                // The plane of a file takes the place of the session's.
                let plane = if options.directions.is_some() { Some(Plane::default()) } else { Plane::of_session(session, &entry.name)? };
                let Some(plane) = plane else { continue };
                for dataset in &datasets {
                    jobs.push(JobSpec::Landscape(LandscapeJob {
                        checkpoint: checkpoint.clone(),
                        out: folder.join(safe_name(&dataset.source.name)),
                        dataset: input.map_or_else(|| Ok(dataset.clone()), |plane| input_plane::dataset(plane, dataset))?,
                        alpha: alpha.clone(),
                        beta: beta.clone(),
                        seed,
                        measure: measure.clone(),
                        plane: plane.clone(),
                        directions: options.directions.as_ref().map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone())),
                        save_directions: options.save_directions,
                        cells: options.cells.clone(),
                        device: options.device,
                        precision: options.precision,
                    }));
                }
            }
            Analysis::Sharpness => {
                let settings = sharpness_settings(session)?;
                for dataset in &datasets {
                    jobs.push(JobSpec::Sharpness(SharpnessJob {
                        checkpoint: checkpoint.clone(),
                        out: folder.join(safe_name(&dataset.source.name)),
                        dataset: dataset.clone(),
                        settings: settings.clone(),
                        seed,
                        save_perturbations: options.save_perturbations,
                        device: options.device,
                    }));
                }
            }
            Analysis::Hessian => {
                let settings = hessian_settings(session)?;
                for dataset in &datasets {
                    jobs.push(JobSpec::Hessian(HessianJob {
                        checkpoint: checkpoint.clone(),
                        out: folder.join(safe_name(&dataset.source.name)),
                        dataset: dataset.clone(),
                        settings: settings.clone(),
                        seed,
                        save_eigenvectors: options.save_eigenvectors,
                        device: options.device,
                    }));
                }
            }
            Analysis::Embedding => jobs.push(JobSpec::Embedding(EmbeddingJob {
                checkpoint,
                datasets: datasets.clone(),
                perplexity: session.embedding.perplexity,
                iterations: session.embedding.iterations,
                components: session.embedding.components,
                seed,
                out: folder,
                device: options.device,
            })),
            Analysis::Scores => jobs.push(JobSpec::Score(ScoreJob {
                checkpoint,
                datasets: datasets.clone(),
                temperature: session.scores.temperature,
                names: session.scores.names.clone(),
                parameters: session.scores.changed(),
                train: training_images(session, seed, options.samples)?,
                out: folder,
                device: options.device,
            })),
        }
    }
    if jobs.is_empty() {
        let origin = session.landscape.plane.through().first().cloned().unwrap_or_default();
        let chosen = options.checkpoints.join("`, `");
        return Err(PlanError::Settings(format!(
            "[landscape.plane] expected that `{origin}`, where the plane starts, is among the chosen checkpoints, found `{chosen}`"
        )));
    }
    Ok(jobs)
}

/// Whether the files and folders that the jobs read are there.
///
/// # Errors
/// Names the first file or folder that is not.
pub fn check_paths(jobs: &[JobSpec]) -> Result<(), PlanError> {
    match jobs.iter().flat_map(JobSpec::inputs).find(|(_, _, path)| !path.exists()) {
        Some((what, name, path)) => Err(PlanError::MissingPath { what, name: name.to_owned(), path: path.to_owned() }),
        None => Ok(()),
    }
}

fn chosen_checkpoints<'a>(session: &'a Session, options: &PlanOptions) -> Result<Vec<&'a CheckpointEntry>, PlanError> {
    let known: Vec<&String> = session.checkpoints.iter().map(|entry| &entry.name).collect();
    all_known("a checkpoint", &options.checkpoints, &known)?;
    Ok(session.checkpoints.iter().filter(|entry| options.checkpoints.is_empty() || options.checkpoints.contains(&entry.name)).collect())
}

fn chosen_datasets<'a>(session: &'a Session, analysis: Analysis, options: &PlanOptions) -> Result<Vec<&'a DatasetEntry>, PlanError> {
    let settings: &[String] = match analysis {
        Analysis::Landscape => &session.landscape.datasets,
        Analysis::Sharpness => &session.sharpness.datasets,
        Analysis::Hessian => session.hessian.as_ref().map_or(&[], |settings| &settings.datasets),
        Analysis::Embedding => &session.embedding.datasets,
        Analysis::Scores => &[],
    };
    let names = if options.datasets.is_empty() { settings } else { &options.datasets };
    let known: Vec<&String> = session.datasets.iter().map(|entry| &entry.name).collect();
    all_known("a dataset", names, &known)?;
    let with_role = |roles: &[Role]| session.datasets.iter().filter(|entry| roles.contains(&entry.role)).collect::<Vec<_>>();
    let chosen: Vec<&DatasetEntry> = if !names.is_empty() {
        session.datasets.iter().filter(|entry| names.contains(&entry.name)).collect()
    } else {
        match analysis {
            Analysis::Landscape | Analysis::Sharpness | Analysis::Hessian => {
                let test = with_role(&[Role::Id]);
                (if test.is_empty() { with_role(&[Role::Train]) } else { test }).into_iter().take(1).collect()
            }
            Analysis::Embedding | Analysis::Scores => with_role(&[Role::Id, Role::Cs, Role::Near, Role::Far]),
        }
    };
    // In input space the target class may differ from the label: see `input_plane`.
    let around_image = analysis == Analysis::Landscape && session.landscape.plane.input().is_some();
    let needs_classes = analysis.is_per_dataset() && !around_image;
    if let Some(entry) = chosen.iter().find(|entry| needs_classes && !entry.role.has_classes()) {
        return Err(PlanError::Settings(format!(
            "a {} needs images of the network's classes: expected a dataset of role `train`, `id` or `cs`, found `{}` of role `{}`",
            analysis.label(),
            entry.name,
            entry.role.key()
        )));
    }
    if analysis == Analysis::Scores && !chosen.iter().any(|entry| entry.role == Role::Id) {
        return Err(PlanError::Lacks { analysis: analysis.label(), needs: "a dataset of role `id`" });
    }
    if chosen.is_empty() {
        let needs = match analysis {
            Analysis::Landscape | Analysis::Sharpness | Analysis::Hessian => "a dataset of role `id` or `train`",
            Analysis::Embedding | Analysis::Scores => "a dataset of role `id`, `cs`, `near` or `far`",
        };
        return Err(PlanError::Lacks { analysis: analysis.label(), needs });
    }
    Ok(chosen)
}

fn distinct_folders<'a>(names: impl Iterator<Item = &'a String>) -> Result<(), PlanError> {
    let mut seen = std::collections::BTreeMap::new();
    for name in names {
        if let Some(other) = seen.insert(safe_name(name).to_lowercase(), name) {
            return Err(PlanError::SameFolder(other.clone(), name.clone()));
        }
    }
    Ok(())
}

fn axes(session: &Session) -> Result<(Vec<f64>, Vec<f64>), PlanError> {
    session.landscape.check().map_err(PlanError::Settings)?;
    let (alpha, beta) = session.landscape.axes();
    for (symbol, axis) in [("α", &alpha), ("β", &beta)] {
        let ascending = axis.windows(2).all(|pair| pair[0] < pair[1]);
        if axis.is_empty() || !ascending || axis.iter().any(|value| !value.is_finite()) {
            return Err(PlanError::Settings(format!("[landscape] expected finite, ascending values of {symbol}, found {axis:?}")));
        }
    }
    Ok((alpha, beta))
}

/// What the session wants measured in every cell.
fn measure(session: &Session, seed: u64, samples: Option<usize>) -> Result<Measure, PlanError> {
    let settings = &session.landscape;
    let known: Vec<&String> = session.datasets.iter().map(|entry| &entry.name).collect();
    all_known("a dataset", &settings.ood, &known)?;
    let checkpoints: Vec<&String> = session.checkpoints.iter().map(|entry| &entry.name).collect();
    all_known("a checkpoint", settings.baseline.as_slice(), &checkpoints)?;
    if !(settings.lambda.is_finite() && settings.lambda >= 0.0) {
        return Err(PlanError::Settings(format!("[landscape] expected a finite λ ≥ 0, found {}", settings.lambda)));
    }
    if let Some(curvature) = &settings.curvature {
        curvature.check().map_err(|message| PlanError::Settings(format!("[landscape.curvature] {message}")))?;
    }
    settings.loss.check().map_err(|message| PlanError::Settings(format!("[landscape] {message}")))?;
    let dataset = |entry: &DatasetEntry| AnalysisDataset { role: entry.role, source: source(entry, &session.datasets, seed, samples) };
    let train = || session.datasets.iter().find(|entry| entry.role == Role::Train).map(dataset);
    Ok(Measure {
        ood: session.datasets.iter().filter(|entry| settings.ood.contains(&entry.name)).map(dataset).collect(),
        loss: settings.loss,
        lambda: settings.lambda,
        batch_norm: settings.batch_norm,
        statistics: (settings.batch_norm == BatchNormPolicy::Reestimated).then(train).flatten(),
        stop: settings.stop,
        curvature: settings.curvature,
    })
}

/// The settings of the sharpness jobs, without what does not change their results.
fn sharpness_settings(session: &Session) -> Result<SharpnessSettings, PlanError> {
    let settings = SharpnessSettings { datasets: Vec::new(), relative: false, ..session.sharpness.clone() };
    settings.check().map_err(|message| PlanError::Settings(format!("[sharpness] {message}")))?;
    if !settings.rho.windows(2).all(|pair| pair[0] < pair[1]) {
        return Err(PlanError::Settings(format!("[sharpness] expected finite, ascending radii ρ ≥ 0, found {:?}", settings.rho)));
    }
    Ok(settings)
}

/// The images that the chosen scores are fitted on; `None` where none is fitted.
fn training_images(session: &Session, seed: u64, samples: Option<usize>) -> Result<Option<AnalysisDataset>, PlanError> {
    let chosen = session.scores.chosen().map_err(|message| PlanError::Settings(format!("[scores] {message}")))?;
    let fitted: Vec<String> = chosen.iter().filter(|info| info.fitted).map(|info| format!("`{}`", info.key)).collect();
    if fitted.is_empty() {
        return Ok(None);
    }
    let Some(entry) = session.datasets.iter().find(|entry| entry.role == Role::Train) else {
        return Err(PlanError::Settings(format!(
            "[scores] {} {} fitted on ID training images: expected a dataset of role `train`, found none. Add one, or leave {} out of `names`",
            fitted.join(", "),
            if fitted.len() == 1 { "is" } else { "are" },
            if fitted.len() == 1 { "it" } else { "them" },
        )));
    };
    Ok(Some(AnalysisDataset { role: entry.role, source: source(entry, &session.datasets, seed, samples) }))
}

/// The settings of the Hessian jobs, without what does not change their results.
fn hessian_settings(session: &Session) -> Result<HessianSettings, PlanError> {
    let settings = HessianSettings { datasets: Vec::new(), ..session.hessian.clone().unwrap_or_default() };
    settings.check().map_err(|message| PlanError::Settings(format!("[hessian] {message}")))?;
    Ok(settings)
}

#[cfg(test)]
mod tests;
