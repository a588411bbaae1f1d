//! Refusals that AWS gives no reason for, as scenarios say.

use super::*;

/// What is said to be unnamed is proved by a bare refusal to who is told nothing; what decides is
/// asked of who tells it.
#[test]
fn an_unnamed_refusal_may_be_bare_and_is_decided_by_what_is_said() {
    let unnamed = |layers: &[Layer]| Expected {
        unnamed: Some("S3 tells other accounts nothing".to_owned()),
        ..expected(layers, None)
    };
    let bare = Answer::refused(403, "AccessDenied", "Access Denied");
    let ruled_on = |layer| ruled(bare.clone(), "s3:PutObject", OBJECT, layer, None);
    let found = |layer| match (bare.clone(), ruled_on(layer)) {
        (Answer::Refused(bare), Answer::Refused(ruled_on)) => {
            Answer::Refused(Refused { found: ruled_on.rulings, ..bare })
        }
        _ => panic!("a refusal"),
    };
    let other_account = || role("444455556666");
    for (answer, who, layers, verdict) in [
        (bare.clone(), Principal::Anonymous, &[][..], Verdict::Pass),
        (bare.clone(), Principal::Anonymous, &[Layer::Resource], Verdict::Pass),
        (bare.clone(), other_account(), &[Layer::Resource], Verdict::Pass),
        (bare.clone(), role(OWNER), &[Layer::Resource], Verdict::Inconclusive),
        (ruled_on(Layer::Resource), other_account(), &[Layer::Resource], Verdict::Pass),
        (ruled_on(Layer::BlockPublicAccess), other_account(), &[Layer::Resource], Verdict::Fail),
        (ruled_on(Layer::BlockPublicAccess), other_account(), &[], Verdict::Pass),
        (found(Layer::Resource), other_account(), &[Layer::Resource], Verdict::Pass),
        (
            found(Layer::BlockPublicAccess),
            other_account(),
            &[Layer::Resource],
            Verdict::Inconclusive,
        ),
        (denied(), role(OWNER), &[Layer::Resource, Layer::BlockPublicAccess], Verdict::Pass),
        (denied(), role(OWNER), &[Layer::Resource], Verdict::Inconclusive),
        (denied(), role(OWNER), &[Layer::Identity], Verdict::Inconclusive),
    ] {
        let judged = judge(Kind::Deny, who.clone(), &answer, &unnamed(layers), &witnessed()).0;
        assert_eq!(judged, verdict, "{} {layers:?} {answer:?}", who.name());
    }
}
