//! An empty account on two local ports, until standard input ends.
//!
//! `cargo run -p gainsay-sandbox --features serve --example serve` prints one line of JSON: where
//! it listens, the certificate to trust, and the key of the user who may do everything.

use std::{
    error::Error,
    io::{self, Write as _},
    net::{IpAddr, Ipv4Addr},
};

use gainsay_sandbox::{
    Sandbox,
    serve::{Server, log::Log},
};

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let sandbox = Sandbox::empty("us-east-1");
    let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let server = runtime.block_on(Server::bind(sandbox.clone(), local, 0, 0, "us-east-1"))?;
    let mut certificate = tempfile::NamedTempFile::with_suffix(".pem")?;
    certificate.write_all(server.authority().as_bytes())?;
    let [https, http] = server.urls();
    let credentials = sandbox.admin_credentials();
    writeln!(
        io::stdout(),
        "{}",
        serde_json::json!({
            "https": https,
            "http": http,
            "ca": certificate.path(),
            "account": sandbox.account(),
            "region": sandbox.region(),
            "access_key_id": credentials.access_key_id,
            "secret_access_key": credentials.secret_access_key,
        })
    )?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        // Whatever ends it, there is nobody left to answer.
        _ = io::copy(&mut io::stdin(), &mut io::sink());
        drop(stop);
    });
    runtime.block_on(server.run(async { _ = stopped.await }, Log::nowhere()));
    Ok(())
}
