//! What the runner tells the reporters: the interface between them. The runner prints nothing.

use std::sync::Arc;

use serde::Serialize;

use crate::record::{ResultRecord, RunInfo, RunRecord};

/// Something that happened. `--format json` prints one object per event.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The run begins.
    RunStarted {
        /// What is run.
        run: Box<RunInfo>,
        /// How many attempts are selected.
        attempts: usize,
        /// How many checks.
        checks: usize,
    },
    /// A row begins; for the progress line.
    RowStarted {
        /// architecture/file/row.
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
