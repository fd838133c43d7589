//! What needs a person now: one line for each, with what can be done.

use engine::{BackendMatter, Matter};
use http::page::Visit;
use http::{Problem, Scope};
use model::JobState;

use crate::Console;
use crate::show::{between, segment, span};

/// Something to be looked at.
pub(super) struct Alert {
    pub(super) tone: &'static str,
    pub(super) text: String,
    /// What the hub or a backend says of it.
    pub(super) words: Option<String>,
    /// Where one can do something about it.
    pub(super) link: String,
    /// What the link says.
    pub(super) label: String,
    /// What helps at once: where it is sent, and what the button says.
    pub(super) act: Option<(String, String)>,
}

/// Everything that needs a person, the most pressing first.
pub(super) async fn attention(console: &Console, v: &Visit) -> Result<Vec<Alert>, Problem> {
    let mut alerts = Vec::new();
    for matter in console.hub.matters().await? {
        if matches!(matter, Matter::Failed(_)) {
            alerts.extend(undecided(console, v).await?);
        }
        alerts.push(alert(console, v, &matter));
    }
    Ok(alerts)
}

/// Failed jobs over which a person has to decide.
async fn undecided(console: &Console, v: &Visit) -> Result<Option<Alert>, Problem> {
    let undecided = crate::dead::undecided(console).await?.len();
    Ok((undecided > 0).then(|| Alert {
        tone: "bad",
        text: v.count("attention-grave", undecided),
        words: None,
        link: "/dead-letters#grave".to_owned(),
        label: v.t("attention-decide"),
        act: None,
    }))
}

fn alert(console: &Console, v: &Visit, matter: &Matter) -> Alert {
    let now = console.hub.now();
    let (text, link, label) = match matter {
        Matter::Held(set) => {
            let args = [("n", set.jobs.into()), ("backend", set.backend.clone().into())];
            let link = format!("/failsafe/{}", segment(&set.name));
            (v.say("attention-failsafe", &args), link, "attention-decide")
        }
        Matter::Failed(n) => (v.count("attention-failed", n), "/dead-letters".to_owned(), "attention-look"),
        Matter::GivenUp(n) => {
            let link = "/dead-letters?of=deliveries".to_owned();
            (v.count("attention-undeliverable", n), link, "attention-look")
        }
        Matter::Backend(what, backend) => {
            let link = format!("/backends/{}", segment(&backend.name));
            (v.with(of_backend(*what), "backend", &backend.name), link, "attention-look")
        }
        Matter::Source(name, _) => {
            (v.with("attention-link", "name", name), "/sources".to_owned(), "attention-look")
        }
        Matter::Chore(name, _) => {
            (v.with("attention-chore", "name", name), "/about".to_owned(), "attention-look")
        }
        Matter::Differs(host, _) => {
            (v.with("attention-differs", "host", host), "/about#nodes".to_owned(), "attention-look")
        }
        Matter::Damaged(n, _) => {
            let link = "/jobs?state=failed&text=damaged".to_owned();
            (v.count("attention-damaged", n), link, "attention-look")
        }
        Matter::Shortage(_) => (
            v.t("attention-shortage"),
            format!("/jobs?state={}", JobState::Queued.as_str()),
            "attention-look",
        ),
        Matter::Long(run) => {
            let args =
                [("backend", run.backend.clone().into()), ("span", span(v, between(run.since, now)).into())];
            (v.say("attention-long", &args), format!("/jobs/{}", run.job), "attention-look")
        }
        Matter::Waiting(job, since) => {
            let text = v.with("attention-oldest", "span", &span(v, between(*since, now)));
            (text, format!("/jobs/{job}"), "attention-why")
        }
    };
    Alert {
        tone: if matter.is_pressing() { "bad" } else { "warn" },
        text,
        words: matter.words().map(|words| v.words(words).into_owned()),
        link,
        label: v.t(label),
        act: act(v, matter),
    }
}

/// What helps at once, if who looks may do it.
fn act(v: &Visit, matter: &Matter) -> Option<(String, String)> {
    let Matter::Backend(BackendMatter::Paused | BackendMatter::Held | BackendMatter::LeftAlone, backend) =
        matter
    else {
        return None;
    };
    let path = format!("/backends/{}/resume", segment(&backend.name));
    v.may(Scope::OPERATE).then(|| (path, v.t("resume")))
}

fn of_backend(what: BackendMatter) -> &'static str {
    match what {
        BackendMatter::Broken => "attention-broken",
        BackendMatter::Paused => "attention-paused",
        BackendMatter::LeftAlone => "attention-left-alone",
        BackendMatter::Held => "attention-held",
        BackendMatter::Idle => "attention-idle",
    }
}
