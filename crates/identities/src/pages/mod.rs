//! The register's pages: counts and list, an identity, import, and what is done to many.

mod edit;
mod erase;
mod import;
mod list;
mod many;
mod one;
mod show;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::routing::{get, post};
use http::page::{Group, Kit, Lang, NavItem, Part};

use crate::api::FILE;
use crate::register::Register;
use crate::schedule::Schedule;

/// What the register brings to the pages.
pub const PART: Part = Part {
    nav: &[NavItem {
        path: "/identities",
        name: "identities",
        group: Group::Work,
        needs: crate::READ,
        icon: "M4 5h16v14H4zM8.500 12a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM5.500 16.500c.3-1.800 1.400-2.800 3-2.800s2.700 1 3 2.800M14.500 9.500h3M14.500 13h3",
    }],
    texts: &[(Lang::En, include_str!("../../texts/en.ftl")), (Lang::Fr, include_str!("../../texts/fr.ftl"))],
    programs: &[],
};

/// What the pages are made from. Cheap to clone.
#[derive(Clone)]
pub struct Pages {
    /// The identities.
    pub register: Register,
    /// When they are synchronised by themselves.
    pub schedule: Schedule,
    /// What all pages share, with [`PART`] in it.
    pub kit: Kit,
}

impl FromRef<Pages> for Kit {
    fn from_ref(pages: &Pages) -> Self {
        pages.kit.clone()
    }
}

/// The routes of the pages. To be put into [`http::page::around`].
pub fn routes(pages: Pages) -> Router {
    let upload = get(import::ask).post(import::import).layer(DefaultBodyLimit::max(FILE + (1 << 20)));
    Router::new()
        .route("/identities", get(list::list))
        .route("/identities/new", get(edit::new).post(edit::create))
        .route("/identities/import", upload)
        .route("/identities/many", get(many::ask).post(many::act))
        .route("/identities/{id}", get(one::show).post(one::act))
        .route("/identities/{id}/edit", get(edit::edit).post(edit::replace))
        .route("/identities/{id}/erase", get(erase::ask).post(erase::erase))
        .route("/identities/{id}/password", post(one::password))
        .with_state(pages)
}
