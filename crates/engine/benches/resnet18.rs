//! How near the forward passes of a landscape come to what this machine's convolutions allow: ResNet-18 for 32x32 images, float32, CPU.
//!
//! The ceiling is measured: each convolution of the network alone, with its bias, on images and with weights that lie in memory as oneDNN likes them best, one
//! thread a core side by side as landscapes run, at the batch size that suits it best. Their times add up to the least that the convolutions
//! can take; everything else of a forward pass comes on top.
//!
//! And how much memory a landscape of it takes: the most that a worker holds of its own (`RssAnon`, so without mapped files such as libtorch
//! itself), less what it held before it was asked. `cargo bench -p flatland-engine --bench resnet18`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use flatland_core::data::{Dataset, Provenance, Source};
use flatland_core::job::{Analysis, JobEvent, PlanOptions, Reporter, WorkerEvent, WorkerHandle, WorkerMessage, WorkerOptions, plan};
use flatland_core::result::{Npz, NpzValues};
use flatland_core::session::{Normalization, Session};
use flatland_engine::analysis::landscape::{Directions, Evaluation, Evaluator};
use flatland_engine::model::{Network, Samples};
use tch::{Device, Kind, Tensor};

/// [in, out, kernel, stride, side of the input], and how often.
const CONVOLUTIONS: [([i64; 5], u32); 12] = [
    ([3, 64, 3, 1, 32], 1),
    ([64, 64, 3, 1, 32], 4),
    ([64, 128, 3, 2, 32], 1),
    ([128, 128, 3, 1, 16], 3),
    ([64, 128, 1, 2, 32], 1),
    ([128, 256, 3, 2, 16], 1),
    ([256, 256, 3, 1, 8], 3),
    ([128, 256, 1, 2, 16], 1),
    ([256, 512, 3, 2, 8], 1),
    ([512, 512, 3, 1, 4], 3),
    ([256, 512, 1, 2, 8], 1),
    ([512, 10, 1, 1, 1], 1),
];
const BATCHES: [i64; 4] = [16, 32, 64, 128];
const IMAGES: usize = 256;
const ROUNDS: usize = 5;

struct Silent;

impl Reporter for Silent {
    fn report(&mut self, _: JobEvent) {}

    fn cancelled(&self) -> bool {
        false
    }
}

/// Operations of one image: a multiplication and an addition for each weight and place.
fn operations([input, output, kernel, stride, side]: [i64; 5]) -> f64 {
    2.0 * (input * output * kernel * kernel * (side / stride) * (side / stride)) as f64
}

/// Images a second of one convolution on all threads, each alone with its own batch.
fn throughput([input, output, kernel, stride, side]: [i64; 5], batch: i64, threads: usize) -> f64 {
    let work = move || {
        tch::get_num_threads();
        tch::set_num_threads(1);
        let _no_grad = tch::no_grad_guard();
        let random = |shape: &[i64]| Tensor::rand(shape, (Kind::Float, Device::Cpu));
        let x = random(&[batch, side, side, input]).permute([0, 3, 1, 2]);
        let size: Option<&[i64]> = None;
        let weight = random(&[output, input, kernel, kernel]).g_to_mkldnn(Kind::Float);
        let weight = weight.mkldnn_reorder_conv2d_weight([kernel / 2; 2], [stride; 2], [1, 1], 1, size);
        let bias = random(&[output]);
        let once = || x.mkldnn_convolution(&weight, Some(&bias), [kernel / 2; 2], [stride; 2], [1, 1], 1);
        (0..3).for_each(|_| drop(once()));
        let (started, mut runs) = (Instant::now(), 0);
        while started.elapsed() < Duration::from_millis(250) {
            drop(once());
            runs += 1;
        }
        f64::from(runs) * batch as f64 / started.elapsed().as_secs_f64()
    };
    let all: Vec<_> = (0..threads).map(|_| std::thread::spawn(work)).collect();
    all.into_iter().filter_map(|thread| thread.join().ok()).sum()
}

fn images() -> Dataset {
    let source = Source { name: "noise".into(), ..Source::default() };
    Dataset {
        arrays: None,
        name: "noise".into(),
        images: (0..IMAGES * 3072).map(|k| (k * 7919 % 256) as u8).collect(),
        height: 32,
        width: 32,
        labels: (0..IMAGES as i64).map(|k| k % 10).collect(),
        index: (0..IMAGES).collect(),
        classes: Vec::new(),
        provenance: Provenance { source, format: "bench".into(), available: IMAGES, ..Provenance::default() },
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    speed()?;
    memory()
}

fn speed() -> Result<(), Box<dyn std::error::Error>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    // First: a thread that convolves alone would set libtorch's number of threads for all.
    let network = Network::random("resnet18_32x32", 10, 0, Device::Cpu)?;
    let samples = Samples::new(Arc::new(images()), &Normalization::default(), &network)?;
    let directions = Directions::li2018(&network, 0)?;
    let evaluator = Evaluator::new(&network, Evaluation::plain(&samples), &directions)?;
    let mut cell = f64::INFINITY;
    for round in 0..ROUNDS {
        let started = Instant::now();
        evaluator.evaluate(0.1 * round as f64, -0.1, &mut Silent)?;
        cell = cell.min(started.elapsed().as_secs_f64());
    }
    println!("{:<28} {:>8} {:>10} {:>10}", "convolution", "batch", "GFLOP/s", "share");
    let (mut least, mut total) = (0.0, 0.0);
    let mut rows = Vec::new();
    for (shape, times) in CONVOLUTIONS {
        let by_batch = BATCHES.map(|batch| (throughput(shape, batch, threads), batch));
        let (best, batch) = by_batch.into_iter().fold((0.0, 0), |best, next| if next.0 > best.0 { next } else { best });
        let seconds = f64::from(times) / best;
        least += seconds;
        total += f64::from(times) * operations(shape);
        rows.push((shape, times, batch, operations(shape) * best, seconds));
    }
    for ([input, output, kernel, stride, side], times, batch, speed, seconds) in rows {
        let name = format!("{times} x {input}->{output} {kernel}x{kernel}/{stride} at {side}");
        println!("{name:<28} {batch:>8} {:>10.1} {:>9.1}%", speed / 1e9, 100.0 * seconds / least);
    }
    let ceiling = total / least;
    println!("all convolutions: {:.1} images/s, {:.1} GFLOP/s", 1.0 / least, ceiling / 1e9);

    let speed = total * IMAGES as f64 / cell;
    println!(
        "a cell of the landscape ({IMAGES} images): {cell:.3} s, {:.1} GFLOP/s, {:.1} % of the ceiling",
        speed / 1e9,
        100.0 * speed / ceiling
    );
    Ok(())
}

/// Bytes that only process `pid` has.
fn anonymous(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}

fn memory() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("resnet18.safetensors");
    let network = Network::random("resnet18_32x32", 10, 0, Device::Cpu)?;
    network.save(&path)?;
    let model = std::fs::metadata(&path)?.len();
    drop(network);
    let pixels = folder.path().join("noise.npz");
    let mut npz = Npz::default();
    npz.push("images", &[IMAGES, 32, 32, 3], NpzValues::U8(images().images));
    npz.push("labels", &[IMAGES], NpzValues::I64(images().labels));
    npz.save(&pixels)?;
    let text = format!(
        "version = 1\n[[checkpoint]]\nname = \"r\"\npath = '{}'\n[[dataset]]\nname = \"d\"\nrole = \"id\"\npath = '{}'\n[landscape]\ngrid = [3, 3]\n",
        path.display(),
        pixels.display()
    );
    std::fs::write(folder.path().join("s.toml"), text)?;
    let session = Session::load(&folder.path().join("s.toml"))?;
    let job = plan(&session, Analysis::Landscape, &folder.path().join("out"), &PlanOptions::default())?.remove(0);
    let program = env!("CARGO_BIN_EXE_flatland-worker");
    let worker = WorkerHandle::start(WorkerOptions { program: Some(program.into()), ..WorkerOptions::default() }, || {});
    let pid = loop {
        match (worker.pid(), worker.wait_event(Duration::from_millis(10))) {
            (_, Some(WorkerEvent::Died { message })) => return Err(message.into()),
            (Some(pid), _) => break pid,
            _ => {}
        }
    };
    // Until libtorch is there.
    std::thread::sleep(Duration::from_secs(2));
    let before = anonymous(pid).unwrap_or_default();
    worker.submit(job);
    let mut peak = before;
    loop {
        peak = peak.max(anonymous(pid).unwrap_or_default());
        match worker.wait_event(Duration::from_millis(2)) {
            Some(WorkerEvent::Message(WorkerMessage { event: JobEvent::Done { .. }, .. })) => break,
            Some(WorkerEvent::Message(WorkerMessage { event: JobEvent::Failed { message }, .. }) | WorkerEvent::Died { message }) => {
                return Err(message.into());
            }
            _ => {}
        }
    }
    // As u8 and as normalized f32.
    let data = (IMAGES * 3072 * 5) as u64;
    let mb = |bytes: u64| bytes as f64 / 1e6;
    println!(
        "memory: model {:.1} MB, images {:.1} MB; worker before {:.1} MB, at most {:.1} MB",
        mb(model),
        mb(data),
        mb(before),
        mb(peak)
    );
    println!("beyond the idle worker and the images: {:.2} times the model", mb(peak - before - data) / mb(model));
    Ok(())
}
