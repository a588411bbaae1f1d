//! S3's XML in the shape that the AWS CLI prints.

use serde_json::{Map, Value};

use crate::xml::Element;

/// Elements that are one of many: the element around them where it matters, their name, and that of the list.
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
/// Elements that stand for the list of what is in them.
const WRAPPERS: &[&str] = &["OptionalFields"];
/// Elements that the API calls otherwise than its XML does.
const NAMES: &[(&str, &str)] = &[("MfaDelete", "MFADelete"), ("SSE-KMS", "SSEKMS"), ("SSE-S3", "SSES3")];
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

/// What the AWS CLI prints of a body: the content of its root element, under a name where it has one.
pub(super) fn printed(body: &[u8], name: Option<&str>) -> Option<Value> {
    // S3 has answered errors with 200 before, and so does a proxy's page.
    let strange = |root: &Element| root.name == "Error" || root.name.eq_ignore_ascii_case("html");
    let root = Element::read(body).filter(|root| !strange(root))?;
    let content = children(&root)?;
    Some(match name {
        None => Value::Object(content),
        Some(name) => Value::Object(Map::from_iter([(name.to_owned(), Value::Object(content))])),
    })
}

fn children(element: &Element) -> Option<Map<String, Value>> {
    let mut content = Map::new();
    for child in &element.children {
        let one_of =
            |(around, one, _): &&(Option<&str>, &str, &str)| *one == child.name && around.is_none_or(|around| around == element.name);
        let list = LISTS.iter().find(one_of).map(|(_, _, many)| *many);
        let renamed = NAMES.iter().find(|(xml, _)| *xml == child.name).map(|(_, name)| *name);
        let name = list.or(renamed).unwrap_or(&child.name);
        let value = value(child)?;
        match (list, content.get_mut(name)) {
            (Some(_), Some(Value::Array(values))) => values.push(value),
            (Some(_), _) => _ = content.insert(name.to_owned(), Value::Array(vec![value])),
            // Twice what can be there once: nobody knows which of them holds.
            (None, Some(_)) => return None,
            (None, None) => _ = content.insert(name.to_owned(), value),
        }
    }
    Some(content)
}

fn value(element: &Element) -> Option<Value> {
    let is = |names: &[&str]| names.contains(&element.name.as_str());
    if is(WRAPPERS) {
        return element.children.iter().map(value).collect::<Option<_>>().map(Value::Array);
    }
    if !element.children.is_empty() || is(STRUCTURES) {
        return children(element).map(Value::Object);
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
        let body = br#"<?xml version="1.0"?><ServerSideEncryptionConfiguration xmlns="u"><Rule><ApplyServerSideEncryptionByDefault>
            <SSEAlgorithm>aws:kms</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled>
            <BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType></BlockedEncryptionTypes></Rule></ServerSideEncryptionConfiguration>"#;
        let expected = json!({ "C": { "Rules": [{
            "ApplyServerSideEncryptionByDefault": { "SSEAlgorithm": "aws:kms" },
            "BucketKeyEnabled": true,
            "BlockedEncryptionTypes": { "EncryptionType": ["SSE-C"] },
        }] } });
        assert_eq!(printed(body, Some("C")), Some(expected));
        assert_eq!(printed(b"<V/>", None), Some(json!({})));
        let lifecycle = b"<LifecycleConfiguration><Rule><ID>a</ID><Filter/><Transition><Days>30</Days></Transition><Transition><Days>90</Days></Transition></Rule>
            <Rule><Filter><And><Prefix>p</Prefix><Tag><Key>k</Key></Tag></And></Filter></Rule><Rule><Filter><Tag><Key>k</Key></Tag></Filter></Rule></LifecycleConfiguration>";
        let expected = json!({ "Rules": [
            { "ID": "a", "Filter": {}, "Transitions": [{ "Days": 30 }, { "Days": 90 }] },
            { "Filter": { "And": { "Prefix": "p", "Tags": [{ "Key": "k" }] } } },
            { "Filter": { "Tag": { "Key": "k" } } },
        ] });
        assert_eq!(printed(lifecycle, None), Some(expected));
        let inventory =
            b"<L><InventoryConfiguration><IsEnabled>true</IsEnabled><OptionalFields><Field>Size</Field><Field>ETag</Field></OptionalFields>
            <Encryption><SSE-KMS><KeyId>k</KeyId></SSE-KMS></Encryption></InventoryConfiguration></L>";
        let expected = json!({ "InventoryConfigurationList": [
            { "IsEnabled": true, "OptionalFields": ["Size", "ETag"], "Encryption": { "SSEKMS": { "KeyId": "k" } } },
        ] });
        assert_eq!(printed(inventory, None), Some(expected));
        assert_eq!(
            printed(b"<P><IsPublic>TRUE</IsPublic></P>", None),
            Some(json!({ "IsPublic": true }))
        );
    }

    #[test]
    fn what_may_mean_two_things_is_not_read() {
        for body in [
            "<V><Status>a</Status><Status>b</Status></V>",
            "<P><IsPublic>yes</IsPublic></P>",
            "<L><Rule><Days>soon</Days></Rule></L>",
            "<L><Rule><Days>-1</Days></Rule></L>",
            "<V>",
            "",
        ] {
            assert_eq!(printed(body.as_bytes(), None), None, "{body}");
        }
    }
}
