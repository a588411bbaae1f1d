//! Details of answers on which clients of S3 rest: what headers are refused by themselves, what a
//! request that is sent again is told, and conditions on what is removed.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use gainsay_model::Service;
use md5::{Digest as _, Md5};
use serde_json::json;

use crate::support::{Clients, Place, REGION, Request, Response, Setup, Table, allow, run};

const OPEN: &str = ", versioning: enabled, encryption: { algorithm: AES256, blocked: [NONE] }";

fn setup() -> Place {
    let deletes = json!([allow("s3:DeleteObject", "*"), allow("s3:ListBucket", "*")]);
    Setup::new().bucket("b", OPEN, None).bucket("plain", "", None).role("remover", deletes).build()
}

fn request(
    method: &'static str,
    bucket: &str,
    target: &str,
    headers: &[(&'static str, &str)],
) -> Request {
    let host = format!("{bucket}.{}", Service::S3.host(REGION));
    let request = Request::new(Service::S3, method, host, target.to_owned());
    headers.iter().fold(request, |request, (name, value)| request.header(name, Some(*value)))
}

async fn answer(clients: &Clients, request: &Request) -> Response {
    clients.respond(request, None).await
}

/// Status and code.
fn said(response: &Response) -> String {
    let code = response.body.split("<Code>").nth(1).and_then(|rest| rest.split('<').next());
    format!("{} {}", response.status, code.unwrap_or("-"))
}

#[test]
fn some_headers_are_refused_by_themselves() {
    const SSE: &str = "x-amz-server-side-encryption";
    run(async {
        let place = setup();
        let admin = place.clients("admin", false).await;
        let mut table = Table::default();
        for (method, headers, expected) in [
            ("PUT", [].as_slice(), "200 -"),
            ("GET", &[], "200 -"),
            ("HEAD", &[], "200 -"),
            // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>.
            ("GET", &[(SSE, "AES256")], "400 InvalidArgument"),
            ("GET", &[(SSE, "aws:kms")], "400 InvalidArgument"),
            ("HEAD", &[(SSE, "aws:kms")], "400 -"),
            ("PUT", &[(SSE, "AES256")], "200 -"),
            // <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
            ("PUT", &[("content-md5", "")], "400 InvalidDigest"),
            ("PUT", &[("content-md5", "not base64")], "400 InvalidDigest"),
            ("PUT", &[("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==")], "200 -"),
        ] {
            let response = answer(&admin, &request(method, "gs-plain", "/k", headers)).await;
            table.row(&format!("{method} {headers:?}"), &said(&response), expected);
        }
        for (length, expected) in [(false, "501 NotImplemented"), (true, "200 -")] {
            let tampered = place
                .tampered("admin", move |request| {
                    let headers = request.headers_mut();
                    headers.insert("transfer-encoding", "chunked");
                    if !length {
                        headers.remove("content-length");
                    }
                })
                .await;
            let put = request("PUT", "gs-plain", "/k", &[]);
            let status = said(&answer(&tampered, &put).await);
            table.row(&format!("chunked, with a length: {length}"), &status, expected);
        }
    });
}

/// As they were sent; `aws-chunked` is of the request, not of the object.
#[test]
fn codings_of_an_object_are_given_back_as_they_were_sent() {
    run(async {
        let place = setup();
        let admin = place.clients("admin", false).await;
        for (sent, stored) in [
            ("gzip", Some("gzip")),
            ("deflate, gzip", Some("deflate, gzip")),
            ("deflate,gzip", Some("deflate,gzip")),
            ("gzip,aws-chunked", Some("gzip")),
            ("aws-chunked, deflate, gzip", Some("deflate, gzip")),
            ("aws-chunked", None),
        ] {
            let put = admin.s3.put_object().bucket("gs-plain").key("k").content_encoding(sent);
            put.send().await.unwrap();
            let head = admin.s3.head_object().bucket("gs-plain").key("k").send().await.unwrap();
            assert_eq!(head.content_encoding.as_deref(), stored, "{sent}");
        }
    });
}

#[test]
fn mfa_delete_may_be_said_to_be_off() {
    run(async {
        let place = setup();
        let admin = place.clients("admin", false).await;
        for (mfa, expected) in [("Disabled", "200 -"), ("Enabled", "501 NotImplemented")] {
            let body = format!(
                "<VersioningConfiguration><Status>Enabled</Status><MfaDelete>{mfa}</MfaDelete></VersioningConfiguration>"
            );
            let put = request("PUT", "gs-plain", "/?versioning", &[]);
            let response = answer(&admin, &put.document("application/xml", &body)).await;
            assert_eq!(said(&response), expected, "{mfa}");
        }
    });
}

fn between<'a>(text: &'a str, name: &str) -> &'a str {
    let rest = text.split_once(&format!("<{name}>")).map_or("", |(_, rest)| rest);
    rest.split('<').next().unwrap()
}

#[test]
fn a_completion_that_is_sent_again_is_told_the_same() {
    run(async {
        let place = setup();
        let admin = place.clients("admin", false).await;
        let begun = answer(&admin, &request("POST", "gs-b", "/k?uploads", &[])).await;
        let upload = between(&begun.body, "UploadId").to_owned();
        let target = format!("/k?partNumber=1&uploadId={upload}");
        let part = request("PUT", "gs-b", &target, &[]).body("text/plain", "a part");
        let part = answer(&admin, &part).await;
        let complete = |etag: &str| {
            let body = format!(
                "<CompleteMultipartUpload><Part><ETag>{etag}</ETag><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>"
            );
            request("POST", "gs-b", &format!("/k?uploadId={upload}"), &[])
                .document("application/xml", &body)
        };
        let etag = part.headers["etag"].replace('"', "&quot;");
        let first = answer(&admin, &complete(&etag)).await;
        let second = answer(&admin, &complete(&etag)).await;
        assert_eq!((first.status, second.status), (200, 200), "{second:?}");
        assert_eq!(first.body, second.body);
        assert_eq!(first.headers.get("x-amz-version-id"), second.headers.get("x-amz-version-id"));
        let versions = answer(&admin, &request("GET", "gs-b", "/?versions", &[])).await;
        assert_eq!(versions.body.matches("<Version>").count(), 1, "{}", versions.body);
        // Who may not complete is not told that it is complete.
        let remover = place.clients("remover", false).await;
        assert_eq!(said(&answer(&remover, &complete(&etag)).await), "403 AccessDenied");
        assert_eq!(said(&answer(&admin, &complete("other")).await), "501 NotImplemented");
        let parts = request("GET", "gs-b", &format!("/k?uploadId={upload}"), &[]);
        assert_eq!(said(&answer(&admin, &parts).await), "404 NoSuchUpload");
        let abort = request("DELETE", "gs-b", &format!("/k?uploadId={upload}"), &[]);
        assert_eq!(said(&answer(&admin, &abort).await), "404 NoSuchUpload");
    });
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html>.
#[test]
fn a_copied_part_under_a_customers_key_says_so() {
    run(async {
        let place = setup();
        let admin = place.clients("admin", false).await;
        let key = STANDARD.encode([7; 32]);
        let digest = STANDARD.encode(Md5::digest([7; 32]));
        let customer = [
            ("x-amz-server-side-encryption-customer-algorithm", "AES256"),
            ("x-amz-server-side-encryption-customer-key", key.as_str()),
            ("x-amz-server-side-encryption-customer-key-md5", digest.as_str()),
        ];
        answer(&admin, &request("PUT", "gs-b", "/source", &[]).body("text/plain", "a")).await;
        let begun = answer(&admin, &request("POST", "gs-b", "/k?uploads", &customer)).await;
        let upload = between(&begun.body, "UploadId");
        let target = format!("/k?partNumber=1&uploadId={upload}");
        let headers = [customer.as_slice(), &[("x-amz-copy-source", "gs-b/source")]].concat();
        let copied = answer(&admin, &request("PUT", "gs-b", &target, &headers)).await;
        assert_eq!(copied.status, 200, "{copied:?}");
        for (name, value) in [customer[0], customer[2]] {
            assert_eq!(copied.headers.get(name).map(String::as_str), Some(value));
        }
    });
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html>.
#[test]
fn a_delete_may_ask_for_what_is_there() {
    run(async {
        let place = setup();
        let (admin, remover) =
            (place.clients("admin", false).await, place.clients("remover", false).await);
        let put = request("PUT", "gs-plain", "/k", &[]);
        let etag = answer(&admin, &put).await.headers["etag"].clone();
        let many = |etag: &str| {
            let body = format!(
                "<Delete><Object><Key>k</Key><ETag>{}</ETag></Object></Delete>",
                etag.replace('"', "&quot;")
            );
            request("POST", "gs-plain", "/?delete", &[]).document("application/xml", &body)
        };
        let one = |condition: &str| request("DELETE", "gs-plain", "/k", &[("if-match", condition)]);
        let mut table = Table::default();
        for (who, name, sent, expected) in [
            (&admin, "another", one("\"other\""), "412 PreconditionFailed"),
            (&admin, "another of many", many("\"other\""), "200 PreconditionFailed"),
            // To compare an entity tag takes s3:GetObject, to ask for anything does not.
            (&remover, "unread", one(&etag), "403 AccessDenied"),
            (&remover, "unread of many", many(&etag), "200 AccessDenied"),
            (
                &admin,
                "of a version",
                request("DELETE", "gs-plain", "/k?versionId=null", &[("if-match", "*")]),
                "501 NotImplemented",
            ),
            (&admin, "what is there", one(&etag), "204 -"),
            (&admin, "nothing is there", one(&etag), "501 NotImplemented"),
            (&admin, "again", put.clone(), "200 -"),
            (&admin, "what is there of many", many(&etag), "200 -"),
            (&admin, "and again", put.clone(), "200 -"),
            (&remover, "anything", one("*"), "204 -"),
        ] {
            table.row(name, &said(&answer(who, &sent).await), expected);
        }
        let head = answer(&admin, &request("HEAD", "gs-plain", "/k", &[])).await;
        assert_eq!(head.status, 404);
    });
}
