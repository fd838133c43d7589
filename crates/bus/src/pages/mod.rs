//! Pages about the buses: what passes, its story, sending by hand, the catalogue.

mod catalogue;
mod list;
mod one;
mod send;
mod show;

use axum::extract::FromRef;
use engine::Clock;
use http::Scope;
use http::page::{Group, Kit, Lang, NavItem, PageRoutes, Part, Who};

use crate::api::Api;

/// What the buses bring to the pages of a hub that has one.
pub const PART: Part = Part {
    nav: &[NavItem {
        path: "/bus",
        name: "bus",
        group: Group::System,
        needs: Scope::READ,
        icon: "M4 12h16M7 12V7M12 12v5M17 12V7M5 5h4v2H5zM10 17h4v2h-4zM15 5h4v2h-4z",
    }],
    texts: &[(Lang::En, include_str!("../../texts/en.ftl")), (Lang::Fr, include_str!("../../texts/fr.ftl"))],
    programs: &[],
};

/// What the pages are made from. Cheap to clone.
#[derive(Clone)]
pub struct Pages {
    /// Hub and buses.
    pub api: Api,
    /// Ids and times of messages that are sent by hand.
    pub clock: Clock,
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
    const READ: Who = Who::May(Scope::READ);
    const OPERATE: Who = Who::May(Scope::OPERATE);
    PageRoutes::default()
        .get("/bus", READ, list::list)
        .get("/bus/catalogue", READ, catalogue::show)
        .get("/bus/send", OPERATE, send::ask)
        .post("/bus/send", OPERATE, send::send)
        .get("/bus/messages/{record}", READ, one::show)
}

#[cfg(test)]
mod tests {
    use http::page::Texts;

    use super::*;

    #[test]
    fn both_languages_say_the_same_things() {
        assert_eq!(Texts::faults(PART.texts), Vec::<String>::new());
    }
}
