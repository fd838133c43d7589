//! What needs somebody's attention, the most pressing first.

use engine::BackendView;
use engine::port::Standing;
use http::Problem;
use http::page::Visit;
use jiff::{SignedDuration, Timestamp};
use model::{Class, JobId};

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
}

/// A job that could run and does not for so long deserves a look.
const LONG: SignedDuration = SignedDuration::from_mins(1);

/// Jobs that are shown because they run for too long.
const SHOWN: usize = 10;

/// Everything that needs attention.
pub(super) async fn attention(
    console: &Console,
    v: &Visit,
    failed: u64,
    undeliverable: usize,
) -> Result<Vec<Alert>, Problem> {
    let mut alerts = Vec::new();
    for set in console.hub.held_sets().await?.into_iter().filter(|set| set.decision.is_none()) {
        let args = [("n", set.jobs.into()), ("backend", set.backend.clone().into())];
        alerts.push(Alert {
            tone: "bad",
            text: v.say("attention-failsafe", &args),
            words: None,
            link: format!("/failsafe/{}", segment(&set.name)),
            label: v.t("attention-decide"),
        });
    }
    let undecided = if failed > 0 { crate::dead::undecided(console).await?.len() } else { 0 };
    if undecided > 0 {
        alerts.push(Alert {
            tone: "bad",
            text: v.count("attention-grave", undecided),
            words: None,
            link: "/dead-letters#grave".to_owned(),
            label: v.t("attention-decide"),
        });
    }
    if failed > 0 {
        alerts.push(Alert {
            tone: "bad",
            text: v.count("attention-failed", failed),
            words: None,
            link: "/dead-letters".to_owned(),
            label: v.t("attention-look"),
        });
    }
    if undeliverable > 0 {
        alerts.push(Alert {
            tone: "bad",
            text: v.count("attention-undeliverable", undeliverable),
            words: None,
            link: "/dead-letters?of=deliveries".to_owned(),
            label: v.t("attention-look"),
        });
    }
    alerts.extend(console.hub.backends().iter().filter_map(|backend| of_backend(v, backend)));
    for link in console.hub.links().into_iter().filter(|link| !link.connected) {
        alerts.push(Alert {
            tone: "bad",
            text: v.with("attention-link", "name", &link.name),
            words: link.last_error,
            link: "/sources".to_owned(),
            label: v.t("attention-look"),
        });
    }
    for chore in console.hub.chores() {
        alerts.extend(chore.failing.map(|failing| Alert {
            tone: "warn",
            text: v.with("attention-chore", "name", chore.name),
            words: Some(failing.error),
            link: "/about".to_owned(),
            label: v.t("attention-look"),
        }));
    }
    let damaged = console.hub.journal().damaged();
    if let Some(first) = damaged.first() {
        alerts.push(Alert {
            tone: "bad",
            text: v.count("attention-damaged", damaged.len() as u64),
            words: Some(first.to_string()),
            link: "/jobs?state=failed&text=damaged".to_owned(),
            label: v.t("attention-look"),
        });
    }
    let now = console.hub.now();
    if let Some(why) = console.hub.shortage() {
        alerts.push(Alert {
            tone: "bad",
            text: v.t("attention-shortage"),
            words: Some(why),
            link: "/jobs".to_owned(),
            label: v.t("attention-look"),
        });
    }
    alerts.extend(console.hub.long_runs().into_iter().take(SHOWN).map(|run| {
        let args = [("backend", run.backend.into()), ("span", span(v, between(run.since, now)).into())];
        Alert {
            tone: "warn",
            text: v.say("attention-long", &args),
            words: None,
            link: format!("/jobs/{}", run.job),
            label: v.t("attention-look"),
        }
    }));
    if let Some((job, since)) =
        oldest(console, now).await?.filter(|(_, since)| now.duration_since(*since) >= LONG)
    {
        alerts.push(Alert {
            tone: "warn",
            text: v.with("attention-oldest", "span", &span(v, between(since, now))),
            words: None,
            link: format!("/jobs/{job}"),
            label: v.t("attention-why"),
        });
    }
    alerts.sort_by_key(|alert| alert.tone != "bad");
    Ok(alerts)
}

fn of_backend(v: &Visit, backend: &BackendView) -> Option<Alert> {
    let (tone, key) = match backend.standing {
        Standing::Broken => ("bad", "attention-broken"),
        _ if backend.paused => ("warn", "attention-paused"),
        _ if backend.left_alone_until.is_some() => ("bad", "attention-left-alone"),
        Standing::Active if backend.held.is_some() => ("warn", "attention-held"),
        Standing::Active if backend.trouble.is_some() => ("warn", "attention-idle"),
        _ => return None,
    };
    Some(Alert {
        tone,
        text: v.with(key, "backend", &backend.name),
        words: backend.held.as_ref().map(|(_, said)| said.clone()).or(backend.trouble.clone()),
        link: format!("/backends/{}", segment(&backend.name)),
        label: v.t("attention-look"),
    })
}

/// Of the jobs that nothing holds but a slot or a pause, the one that is due for the longest time.
async fn oldest(console: &Console, now: Timestamp) -> Result<Option<(JobId, Timestamp)>, Problem> {
    let journal = console.hub.journal();
    let mut oldest: Option<(JobId, Timestamp)> = None;
    for lane in journal.lanes().await? {
        for class in [Class::Interactive, Class::Bulk] {
            let first = journal.due(lane.clone(), class, 1).await?.rows.pop().filter(|due| due.due_at <= now);
            let first = first.map(|due| (due.id, due.due_at));
            oldest = oldest.into_iter().chain(first).min_by_key(|(_, since)| *since);
        }
    }
    Ok(oldest)
}
