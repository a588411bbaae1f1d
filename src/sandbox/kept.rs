//! What costs time to work out and comes out the same each time.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// More is not kept: all is forgotten then, and worked out again when it is asked for.
const MOST: usize = 4096;

/// Values by what they were worked out from.
#[derive(Debug)]
pub(super) struct Kept<V>(Mutex<HashMap<String, V>>);

impl<V> Default for Kept<V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<V: Clone> Kept<V> {
    /// The value of a key, made if it is not kept; nothing, and nothing kept, where it cannot be made. Two who ask at once may both make it.
    pub(super) fn get_or_make(&self, key: &str, make: impl FnOnce() -> Option<V>) -> Option<V> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = lock().get(key) {
            return Some(kept.clone());
        }
        let made = make()?;
        let mut kept = lock();
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(key.to_owned(), made.clone());
        Some(made)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_made_once_and_nothing_is_not_kept() {
        let kept = Kept::default();
        assert_eq!(kept.get_or_make("a", || None), None);
        assert_eq!(kept.get_or_make("a", || Some(1)), Some(1));
        assert_eq!(kept.get_or_make("a", || Some(2)), Some(1));
        assert_eq!(kept.get_or_make("b", || Some(2)), Some(2));
    }

    #[test]
    fn no_more_than_so_many_are_kept() {
        let kept = Kept::default();
        for n in 0..MOST + 10 {
            assert_eq!(kept.get_or_make(&n.to_string(), || Some(n)), Some(n));
        }
        assert!(kept.0.lock().unwrap().len() <= MOST);
    }
}
