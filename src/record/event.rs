//! What happens in a run: all that the reporters learn of it before its end.

use std::sync::Arc;

use serde::Serialize;

use super::{ResultRecord, RunInfo, RunRecord};

/// Something that happened in a run. `--format json` prints one object per event.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The run begins.
    RunStarted {
        /// What is run.
        run: Box<RunInfo>,
        /// How many attempts are selected.
        attempts: usize,
        /// How many checks are selected.
        checks: usize,
    },
    /// A row begins; for the progress line.
    RowStarted {
        /// The row as architecture/file/row.
        row: String,
    },
    /// An attempt or a check has its verdict.
    Result {
        /// The result as it will be in the record, unless what it rests on is changed on a shared
        /// target before the run ends.
        result: Arc<ResultRecord>,
    },
    /// A stop was asked for: no new attempts are made.
    Stopping,
    /// The run has ended.
    RunFinished {
        /// The record.
        record: Arc<RunRecord>,
    },
    /// A report was written and checked.
    ReportWritten {
        /// Its path.
        path: String,
    },
}
