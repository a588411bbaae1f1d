//! Refusals of a session that are none of its role.

use super::*;

/// A refusal, where the policies would not refuse another session of the role.
fn of_one_session(answer: Answer) -> Answer {
    let mark = |rulings: Rulings| {
        let other = OtherSession { at: None, value: "the session `deploy`".to_owned() };
        let with = rulings
            .0
            .iter()
            .cloned()
            .map(|ruling| Ruling { other_session: Some(other.clone()), ..ruling });
        Rulings(with.collect())
    };
    match answer {
        Answer::Refused(refused) => Answer::Refused(Refused {
            rulings: refused.rulings.map(mark),
            found: refused.found.map(mark),
            ..refused
        }),
        other => other,
    }
}

#[test]
fn a_refusal_that_another_session_would_not_meet_is_none_of_the_role() {
    let statement = expected(&[Layer::Resource], Some("DenyNotKms"));
    let message = format!(
        "User: arn:aws:sts::{OWNER}:assumed-role/app/s is not authorized to perform: s3:PutObject \
         on resource: \"{OBJECT}\" with an explicit deny in a resource-based policy"
    );
    let judged = |answer: &Answer| judge(Kind::Deny, role(OWNER), answer, &statement, &witnessed());
    let of_the_role = [
        ruled(denied(), "s3:PutObject", OBJECT, Layer::Resource, Some("DenyNotKms")),
        found(&message, Layer::Resource, "DenyNotKms"),
    ];
    for answer in of_the_role {
        assert_eq!(judged(&answer), (Verdict::Pass, None));
        let other = (Verdict::Inconclusive, Some(Reason::OtherSession));
        assert_eq!(judged(&of_one_session(answer)), other);
    }
}
