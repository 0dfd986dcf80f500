//! Devices, and loading the CUDA library of libtorch.

use std::path::PathBuf;
use std::sync::Once;

use flatland_core::job;
use tch::{Cuda, Device};

/// The device of a job; `auto` is the first CUDA device when there is one, else the CPU.
pub fn device(asked: job::Device) -> Device {
    init();
    match asked {
        job::Device::Auto if Cuda::is_available() => Device::Cuda(0),
        job::Device::Auto | job::Device::Cpu => Device::Cpu,
        job::Device::Cuda(index) => Device::Cuda(index),
    }
}

/// The devices that compute a landscape together with `first`: all other CUDA devices where the job says `auto`, else none.
pub fn others(asked: job::Device, first: Device) -> Vec<Device> {
    match (asked, first) {
        (job::Device::Auto, Device::Cuda(first)) => {
            (0..Cuda::device_count() as usize).filter(|&index| index != first).map(Device::Cuda).collect()
        }
        (job::Device::Auto, _) | (job::Device::Cpu | job::Device::Cuda(_), _) => Vec::new(),
    }
}

/// Loads libtorch's CUDA library where it and an NVIDIA driver are installed, so that one binary serves CPU and GPU: the linker drops
/// `libtorch_cuda.so`, which registers its kernels when it is loaded. Without it everything runs on the CPU.
pub fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Loading it takes seconds and a gigabyte, and it is useless without a driver.
        if !driver_is_there() {
            return;
        }
        for path in candidates() {
            // SAFETY: the initializers of libtorch_cuda.so register CUDA kernels with the libtorch_cpu.so that this process has loaded
            // from the same folder; PyTorch itself loads it in the same way.
            #[expect(unsafe_code, reason = "opening a shared library runs its initializers")]
            let library = unsafe { libloading::Library::new(&path) };
            if let Ok(library) = library {
                // Its registered kernels must stay valid as long as the process.
                std::mem::forget(library);
                return;
            }
        }
    });
}

fn driver_is_there() -> bool {
    cfg!(windows) || PathBuf::from("/dev/nvidiactl").exists() || PathBuf::from("/dev/dxg").exists()
}

/// Version of the loaded libtorch: from `version.py` of PyTorch's wheel, or from `build-version` of the plain archive; empty where there is
/// neither.
pub fn libtorch_version() -> String {
    let Some(folder) = loaded_libtorch().and_then(|path| Some(path.parent()?.parent()?.to_owned())) else { return String::new() };
    let wheel = std::fs::read_to_string(folder.join("version.py")).unwrap_or_default();
    let version = wheel.lines().find_map(|line| line.strip_prefix("__version__ = "));
    let version = version.map(|version| version.trim_matches(['\'', '"']).to_owned());
    version.or_else(|| Some(std::fs::read_to_string(folder.join("build-version")).ok()?.trim().to_owned())).unwrap_or_default()
}

/// Path of the libtorch_cpu that this process has loaded.
fn loaded_libtorch() -> Option<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let mut loaded = maps.lines().filter_map(|line| line.find('/').map(|at| PathBuf::from(&line[at..])));
    loaded.find(|path| path.file_name().is_some_and(|file| file == "libtorch_cpu.so"))
}

/// In the folder of the loaded libtorch_cpu, then in the system's search path.
fn candidates() -> Vec<PathBuf> {
    let name = if cfg!(windows) { "torch_cuda.dll" } else { "libtorch_cuda.so" };
    loaded_libtorch().and_then(|path| Some(path.parent()?.join(name))).into_iter().chain([PathBuf::from(name)]).collect()
}
