//! What browsers are told of a bucket's rules about other origins
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html>).

use gainsay_model::Service;

use crate::support::{Clients, Place, REGION, Request, Response, Setup, Table, run};

const RULES: &str = "<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>https://*.example.com</AllowedOrigin><AllowedHeader>x-amz-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>60</MaxAgeSeconds></CORSRule><CORSRule><AllowedMethod>PUT</AllowedMethod><AllowedMethod>HEAD</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>";

async fn answer(
    clients: &Clients,
    method: &'static str,
    bucket: &str,
    headers: &[(&'static str, &str)],
) -> Response {
    let host = format!("{bucket}.{}", Service::S3.host(REGION));
    let request = Request::new(Service::S3, method, host, "/k".to_owned());
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(name, Some(*value)));
    clients.respond(&request, None).await
}

async fn setup() -> Place {
    let place = Setup::new().bucket("b", "", None).bucket("none", "", None).build();
    let admin = place.clients("admin", false).await;
    let host = format!("gs-b.{}", Service::S3.host(REGION));
    let put = Request::new(Service::S3, "PUT", host, "/?cors".to_owned());
    let put = put.document("application/xml", RULES);
    assert_eq!(admin.respond(&put, None).await.status, 200);
    place
}

fn said(response: &Response) -> String {
    let code = response.body.split("<Code>").nth(1).and_then(|rest| rest.split('<').next());
    let header = |name: &str| response.headers.get(name).map_or("-", String::as_str).to_owned();
    let allowed = ["access-control-allow-origin", "access-control-allow-methods"].map(header);
    format!("{} {} {}", response.status, code.unwrap_or("-"), allowed.join(" "))
}

#[test]
fn a_browser_that_asks_beforehand_is_told_by_the_rules() {
    const ORIGIN: &str = "origin";
    const METHOD: &str = "access-control-request-method";
    const HEADERS: &str = "access-control-request-headers";
    run(async {
        let place = setup().await;
        let anyone = place.clients("anonymous", false).await;
        let mut table = Table::default();
        let here = (ORIGIN, "https://a.example.com");
        for (bucket, headers, expected) in [
            ("gs-b", [here, (METHOD, "GET")].as_slice(), "200 - https://a.example.com GET"),
            (
                "gs-b",
                &[here, (METHOD, "GET"), (HEADERS, "X-Amz-Date, x-amz-a")],
                "200 - https://a.example.com GET",
            ),
            ("gs-b", &[here, (METHOD, "GET"), (HEADERS, "range")], "403 AccessForbidden - -"),
            ("gs-b", &[here, (METHOD, "PUT")], "200 - * PUT, HEAD"),
            ("gs-b", &[here, (METHOD, "DELETE")], "403 AccessForbidden - -"),
            (
                "gs-b",
                &[(ORIGIN, "https://example.org"), (METHOD, "GET")],
                "403 AccessForbidden - -",
            ),
            ("gs-b", &[(METHOD, "GET")], "400 BadRequest - -"),
            ("gs-b", &[here], "400 BadRequest - -"),
            ("gs-b", &[here, (METHOD, "get")], "400 BadRequest - -"),
            ("gs-none", &[here, (METHOD, "GET")], "403 AccessForbidden - -"),
            ("gs-absent", &[here, (METHOD, "GET")], "403 AccessForbidden - -"),
        ] {
            let response = answer(&anyone, "OPTIONS", bucket, headers).await;
            table.row(&format!("{bucket} {headers:?}"), &said(&response), expected);
        }
        let full = [here, (METHOD, "GET"), (HEADERS, "X-Amz-Date")];
        let full = answer(&anyone, "OPTIONS", "gs-b", &full).await;
        for (name, expected) in [
            ("access-control-allow-headers", "x-amz-date"),
            ("access-control-expose-headers", "ETag"),
            ("access-control-max-age", "60"),
            ("access-control-allow-credentials", "true"),
            ("vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"),
        ] {
            table.row(name, full.headers.get(name).map_or("-", String::as_str), expected);
        }
    });
}

/// The rules refuse nothing, and allow nothing: they are only told.
#[test]
fn an_answer_to_another_origin_says_what_the_rules_say() {
    run(async {
        let place = setup().await;
        let (admin, anyone) =
            (place.clients("admin", false).await, place.clients("anonymous", false).await);
        let mut table = Table::default();
        let here = [("origin", "https://a.example.com")];
        for (who, method, headers, expected) in [
            (&admin, "PUT", here.as_slice(), "200 - * PUT, HEAD"),
            (&admin, "GET", &here, "200 - https://a.example.com GET"),
            (&admin, "GET", &[("origin", "https://example.org")], "200 - - -"),
            (&admin, "GET", &[], "200 - - -"),
            (&anyone, "GET", &here, "403 AccessDenied https://a.example.com GET"),
            (&admin, "DELETE", &here, "204 - - -"),
        ] {
            let response = answer(who, method, "gs-b", headers).await;
            table.row(&format!("{method} {headers:?}"), &said(&response), expected);
        }
    });
}
