//! When a call is made again. The clients try once; the rule is here, and every try is kept.
//!
//! Only what no policy can have decided is tried again: a service that was too busy, one that
//! failed, no answer. A refusal never is: asked often enough, a policy that is still spreading
//! would answer both ways. AWS's advice, exponential backoff with jitter:
//! <https://docs.aws.amazon.com/general/latest/gr/api-retries.html>.

use std::time::Duration;

use crate::{
    attempt::{Answer, Effect},
    outcome::{Outcome, OutcomeKind},
    record::TryRecord,
    verdict::{Judgement, Reason, Verdict},
};

/// The base of each pause; there are as many further tries.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(200), Duration::from_millis(400)];

/// Every try of one call, in order.
#[derive(Clone, Debug, Default)]
pub struct Tries(Vec<TryRecord>);

impl Tries {
    /// Keeps what a try showed. Answers how long to wait for the next, where there is to be one.
    pub fn next(&mut self, answer: &Answer, outcome: &Outcome) -> Option<Duration> {
        let this = TryRecord {
            outcome: outcome.kind(),
            status: answer.status(),
            code: match answer {
                Answer::Refused(refused) => refused.code.clone(),
                _ => None,
            },
        };
        let again = is_passing(&this);
        let pause = PAUSES.get(self.0.len()).copied().filter(|_| again);
        self.0.push(this);
        // Calls that were refused together must not come back together.
        pause.map(|base| base + base.mul_f64(jitter() / 2.0))
    }

    /// The tries.
    #[must_use]
    pub fn into_vec(self) -> Vec<TryRecord> {
        self.0
    }
}

/// Whether asking again may get an answer.
fn is_passing(this: &TryRecord) -> bool {
    match this.outcome {
        OutcomeKind::Throttled | OutcomeKind::Unreachable => true,
        OutcomeKind::Unclear => matches!(this.status, Some(500 | 502 | 503 | 504)),
        _ => false,
    }
}

/// Whether a try before the last may have done what it asked for: none of them got an answer that
/// settles it, or it would have been the last. That a service which says that it is busy did
/// nothing is its word alone.
#[must_use]
pub const fn one_may_have_acted(tries: &[TryRecord]) -> bool {
    tries.len() > 1
}

/// What a judgement of the last answer is worth after the tries before it. A change that was not
/// answered may have happened: then the last try met another world than the one meant, and neither
/// its refusal nor its failure proves anything.
#[must_use]
pub fn judge_tries(
    judgement: Judgement,
    effect: Effect,
    tries: &[TryRecord],
    allowed: bool,
) -> Judgement {
    let unsettled = match judgement.verdict() {
        Verdict::Pass => !allowed,
        Verdict::Fail => judgement.reason() != Some(Reason::GotThrough) && !allowed,
        _ => false,
    };
    if unsettled && effect != Effect::Reads && one_may_have_acted(tries) {
        return Judgement::inconclusive(
            Reason::LostAnswer,
            "an earlier try got no answer that settles it and may have done it, so what the last try got proves nothing",
        );
    }
    judgement
}

/// From 0 to below 1.
fn jitter() -> f64 {
    f64::from(getrandom::u32().unwrap_or_default()) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::classify;
    use gainsay_model::Service;

    fn pauses(answer: &Answer) -> Vec<Option<Duration>> {
        let outcome = classify(Service::S3, answer);
        let mut tries = Tries::default();
        (0..5).map(|_| tries.next(answer, &outcome)).collect()
    }

    #[test]
    fn a_busy_or_failing_service_is_asked_three_times_more_and_nothing_else_is() {
        let unreachable = Answer::Unreachable { message: String::new() };
        let page = |status| Answer::Malformed { status, message: String::new() };
        let busy = [
            Answer::refused(503, "SlowDown", ""),
            Answer::refused(400, "ThrottlingException", ""),
            Answer::refused(429, "TooManyRequestsException", ""),
            Answer::refused(503, "", ""),
            Answer::refused(500, "InternalError", ""),
            Answer::refused(503, "DependencyTimeoutException", ""),
            page(502),
            page(504),
            unreachable,
        ];
        for answer in busy {
            let found = pauses(&answer);
            for (pause, base) in found.iter().zip(PAUSES) {
                assert!(
                    pause.is_some_and(|pause| pause >= base && pause <= base * 3 / 2),
                    "{answer:?}: {found:?}"
                );
            }
            assert_eq!(found[3..], [None, None], "{answer:?}");
        }
        let settled = [
            Answer::refused(403, "AccessDenied", "Access Denied"),
            Answer::refused(403, "", ""),
            Answer::refused(403, "ExpiredToken", ""),
            Answer::refused(404, "NoSuchKey", ""),
            Answer::refused(400, "InvalidRequest", ""),
            Answer::refused(501, "NotImplemented", ""),
            Answer::refused(301, "PermanentRedirect", ""),
            Answer::refused(200, "InternalError", ""),
            page(200),
            page(403),
            Answer::NotSent { message: String::new() },
            Answer::success(200, None, crate::attempt::Output::new()),
        ];
        for answer in settled {
            assert_eq!(pauses(&answer), [None; 5], "{answer:?}");
        }
    }

    fn tried(answers: &[Answer]) -> Vec<TryRecord> {
        let mut tries = Tries::default();
        for answer in answers {
            _ = tries.next(answer, &classify(Service::S3, answer));
        }
        tries.into_vec()
    }

    #[test]
    fn a_change_whose_answer_was_lost_proves_neither_a_refusal_nor_a_failure() {
        let denied = || Answer::refused(403, "AccessDenied", "Access Denied");
        let lost = [
            Answer::Unreachable { message: String::new() },
            Answer::refused(500, "InternalError", ""),
            Answer::refused(503, "", ""),
            Answer::refused(503, "SlowDown", ""),
            Answer::refused(400, "ThrottlingException", ""),
            Answer::Malformed { status: 502, message: String::new() },
        ];
        let wrong = || Judgement::fail(Reason::WrongReason, "");
        for first in lost {
            let tries = tried(&[first.clone(), denied()]);
            for judgement in [Judgement::pass(), wrong(), Judgement::fail(Reason::Refused, "")] {
                let judged = judge_tries(judgement, Effect::Writes, &tries, false);
                assert_eq!(
                    (judged.verdict(), judged.reason()),
                    (Verdict::Inconclusive, Some(Reason::LostAnswer)),
                    "{first:?}"
                );
            }
            // A read changes nothing; what succeeded in the end succeeded; what got through got
            // through.
            assert_eq!(
                judge_tries(Judgement::pass(), Effect::Reads, &tries, false),
                Judgement::pass(),
                "{first:?}"
            );
            assert_eq!(
                judge_tries(Judgement::pass(), Effect::Writes, &tries, true),
                Judgement::pass(),
                "{first:?}"
            );
            let through = Judgement::fail(Reason::GotThrough, "");
            assert_eq!(
                judge_tries(through.clone(), Effect::Consumes, &tries, true),
                through,
                "{first:?}"
            );
        }
        // The last try is not an earlier one.
        for answers in
            [vec![denied()], vec![Answer::Unreachable { message: String::new() }], Vec::new()]
        {
            assert_eq!(
                judge_tries(Judgement::pass(), Effect::Consumes, &tried(&answers), false),
                Judgement::pass()
            );
        }
    }
}
