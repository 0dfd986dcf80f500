//! Results with known values, and a fake worker.

use crate::ui::state::worker_event::WorkerEvent;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use crate::ui::work::worker_client::Worker;
use flatland_core::data::Source;
use flatland_core::job::{
    AnalysisDataset, CheckpointSource, Device, EmbeddingJob, JobId, JobSpec, LandscapeJob, Plane, Precision, ScoreJob, SharpnessJob,
};
use flatland_core::result::{
    Cell, DatasetScores, Detection, Embedding, Inspection, LandscapeManifest, LossSurface, ScoreTable, SharpnessCurve, SharpnessPoint,
};
use flatland_core::session::{CheckpointEntry, DatasetEntry, Normalization, Role, Session, SharpnessSettings};

/// The requests to the fake worker, and the events that it will report.
#[derive(Default)]
pub(super) struct Script {
    pub asked: Vec<(JobId, JobSpec)>,
    pub cancelled: Vec<JobId>,
    pub paused: Vec<(JobId, bool)>,
    pub restarts: usize,
    pub events: VecDeque<WorkerEvent>,
}

/// A worker that records requests and reports the events that a test has put in.
#[derive(Clone, Default)]
pub(super) struct FakeWorker(pub Rc<RefCell<Script>>);

impl Worker for FakeWorker {
    fn submit(&mut self, spec: JobSpec) -> JobId {
        let mut script = self.0.borrow_mut();
        let id = 1000 + script.asked.len() as JobId;
        script.asked.push((id, spec));
        id
    }

    fn cancel(&mut self, id: JobId) {
        self.0.borrow_mut().cancelled.push(id);
    }

    fn pause(&mut self, id: JobId, paused: bool) {
        self.0.borrow_mut().paused.push((id, paused));
    }

    fn restart(&mut self) {
        self.0.borrow_mut().restarts += 1;
    }

    fn next_event(&mut self) -> Option<WorkerEvent> {
        self.0.borrow_mut().events.pop_front()
    }
}

pub(super) const CHECKPOINTS: [&str; 5] = ["Pretrained", "ERM", "OE", "SAM", "DR-SAM"];
pub(super) const DATASETS: [(&str, Role); 5] =
    [("digits test", Role::Id), ("gaussian noise", Role::Cs), ("fog", Role::Cs), ("digits 8, 9", Role::Near), ("textures", Role::Far)];

pub(super) fn session() -> Session {
    Session {
        checkpoints: CHECKPOINTS
            .map(|name| CheckpointEntry {
                name: name.into(),
                path: format!("/nowhere/{name}.safetensors").into(),
                normalization: Normalization::default(),
                ..CheckpointEntry::default()
            })
            .into(),
        datasets: DATASETS
            .map(|(name, role)| DatasetEntry {
                name: name.into(),
                role,
                path: "demo:test".into(),
                format: None,
                split: None,
                limit: None,
                first: None,
                corruption: None,
                assumed: Default::default(),
                classes: None,
            })
            .into(),
        ..Session::default()
    }
}

pub(super) fn checkpoint(name: &str) -> CheckpointSource {
    CheckpointSource { name: name.into(), path: format!("/nowhere/{name}.safetensors").into(), ..CheckpointSource::default() }
}

pub(super) fn dataset(name: &str, role: Role) -> AnalysisDataset {
    let source = Source { name: name.into(), path: "demo:test".into(), ..Source::default() };
    AnalysisDataset { role, source }
}

pub(super) fn axis(n: usize) -> Vec<f64> {
    (0..n).map(|i| -1.0 + 2.0 * i as f64 / (n - 1) as f64).collect()
}

pub(super) fn landscape_job(name: &str) -> JobSpec {
    JobSpec::Landscape(LandscapeJob {
        checkpoint: checkpoint(name),
        dataset: dataset("digits test", Role::Id),
        alpha: axis(21),
        beta: axis(21),
        seed: 0,
        measure: flatland_core::job::Measure::default(),
        directions: None,
        plane: Plane::default(),
        save_directions: false,
        cells: None,
        out: "/nowhere/out".into(),
        device: Device::Cpu,
        precision: Precision::F32,
    })
}

pub(super) fn sharpness_job(name: &str) -> JobSpec {
    JobSpec::Sharpness(SharpnessJob {
        checkpoint: checkpoint(name),
        dataset: dataset("digits test", Role::Id),
        settings: SharpnessSettings { rho: vec![0.01, 0.1], ..SharpnessSettings::default() },
        seed: 0,
        save_perturbations: false,
        out: "/nowhere/out".into(),
        device: Device::Cpu,
    })
}

pub(super) fn embedding_job(name: &str) -> JobSpec {
    JobSpec::Embedding(EmbeddingJob {
        checkpoint: checkpoint(name),
        datasets: DATASETS.map(|(name, role)| dataset(name, role)).into(),
        perplexity: 30.0,
        iterations: 1000,
        components: 50,
        seed: 0,
        out: "/nowhere/out".into(),
        device: Device::Cpu,
    })
}

pub(super) fn score_job(name: &str) -> JobSpec {
    JobSpec::Score(ScoreJob {
        checkpoint: checkpoint(name),
        datasets: DATASETS.map(|(name, role)| dataset(name, role)).into(),
        temperature: 1.0,
        names: flatland_core::session::default_scores(),
        parameters: flatland_core::session::ScoreParameters::new(),
        train: None,
        out: "/nowhere/out".into(),
        device: Device::Cpu,
    })
}

/// A bowl that is different for each checkpoint. With `holes`, cells at the rim are pending, and two are not finite.
pub(super) fn surface(k: usize, holes: bool) -> LossSurface {
    let mut surface = LossSurface::pending(axis(21), axis(21), LandscapeManifest::default());
    let steep = [6.0, 9.0, 5.0, 3.5, 2.5][k % 5];
    for i in 0..21 {
        for j in 0..21 {
            if holes && i + 2 * j > 44 {
                continue;
            }
            let (a, b) = (axis(21)[i], axis(21)[j]);
            let loss = 0.08 + steep * (a * a + 0.6 * b * b + 0.5 * a * b).powf(0.9) + 0.2 * (5.0 * a).sin().powi(2) * b.abs();
            let loss = if holes && i == 2 && j < 3 { f64::INFINITY } else { loss };
            surface.set(&Cell { i, j, loss, accuracy: (-loss).exp(), loss_std_error: 0.03 * loss, count: 500, readings: Vec::new() });
        }
    }
    surface
}

pub(super) fn noise(k: usize) -> f64 {
    let x = ((k as f64 * 12.9898).sin() * 43758.5453).fract();
    x.abs()
}

pub(super) fn normal(k: usize) -> f64 {
    (0..6).map(|i| noise(6 * k + i)).sum::<f64>() - 3.0
}

pub(super) fn curve(k: usize) -> SharpnessCurve {
    let steep = [6.0, 9.0, 5.0, 2.0, 1.5][k % 5];
    let points = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5]
        .map(|rho: f64| SharpnessPoint {
            rho,
            sharpness: steep * rho.powf(1.3),
            std_error: 0.1 * steep * rho.powf(1.3),
            epsilon_norm: rho,
            spread: None,
            unmoved: None,
        })
        .into();
    SharpnessCurve {
        checkpoint: CHECKPOINTS[k].into(),
        dataset: "digits test".into(),
        center_loss: 0.083,
        theta_norm: 23.4,
        samples: 500,
        points,
        ..SharpnessCurve::default()
    }
}

pub(super) fn embedding(k: usize) -> Embedding {
    let mut embedding = Embedding { feature_dim: 64, classes: 8, ..Embedding::default() };
    for (d, (name, role)) in DATASETS.iter().enumerate() {
        for i in 0..200 {
            let class = i % 8;
            let spread = [3.0, 5.0, 5.0, 9.0, 16.0][d];
            let angle = class as f64 * 0.785 + k as f64;
            let reach = if *role == Role::Far { 6.0 } else { 30.0 };
            let at = 7919 * k + 1009 * d + 2 * i;
            embedding
                .tsne
                .push([(reach * angle.cos() + spread * normal(at)) as f32, (reach * angle.sin() + spread * normal(at + 1)) as f32]);
            embedding.label.push(if *role == Role::Far { -1 } else { class as i64 });
            embedding.prediction.push(class as i64);
            embedding.role.push(role.key().into());
            embedding.dataset.push((*name).into());
            embedding.index.push(i as i64);
        }
    }
    embedding
}

pub(super) fn scores(k: usize) -> ScoreTable {
    let mut table = ScoreTable { temperature: 1.0, ..ScoreTable::default() };
    for (d, (name, role)) in DATASETS.iter().enumerate() {
        let name = (*name).to_owned();
        table.roles.insert(name.clone(), role.key().into());
        table.samples.insert(name.clone(), 300);
        let center = [9.0, 7.5, 7.0, 6.0 - 0.4 * k as f64, 4.0 - 0.4 * k as f64][d];
        let energy: Vec<f64> = (0..300).map(|i| center + 1.6 * normal(5000 * k + 997 * d + i)).collect();
        let msp = energy.iter().map(|e| 1.0 / (1.0 + (5.0 - e).exp())).collect();
        if matches!(role, Role::Id | Role::Cs) {
            table.accuracy.insert(name.clone(), Some([0.967, 0.81, 0.78][d]));
        }
        for score in ["msp", "energy"] {
            let detection = Detection {
                auroc: 0.8 + 0.03 * d as f64,
                fpr95: 0.5 - 0.08 * d as f64,
                fpr95_id_positive: 0.4,
                aupr_in: 0.9,
                aupr_out: 0.9,
            };
            let of_score = table.scores.entry(score.into()).or_default();
            of_score.insert(name.clone(), (*role != Role::Id).then_some(detection));
        }
        let by_score = [("msp".to_owned(), msp), ("energy".to_owned(), energy)].into_iter().collect();
        table.datasets.push(DatasetScores {
            name,
            role: role.key().into(),
            index: (0..300).collect(),
            label: vec![0; 300],
            prediction: vec![0; 300],
            tied: 0,
            scores: by_score,
        });
    }
    table.with_std_errors()
}

pub(super) fn inspection(name: &str) -> Inspection {
    Inspection {
        file: format!("/nowhere/{name}.safetensors").into(),
        container: Some("safetensors".into()),
        architecture: Some("resnet8".into()),
        classes: Some(8),
        parameters: 78_042,
        ..Inspection::default()
    }
}
