//! One page of a listing: which keys, which common prefixes, and where the next page begins. Pure.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-prefixes.html>: with a delimiter,
//! keys that have it behind the prefix are rolled up to their common prefix, which counts as one
//! entry.

/// Which page is wanted.
pub(super) struct PageRequest<'a> {
    pub prefix: &'a str,
    /// Nothing for an empty one, too.
    pub delimiter: Option<&'a str>,
    /// The last entry of the page before: a key, or a common prefix. Of a key within a common
    /// prefix the rest of that prefix is passed over, too.
    pub after: Option<&'a str>,
    pub max: usize,
}

/// What a page holds.
#[derive(Debug)]
pub(super) struct Page<T> {
    pub entries: Vec<T>,
    pub prefixes: Vec<String>,
    /// The last entry: a key, or a common prefix.
    pub last: Option<Last>,
    /// Where the next page begins, if there are more entries.
    pub next: Option<Last>,
}

/// The last entry of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Last {
    Key(String),
    Prefix(String),
}

impl Last {
    /// The key or the common prefix itself.
    pub(super) fn text(self) -> String {
        match self {
            Self::Key(text) | Self::Prefix(text) => text,
        }
    }
}

/// A page of entries that come in the order of their keys. A key may come several times (as its
/// versions do); `first` tells which entry of the key `after` is the first that is still to come,
/// if any.
pub(super) fn page<'k, T>(
    request: &PageRequest<'_>,
    entries: impl Iterator<Item = (&'k str, T)>,
    first: impl Fn(&T) -> bool,
) -> Page<T> {
    let mut page = Page { entries: Vec::new(), prefixes: Vec::new(), last: None, next: None };
    let after = request.after.unwrap_or_default();
    let passed = rolled(request, after).filter(|_| request.after.is_some());
    let mut within = false;
    for (key, entry) in entries.filter(|(key, _)| key.starts_with(request.prefix)) {
        if passed.is_some_and(|prefix| key.starts_with(prefix)) {
            continue;
        }
        if key == after && request.after.is_some() {
            within = within || first(&entry);
            if !within {
                continue;
            }
        } else if key < after {
            continue;
        }
        let common = rolled(request, key);
        if let (Some(common), Some(Last::Prefix(before))) = (common, &page.last)
            && common == before
        {
            continue;
        }
        if page.entries.len() + page.prefixes.len() == request.max {
            page.next.clone_from(&page.last);
            return page;
        }
        page.last = Some(if let Some(common) = common {
            page.prefixes.push(common.to_owned());
            Last::Prefix(common.to_owned())
        } else {
            page.entries.push(entry);
            Last::Key(key.to_owned())
        });
    }
    page
}

/// The common prefix of a key: up to the first delimiter behind the prefix.
fn rolled<'k>(request: &PageRequest<'_>, key: &'k str) -> Option<&'k str> {
    let delimiter = request.delimiter?;
    let rest = key.strip_prefix(request.prefix)?;
    let at = rest.find(delimiter)?;
    key.get(..request.prefix.len() + at + delimiter.len())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn listed(
        keys: &BTreeSet<String>,
        prefix: &str,
        delimiter: Option<&str>,
        after: Option<&str>,
        max: usize,
    ) -> Page<String> {
        let request = PageRequest { prefix, delimiter, after, max };
        page(&request, keys.iter().map(|key| (key.as_str(), key.clone())), |_| false)
    }

    fn keys(keys: &[&str]) -> BTreeSet<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    #[test]
    fn the_documented_example_is_rolled_up() {
        let keys = keys(&[
            "sample.jpg",
            "photos/2006/January/sample.jpg",
            "photos/2006/February/sample2.jpg",
            "photos/2006/February/sample3.jpg",
        ]);
        let top = listed(&keys, "", Some("/"), None, 1000);
        assert_eq!(
            (top.entries, top.prefixes),
            (vec!["sample.jpg".to_owned()], vec!["photos/".to_owned()])
        );
        let year = listed(&keys, "photos/2006/", Some("/"), None, 1000);
        assert_eq!(year.prefixes, ["photos/2006/February/", "photos/2006/January/"]);
        let none = listed(&keys, "", None, None, 0);
        assert_eq!((none.entries.len(), none.next), (0, None));
    }

    #[test]
    fn a_marker_within_a_common_prefix_passes_over_it_as_the_prefix_itself_does() {
        let keys = keys(&["a/1", "a/2", "b"]);
        // Recorded by LocalStack, `test_list_multipart_uploads_marker_common_prefixes`, 2026-02-21.
        assert!(listed(&keys, "", Some("/"), Some("a/1"), 9).prefixes.is_empty());
        assert!(listed(&keys, "", Some("/"), Some("a/"), 9).prefixes.is_empty());
        assert_eq!(listed(&keys, "", None, Some("a/"), 9).entries.len(), 3);
    }

    proptest! {
        /// Page by page the same is listed as at once, whatever the page's size.
        #[test]
        fn pages_together_are_the_listing(
            keys in prop::collection::btree_set("[ab/]{1,5}", 0..20),
            prefix in "[ab/]{0,2}",
            delimiter in prop::option::of("[b/]{1,2}"),
            max in 1_usize..5,
        ) {
            let delimiter = delimiter.as_deref();
            let whole = listed(&keys, &prefix, delimiter, None, 1000);
            prop_assert!(whole.next.is_none());
            let (mut entries, mut prefixes, mut after) = (Vec::new(), Vec::new(), None::<String>);
            for _ in 0..50 {
                let page = listed(&keys, &prefix, delimiter, after.as_deref(), max);
                prop_assert!(page.entries.len() + page.prefixes.len() <= max);
                entries.extend(page.entries);
                prefixes.extend(page.prefixes);
                after = page.next.map(Last::text);
                if after.is_none() {
                    break;
                }
            }
            prop_assert_eq!(after, None);
            prop_assert_eq!(entries, whole.entries);
            prop_assert_eq!(prefixes, whole.prefixes);
        }
    }
}
