//! What a request's host says: which service is asked, and of S3 which bucket, of S3 Control which
//! account.
//!
//! The hosts are AWS's own names in the sandbox's Region
//! (<https://docs.aws.amazon.com/general/latest/gr/rande.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>), and for clients
//! that were given one endpoint for every service an IP address, `localhost` or a name below it:
//! there the service is the one that the request was signed for, as the signature says, which is
//! verified later.

use std::net::IpAddr;

use gainsay_model::{IAM_REGION, Service};
use http::request::Parts;

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// S3, and the bucket that the host names.
    S3(Option<String>),
    /// KMS, STS, IAM in the Region that is asked: one endpoint, and the operation stands elsewhere.
    /// The keys of KMS can be in several Regions; IAM is in all of them.
    Other(Service, String),
    /// S3 Control, and the account that the host or the header names.
    Control(String),
}

/// The path of every operation of S3 Control begins so.
const CONTROL: &str = "/v20180820/";

/// The Regions that a sandbox can be in, and in all of which its KMS answers: those that need no
/// opting in (<https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html>).
pub const REGIONS: &[&str] = &[
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// Where a request goes; nothing if no such host is modelled.
pub(super) fn route(parts: &Parts, authority: &str, region: &str) -> Option<Route> {
    let host = without_port(authority);
    let Some(name) = below_localhost(host) else {
        return match aws(host, region)? {
            Host::S3(bucket) => Some(Route::S3(bucket.map(str::to_owned))),
            Host::Other(service, region) => Some(Route::Other(service, region.to_owned())),
            Host::Control(account) => Some(Route::Control(account.to_owned())),
        };
    };
    let unsigned = || {
        let target = parts.headers.get("x-amz-target")?.to_str().ok()?;
        target.starts_with("TrentService.").then_some("kms")
    };
    match signed_for(parts).or_else(unsigned) {
        // Clients that were given an endpoint sign IAM for their own Region.
        Some("kms") => Some(Route::Other(Service::Kms, region_of(parts, region))),
        Some("iam") => Some(Route::Other(Service::Iam, region_of(parts, IAM_REGION))),
        Some("sts") => Some(Route::Other(Service::Sts, region.to_owned())),
        Some(name) if watching(name).is_some() => {
            Some(Route::Other(watching(name)?, region.to_owned()))
        }
        _ if parts.uri.path().starts_with(CONTROL) => {
            let header =
                parts.headers.get("x-amz-account-id").and_then(|value| value.to_str().ok());
            Some(Route::Control(if is_account(name) { name } else { header? }.to_owned()))
        }
        _ => Some(Route::S3(bucket_below_localhost(name).map(str::to_owned))),
    }
}

/// What a host says by itself; below `localhost` it is taken for one of S3.
pub(super) fn host<'a>(authority: &'a str, region: &'a str) -> Option<Host<'a>> {
    let host = without_port(authority);
    match below_localhost(host) {
        Some(name) => Some(Host::S3(bucket_below_localhost(name))),
        None => aws(host, region),
    }
}

/// An authority without its port.
fn without_port(authority: &str) -> &str {
    match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => authority.split(':').next().unwrap_or_default(),
    }
}

/// What stands before `localhost`; nothing in it for `localhost` itself and for addresses.
fn below_localhost(host: &str) -> Option<&str> {
    if host == "localhost" || host.parse::<IpAddr>().is_ok() {
        return Some("");
    }
    host.strip_suffix(".localhost")
}

fn bucket_below_localhost(name: &str) -> Option<&str> {
    let bucket = name.strip_suffix(".s3").unwrap_or(name);
    (!bucket.is_empty() && bucket != "s3").then_some(bucket)
}

/// What a host says by itself.
#[derive(Debug)]
pub(super) enum Host<'a> {
    S3(Option<&'a str>),
    Other(Service, &'a str),
    Control(&'a str),
}

/// The hosts of AWS.
fn aws<'a>(host: &'a str, region: &'a str) -> Option<Host<'a>> {
    if host == "iam.amazonaws.com" {
        return Some(Host::Other(Service::Iam, IAM_REGION));
    }
    let name = host.strip_suffix(".amazonaws.com")?;
    // The global host is that of the oldest Region, and leads on to the others
    // (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>), which is not
    // modelled.
    if region == "us-east-1"
        && let Some(bucket) = name.strip_suffix("s3")
        && (bucket.is_empty() || bucket.ends_with('.'))
    {
        return Some(Host::S3(bucket.strip_suffix('.')));
    }
    if let Some(named) = name.strip_prefix("kms.") {
        return (named == region || REGIONS.contains(&named))
            .then_some(Host::Other(Service::Kms, named));
    }
    let name = name.strip_suffix(region)?.strip_suffix('.')?;
    match name {
        "sts" => return Some(Host::Other(Service::Sts, region)),
        "s3" => return Some(Host::S3(None)),
        _ => {}
    }
    if let Some(service) = watching(name) {
        return Some(Host::Other(service, region));
    }
    if let Some(account) = name.strip_suffix(".s3-control") {
        return is_account(account).then_some(Host::Control(account));
    }
    // Of an access point the host has its name and its account, which stand where a bucket's name
    // does.
    let bucket = name.strip_suffix(".s3").or_else(|| name.strip_suffix(".s3-accesspoint"))?;
    Some(Host::S3(Some(bucket)))
}

/// The service that watches an account whose host begins so, and which requests are signed for by
/// the same name.
fn watching(name: &str) -> Option<Service> {
    Service::WATCH.into_iter().find(|service| service.signing_name() == name)
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The Region that the request was signed for. In place of one that is none stands another, and the
/// signature is refused as one for the wrong Region.
fn region_of(parts: &Parts, otherwise: &str) -> String {
    let signed = part_of_scope(parts, 2).filter(|signed| REGIONS.contains(signed));
    signed.unwrap_or(otherwise).to_owned()
}

/// The service that the request was signed for.
fn signed_for(parts: &Parts) -> Option<&str> {
    part_of_scope(parts, 3)
}

/// A part of the credential scope, `KEY/DATE/REGION/SERVICE/aws4_request`, in a header or a
/// presigned query.
fn part_of_scope(parts: &Parts, number: usize) -> Option<&str> {
    let header =
        parts.headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some(header) = header {
        return header.split_once("Credential=")?.1.split(',').next()?.split('/').nth(number);
    }
    let query = parts.uri.query()?;
    let scope = query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-Credential="))?;
    scope.split(if scope.contains('/') { "/" } else { "%2F" }).nth(number)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const HEADER: &str = "AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-west-1/SERVICE/aws4_request, SignedHeaders=host, Signature=0";

    fn routed(authority: &str, path: &str, service: Option<&str>) -> Option<String> {
        let mut request = http::Request::builder().uri(path);
        if let Some(service) = service {
            request = request.header("authorization", HEADER.replace("SERVICE", service));
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        route(&parts, authority, "eu-west-1").map(|route| format!("{route:?}"))
    }

    #[test]
    fn hosts_name_services_buckets_and_accounts() {
        for (authority, path, service, expected) in [
            ("s3.eu-west-1.amazonaws.com", "/b/k", None, Some("S3(None)")),
            ("b.c.s3.eu-west-1.amazonaws.com:443", "/k", None, Some("S3(Some(\"b.c\"))")),
            ("s3.eu-west-2.amazonaws.com", "/", None, None),
            ("s3.eu-west-1.amazonaws.com.example.org", "/", None, None),
            ("xs3.eu-west-1.amazonaws.com", "/", None, None),
            ("kms.eu-west-1.amazonaws.com", "/", Some("s3"), Some("Other(Kms, \"eu-west-1\")")),
            ("kms.us-west-2.amazonaws.com", "/", None, Some("Other(Kms, \"us-west-2\")")),
            ("kms.nowhere-1.amazonaws.com", "/", None, None),
            ("sts.eu-west-1.amazonaws.com", "/", None, Some("Other(Sts, \"eu-west-1\")")),
            ("sts.us-west-2.amazonaws.com", "/", None, None),
            (
                "111122223333.s3-control.eu-west-1.amazonaws.com",
                "/v20180820/jobs",
                None,
                Some("Control(\"111122223333\")"),
            ),
            ("1.s3-control.eu-west-1.amazonaws.com", "/v20180820/jobs", None, None),
            (
                "point-abc-s3alias.s3.eu-west-1.amazonaws.com",
                "/k",
                None,
                Some("S3(Some(\"point-abc-s3alias\"))"),
            ),
            (
                "point-111122223333.s3-accesspoint.eu-west-1.amazonaws.com",
                "/k",
                None,
                Some("S3(Some(\"point-111122223333\"))"),
            ),
            ("127.0.0.1:9000", "/b/k", Some("s3"), Some("S3(None)")),
            ("[::1]:9000", "/", Some("kms"), Some("Other(Kms, \"eu-west-1\")")),
            ("localhost:9000", "/", Some("iam"), Some("Other(Iam, \"eu-west-1\")")),
            ("iam.amazonaws.com", "/", Some("iam"), Some("Other(Iam, \"us-east-1\")")),
            ("localhost:9000", "/", Some("sts"), Some("Other(Sts, \"eu-west-1\")")),
            ("localhost", "/", None, Some("S3(None)")),
            ("b.localhost:1", "/k", Some("s3"), Some("S3(Some(\"b\"))")),
            ("b.c.s3.localhost:1", "/k", None, Some("S3(Some(\"b.c\"))")),
            ("s3.localhost:1", "/k", None, Some("S3(None)")),
            (
                "111122223333.localhost:1",
                "/v20180820/jobs",
                Some("s3"),
                Some("Control(\"111122223333\")"),
            ),
            ("localhost:1", "/v20180820/jobs", Some("s3"), None),
            (
                "localhost",
                "/?X-Amz-Credential=A%2F2026%2Feu-west-1%2Fkms%2Faws4_request",
                None,
                Some("Other(Kms, \"eu-west-1\")"),
            ),
            (
                "localhost",
                "/?X-Amz-Credential=A/2026/eu-west-1/sts/aws4_request",
                None,
                Some("Other(Sts, \"eu-west-1\")"),
            ),
            (
                "cloudtrail.eu-west-1.amazonaws.com",
                "/",
                None,
                Some("Other(CloudTrail, \"eu-west-1\")"),
            ),
            ("cloudtrail.us-west-2.amazonaws.com", "/", None, None),
            ("localhost:1", "/", Some("monitoring"), Some("Other(CloudWatch, \"eu-west-1\")")),
            (
                "localhost:1",
                "/analyzer",
                Some("access-analyzer"),
                Some("Other(AccessAnalyzer, \"eu-west-1\")"),
            ),
            ("example.org", "/", None, None),
            ("", "/", None, None),
        ] {
            assert_eq!(routed(authority, path, service).as_deref(), expected, "{authority}{path}");
        }
    }

    #[test]
    fn the_global_host_is_that_of_the_oldest_region() {
        let there = |authority| host(authority, "us-east-1").map(|host| format!("{host:?}"));
        assert_eq!(there("s3.amazonaws.com").as_deref(), Some("S3(None)"));
        assert_eq!(there("b.c.s3.amazonaws.com").as_deref(), Some("S3(Some(\"b.c\"))"));
        assert_eq!(there("xs3.amazonaws.com"), None);
        assert!(host("s3.amazonaws.com", "eu-west-1").is_none());
        assert!(host("b.s3.amazonaws.com", "eu-west-1").is_none());
    }

    #[test]
    fn the_wire_layer_sees_the_same_buckets() {
        for (authority, expected) in [
            ("b.s3.eu-west-1.amazonaws.com", "Some(S3(Some(\"b\")))"),
            ("s3.eu-west-1.amazonaws.com", "Some(S3(None))"),
            ("127.0.0.1:1", "Some(S3(None))"),
            ("b.localhost:1", "Some(S3(Some(\"b\")))"),
            ("kms.eu-west-1.amazonaws.com", "Some(Other(Kms, \"eu-west-1\"))"),
            ("example.org", "None"),
        ] {
            assert_eq!(format!("{:?}", host(authority, "eu-west-1")), expected, "{authority}");
        }
    }
}
