//! Aliases of keys.

use crate::{
    attempt::{
        Answer, Call, Effect, Field, On, Operation, Param, Service,
        command::{CommandLine, Spelling},
        service::send::{boxed, done, list, send},
    },
    cloud::Clients,
};

/// `CreateAlias`: <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html>.
pub const CREATE: Operation = Operation {
    needs: &[Param::Alias, Param::KeyId],
    command: CommandLine {
        options: &[(Param::KeyId, Spelling::Option("--target-key-id"))],
        ..CommandLine::USUAL
    },
    ..Operation::new(Service::Kms, "kms:CreateAlias", On::Alias, Effect::Configures, boxed!(create))
};

/// `UpdateAlias`: <https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateAlias.html>.
pub const UPDATE: Operation = Operation {
    needs: &[Param::Alias, Param::KeyId],
    command: CommandLine {
        options: &[(Param::KeyId, Spelling::Option("--target-key-id"))],
        ..CommandLine::USUAL
    },
    ..Operation::new(Service::Kms, "kms:UpdateAlias", On::Alias, Effect::Configures, boxed!(update))
};

/// `DeleteAlias`: <https://docs.aws.amazon.com/kms/latest/APIReference/API_DeleteAlias.html>.
pub const DELETE: Operation = Operation {
    needs: &[Param::Alias],
    ..Operation::new(Service::Kms, "kms:DeleteAlias", On::Alias, Effect::Consumes, boxed!(delete))
};

/// `ListAliases`: <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListAliases.html>.
pub const LIST: Operation = Operation {
    may: &[Param::KeyId],
    ..Operation::new(
        Service::Kms,
        "kms:ListAliases",
        On::Anything,
        Effect::Reads,
        boxed!(list_aliases),
    )
};

async fn create(clients: &Clients, call: &Call) -> Answer {
    let request = clients.kms.create_alias().set_alias_name(call.get(Param::Alias));
    done!(clients, request.set_target_key_id(call.get(Param::KeyId)))
}

async fn update(clients: &Clients, call: &Call) -> Answer {
    let request = clients.kms.update_alias().set_alias_name(call.get(Param::Alias));
    done!(clients, request.set_target_key_id(call.get(Param::KeyId)))
}

async fn delete(clients: &Clients, call: &Call) -> Answer {
    done!(clients, clients.kms.delete_alias().set_alias_name(call.get(Param::Alias)))
}

async fn list_aliases(clients: &Clients, call: &Call) -> Answer {
    let request = clients.kms.list_aliases().set_key_id(call.get(Param::KeyId));
    send!(clients, request, |answer| list(
        Field::Aliases,
        answer.aliases().iter().filter_map(|alias| alias.alias_name())
    ))
}
