//! What all pages need: their files, and the choice of language and theme.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};

use super::cookie::keep;
use super::form::Form;
use super::kit::Kit;
use super::lang::{self, Lang};
use super::visit::{THEME, Theme, local_path};

/// Files and choices. They are for everybody, also for who is not signed in.
pub fn routes(kit: Kit) -> Router {
    Router::new().route("/assets/{name}", get(asset)).route("/look", post(look)).with_state(kit)
}

async fn asset(State(kit): State<Kit>, Path(name): Path<String>) -> Response {
    kit.inner().assets.serve(&name)
}

/// `POST /look`: keeps `lang` and `theme`, and leads back to `to`.
async fn look(form: Form) -> Response {
    let mut cookies = HeaderMap::new();
    if let Some(lang) = form.get("lang").and_then(Lang::of_tag) {
        cookies.append(header::SET_COOKIE, keep(lang::COOKIE, lang.tag()));
    }
    if let Some(theme) = form.get("theme").and_then(Theme::of_word) {
        cookies.append(header::SET_COOKIE, keep(THEME, theme.as_str()));
    }
    (cookies, Redirect::to(local_path(form.get("to").unwrap_or("/")))).into_response()
}
