//! Saved views: lists with their filters, under names of their owner's.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use engine::{Edit, Error};
use http::page::{Form, Visit, local_path};
use http::{Caller, May, Problem, Read};
use model::effect::EntityContent;
use model::{Entity, EntityKey};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Console;

/// The kind of the entities that keep them: one for each person.
const KIND: &str = "saved_views";
/// So many a person may have.
const MANY: usize = 50;
/// A name has so many characters at most, and a link so many bytes.
const NAME: usize = 60;
const LINK: usize = 2000;

/// A list with its filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct View {
    pub(crate) name: String,
    /// Path and query.
    pub(crate) link: String,
}

/// The views of who looks, and a form to save what is shown.
#[derive(Template)]
#[template(path = "views.html")]
pub(crate) struct Views<'v> {
    v: &'v Visit,
    saved: Vec<View>,
    /// What is shown, if it is worth a name.
    here: Option<String>,
}

impl<'v> Views<'v> {
    pub(crate) async fn of(console: &Console, v: &'v Visit, caller: &Caller, here: Option<String>) -> Self {
        Views { v, saved: saved(console, caller).await, here }
    }

    fn is_here(&self, view: &View) -> bool {
        self.here.as_ref() == Some(&view.link)
    }

    fn is_new(&self) -> bool {
        !self.saved.iter().any(|view| self.is_here(view))
    }
}

/// The views of a person, in the order of their names. What cannot be read is as good as none.
pub(crate) async fn saved(console: &Console, caller: &Caller) -> Vec<View> {
    let stored = console.hub.journal().entity(key(caller)).await.ok().flatten();
    stored.as_ref().map(read).unwrap_or_default()
}

fn key(caller: &Caller) -> EntityKey {
    EntityKey { kind: KIND.to_owned(), key: caller.actor.0.clone() }
}

fn read(entity: &Entity) -> Vec<View> {
    entity.body.get("views").and_then(|views| Vec::deserialize(views).ok()).unwrap_or_default()
}

/// `POST /views`: keeps `link` under `name`, in the place of one that has this name.
pub(crate) async fn save(
    State(console): State<Console>,
    May { caller, .. }: May<Read>,
    form: Form,
) -> Result<Response, Problem> {
    let name: String = form.get("name").unwrap_or_default().chars().take(NAME).collect();
    let link = local_path(form.get("link").unwrap_or_default()).to_owned();
    if name.is_empty() || link.len() > LINK {
        return Err(Problem::bad_request("a view needs a name, and a filter of at most 2000 characters"));
    }
    let view = View { name, link: link.clone() };
    change(&console, &caller, |views| {
        views.retain(|other| other.name != view.name);
        views.push(view.clone());
        views.sort_by(|one, other| one.name.cmp(&other.name));
        if views.len() > MANY {
            return Err(Problem::bad_request(format!("at most {MANY} views are kept: remove one of them")));
        }
        Ok(())
    })
    .await?;
    Ok(Visit::said(&link, "view-saved", 1).into_response())
}

/// `POST /views/remove`: forgets the one of this name.
pub(crate) async fn remove(
    State(console): State<Console>,
    May { caller, .. }: May<Read>,
    form: Form,
) -> Result<Response, Problem> {
    let name = form.get("name").unwrap_or_default();
    change(&console, &caller, |views| {
        views.retain(|view| view.name != name);
        Ok(())
    })
    .await?;
    Ok(Visit::said(local_path(form.get("link").unwrap_or("/jobs")), "view-removed", 1).into_response())
}

async fn change(
    console: &Console,
    caller: &Caller,
    edit: impl Fn(&mut Vec<View>) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let label = caller.name().to_owned();
    let edit = |stored: Option<&Entity>| -> Result<_, Refused> {
        let mut views = stored.map(read).unwrap_or_default();
        edit(&mut views).map_err(Refused)?;
        let body = json!({ "views": views });
        Ok((Edit::Put(EntityContent { state: "kept".to_owned(), label: label.clone(), body }), None))
    };
    console.hub.update(key(caller), edit).await.map_err(|Refused(problem)| problem)
}

/// Why nothing was changed.
struct Refused(Problem);

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Refused(error.into())
    }
}
