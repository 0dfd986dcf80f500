//! [`Memo`]: a value computed from results, kept while these are the same.

use std::sync::{Arc, Weak};

/// A value computed from results. It does not depend on names, since names can change while results stay.
pub struct Memo<R, T> {
    /// Weak references, so that closed results are dropped; they also prevent that an address is used again.
    of: Vec<Weak<R>>,
    value: Option<T>,
}

impl<R, T> Default for Memo<R, T> {
    fn default() -> Self {
        Self { of: Vec::new(), value: None }
    }
}

impl<R, T> Memo<R, T> {
    /// The value computed from exactly these results.
    pub fn get(&self, of: &[&Arc<R>]) -> Option<&T> {
        let same = self.of.len() == of.len() && self.of.iter().zip(of).all(|(a, b)| std::ptr::eq(a.as_ptr(), Arc::as_ptr(b)));
        self.value.as_ref().filter(|_| same)
    }

    /// Keeps the value computed from these results.
    pub fn set(&mut self, of: &[&Arc<R>], value: T) {
        *self = Self { of: of.iter().map(|result| Arc::downgrade(result)).collect(), value: Some(value) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_computed_from_other_results_is_not_returned_even_if_they_are_equal() {
        let (a, b) = (Arc::new(1), Arc::new(1));
        let mut value = Memo::default();
        assert_eq!(value.get(&[]), None, "nothing was made yet");
        value.set(&[&a, &b], "of both");
        assert_eq!((value.get(&[&a, &b]), value.get(&[&b, &a]), value.get(&[&a])), (Some(&"of both"), None, None));
        drop((a, b));
        for _ in 0..64 {
            let (c, d) = (Arc::new(1), Arc::new(1));
            assert_eq!(value.get(&[&c, &d]), None, "no address is used again");
        }
    }
}
