//! What this process holds.

/// Bytes of memory that only this process has: everything but files mapped into it. `None` where the system does not say.
pub(super) fn anonymous() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_is_counted() {
        let before = anonymous().unwrap_or_default();
        let filled = std::hint::black_box(vec![1u8; 64 << 20]);
        let after = anonymous().unwrap_or_default();
        assert!(before > 0 && after >= before + (60 << 20), "{before} {after} {}", filled.len());
    }
}
