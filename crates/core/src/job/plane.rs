//! [`Plane`]: which plane a landscape job evaluates, fully resolved; and the job as its result's manifest keeps it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::plan_error::{PlanError, all_known};
use super::{CheckpointSource, LandscapeJob, planned_record};
use crate::result::{LandscapeManifest, PlaneRecord};
use crate::session::{Axes, BatchNormPolicy, CheckpointEntry, DirectionSettings, Session};

/// Which plane through the checkpoint of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plane {
    /// Where the axes come from.
    pub axes: Axes,
    /// How random directions are drawn.
    pub directions: DirectionSettings,
    /// Random planes, with seeds seed, seed + 1, ..., ≥ 1.
    pub planes: usize,
    /// Names of the checkpoints drawn at their projections.
    pub project: Vec<String>,
    /// The checkpoints that `axes` and `project` name, without the job's own.
    pub checkpoints: Vec<CheckpointSource>,
}

impl Default for Plane {
    fn default() -> Self {
        Self { axes: Axes::default(), directions: DirectionSettings::default(), planes: 1, project: Vec::new(), checkpoints: Vec::new() }
    }
}

impl Plane {
    /// The plane that `session` asks for, for a job of the checkpoint `name`; `None` when it does not go through that checkpoint.
    ///
    /// # Errors
    /// When it names a checkpoint that is not in the session, the same one twice, or settings contradict each other.
    pub fn of_session(session: &Session, name: &str) -> Result<Option<Self>, PlanError> {
        let settings = &session.landscape;
        let known: Vec<&String> = session.checkpoints.iter().map(|entry| &entry.name).collect();
        let through = settings.plane.through();
        all_known("a checkpoint", through, &known)?;
        let twice = through.iter().enumerate().find(|(k, name)| through[..*k].contains(name));
        let is_random = settings.plane == Axes::default();
        let refuse = |found: String| Err(PlanError::Settings(format!("[landscape] expected {found}")));
        if let Some((_, name)) = twice {
            return refuse(format!("different checkpoints in `through`, found `{name}` twice"));
        }
        if settings.planes == 0 || (settings.planes > 1 && !is_random) {
            return refuse(format!("planes = 1 unless the plane is random, found planes = {}", settings.planes));
        }
        if through.first().is_some_and(|origin| origin != name) {
            return Ok(None);
        }
        let others = || known.iter().filter(|&&other| other != name).map(|&other| other.clone()).collect();
        let project: Vec<String> = match &settings.project {
            Some(names) => names.clone(),
            None if is_random || settings.plane.input().is_some() => Vec::new(),
            None => others(),
        };
        all_known("a checkpoint", &project, &known)?;
        let needed = |entry: &&CheckpointEntry| entry.name != name && (through.contains(&entry.name) || project.contains(&entry.name));
        Ok(Some(Self {
            axes: settings.plane.clone(),
            directions: settings.directions.clone(),
            planes: settings.planes,
            checkpoints: session.checkpoints.iter().filter(needed).map(CheckpointSource::from).collect(),
            project: project.into_iter().filter(|other| other != name).collect(),
        }))
    }

    /// The checkpoint called `name`.
    pub fn checkpoint(&self, name: &str) -> Option<&CheckpointSource> {
        self.checkpoints.iter().find(|checkpoint| checkpoint.name == name)
    }

    /// Whether it is the plane of Li et al. 2018. Then it is not written, so that jobs keep the cache keys of versions without other planes.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl LandscapeJob {
    /// The manifest of its surface as far as it is known before anything is computed: names, and which line it is.
    pub fn planned_manifest(&self) -> LandscapeManifest {
        let axes = &self.plane.axes;
        let of_line = match axes {
            Axes::Line { through, statistics } if self.directions.is_none() => Some((through.to_vec(), statistics.key())),
            Axes::Line { .. } | Axes::Random {} | Axes::Checkpoints { .. } | Axes::Trajectory(_) | Axes::Files { .. } | Axes::Input(_) => {
                None
            }
        };
        let statistics = of_line.as_ref().map(|(_, statistics)| *statistics).filter(|_| self.measure.batch_norm == BatchNormPolicy::Frozen);
        LandscapeManifest {
            checkpoint: self.checkpoint.name.clone(),
            dataset: self.dataset.source.name.clone(),
            input: axes.input().map(planned_record),
            definition: if of_line.is_some() { "line".into() } else { String::new() },
            batch_norm: statistics.unwrap_or(self.measure.batch_norm.key()).into(),
            plane: of_line.map(|(through, _)| PlaneRecord {
                kind: "line".into(),
                through,
                other_inputs: self.has_other_inputs(),
                ..PlaneRecord::default()
            }),
            ..LandscapeManifest::default()
        }
    }

    /// Whether a checkpoint that the plane goes through takes inputs that are prepared in another way than those of the job's own.
    pub fn has_other_inputs(&self) -> bool {
        let inputs = |source: &CheckpointSource| (source.normalization.constants(), source.input.map(|input| input.steps()));
        let others = self.plane.axes.through().iter().filter_map(|name| self.plane.checkpoint(name));
        others.into_iter().any(|other| inputs(other) != inputs(&self.checkpoint))
    }

    /// The job without its folders: what `landscape.json` keeps of it, enough to compute the same surface again.
    pub fn recipe(&self) -> Value {
        serde_json::to_value(Self { out: PathBuf::new(), cells: None, ..self.clone() }).unwrap_or_default()
    }

    /// A job for each plane, in a folder of its own: the first in the job's folder, the others in `plane_1`, `plane_2`, ...
    pub fn each_plane(&self) -> Vec<Self> {
        let plane = Plane { planes: 1, ..self.plane.clone() };
        let out = |k: usize| if k == 0 { self.out.clone() } else { self.out.join(format!("plane_{k}")) };
        let one = |k: usize| Self { plane: plane.clone(), seed: self.seed.wrapping_add(k as u64), out: out(k), ..self.clone() };
        (0..self.plane.planes.max(1)).map(one).collect()
    }

    /// The job of a surface, with its results in `out`.
    ///
    /// # Errors
    /// When the manifest keeps none (it is older than recipes, or of an imported surface) or one of another version.
    pub fn of_manifest(manifest: &LandscapeManifest, out: PathBuf) -> Result<Self, String> {
        let recipe =
            manifest.recipe.clone().ok_or("expected a manifest with its job under `recipe`, found none; compute the surface once more")?;
        let job: Self = serde_json::from_value(recipe).map_err(|error| format!("expected a landscape job under `recipe`: {error}"))?;
        Ok(Self { out, ..job })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use std::path::Path;

    use super::*;
    use crate::job::{Analysis, JobSpec, Named, PlanOptions, plan};
    use crate::result::LossSurface;

    fn session() -> Session {
        toml::from_str(
            r#"
            version = 1
            [[checkpoint]]
            name = "ERM"
            path = "/w/erm.pt"
            [[checkpoint]]
            name = "DR-SAM 0.5"
            path = "/w/drsam.pt"
            [[dataset]]
            name = "test"
            role = "id"
            path = "/d/test"
            [landscape]
            grid = [3, 2]
            "#,
        )
        .unwrap()
    }

    #[test]
    fn a_plane_through_checkpoints_is_one_job_at_its_origin_that_projects_the_others() {
        let mut session = session();
        session.landscape.plane = toml::from_str("kind = \"line\"\nthrough = [\"DR-SAM 0.5\", \"ERM\"]").unwrap();
        let planned = |session: &Session, options| plan(session, Analysis::Landscape, Path::new("/out"), &options);
        let jobs = planned(&session, PlanOptions::default()).unwrap();
        let [JobSpec::Landscape(job)] = jobs.as_slice() else { panic!("expected one landscape, found {jobs:?}") };
        assert_eq!((job.checkpoint.name.as_str(), job.beta.as_slice()), ("DR-SAM 0.5", [0.0].as_slice()));
        assert_eq!(job.alpha, [0.0, 0.5, 1.0], "three nodes reach both checkpoints and not beyond");
        assert_eq!(
            (job.plane.project.as_slice(), job.plane.checkpoints[0].path.as_path()),
            (["ERM".to_owned()].as_slice(), Path::new("/w/erm.pt"))
        );
        assert!(jobs[0].inputs().iter().any(|(_, _, path)| *path == Path::new("/w/erm.pt")));

        // A cached result may have been computed under other names.
        let mut surface = LossSurface::pending(job.alpha.clone(), job.beta.clone(), job.planned_manifest());
        surface.manifest.plane.iter_mut().for_each(|plane| plane.through = vec!["old".into(), "names".into()]);
        assert_eq!(surface.named(&jobs[0]).ends(), Some(["DR-SAM 0.5".to_owned(), "ERM".to_owned()]));
        let mut other = job.clone();
        other.plane.checkpoints[0].normalization = toml::Value::from("none").try_into().unwrap();
        assert!(!job.has_other_inputs() && other.has_other_inputs());

        let only = PlanOptions { checkpoints: vec!["ERM".into()], ..Default::default() };
        assert!(planned(&session, only).unwrap_err().to_string().contains("`DR-SAM 0.5`, where the plane starts"));
        session.landscape.planes = 2;
        assert!(planned(&session, PlanOptions::default()).unwrap_err().to_string().contains("planes = 2"));
        session.landscape.planes = 1;
        session.landscape.plane = toml::from_str("kind = \"line\"\nthrough = [\"ERM\", \"SAM\"]").unwrap();
        assert!(planned(&session, PlanOptions::default()).unwrap_err().to_string().contains("found `SAM`"));
    }

    #[test]
    fn the_default_plane_leaves_the_identity_of_a_job_as_it_was() {
        let jobs = plan(&session(), Analysis::Landscape, Path::new("/out"), &PlanOptions::default()).unwrap();
        let JobSpec::Landscape(job) = &jobs[0] else { panic!("expected a landscape, found {:?}", jobs[0]) };
        let fields = job.recipe();
        let names: Vec<&String> = fields.as_object().unwrap().keys().collect();
        assert!(!names.contains(&&"plane".to_owned()), "results in caches are found by what a job says: {names:?}");
        let mut manifest = crate::result::LandscapeManifest { recipe: Some(fields), ..Default::default() };
        assert_eq!(LandscapeJob::of_manifest(&manifest, job.out.clone()).as_ref(), Ok(job));
        manifest.recipe = None;
        assert!(LandscapeJob::of_manifest(&manifest, job.out.clone()).unwrap_err().contains("recipe"));
    }
}
