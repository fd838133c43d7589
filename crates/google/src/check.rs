//! What is wrong with the way to Google and to the referential: key, delegation, scope or subject.

use engine::port::Fault;

use crate::backend::Work;
use crate::gram::GramTrouble;
use crate::trouble::{Answer, Credentials, Op, Trouble, Verdict, Wrong, verdict};

/// All that is wrong.
pub(crate) async fn faults(work: &Work) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Err(trouble) = work.directory.id_of(&work.subject).await {
        faults.push(fault(&trouble, &work.subject));
    }
    if let Some(gram) = &work.gram
        && let Err(trouble) = gram.look().await
        // Nobody has the number that was asked for.
        && trouble != GramTrouble::NotFound
    {
        let (what, remedy) = match trouble {
            GramTrouble::NotLetIn(why) => (
                format!("GrAM does not let us in: {why}"),
                "look at google.gram.user and google.gram.password, and at the client's roles in GrAM",
            ),
            GramTrouble::Away(why) => {
                (format!("GrAM cannot be asked: {why}"), "look at google.gram.url, and whether GrAM runs")
            }
            other => {
                (format!("GrAM answers oddly: {other:?}"), "look at google.gram.url: it ends in /api/v2/")
            }
        };
        faults.push(Fault { severe: true, what, remedy: remedy.to_owned() });
    }
    faults
}

/// Which of the things is wrong that have to be right.
fn fault(trouble: &Trouble, subject: &str) -> Fault {
    let severe = |what: String, remedy: String| Fault { severe: true, what, remedy };
    match trouble {
        Trouble::Credentials(Credentials { wrong, why }) => {
            severe(format!("{}: {why}", name(*wrong)), remedy(*wrong, subject))
        }
        Trouble::Answer(answer) => match verdict(Op::Get, trouble, false) {
            Verdict::Credentials => wrong(Wrong::Scope, answer, subject),
            Verdict::Unauthorized => wrong(Wrong::Key, answer, subject),
            Verdict::Forbidden | Verdict::Absent | Verdict::Refused => wrong(Wrong::Subject, answer, subject),
            _ => severe(format!("Google cannot be asked: {}", answer.message), "try again later".to_owned()),
        },
        Trouble::Unsent(why) | Trouble::Lost(why) => severe(
            format!("Google cannot be reached: {why}"),
            "look at google.url, google.proxy and the network".to_owned(),
        ),
        Trouble::Quota(_) => severe("the quota is used up".to_owned(), "try again in a minute".to_owned()),
    }
}

fn wrong(wrong: Wrong, answer: &Answer, subject: &str) -> Fault {
    let what = format!("{}: {} ({})", name(wrong), answer.message, answer.status);
    Fault { severe: true, what, remedy: remedy(wrong, subject) }
}

fn name(wrong: Wrong) -> &'static str {
    match wrong {
        Wrong::Key => "the key",
        Wrong::Delegation => "the delegation",
        Wrong::Scope => "the scope",
        Wrong::Subject => "the subject",
        Wrong::Grant => "the grant",
        Wrong::Other => "the credentials",
    }
}

fn remedy(wrong: Wrong, subject: &str) -> String {
    match wrong {
        Wrong::Key => "make a new key in the Google Cloud console, and name its file in google.service_account; look at this machine's clock".to_owned(),
        Wrong::Delegation => format!("in the admin console, under Security, API controls, Domain-wide delegation, enter the service account's client id with the scope {}", crate::token::SCOPE),
        Wrong::Scope => format!("the row of the client id in the table of domain-wide delegation needs exactly {}; switch the Admin SDK API on in the project", crate::token::SCOPE),
        Wrong::Subject => format!("google.subject ({subject}) has to be the address of an administrator who may read and change users"),
        Wrong::Grant => "run `intendant google login`".to_owned(),
        Wrong::Other => "look at what Google says".to_owned(),
    }
}
