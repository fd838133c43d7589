//! A school is followed from here on: its host is asked, and asked for it where it does not know it.

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::page::{Form, Visit};
use http::{May, Problem};

use super::super::Pages;
use super::HOME;
use super::form::{Filled, For, Typed, said};
use crate::right::Client;
use crate::tracker::{How, NewSchool, OWN};
use crate::values::read_new;

const ACTION: &str = "/hosting/new";

/// `GET /hosting/new`: what the address says is filled in.
pub(in crate::pages) async fn ask(
    State(pages): State<Pages>,
    visit: Visit,
    _: May<Client>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let given = Form::of_query(query.as_deref().unwrap_or_default());
    show(&pages, &visit, Filled::new(For::New, Typed::of(&given))).await
}

/// `POST /hosting/new`: the dialogue with the host.
pub(in crate::pages) async fn create(
    State(pages): State<Pages>,
    visit: Visit,
    May { caller, .. }: May<Client>,
    given: Form,
) -> Result<Response, Problem> {
    let typed = Typed::of(&given);
    let (rne, values) = match read_new(&typed.document(given.raw("code"))) {
        Ok(read) => read,
        Err(faults) => return show(&pages, &visit, Filled::new(For::New, typed).wrong(faults)).await,
    };
    let host = if typed.host.is_empty() { OWN } else { &typed.host };
    let new = NewSchool {
        rne: rne.clone(),
        host: host.to_owned(),
        contact: values.contact.clone(),
        values: Some(values),
        key: None,
        tell: true,
    };
    let (tracker, actor) = (pages.tracker.clone(), caller.actor.clone());
    // What the host was asked for is kept, also when nobody waits for the answer any more.
    match engine::carry(async move { tracker.follow(new, &actor).await }).await {
        Ok(created) => {
            let done = match created.how {
                How::Created | How::Renewed => "hosting-made",
                How::Adopted | How::Followed | How::Known => "hosting-adopted",
            };
            Ok(Visit::said(&format!("{HOME}/schools/{rne}"), done, 1).into_response())
        }
        Err(error) => show(&pages, &visit, Filled::new(For::New, typed).because(said(error)?)).await,
    }
}

async fn show(pages: &Pages, v: &Visit, filled: Filled) -> Result<Response, Problem> {
    let hosts = pages.tracker.hosts().await?;
    let hosts = hosts.into_iter().map(|host| (host.name.clone(), super::super::show::host(v, &host.name)));
    Ok(filled.show(v, &hosts.collect::<Vec<_>>(), ACTION, HOME))
}
