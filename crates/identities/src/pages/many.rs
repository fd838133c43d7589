//! What is done to many: first a page that says what will happen to how many, then the deed.

use askama::Template;
use axum::extract::{RawQuery, State as Extract};
use axum::response::{IntoResponse as _, Response};
use http::page::{Form, Visit};
use http::{May, Operate, Problem};

use super::Pages;
use super::list::Asked;
use super::show::Act;
use crate::error::Error;
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
    danger: bool,
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
    let (fits, left) = count(&pages.register, &chosen).await?;
    let content = Ask {
        v: &visit,
        word: chosen.act.word(),
        danger: chosen.act.is_dangerous(),
        fits,
        left,
        back: chosen.asked.link("/identities", &[]),
        fields: chosen.asked.fields(),
        ids: chosen.ids,
    };
    Ok(visit.page(visit.t(&format!("act-{}", content.word))).show(&content))
}

/// To how many it can be done just now, and to how many not.
async fn count(register: &Register, chosen: &Chosen) -> Result<(u64, u64), Error> {
    let (mut fits, mut left) = (0, 0);
    let mut note = |fit: bool| if fit { fits += 1 } else { left += 1 };
    for id in &chosen.ids {
        match register.get(id).await {
            Ok(identity) => note(chosen.act.fits(&identity)),
            Err(Error::Missing(_)) => note(false),
            Err(error) => return Err(error),
        }
    }
    if chosen.ids.is_empty() {
        let (filter, mut after) = (chosen.asked.filter(), None);
        loop {
            let found = register.find(&filter, after, 500).await?;
            found.identities.iter().for_each(|identity| note(chosen.act.fits(identity)));
            after = found.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok((fits, left))
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
    let (register, act, selection) = (pages.register, chosen.act, chosen.selection());
    // It goes on to the end, also when the browser goes away in the middle.
    let work = tokio::spawn(async move {
        match act {
            Act::Move(state) => register.move_to(selection, state, &caller.actor).await,
            Act::Ask(deed) => register.carry_out(selection, deed, &caller.actor).await,
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
