//! Configurations of a bucket beyond the usual: lifecycle, access logging, inventory, each as the
//! XML that the API takes
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html> and
//! its like).

use std::sync::Arc;

/// A kind of configuration.
#[derive(Debug, PartialEq, Eq)]
pub struct SettingKind {
    /// What an environment calls it.
    pub name: &'static str,
    /// The operation that writes it.
    pub put: &'static str,
    /// The query that names it.
    pub query: &'static str,
    /// The root element.
    pub root: &'static str,
    /// Whether a bucket may have several, each with an id.
    pub by_id: bool,
}

/// Every kind.
pub const SETTING_KINDS: [SettingKind; 3] = [
    SettingKind {
        name: "lifecycle",
        put: "PutBucketLifecycleConfiguration",
        query: "lifecycle",
        root: "LifecycleConfiguration",
        by_id: false,
    },
    SettingKind {
        name: "logging",
        put: "PutBucketLogging",
        query: "logging",
        root: "BucketLoggingStatus",
        by_id: false,
    },
    SettingKind {
        name: "inventory",
        put: "PutBucketInventoryConfiguration",
        query: "inventory",
        root: "InventoryConfiguration",
        by_id: true,
    },
];

/// A configuration of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// What it is.
    pub kind: &'static SettingKind,
    /// Its id, where a bucket may have several; empty where not.
    pub id: String,
    /// The document, with names filled in.
    pub text: Arc<str>,
}
