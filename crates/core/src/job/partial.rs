//! [`Partial`]: the part of a result that is known while its job runs, in files of the same format.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{JobEvent, Reporter};
use crate::result::ResultError;

/// The folder `partial` in the folder of a result; deleted when this is dropped.
#[derive(Debug)]
pub struct Partial {
    folder: PathBuf,
    reported: Option<Instant>,
}

impl Partial {
    /// Writing and reading it must cost little compared with the job.
    const INTERVAL: Duration = Duration::from_millis(500);

    /// For the result in `out`.
    pub fn of(out: &Path) -> Self {
        Self { folder: out.join("partial"), reported: None }
    }

    /// Lets `save` write what is known so far into a folder and reports it, at most twice a second. If it cannot be written, nothing is
    /// reported: the job itself does not need it.
    pub fn tell(&mut self, reporter: &mut dyn Reporter, save: impl FnOnce(&Path) -> Result<(), ResultError>) {
        if self.reported.is_some_and(|reported| reported.elapsed() < Self::INTERVAL) {
            return;
        }
        if save(&self.folder).is_ok() {
            reporter.report(JobEvent::Partial { path: self.folder.clone() });
            self.reported = Some(Instant::now());
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // A folder that is missing is no error.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::result::write_atomic;

    #[derive(Default)]
    struct Events(Vec<JobEvent>);

    impl Reporter for Events {
        fn report(&mut self, event: JobEvent) {
            self.0.push(event);
        }

        fn cancelled(&self) -> bool {
            false
        }
    }

    #[test]
    fn it_is_reported_at_intervals_and_deleted_with_the_job() {
        let out = tempfile::tempdir().unwrap();
        let (mut reporter, mut partial) = (Events::default(), Partial::of(out.path()));
        for text in ["first", "at once again"] {
            partial.tell(&mut reporter, |folder| write_atomic(&folder.join("x"), text.as_bytes()));
        }
        let path = out.path().join("partial");
        assert_eq!(reporter.0, [JobEvent::Partial { path: path.clone() }]);
        assert_eq!(std::fs::read_to_string(path.join("x")).unwrap(), "first");
        drop(partial);
        assert!(!path.exists() && out.path().exists());
    }

    #[test]
    fn what_cannot_be_written_is_not_reported() {
        let (mut reporter, mut partial) = (Events::default(), Partial::of(Path::new("/dev/null/nowhere")));
        partial.tell(&mut reporter, |folder| write_atomic(&folder.join("x"), b""));
        assert_eq!(reporter.0, []);
    }
}
