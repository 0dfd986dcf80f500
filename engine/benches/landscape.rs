//! Times one landscape from checkpoint file to `landscape.npz`; `benches/landscape.sh` (`make bench`) sets it beside its peers.
//!
//! Arguments: CHECKPOINT IMAGES DIRECTIONS LIMIT OUT VALUE..., the values of both axes. Prints seconds.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use flatland::data::{Source, Subset};
use flatland::job::{AnalysisDataset, CheckpointSource, Device, JobEvent, LandscapeJob, Precision, Reporter};
use flatland::session::{Normalization, NormalizationPreset, Role};
use flatland_engine::analysis::landscape;
use flatland_engine::model::{Network, Samples};

struct Deaf;

impl Reporter for Deaf {
    fn report(&mut self, _: JobEvent) {}

    fn cancelled(&self) -> bool {
        false
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [checkpoint, images, directions, limit, out, axis @ ..] = arguments.as_slice() else {
        println!("arguments: CHECKPOINT IMAGES DIRECTIONS LIMIT OUT VALUE...");
        return Ok(());
    };
    let axis: Vec<f64> = axis.iter().map(|value| value.parse()).collect::<Result<_, _>>().context("axis values")?;
    let normalization = Normalization::Preset(NormalizationPreset::Imagenet);
    let source = Source {
        name: "images".into(),
        path: images.into(),
        split: Some("test".into()),
        format: None,
        subset: Subset::First(limit.parse().context("limit")?),
        corruption: None,
        seed: 0,
    };
    let job = LandscapeJob {
        checkpoint: CheckpointSource { name: "bench".into(), path: checkpoint.into(), architecture: None, normalization },
        dataset: AnalysisDataset { role: Role::Id, source },
        alpha: axis.clone(),
        beta: axis,
        seed: 0,
        directions: Some(PathBuf::from(directions)),
        save_directions: false,
        out: out.into(),
        device: Device::Cpu,
        precision: Precision::F32,
    };
    let start = Instant::now();
    let network = Network::load(&job.checkpoint.path, None, tch::Device::Cpu)?;
    let dataset = flatland::data::load(&job.dataset.source, None)?;
    let samples = Samples::new(Arc::new(dataset), &normalization, &network)?;
    landscape::run(&network, &samples, &job, &mut Deaf)?;
    println!("{:.4}", start.elapsed().as_secs_f64());
    Ok(())
}
