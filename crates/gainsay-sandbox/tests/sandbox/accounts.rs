//! S3 Control: an account's Block Public Access, tags of buckets, the Access Grants instance, and
//! what no client sends.

use aws_sdk_s3control::types::Tag;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use serde_json::json;

use crate::control::{NO_GRANT, setup};
use crate::support::{ACCOUNT, Answer, Field, PARTNER, Param, Table, field, outcome, run};

#[test]
fn an_accounts_block_holds_for_its_buckets() {
    run(async {
        let place = setup();
        let key = [(Param::Bucket, "gs-public"), (Param::Key, "k")];
        place.done("admin", "s3:PutObject", &key).await;
        let mut table = Table::default();
        table.row("before", &place.outcome("anonymous", "s3:GetObject", &key).await, "allowed");
        let absent = "404 NoSuchPublicAccessBlockConfiguration absent";
        table.row(
            "not set",
            &place.outcome("admin", "s3control:GetPublicAccessBlock", &[]).await,
            absent,
        );
        place.done("admin", "s3control:PutPublicAccessBlock", &[]).await;
        table.row(
            "set",
            &place.outcome("admin", "s3control:GetPublicAccessBlock", &[]).await,
            "allowed",
        );
        let denied = "403 AccessDenied denied by -: nothing named";
        table.row("anonymous", &place.outcome("anonymous", "s3:GetObject", &key).await, denied);
        table.row(
            "the account itself",
            &place.outcome("admin", "s3:GetObject", &key).await,
            "allowed",
        );
        let acl = [key[0], key[1], (Param::Acl, "public-read")];
        table.row(
            "a public ACL",
            &place.outcome("admin", "s3:PutObjectAcl", &acl).await,
            "403 AccessDenied denied by block-public-access: s3:PutObjectAcl",
        );
        let own = place
            .clients("admin", false)
            .await
            .s3
            .get_public_access_block()
            .bucket("gs-public")
            .send()
            .await;
        let own = own
            .expect("the bucket's own")
            .public_access_block_configuration
            .expect("four settings");
        assert_eq!(own.restrict_public_buckets, Some(false), "the bucket's own is as it was");
        place.done("admin", "s3control:DeletePublicAccessBlock", &[]).await;
        table.row("after", &place.outcome("anonymous", "s3:GetObject", &key).await, "allowed");
        table.row(
            "removed",
            &place.outcome("admin", "s3control:GetPublicAccessBlock", &[]).await,
            absent,
        );
    });
}

#[test]
fn tags_of_a_bucket_are_added_listed_and_removed() {
    run(async {
        let place = setup();
        let tags = |text: &'static str| [(Param::Bucket, "gs-one"), (Param::Tags, text)];
        let denied = "403 AccessDenied denied by identity: s3:TagResource";
        let mut table = Table::default();
        for (name, params, expected) in [
            ("the tag that is allowed", tags("team=a"), "allowed"),
            ("another value", tags("team=b"), denied),
            ("another key besides", tags("team=a&role=admin"), denied),
        ] {
            table.row(name, &place.outcome("team-a", "s3:TagResource", &params).await, expected);
        }
        place.done("admin", "s3:TagResource", &tags("team=c&cost=1&x=@y")).await;
        let bucket = [(Param::Bucket, "gs-one")];
        let listed = place.ask("admin", "s3:ListTagsForResource", &bucket).await;
        table.row("listed", &field(&listed, Field::Tags), "team=c&cost=1&x=@y");
        place.done("admin", "s3:UntagResource", &[bucket[0], (Param::TagKeys, "cost,team")]).await;
        let listed = place.ask("admin", "s3:ListTagsForResource", &bucket).await;
        table.row("after removal", &field(&listed, Field::Tags), "x=@y");
        let guarded = [(Param::Bucket, "gs-guarded"), (Param::Tags, "team=a")];
        for (who, expected) in [
            ("admin", "403 AccessDenied denied by resource|block-public-access: s3:TagResource"),
            ("tagger", "allowed"),
            ("team-a", "403 AccessDenied denied by resource|block-public-access: s3:TagResource"),
        ] {
            table.row(
                &format!("the bucket policy: {who}"),
                &place.outcome(who, "s3:TagResource", &guarded).await,
                expected,
            );
        }
        let client = place.s3control("admin").await;
        let many = (0..51)
            .map(|index| Tag::builder().key(index.to_string()).value("").build().expect("a tag"))
            .collect();
        let many = client
            .tag_resource()
            .account_id(ACCOUNT)
            .resource_arn("arn:aws:s3:::gs-one")
            .set_tags(Some(many))
            .send()
            .await;
        table.row(
            "51",
            &outcome("s3:TagResource", &Answer::from_error(&many.expect_err("a refusal"))),
            "400 BadRequest rejected",
        );
        for (name, arn, expected) in [
            ("no such bucket", "arn:aws:s3:::gs-none", "404 NoSuchResource absent"),
            ("another account's bucket", "arn:aws:s3:::gs-theirs", "404 NoSuchResource absent"),
            ("an object", "arn:aws:s3:::gs-one/k", "501 NotImplemented not-implemented"),
            (
                "an access point",
                "arn:aws:s3:eu-west-1:111122223333:accesspoint/a",
                "501 NotImplemented not-implemented",
            ),
        ] {
            let sent =
                client.list_tags_for_resource().account_id(ACCOUNT).resource_arn(arn).send().await;
            table.row(
                name,
                &outcome("s3:TagResource", &Answer::from_error(&sent.expect_err("a refusal"))),
                expected,
            );
        }
    });
}

#[test]
fn s3_and_s3_control_see_the_same_tags() {
    run(async {
        let place = setup();
        let bucket = [(Param::Bucket, "gs-one")];
        let absent = "404 NoSuchTagSet absent";
        let list = async || {
            field(&place.ask("admin", "s3:ListTagsForResource", &bucket).await, Field::Tags)
        };
        let mut table = Table::default();
        table.row(
            "none yet",
            &place.outcome("admin", "s3:GetBucketTagging", &bucket).await,
            absent,
        );
        place
            .done("admin", "s3:PutBucketTagging", &[bucket[0], (Param::Tags, "team=a&x=@y")])
            .await;
        table.row("put by S3", &list().await, "team=a&x=@y");
        place.done("admin", "s3:TagResource", &[bucket[0], (Param::Tags, "team=b")]).await;
        let client = place.clients("admin", false).await.s3;
        let result = client.get_bucket_tagging().bucket("gs-one").send().await.expect("the tags");
        let tags: Vec<String> =
            result.tag_set().iter().map(|tag| format!("{}={}", tag.key(), tag.value())).collect();
        table.row("changed by S3 Control", &tags.join("&"), "x=@y&team=b");
        table.row(
            "deleted",
            &place.outcome("admin", "s3:DeleteBucketTagging", &bucket).await,
            "allowed",
        );
        table.row("none left", &list().await, "");
        table.row(
            "none left for S3",
            &place.outcome("admin", "s3:GetBucketTagging", &bucket).await,
            absent,
        );
    });
}

#[test]
fn an_accounts_block_holds_for_a_public_policy() {
    run(async {
        let place = setup();
        let public = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::gs-public/*" } });
        let public = public.to_string();
        let put = [(Param::Bucket, "gs-public"), (Param::Document, public.as_str())];
        let mut table = Table::default();
        table.row("before", &place.outcome("admin", "s3:PutBucketPolicy", &put).await, "allowed");
        place.done("admin", "s3control:PutPublicAccessBlock", &[]).await;
        let blocked = "403 AccessDenied denied by block-public-access: s3:PutBucketPolicy";
        table.row("blocked", &place.outcome("admin", "s3:PutBucketPolicy", &put).await, blocked);
        place.done("admin", "s3control:DeletePublicAccessBlock", &[]).await;
        table.row("after", &place.outcome("admin", "s3:PutBucketPolicy", &put).await, "allowed");
    });
}

#[test]
fn the_access_grants_instance_is_one() {
    run(async {
        let place = setup();
        let absent = "404 AccessGrantsInstanceNotExistsError absent";
        let data = [
            (Param::Bucket, "gs-one"),
            (Param::Prefix, "team-a/"),
            (Param::Permission, "READWRITE"),
        ];
        let mut table = Table::default();
        for (operation, params, expected) in [
            ("s3:GetDataAccess", data.as_slice(), absent),
            ("s3:GetAccessGrantsInstance", &[], absent),
            ("s3:CreateAccessGrantsInstance", &[], "allowed"),
            (
                "s3:CreateAccessGrantsInstance",
                &[],
                "409 AccessGrantsInstanceAlreadyExists rejected",
            ),
            ("s3:GetAccessGrantsInstance", &[], "allowed"),
            ("s3:GetDataAccess", &data, NO_GRANT),
            ("s3:DeleteAccessGrantsInstance", &[], "allowed"),
            ("s3:DeleteAccessGrantsInstance", &[], absent),
        ] {
            table.row(operation, &place.outcome("admin", operation, params).await, expected);
        }
    });
}

/// What is changed before signing, so that the request is authentic and yet unlike any a client
/// sends.
const HOSTILE: &[(&str, fn(&mut HttpRequest), &str)] = &[
    ("nothing", |_| {}, "allowed"),
    ("no body", |request| *request.body_mut() = SdkBody::empty(), "400 MalformedXML rejected"),
    (
        "half a body",
        |request| *request.body_mut() = SdkBody::from("<TagResourceRequest><Tags>"),
        "400 MalformedXML rejected",
    ),
    (
        "another root",
        |request| *request.body_mut() = SdkBody::from("<Tagging/>"),
        "400 MalformedXML rejected",
    ),
    (
        "an entity of its own",
        |request| {
            *request.body_mut() = SdkBody::from(
                "<!DOCTYPE t [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><TagResourceRequest>&e;</TagResourceRequest>",
            );
        },
        "400 MalformedXML rejected",
    ),
    (
        "ten thousand levels",
        |request| *request.body_mut() = SdkBody::from("<a>".repeat(10_000)),
        "400 MalformedXML rejected",
    ),
    (
        "a member that is not known",
        |request| {
            *request.body_mut() =
                SdkBody::from("<TagResourceRequest><Tags/><More/></TagResourceRequest>");
        },
        "501 NotImplemented not-implemented",
    ),
    (
        "one key twice",
        |request| {
            *request.body_mut() = SdkBody::from(
                "<TagResourceRequest><Tags><Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>a</Key><Value>2</Value></Tag></Tags></TagResourceRequest>",
            );
        },
        "400 InvalidTag rejected",
    ),
    (
        "a header that is not known",
        |request| _ = request.headers_mut().insert("x-amz-outpost-id", "op-1"),
        "501 NotImplemented not-implemented",
    ),
    (
        "another account in the header",
        |request| _ = request.headers_mut().insert("x-amz-account-id", PARTNER),
        "400 InvalidRequest rejected",
    ),
    (
        "a query that is not known",
        |request| uri(request, |uri| format!("{uri}?force=true")),
        "501 NotImplemented not-implemented",
    ),
    (
        "another version of the API",
        |request| uri(request, |uri| uri.replace("v20180820", "v20990101")),
        "501 NotImplemented not-implemented",
    ),
    (
        "another account's endpoint",
        |request| {
            uri(request, |uri| uri.replacen(ACCOUNT, PARTNER, 1));
            request.headers_mut().insert("x-amz-account-id", PARTNER);
        },
        "403 AccessDenied denied by -: nothing named",
    ),
    (
        "an endpoint of nobody",
        |request| uri(request, |uri| uri.replacen(ACCOUNT, "1111222233330", 1)),
        "501 NotImplemented not-implemented",
    ),
];

fn uri(request: &mut HttpRequest, change: impl Fn(&str) -> String) {
    let new = change(request.uri());
    request.set_uri(new).expect("a URI");
}

#[test]
fn what_no_client_sends_changes_nothing() {
    run(async {
        let mut table = Table::default();
        for (name, change, expected) in HOSTILE {
            let place = setup();
            let client = place.s3control("admin").await;
            let tag = Tag::builder().key("a").value("1").build().expect("a tag");
            let request = client
                .tag_resource()
                .account_id(ACCOUNT)
                .resource_arn("arn:aws:s3:::gs-one")
                .tags(tag);
            let result = match request.customize().mutate_request(change).send().await {
                Ok(_) => "allowed".to_owned(),
                Err(error) => outcome("s3:TagResource", &Answer::from_error(&error)),
            };
            table.row(name, &result, expected);
            let listed =
                place.ask("admin", "s3:ListTagsForResource", &[(Param::Bucket, "gs-one")]).await;
            let left = if *name == "nothing" { "a=1" } else { "" };
            table.row(&format!("{name}: what is left"), &field(&listed, Field::Tags), left);
        }
    });
}
