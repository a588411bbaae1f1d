//! IAM: the tags of roles, by which policies tell roles apart.

use crate::{
    attempt::{Answer, Ask, Call, Field, Op, Output, Param, Service, cli::tags},
    cloud::Clients,
    xml::Element,
};

pub(super) async fn iam(clients: &Clients, call: &Call) -> Answer {
    let role = call.get(Param::Role).unwrap_or_default();
    // The API takes the name, which is the end of the ARN.
    let name = role.rsplit('/').next().unwrap_or_default();
    let mut parameters = vec![("RoleName".to_owned(), name.to_owned())];
    let action = if call.operation.op == Op::ListRoleTags {
        "ListRoleTags"
    } else {
        parameters.extend(numbered(&tags(&call.get(Param::Tags).unwrap_or_default())));
        "TagRole"
    };
    let parameters: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let told = match clients.ask(Service::Iam, &Ask::iam(action, &parameters)).await {
        Ok(told) => told,
        Err(answer) => return answer,
    };
    match told.iam(action) {
        Ok(result) => told.success(result.child("Tags").map(listed).unwrap_or_default()),
        Err(answer) => answer,
    }
}

/// Tags as the parameters of a request.
pub(crate) fn numbered(tags: &[(String, String)]) -> impl Iterator<Item = (String, String)> {
    tags.iter().zip(1..).flat_map(|((key, value), n)| {
        let member = |name: &str, text: &str| (format!("Tags.member.{n}.{name}"), text.to_owned());
        [member("Key", key), member("Value", value)]
    })
}

/// Tags as an answer lists them.
fn listed(tags: &Element) -> Output {
    let text = |tag: &Element, name| tag.get(name).unwrap_or_default().to_owned();
    let pairs = tags
        .children
        .iter()
        .map(|tag| format!("{}={}", text(tag, "Key"), text(tag, "Value")));
    Output::from([(Field::Tags, vec![pairs.collect::<Vec<_>>().join("&")])])
}
