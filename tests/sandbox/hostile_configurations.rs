//! Configurations that nobody should send: refused, and nothing is changed.

use crate::{
    admin::{BUCKET, setup, signed},
    place::{Table, run},
};

#[test]
fn hostile_configurations_are_refused_and_change_nothing() {
    run(async {
        let place = setup();
        let mut table = Table::default();
        let malformed = "400 MalformedXML rejected";
        let entity = |root: &str| {
            format!("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><{root}>&e;</{root}>")
        };
        for (query, root) in [
            ("publicAccessBlock", "PublicAccessBlockConfiguration"),
            ("encryption", "ServerSideEncryptionConfiguration"),
            ("versioning", "VersioningConfiguration"),
            ("ownershipControls", "OwnershipControls"),
            ("lifecycle", "LifecycleConfiguration"),
            ("replication", "ReplicationConfiguration"),
            ("logging", "BucketLoggingStatus"),
            ("inventory&id=x", "InventoryConfiguration"),
            ("tagging", "Tagging"),
            ("notification", "NotificationConfiguration"),
        ] {
            for (name, body) in [
                ("empty", String::new()),
                ("JSON", "{}".to_owned()),
                ("unclosed", format!("<{root}>")),
                ("another", "<Other/>".to_owned()),
                ("twice", format!("<{root}/><{root}/>")),
                ("an entity", entity(root)),
                ("binary", "\u{0}\u{1}".to_owned()),
                ("deep", format!("<{root}>{}", "<a>".repeat(5000))),
            ] {
                let told = signed(
                    &place,
                    "PUT",
                    &format!("/?{query}"),
                    "application/xml",
                    body.into_bytes(),
                )
                .await;
                table.row(&format!("{root}: {name}"), &told, malformed);
            }
            let huge = format!("<{root}>{}</{root}>", " ".repeat(1 << 20));
            let told =
                signed(&place, "PUT", &format!("/?{query}"), "application/xml", huge.into_bytes())
                    .await;
            table.row(&format!("{root}: huge"), &told, "400 MaxMessageLengthExceeded rejected");
        }
        for (query, body) in [
            (
                "publicAccessBlock",
                "<PublicAccessBlockConfiguration><NEW/></PublicAccessBlockConfiguration>",
            ),
            (
                "versioning",
                "<VersioningConfiguration><Status>Enabled</Status><NEW/></VersioningConfiguration>",
            ),
            (
                "encryption",
                "<ServerSideEncryptionConfiguration><Rule><NEW/></Rule></ServerSideEncryptionConfiguration>",
            ),
            ("logging", "<BucketLoggingStatus><NEW>x</NEW></BucketLoggingStatus>"),
            (
                "tagging",
                "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value><NEW/></Tag></TagSet></Tagging>",
            ),
            (
                "notification",
                "<NotificationConfiguration><NEW><A/></NEW></NotificationConfiguration>",
            ),
            (
                "lifecycle",
                "<LifecycleConfiguration><Rule><Status>Enabled</Status><Prefix>x</Prefix><Expiration><Days>1</Days><NEW/></Expiration></Rule></LifecycleConfiguration>",
            ),
        ] {
            let new =
                signed(&place, "PUT", &format!("/?{query}"), "application/xml", body.into()).await;
            table.row(&format!("{query}: new"), &new, "501 NotImplemented not-implemented");
        }
        let mismatch = "<InventoryConfiguration><Id>y</Id></InventoryConfiguration>";
        let told =
            signed(&place, "PUT", "/?inventory&id=x", "application/xml", mismatch.into()).await;
        table.row("half an inventory", &told, malformed);
        let tags = format!(
            "<Tagging><TagSet>{}</TagSet></Tagging>",
            "<Tag><Key>a</Key><Value>b</Value></Tag>".repeat(2)
        );
        table.row(
            "a tag twice",
            &signed(&place, "PUT", "/?tagging", "application/xml", tags.into()).await,
            "400 InvalidTag rejected",
        );
        for get in [
            "s3:GetBucketLifecycleConfiguration",
            "s3:GetBucketReplication",
            "s3:GetBucketTagging",
            "s3:GetBucketPolicy",
        ] {
            let told = place.seen("admin", get, &[BUCKET]).await;
            assert!(told.starts_with("404 "), "{get}: {told}");
        }
        let s3 = place.clients("admin", false).await.s3;
        let versioning =
            s3.get_bucket_versioning().bucket("gs-b").send().await.expect("versioning");
        assert_eq!(versioning.status(), Some(&aws_sdk_s3::types::BucketVersioningStatus::Enabled));
    });
}
