//! The wire, byte by byte: what the clients of other languages need of it.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use crate::common::served::{Reply, Request, Served};

fn with_bucket() -> Served {
    let served = Served::start(&[]);
    let made = served.ask(&Request::new("PUT", "localhost", "/a-bucket"));
    assert_eq!(made.status, 200, "{made:?}");
    served
}

#[test]
fn a_bucket_is_named_by_path_or_by_host() {
    let served = with_bucket();
    let port = served.plain().split(':').nth(1).unwrap();
    let local = format!("127.0.0.1:{port}");
    let below = format!("a-bucket.localhost:{port}");
    let (aws, virtual_aws) = ("s3.us-east-1.amazonaws.com", "a-bucket.s3.us-east-1.amazonaws.com");
    let put = served.ask(&Request::new("PUT", &local, "/a-bucket/a%20key/%C3%A4").body(b"by path"));
    assert_eq!(put.status, 200, "{put:?}");
    for (host, path) in [
        (local.as_str(), "/a-bucket/a%20key/%C3%A4"),
        (below.as_str(), "/a%20key/%C3%A4"),
        ("a-bucket.s3.localhost", "/a%20key/%C3%A4"),
        ("s3.localhost", "/a-bucket/a%20key/%C3%A4"),
        (aws, "/a-bucket/a%20key/%C3%A4"),
        (virtual_aws, "/a%20key/%C3%A4"),
    ] {
        let got = served.ask(&Request::new("GET", host, path));
        assert_eq!((got.status, got.body.as_str()), (200, "by path"), "{host}{path}: {got:?}");
    }
    // The same host with another bucket before it is another bucket.
    let other = served.ask(&Request::new("GET", "b-bucket.localhost", "/a%20key/%C3%A4"));
    assert_eq!((other.status, other.code()), (404, "NoSuchBucket"), "{other:?}");
}

#[test]
fn every_answer_has_its_ids() {
    let served = with_bucket();
    for path in ["/a-bucket", "/a-bucket/missing", "/no-such-bucket"] {
        for method in ["GET", "HEAD"] {
            let answer = served.ask(&Request::new(method, "localhost", path));
            assert_eq!(answer.header("x-amz-request-id").unwrap().len(), 16, "{answer:?}");
            assert_eq!(answer.header("x-amz-id-2").unwrap().len(), 76, "{answer:?}");
            assert_eq!(answer.header("server"), Some("amazons3"), "{answer:?}");
            assert!(answer.header("date").is_some(), "{answer:?}");
        }
    }
}

#[test]
fn heads_of_buckets_say_the_region_and_nothing_else() {
    let served = with_bucket();
    let head = served.ask(&Request::new("HEAD", "localhost", "/a-bucket"));
    assert_eq!((head.status, head.body.as_str()), (200, ""), "{head:?}");
    assert_eq!(head.header("x-amz-bucket-region"), Some("us-east-1"));
    let missing = served.ask(&Request::new("HEAD", "localhost", "/no-such-bucket"));
    assert_eq!((missing.status, missing.body.as_str()), (404, ""), "{missing:?}");
}

#[test]
fn configurations_that_are_not_there_have_codes_of_their_own() {
    let served = with_bucket();
    for (query, status, code) in [
        ("policy", 404, "NoSuchBucketPolicy"),
        ("tagging", 404, "NoSuchTagSet"),
        ("lifecycle", 404, "NoSuchLifecycleConfiguration"),
        ("cors", 404, "NoSuchCORSConfiguration"),
        ("website", 404, "NoSuchWebsiteConfiguration"),
        ("replication", 404, "ReplicationConfigurationNotFoundError"),
        ("object-lock", 404, "ObjectLockConfigurationNotFoundError"),
        ("versioning", 200, ""),
        ("logging", 200, ""),
        ("notification", 200, ""),
        ("encryption", 200, ""),
        ("publicAccessBlock", 200, ""),
        ("ownershipControls", 200, ""),
        ("location", 200, ""),
    ] {
        let answer = served.ask(&Request::new("GET", "localhost", &format!("/a-bucket?{query}")));
        assert_eq!((answer.status, answer.code()), (status, code), "{query}: {answer:?}");
    }
}

#[test]
fn a_client_that_waits_for_100_continue_gets_it() {
    let served = with_bucket();
    let request = Request::new("PUT", "localhost", "/a-bucket/waited")
        .body(b"after the word")
        .bytes(&served.admin(), "us-east-1");
    let text = String::from_utf8(request).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut stream = TcpStream::connect(served.plain()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream.write_all(format!("{head}\r\nExpect: 100-continue\r\n\r\n").as_bytes()).unwrap();
    let mut word = [0; 25];
    stream.read_exact(&mut word).unwrap();
    assert_eq!(&word, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(Reply::read(&answer).status, 200, "{answer}");
}

#[test]
fn requests_of_one_connection_are_answered_in_their_order() {
    let served = with_bucket();
    let keep = |request: Request<'_>| {
        let text = String::from_utf8(request.bytes(&served.admin(), "us-east-1")).unwrap();
        text.replace("Connection: close\r\n", "")
    };
    let mut together = String::new();
    for n in 0..5 {
        together += &keep(Request::new("PUT", "localhost", &format!("/a-bucket/{n}")).body(b"x"));
        together += &keep(Request::new("GET", "localhost", &format!("/a-bucket/{n}")));
    }
    let last = Request::new("GET", "localhost", "/a-bucket/5").bytes(&served.admin(), "us-east-1");
    together += &String::from_utf8(last).unwrap();
    let answer = served.raw(together.as_bytes());
    let statuses: Vec<&str> = answer.split("HTTP/1.1 ").skip(1).map(|one| &one[..3]).collect();
    assert_eq!(statuses, [["200"; 2].repeat(5), vec!["404"]].concat(), "{answer}");
}

#[test]
fn what_is_no_request_is_refused_and_harms_nobody() {
    let served = with_bucket();
    let long = "x".repeat(1 << 20);
    for (bytes, status) in [
        ("GET /a-bucket HTTP/1.1\r\n\r\n".to_owned(), 400),
        (
            "GET /a-bucket HTTP/1.1\r\nHost: localhost\r\nHost: example.org\r\n\r\n".to_owned(),
            400,
        ),
        (
            "GET http://example.org/a-bucket HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(),
            400,
        ),
        ("GET /a-bucket HTTP/1.1\r\nHost: a b\r\n\r\n".to_owned(), 400),
        ("GET a-bucket HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(), 400),
        ("\u{16}\u{3}\u{1}\0\u{5}hello".to_owned(), 400),
        (format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n\r\n"), 431),
        (format!("GET / HTTP/1.1\r\nHost: localhost\r\nx: {long}\r\n\r\n"), 431),
        (
            "PUT /a-bucket/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9223372036854775807\r\n\r\n".to_owned(),
            0,
        ),
        (
            "PUT /a-bucket/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n".to_owned(),
            400,
        ),
        (
            "PUT /a-bucket/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
            // Beside chunks the length counts for nothing (RFC 9112, section 6.3), and without one
            // S3 takes no body.
            501,
        ),
        ("GET / HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n".to_owned(), 501),
    ] {
        let answer = served.raw(bytes.as_bytes());
        let shown: String = bytes.chars().take(60).collect();
        if status == 0 {
            // It waits for a body that does not come; the client gives up.
            assert_eq!(answer, "", "{shown}");
        } else {
            assert_eq!(Reply::read(&answer).status, status, "{shown}: {answer}");
        }
    }
    assert_eq!(served.ask(&Request::new("HEAD", "localhost", "/a-bucket")).status, 200);
}

#[test]
fn chunks_hold_as_much_as_was_said() {
    let served = with_bucket();
    let (abc, none) = ("x-amz-checksum-crc32:NSRBwg==", "x-amz-checksum-crc32:AAAAAA==");
    for (said, chunks, trailer, expected) in [
        ("3", "3\r\nabc\r\n0\r\n", abc, "200"),
        ("0", "0\r\n", none, "200"),
        ("3", "1\r\na\r\n2\r\nbc\r\n0\r\n", abc, "200"),
        ("5", "3\r\nabc\r\n0\r\n", abc, "400 IncompleteBody"),
        ("2", "3\r\nabc\r\n0\r\n", abc, "400 IncompleteBody"),
        ("03", "3\r\nabc\r\n0\r\n", abc, "400 IncompleteBody"),
        ("x", "3\r\nabc\r\n0\r\n", abc, "400 InvalidRequest"),
        ("3", "3\r\nabc", "", "400 IncompleteBody"),
        ("3", "abc", "", "400 IncompleteBody"),
        ("3", "3\r\nabc\r\n0\r\n", "", "400 MalformedTrailerError"),
        ("3", "3\r\nabc\r\n0\r\n", none, "400 BadDigest"),
    ] {
        let end = if trailer.is_empty() { "\r\n" } else { "\r\n\r\n" };
        let body = format!("{chunks}{trailer}{end}");
        let headers = [
            ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            ("content-encoding", "aws-chunked"),
            ("x-amz-decoded-content-length", said),
            ("x-amz-trailer", "x-amz-checksum-crc32"),
        ];
        let put = Request::new("PUT", "localhost", "/a-bucket/chunks").body(body.as_bytes());
        let put = served.ask(&put.headers(&headers));
        let answered = format!("{} {}", put.status, put.code());
        assert_eq!(answered.trim(), expected, "{said} {body:?}: {put:?}");
        let got = served.ask(&Request::new("GET", "localhost", "/a-bucket/chunks"));
        let stored = if expected == "200" { 200 } else { 404 };
        assert_eq!(got.status, stored, "{said} {body:?}: {got:?}");
        served.ask(&Request::new("DELETE", "localhost", "/a-bucket/chunks"));
    }
}

#[test]
fn a_body_that_breaks_off_writes_nothing() {
    let served = with_bucket();
    let request = Request::new("PUT", "localhost", "/a-bucket/broken")
        .body(b"all of it")
        .bytes(&served.admin(), "us-east-1");
    let mut stream = TcpStream::connect(served.plain()).unwrap();
    stream.write_all(&request[..request.len() - 4]).unwrap();
    drop(stream);
    let got = served.ask(&Request::new("GET", "localhost", "/a-bucket/broken"));
    assert_eq!((got.status, got.code()), (404, "NoSuchKey"), "{got:?}");
}

#[test]
fn services_share_the_ports_and_are_told_apart_by_the_signature() {
    let served = Served::start(&[]);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let sts = Request {
        service: "sts",
        ..Request::new("POST", "localhost", "/")
            .headers(&form)
            .body(b"Action=GetCallerIdentity&Version=2011-06-15")
    };
    let who = served.ask(&sts);
    assert_eq!(who.status, 200, "{who:?}");
    assert!(who.body.contains("<Account>111122223333</Account>"), "{who:?}");
    let json = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", "TrentService.ListAliases"),
    ];
    let kms = Request {
        service: "kms",
        ..Request::new("POST", "localhost", "/").headers(&json).body(b"{}")
    };
    let aliases = served.ask(&kms);
    assert_eq!(aliases.status, 200, "{aliases:?}");
    // Signed for one, sent to the other's host.
    let astray = Request { host: "kms.us-east-1.amazonaws.com", ..sts };
    let refused = served.ask(&astray);
    assert!(refused.status == 400 && refused.body.contains("SignatureException"), "{refused:?}");
}
