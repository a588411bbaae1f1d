//! gainsay proves, by trying, that what an Amazon S3, KMS or STS policy forbids is really refused.
pub mod attempt;
pub mod cli;
pub mod cloud;
pub mod diag;
pub mod environment;
pub mod exit;
pub mod iam;
pub mod outcome;
pub mod plan;
pub mod principal;
pub mod record;
pub mod report;
pub mod runner;
pub mod sandbox;
pub mod scenario;
pub mod suite;
pub mod verdict;
