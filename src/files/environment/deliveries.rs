//! What services deliver to the buckets of an environment: what its trails and the settings of its
//! buckets say, and what `deliveries:` adds.

use std::sync::Arc;

use gainsay_model::{Bucket, DefaultEncryption, Key, Role, Source, xml::Element};

use super::{
    Environment,
    raw::{RawDelivery, RawEnvironment},
};
use crate::files::{
    ServiceDelivery,
    catalogue::{deliveries, delivery},
    diag::{Code, Diagnostic, Diagnostics},
    yaml::Located,
};

/// A delivery to a bucket of the environment.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// What the service asks for.
    pub service: &'static ServiceDelivery,
    /// The bucket it delivers to.
    pub bucket: Arc<Bucket>,
    /// What the keys of the delivered objects begin with.
    pub prefix: String,
    /// The ARN of what it acts for, where that is known.
    pub source: Option<String>,
    /// The bucket it delivers from.
    pub from: Option<Arc<Bucket>>,
    /// The role in whose name it asks.
    pub role: Option<Arc<Role>>,
    /// The key that delivered objects are under, where it is one of the environment's.
    pub key: Option<Arc<Key>>,
}

impl Environment {
    /// Every delivery to a bucket of the environment.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        let of_trails = self.deployed.trails.iter().filter_map(|trail| {
            let key = trail.config.kms_key_id.as_deref();
            Some(Delivery {
                prefix: trail.config.prefix.clone().unwrap_or_default(),
                source: Some(trail.arn.clone()),
                key: key.and_then(|key| self.key_of(key)),
                ..self.to("cloudtrail", &trail.config.bucket)?
            })
        });
        let of_settings = self.deployed.buckets.iter().flat_map(|bucket| {
            bucket.settings.iter().filter_map(|setting| {
                let document = Element::read(setting.text.as_bytes())?;
                let delivery = match setting.kind.name {
                    "logging" => self.access_logs(&document),
                    "inventory" => self.inventory(&document),
                    // A lifecycle delivers nothing.
                    _ => None,
                }?;
                Some(Delivery { source: Some(bucket.arn()), ..delivery })
            })
        });
        of_trails.chain(of_settings).chain(self.declared_deliveries.iter().cloned()).collect()
    }

    fn to(&self, service: &str, bucket: &str) -> Option<Delivery> {
        let bucket = self.deployed.buckets.iter().find(|other| other.name == bucket)?;
        Some(Delivery::new(delivery(service)?, bucket))
    }

    /// The key of an ARN, an id or an alias.
    fn key_of(&self, name: &str) -> Option<Arc<Key>> {
        let is_named = |key: &&Arc<Key>| {
            key.arn == name || key.id == name || key.alias.as_deref() == Some(name)
        };
        self.deployed.keys.iter().find(is_named).cloned()
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_LoggingEnabled.html>.
    fn access_logs(&self, document: &Element) -> Option<Delivery> {
        let enabled = document.child("LoggingEnabled")?;
        let prefix = enabled.get("TargetPrefix").unwrap_or_default().to_owned();
        Some(Delivery { prefix, ..self.to("server-access-logs", enabled.get("TargetBucket")?)? })
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_InventoryS3BucketDestination.html>.
    fn inventory(&self, document: &Element) -> Option<Delivery> {
        let destination = document.child("Destination")?.child("S3BucketDestination")?;
        let bucket = destination.get("Bucket")?.strip_prefix("arn:aws:s3:::")?;
        let to = self.to("inventory", bucket)?;
        let prefix = destination.get("Prefix").unwrap_or_default().to_owned();
        let named = destination
            .child("Encryption")
            .and_then(|encryption| Some(self.key_of(encryption.child("SSE-KMS")?.get("KeyId")?)));
        Some(Delivery { prefix, key: named.unwrap_or_else(|| to.key.clone()), ..to })
    }
}

impl Delivery {
    /// A delivery under the key that the bucket's default encryption names.
    fn new(service: &'static ServiceDelivery, bucket: &Arc<Bucket>) -> Self {
        Self {
            service,
            bucket: bucket.clone(),
            prefix: String::new(),
            source: None,
            from: None,
            role: None,
            key: default_key(bucket),
        }
    }

    /// The key that objects of the source bucket are under, where it is one of the environment's.
    #[must_use]
    pub fn source_key(&self) -> Option<Arc<Key>> {
        self.from.as_ref().and_then(default_key)
    }
}

fn default_key(bucket: &Arc<Bucket>) -> Option<Arc<Key>> {
    match &bucket.encryption {
        DefaultEncryption::Kms { key, .. } => key.clone(),
        DefaultEncryption::S3 => None,
    }
}

/// The deliveries that the buckets of an environment name.
///
/// # Errors
/// Services that are not in the table, roles and buckets that are not in the environment, and a
/// role where a service asks, or none where a role does.
pub(super) fn resolve(
    source: &Source,
    raw: &RawEnvironment,
    buckets: &[Arc<Bucket>],
    roles: &[Arc<Role>],
) -> Result<Vec<Delivery>, Diagnostics> {
    let mut problems = Diagnostics::default();
    let mut found = Vec::new();
    for ((_, written), bucket) in raw.buckets.0.iter().zip(buckets) {
        for delivery in &written.deliveries {
            match one(source, delivery, bucket, buckets, roles) {
                Ok(delivery) => found.push(delivery),
                Err(problem) => problems.push(problem),
            }
        }
    }
    if problems.has_errors() { Err(problems) } else { Ok(found) }
}

fn one(
    source: &Source,
    raw: &RawDelivery,
    bucket: &Arc<Bucket>,
    buckets: &[Arc<Bucket>],
    roles: &[Arc<Role>],
) -> Result<Delivery, Diagnostic> {
    let unknown = |what: &str, name: &Located<String>, known: &mut dyn Iterator<Item = &str>| {
        let problem =
            Diagnostic::new(Code::UnknownName, format!("no {what} is called `{}`", name.value));
        problem.at(source, name.span.clone()).suggest(&name.value, known)
    };
    let service = delivery(&raw.by.value).ok_or_else(|| {
        unknown("delivery", &raw.by, &mut deliveries().iter().map(|row| row.name.as_str()))
    })?;
    let role = raw.role.as_ref().map(|name| {
        let role = roles.iter().find(|role| role.name == name.value);
        role.ok_or_else(|| unknown("role", name, &mut roles.iter().map(|role| role.name.as_str())))
    });
    let from = raw.from.as_ref().map(|name| {
        let from = buckets.iter().find(|bucket| bucket.logical == name.value);
        from.ok_or_else(|| {
            unknown("bucket", name, &mut buckets.iter().map(|bucket| bucket.logical.as_str()))
        })
    });
    let (role, from) = (role.transpose()?.cloned(), from.transpose()?.cloned());
    if service.role && (role.is_none() || from.is_none()) {
        let problem = Diagnostic::new(
            Code::MissingKey,
            format!("`{}` is done by a role, from a bucket", service.name),
        );
        return Err(problem.at(source, raw.by.span.clone()).help("add `role:` and `from:`"));
    }
    if let (false, Some(at)) = (service.role, raw.role.as_ref().or(raw.from.as_ref())) {
        let problem = Diagnostic::new(
            Code::BadValue,
            format!("`{}` is delivered by a service, not by a role", service.name),
        );
        return Err(problem.at(source, at.span.clone()).help("remove `role:` and `from:`"));
    }
    let prefix = raw.prefix.as_ref().map_or_else(String::new, |prefix| prefix.value.clone());
    Ok(Delivery { prefix, from, role, ..Delivery::new(service, bucket) })
}
