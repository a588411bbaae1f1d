//! Clients that wait for `100 Continue` before they send a body.

use std::{net::Ipv4Addr, time::Duration};

use gainsay_sandbox::serve::{Server, log::Log};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{REGION, Setup, all};

/// The first line of what a server says to the head of an upload that nobody signed.
async fn first_line(address: &str, bucket: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "PUT /{bucket}/k HTTP/1.1\r\nHost: {address}\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut buffer = [0; 1024];
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut buffer));
    let length = read.await.expect("an answer in time").unwrap();
    let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
    text.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn who_may_not_upload_is_not_told_to_go_on() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let open = ", block_public_access: { block_public_acls: true, ignore_public_acls: true, block_public_policy: false, restrict_public_buckets: false }";
        let policy = all("Allow", "s3:PutObject", "arn:aws:s3:::gs-open/*", json!(null));
        let place = Setup::new()
            .bucket("open", open, Some(json!([policy])))
            .bucket("closed", "", None)
            .build();
        let here = Ipv4Addr::LOCALHOST.into();
        let server = Server::bind(place.sandbox.clone(), here, 0, 0, REGION).await.unwrap();
        let [_, plain] = server.urls();
        let address = plain.trim_start_matches("http://").to_owned();
        let server = tokio::spawn(server.run(std::future::pending(), Log::nowhere()));
        for (bucket, expected) in [
            ("gs-open", "HTTP/1.1 100 Continue"),
            ("gs-closed", "HTTP/1.1 403 Forbidden"),
            ("gs-absent", "HTTP/1.1 404 Not Found"),
        ] {
            assert_eq!(first_line(&address, bucket).await, expected, "{bucket}");
        }
        server.abort();
    });
}
