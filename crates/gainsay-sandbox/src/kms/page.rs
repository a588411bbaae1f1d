//! Pages of lists: `Limit` and `Marker`, `Truncated` and `NextMarker`.

use serde_json::{Value, json};

use super::{JsonAnswer, error, invalid};

/// The most that `Limit` can be, and what it is if it is not said
/// (<https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeys.html>).
const MOST: usize = 1000;
const USUAL: usize = 100;

/// Which part of a list is asked for. The marker is the number of entries that came before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    from: usize,
    limit: usize,
}

impl Page {
    pub(super) fn of(limit: Option<usize>, marker: Option<&str>) -> Result<Self, JsonAnswer> {
        let limit = limit.unwrap_or(USUAL);
        if !(1..=MOST).contains(&limit) {
            return Err(invalid("Limit must be between 1 and 1000"));
        }
        let from = marker.map_or(Some(0), |marker| marker.strip_prefix("after-")?.parse().ok());
        let from = from.ok_or_else(|| {
            error(400, "InvalidMarkerException", "the marker is not one that a list answered")
        })?;
        Ok(Self { from, limit })
    }

    /// The page, under the list's name.
    pub(super) fn answer(self, name: &str, entries: impl Iterator<Item = Value>) -> Value {
        let mut page: Vec<Value> =
            entries.skip(self.from).take(self.limit.saturating_add(1)).collect();
        let more = page.len() > self.limit;
        page.truncate(self.limit);
        let mut answer = json!({ name: page, "Truncated": more });
        if let (true, Some(members)) = (more, answer.as_object_mut()) {
            members.insert(
                "NextMarker".to_owned(),
                json!(format!("after-{}", self.from.saturating_add(self.limit))),
            );
        }
        answer
    }
}
