//! IAM: the tags of roles, by which policies tell roles apart.

use gainsay_model::Service;

use super::{asked, forgotten, listed_tags};
use crate::{
    attempt::{Answer, Ask, Call, Op, Param, cli::tags},
    cloud::Clients,
};

pub(super) async fn iam(clients: &Clients, call: &Call) -> Answer {
    let role = call.get(Param::Role).unwrap_or_default();
    // The API takes the name, which is the end of the ARN.
    let name = role.rsplit('/').next().unwrap_or_default();
    let mut parameters = vec![("RoleName".to_owned(), name.to_owned())];
    let action = match call.operation.op {
        Op::ListRoleTags => "ListRoleTags",
        Op::TagRole => {
            parameters.extend(numbered(&tags(&call.get(Param::Tags).unwrap_or_default())));
            "TagRole"
        }
        _ => return forgotten(call),
    };
    let pairs = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let parameters: Vec<(&str, &str)> = pairs.collect();
    asked(clients, Service::Iam, &Ask::iam(action, &parameters), |told| {
        let result = told.iam(action)?;
        Ok(result.child("Tags").map(listed_tags).unwrap_or_default())
    })
    .await
}

/// Tags as the parameters of a request.
pub(crate) fn numbered(tags: &[(String, String)]) -> impl Iterator<Item = (String, String)> {
    tags.iter().zip(1..).flat_map(|((key, value), n)| {
        let member = |name: &str, text: &str| (format!("Tags.member.{n}.{name}"), text.to_owned());
        [member("Key", key), member("Value", value)]
    })
}
