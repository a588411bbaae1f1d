//! The annotations of an object.

use aws_sdk_s3::{operation::RequestId as _, primitives::ByteStream, types::AnnotationEntry};

use super::{of_version, on_object};
use crate::{
    attempt::{
        Answer, Call, Effect, Field, Leaves, ObjectSetting, Operation, Param,
        command::{CommandLine, Spelling},
        content::body,
        service::send::{boxed, done, fields, list, send},
    },
    cloud::Clients,
};

/// `PutObjectAnnotation`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAnnotation.html>.
pub const PUT: Operation = Operation {
    needs: &[Param::Bucket, Param::Key, Param::Annotation],
    may: &[Param::Version, Param::Body],
    leaves: Leaves::ObjectSetting(ObjectSetting::Annotations),
    command: CommandLine {
        options: &[(Param::Body, Spelling::Fixed("--annotation-payload body"))],
        ..CommandLine::USUAL
    },
    ..on_object("s3:PutObjectAnnotation", Effect::Writes, boxed!(put))
};

/// `GetObjectAnnotation`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAnnotation.html>.
pub const GET: Operation = Operation {
    needs: &[Param::Bucket, Param::Key, Param::Annotation],
    may: &[Param::Version],
    command: CommandLine { more: |_| "/dev/stdout".to_owned(), ..CommandLine::USUAL },
    ..on_object("s3:GetObjectAnnotation", Effect::Reads, boxed!(get))
};

/// `ListObjectAnnotations`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectAnnotations.html>.
pub const LIST: Operation = Operation {
    may: &[Param::Version],
    ..on_object("s3:ListObjectAnnotations", Effect::Reads, boxed!(list_all))
};

/// `DeleteObjectAnnotation`:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjectAnnotation.html>.
pub const DELETE: Operation = Operation {
    needs: &[Param::Bucket, Param::Key, Param::Annotation],
    may: &[Param::Version],
    // An annotation that is gone is not brought back by removing its object.
    leaves: Leaves::Lasting,
    ..on_object("s3:DeleteObjectAnnotation", Effect::Consumes, boxed!(delete))
};

async fn put(clients: &Clients, call: &Call) -> Answer {
    let request = of_version!(clients.s3.put_object_annotation(), call)
        .set_annotation_name(call.get(Param::Annotation))
        .annotation_payload(ByteStream::from(body(call).into_bytes()));
    send!(clients, request, |answer| fields([(Field::Etag, answer.e_tag())]))
}

async fn get(clients: &Clients, call: &Call) -> Answer {
    let request = of_version!(clients.s3.get_object_annotation(), call)
        .set_annotation_name(call.get(Param::Annotation));
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => return Answer::from_error(&error),
    };
    let mut output = fields([(Field::Etag, answer.e_tag())]);
    let request_id = answer.request_id().map(str::to_owned);
    match answer.annotation_payload.collect().await {
        Ok(body) => {
            let text = String::from_utf8_lossy(&body.into_bytes()).into_owned();
            output.insert(Field::Body, vec![text]);
            Answer::success(clients.last_status(), request_id.as_deref(), output)
        }
        Err(error) => Answer::Unreachable { message: format!("the body broke off: {error}") },
    }
}

async fn list_all(clients: &Clients, call: &Call) -> Answer {
    let request = of_version!(clients.s3.list_object_annotations(), call);
    send!(clients, request, |answer| list(
        Field::Keys,
        answer.annotations().iter().map(AnnotationEntry::annotation_name)
    ))
}

async fn delete(clients: &Clients, call: &Call) -> Answer {
    let request = of_version!(clients.s3.delete_object_annotation(), call)
        .set_annotation_name(call.get(Param::Annotation));
    done!(clients, request)
}
