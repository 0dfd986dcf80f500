//! [`LruCache`]: the most recently used values by key.

use std::sync::Arc;

/// Keeps the most recently used values, at most `capacity` of them.
#[derive(Debug)]
pub(super) struct LruCache<T> {
    capacity: usize,
    /// Least recently used first.
    entries: Vec<(String, Arc<T>)>,
}

impl<T> LruCache<T> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, entries: Vec::new() }
    }

    /// The value of `key`, loaded with `load` when it is missing.
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
        let mut cache = LruCache::new(2);
        let mut loads = 0;
        for key in ["a", "b", "a", "c", "a", "b"] {
            cache
                .get(key.into(), || {
                    loads += 1;
                    Ok::<_, ()>(key)
                })
                .unwrap();
        }
        // `c` replaced `b`.
        assert_eq!(loads, 4);
    }

    #[test]
    fn what_failed_to_load_is_tried_again() {
        let mut cache = LruCache::new(2);
        assert!(cache.get("a".into(), || Err::<i32, _>("no")).is_err());
        assert_eq!(*cache.get("a".into(), || Ok::<_, ()>(1)).unwrap(), 1);
    }
}
