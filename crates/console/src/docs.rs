//! `/docs`: every route of the hub with its rights, its parameters and examples of what goes over the wire, on one page.

mod read;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::page::Visit;

use crate::Console;
pub use read::Described;
use read::Section;

#[derive(Template)]
#[template(path = "docs.html")]
struct Docs<'p> {
    v: &'p Visit,
    sections: &'p [Section],
}

/// `GET /docs`: for everybody, it says nothing of this hub.
pub(crate) async fn show(State(console): State<Console>, visit: Visit) -> Response {
    visit.page(visit.t("docs")).show(&Docs { v: &visit, sections: &console.described.0 })
}
