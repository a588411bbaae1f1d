//! Tags of buckets, as S3 Control reads and writes them.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_TagResource.html>. Refusals name
//! the bucket's ARN, and the bucket policy speaks of these actions as of any other on the bucket.

use gainsay_iam::Context;
use gainsay_model::{
    PublicAccessBlock,
    xml::{Element, element, wrap},
};

use super::{Call, Done, Fault, Result};
use crate::authorize::Question;

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/tagging.html>.
const MAX_TAGS: usize = 50;

impl Call<'_> {
    /// Authorizes an action on a bucket by its ARN, and only then says whether there is such a
    /// bucket.
    fn tagged(&self, arn: &str, action: &str, context: &Context) -> Result<String> {
        let name = arn.strip_prefix("arn:aws:s3:::").filter(|name| !name.contains('/'));
        let name = name.ok_or_else(|| Fault::not_modelled("tags of anything but buckets"))?;
        let bucket = self.world.buckets.get(name).map(|bucket| &bucket.config);
        let bucket = bucket.filter(|bucket| bucket.account == self.account);
        let of_account = self.world.control.public_access.get(self.account);
        let restricts = |block: &PublicAccessBlock| block.restrict_public_buckets;
        let _permit = self.scope.authorize(&Question {
            resource_policy: bucket.and_then(|bucket| bucket.policy.as_ref()),
            restrict_public: of_account.is_some_and(restricts)
                || bucket.is_some_and(|bucket| restricts(&bucket.public_access)),
            ..self.question(action, arn, context)
        })?;
        match bucket {
            Some(_) => Ok(name.to_owned()),
            // <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#S3TaggingErrorCodeList>
            None => Err(Fault::new(404, "NoSuchResource", "The specified resource doesn't exist.")),
        }
    }

    fn tags_of(&self, bucket: &str) -> Vec<(String, String)> {
        self.world.buckets.get(bucket).map(|bucket| bucket.tags.clone()).unwrap_or_default()
    }

    fn write_tags(&mut self, bucket: &str, tags: Vec<(String, String)>) {
        if let Some(bucket) = self.world.bucket_mut(bucket) {
            bucket.tags = tags;
        }
    }

    pub(super) fn list_tags(&mut self, arn: &str) -> Result<Done> {
        self.takes_query(&[])?;
        let bucket = self.tagged(arn, "s3:ListTagsForResource", &self.context())?;
        let tags = self.tags_of(&bucket);
        let tags = tags
            .iter()
            .map(|(key, value)| wrap("Tag", &(element("Key", key) + &element("Value", value))));
        Ok(Done::Body("ListTagsForResourceResult", wrap("Tags", &tags.collect::<String>())))
    }

    pub(super) fn tag(&mut self, arn: &str) -> Result<Done> {
        self.takes_query(&[])?;
        let request = self.read("TagResourceRequest", &["Tags"])?;
        let added = request.child("Tags").map(pairs).transpose()?.unwrap_or_default();
        let mut context = self.context();
        for (key, value) in &added {
            context.set(&format!("aws:RequestTag/{key}"), value.as_str());
        }
        context.set_all("aws:TagKeys", added.iter().map(|(key, _)| key.clone()));
        let bucket = self.tagged(arn, "s3:TagResource", &context)?;
        let mut tags = self.tags_of(&bucket);
        tags.retain(|(key, _)| !added.iter().any(|(other, _)| other == key));
        tags.extend(added);
        if tags.len() > MAX_TAGS {
            return Err(Fault::new(400, "BadRequest", "Object tags cannot be greater than 50"));
        }
        self.write_tags(&bucket, tags);
        Ok(Done::Nothing(204))
    }

    pub(super) fn untag(&mut self, arn: &str) -> Result<Done> {
        self.takes_query(&["tagKeys"])?;
        let keys: Vec<String> = self.query.iter().map(|(_, value)| value.clone()).collect();
        let mut context = self.context();
        context.set_all("aws:TagKeys", keys.iter().cloned());
        let bucket = self.tagged(arn, "s3:UntagResource", &context)?;
        let mut tags = self.tags_of(&bucket);
        tags.retain(|(key, _)| !keys.contains(key));
        self.write_tags(&bucket, tags);
        Ok(Done::Nothing(204))
    }
}

/// The tags of a document. Codes and words are those of
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#S3TaggingErrorCodeList>.
fn pairs(tags: &Element) -> Result<Vec<(String, String)>> {
    let pair = |tag: &Element| {
        let known = tag.name == "Tag" && tag.unknown_child(&["Key", "Value"]).is_none();
        let pair = tag.only("Key").zip(tag.only("Value")).filter(|_| known);
        pair.map(|(key, value)| (key.text.clone(), value.text.clone()))
    };
    let pairs: Vec<(String, String)> =
        tags.children.iter().map(pair).collect::<Option<_>>().ok_or_else(Fault::malformed)?;
    let invalid = |message: &str| Err(Fault::new(400, "InvalidTag", message));
    let known = |c: char| {
        c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c)
    };
    for (at, (key, value)) in pairs.iter().enumerate() {
        let fits = (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256;
        if !fits || !key.chars().chain(value.chars()).all(known) {
            return invalid(concat!(
                "This request contains a tag key or value that isn't valid. Valid characters ",
                "include the following: [a-zA-Z+-=._:/]. Tag keys can contain up to 128 ",
                "characters. Tag values can contain up to 256 characters."
            ));
        }
        if key.starts_with("aws:") {
            return invalid(concat!(
                "User-defined tag keys can't start with \"aws:\". This prefix is reserved for ",
                "system tags. Remove \"aws:\" from your tag keys and try again."
            ));
        }
        if pairs.iter().take(at).any(|(earlier, _)| earlier == key) {
            return invalid(concat!(
                "There are duplicate tag keys in your request. Remove the duplicate tag keys and ",
                "try again."
            ));
        }
    }
    Ok(pairs)
}
