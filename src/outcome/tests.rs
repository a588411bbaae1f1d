use super::*;

#[test]
fn every_row_is_read_under_its_status_and_unclear_under_another() {
    for row in CODES {
        let service = row.service.unwrap_or(Service::S3);
        for status in row.status {
            let outcome = classify(service, &Answer::refused(*status, row.code, "Access Denied"));
            let expected = match row.means {
                Means::Denial => OutcomeKind::Denied,
                Means::Is(kind) => kind,
            };
            assert_eq!(outcome.kind(), expected, "{}", row.code);
        }
        for status in [200, 302, 418, 502] {
            let outcome = classify(service, &Answer::refused(status, row.code, "Access Denied"));
            assert_eq!(outcome, Outcome::Unclear, "{} under {status}", row.code);
        }
    }
}

#[test]
fn one_key_is_refused_under_200_and_by_nothing_else() {
    let one = |status, code: &str, message: &str| {
        let Answer::Refused(refused) = Answer::refused(status, code, message) else {
            panic!("a refusal")
        };
        Answer::Refused(Refused { of_one_key: true, ..refused })
    };
    let kind = |service, answer: &Answer| classify(service, answer).kind();
    assert_eq!(kind(Service::S3, &one(200, "AccessDenied", "Access Denied")), OutcomeKind::Denied);
    assert_eq!(kind(Service::S3, &one(200, "NoSuchVersion", "x")), OutcomeKind::Absent);
    for unclear in [
        one(403, "AccessDenied", "Access Denied"),
        one(200, "AccessDenied", "<html>no</html>"),
        one(200, "", "Access Denied"),
        one(200, "InternalError", "x"),
        one(200, "MethodNotAllowed", "x"),
        Answer::refused(200, "AccessDenied", "Access Denied"),
    ] {
        assert_eq!(kind(Service::S3, &unclear), OutcomeKind::Unclear, "{unclear:?}");
    }
    assert_eq!(
        kind(Service::Kms, &one(200, "AccessDenied", "Access Denied")),
        OutcomeKind::Unclear
    );
}

#[test]
fn a_reason_for_something_else_is_no_reason() {
    let kind = |rest: &str| said(&format!("{USER} {rest}")).kind();
    assert_eq!(
        kind("because no resource-based policy allows the s3:PutObject action"),
        OutcomeKind::Denied
    );
    for rest in [
        "because no resource-based policy allows the kms:GenerateDataKey action",
        "because no resource-based policy allows the s3:PutObjectAcl action",
        "because no resource-based policy allows the s3:PutObject actionUser: x is not authorized to perform: s3:PutObject",
        "with an explicit deny in a resource-based policy. User: x is not authorized to perform: s3:PutObject",
    ] {
        assert_eq!(kind(rest), OutcomeKind::Unclear, "{rest}");
    }
}

const USER: &str = "User: arn:aws:sts::111122223333:assumed-role/app/s is not authorized to perform: \
                    s3:PutObject on resource: \"arn:aws:s3:::b/k\"";

fn said(message: &str) -> Outcome {
    classify(Service::S3, &Answer::refused(403, "AccessDenied", message))
}

#[test]
fn every_reason_names_its_layer_and_may_say_where_to_read_more() {
    let more = "Go to https://eu-west-1.console.aws.amazon.com/iam/home?region=eu-west-1#/authorization-details/a-1 \
                for complete details, or call the GetRequestAuthorizationDetails API with the \
                following authorization id: a-1";
    let policy = "arn:aws:organizations::111122223333:policy/o-a/service_control_policy/p-b";
    for (reason, layers) in message::REASONS {
        let reason = reason.replace("{action}", "s3:PutObject");
        for end in [
            String::new(),
            ".".to_owned(),
            format!(": {policy}"),
            format!(", with policy ARN: {policy}"),
            format!(": {policy}. {more}"),
            format!(". {more}"),
        ] {
            match said(&format!("{USER} {reason}{end}")) {
                Outcome::Denied(denial) => {
                    assert_eq!(denial.layers, *layers, "{reason}{end}");
                    assert_eq!(denial.action.as_deref(), Some("s3:PutObject"));
                    assert_eq!(denial.resource.as_deref(), Some("arn:aws:s3:::b/k"));
                }
                other => panic!("{reason}{end}: {other:?}"),
            }
        }
    }
}

#[test]
fn what_stands_around_a_refusal_makes_it_unclear() {
    let reason = "with an explicit deny in a resource-based policy";
    assert_eq!(said(&format!("{USER} {reason}")).kind(), OutcomeKind::Denied);
    for message in [
        format!("the request `{USER} {reason}` was logged"),
        format!("Blocked by the proxy. {USER} {reason}"),
        format!(" {USER} {reason}"),
        format!("{USER} {reason} in this place"),
        format!("{USER} {reason}<br>"),
        format!("{USER} {reason}</Message>"),
        format!("{USER} {reason}: see the manual"),
        format!("{USER} {reason}: arn:aws:iam::1:policy/x and more"),
        format!("{USER} {reason}. Go to https://example.com"),
        format!("{USER} {reason} {reason}"),
        format!("{USER} perhaps {reason}"),
        "Access Denied by the proxy".to_owned(),
        "Error: Access Denied".to_owned(),
        "You do not have any permissions to the requested S3 Prefix: x".to_owned(),
    ] {
        assert_eq!(said(&message).kind(), OutcomeKind::Unclear, "{message}");
    }
    let grant = "You do not have READ permissions to the requested S3 Prefix: s3://b/ with an \
                 explicit deny in an identity-based policy";
    assert!(matches!(said(grant), Outcome::Denied(denial) if denial.layers == [Layer::Grant]));
}

#[test]
fn what_is_not_awss_own_answer_is_no_denial() {
    for (status, code, message) in [
        (403, "AccessDenied", "<html>blocked by proxy</html>"),
        (403, "AccessDenied", ""),
        (403, "AccessDenied", "Request has expired"),
        (403, "AccessDenied", "Invalid according to Policy: Policy expired."),
        (
            403,
            "AccessDenied",
            "The AWS KMS key in the request must be owned by the same account as the bucket.",
        ),
        (403, "AccessDenied", "There were headers present in the request which were not signed"),
        (200, "AccessDenied", "Access Denied"),
        (401, "AccessDenied", "Access Denied"),
        (403, "Forbidden", "Access Denied"),
        (500, "AccessDenied", "Access Denied"),
    ] {
        let outcome = classify(Service::S3, &Answer::refused(status, code, message));
        assert_ne!(outcome.kind(), OutcomeKind::Denied, "{status} {code} {message}");
    }
    assert_ne!(
        classify(Service::Kms, &Answer::refused(403, "AccessDeniedException", "x")).kind(),
        OutcomeKind::Denied
    );
}

#[test]
fn two_reasons_are_none_of_awss() {
    let one = "with an explicit deny in an identity-based policy";
    for other in [
        "because no service control policy allows the s3:PutObject action",
        "because the resource does not exist in this Region",
    ] {
        for message in [format!("{USER} {one} {other}"), format!("{USER} {other} {one}")] {
            assert_eq!(said(&message).kind(), OutcomeKind::Unclear, "{message}");
        }
    }
}

#[test]
fn an_objects_key_cannot_speak_for_aws() {
    let user = USER.trim_end_matches("\"arn:aws:s3:::b/k\"");
    for key in [
        "request has expired",
        "x\" by the BlockPublicAcls setting",
        "with an explicit deny in an identity-based policy",
    ] {
        let message = format!(
            "{user}\"arn:aws:s3:::b/{key}\" with an explicit deny in a resource-based policy"
        );
        match classify(Service::S3, &Answer::refused(403, "AccessDenied", &message)) {
            Outcome::Denied(denial) => {
                assert_eq!(denial.layers, [Layer::Resource, Layer::BlockPublicAccess], "{key}");
                assert_eq!(denial.resource, Some(format!("arn:aws:s3:::b/{key}")));
            }
            other => panic!("{key}: {other:?}"),
        }
    }
}

#[test]
fn a_kms_key_is_refused_by_its_key_policy() {
    let message = "User: arn:aws:sts::1:assumed-role/a/s is not authorized to perform: kms:Decrypt on resource: \
         arn:aws:kms:eu-west-1:1:key/k because no resource-based policy allows the kms:Decrypt action";
    match classify(Service::S3, &Answer::refused(403, "AccessDenied", message)) {
        Outcome::Denied(denial) => assert_eq!(denial.layers, [Layer::KeyPolicy]),
        other => panic!("{other:?}"),
    }
}
