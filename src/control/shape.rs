//! S3's XML in the shape that the AWS CLI prints.

use gainsay_model::xml::Element;
use serde_json::{Map, Value};

/// Elements that are one of many: the element around them where it matters, their name, and that of
/// the list.
const LISTS: &[(Option<&str>, &str, &str)] = &[
    (Some("ServerSideEncryptionConfiguration"), "Rule", "Rules"),
    (Some("OwnershipControls"), "Rule", "Rules"),
    (Some("LifecycleConfiguration"), "Rule", "Rules"),
    (Some("ReplicationConfiguration"), "Rule", "Rules"),
    (None, "TopicConfiguration", "TopicConfigurations"),
    (None, "QueueConfiguration", "QueueConfigurations"),
    (None, "CloudFunctionConfiguration", "LambdaFunctionConfigurations"),
    (None, "Event", "Events"),
    (None, "EncryptionType", "EncryptionType"),
    (None, "Transition", "Transitions"),
    (None, "NoncurrentVersionTransition", "NoncurrentVersionTransitions"),
    (None, "InventoryConfiguration", "InventoryConfigurationList"),
    (Some("And"), "Tag", "Tags"),
];
/// Elements that the API makes a list of, and of which a bucket has one
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-bucket-encryption.html>).
const LISTS_OF_ONE: &[&str] = &["ServerSideEncryptionConfiguration", "OwnershipControls"];
/// Elements that stand for the list of what is in them, and what that is called.
const WRAPPERS: &[(&str, &str)] = &[("OptionalFields", "Field")];
/// Elements that the API calls otherwise than its XML does.
const NAMES: &[(&str, &str)] =
    &[("MfaDelete", "MFADelete"), ("SSE-KMS", "SSEKMS"), ("SSE-S3", "SSES3")];
/// Elements that are true or false. AWS's page of `GetBucketPolicyStatus` shows `TRUE`.
const BOOLS: &[&str] = &[
    "BucketKeyEnabled",
    "BlockPublicAcls",
    "IgnorePublicAcls",
    "BlockPublicPolicy",
    "RestrictPublicBuckets",
    "IsPublic",
    "IsEnabled",
    "IsTruncated",
    "ExpiredObjectDeleteMarker",
];
/// Elements that are whole numbers.
const NUMBERS: &[&str] = &[
    "Days",
    "Years",
    "Priority",
    "NoncurrentDays",
    "NewerNoncurrentVersions",
    "DaysAfterInitiation",
];
/// Elements that have others in them, also where they are empty.
const STRUCTURES: &[&str] = &["Filter", "SSE-S3", "LoggingEnabled", "EventBridgeConfiguration"];

/// What the namespaces of S3 and S3 Control begin with, as their API models say.
const NAMESPACES: &[&str] =
    &["http://s3.amazonaws.com/doc/", "http://awss3control.amazonaws.com/doc/"];

/// What the AWS CLI prints of a body: the content of its root element, under its name or as it is.
/// Another root is no answer: S3 has answered errors with 200 before, and so does a proxy's page.
pub(super) fn printed(body: &[u8], root: &str, named: bool) -> Option<Value> {
    let is_ours = |namespace: String| NAMESPACES.iter().any(|ours| namespace.starts_with(ours));
    // What names no namespace, as AWS's own pages show some answers, is taken for one of S3's.
    if !Element::namespace(body).is_none_or(is_ours) {
        return None;
    }
    let found =
        Element::read(body).filter(|found| found.name == root && found.text.trim().is_empty())?;
    let content = Value::Object(children(&found)?);
    Some(if named { Value::Object(Map::from_iter([(root.to_owned(), content)])) } else { content })
}

fn children(element: &Element) -> Option<Map<String, Value>> {
    let mut content = Map::new();
    for child in &element.children {
        let one_of = |(around, one, _): &&(Option<&str>, &str, &str)| {
            *one == child.name && around.is_none_or(|around| around == element.name)
        };
        let list = LISTS.iter().find(one_of).map(|(_, _, many)| *many);
        let renamed = NAMES.iter().find(|(xml, _)| *xml == child.name).map(|(_, name)| *name);
        let name = list.or(renamed).unwrap_or(&child.name);
        let value = value(child)?;
        match (list, content.get_mut(name)) {
            (Some(_), Some(Value::Array(values)))
                if !LISTS_OF_ONE.contains(&element.name.as_str()) =>
            {
                values.push(value);
            }
            (Some(_), None) => _ = content.insert(name.to_owned(), Value::Array(vec![value])),
            // Twice what can be there once: nobody knows which of them holds.
            (_, Some(_)) => return None,
            (None, None) => _ = content.insert(name.to_owned(), value),
        }
    }
    Some(content)
}

fn value(element: &Element) -> Option<Value> {
    let is = |names: &[&str]| names.contains(&element.name.as_str());
    if let Some((_, one)) = WRAPPERS.iter().find(|(wrapper, _)| *wrapper == element.name) {
        let values =
            element.children.iter().map(|child| value(child).filter(|_| child.name == *one));
        return values.collect::<Option<_>>().map(Value::Array);
    }
    if !element.children.is_empty() || is(STRUCTURES) {
        // Text beside elements is of nobody.
        return children(element).filter(|_| element.text.trim().is_empty()).map(Value::Object);
    }
    let text = element.text.trim();
    if is(NUMBERS) {
        return text.parse::<u32>().ok().map(Value::from);
    }
    if is(BOOLS) {
        return match text.to_ascii_lowercase().as_str() {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        };
    }
    Some(Value::String(element.text.clone()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_has_the_shape_of_the_command_line() {
        let body = br#"<?xml version="1.0"?><ServerSideEncryptionConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><ApplyServerSideEncryptionByDefault>
            <SSEAlgorithm>aws:kms</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled>
            <BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType></BlockedEncryptionTypes></Rule></ServerSideEncryptionConfiguration>"#;
        let expected = json!({ "ServerSideEncryptionConfiguration": { "Rules": [{
            "ApplyServerSideEncryptionByDefault": { "SSEAlgorithm": "aws:kms" },
            "BucketKeyEnabled": true,
            "BlockedEncryptionTypes": { "EncryptionType": ["SSE-C"] },
        }] } });
        assert_eq!(printed(body, "ServerSideEncryptionConfiguration", true), Some(expected));
        assert_eq!(printed(b"<V/>", "V", false), Some(json!({})));
        let lifecycle = b"<LifecycleConfiguration><Rule><ID>a</ID><Filter/><Transition><Days>30</Days></Transition><Transition><Days>90</Days></Transition></Rule>
            <Rule><Filter><And><Prefix>p</Prefix><Tag><Key>k</Key></Tag></And></Filter></Rule><Rule><Filter><Tag><Key>k</Key></Tag></Filter></Rule></LifecycleConfiguration>";
        let expected = json!({ "Rules": [
            { "ID": "a", "Filter": {}, "Transitions": [{ "Days": 30 }, { "Days": 90 }] },
            { "Filter": { "And": { "Prefix": "p", "Tags": [{ "Key": "k" }] } } },
            { "Filter": { "Tag": { "Key": "k" } } },
        ] });
        assert_eq!(printed(lifecycle, "LifecycleConfiguration", false), Some(expected));
        let inventory =
            b"<L><InventoryConfiguration><IsEnabled>true</IsEnabled><OptionalFields><Field>Size</Field><Field>ETag</Field></OptionalFields>
            <Encryption><SSE-KMS><KeyId>k</KeyId></SSE-KMS></Encryption></InventoryConfiguration></L>";
        let expected = json!({ "InventoryConfigurationList": [
            { "IsEnabled": true, "OptionalFields": ["Size", "ETag"], "Encryption": { "SSEKMS": { "KeyId": "k" } } },
        ] });
        assert_eq!(printed(inventory, "L", false), Some(expected));
        assert_eq!(
            printed(b"<P><IsPublic>TRUE</IsPublic></P>", "P", false),
            Some(json!({ "IsPublic": true }))
        );
    }

    #[test]
    fn what_may_mean_two_things_is_not_read() {
        let rule = "<Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>";
        let default = "<Rule><BucketKeyEnabled>true</BucketKeyEnabled></Rule>";
        for (root, body) in [
            ("V", "<V><Status>a</Status><Status>b</Status></V>"),
            ("V", "<V><Status>a</Status><Status>a</Status></V>"),
            ("V", "<V>text<Status>a</Status></V>"),
            ("V", "<V><A>text<Status>a</Status></A></V>"),
            ("P", "<P><IsPublic>yes</IsPublic></P>"),
            ("L", "<L><Rule><Days>soon</Days></Rule></L>"),
            ("L", "<L><Rule><Days>-1</Days></Rule></L>"),
            ("L", "<L><OptionalFields><Field>ETag</Field><Other>Size</Other></OptionalFields></L>"),
            ("OwnershipControls", &format!("<OwnershipControls>{rule}{rule}</OwnershipControls>")),
            (
                "ServerSideEncryptionConfiguration",
                &format!(
                    "<ServerSideEncryptionConfiguration>{default}{default}</ServerSideEncryptionConfiguration>"
                ),
            ),
            ("V", "<W><Status>a</Status></W>"),
            ("V", "<V xmlns=\"urn:other\"><Status>a</Status></V>"),
            ("V", "<x:V xmlns:x=\"urn:other\"><x:Status>a</x:Status></x:V>"),
            ("V", "<Error><V><Status>a</Status></V></Error>"),
            ("V", "<V/><V/>"),
            ("V", "<V>"),
            ("V", ""),
        ] {
            assert_eq!(printed(body.as_bytes(), root, false), None, "{body}");
        }
        let one = format!("<OwnershipControls>{rule}</OwnershipControls>");
        assert!(printed(one.as_bytes(), "OwnershipControls", true).is_some());
    }
}
