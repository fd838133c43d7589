//! Pages about the buses: what passes, its story, sending by hand, the catalogue.

mod catalogue;
mod list;
mod one;
mod send;
mod show;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;
use engine::Clock;
use http::Scope;
use http::page::{Group, Kit, Lang, NavItem, Part};

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

/// The routes of the pages. To be put into [`http::page::around`].
pub fn routes(pages: Pages) -> Router {
    Router::new()
        .route("/bus", get(list::list))
        .route("/bus/catalogue", get(catalogue::show))
        .route("/bus/send", get(send::ask).post(send::send))
        .route("/bus/messages/{record}", get(one::show))
        .with_state(pages)
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
