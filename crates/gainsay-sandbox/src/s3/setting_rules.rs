//! What the configurations of a bucket may say, as tables over their documents: the values of their
//! members, and the members that AWS gives an id where a request has none.

use gainsay_model::xml::Element;
use s3s::{S3Error, S3Result};
use uuid::Uuid;

use super::{
    WithDetail as _, error,
    xml::{document_of, malformed},
};

/// A member of a document by the way to it, and what it may be. A member that is not there is not
/// checked: what has to be there the wire layer's schema knows, or an empty value is none of these.
type Values = (&'static [&'static str], &'static [&'static str]);

/// The possible values of members, by the root of their document. Each is `MalformedXML` where it
/// is another: recorded by LocalStack for inventories
/// (`test_put_bucket_inventory_config_exceptions`), assumed of the others.
const VALUES: &[(&str, &[Values])] = &[
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_InventoryConfiguration.html>
    (
        "InventoryConfiguration",
        &[
            (&["Destination", "S3BucketDestination", "Format"], &["CSV", "ORC", "Parquet"]),
            (&["Schedule", "Frequency"], &["Daily", "Weekly"]),
            (&["IncludedObjectVersions"], &["All", "Current"]),
            (&["IsEnabled"], &["true", "false"]),
            (&["OptionalFields", "Field"], INVENTORY_FIELDS),
        ],
    ),
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_StorageClassAnalysisDataExport.html>
    (
        "AnalyticsConfiguration",
        &[
            (&["StorageClassAnalysis", "DataExport", "OutputSchemaVersion"], &["V_1"]),
            (
                &[
                    "StorageClassAnalysis",
                    "DataExport",
                    "Destination",
                    "S3BucketDestination",
                    "Format",
                ],
                &["CSV"],
            ),
        ],
    ),
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_IntelligentTieringConfiguration.html>
    (
        "IntelligentTieringConfiguration",
        &[
            (&["Status"], &["Enabled", "Disabled"]),
            (&["Tiering", "AccessTier"], &["ARCHIVE_ACCESS", "DEEP_ARCHIVE_ACCESS"]),
        ],
    ),
];

const INVENTORY_FIELDS: &[&str] = &[
    "Size",
    "LastModifiedDate",
    "StorageClass",
    "ETag",
    "IsMultipartUploaded",
    "ReplicationStatus",
    "EncryptionStatus",
    "ObjectLockRetainUntilDate",
    "ObjectLockMode",
    "ObjectLockLegalHoldStatus",
    "IntelligentTieringAccessTier",
    "BucketKeyStatus",
    "ChecksumAlgorithm",
    "ObjectAccessControlList",
    "ObjectOwner",
    "LifecycleExpirationDate",
];

/// Checks the values of a document by the table.
pub(super) fn check_values(body: &[u8]) -> S3Result<Element> {
    let root = Element::read(body).ok_or_else(malformed)?;
    let rows = VALUES.iter().find(|(name, _)| *name == root.name).map_or(&[][..], |(_, rows)| rows);
    for (path, values) in rows {
        if !at(&root, path).iter().all(|found| values.contains(&found.text.as_str())) {
            return Err(malformed());
        }
    }
    Ok(root)
}

/// The elements at the end of a way.
fn at<'a>(element: &'a Element, path: &[&str]) -> Vec<&'a Element> {
    let Some((first, rest)) = path.split_first() else { return vec![element] };
    let children = element.children.iter().filter(|child| child.name == *first);
    children.flat_map(|child| at(child, rest)).collect()
}

/// The id of the query is that of the document. The words are AWS's of an inventory (recorded by
/// LocalStack, `test_put_bucket_inventory_config_exceptions`); of the others it says `MalformedXML`
/// (`test_s3_analytics_configurations`, 21-02-2026).
pub(super) fn check_id(root: &Element, id: Option<&str>) -> S3Result<()> {
    if root.get("Id") == id {
        Ok(())
    } else if root.name == "InventoryConfiguration" {
        let message = "Document ID does not match the specified configuration ID.";
        Err(error(400, "IdMismatch", message))
    } else {
        Err(malformed())
    }
}

/// An inventory is delivered to a bucket by its ARN.
pub(super) fn check_inventory_destination(root: &Element) -> S3Result<()> {
    let bucket = at(root, &["Destination", "S3BucketDestination", "Bucket"]);
    if bucket.iter().all(|bucket| bucket.text.starts_with("arn:")) {
        return Ok(());
    }
    Err(error(400, "InvalidS3DestinationBucket", "Invalid bucket ARN."))
}

/// Members that have ids, and the name of the id, by the root of their document. AWS says that it
/// makes one where there is none, without a word about its form; lifecycle rules were seen to get
/// the text of a random UUID in base 64.
const NAMED: &[(&str, &[&str], &str)] = &[
    ("ReplicationConfiguration", &["Rule"], "ID"),
    (
        "NotificationConfiguration",
        &["QueueConfiguration", "TopicConfiguration", "CloudFunctionConfiguration"],
        "Id",
    ),
];

/// The document with an id wherever one is made.
pub(super) fn with_ids(body: &[u8]) -> Option<String> {
    let mut root = Element::read(body)?;
    let (_, members, id) = NAMED.iter().find(|(name, ..)| *name == root.name)?;
    let mut changed = false;
    for member in &mut root.children {
        if members.contains(&member.name.as_str()) {
            changed |= name(member, id);
        }
    }
    let inner: String = root.children.iter().map(Element::write).collect();
    changed.then(|| document_of(&root.name, &inner))
}

/// Gives an element an id where it has none. Whether it got one.
pub(super) fn name(element: &mut Element, member: &str) -> bool {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    if element.get(member).is_some_and(|id| !id.is_empty()) {
        return false;
    }
    element.children.retain(|child| child.name != member);
    let text = STANDARD.encode(Uuid::new_v4().to_string());
    let id = Element { name: member.to_owned(), text, ..Element::default() };
    element.children.insert(0, id);
    true
}

/// An argument that AWS names beside its words.
fn argument(message: &'static str, name: &'static str, value: Option<&str>) -> S3Error {
    let error = error(400, "InvalidArgument", message).with_detail("ArgumentName", name);
    match value {
        Some(value) => error.with_detail("ArgumentValue", value),
        None => error,
    }
}

/// A website: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketWebsite.html>. The
/// words were recorded by LocalStack (`test_s3_static_website_hosting` and
/// `test_validate_website_conf`).
pub(super) fn check_website(body: &[u8]) -> S3Result<()> {
    let root = Element::read(body).ok_or_else(malformed)?;
    let protocol = |element: &Element| match element.get("Protocol") {
        None | Some("http" | "https") => Ok(()),
        Some(_) => Err(error(
            400,
            "InvalidRequest",
            concat!(
                "Invalid protocol, protocol can be http or https. If not defined the protocol ",
                "will be selected automatically."
            ),
        )),
    };
    if let Some(all) = root.child("RedirectAllRequestsTo") {
        if root.children.len() > 1 {
            return Err(argument(
                "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.",
                "RedirectAllRequestsTo",
                Some("not null"),
            ));
        }
        all.child("HostName").ok_or_else(malformed)?;
        return protocol(all);
    }
    let index = root.child("IndexDocument").ok_or_else(|| {
        let message =
            "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty";
        argument(message, "IndexDocument", Some("null"))
    })?;
    let suffix = index.get("Suffix").filter(|suffix| !suffix.is_empty());
    if suffix.is_none_or(|suffix| suffix.contains('/')) {
        let message = "The IndexDocument Suffix is not well formed";
        return Err(argument(message, "IndexDocument", suffix));
    }
    if root.child("ErrorDocument").is_some_and(|error| error.get("Key").is_none_or(str::is_empty)) {
        return Err(malformed());
    }
    let Some(rules) = root.child("RoutingRules") else { return Ok(()) };
    if rules.children.is_empty() {
        return Err(malformed());
    }
    for rule in &rules.children {
        if rule.child("Condition").is_some_and(|condition| condition.children.is_empty()) {
            return Err(error(
                400,
                "InvalidRequest",
                concat!(
                    "Condition cannot be empty. To redirect all requests without a condition, the ",
                    "condition element shouldn't be present."
                ),
            ));
        }
        let Some(redirect) = rule.child("Redirect") else { continue };
        if redirect.child("ReplaceKeyPrefixWith").is_some()
            && redirect.child("ReplaceKeyWith").is_some()
        {
            let message = "You can only define ReplaceKeyPrefix or ReplaceKey but not both.";
            return Err(error(400, "InvalidRequest", message));
        }
        protocol(redirect)?;
    }
    Ok(())
}

/// CORS: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html>.
pub(super) fn check_cors(body: &[u8]) -> S3Result<()> {
    let root = Element::read(body).ok_or_else(malformed)?;
    if root.children.is_empty() || root.children.len() > 100 {
        return Err(malformed());
    }
    for rule in &root.children {
        let methods = at(rule, &["AllowedMethod"]);
        if methods.is_empty() || at(rule, &["AllowedOrigin"]).is_empty() {
            return Err(malformed());
        }
        let known = ["GET", "PUT", "POST", "DELETE", "HEAD"];
        if let Some(method) = methods.iter().find(|it| !known.contains(&it.text.as_str())) {
            return Err(error(
                400,
                "InvalidRequest",
                format!(
                    "Found unsupported HTTP method in CORS config. Unsupported method is {}",
                    method.text
                ),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(checked: S3Result<()>) -> String {
        match checked {
            Ok(()) => "right".to_owned(),
            Err(error) => {
                format!("{} {}", error.code().as_str(), error.message().unwrap_or_default())
            }
        }
    }

    #[test]
    fn values_are_those_of_the_table() {
        let inventory = "<InventoryConfiguration><Destination><S3BucketDestination>\
            <Bucket>arn:aws:s3:::b</Bucket><Format>CSV</Format></S3BucketDestination>\
            </Destination><IsEnabled>true</IsEnabled><Id>i</Id>\
            <IncludedObjectVersions>All</IncludedObjectVersions>\
            <OptionalFields><Field>Size</Field><Field>ETag</Field></OptionalFields>\
            <Schedule><Frequency>Daily</Frequency></Schedule></InventoryConfiguration>";
        let check = |text: &str| {
            check_values(text.as_bytes()).and_then(|root| {
                check_id(&root, Some("i"))?;
                check_inventory_destination(&root)
            })
        };
        assert_eq!(outcome(check(inventory)), "right");
        for (from, to, expected) in [
            ("CSV", "WrongFormat", "MalformedXML"),
            ("Daily", "Hourly", "MalformedXML"),
            (">All<", ">Wrong<", "MalformedXML"),
            (">ETag<", ">etag<", "MalformedXML"),
            (">i<", ">j<", "IdMismatch Document ID does not match"),
            ("arn:aws:s3:::b", "b", "InvalidS3DestinationBucket Invalid bucket ARN."),
        ] {
            let answer = outcome(check(&inventory.replace(from, to)));
            assert!(answer.starts_with(expected), "{from} {to}: {answer}");
        }
        let analytics = "<AnalyticsConfiguration><Id>i</Id></AnalyticsConfiguration>";
        let other = analytics.replace(">i<", ">j<");
        assert_eq!(outcome(check(analytics)), "right");
        assert!(outcome(check(&other)).starts_with("MalformedXML"));
    }

    #[test]
    fn websites_and_origins_are_checked_in_aws_words() {
        let site = |inner: &str| {
            outcome(check_website(
                format!("<WebsiteConfiguration>{inner}</WebsiteConfiguration>").as_bytes(),
            ))
        };
        let index = "<IndexDocument><Suffix>i.html</Suffix></IndexDocument>";
        let all = "<RedirectAllRequestsTo><HostName>h</HostName></RedirectAllRequestsTo>";
        for (inner, expected) in [
            (index.to_owned(), "right"),
            (all.to_owned(), "right"),
            (String::new(), "InvalidArgument A value for IndexDocument"),
            (index.replace("i.html", "a/b"), "InvalidArgument The IndexDocument Suffix"),
            (format!("{index}{all}"), "InvalidArgument RedirectAllRequestsTo cannot"),
            (format!("{index}<RoutingRules></RoutingRules>"), "MalformedXML"),
            (format!("{index}<ErrorDocument></ErrorDocument>"), "MalformedXML"),
        ] {
            assert!(site(&inner).starts_with(expected), "{inner}: {}", site(&inner));
        }
        let cors = |inner: &str| {
            let rule =
                format!("<CORSConfiguration><CORSRule>{inner}</CORSRule></CORSConfiguration>");
            outcome(check_cors(rule.as_bytes()))
        };
        let origin = "<AllowedOrigin>*</AllowedOrigin>";
        assert_eq!(cors(&format!("<AllowedMethod>GET</AllowedMethod>{origin}")), "right");
        assert!(cors(origin).starts_with("MalformedXML"));
        let odd = cors(&format!("<AllowedMethod>PATCH</AllowedMethod>{origin}"));
        assert!(odd.ends_with("Unsupported method is PATCH"), "{odd}");
    }

    #[test]
    fn only_members_without_an_id_get_one() {
        let text = "<ReplicationConfiguration><Role>r</Role><Rule><ID>a</ID></Rule><Rule>\
            <Status>Enabled</Status></Rule></ReplicationConfiguration>";
        let named = with_ids(text.as_bytes()).unwrap_or_default();
        assert_eq!(named.matches("<ID>").count(), 2, "{named}");
        assert!(named.contains("<ID>a</ID>"), "{named}");
        assert_eq!(with_ids(named.as_bytes()), None);
        assert_eq!(with_ids(b"<LoggingEnabled></LoggingEnabled>"), None);
    }
}
