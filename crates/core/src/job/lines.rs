//! [`Lines`]: a growing `.jsonl` file, of which each call reads what is new.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::PathBuf;

use serde_json::{Map, Value};

use super::RunError;

/// A reader that remembers its position.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines {
    path: PathBuf,
    read: u64,
}

/// What is new.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewLines {
    /// Whether the file was truncated, as by a resumed run: what was read before is invalid.
    pub anew: bool,
    /// The objects of the complete lines.
    pub lines: Vec<Map<String, Value>>,
}

impl Lines {
    /// A reader at the beginning of the file, which need not exist yet.
    pub fn new(path: PathBuf) -> Self {
        Self { path, read: 0 }
    }

    /// The lines that were written since the last call. An incomplete line is left for the next call.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&mut self) -> Result<NewLines, RunError> {
        let failed = |source| RunError::Io { action: "read", source, path: self.path.clone() };
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let anew = self.read > 0;
                self.read = 0;
                return Ok(NewLines { anew, lines: Vec::new() });
            }
            Err(source) => return Err(failed(source)),
        };
        let anew = file.metadata().map_err(failed)?.len() < self.read;
        let start = if anew { 0 } else { self.read };
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(start)).and_then(|_| file.read_to_end(&mut bytes)).map_err(failed)?;
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
        self.read = start + whole as u64;
        let lines = bytes[..whole].split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
        Ok(NewLines { anew, lines })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write;

    use super::*;

    #[test]
    fn lines_come_once_each_when_they_are_whole_and_again_after_a_rewind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.jsonl");
        let mut lines = Lines::new(path.clone());
        assert_eq!(lines.read().unwrap(), NewLines::default());
        let mut file = File::create(&path).unwrap();
        let epochs = |new: &NewLines| new.lines.iter().map(|line| line["epoch"].as_u64().unwrap()).collect::<Vec<_>>();
        write!(file, "{{\"epoch\":0}}\n{{\"epo").unwrap();
        assert_eq!(epochs(&lines.read().unwrap()), [0]);
        writeln!(file, "ch\":1}}").unwrap();
        assert_eq!(epochs(&lines.read().unwrap()), [1]);
        assert_eq!(epochs(&lines.read().unwrap()), [] as [u64; 0]);
        file.set_len(12).unwrap();
        let new = lines.read().unwrap();
        assert!(new.anew);
        assert_eq!(epochs(&new), [0]);
    }
}
