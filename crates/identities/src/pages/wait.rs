//! What the job of an identity waits for, in words, and what helps.

use http::Scope;
use http::page::{Visit, When};
use model::{Job, WaitingOn};

/// What it waits for.
pub(super) struct Waits {
    pub(super) text: String,
    /// The moment that the text speaks of.
    pub(super) at: Option<When>,
    /// What a backend said.
    pub(super) said: Option<String>,
    /// Somebody has to do something.
    pub(super) stuck: bool,
    pub(super) help: Option<Help>,
}

/// What helps: a place to go to, or a button with the field that it sends.
pub(super) struct Help {
    pub(super) name: String,
    pub(super) to: String,
    pub(super) field: Option<&'static str>,
}

impl Waits {
    /// `None` = it waits for nothing.
    pub(super) fn new(v: &Visit, job: &Job, waiting: WaitingOn) -> Option<Self> {
        let text = |key: &str, name: &str| v.with(&format!("identity-waits-{key}"), "name", name);
        let plain = |text: String| Waits { text, at: None, said: None, stuck: false, help: None };
        let operates = v.may(Scope::OPERATE);
        let see = |backend: &str| Help {
            name: v.with("identity-help-see", "name", backend),
            to: format!("/backends/{}", segment(backend)),
            field: None,
        };
        Some(match waiting {
            WaitingOn::Ended { .. } => return None,
            WaitingOn::Running { backend: Some(backend) } => plain(text("running", &backend)),
            WaitingOn::Running { backend: None } | WaitingOn::Nothing => plain(v.t("identity-waits-nothing")),
            WaitingOn::Subject { job, .. } => {
                let name = v.t("identity-help-job");
                let help = Some(Help { name, to: format!("/jobs/{job}"), field: None });
                Waits { help, ..plain(v.t("identity-waits-subject")) }
            }
            WaitingOn::Failsafe { failsafe } => {
                let name = v.t("identity-help-failsafe");
                let help = Some(Help { name, to: format!("/failsafe/{}", segment(&failsafe)), field: None });
                Waits { help, stuck: true, ..plain(text("failsafe", &failsafe)) }
            }
            WaitingOn::Pause { backend } => {
                let resume = Help {
                    name: v.with("identity-help-resume", "name", &backend),
                    to: format!("/backends/{}/resume", segment(&backend)),
                    field: Some("resume"),
                };
                let help = Some(if operates { resume } else { see(&backend) });
                Waits { help, stuck: true, ..plain(text("pause", &backend)) }
            }
            WaitingOn::Breaker { backend, until } => {
                let help = Some(see(&backend));
                Waits { at: Some(until.into()), help, stuck: true, ..plain(text("breaker", &backend)) }
            }
            WaitingOn::BackendWait { backend, until, message } => Waits {
                at: Some(until.into()),
                said: Some(message),
                help: Some(see(&backend)),
                ..plain(text("backend", &backend))
            },
            WaitingOn::Window { backend, until } => Waits {
                at: until.map(Into::into),
                help: Some(see(&backend)),
                stuck: until.is_none(),
                ..plain(text(if until.is_some() { "window" } else { "window-never" }, &backend))
            },
            WaitingOn::Rate { backend, until } => {
                Waits { at: Some(until.into()), ..plain(text("rate", &backend)) }
            }
            WaitingOn::Retry { until } => {
                let now = Help {
                    name: v.t("identity-help-now"),
                    to: format!("/jobs/{}/retry", job.id),
                    field: Some("now"),
                };
                let help = Some(now).filter(|_| operates);
                let said = job.message.clone();
                Waits { at: Some(until.into()), said, help, ..plain(v.t("identity-waits-retry")) }
            }
            WaitingOn::Wait { until, .. } | WaitingOn::NotBefore { until } => Waits {
                at: Some(until.into()),
                said: job.message.clone(),
                ..plain(v.t("identity-waits-later"))
            },
            WaitingOn::Slot { .. } => plain(v.t("identity-waits-slot")),
        })
    }
}

/// A name as a part of a path.
fn segment(name: &str) -> String {
    let name: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    name.replace('+', "%20")
}
