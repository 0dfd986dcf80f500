//! [`DeviceQueue`]: one run per device at a time; the others wait in the order in which they were requested.
//!
//! A waiting run holds a ticket, a file that its process keeps locked. The first locked ticket takes the lock of the device when it is
//! free. Queues are per user. Unlocked tickets, which ended processes left, are removed.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::TrainError;

const POLL_EVERY: Duration = Duration::from_millis(100);

/// The queue of one device.
#[derive(Clone, Debug)]
pub struct DeviceQueue {
    folder: PathBuf,
}

/// The lock of a device; dropping it releases the device.
#[derive(Debug)]
pub struct Turn {
    _device: File,
}

/// A ticket; dropping it removes its file.
struct Ticket {
    path: PathBuf,
    _file: File,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // A ticket that cannot be removed is unlocked and therefore ignored.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl DeviceQueue {
    /// The queue of `device` (`cpu`, `cuda:0`) among those in `root`.
    pub fn new(root: &Path, device: &str) -> Self {
        Self { folder: root.join(device.replace(':', "-")) }
    }

    /// Waits until the run in `run`, requested at `asked` (seconds since 1970), may use the device. `tick` is called ten times a second with a
    /// message on what it waits for; an error of `tick` ends the waiting.
    ///
    /// # Errors
    /// Those of `tick`, and when the queue's files cannot be used.
    pub fn wait(&self, run: &Path, asked: f64, tick: &mut dyn FnMut(&str) -> Result<(), TrainError>) -> Result<Turn, TrainError> {
        let io = |action, path: &Path| {
            let path = path.to_owned();
            move |source| TrainError::Io { action, source, path }
        };
        std::fs::create_dir_all(&self.folder).map_err(io("make", &self.folder))?;
        let name = format!("{:020}-{}", (asked.max(0.0) * 1e6) as u64, std::process::id());
        let ticket = self.create_ticket(&name).map_err(io("write a ticket in", &self.folder))?;
        let path = self.folder.join("device.lock");
        let mut device = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path).map_err(io("lock", &path))?;
        loop {
            let before = self.waiting_before(&name);
            if before == 0 {
                match device.try_lock() {
                    Ok(()) => break,
                    Err(TryLockError::WouldBlock) => {}
                    Err(TryLockError::Error(source)) => return Err(io("lock", &path)(source)),
                }
            }
            let holder = std::fs::read_to_string(&path).unwrap_or_default();
            let others = if before > 0 { format!(" and {before} more") } else { String::new() };
            tick(&format!("waits for the device: {holder}{others}"))?;
            std::thread::sleep(POLL_EVERY);
        }
        drop(ticket);
        device.set_len(0).and_then(|()| write!(device, "{}", run.display())).map_err(io("write", &path))?;
        Ok(Turn { _device: device })
    }

    /// The file is locked before it gets its name, so that no other process removes it.
    fn create_ticket(&self, name: &str) -> std::io::Result<Ticket> {
        let (new, path) = (self.folder.join(format!(".{name}")), self.folder.join(format!("{name}.ticket")));
        let file = File::create(&new)?;
        file.lock()?;
        std::fs::rename(&new, &path)?;
        Ok(Ticket { path, _file: file })
    }

    /// Number of tickets before `name`; removes those of ended processes.
    fn waiting_before(&self, name: &str) -> usize {
        let mut waiting = 0;
        for entry in std::fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let (path, file_name) = (entry.path(), entry.file_name());
            let Some(other) = file_name.to_str().and_then(|file| file.strip_suffix(".ticket")) else { continue };
            if other >= name {
                continue;
            }
            let Ok(file) = File::open(&path) else { continue };
            match file.try_lock_shared() {
                Err(TryLockError::WouldBlock) => waiting += 1,
                _ => {
                    let _ = std::fs::remove_file(&path);
                }
            }
        }
        waiting
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn one_at_a_time_in_the_order_of_asking_and_the_dead_count_for_nothing() {
        let root = tempfile::tempdir().unwrap();
        let queue = DeviceQueue::new(root.path(), "cuda:0");
        std::fs::create_dir_all(&queue.folder).unwrap();
        std::fs::write(queue.folder.join("00000000000000000001-1.ticket"), "").unwrap();
        let first = queue.wait(Path::new("first"), 5.0, &mut |_| panic!("nobody else is there")).unwrap();
        let (sender, turns) = channel();
        let (waiting, waits) = channel();
        std::thread::scope(|scope| {
            // The later request enters the queue first.
            for (name, asked) in [("late", 30.0), ("early", 20.0)] {
                let (queue, sender, waiting) = (queue.clone(), sender.clone(), waiting.clone());
                scope.spawn(move || {
                    let mut told = false;
                    let turn = queue
                        .wait(Path::new(name), asked, &mut |message| {
                            assert!(message.starts_with("waits for the device: "), "{message}");
                            if !std::mem::replace(&mut told, true) {
                                waiting.send(name).unwrap();
                            }
                            Ok(())
                        })
                        .unwrap();
                    sender.send(name).unwrap();
                    drop(turn);
                });
                assert_eq!(waits.recv().unwrap(), name);
            }
            assert!(turns.try_recv().is_err());
            drop(first);
            assert_eq!([turns.recv().unwrap(), turns.recv().unwrap()], ["early", "late"]);
        });
        let left: Vec<_> = std::fs::read_dir(&queue.folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["device.lock"]);
    }

    #[test]
    fn devices_do_not_wait_for_each_other_and_who_gives_up_leaves_no_ticket() {
        let root = tempfile::tempdir().unwrap();
        let never = &mut |_: &str| panic!("it is free");
        let _gpu = DeviceQueue::new(root.path(), "cuda:0").wait(Path::new("a"), 1.0, never).unwrap();
        let cpu = DeviceQueue::new(root.path(), "cpu");
        let _cpu = cpu.wait(Path::new("b"), 1.0, never).unwrap();
        let error = cpu.wait(Path::new("c"), 2.0, &mut |_| Err(TrainError::Cancelled)).unwrap_err();
        assert!(matches!(error, TrainError::Cancelled));
        assert_eq!(std::fs::read_dir(&cpu.folder).unwrap().count(), 1);
    }
}
