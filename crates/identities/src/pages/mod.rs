//! The register's pages: counts and list, an identity, import, and what is done to many.

mod edit;
mod erase;
mod fields;
mod find;
mod import;
mod lent;
mod list;
mod many;
mod one;
mod runs;
mod show;
mod staged;
mod wait;

use std::sync::Arc;

pub(crate) use find::People;

use axum::extract::{DefaultBodyLimit, FromRef};
use axum::routing::post;
use http::Scope;
use http::page::{Group, Kit, Lang, NavItem, PageRoutes, Part, Who};

pub(crate) use self::lent::{clear, tidy};
pub use self::staged::Waiting;

use crate::api::FILE;
use crate::register::Register;
use crate::schedule::Schedule;
use crate::schema::Schema;

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
    /// Further classes of members that the form asks for.
    pub schemas: Arc<[Schema]>,
    /// Files that somebody looks at before they are imported.
    pub waiting: Waiting,
    /// What all pages share, with [`PART`] in it.
    pub kit: Kit,
}

impl FromRef<Pages> for Kit {
    fn from_ref(pages: &Pages) -> Self {
        pages.kit.clone()
    }
}

/// The routes of the pages, each with who may use it. To be put into [`http::page::around`].
pub fn routes() -> PageRoutes<Pages> {
    const READ: Who = Who::May(crate::READ);
    const OPERATE: Who = Who::May(Scope::OPERATE);
    const ADMIN: Who = Who::May(Scope::ADMIN);
    let upload = post(import::send).layer(DefaultBodyLimit::max(FILE + (1 << 20)));
    PageRoutes::default()
        .get("/identities", READ, list::list)
        .get("/identities/new", OPERATE, edit::new)
        .post("/identities/new", OPERATE, edit::create)
        .get("/identities/import", OPERATE, import::ask)
        .with("post", "/identities/import", OPERATE, upload)
        .get("/identities/import/{token}", OPERATE, import::preview)
        .post("/identities/import/{token}", OPERATE, import::import)
        .post("/identities/import/{token}/how", OPERATE, import::read_as)
        .get("/identities/runs", READ, runs::list)
        .get("/identities/runs/{run}", READ, runs::show)
        .get("/identities/many", OPERATE, many::ask)
        .post("/identities/many", OPERATE, many::act)
        .get("/identities/{id}", READ, one::show)
        .post("/identities/{id}", OPERATE, one::act)
        .get("/identities/{id}/edit", OPERATE, edit::edit)
        .post("/identities/{id}/edit", OPERATE, edit::replace)
        .get("/identities/{id}/erase", ADMIN, erase::ask)
        .post("/identities/{id}/erase", ADMIN, erase::erase)
        .post("/identities/{id}/password", OPERATE, one::password)
}
