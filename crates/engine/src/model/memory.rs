//! Memory use of this process, and returning freed memory to the system.

/// Bytes of anonymous memory of this process, without mapped files. `None` where the system does not report it.
pub fn anonymous_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

/// Returns freed memory to the system. To be called after freeing something large that is not allocated again: a worker otherwise keeps
/// the memory that batches free.
pub fn give_back_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: malloc_trim takes an integer and touches free memory only.
        #[expect(unsafe_code, reason = "malloc_trim is a C function")]
        let _ = unsafe { libc::malloc_trim(0) };
    }
}

/// The same after freeing a tensor of this number of floats, where it is large enough to matter: it leaves holes that the next tensor does
/// not fit into.
pub fn give_back_memory_after(floats: usize) {
    if floats >= 1 << 20 {
        give_back_memory();
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_is_counted_and_what_is_freed_is_given_back() {
        let before = anonymous_memory().unwrap_or_default();
        // Many small allocations: large ones are mapped and unmapped one by one.
        let filled: Vec<Vec<u8>> = (0..4096).map(|_| std::hint::black_box(vec![1u8; 16 << 10])).collect();
        let during = anonymous_memory().unwrap_or_default();
        assert!(before > 0 && during >= before + (60 << 20), "{before} {during}");
        drop(filled);
        give_back_memory();
        let after = anonymous_memory().unwrap_or_default();
        assert!(after + (40 << 20) <= during, "{during} {after}");
    }
}
