//! A certification authority for one run of the server, and the certificate it signs. Neither is
//! kept.

use std::net::IpAddr;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer},
};

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// It cannot be made.
    #[error("the server's certificate cannot be made: {0}")]
    Made(#[from] rcgen::Error),
    /// It cannot be used.
    #[error("the server's certificate cannot be used: {0}")]
    Used(#[from] rustls::Error),
}

/// The authority, and the server's certificate with its key.
pub(super) struct Certificates {
    authority: CertifiedIssuer<'static, KeyPair>,
    leaf: CertificateDer<'static>,
    key: KeyPair,
}

impl Certificates {
    /// For an address, and for every name by which a client may call the services: `localhost` and
    /// below it, and AWS's own names, which some clients are told to look up here.
    pub(super) fn new(
        address: IpAddr,
        region: &str,
        account: &str,
    ) -> Result<Self, CertificateError> {
        let mut authority = CertificateParams::new(Vec::new())?;
        authority
            .distinguished_name
            .push(DnType::CommonName, "gainsay serve, an authority for one run");
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::CrlSign,
            KeyUsagePurpose::DigitalSignature,
        ];
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let mut leaf = CertificateParams::new(names(address, region, account))?;
        leaf.distinguished_name.push(DnType::CommonName, "gainsay serve");
        leaf.use_authority_key_identifier_extension = true;
        let leaf = leaf.signed_by(&key, &authority)?;
        Ok(Self { leaf: leaf.der().clone(), authority, key })
    }

    pub(super) fn authority(&self) -> String {
        self.authority.pem()
    }

    /// TLS 1.2 and 1.3, as S3 speaks them, without client certificates.
    pub(super) fn config(&self) -> Result<ServerConfig, CertificateError> {
        let provider = rustls::crypto::ring::default_provider();
        let builder = ServerConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()?;
        let key = PrivateKeyDer::Pkcs8(self.key.serialize_der().into());
        let mut config =
            builder.with_no_client_auth().with_single_cert(vec![self.leaf.clone()], key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn names(address: IpAddr, region: &str, account: &str) -> Vec<String> {
    // Clients with OpenSSL take no `*.localhost`, but `*.s3.localhost`.
    let mut names: Vec<String> = ["localhost", "*.localhost", "*.s3.localhost", "127.0.0.1", "::1"]
        .map(str::to_owned)
        .into();
    names.extend(
        ["s3", "*.s3", "*.s3-control", "*.s3-accesspoint", "kms", "sts"]
            .map(|service| format!("{service}.{region}.amazonaws.com")),
    );
    names.push("iam.amazonaws.com".to_owned());
    // S3 Control's clients put the account before the host.
    names.push(format!("{account}.localhost"));
    let address = address.to_string();
    if !names.contains(&address) {
        names.push(address);
    }
    names
}
