//! What this process holds of memory, and giving back what it does not need.

/// Bytes of memory that only this process has: everything but files mapped into it. `None` where the system does not say.
pub fn anonymous_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

/// Hands freed memory back to the system, after something large is gone that does not come again: a worker keeps what batches free.
pub fn give_back_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: malloc_trim takes an integer and touches free memory only.
        #[expect(unsafe_code, reason = "malloc_trim is a C function")]
        let _ = unsafe { libc::malloc_trim(0) };
    }
}

/// The same where what is gone was as large as a tensor of so many floats, and that is worth it: what goes into a large tensor leaves holes
/// that the next one does not fit into.
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
        // Many small pieces: large ones are mapped and unmapped one by one.
        let filled: Vec<Vec<u8>> = (0..4096).map(|_| std::hint::black_box(vec![1u8; 16 << 10])).collect();
        let during = anonymous_memory().unwrap_or_default();
        assert!(before > 0 && during >= before + (60 << 20), "{before} {during}");
        drop(filled);
        give_back_memory();
        let after = anonymous_memory().unwrap_or_default();
        assert!(after + (40 << 20) <= during, "{during} {after}");
    }
}
