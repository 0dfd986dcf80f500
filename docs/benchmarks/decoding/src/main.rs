//! `decoding FOLDER...`: CPU seconds of one thread for decoding all JPEGs below each folder from memory to RGB, by both decoders.

use std::path::PathBuf;

const RUNS: usize = 15;

fn image(bytes: &[u8]) -> Vec<u8> {
    let reader = image::ImageReader::with_format(std::io::Cursor::new(bytes), image::ImageFormat::Jpeg);
    reader.decode().unwrap().into_rgb8().into_raw()
}

fn libjpeg_turbo(bytes: &[u8]) -> Vec<u8> {
    let header = mozjpeg::Decompress::new_mem(bytes).unwrap();
    if header.components().len() == 1 {
        let pixels: Vec<u8> = header.to_colorspace(mozjpeg::ColorSpace::JCS_GRAYSCALE).unwrap().read_scanlines().unwrap();
        return pixels.into_iter().flat_map(|value| [value; 3]).collect();
    }
    header.rgb().unwrap().read_scanlines().unwrap()
}

fn cpu_seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}

fn main() {
    for folder in std::env::args().skip(1) {
        let (mut paths, mut files) = (vec![PathBuf::from(&folder)], Vec::new());
        while let Some(path) = paths.pop() {
            if path.is_dir() {
                paths.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            } else if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("jpg") || end.eq_ignore_ascii_case("jpeg")) {
                files.push(std::fs::read(&path).unwrap());
            }
        }
        let pixels: usize = files.iter().map(|file| image(file).len() / 3).sum();
        for (name, decode) in [("image", image as fn(&[u8]) -> Vec<u8>), ("libjpeg-turbo", libjpeg_turbo)] {
            let run = |_| {
                let start = cpu_seconds();
                files.iter().for_each(|file| drop(std::hint::black_box(decode(file))));
                cpu_seconds() - start
            };
            let mut times: Vec<f64> = (0..RUNS).map(run).collect();
            times.sort_by(f64::total_cmp);
            let median = times[RUNS / 2];
            println!("{folder}: {} files, {name}: {median:.3} s ({:.3} to {:.3}), {:.0} Mpixel/s", files.len(), times[0], times[RUNS - 1], pixels as f64 / median / 1e6);
        }
    }
}
