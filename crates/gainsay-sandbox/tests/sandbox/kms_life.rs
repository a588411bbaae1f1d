//! What becomes of keys as time goes by and from Region to Region: rotation, deletion, replicas.

use std::time::Duration;

use aws_sdk_kms::{
    Client,
    config::Region,
    error::ProvideErrorMetadata,
    primitives::Blob,
    types::{IncludeKeyMaterial, KeyState, MultiRegionKeyType, RotationsListEntry},
};
use serde_json::json;

use crate::support::{Param, Place, Setup, Table, allow, delegated, run};

const DAY: Duration = Duration::from_hours(24);

/// A client in a Region; the administrator's is one whose credentials do not expire while the clock
/// is moved.
async fn client(place: &Place, who: &str, region: &str) -> Client {
    let clients = place.clients(who, false).await;
    let mut config = clients.kms.config().to_builder().region(Region::new(region.to_owned()));
    if who == "admin" {
        config = config.credentials_provider(aws_credential_types::Credentials::from(
            place.sandbox.admin_credentials(),
        ));
    }
    Client::from_conf(config.build())
}

/// The code of an error, or `allowed`.
fn code<T, E: ProvideErrorMetadata>(answer: Result<T, E>) -> String {
    match answer {
        Ok(_) => "allowed".to_owned(),
        Err(error) => error.code().unwrap_or_default().to_owned(),
    }
}

fn setup() -> Place {
    Setup::new()
        .role("idle", json!([allow("s3:ListBucket", "*")]))
        .role("no-new-keys", json!([allow(["kms:ReplicateKey", "kms:PutKeyPolicy"], "*")]))
        .bucket("kept", ", encryption: { algorithm: aws:kms, key: k, bucket_key: true }", None)
        .key("k", "", delegated())
        .build()
}

fn arn(place: &Place) -> String {
    place.environment.key("k").expect("the key").arn.clone()
}

async fn rotations(kms: &Client, key: &str) -> Vec<RotationsListEntry> {
    let all = kms
        .list_key_rotations()
        .key_id(key)
        .include_key_material(IncludeKeyMaterial::AllKeyMaterial);
    all.send().await.expect("a list").rotations.unwrap_or_default()
}

fn kinds(rotations: &[RotationsListEntry]) -> String {
    let kind = |entry: &RotationsListEntry| {
        let kind = entry.rotation_type.as_ref().map_or("FIRST", |kind| kind.as_str()).to_owned();
        let state = entry.key_material_state.as_ref().map_or("", |state| state.as_str());
        format!("{kind} {state}")
    };
    rotations.iter().map(kind).collect::<Vec<_>>().join(", ")
}

#[test]
fn the_clock_rotates_and_what_was_sealed_stays_readable() {
    run(async {
        let place = setup();
        let (kms, key) = (client(&place, "admin", "eu-west-1").await, arn(&place));
        let object = [(Param::Bucket, "gs-kept"), (Param::Key, "k")];
        place.done("admin", "s3:PutObject", &object).await;
        let sealed =
            kms.encrypt().key_id(&key).plaintext(Blob::new("old")).send().await.expect("sealed");
        kms.enable_key_rotation()
            .key_id(&key)
            .rotation_period_in_days(90)
            .send()
            .await
            .expect("on");
        let mut table = Table::default();
        let status = kms.get_key_rotation_status().key_id(&key).send().await.expect("a status");
        table.row(
            "the id, not the ARN",
            &status.key_id.unwrap_or_default(),
            key.rsplit('/').next().unwrap_or_default(),
        );
        let next = status.next_rotation_date.expect("a date").secs();
        place.sandbox.advance(DAY * 89);
        table.row("a day before", &kinds(&rotations(&kms, &key).await), "FIRST CURRENT");
        place.sandbox.advance(DAY * 2);
        let found = rotations(&kms, &key).await;
        table.row("a day after", &kinds(&found), "FIRST NON_CURRENT, AUTOMATIC CURRENT");
        assert_eq!(found[1].rotation_date.expect("a date").secs(), next);
        place.sandbox.advance(DAY * 180);
        let found = rotations(&kms, &key).await;
        let (former, current) = ("AUTOMATIC NON_CURRENT", "AUTOMATIC CURRENT");
        table.row(
            "half a year on",
            &kinds(&found),
            &format!("FIRST NON_CURRENT, {former}, {former}, {current}"),
        );
        let opened = kms
            .decrypt()
            .ciphertext_blob(sealed.ciphertext_blob.expect("a blob"))
            .send()
            .await
            .expect("opened");
        assert_eq!(opened.plaintext.expect("the text").as_ref(), b"old");
        // Recorded answers do not tell which material it was.
        assert_eq!(opened.key_material_id, None);
        let described = kms
            .describe_key()
            .key_id(&key)
            .send()
            .await
            .expect("an answer")
            .key_metadata
            .expect("a key");
        assert_eq!(described.current_key_material_id, found[3].key_material_id);
        let new = kms
            .generate_data_key()
            .key_id(&key)
            .number_of_bytes(1)
            .send()
            .await
            .expect("a data key");
        assert_eq!(new.key_material_id, None);
        table.row(
            "an object of before",
            &place.outcome("admin", "s3:GetObject", &object).await,
            "allowed",
        );
        kms.disable_key_rotation().key_id(&key).send().await.expect("off");
        place.sandbox.advance(DAY * 400);
        table.row("off", &rotations(&kms, &key).await.len().to_string(), "4");
    });
}

#[test]
fn a_key_that_cannot_be_used_is_not_rotated_until_it_can() {
    run(async {
        let place = setup();
        let (kms, key) = (client(&place, "admin", "eu-west-1").await, arn(&place));
        let mut table = Table::default();
        kms.enable_key_rotation().key_id(&key).send().await.expect("on");
        kms.disable_key().key_id(&key).send().await.expect("disabled");
        place.sandbox.advance(DAY * 800);
        table.row("disabled", &kinds(&rotations(&kms, &key).await), "FIRST CURRENT");
        table.row(
            "on demand",
            &code(kms.rotate_key_on_demand().key_id(&key).send().await),
            "DisabledException",
        );
        kms.enable_key().key_id(&key).send().await.expect("enabled");
        table.row(
            "and enabled again",
            &kinds(&rotations(&kms, &key).await),
            "FIRST NON_CURRENT, AUTOMATIC CURRENT",
        );
        kms.schedule_key_deletion()
            .key_id(&key)
            .pending_window_in_days(30)
            .send()
            .await
            .expect("scheduled");
        let status = kms.get_key_rotation_status().key_id(&key).send().await.expect("a status");
        table.row("while it waits to go", &status.key_rotation_enabled.to_string(), "false");
    });
}

#[test]
fn on_demand_a_key_is_rotated_at_most_10_times_also_at_once() {
    run(async {
        let place = setup();
        let (kms, key) = (client(&place, "admin", "eu-west-1").await, arn(&place));
        let idle = client(&place, "idle", "eu-west-1").await;
        let mut table = Table::default();
        let ask = || kms.rotate_key_on_demand().key_id(&key).send();
        table.row(
            "not by who may not",
            &code(idle.rotate_key_on_demand().key_id(&key).send().await),
            "AccessDeniedException",
        );
        for number in 1..=10 {
            table.row(&format!("number {number}"), &code(ask().await), "allowed");
        }
        table.row("number 11", &code(ask().await), "LimitExceededException");
        place.sandbox.advance(Duration::from_mins(20));
        table.row("and later", &code(ask().await), "LimitExceededException");
        let page = kms.list_key_rotations().key_id(&key).limit(8).send().await.expect("a page");
        let rest = kms
            .list_key_rotations()
            .key_id(&key)
            .set_marker(page.next_marker.clone())
            .send()
            .await
            .expect("the rest");
        table.row(
            "pages",
            &format!("{} {}", page.rotations().len(), rest.rotations().len()),
            "8 2",
        );
        table.row("the last", &rest.truncated.to_string(), "false");
    });
}

#[test]
fn a_key_that_is_gone_takes_its_aliases_along() {
    run(async {
        let place = setup();
        let (kms, key) = (client(&place, "admin", "eu-west-1").await, arn(&place));
        kms.schedule_key_deletion()
            .key_id(&key)
            .pending_window_in_days(7)
            .send()
            .await
            .expect("scheduled");
        let mut table = Table::default();
        let aliases = async || {
            let all = kms.list_aliases().send().await.expect("a list").aliases.unwrap_or_default();
            all.iter().filter(|alias| alias.alias_name() == Some("alias/k")).count().to_string()
        };
        table.row("before", &aliases().await, "1");
        place.sandbox.advance(DAY * 8);
        table.row("after", &aliases().await, "0");
        table.row(
            "the name is free",
            &code(kms.describe_key().key_id("alias/k").send().await),
            "NotFoundException",
        );
    });
}

#[test]
fn a_replica_opens_what_its_primary_sealed_and_outlives_no_rule() {
    run(async {
        let place = setup();
        let (here, there) = (
            client(&place, "admin", "eu-west-1").await,
            client(&place, "admin", "us-west-2").await,
        );
        let made = here.create_key().multi_region(true).description("one of two").send().await;
        let made = made.expect("a key").key_metadata.expect("its metadata");
        let (id, arn) = (made.key_id, made.arn.expect("an ARN"));
        assert!(id.starts_with("mrk-"), "{id}");
        let mut table = Table::default();
        table.row(
            "not there yet",
            &code(there.describe_key().key_id(&id).send().await),
            "NotFoundException",
        );
        table.row(
            "by another Region's ARN",
            &code(there.describe_key().key_id(&arn).send().await),
            "NotFoundException",
        );
        let replicate = |kms: &Client, region: &str| {
            kms.replicate_key().key_id(&id).replica_region(region).send()
        };
        let lacking = client(&place, "no-new-keys", "eu-west-1").await;
        table.row(
            "without kms:CreateKey",
            &code(replicate(&lacking, "us-west-2").await),
            "AccessDeniedException",
        );
        let idle = client(&place, "idle", "eu-west-1").await;
        table.row(
            "without kms:ReplicateKey",
            &code(replicate(&idle, "us-west-2").await),
            "AccessDeniedException",
        );
        table.row("by who may", &code(replicate(&here, "us-west-2").await), "allowed");
        table.row("again", &code(replicate(&here, "us-west-2").await), "AlreadyExistsException");
        table.row(
            "where it is",
            &code(replicate(&here, "eu-west-1").await),
            "AlreadyExistsException",
        );
        table.row(
            "from the replica",
            &code(replicate(&there, "eu-west-2").await),
            "UnsupportedOperationException",
        );
        let sealed =
            here.encrypt().key_id(&id).plaintext(Blob::new("text")).send().await.expect("sealed");
        let blob = sealed.ciphertext_blob.expect("a blob");
        let opened = there.decrypt().ciphertext_blob(blob.clone()).send().await.expect("opened");
        assert!(opened.key_id.as_ref().is_some_and(|key| key.contains("us-west-2")), "{opened:?}");
        let elsewhere = client(&place, "admin", "eu-west-2").await;
        table.row(
            "where none is",
            &code(elsewhere.decrypt().ciphertext_blob(blob).send().await),
            "InvalidCiphertextException",
        );
        let rotate = |kms: &Client| kms.rotate_key_on_demand().key_id(&id).send();
        table.row(
            "rotated at the replica",
            &code(rotate(&there).await),
            "UnsupportedOperationException",
        );
        table.row("and at the primary", &code(rotate(&here).await), "allowed");
        assert_eq!(
            rotations(&here, &id).await[1].key_material_id,
            rotations(&there, &id).await[1].key_material_id
        );
        let state = async |kms: &Client| match kms.describe_key().key_id(&id).send().await {
            Ok(result) => result.key_metadata.and_then(|key| key.key_state),
            Err(_) => None,
        };
        let window = |kms: &Client, days| {
            kms.schedule_key_deletion().key_id(&id).pending_window_in_days(days).send()
        };
        window(&here, 7).await.expect("scheduled");
        place.sandbox.advance(DAY * 30);
        assert_eq!(
            state(&here).await,
            Some(KeyState::PendingReplicaDeletion),
            "its replica keeps it"
        );
        table.row(
            "meanwhile",
            &code(here.encrypt().key_id(&id).plaintext(Blob::new("x")).send().await),
            "KMSInvalidStateException",
        );
        window(&there, 7).await.expect("scheduled");
        place.sandbox.advance(DAY * 8);
        assert_eq!(
            (state(&there).await, state(&here).await),
            (None, Some(KeyState::PendingDeletion))
        );
        place.sandbox.advance(DAY * 8);
        assert_eq!(state(&here).await, None);
    });
}

#[test]
fn the_primary_moves_to_where_a_replica_is() {
    run(async {
        let place = setup();
        let (here, there) = (
            client(&place, "admin", "eu-west-1").await,
            client(&place, "admin", "us-west-2").await,
        );
        let made = here
            .create_key()
            .multi_region(true)
            .send()
            .await
            .expect("a key")
            .key_metadata
            .expect("its metadata");
        let id = made.key_id;
        here.replicate_key()
            .key_id(&id)
            .replica_region("us-west-2")
            .send()
            .await
            .expect("a replica");
        let mut table = Table::default();
        let kind = async |kms: &Client| {
            let key = kms
                .describe_key()
                .key_id(&id)
                .send()
                .await
                .expect("an answer")
                .key_metadata
                .expect("a key");
            let all = key.multi_region_configuration.expect("its kin");
            assert_eq!(all.replica_keys().len(), 1);
            all.multi_region_key_type
                .as_ref()
                .map(|kind| kind.as_str().to_owned())
                .unwrap_or_default()
        };
        let primary = MultiRegionKeyType::Primary.as_str().to_owned();
        table.row("made here", &kind(&here).await, &primary);
        let update = |kms: &Client, region: &str| {
            kms.update_primary_region().key_id(&id).primary_region(region).send()
        };
        table.row("to where none is", &code(update(&here, "eu-west-2").await), "NotFoundException");
        table.row(
            "asked at the replica",
            &code(update(&there, "us-west-2").await),
            "UnsupportedOperationException",
        );
        table.row("moved", &code(update(&here, "us-west-2").await), "allowed");
        table.row("the former", &kind(&here).await, MultiRegionKeyType::Replica.as_str());
        table.row("the new one", &kind(&there).await, &primary);
    });
}
