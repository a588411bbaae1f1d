//! The ACL of an object.

use super::{acl, of_version, on_object};
use crate::{
    attempt::{
        Answer, Call, Effect, Leaves, ObjectSetting, Operation, Param,
        service::send::{boxed, done},
    },
    cloud::Clients,
};

/// `GetObjectAcl`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAcl.html>.
pub const GET: Operation = Operation {
    action_with_version: Some("s3:GetObjectVersionAcl"),
    may: &[Param::Version],
    ..on_object("s3:GetObjectAcl", Effect::Reads, boxed!(get))
};

/// `PutObjectAcl`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAcl.html>.
pub const PUT: Operation = Operation {
    action_with_version: Some("s3:PutObjectVersionAcl"),
    needs: &[Param::Bucket, Param::Key, Param::Acl],
    may: &[Param::Version],
    leaves: Leaves::ObjectSetting(ObjectSetting::Acl),
    ..on_object("s3:PutObjectAcl", Effect::Writes, boxed!(put))
};

async fn get(clients: &Clients, call: &Call) -> Answer {
    done!(clients, of_version!(clients.s3.get_object_acl(), call))
}

async fn put(clients: &Clients, call: &Call) -> Answer {
    done!(clients, of_version!(clients.s3.put_object_acl(), call).set_acl(acl(call)))
}
