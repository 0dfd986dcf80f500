//! Devices, and the CUDA half of libtorch.

use std::path::PathBuf;
use std::sync::Once;

use flatland_core::job;
use tch::{Cuda, Device};

/// The device that a job asks for; `auto` is the first CUDA device when there is one, else the CPU.
pub fn device(asked: job::Device) -> Device {
    init();
    match asked {
        job::Device::Auto if Cuda::is_available() => Device::Cuda(0),
        job::Device::Auto | job::Device::Cpu => Device::Cpu,
        job::Device::Cuda(index) => Device::Cuda(index),
    }
}

/// The devices that share the work of a landscape with `first`: all other CUDA devices where the choice is ours, none where it is not.
pub fn others(asked: job::Device, first: Device) -> Vec<Device> {
    match (asked, first) {
        (job::Device::Auto, Device::Cuda(first)) => {
            (0..Cuda::device_count() as usize).filter(|&index| index != first).map(Device::Cuda).collect()
        }
        (job::Device::Auto, _) | (job::Device::Cpu | job::Device::Cuda(_), _) => Vec::new(),
    }
}

/// Opens libtorch's CUDA half where it is installed and an NVIDIA driver is there, so that one binary serves CPU and GPU: the
/// linker drops `libtorch_cuda.so`, which registers itself when it is opened. Without it everything runs on the CPU.
pub fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Loading it takes seconds and a gigabyte; without a driver it is good for nothing.
        if !driver_is_there() {
            return;
        }
        for path in candidates() {
            // SAFETY: the initializers of libtorch_cuda.so register CUDA kernels with the libtorch_cpu.so that this process has loaded
            // from the same folder; PyTorch itself loads it in the same way.
            #[expect(unsafe_code, reason = "opening a shared library runs its initializers")]
            let library = unsafe { libloading::Library::new(&path) };
            if let Ok(library) = library {
                // What it registered must stay as long as the process.
                std::mem::forget(library);
                return;
            }
        }
    });
}

fn driver_is_there() -> bool {
    cfg!(windows) || PathBuf::from("/dev/nvidiactl").exists() || PathBuf::from("/dev/dxg").exists()
}

/// What the libtorch that is loaded says of its version: of PyTorch's wheel in `version.py`, of the plain archive in `build-version`; empty
/// where it says nothing.
pub fn libtorch_version() -> String {
    let Some(folder) = loaded_libtorch().and_then(|path| Some(path.parent()?.parent()?.to_owned())) else { return String::new() };
    let wheel = std::fs::read_to_string(folder.join("version.py")).unwrap_or_default();
    let version = wheel.lines().find_map(|line| line.strip_prefix("__version__ = "));
    let version = version.map(|version| version.trim_matches(['\'', '"']).to_owned());
    version.or_else(|| Some(std::fs::read_to_string(folder.join("build-version")).ok()?.trim().to_owned())).unwrap_or_default()
}

/// The libtorch_cpu of this process.
fn loaded_libtorch() -> Option<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let mut loaded = maps.lines().filter_map(|line| line.find('/').map(|at| PathBuf::from(&line[at..])));
    loaded.find(|path| path.file_name().is_some_and(|file| file == "libtorch_cpu.so"))
}

/// Beside the libtorch_cpu that is loaded, then wherever the system looks.
fn candidates() -> Vec<PathBuf> {
    let name = if cfg!(windows) { "torch_cuda.dll" } else { "libtorch_cuda.so" };
    loaded_libtorch().and_then(|path| Some(path.parent()?.join(name))).into_iter().chain([PathBuf::from(name)]).collect()
}
