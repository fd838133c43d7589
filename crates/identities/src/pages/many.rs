//! What is done to many: first a page that says what will happen to how many, then the deed.

use askama::Template;
use axum::extract::{RawQuery, State as Extract};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use http::page::{Agree, Disagreed, Form, Lost, Told, Visit};
use http::{May, Operate, Problem};
use serde_json::Value;

use super::Pages;
use super::list::Asked;
use super::show::Act;
use crate::document;
use crate::error::Error;
use crate::identity::Identity;
use crate::register::{Left, Register, Report, Selection};

/// What a form selects.
struct Chosen {
    act: Act,
    ids: Vec<String>,
    asked: Asked,
}

impl Chosen {
    fn read(form: &Form) -> Result<Self, Problem> {
        let act = form.get("do").and_then(Act::of_word);
        let act = act.ok_or_else(|| Problem::bad_request("the form does not say what is to be done"))?;
        let ids =
            if form.get("all").is_some() { Vec::new() } else { form.all("id").map(str::to_owned).collect() };
        if ids.is_empty() && form.get("all").is_none() {
            return Err(Problem::bad_request("nobody was selected: tick those that are meant"));
        }
        Ok(Chosen { act, ids, asked: Asked::read(form) })
    }

    fn selection(&self) -> Selection {
        if self.ids.is_empty() {
            Selection::Filter(self.asked.filter())
        } else {
            Selection::Ids(self.ids.clone())
        }
    }
}

#[derive(Template)]
#[template(path = "many.html")]
struct Ask<'p> {
    v: &'p Visit,
    word: String,
    /// Who will lose something, where they do.
    lost: Option<(Told<'p>, Agree)>,
    fits: u64,
    left: u64,
    ids: Vec<String>,
    fields: Vec<(&'static str, String)>,
    back: String,
}

/// `GET /identities/many`: what would happen to how many.
pub(super) async fn ask(
    Extract(pages): Extract<Pages>,
    visit: Visit,
    _: May<Operate>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let chosen = Chosen::read(&Form::of_query(query.as_deref().unwrap_or_default()))?;
    page(&pages, &visit, chosen, None).await
}

/// The page that asks, and what was `wrong` with the answer before.
async fn page(
    pages: &Pages,
    visit: &Visit,
    chosen: Chosen,
    wrong: Option<Disagreed>,
) -> Result<Response, Problem> {
    let (fits, left, lost) = count(&pages.register, &chosen).await?;
    let danger = chosen.act.is_dangerous();
    let content = Ask {
        v: visit,
        word: chosen.act.word(),
        lost: danger.then(|| (lost.told(visit, fits), Agree::new(visit, fits, wrong))),
        fits,
        left,
        back: chosen.asked.link("/identities", &[]),
        fields: chosen.asked.fields(),
        ids: chosen.ids,
    };
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(visit.page(visit.t(&format!("act-{}", content.word))).status(status).show(&content))
}

/// To how many it can be done just now, to how many not, and who they are.
async fn count(register: &Register, chosen: &Chosen) -> Result<(u64, u64, Lost), Error> {
    let (mut fits, mut left, mut lost) = (0, 0, Lost::default());
    let mut note = |identity: Option<&Identity>| match identity.filter(|identity| chosen.act.fits(identity)) {
        Some(identity) => {
            fits += 1;
            let document = &identity.kept.document;
            lost.add(document::label(document), Some(&Value::Object(document.clone())));
        }
        None => left += 1,
    };
    for id in &chosen.ids {
        match register.get(id).await {
            Ok(identity) => note(Some(&identity)),
            Err(Error::Missing(_)) => note(None),
            Err(error) => return Err(error),
        }
    }
    if chosen.ids.is_empty() {
        let (filter, mut after) = (chosen.asked.filter(), None);
        loop {
            let found = register.find(&filter, after, 500).await?;
            found.identities.iter().for_each(|identity| note(Some(identity)));
            after = found.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok((fits, left, lost))
}

#[derive(Template)]
#[template(path = "done.html")]
struct Outcome<'p> {
    v: &'p Visit,
    word: String,
    done: u64,
    left: u64,
    examples: Vec<Left>,
    back: String,
}

/// `POST /identities/many`.
pub(super) async fn act(
    Extract(pages): Extract<Pages>,
    visit: Visit,
    May { caller, .. }: May<Operate>,
    form: Form,
) -> Result<Response, Problem> {
    let chosen = Chosen::read(&form)?;
    let (register, act, selection) = (pages.register.clone(), chosen.act, chosen.selection());
    let agreed = match act {
        Act::Ask(deed) if act.is_dangerous() => {
            let meant = register.fitting(&selection, deed).await?;
            let agreed = Agree::given(&form)
                .and_then(|n| if n == meant.len() as u64 { Ok(meant) } else { Err(Disagreed::Meanwhile) });
            match agreed {
                Ok(meant) => Some(meant),
                Err(why) => return page(&pages, &visit, chosen, Some(why)).await,
            }
        }
        _ => None,
    };
    // It goes on to the end, also when the browser goes away in the middle.
    let work = tokio::spawn(async move {
        match (act, agreed) {
            (Act::Move(state), _) => register.move_to(selection, state, &caller.actor).await,
            (Act::Ask(deed), None) => register.carry_out(selection, deed, &caller.actor).await,
            (Act::Ask(deed), Some(meant)) => {
                register.carry_out_agreed(selection, deed, meant, &caller.actor).await
            }
        }
    });
    let Report { done, left, examples, .. } = work.await.map_err(|error| Problem::bug(&error))??;
    // Those that were done are no longer in the state that was asked for.
    let back = Asked { state: None, ..chosen.asked }.link("/identities", &[]);
    if left == 0 {
        let key = format!("identities-{}", act.word());
        let n = usize::try_from(done).unwrap_or(usize::MAX);
        return Ok(Visit::said(&back, &key, n).into_response());
    }
    let content = Outcome { v: &visit, word: act.word(), done, left, examples, back };
    Ok(visit.page(visit.t(&format!("act-{}", content.word))).show(&content))
}
