//! The files a user writes, read into memory, from text to types: problems with their places
//! ([`diag`]), the one way from YAML to a type ([`yaml`]), and of each kind of file what it says.
//! Scenarios have a module of their own.

mod baseline;
mod bindings;
mod catalogue;
pub mod diag;
mod environment;
mod folder;
pub mod load;
mod syntax;
mod waivers;
pub mod yaml;

pub use self::{
    baseline::{Baseline, RawBaseline, RawControlChoice, extended},
    bindings::{Bindings, BoundKey, BoundRole, RawBindings},
    catalogue::{
        Answers, Check, Control, Mapping, On, Proof, ProvedBy, Remediation, Search, Served,
        ServiceDelivery, ServiceRequest, catalogue, deliveries, delivery,
    },
    environment::{
        Collection, Delivery, Environment, Member, RawEnvironment, SessionSettings, refusals,
        resolve, resolve_bound, review_policy,
    },
    folder::Folder,
    waivers::{Gap, RawWaivers, Waived, Waiver, Waivers},
};
