//! The first call to a shared target: who are we, and is this the account that was meant?

use crate::{
    attempt::Answer,
    cloud::{CredentialChain, CredentialError, Target},
    outcome::came_back,
};

/// Who runs gainsay.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Where the credentials come from.
    pub chain: CredentialChain,
    /// The id of the account that the credentials belong to.
    pub account: String,
    /// The ARN that `sts:GetCallerIdentity` answered with.
    pub arn: String,
}

/// Why a shared target cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ConnectError {
    /// There are no credentials.
    #[error(transparent)]
    Credentials(#[from] CredentialError),
    /// `sts:GetCallerIdentity` did not succeed.
    #[error("the target does not say who we are: {}", came_back(answer))]
    Identity {
        /// What came back.
        answer: Box<Answer>,
    },
    /// The credentials belong to another account than the one that was meant.
    #[error("the credentials are those of account `{found}`, and the bindings are for `{meant}`")]
    Account {
        /// The account of the credentials.
        found: String,
        /// The account of the bindings.
        meant: String,
    },
}

/// Finds credentials and asks whose they are. If `account` is given, it must be theirs.
///
/// # Errors
/// There are no credentials, the target does not accept them, or they are of another account.
pub async fn connect(
    target: &Target,
    chain: CredentialChain,
    account: Option<&str>,
) -> Result<Caller, ConnectError> {
    let credentials = chain.credentials().await?;
    let identity = target.clients(Some(&credentials), false).sts.get_caller_identity().send().await;
    let identity = identity
        .map_err(|error| ConnectError::Identity { answer: Box::new(Answer::from_error(&error)) })?;
    let found = identity.account().unwrap_or_default();
    if let Some(meant) = account
        && meant != found
    {
        return Err(ConnectError::Account { found: found.to_owned(), meant: meant.to_owned() });
    }
    Ok(Caller {
        chain,
        account: found.to_owned(),
        arn: identity.arn().unwrap_or_default().to_owned(),
    })
}
