//! IAM: the tags of roles, by which policies tell roles apart.

use crate::{
    attempt::{
        Answer, Call, Effect, On, Operation, Param, Service,
        command::{CommandLine, Spelling, quote, tag_list},
        content::tags,
        service::send::{boxed, send_signed, tag_elements},
    },
    cloud::{Clients, SignedRequest},
};

/// `TagRole`: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagRole.html>.
pub const TAG_ROLE: Operation = Operation {
    needs: &[Param::Role, Param::Tags],
    command: CommandLine {
        options: &[
            (Param::Role, Spelling::Own(name_option)),
            (Param::Tags, Spelling::Own(tag_list)),
        ],
        ..CommandLine::USUAL
    },
    ..Operation::new(Service::Iam, "iam:TagRole", On::Role, Effect::Configures, boxed!(tag_role))
};

/// `ListRoleTags`: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoleTags.html>.
pub const LIST_ROLE_TAGS: Operation = Operation {
    needs: &[Param::Role],
    command: CommandLine {
        options: &[(Param::Role, Spelling::Own(name_option))],
        ..CommandLine::USUAL
    },
    ..Operation::new(
        Service::Iam,
        "iam:ListRoleTags",
        On::Role,
        Effect::Reads,
        boxed!(list_role_tags),
    )
};

/// The API takes the name, which is the end of the ARN.
fn name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or_default()
}

fn name_option(arn: &str) -> String {
    format!("--role-name {}", quote(name(arn)))
}

async fn tag_role(clients: &Clients, call: &Call) -> Answer {
    let tags = tags(&call.get(Param::Tags).unwrap_or_default());
    send_action(clients, call, "TagRole", numbered(&tags)).await
}

async fn list_role_tags(clients: &Clients, call: &Call) -> Answer {
    send_action(clients, call, "ListRoleTags", std::iter::empty()).await
}

/// Sends an action on the role that a call names, with parameters besides its name.
async fn send_action(
    clients: &Clients,
    call: &Call,
    action: &str,
    more: impl Iterator<Item = (String, String)> + Send,
) -> Answer {
    let role = call.get(Param::Role).unwrap_or_default();
    let parameters: Vec<(String, String)> =
        std::iter::once(("RoleName".to_owned(), name(&role).to_owned())).chain(more).collect();
    let pairs: Vec<(&str, &str)> =
        parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    send_signed(clients, Service::Iam, &SignedRequest::iam(action, &pairs), |answer| {
        let result = answer.iam(action)?;
        Ok(result.child("Tags").map(tag_elements).unwrap_or_default())
    })
    .await
}

/// Tags as the parameters of a request: `Tags.member.1.Key` and `Tags.member.1.Value`
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagRole.html>).
pub(crate) fn numbered(tags: &[(String, String)]) -> impl Iterator<Item = (String, String)> {
    tags.iter().zip(1..).flat_map(|((key, value), n)| {
        let member = |name: &str, text: &str| (format!("Tags.member.{n}.{name}"), text.to_owned());
        [member("Key", key), member("Value", value)]
    })
}
