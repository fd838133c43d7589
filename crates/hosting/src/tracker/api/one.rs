//! One school.

use ::http::{May, Named, Operate, Params, Problem, Read, Scope};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::json;

use super::super::{Error, NewSchool};
use super::{Api, NewFollowed, SchoolFollowed, SchoolView};
use crate::hidden::Hidden;
use crate::rne::Rne;
use crate::values::{self, Fault, Wrong};

/// `GET /schools/{rne}`: how it stands, with every step that was seen.
#[utoipa::path(
    get,
    path = "/schools/{rne}",
    tag = "schools",
    operation_id = "school",
    params(
        ("rne" = String, Path, description = "The school's number"),
        ("look" = Option<bool>, Query, description = "Ask its host now"),
    ),
    responses((status = 200, description = "Done", body = SchoolView)),
    security(("token" = ["read"])),
)]
pub(super) async fn show(
    State(api): State<Api>,
    May { caller, .. }: May<Read>,
    Named(rne): Named<String>,
    mut params: Params,
) -> Result<Json<SchoolView>, Problem> {
    let look = params.flag("look")?;
    params.finish()?;
    let rne = number(&rne)?;
    let mut view = if look {
        let looked = api.tracker.look(&rne).await?;
        let mut view = SchoolView::whole(&looked.school);
        match looked.said {
            Ok(said) => view.eta_seconds = said.eta_seconds,
            Err(trouble) => {
                let now = ::http::Time(api.tracker.now());
                let message = trouble.to_string();
                view.trouble.get_or_insert(super::FailingView { message, since: now, at: now });
            }
        }
        view
    } else {
        SchoolView::whole(&api.tracker.get(&rne).await?)
    };
    // Who has the link sees what the school sees, with its passwords.
    if caller.may(Scope::OPERATE) {
        let school = api.tracker.get(&rne).await?;
        view.page = Some(api.tracker.links(&school).await?.page);
    }
    Ok(Json(view))
}

/// `POST /schools`: follows a school. With stamp, code and version its host is asked for it, unless it knows it; saying the same
/// again does no harm.
#[utoipa::path(
    post,
    path = "/schools",
    tag = "schools",
    operation_id = "school_follow",
    request_body(content = NewFollowed),
    responses((status = 200, description = "It is followed", body = SchoolFollowed)),
    security(("token" = ["operate"])),
)]
pub(super) async fn follow(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<SchoolFollowed>, Problem> {
    let new: NewFollowed = api.bodies.json(&caller, &headers, body).await?;
    let tracker = api.tracker.clone();
    // It goes on to the end, also when the caller goes away in the middle.
    let followed = async move { tracker.follow(read(new)?, &caller.actor).await };
    let created = engine::carry(Box::pin(followed)).await?;
    let mut school = SchoolView::whole(&created.school);
    school.page = Some(api.tracker.links(&created.school).await?.page);
    let hindrance = api.tracker.hindrance().filter(|_| !created.school.is_mute()).map(str::to_owned);
    Ok(Json(SchoolFollowed { how: created.how.word().to_owned(), school, hindrance }))
}

/// What somebody says of a school that is to be followed.
fn read(new: NewFollowed) -> Result<NewSchool, Error> {
    let host = new.host().to_owned();
    let NewFollowed { rne, griffe, code, version, key, contact, tell, .. } = new;
    let creates = griffe.is_some() || code.is_some() || version.is_some();
    let said = if creates {
        json!({ "rne": rne, "griffe": griffe, "code": code, "version": version, "contact": contact })
    } else {
        json!({ "rne": rne, "griffe": "-", "code": "-", "version": "CL", "contact": contact })
    };
    let (rne, mut values) = values::read_new(&said).map_err(Error::Faults)?;
    let contact = values.contact.take();
    Ok(NewSchool { rne, host, values: creates.then_some(values), key: key.map(Hidden::new), contact, tell })
}

/// `DELETE /schools/{rne}`: follows it no longer. Its host is told nothing.
#[utoipa::path(
    delete,
    path = "/schools/{rne}",
    tag = "schools",
    operation_id = "school_unfollow",
    params(("rne" = String, Path, description = "The school's number")),
    responses((status = 204, description = "Done")),
    security(("token" = ["operate"])),
)]
pub(super) async fn unfollow(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    Named(rne): Named<String>,
) -> Result<StatusCode, Problem> {
    let rne = number(&rne)?;
    if api.tracker.unfollow(&rne, &caller.actor).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Error::NotFollowed(rne).into())
}

fn number(text: &str) -> Result<Rne, Problem> {
    let fault = |bad| Error::Faults(vec![Fault { pointer: "/rne".to_owned(), what: Wrong::Rne(bad) }]);
    Ok(text.parse().map_err(fault)?)
}
