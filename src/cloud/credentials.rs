//! The caller's own credentials: the default chain of the SDK, or a named profile.

use aws_config::BehaviorVersion;
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials as _, SharedCredentialsProvider, error::CredentialsError},
};
use aws_sdk_sts::config::Region;

use super::http::{Trust, client_for_credentials};

/// Where a caller's credentials come from. Asked again whenever they are needed: those of a chain
/// may be short-lived.
#[derive(Clone, Debug)]
pub struct Chain {
    provider: Option<SharedCredentialsProvider>,
    profile: Option<String>,
}

impl Chain {
    /// These credentials and no others.
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

    /// The credentials.
    ///
    /// # Errors
    /// There are none, in a sentence that says what to do.
    pub async fn credentials(&self) -> Result<Credentials, String> {
        let found = match &self.provider {
            Some(provider) => provider.provide_credentials().await,
            None => Err(CredentialsError::not_loaded("the chain is empty")),
        };
        found.map_err(|error| {
            let whose = match &self.profile {
                Some(profile) => format!("the profile `{profile}` gives no credentials"),
                None => "there are no AWS credentials".to_owned(),
            };
            let why = match &error {
                CredentialsError::CredentialsNotLoaded(_) => String::new(),
                other => format!(" ({})", chain(other)),
            };
            format!("{whose}{why}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, choose a profile with AWS_PROFILE, or sign in")
        })
    }
}

/// An error and what caused it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
