//! What is in a bucket: objects, versions, uploads.

use super::{of_bucket, on_bucket};
use crate::{
    attempt::{
        Answer, Call, Effect, Field, Operation, Param,
        service::send::{boxed, list, send},
    },
    cloud::Clients,
};

/// `ListObjectsV2`: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>.
pub const OBJECTS: Operation = Operation {
    action: "s3:ListBucket",
    may: &[Param::Prefix],
    ..on_bucket("s3:ListObjectsV2", Effect::Reads, boxed!(objects))
};

/// `ListObjectVersions`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html>.
pub const VERSIONS: Operation = Operation {
    action: "s3:ListBucketVersions",
    may: &[Param::Prefix],
    ..on_bucket("s3:ListObjectVersions", Effect::Reads, boxed!(versions))
};

/// `ListMultipartUploads`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html>.
pub const UPLOADS: Operation = Operation {
    action: "s3:ListBucketMultipartUploads",
    may: &[Param::Prefix],
    ..on_bucket("s3:ListMultipartUploads", Effect::Reads, boxed!(uploads))
};

async fn objects(clients: &Clients, call: &Call) -> Answer {
    let request = of_bucket!(clients.s3.list_objects_v2(), call);
    send!(clients, request.set_prefix(call.get(Param::Prefix)), |answer| list(
        Field::Keys,
        answer.contents().iter().filter_map(|object| object.key())
    ))
}

async fn versions(clients: &Clients, call: &Call) -> Answer {
    let request = of_bucket!(clients.s3.list_object_versions(), call);
    send!(clients, request.set_prefix(call.get(Param::Prefix)), |answer| list(
        Field::Versions,
        answer.versions().iter().filter_map(|version| version.version_id())
    ))
}

async fn uploads(clients: &Clients, call: &Call) -> Answer {
    let request = of_bucket!(clients.s3.list_multipart_uploads(), call);
    send!(clients, request.set_prefix(call.get(Param::Prefix)), |answer| list(
        Field::Keys,
        answer.uploads().iter().filter_map(|upload| upload.key())
    ))
}
