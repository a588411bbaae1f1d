//! Lies told to checks: what is read comes back changed, through the real runner, and what passed
//! without the lie is undecided with it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use gainsay::{
    cloud::WrapConnector,
    plan::{Plan, Selection},
    record::ResultRecord,
    runner::{self, Options, Stop},
    verdict::{Reason, Verdict},
};
use libtest_mimic::Failed;

use crate::place;

/// How an answer is changed on its way.
#[derive(Clone, Copy, Debug)]
pub enum Lie {
    /// It comes with another status.
    Status(u16),
    /// A text of it is another, wherever it stands.
    Says(&'static str, &'static str),
    /// Another comes in its place, with 200.
    Whole(&'static str),
    /// Another comes in its place, with a status.
    Refuses(u16, &'static str),
}
use Lie::{Refuses, Says, Status, Whole};

/// Checks, by a part of their ids, and a lie to each. What it is about is in the place's
/// environment.
pub const LIES: &[(&str, &str, Lie)] = &[
    // Another resource.
    ("KST-01", "another key", Says("8000-000000000001", "8000-00000000000f")),
    ("KST-01", "the key of another account", Says("111122223333", "444455556666")),
    ("KST-01", "the key of another Region", Says(":eu-west-1:", ":eu-central-1:")),
    ("KST-01", "a key that is not named", Says("\"Arn\"", "\"Aaa\"")),
    ("ROT-01", "another key", Says("8000-000000000001", "8000-00000000000f")),
    ("ALI-01", "the alias of another key", Says("8000-000000000001", "8000-00000000000f")),
    ("ALI-01", "the alias of another account", Says("111122223333", "444455556666")),
    ("ALI-01", "an alias that stands for nothing", Says("\"TargetKeyId\"", "\"Other\"")),
    (
        "GRA-01",
        "grants of another key",
        Whole(
            r#"{"Grants":[{"KeyId":"arn:aws:kms:eu-west-1:111122223333:key/0e71de9c-e000-4000-8000-00000000000f","GranteePrincipal":"rds.eu-west-1.amazonaws.com"}],"Truncated":false}"#,
        ),
    ),
    ("KPO-01", "another policy of the key", Says("\"default\"", "\"other\"")),
    ("TRL-01", "another trail", Says("audit", "other")),
    ("TRL-01", "the trail of another account", Says("111122223333", "444455556666")),
    ("TRL-01", "the trail of another Region", Says("eu-west-1", "eu-central-1")),
    ("TRL-09", "selectors of another trail", Says("trail/audit", "trail/other")),
    ("ALM-03", "filters of another log group", Says("\"audit\"", "\"other\"")),
    (
        "ALM-05",
        "alarms of another account",
        Says("cloudwatch:eu-west-1:111122223333", "cloudwatch:eu-west-1:444455556666"),
    ),
    (
        "ALM-05",
        "alarms of another metric",
        Says("\"MetricName\":\"Changes\"", "\"MetricName\":\"Other\""),
    ),
    ("ANA-01", "analyzers of another account", Says("111122223333", "444455556666")),
    ("MAC-01", "Macie of another account", Says("111122223333", "444455556666")),
    (
        "sealed/s3:GetBucketPolicy/XAC-01",
        "no policy of another bucket",
        Refuses(
            404,
            "<Error><Code>NoSuchBucketPolicy</Code><Message>The bucket policy does not exist</Message><BucketName>gs-other</BucketName></Error>",
        ),
    ),
    // Another root, or none.
    ("VER-02", "a foreign element", Says("VersioningConfiguration", "OtherConfiguration")),
    (
        "VER-02",
        "a foreign namespace",
        Whole(
            r#"<VersioningConfiguration xmlns="urn:other"><Status>Enabled</Status></VersioningConfiguration>"#,
        ),
    ),
    ("OWN-01", "a foreign element", Says("OwnershipControls", "OwnershipControl")),
    ("BPA-01", "a foreign element", Says("PublicAccessBlockConfiguration", "PublicAccess")),
    ("data/s3:GetBucketPolicy/XAC-01", "a list for a policy", Whole("[]")),
    ("data/s3:GetBucketPolicy/XAC-01", "a text for a policy", Whole("\"{}\"")),
    // Another status.
    ("VER-02", "203", Status(203)),
    ("VER-02", "206", Status(206)),
    ("VER-02", "201", Status(201)),
    ("VER-02", "204", Status(204)),
    ("KST-01", "203", Status(203)),
    ("KST-01", "206", Status(206)),
    ("data/s3:GetBucketPolicy/XAC-01", "203", Status(203)),
    ("TRL-08", "206", Status(206)),
    ("MAC-01", "202", Status(202)),
    // A part of it.
    ("GRA-01", "more grants", Says("\"Truncated\":false", "\"Truncated\":true")),
    ("ALI-01", "a further page", Says("{\"Aliases\"", "{\"NextMarker\":\"a\",\"Aliases\"")),
    (
        "ALM-03",
        "a further page",
        Says("{\"metricFilters\"", "{\"nextToken\":\"a\",\"metricFilters\""),
    ),
    (
        "ALM-05",
        "a further page",
        Says("{\"MetricAlarms\"", "{\"NextToken\":\"a\",\"MetricAlarms\""),
    ),
    ("ANA-01", "a further page", Says("{\"analyzers\"", "{\"nextToken\":\"a\",\"analyzers\"")),
    // Twice what there is once.
    (
        "VER-02",
        "two states",
        Says("<Status>Enabled</Status>", "<Status>Enabled</Status><Status>Suspended</Status>"),
    ),
    (
        "OWN-01",
        "two rules",
        Says("</Rule>", "</Rule><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule>"),
    ),
    (
        "DEF-01",
        "two rules",
        Says(
            "</Rule>",
            "</Rule><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule>",
        ),
    ),
    (
        "BPA-01",
        "a setting twice",
        Says(
            "<BlockPublicAcls>true</BlockPublicAcls>",
            "<BlockPublicAcls>true</BlockPublicAcls><BlockPublicAcls>false</BlockPublicAcls>",
        ),
    ),
    (
        "KST-01",
        "a key's state twice",
        Says("\"KeyState\":\"Enabled\"", "\"KeyState\":\"Disabled\",\"KeyState\":\"Enabled\""),
    ),
    (
        "TRL-08",
        "logging twice",
        Says("\"IsLogging\":true", "\"IsLogging\":false,\"IsLogging\":true"),
    ),
    // An error under a success.
    ("KST-01", "an error under 200", Whole(r#"{"__type":"NotFoundException","message":"no"}"#)),
    (
        "VER-02",
        "an error under 200",
        Whole("<Error><Code>InternalError</Code><Message>no</Message></Error>"),
    ),
];

/// Every check of the place passes where nobody lies.
pub fn without_a_lie() -> Result<(), Failed> {
    let (results, _) = read(None, "/checks/");
    let known = |part: &str| results.iter().any(|result| result.id.contains(part));
    match results.iter().find(|result| result.verdict != Verdict::Pass) {
        Some(result) => Err(format!("{result:#?}").into()),
        None if LIES.iter().all(|(check, _, _)| known(check)) => Ok(()),
        None => Err("a lie is of no check".into()),
    }
}

/// A check that is lied to is undecided, because it was not read.
pub fn holds(check: &str, lie: Lie) -> Result<(), Failed> {
    let (results, told) = read(Some(lie), check);
    let [result] = results.as_slice() else {
        return Err(format!("{} results", results.len()).into());
    };
    if told == 0 {
        return Err("nobody was lied to".into());
    }
    if (result.verdict, result.reason) == (Verdict::Inconclusive, Some(Reason::NotRead)) {
        Ok(())
    } else {
        Err(format!("{result:#?}").into())
    }
}

/// The results of checks, and how many answers were changed.
fn read(lie: Option<Lie>, wanted: &str) -> (Vec<ResultRecord>, usize) {
    let architecture = place::place(&[]);
    let selection = Selection { wanted: vec![wanted.to_owned()], ..Selection::default() };
    let plan = Plan::new(std::slice::from_ref(&architecture), &selection);
    let told = Arc::new(AtomicUsize::new(0));
    let counted = told.clone();
    let options = Options {
        jobs: 1,
        fail_fast: false,
        run: "run".to_owned(),
        scenarios: "faults".to_owned(),
        share: true,
        wrap: Some(WrapConnector::new(move |inner| {
            let (lie, told) = (lie, counted.clone());
            SharedHttpConnector::new(Liar { inner, lie, told })
        })),
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let record = runtime.block_on(runner::run(&plan, &options, &Stop::default(), |_| {}));
    (record.results.clone(), told.load(Ordering::SeqCst))
}

#[derive(Debug)]
struct Liar {
    inner: SharedHttpConnector,
    lie: Option<Lie>,
    told: Arc<AtomicUsize>,
}

impl HttpConnector for Liar {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let is_session = request.uri().contains("//sts.");
        let answered = self.inner.call(request);
        let Some(lie) = self.lie.filter(|_| !is_session) else {
            return answered;
        };
        let told = self.told.clone();
        HttpConnectorFuture::new(async move {
            let mut response = answered.await?;
            let body = ByteStream::new(response.take_body()).collect().await;
            let body = body.map_err(|error| ConnectorError::other(error.into(), None))?.to_vec();
            let truth = String::from_utf8(body)
                .map_err(|error| ConnectorError::other(error.into(), None))?;
            let status = response.status().as_u16();
            let (status, changed) = match lie {
                Lie::Status(other) => (other, truth.clone()),
                Lie::Says(text, other) => (status, truth.replace(text, other)),
                Lie::Whole(other) => (status, other.to_owned()),
                Lie::Refuses(status, other) => (status, other.to_owned()),
            };
            if (status, &changed) != (response.status().as_u16(), &truth) {
                told.fetch_add(1, Ordering::SeqCst);
            }
            let status = status.try_into().map_err(|_| ConnectorError::io("no status".into()))?;
            Ok(HttpResponse::new(status, SdkBody::from(changed)))
        })
    }
}
