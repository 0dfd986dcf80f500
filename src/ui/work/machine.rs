//! What the system says of processes and devices, and what is said to the desktop.

use std::sync::{Once, OnceLock};

use nvml_wrapper::Nvml;
use nvml_wrapper::error::NvmlError;

use crate::ui::state::meter::Graphics;

/// Bytes of memory that the process `pid` holds, this one where it is `None`; `None` where the system does not say.
pub fn resident_memory(pid: Option<u32>) -> Option<u64> {
    let process = pid.map_or_else(|| "self".to_owned(), |pid| pid.to_string());
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

/// Threads that this machine runs at once.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The NVIDIA GPUs now; none where there is no driver, and until the driver has answered for the first time, which takes a moment.
pub fn graphics() -> Vec<Graphics> {
    static DRIVER: OnceLock<Option<Nvml>> = OnceLock::new();
    static ASKED: Once = Once::new();
    ASKED.call_once(|| {
        rayon::spawn(|| {
            DRIVER.get_or_init(|| Nvml::init().ok());
        })
    });
    let Some(Some(driver)) = DRIVER.get() else { return Vec::new() };
    let look = |index| {
        let device = driver.device_by_index(index)?;
        let memory = device.memory_info()?;
        Ok(Graphics { name: device.name()?, used: memory.used, total: memory.total })
    };
    (0..driver.device_count().unwrap_or(0)).filter_map(|index| Result::<_, NvmlError>::ok(look(index))).collect()
}

/// Shows a notification of the desktop. Blocks until the desktop answers.
///
/// # Errors
/// When there is no desktop that shows notifications.
pub fn notify(title: &str, text: &str) -> Result<(), String> {
    let shown = notify_rust::Notification::new().appname("Flatland").summary(title).body(text).show();
    shown.map(|_| ()).map_err(|error| format!("cannot show a notification: {error}"))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn memory_that_is_filled_is_counted() {
        let before = resident_memory(None).unwrap();
        let filled = std::hint::black_box(vec![1u8; 64 << 20]);
        let during = resident_memory(Some(std::process::id())).unwrap();
        assert!(during > before + (32 << 20), "before {before}, during {during}");
        drop(filled);
        assert_eq!(resident_memory(Some(u32::MAX)), None);
    }

    #[test]
    fn a_gpu_has_a_name_and_uses_no_more_memory_than_it_has() {
        if !std::path::Path::new("/dev/nvidiactl").exists() {
            return println!("skipped: expected an NVIDIA driver, found no /dev/nvidiactl");
        }
        // The driver is asked on a thread of its own.
        let patience = std::time::Instant::now() + std::time::Duration::from_secs(60);
        let mut found = graphics();
        while found.is_empty() && std::time::Instant::now() < patience {
            std::thread::sleep(std::time::Duration::from_millis(20));
            found = graphics();
        }
        assert!(!found.is_empty() && found.iter().all(|gpu| !gpu.name.is_empty() && gpu.used <= gpu.total && gpu.total > 0), "{found:?}");
    }
}
