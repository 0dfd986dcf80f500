//! What the system says of processes and devices, and what is said to the desktop.

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

/// Names of the NVIDIA GPUs that the driver knows; none where there is no driver.
pub fn graphics() -> Vec<String> {
    let Ok(folders) = std::fs::read_dir("/proc/driver/nvidia/gpus") else { return Vec::new() };
    let mut files: Vec<_> = folders.flatten().map(|folder| folder.path().join("information")).collect();
    files.sort();
    let model = |text: String| text.lines().find_map(|line| line.strip_prefix("Model:")).map(|name| name.trim().to_owned());
    files.into_iter().filter_map(|file| std::fs::read_to_string(file).ok()).filter_map(model).collect()
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
}
