//! One list, two threads.

use std::thread;

/// Makes something of every item, the first half of them in another thread, and keeps their order. For work that is a good part of a short
/// run; two, because that is how many cores the smallest machines have.
pub(crate) fn in_halves<T: Sync, R: Send>(items: &[T], make: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let (first, second) = items.split_at(items.len() / 2);
    thread::scope(|scope| {
        let others = scope.spawn(|| first.iter().map(&make).collect::<Vec<R>>());
        let second: Vec<R> = second.iter().map(&make).collect();
        let mut all = match others.join() {
            Ok(first) => first,
            // What went wrong there goes wrong here.
            Err(panic) => std::panic::resume_unwind(panic),
        };
        all.extend(second);
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_kept() {
        for length in 0..5 {
            let items: Vec<usize> = (0..length).collect();
            assert_eq!(
                in_halves(&items, |item| item * 2),
                items.iter().map(|item| item * 2).collect::<Vec<_>>()
            );
        }
    }
}
