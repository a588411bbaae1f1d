//! What tags of buckets may be
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/tagging.html>). AWS words the same fault
//! of `PutBucketTagging` and of `CreateBucket` in two ways; those of `CreateBucket` were recorded
//! by LocalStack, `test_create_bucket_with_tags_exc`, 23-02-2026.

use gainsay_model::xml::Element;
use s3s::{S3Error, S3Result};

use super::{WithDetail as _, error, tagging::MAX_BUCKET_TAGS, xml::malformed};

/// The operation that the tags come with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TaggedBy {
    CreateBucket,
    PutBucketTagging,
}

impl TaggedBy {
    fn repeated(self, key: &str) -> S3Error {
        match self {
            Self::CreateBucket => {
                let message = "We encountered an internal error. Please try again.";
                error(500, "InternalError", message)
            }
            // <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#S3TaggingErrorCodeList>.
            Self::PutBucketTagging => {
                let message = "Cannot provide multiple Tags with the same key";
                error(400, "InvalidTag", message).with_detail("TagKey", key)
            }
        }
    }

    fn of_the_system(self, key: &str) -> S3Error {
        match self {
            Self::CreateBucket => error(
                400,
                "InvalidTag",
                concat!(
                    "User-defined tag keys can't start with \"aws:\". This prefix is reserved for ",
                    "system tags. Remove \"aws:\" from your tag keys and try again."
                ),
            ),
            Self::PutBucketTagging => {
                let message = "System tags cannot be added/updated by requester";
                error(400, "InvalidTag", message).with_detail("TagKey", key)
            }
        }
    }
}

/// The tags in an element that holds `Tag`s, each with one key and one value.
pub(super) fn read(set: &Element, by: TaggedBy) -> S3Result<Vec<(String, String)>> {
    let pairs: Vec<(String, String)> = set
        .children
        .iter()
        .map(|tag| {
            let plain = tag.name == "Tag" && tag.unknown_child(&["Key", "Value"]).is_none();
            let pair = tag.only("Key").zip(tag.only("Value")).filter(|_| plain);
            pair.map(|(key, value)| (key.text.clone(), value.text.clone())).ok_or_else(malformed)
        })
        .collect::<S3Result<_>>()?;
    for (at, (key, value)) in pairs.iter().enumerate() {
        if pairs.iter().take(at).any(|(earlier, _)| earlier == key) {
            return Err(by.repeated(key));
        }
        if key.starts_with("aws:") {
            return Err(by.of_the_system(key));
        }
        if key.is_empty() || key.chars().count() > 128 || !key.chars().all(is_known) {
            let message = "The TagKey you have provided is invalid";
            return Err(error(400, "InvalidTag", message).with_detail("TagKey", key));
        }
        if value.chars().count() > 256 || !value.chars().all(is_known) {
            let message = "The TagValue you have provided is invalid";
            let error = error(400, "InvalidTag", message).with_detail("TagKey", key);
            return Err(error.with_detail("TagValue", value));
        }
    }
    if pairs.len() > MAX_BUCKET_TAGS {
        return Err(error(400, "BadRequest", "Bucket tag count cannot be greater than 50"));
    }
    Ok(pairs)
}

/// Letters, digits and spaces of any script, and `_ . : / = + - @`
/// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions>).
fn is_known(c: char) -> bool {
    c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(tags: &[(&str, &str)], by: TaggedBy) -> String {
        let tag = |(key, value): &(&str, &str)| {
            format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>")
        };
        let text = format!("<Tags>{}</Tags>", tags.iter().map(tag).collect::<String>());
        match Element::read(text.as_bytes()).ok_or_else(malformed).and_then(|set| read(&set, by)) {
            Ok(tags) => format!("{} tags", tags.len()),
            Err(error) => {
                format!("{} {}", error.code().as_str(), error.message().unwrap_or_default())
            }
        }
    }

    #[test]
    fn each_operation_words_what_is_wrong_with_tags() {
        use TaggedBy::{CreateBucket, PutBucketTagging};
        for by in [CreateBucket, PutBucketTagging] {
            assert_eq!(outcome(&[], by), "0 tags");
            assert_eq!(outcome(&[("a b", "ä+@"), ("c", "")], by), "2 tags");
            let (key, value) = ("k".repeat(129), "v".repeat(257));
            for (tag, word) in [
                (("a,b", "c"), "TagKey"),
                (("", "c"), "TagKey"),
                ((key.as_str(), ""), "TagKey"),
                (("a", "b,c"), "TagValue"),
                (("a", value.as_str()), "TagValue"),
            ] {
                let expected = format!("InvalidTag The {word} you have provided is invalid");
                assert_eq!(outcome(&[tag], by), expected, "{tag:?}");
            }
        }
        let twice = [("a", "b"), ("a", "c")];
        assert!(outcome(&twice, CreateBucket).starts_with("InternalError We encountered"));
        assert!(outcome(&twice, PutBucketTagging).starts_with("InvalidTag Cannot provide"));
        assert!(outcome(&[("aws:a", "b")], CreateBucket).starts_with("InvalidTag User-defined"));
        assert!(outcome(&[("aws:a", "b")], PutBucketTagging).starts_with("InvalidTag System"));
    }
}
