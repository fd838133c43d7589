//! What an answer of the Directory API means, by what was asked. Pure.

use std::time::Duration;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// An account is made.
    Insert,
    /// An account is read.
    Get,
    /// An account is brought up to date.
    Update,
    /// An account gets an alias.
    AliasInsert,
    /// An account loses an alias.
    AliasDelete,
    /// An account is deleted.
    Delete,
}

/// How a call went that brought no success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Google answered.
    Answer(Answer),
    /// Nothing was sent: nobody is there, or no secure connection came about.
    Unsent(String),
    /// It was sent, and no answer came.
    Lost(String),
    /// There is no token.
    Credentials(Credentials),
    /// The quota that is configured is used up for so long.
    Quota(Duration),
}

/// What Google answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The first error's reason; a gateway gives none.
    pub reason: Option<String>,
    /// What Google says, for people.
    pub message: String,
    /// When Google wants to be asked again.
    pub retry_after: Option<Duration>,
}

/// What is wrong with the credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The key of the service account, or the client's secret.
    Key,
    /// The delegation of the service account.
    Delegation,
    /// The scope.
    Scope,
    /// The administrator in whose name it works.
    Subject,
    /// What was granted to the installed application.
    Grant,
    /// Something else.
    Other,
}

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// What is wrong.
    pub wrong: Wrong,
    /// The same in a sentence.
    pub why: String,
}

/// What is to be made of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is done.
    Done,
    /// Nothing was made: a person outside was invited.
    Invited,
    /// There is no such thing. Of what was to go away that is success.
    Absent,
    /// The address is held: look by whom.
    Held,
    /// What we wrote a moment ago is not seen everywhere yet: short waits, then a long one.
    Unsettled,
    /// Slower, all of us.
    Slower,
    /// No more today.
    Daily,
    /// The token is not taken.
    Unauthorized,
    /// The token has not the scope, or the API is not to be used.
    Credentials,
    /// Not for us: the domain is not ours, or a right is missing.
    Forbidden,
    /// Not like this.
    Refused,
    /// Again later.
    Again,
    /// It may have been done: look first.
    Unknown,
}

/// Reasons that say: too fast.
const TOO_FAST: [&str; 3] = ["userRateLimitExceeded", "quotaExceeded", "rateLimitExceeded"];
/// Reasons that say: this token, or this project, may not.
const NO_SCOPE: [&str; 3] = ["insufficientPermissions", "domainCannotUseApis", "accessNotConfigured"];

/// What is to be made of a call. `settling` = our last write to this account is so short ago that it may not be seen
/// everywhere yet.
pub fn verdict(op: Op, trouble: &Trouble, settling: bool) -> Verdict {
    match trouble {
        Trouble::Answer(answer) => of_answer(op, answer, settling),
        Trouble::Unsent(_) => Verdict::Again,
        Trouble::Lost(_) if op == Op::Get => Verdict::Again,
        Trouble::Lost(_) => Verdict::Unknown,
        Trouble::Credentials(_) => Verdict::Credentials,
        Trouble::Quota(_) => Verdict::Slower,
    }
}

fn of_answer(op: Op, answer: &Answer, settling: bool) -> Verdict {
    let reason = answer.reason.as_deref().unwrap_or_default();
    let changes = matches!(op, Op::Update | Op::AliasInsert | Op::AliasDelete | Op::Delete);
    match answer.status {
        202 if op == Op::Insert => Verdict::Invited,
        200..=299 => Verdict::Done,
        401 => Verdict::Unauthorized,
        403 | 429 if reason == "dailyLimitExceeded" => Verdict::Daily,
        429 => Verdict::Slower,
        403 if TOO_FAST.contains(&reason) => Verdict::Slower,
        403 if NO_SCOPE.contains(&reason) => Verdict::Credentials,
        403 | 412 if reason == "adminCannotUnsuspend" => Verdict::Refused,
        403 if changes && settling => Verdict::Unsettled,
        403 => Verdict::Forbidden,
        404 => match op {
            Op::Insert => Verdict::Refused,
            Op::Update | Op::AliasInsert if settling => Verdict::Unsettled,
            _ => Verdict::Absent,
        },
        409 => match op {
            Op::Insert | Op::Update | Op::AliasInsert => Verdict::Held,
            Op::Get | Op::AliasDelete | Op::Delete => Verdict::Again,
        },
        412 if changes => Verdict::Unsettled,
        412 | 408 | 425 | 300..=399 | 500..=599 => Verdict::Again,
        _ => Verdict::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPS: [Op; 6] = [Op::Insert, Op::Get, Op::Update, Op::AliasInsert, Op::AliasDelete, Op::Delete];

    fn asked(op: Op, status: u16, reason: &str, settling: bool) -> Verdict {
        let reason = Some(reason.to_owned()).filter(|reason| !reason.is_empty());
        verdict(op, &Trouble::Answer(Answer { status, reason, ..Answer::default() }), settling)
    }

    /// Each row: status, reason, and the verdict of each operation, first when nothing of ours can still be on its way, then
    /// when it can.
    #[test]
    fn every_answer_means_something_of_its_own_for_each_operation() {
        use Verdict::{
            Absent, Again, Credentials, Daily, Done, Forbidden, Held, Invited, Refused, Slower, Unauthorized,
            Unsettled,
        };
        let all = |verdict| [verdict; 6];
        let rows: &[(u16, &str, [Verdict; 6], [Verdict; 6])] = &[
            (200, "", all(Done), all(Done)),
            (204, "", all(Done), all(Done)),
            (202, "", [Invited, Done, Done, Done, Done, Done], [Invited, Done, Done, Done, Done, Done]),
            (301, "", all(Again), all(Again)),
            (400, "invalid", all(Refused), all(Refused)),
            (400, "", all(Refused), all(Refused)),
            (401, "authError", all(Unauthorized), all(Unauthorized)),
            (403, "userRateLimitExceeded", all(Slower), all(Slower)),
            (403, "quotaExceeded", all(Slower), all(Slower)),
            (403, "rateLimitExceeded", all(Slower), all(Slower)),
            (429, "rateLimitExceeded", all(Slower), all(Slower)),
            (429, "", all(Slower), all(Slower)),
            (403, "dailyLimitExceeded", all(Daily), all(Daily)),
            (403, "insufficientPermissions", all(Credentials), all(Credentials)),
            (403, "domainCannotUseApis", all(Credentials), all(Credentials)),
            (412, "adminCannotUnsuspend", all(Refused), all(Refused)),
            (403, "adminCannotUnsuspend", all(Refused), all(Refused)),
            (
                403,
                "forbidden",
                all(Forbidden),
                [Forbidden, Forbidden, Unsettled, Unsettled, Unsettled, Unsettled],
            ),
            (
                403,
                "notAuthorized",
                all(Forbidden),
                [Forbidden, Forbidden, Unsettled, Unsettled, Unsettled, Unsettled],
            ),
            (403, "", all(Forbidden), [Forbidden, Forbidden, Unsettled, Unsettled, Unsettled, Unsettled]),
            (
                404,
                "notFound",
                [Refused, Absent, Absent, Absent, Absent, Absent],
                [Refused, Absent, Unsettled, Unsettled, Absent, Absent],
            ),
            (
                409,
                "duplicate",
                [Held, Again, Held, Held, Again, Again],
                [Held, Again, Held, Held, Again, Again],
            ),
            (
                409,
                "entityExists",
                [Held, Again, Held, Held, Again, Again],
                [Held, Again, Held, Held, Again, Again],
            ),
            (
                412,
                "conditionNotMet",
                [Again, Again, Unsettled, Unsettled, Unsettled, Unsettled],
                [Again, Again, Unsettled, Unsettled, Unsettled, Unsettled],
            ),
            (408, "", all(Again), all(Again)),
            (500, "backendError", all(Again), all(Again)),
            (502, "badGateway", all(Again), all(Again)),
            (503, "", all(Again), all(Again)),
            (504, "gatewayTimeout", all(Again), all(Again)),
        ];
        for (status, reason, outside, inside) in rows {
            for (op, (outside, inside)) in OPS.iter().zip(outside.iter().zip(inside)) {
                assert_eq!(asked(*op, *status, reason, false), *outside, "{op:?} {status} {reason}");
                assert_eq!(asked(*op, *status, reason, true), *inside, "{op:?} {status} {reason}, settling");
            }
        }
    }

    #[test]
    fn what_was_sent_and_not_answered_may_have_been_done() {
        for op in OPS {
            let lost = verdict(op, &Trouble::Lost("time-out".to_owned()), false);
            assert_eq!(lost, if op == Op::Get { Verdict::Again } else { Verdict::Unknown });
            assert_eq!(verdict(op, &Trouble::Unsent("refused".to_owned()), true), Verdict::Again);
            assert_eq!(verdict(op, &Trouble::Quota(Duration::ZERO), false), Verdict::Slower);
        }
    }
}
