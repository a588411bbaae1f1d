//! What `--target` may name.

use std::fmt;

/// An S3, KMS and STS to run against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Address {
    /// The embedded one.
    #[default]
    Sandbox,
    /// Amazon's own, by Region.
    Aws,
    /// One URL for every service.
    Url(Url),
}

/// Scheme and authority, and nothing else: `https://127.0.0.1:4566`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url(String);

/// Why a text is no [`Url`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It does not parse.
    #[error("it is no URL")]
    NoUrl,
    /// Another scheme.
    #[error("it must begin with `https://` or `http://`")]
    Scheme,
    /// User information, which would end in reports.
    #[error("it must not hold a user name or password")]
    User,
    /// More than a host and port.
    #[error("it must end after the host and port")]
    Path,
}

impl Url {
    /// Reads a URL.
    ///
    /// # Errors
    /// It is not one, or is more than scheme, host and port.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let uri: http::Uri = text.parse().map_err(|_| UrlError::NoUrl)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(UrlError::Scheme);
        };
        if !["http", "https"].contains(&scheme) {
            return Err(UrlError::Scheme);
        }
        if authority.as_str().contains('@') {
            return Err(UrlError::User);
        }
        if authority.host().is_empty() {
            return Err(UrlError::NoUrl);
        }
        if uri.path_and_query().is_some_and(|rest| rest.as_str() != "/") || text.contains('#') {
            return Err(UrlError::Path);
        }
        Ok(Self(format!("{scheme}://{authority}")))
    }

    /// The URL without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether what is sent there travels in the clear.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.0.starts_with("http://")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sandbox => "sandbox",
            Self::Aws => "aws",
            Self::Url(url) => url.as_str(),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at a surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_scheme_host_and_port() {
        for (text, url) in [
            ("https://127.0.0.1:4566", "https://127.0.0.1:4566"),
            ("http://localhost", "http://localhost"),
            ("https://s3.example.org/", "https://s3.example.org"),
            ("https://[::1]:9000", "https://[::1]:9000"),
        ] {
            assert_eq!(Url::parse(text).unwrap().as_str(), url);
        }
        for (text, error) in [
            ("", UrlError::NoUrl),
            ("localhost:4566", UrlError::Scheme),
            ("sandbx", UrlError::Scheme),
            ("/tmp", UrlError::Scheme),
            ("ftp://host", UrlError::Scheme),
            ("https://user:secret@host", UrlError::User),
            ("https://host/path", UrlError::Path),
            ("https://host?query", UrlError::Path),
            ("https://host#part", UrlError::Path),
            ("https://ho st", UrlError::NoUrl),
            ("https://", UrlError::NoUrl),
            ("https://host\u{1b}[2J", UrlError::NoUrl),
        ] {
            assert_eq!(Url::parse(text), Err(error), "{text}");
        }
    }
}
