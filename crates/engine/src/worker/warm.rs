//! [`Warm`]: the last few things that were loaded, by content.

use std::sync::Arc;

/// Keeps the most recently used values, at most `capacity` of them.
#[derive(Debug)]
pub(super) struct Warm<T> {
    capacity: usize,
    /// Least recently used first.
    entries: Vec<(String, Arc<T>)>,
}

impl<T> Warm<T> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, entries: Vec::new() }
    }

    /// The value of `key`; made by `load` when it is not there.
    pub(super) fn get<E>(&mut self, key: String, load: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        if let Some(at) = self.entries.iter().position(|(known, _)| *known == key) {
            let entry = self.entries.remove(at);
            let value = entry.1.clone();
            self.entries.push(entry);
            return Ok(value);
        }
        let value = Arc::new(load()?);
        if self.entries.len() == self.capacity {
            self.entries.remove(0);
        }
        self.entries.push((key, value.clone()));
        Ok(value)
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_value_is_loaded_once_while_it_is_used() {
        let mut warm = Warm::new(2);
        let mut loads = 0;
        for key in ["a", "b", "a", "c", "a", "b"] {
            warm.get(key.into(), || {
                loads += 1;
                Ok::<_, ()>(key)
            })
            .unwrap();
        }
        // `b` had to go for `c`.
        assert_eq!(loads, 4);
    }

    #[test]
    fn what_failed_to_load_is_tried_again() {
        let mut warm = Warm::new(2);
        assert!(warm.get("a".into(), || Err::<i32, _>("no")).is_err());
        assert_eq!(*warm.get("a".into(), || Ok::<_, ()>(1)).unwrap(), 1);
    }
}
