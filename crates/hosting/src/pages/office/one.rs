//! A school: where it stands, what can be done, its steps, what is known of it, and the link to its page.

use askama::Template;
use axum::extract::State as Extract;
use axum::response::{IntoResponse as _, Response};
use http::page::{Form, Visit, When};
use http::{May, Named, Problem, Query, Read};

use super::super::Pages;
use super::super::show::{Chip, Last, about, host, left, name, tone};
use super::HOME;
use crate::right::{CLIENT, Client};
use crate::rne::Rne;
use crate::state::State;
use crate::tracker::{Followed, Links, Looked, Notice};

/// A step that was passed.
struct Step {
    tone: &'static str,
    name: String,
    code: String,
    at: When,
    seen: When,
    notice: String,
}

#[derive(Template)]
#[template(path = "office/one.html")]
struct One<'p> {
    v: &'p Visit,
    school: &'p Followed,
    name: &'p str,
    chip: Chip,
    told_chip: Option<Chip>,
    tone: &'static str,
    what: String,
    left: Option<String>,
    error: Option<&'p str>,
    /// Why its host does not say how it stands.
    trouble: Option<String>,
    host: String,
    /// Word and name.
    buttons: Vec<(&'static str, String)>,
    /// Where it is asked for again.
    again: Option<String>,
    may_act: bool,
    may_delete: bool,
    steps: Vec<Step>,
    last: Option<Last>,
    looked_at: Option<When>,
    /// The link to the page of the school, and until when it is good.
    link: Option<(String, When)>,
}

/// `GET /hosting/schools/{rne}`.
pub(in crate::pages) async fn show(
    Extract(pages): Extract<Pages>,
    visit: Visit,
    _: May<Read>,
    Named(rne): Named<Rne>,
) -> Result<Response, Problem> {
    let looked = pages.look(&rne).await?;
    // Whoever has the link is the school: who may only look does not get it.
    let links = if visit.may(CLIENT) { Some(pages.tracker.links(&looked.school).await?) } else { None };
    let one = One::new(&visit, &looked, links);
    Ok(visit.page(rne.as_str()).live("on=jobs").show(&one))
}

impl<'p> One<'p> {
    fn new(v: &'p Visit, looked: &'p Looked, links: Option<Links>) -> Self {
        let Looked { school, said } = looked;
        let (state, heard) = (school.known_state(), said.as_ref().ok());
        One {
            v,
            name: school.name(),
            chip: Chip::state(v, &school.state),
            told_chip: Chip::not_told(v, school),
            tone: tone(&school.state),
            what: about(v, "hosting-what", &school.state),
            left: heard.and_then(|said| said.eta_seconds).map(|seconds| left(v, seconds)),
            error: heard.and_then(|said| said.error.as_deref()),
            trouble: said.as_ref().err().map(ToString::to_string),
            host: host(v, &school.kept.host),
            buttons: buttons(v, school),
            again: (state == Some(State::StartError)).then(|| again(school)),
            may_act: v.may(CLIENT),
            may_delete: !matches!(state, Some(State::Delete | State::Deleted)),
            steps: steps(v, school),
            last: heard.and_then(|said| said.last.as_ref()).map(|last| Last::new(v, last)),
            looked_at: school.kept.looked_at.map(Into::into),
            link: links.map(|links| (links.page, links.page_until.into())),
            school,
        }
    }
}

/// Its steps, the last one first.
fn steps(v: &Visit, school: &Followed) -> Vec<Step> {
    let all = &school.kept.steps;
    let newest = all.len().saturating_sub(1);
    let step = |(place, step): (usize, &crate::tracker::Step)| Step {
        tone: if place == newest { tone(&step.state) } else { "idle" },
        name: name(v, &step.state),
        code: step.state.clone(),
        at: step.at.into(),
        seen: step.seen_at.into(),
        notice: v.t(match step.notice {
            Notice::Written => "hosting-notice-written",
            Notice::Passed => "hosting-notice-passed",
            Notice::Before => "hosting-notice-before",
            Notice::NoContact => "hosting-notice-no-contact",
            Notice::Stopped => "hosting-notice-stopped",
        }),
    };
    all.iter().enumerate().rev().map(step).collect()
}

/// What can be done with a press of a button: word and name.
fn buttons(v: &Visit, school: &Followed) -> Vec<(&'static str, String)> {
    let mails = if school.kept.stopped_at.is_some() { "resume" } else { "stop" };
    let words = std::iter::once("look").chain(Some(mails).filter(|_| !school.is_mute()));
    words.map(|word| (word, v.t(&format!("hosting-{word}")))).collect()
}

/// The form that asks for it again, with the values that are known; the licence code has to be typed.
fn again(school: &Followed) -> String {
    let kept = &school.kept;
    let mut query = Query::new(format!("{HOME}/new"));
    query.add("rne", Some(&school.rne));
    query.add("host", Some(&kept.host));
    query.add("griffe", Some(&kept.griffe));
    query.add("version", kept.version.as_ref());
    query.add("mail", kept.contact.as_ref().map(|contact| &contact.mail));
    query.add("language", kept.contact.as_ref().map(|contact| &contact.language));
    query.finish()
}

/// `POST /hosting/schools/{rne}`: presses one of its buttons.
pub(in crate::pages) async fn act(
    Extract(pages): Extract<Pages>,
    May { caller, .. }: May<Client>,
    Named(rne): Named<Rne>,
    form: Form,
) -> Result<Response, Problem> {
    let (tracker, actor) = (&pages.tracker, &caller.actor);
    let done = match form.get("do").unwrap_or_default() {
        "look" => {
            pages.look(&rne).await?.said.map_err(|why| Problem::later("host", 5, why.to_string()))?;
            "hosting-looked"
        }
        "stop" => {
            tracker.stop(&rne, actor).await?;
            "hosting-stopped"
        }
        "resume" => {
            tracker.resume(&rne, actor).await?;
            "hosting-resumed"
        }
        _ => return Err(Problem::bad_request("the form does not say what is to be done")),
    };
    Ok(Visit::said(&format!("{HOME}/schools/{rne}"), done, 1).into_response())
}
