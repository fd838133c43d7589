//! The end of an identity's data: first a page that says what is removed and what is not, then the deed.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::page::Visit;
use http::{Admin, May, Named, Problem};

use super::Pages;
use crate::document;
use crate::error::Error;
use crate::state::{Hindrance, State as Lifecycle};

#[derive(Template)]
#[template(path = "erase.html")]
struct Ask<'p> {
    v: &'p Visit,
    id: String,
    name: String,
}

/// `GET /identities/{id}/erase`: says what would happen.
pub(super) async fn ask(
    State(pages): State<Pages>,
    visit: Visit,
    _: May<Admin>,
    Named(id): Named<String>,
) -> Result<Response, Problem> {
    let name = match pages.register.get(&id).await {
        // Of one that cannot be read nothing else can be done.
        Err(Error::Damaged { .. }) => id.clone(),
        identity => {
            let identity = identity?;
            if identity.state != Lifecycle::Deleted {
                return Err(Error::Hindered { id, why: Hindrance::NotDeleted }.into());
            }
            document::person(&identity.kept.document, "cn").unwrap_or_else(|| id.clone())
        }
    };
    Ok(visit.page(visit.t("identity-erase")).show(&Ask { v: &visit, id, name }))
}

/// `POST /identities/{id}/erase`.
pub(super) async fn erase(
    State(pages): State<Pages>,
    May { caller, .. }: May<Admin>,
    Named(id): Named<String>,
) -> Result<Response, Problem> {
    pages.register.erase(&id, &caller.actor).await?;
    Ok(Visit::said("/identities", "identities-erased", 1).into_response())
}
