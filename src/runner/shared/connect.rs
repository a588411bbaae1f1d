//! The first call to a shared target: who are we, and is this the account that was meant?

use crate::{
    attempt::Answer,
    cloud::{Chain, Target},
    verdict::came_back,
};

/// Who runs gainsay.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Where the credentials come from.
    pub chain: Chain,
    /// The account.
    pub account: String,
    /// The ARN.
    pub arn: String,
}

/// Finds credentials and asks whose they are. If `account` is given, it must be theirs.
///
/// # Errors
/// What is missing or wrong, in a sentence.
pub async fn connect(
    target: &Target,
    chain: Chain,
    account: Option<&str>,
) -> Result<Caller, String> {
    let credentials = chain.credentials().await?;
    let identity = target.clients(Some(&credentials), false).sts.get_caller_identity().send().await;
    let identity = identity.map_err(|error| {
        format!("the target does not say who we are: {}", came_back(&Answer::from_error(&error)))
    })?;
    let found = identity.account().unwrap_or_default();
    if let Some(meant) = account
        && meant != found
    {
        return Err(format!(
            "the credentials are those of account `{found}`, and the bindings are for `{meant}`"
        ));
    }
    Ok(Caller {
        chain,
        account: found.to_owned(),
        arn: identity.arn().unwrap_or_default().to_owned(),
    })
}
