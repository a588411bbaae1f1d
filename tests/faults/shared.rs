//! A target that others share and that does other than it says: it refuses a change and makes it,
//! or what conclusions rest on is changed while the run lasts.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use aws_sdk_s3::types::{BucketVersioningStatus, ServerSideEncryption, Tag, Tagging};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
};
use gainsay::{
    cloud::{Clients, CredentialChain, Target, WrapConnector},
    files::Bindings,
    plan::{Plan, Selection},
    record::RunRecord,
    runner::{self, Caller, Options, RunTarget, SharedTarget, Stop},
    suite::Architecture,
    verdict::{Reason, Verdict},
};
use gainsay_sandbox::Sandbox;
use libtest_mimic::Failed;

use crate::place::{self, Stem};

/// What a target does beside what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// Nothing.
    None,
    /// It refuses an upload and takes it.
    Uploads,
    /// It refuses a deletion and makes it.
    Deletes,
    /// It refuses tags and sets them.
    Tags,
    /// After the first refused object the policy of the bucket is another.
    Policy,
    /// After the first refusal the policy is written otherwise and says the same.
    Spelling,
    /// After the first refusal versions are kept no more.
    Versioning,
    /// Nothing; but the key's policy lets another session of the role in.
    OtherSession,
}

/// What a run comes to.
type Found = (Verdict, Option<Reason>);
/// A name, a lie, the scenario file or check that it is told of, who removes what a run makes, and
/// what must come of it.
type Row = (&'static str, Lie, Stem, &'static str, Found);

pub const LIES: &[Row] = &[
    ("an upload is taken all the same", Lie::Uploads, place::SEALED, "app", HAPPENED),
    ("a new version is made all the same", Lie::Uploads, place::OVERWRITE, "app", HAPPENED),
    ("a deletion is made all the same", Lie::Deletes, place::REMOVE, "app", HAPPENED),
    ("tags are set all the same", Lie::Tags, place::TAG, "app", HAPPENED),
    ("nobody can look at the key", Lie::None, place::OVERWRITE, "stranger", UNKNOWN),
    ("the policy is another in the end", Lie::Policy, place::OVERWRITE, "app", CHANGED),
    ("the policy is written otherwise", Lie::Spelling, place::OVERWRITE, "app", PASSES),
    ("a setting is another in the end", Lie::Versioning, "VER-02", "app", CHANGED),
    ("another session may use the key", Lie::OtherSession, place::KEY, "app", OTHER),
    ("an honest target, a key", Lie::None, place::KEY, "app", PASSES),
    ("an honest target, a new key", Lie::None, place::SEALED, "app", PASSES),
    ("an honest target, a new version", Lie::None, place::OVERWRITE, "app", PASSES),
    ("an honest target, a deletion", Lie::None, place::REMOVE, "app", PASSES),
    ("an honest target, tags", Lie::None, place::TAG, "app", PASSES),
    ("an honest target, a setting", Lie::None, "VER-02", "app", PASSES),
];

const HAPPENED: Found = (Verdict::Fail, Some(Reason::HappenedAnyway));
const UNKNOWN: Found = (Verdict::Inconclusive, Some(Reason::EffectUnknown));
const CHANGED: Found = (Verdict::Inconclusive, Some(Reason::Changed));
const OTHER: Found = (Verdict::Inconclusive, Some(Reason::OtherSession));
const PASSES: Found = (Verdict::Pass, None);

const KEY_POLICY: (&str, &str) = (
    "key.json",
    r#"{ "Effect": "Allow", "Action": "kms:*", "Resource": "*",
         "Principal": { "AWS": "arn:aws:iam::{{account}}:root" } },
       { "Effect": "Allow", "Action": "kms:GenerateDataKey", "Resource": "*",
         "Principal": { "AWS": "arn:aws:sts::{{account}}:assumed-role/stranger/deploy" } }"#,
);

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*",
    "Action":"s3:PutObject","Resource":"arn:aws:s3:::gs-data/*","Sid":"DenyUnencrypted",
    "Condition":{"Null":{"s3:x-amz-server-side-encryption":["true"]}}}]}"#;

/// Does beside what it is asked what the lie is.
#[derive(Debug)]
struct Liar {
    inner: SharedHttpConnector,
    lie: Lie,
    /// Who may do it.
    app: Arc<Clients>,
    done: Arc<AtomicBool>,
}

impl HttpConnector for Liar {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (lie, app, done) = (self.lie, self.app.clone(), self.done.clone());
        let path = request.uri().split('?').next().unwrap_or_default().to_owned();
        let key = path.splitn(4, '/').nth(3).unwrap_or_default().to_owned();
        let answer = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            let is_refused = answer.status().as_u16() == 403 && !key.is_empty();
            if is_refused && lie != Lie::None && !done.swap(true, Ordering::SeqCst) {
                does(lie, &app, &key).await;
            }
            Ok(as_elsewhere(answer))
        })
    }
}

/// Without what only the sandbox tells.
fn as_elsewhere(answer: HttpResponse) -> HttpResponse {
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut bare = HttpResponse::new(status, answer.into_body());
    *bare.headers_mut() = headers;
    bare
}

async fn does(lie: Lie, app: &Clients, key: &str) {
    let s3 = &app.s3;
    let (bucket, key) = ("gs-data", key.to_owned());
    match lie {
        Lie::None | Lie::OtherSession => {}
        Lie::Uploads => {
            let put = s3.put_object().bucket(bucket).key(key);
            put.server_side_encryption(ServerSideEncryption::Aes256).send().await.expect("made");
        }
        Lie::Deletes => {
            s3.delete_object().bucket(bucket).key(key).send().await.expect("made");
        }
        Lie::Tags => {
            let tag = Tag::builder().key("a").value("c").build().expect("a tag");
            let tags = Tagging::builder().tag_set(tag).build().expect("tags");
            let put = s3.put_object_tagging().bucket(bucket).key(key).tagging(tags);
            put.send().await.expect("made");
        }
        Lie::Policy => {
            let policy = POLICY.replace("gs-data/*", "gs-data/elsewhere/*");
            s3.put_bucket_policy().bucket(bucket).policy(policy).send().await.expect("made");
        }
        Lie::Spelling => {
            s3.put_bucket_policy().bucket(bucket).policy(POLICY).send().await.expect("made");
        }
        Lie::Versioning => {
            let off = aws_sdk_s3::types::VersioningConfiguration::builder();
            let off = off.status(BucketVersioningStatus::Suspended).build();
            let put = s3.put_bucket_versioning().bucket("gs-sealed").versioning_configuration(off);
            put.send().await.expect("made");
        }
    }
}

/// Runs what is told a lie about: its results, and what is left under the bucket's keys.
pub fn holds(
    lie: Lie,
    stem: Stem,
    cleanup: &str,
    wanted: (Verdict, Option<Reason>),
) -> Result<(), Failed> {
    let changed = if lie == Lie::OtherSession { &[KEY_POLICY][..] } else { &[] };
    let architecture = place::place(changed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (record, left) = runtime.block_on(run(&architecture, lie, stem, cleanup));
    let of = |id: &str| id.starts_with(&format!("faults/{stem}/")) || id.ends_with(stem);
    let results = record.results.iter().filter(|result| of(&result.id));
    let found = results.filter(|result| result.kind != gainsay::record::ResultKind::Allow);
    for result in found {
        if (result.verdict, result.reason) != wanted {
            return Err(format!("not {wanted:?}: {result:#?}").into());
        }
    }
    if cleanup == "app" && !left.is_empty() {
        return Err(format!("left behind: {left:?}, {:?}", record.run.left_behind).into());
    }
    Ok(())
}

async fn run(
    architecture: &Architecture,
    lie: Lie,
    stem: Stem,
    cleanup: &str,
) -> (Arc<RunRecord>, Vec<String>) {
    let environment = &architecture.environment;
    let (sandbox, region) =
        (Sandbox::with_admin(&environment.deployed), &environment.deployed.region);
    let admin = Target::sandbox(&sandbox, region, None);
    let app = Arc::new(admin.clients(Some(&sandbox.admin_credentials().into()), false));
    let (done, liar) = (Arc::new(AtomicBool::new(false)), app.clone());
    let between = WrapConnector::new(move |inner| {
        let (app, done) = (liar.clone(), done.clone());
        SharedHttpConnector::new(Liar { inner, lie, app, done })
    });
    let shared = SharedTarget {
        target: Target::sandbox(&sandbox, region, Some(&between)),
        caller: Caller {
            chain: CredentialChain::of(sandbox.caller_credentials().into()),
            account: environment.deployed.account.clone(),
            arn: environment.deployed.caller.arn.clone(),
        },
        bindings: Bindings {
            cleanup: Some(cleanup.to_owned()),
            may_write: ["data", "home"].map(str::to_owned).into(),
            ..Bindings::default()
        },
        plain: true,
        provisioned: None,
    };
    let place = RunTarget::Shared {
        name: "elsewhere".to_owned(),
        targets: BTreeMap::from([(architecture.name.clone(), Arc::new(shared))]),
    };
    // Beside a check something must be refused, or nothing is changed.
    let beside = (stem == "VER-02").then(|| format!("/{}/", place::READ));
    let selection = Selection {
        wanted: std::iter::once(stem.to_owned()).chain(beside).collect(),
        // A bucket has the name of a scenario file.
        skip: vec!["checks/sealed/s3:GetBucketPolicy".to_owned()],
        ..Selection::default()
    };
    let plan = Plan::new(std::slice::from_ref(architecture), &selection);
    let options = Options {
        jobs: 1,
        fail_fast: false,
        run: "run".to_owned(),
        scenarios: "faults".to_owned(),
        share: true,
        wrap: None,
    };
    let record = runner::run_on(&plan, &place, &options, &Stop::default(), |_| {}).await;
    let mut left = Vec::new();
    for bucket in ["gs-data", "gs-home"] {
        let list = app.s3.list_object_versions().bucket(bucket).send().await.expect("a list");
        let versions = list.versions().iter().filter_map(|found| found.key());
        left.extend(versions.map(str::to_owned));
        let markers = list.delete_markers().iter().filter_map(|found| found.key());
        left.extend(markers.map(str::to_owned));
    }
    (record, left)
}
