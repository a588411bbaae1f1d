//! The pages of what is suspicious in a scenario, a baseline or waivers.

use super::page::{Kind, Page};
use crate::files::diag::Code;

/// The pages, one for each code.
pub(super) const FILES: &[Page] = &[
    Page {
        code: Code::UnattributedDeny,
        title: "a `deny` that says nothing about who refuses",
        why: "Without `by`, any refusal will do, also one that has nothing to do with the rule \
              that is meant: whoever takes the rule away sees the test pass, because something \
              else refuses. The same holds of a `by` that names only an action or a code, or every \
              policy that there may be.",
        instead: "Name the layer, and the `sid` where a statement refuses. Where AWS tells the \
                  caller nothing, say so with `unnamed`, and what decides with `decided_by`.",
        source: Some(
            "https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html",
        ),
        kind: Kind::Scenario,
        found: r#"
scenario: Uploads use the main key
controls: [ENC-03]
request: { as: app, do: s3:PutObject, bucket: vault, key: "{run}/a.csv", encryption: aws:kms, kms_key: main }
attempts:
  - allow: with the main key
  - deny: with the spare key
    but: { kms_key: spare }"#,
        clean: r#"
scenario: Uploads use the main key
controls: [ENC-03]
request: { as: app, do: s3:PutObject, bucket: vault, key: "{run}/a.csv", encryption: aws:kms, kms_key: main }
attempts:
  - allow: with the main key
  - deny: with the spare key
    but: { kms_key: spare }
    by: { layer: resource, sid: DenyWrongKey }"#,
    },
    Page {
        code: Code::NotTestable,
        title: "a control that nothing proves",
        why: "`not_testable` keeps a control in the baseline that is neither attempted nor read. A \
              run that passes says nothing about it.",
        instead: "Add an attempt with this control, or say with `of:` what its check reads. Where \
                  neither can be, keep the reason, and name the warning where it is accepted: \
                  `gainsay lint --deny warnings --allow not-testable`.",
        source: None,
        kind: Kind::Baseline,
        found: r"
baseline: Uploads use one key
controls:
  - { id: ENC-03 }
  - { id: VPE-01, not_testable: the bucket is not behind an endpoint }",
        clean: r"
baseline: Uploads use one key
controls:
  - { id: ENC-03 }",
    },
    Page {
        code: Code::LongWaiver,
        title: "a waiver of more than a year",
        why: "A waiver is for a while: somebody looks at it again when it ends. One that ends in \
              many years is a rule that does not hold.",
        instead: "Let it end within a year, and renew it if it is still needed; or take the \
                  control out of the baseline.",
        source: None,
        kind: Kind::Waivers,
        found: r#"
waivers:
  - result: vault/put/-/s3:PutObject/with-the-spare-key
    owner: storage
    reason: the old jobs write with the spare key
    ticket: SEC-1
    expires: "2031-12-31""#,
        clean: r#"
waivers:
  - result: vault/put/-/s3:PutObject/with-the-spare-key
    owner: storage
    reason: the old jobs write with the spare key
    ticket: SEC-1
    expires: "2026-12-31""#,
    },
    Page {
        code: Code::WaivesEverything,
        title: "waivers that cover every result",
        why: "Where every result of an architecture is waived, none can fail, and a run says \
              nothing at all.",
        instead: "Waive the results that are known to fail, one by one.",
        source: None,
        kind: Kind::Waivers,
        found: r#"
waivers:
  - control: ENC-03
    owner: storage
    reason: the old jobs write with the spare key
    ticket: SEC-1
    expires: "2026-12-31""#,
        clean: r#"
waivers:
  - result: vault/put/-/s3:PutObject/with-the-spare-key
    owner: storage
    reason: the old jobs write with the spare key
    ticket: SEC-1
    expires: "2026-12-31""#,
    },
    Page {
        code: Code::OutOfRange,
        title: "a number that makes no sense where it stands",
        why: "A key that has to be rotated within 99,999 days is a key that need not be rotated: \
              the check passes whatever is deployed. A number below the least that AWS takes makes \
              it fail whatever is deployed.",
        instead: "Write a number of the range that the warning tells.",
        source: Some(
            "https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html",
        ),
        kind: Kind::Baseline,
        found: r"
baseline: Uploads use one key
reader: app
controls:
  - { id: ENC-03 }
  - { id: ROT-01, of: main, with: { days: 99999 } }",
        clean: r"
baseline: Uploads use one key
reader: app
controls:
  - { id: ENC-03 }
  - { id: ROT-01, of: main, with: { days: 365 } }",
    },
    Page {
        code: Code::LookalikeControl,
        title: "a control of one's own that looks like one of the catalogue",
        why: "An id with a `title` is a control of one's own. If it is a misspelt id of the \
              catalogue, nothing of the catalogue's control is asked, and a report shows what \
              looks like it.",
        instead: "Write the id of the catalogue without a title, or give your control an id of its \
                  own.",
        source: None,
        kind: Kind::Baseline,
        found: r"
baseline: Uploads use one key
controls:
  - { id: ENC-03 }
  - { id: ENC-O1, title: Uploads name an encryption, not_testable: nobody wrote the attempts yet }",
        clean: r"
baseline: Uploads use one key
controls:
  - { id: ENC-03 }
  - { id: ACME-01, title: Uploads name an encryption, not_testable: nobody wrote the attempts yet }",
    },
    Page {
        code: Code::VacuousExpect,
        title: "an expectation that always holds",
        why: "What every answer says is no expectation: the version of a read that asks for that \
              version, the ARN of the key that a call of KMS names, a new key that is enabled, \
              `says` with the words of the code itself. (What is empty is an error already.)",
        instead: "Expect what tells the right answer from a wrong one, as the body that was \
                  written.",
        source: Some("https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html"),
        kind: Kind::Scenario,
        found: r#"
scenario: What was written is read
controls: [ENC-03]
given:
  file: { as: guest, do: s3:PutObject, bucket: lobby, key: "{run}/a.csv", body: "a,b" }
request: { as: guest, do: s3:GetObject, bucket: lobby, key: "{file.key}", version: "{file.version}" }
attempts:
  - allow: the guest
    expect: { version: "{file.version}" }"#,
        clean: r#"
scenario: What was written is read
controls: [ENC-03]
given:
  file: { as: guest, do: s3:PutObject, bucket: lobby, key: "{run}/a.csv", body: "a,b" }
request: { as: guest, do: s3:GetObject, bucket: lobby, key: "{file.key}", version: "{file.version}" }
attempts:
  - allow: the guest
    expect: { version: "{file.version}", body: "a,b" }"#,
    },
    Page {
        code: Code::ServiceRefused,
        title: "a service of AWS cannot deliver what it was set up for",
        why: "Services write to a bucket as their own principal: CloudTrail its log files, Config \
              its snapshots, S3 its access logs. A Deny that does not except them, or a policy \
              that does not name them, stops the delivery without a word to whoever wrote the \
              policy. The requests that are asked are those of AWS's pages; what no page says is \
              not warned of. `deliveries:` of a bucket names what trails and settings do not.",
        instead: "Allow what the service asks for, and except it from Deny statements by \
                  `aws:PrincipalIsAWSService` or `aws:PrincipalServiceName`, with \
                  `aws:SourceAccount` and `aws:SourceArn` beside it.",
        source: Some(
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html",
        ),
        kind: Kind::Environment,
        found: r#"
environment: A bucket that takes uploads under one key
account: "111122223333"
region: eu-west-1
caller: { user: gainsay, policies: [policies/caller.json] }
roles:
  app: { trust: policies/trust.json, policies: [policies/app.json] }
  guest: { trust: policies/trust.json, policies: [policies/guest.json] }
buckets:
  vault: { name: vault-111122223333, policy: policies/vault.json, deliveries: [{ by: alb-access-logs }] }
  lobby: { name: lobby-111122223333 }
keys:
  main: { id: 0e71de9c-e000-4000-8000-000000000001, alias: alias/main, policy: policies/key.json }
  spare: { id: 0e71de9c-e000-4000-8000-000000000002, policy: policies/key.json }"#,
        clean: r#"
environment: A bucket that takes uploads under one key
account: "111122223333"
region: eu-west-1
caller: { user: gainsay, policies: [policies/caller.json] }
roles:
  app: { trust: policies/trust.json, policies: [policies/app.json] }
  guest: { trust: policies/trust.json, policies: [policies/guest.json] }
buckets:
  vault: { name: vault-111122223333, policy: policies/vault.json }
  lobby: { name: lobby-111122223333, policy: policies/logs.json, deliveries: [{ by: alb-access-logs }] }
keys:
  main: { id: 0e71de9c-e000-4000-8000-000000000001, alias: alias/main, policy: policies/key.json }
  spare: { id: 0e71de9c-e000-4000-8000-000000000002, policy: policies/key.json }"#,
    },
];
