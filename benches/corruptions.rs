//! Times every corruption at severity 3 on 10,000 images of 32x32, with as many threads as rayon takes (`RAYON_NUM_THREADS`).
//!
//! CIFAR-10's test images where the shared test data is, generated ones elsewhere. `crates/core/src/data/corruption/reference.py --time` times the NumPy
//! reference; docs/benchmarks/corruptions-cpu.md keeps what was measured.

use std::time::Instant;

use flatland_core::data::{Augmentation, Severity, corruption};
use flatland_core::testing::find_shared;

const IMAGES: usize = 10_000;
const SIDE: usize = 32;
const ROUNDS: usize = 3;

fn main() {
    let images = images();
    let threads = rayon::current_num_threads();
    println!("severity 3, {IMAGES} images of {SIDE}x{SIDE}, {threads} threads, best of {ROUNDS}");
    for kind in corruption::kinds().chain(["augmix"]) {
        let augmentation = Augmentation { kind: kind.into(), severity: Some(Severity::Fixed(3)) };
        let mut best = f64::INFINITY;
        for _ in 0..ROUNDS {
            let mut images = images.clone();
            let start = Instant::now();
            if let Err(error) = augmentation.apply_all(&mut images, SIDE, SIDE, |i| corruption::image_seed(0, i)) {
                eprintln!("{error}");
                std::process::exit(1);
            }
            best = best.min(start.elapsed().as_secs_f64());
        }
        let rate = IMAGES as f64 / best;
        println!("{kind:18} {rate:9.0} images/s {best:7.3} s");
    }
}

fn images() -> Vec<u8> {
    let file = find_shared().map(|shared| shared.join("data/cifar-10-batches-bin/test_batch.bin"));
    match file.ok().and_then(|path| std::fs::read(path).ok()) {
        Some(file) => {
            let planes = file.chunks_exact(3073).take(IMAGES).map(|record| &record[1..]);
            planes.flat_map(|image| (0..3072).map(|i| image[i % 3 * 1024 + i / 3])).collect()
        }
        None => (0..IMAGES * 3072).map(|i| (i / 7 % 251) as u8).collect(),
    }
}
