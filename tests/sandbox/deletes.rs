//! Many deletes in one request: what is made of an answer that is not as it should be.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use gainsay::{
    attempt::{Answer, Param, Service},
    cloud::lazy,
    outcome::{OutcomeKind, classify},
};
use serde_json::json;

use crate::place::{How, Place, Setup, allow, run, send};

const KEY: [(Param, &str); 2] = [(Param::Bucket, "gs-b"), (Param::Key, "k")];

/// Answers with this body and 200, whatever is asked.
async fn answered(place: &Place, body: &'static str) -> Answer {
    let mut clients = place.clients("team", false).await;
    let http = aws_smithy_runtime_api::client::http::http_client_fn(move |_, _| {
        aws_smithy_runtime_api::client::http::SharedHttpConnector::new(Canned(body))
    });
    let s3 =
        aws_sdk_s3::Client::from_conf(clients.s3.config().to_builder().http_client(http).build());
    clients.s3 = lazy(|| s3);
    // The status is that of the last answer that was seen.
    clients.s3.list_objects_v2().bucket("gs-b").send().await.ok();
    send(&clients, "s3:DeleteObjects", &KEY, How::default()).await
}

#[derive(Debug)]
struct Canned(&'static str);

impl aws_smithy_runtime_api::client::http::HttpConnector for Canned {
    fn call(&self, _: HttpRequest) -> aws_smithy_runtime_api::client::http::HttpConnectorFuture {
        let response = aws_smithy_runtime_api::client::orchestrator::HttpResponse::new(
            200.try_into().expect("a status"),
            SdkBody::from(self.0),
        );
        aws_smithy_runtime_api::client::http::HttpConnectorFuture::ready(Ok(response))
    }
}

#[test]
fn an_answer_without_the_keys_own_result_is_unclear() {
    run(async {
        let place = Setup::new()
            .role("team", json!([allow("s3:*", "*")]))
            .bucket("b", ", versioning: enabled", None)
            .build();
        for body in [
            "",
            "<DeleteResult/>",
            "<DeleteResult><Deleted><Key>other</Key></Deleted></DeleteResult>",
            "<DeleteResult><Error><Key>other</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error></DeleteResult>",
            "<DeleteResult><Deleted><Key>k</Key></Deleted><Error><Key>k</Key><Code>AccessDenied</Code></Error></DeleteResult>",
            "<DeleteResult><Deleted><Key>k</Key></Deleted><Deleted><Key>k</Key></Deleted></DeleteResult>",
            "<DeleteResult><Deleted><Key>k</Key><VersionId>v</VersionId></Deleted></DeleteResult>",
            "<DeleteResult><Error><Key>k</Key></Error></DeleteResult>",
            "<DeleteResult><Error><Key>k</Key><Code>InternalError</Code></Error></DeleteResult>",
            "<DeleteResult><Error><Key>k</Key><Code>AccessDenied</Code><Message>blocked by proxy</Message></Error></DeleteResult>",
            "<html>fine</html>",
        ] {
            let answer = answered(&place, body).await;
            let outcome = classify(Service::S3, &answer);
            assert_eq!(outcome.kind(), OutcomeKind::Unclear, "{body}: {answer:?}");
        }
        let refusal = answered(
            &place,
            "<DeleteResult><Error><Key>k</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error></DeleteResult>",
        )
        .await;
        // Its status was not seen here, and without 200 the answer is not what DeleteObjects gives.
        assert!(
            matches!(refusal, Answer::Refused(ref refused) if refused.of_one_key),
            "{refusal:?}"
        );
    });
}
