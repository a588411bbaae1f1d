//! What costs time to work out and comes out the same each time.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// More is not kept: all is forgotten then, and worked out again when it is asked for.
const MOST: usize = 4096;

/// Values by what they were worked out from.
pub(crate) struct Cache<V>(Mutex<HashMap<String, V>>);

impl<V> Default for Cache<V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<V> fmt::Debug for Cache<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Tokens and signing keys are kept, too; none may reach a log.
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}

impl<V: Clone> Cache<V> {
    /// The value of a key, made where it is not there yet. Where it cannot be made there is
    /// nothing, and nothing is kept. Two who ask at once may both make it.
    pub(crate) fn get_or_try(&self, key: &str, make: impl FnOnce() -> Option<V>) -> Option<V> {
        self.find(key).or_else(|| Some(self.keep(key, make()?)))
    }

    fn find(&self, key: &str) -> Option<V> {
        self.lock().get(key).cloned()
    }

    fn keep(&self, key: &str, made: V) -> V {
        let mut kept = self.lock();
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(key.to_owned(), made.clone());
        made
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, V>> {
        // A poisoned lock means that a thread panicked, which lints forbid; the map is whole all
        // the same.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_made_once_and_nothing_is_not_kept() {
        let kept = Cache::default();
        assert_eq!(kept.get_or_try("a", || None), None);
        assert_eq!(kept.get_or_try("a", || Some(1)), Some(1));
        assert_eq!(kept.get_or_try("a", || Some(2)), Some(1));
    }

    #[test]
    fn no_more_than_so_many_are_kept() {
        let kept = Cache::default();
        for n in 0..MOST + 10 {
            assert_eq!(kept.get_or_try(&n.to_string(), || Some(n)), Some(n));
        }
        assert!(kept.0.lock().unwrap().len() <= MOST);
    }

    #[test]
    fn what_is_kept_is_not_shown() {
        let kept = Cache::default();
        kept.get_or_try("a-token", || Some("a-key"));
        assert_eq!(format!("{kept:?}"), "Cache { .. }");
    }
}
