//! What is deployed in an AWS account: roles, buckets, keys, trails and their policies.
//!
//! Data only: no files, no network, no clock. `gainsay` makes it of `environment.yaml`, a program
//! of [`Environment::builder`]; `gainsay-sandbox` deploys it.

mod bucket;
mod document;
mod environment;
mod key;
mod monitoring;
mod role;
mod service;
mod setting;
mod source;
pub mod text;
pub mod xml;

pub use self::{
    bucket::{Bucket, DefaultEncryption, Ownership, PublicAccessBlock, Versioning},
    document::Document,
    environment::{Caller, Environment},
    key::{AWS_MANAGED_KEY, Key, aws_managed_key},
    monitoring::{
        AdvancedEventSelector, Analyzer, DataResource, Dimension, EventSelector, FieldSelector,
        InsightSelector, Macie, MetricAlarm, MetricFilter, MetricTransformation, Monitoring,
        Recorder, Trail, TrailConfig,
    },
    role::Role,
    service::{IAM_REGION, Service},
    setting::{SETTING_KINDS, Setting, SettingKind},
    source::Source,
};
