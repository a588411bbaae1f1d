//! KMS: <https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html>.

pub mod alias;
pub mod cryptography;
pub mod deletion;
pub mod grant;
pub mod key;
pub mod key_policy;
pub mod rotation;
pub mod tag;

use std::collections::HashMap;

use aws_sdk_kms::types::KeyState;

use crate::attempt::{
    Call, Effect, Field, MakeCall, On, Operation, Output, Param, Service, content::tags,
    service::send::fields,
};

/// An operation on a key, which needs nothing else.
const fn on_key(name: &'static str, effect: Effect, call: MakeCall) -> Operation {
    Operation {
        needs: &[Param::KeyId],
        ..Operation::new(Service::Kms, name, On::Key, effect, call)
    }
}

/// Makes a call that names nothing but a key, with this method of the client.
macro_rules! key_call {
    ($method:ident) => {
        |clients, call| {
            Box::pin(async move {
                let key = call.get($crate::attempt::Param::KeyId);
                let request = clients.kms.$method().set_key_id(key);
                $crate::attempt::service::send::done!(clients, request)
            })
        }
    };
}

use key_call;

/// What an answer says of a key.
fn described(arn: Option<&str>, state: Option<&KeyState>) -> Output {
    // Every ARN of a key ends with its id.
    let id = arn.and_then(|arn| arn.rsplit('/').next());
    fields([(Field::Arn, arn), (Field::Id, id), (Field::KeyState, state.map(KeyState::as_str))])
}

/// A parameter that is a map, `a=1&b=2`, such as an encryption context.
fn pairs(call: &Call, param: Param) -> Option<HashMap<String, String>> {
    call.get(param).map(|text| tags(&text).into_iter().collect())
}
