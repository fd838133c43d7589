//! What is known of a school is changed: at its host, and what only concerns us here.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::page::{Form, Visit};
use http::{May, Named, Problem};

use super::super::Pages;
use super::HOME;
use super::form::{Filled, For, Typed, said};
use crate::right::Client;
use crate::rne::Rne;
use crate::state::State as Stands;
use crate::tracker::Followed;
use crate::values::{Change, read_change};

/// `GET …/alter`.
pub(in crate::pages) async fn ask(
    State(pages): State<Pages>,
    visit: Visit,
    _: May<Client>,
    Named(rne): Named<Rne>,
) -> Result<Response, Problem> {
    let school = pages.look(&rne).await?.school;
    Ok(show(&visit, &school, Filled::new(of(&school), known(&school))))
}

/// `POST …/alter`: what differs is changed; the licence code only where one was typed.
pub(in crate::pages) async fn alter(
    State(pages): State<Pages>,
    visit: Visit,
    May { caller, .. }: May<Client>,
    Named(rne): Named<Rne>,
    given: Form,
) -> Result<Response, Problem> {
    let (tracker, school) = (&pages.tracker, pages.look(&rne).await?.school);
    let typed = Typed { rne: String::new(), ..Typed::of(&given) };
    let filled = |typed| Filled::new(of(&school), typed);
    let code = given.raw("code").filter(|code| !code.is_empty());
    let change = match read_change(&typed.document(code)) {
        Ok(change) => differing(change, &school),
        // Nothing is said: an address is taken away.
        Err(faults) if faults.iter().all(|fault| fault.pointer.is_empty()) => Change::default(),
        Err(faults) => return Ok(show(&visit, &school, filled(typed).wrong(faults))),
    };
    let contact = change.contact.clone();
    let at_host = Change { contact: None, ..change };
    let asks_host = at_host != Change::default();
    if asks_host && let Err(error) = tracker.alter(&rne, &at_host, &caller.actor).await {
        return Ok(show(&visit, &school, filled(typed).because(said(error)?)));
    }
    let other_contact = contact != school.kept.contact;
    if other_contact {
        tracker.set_contact(&rne, contact, &caller.actor).await?;
    }
    let back = format!("{HOME}/schools/{rne}");
    Ok(match (asks_host, other_contact) {
        (true, _) => Visit::said(&back, "hosting-altered", 1).into_response(),
        (false, true) => Visit::said(&back, "hosting-contact", 1).into_response(),
        (false, false) => Redirect::to(&back).into_response(),
    })
}

/// What is not as it was.
fn differing(change: Change, school: &Followed) -> Change {
    let version = school.kept.version.as_deref();
    Change {
        griffe: change.griffe.filter(|griffe| *griffe != school.kept.griffe),
        version: change.version.filter(|new| version != Some(new.as_str())),
        ..change
    }
}

fn of(school: &Followed) -> For {
    For::Known { alterable: school.known_state() == Some(Stands::Ready) }
}

fn known(school: &Followed) -> Typed {
    let contact = school.kept.contact.as_ref();
    Typed {
        griffe: school.kept.griffe.clone(),
        version: school.kept.version.clone().unwrap_or_default(),
        mail: contact.map(|contact| contact.mail.clone()).unwrap_or_default(),
        language: contact.map(|contact| contact.language.clone()).unwrap_or_default(),
        ..Typed::default()
    }
}

fn show(v: &Visit, school: &Followed, filled: Filled) -> Response {
    let back = format!("{HOME}/schools/{}", school.rne);
    filled.show(v, &[], &format!("{back}/alter"), &back)
}
