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
        Answer::Refused(Refused {
            of_one_key: true,
            ..refused
        })
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
    assert_eq!(kind(Service::Kms, &one(200, "AccessDenied", "Access Denied")), OutcomeKind::Unclear);
}

#[test]
fn a_reason_for_something_else_is_no_reason() {
    let user =
        "User: arn:aws:sts::111122223333:assumed-role/app/s is not authorized to perform: s3:PutObject on resource: \"arn:aws:s3:::b/k\"";
    let kind = |rest: &str| classify(Service::S3, &Answer::refused(403, "AccessDenied", &format!("{user} {rest}"))).kind();
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

#[test]
fn every_clause_names_its_layer_whatever_stands_after_it() {
    let user =
        "User: arn:aws:sts::111122223333:assumed-role/app/s is not authorized to perform: s3:PutObject on resource: \"arn:aws:s3:::b/k\"";
    for (clause, layers) in CLAUSES {
        let message = format!("{user} with or because {clause} in this place, with policy ARN: arn:aws:iam::1:policy/x");
        match classify(Service::S3, &Answer::refused(403, "AccessDenied", &message)) {
            Outcome::Denied(denial) => {
                assert_eq!(denial.layers, *layers, "{clause}");
                assert_eq!(denial.action.as_deref(), Some("s3:PutObject"));
                assert_eq!(denial.resource.as_deref(), Some("arn:aws:s3:::b/k"));
            }
            other => panic!("{clause}: {other:?}"),
        }
    }
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
        (
            403,
            "AccessDenied",
            "There were headers present in the request which were not signed",
        ),
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
fn two_reasons_prove_neither() {
    let user =
        "User: arn:aws:sts::111122223333:assumed-role/app/s is not authorized to perform: s3:PutObject on resource: \"arn:aws:s3:::b/k\"";
    for (one, other, layers) in [
        (
            "with an explicit deny in an identity-based policy",
            "because no service control policy allows it",
            &[Layer::Identity, Layer::Scp] as &[Layer],
        ),
        (
            "with an explicit deny in an identity-based policy",
            "because the resource does not exist in this Region",
            &[],
        ),
    ] {
        for message in [format!("{user} {one} {other}"), format!("{user} {other} {one}")] {
            match classify(Service::S3, &Answer::refused(403, "AccessDenied", &message)) {
                Outcome::Denied(denial) => assert_eq!(denial.layers, layers, "{message}"),
                other => panic!("{message}: {other:?}"),
            }
        }
    }
}

#[test]
fn an_objects_key_cannot_speak_for_aws() {
    let user = "User: arn:aws:sts::111122223333:assumed-role/app/s is not authorized to perform: s3:PutObject on resource: ";
    for key in [
        "request has expired",
        "x\" by the BlockPublicAcls setting",
        "with an explicit deny in an identity-based policy",
    ] {
        let message = format!("{user}\"arn:aws:s3:::b/{key}\" with an explicit deny in a resource-based policy");
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
