//! The caller's own credentials: the default chain of the SDK, or a named profile.

use std::sync::Arc;

use aws_config::BehaviorVersion;
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials as _, SharedCredentialsProvider, error::CredentialsError},
};
use aws_sdk_sts::config::Region;

use super::chain;
use super::http::{Trust, client_for_credentials};

/// Where a caller's credentials come from. It is asked again whenever they are needed, because
/// those it gives may be short-lived.
#[derive(Clone, Debug)]
pub struct CredentialChain {
    provider: Option<SharedCredentialsProvider>,
    profile: Option<String>,
}

/// Why a caller has no credentials. The text says what to do.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CredentialError {
    /// The default chain gives none.
    #[error("there are no AWS credentials{}: {ADVICE}", reason(source))]
    Chain {
        /// What the SDK says.
        source: Arc<CredentialsError>,
    },
    /// The profile that was named gives none.
    #[error("the profile `{profile}` gives no credentials{}: {ADVICE}", reason(source))]
    Profile {
        /// Its name.
        profile: String,
        /// What the SDK says.
        source: Arc<CredentialsError>,
    },
}

/// What to do where there are no credentials.
const ADVICE: &str = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, choose a profile with \
                      AWS_PROFILE, or sign in";

/// The SDK's reason in brackets; nothing where there is just nothing configured.
fn reason(error: &CredentialsError) -> String {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => String::new(),
        other => format!(" ({})", chain(other)),
    }
}

impl CredentialChain {
    /// A chain that gives these credentials and no others.
    #[must_use]
    pub fn of(credentials: Credentials) -> Self {
        Self { provider: Some(SharedCredentialsProvider::new(credentials)), profile: None }
    }

    /// The default chain (environment, shared files, SSO, container, instance), or what a profile
    /// says.
    pub async fn find(profile: Option<&str>, region: &str) -> Self {
        let mut loader =
            aws_config::defaults(BehaviorVersion::latest()).region(Region::new(region.to_owned()));
        // Credentials come from AWS or this machine, whatever the target is: its certificates have
        // no say here.
        if let Ok(client) = client_for_credentials(&Trust::default()) {
            loader = loader.http_client(client);
        }
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        Self {
            provider: loader.load().await.credentials_provider(),
            profile: profile.map(str::to_owned),
        }
    }

    /// The credentials that the chain gives now.
    ///
    /// # Errors
    /// There are none.
    pub async fn credentials(&self) -> Result<Credentials, CredentialError> {
        let found = match &self.provider {
            Some(provider) => provider.provide_credentials().await,
            None => Err(CredentialsError::not_loaded("the chain is empty")),
        };
        found.map_err(|error| {
            let source = Arc::new(error);
            match self.profile.clone() {
                Some(profile) => CredentialError::Profile { profile, source },
                None => CredentialError::Chain { source },
            }
        })
    }
}
