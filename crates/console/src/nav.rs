//! The console's entries in the navigation.

use http::Scope;
use http::page::{Group, Lang, NavItem, Part};

/// What the console brings to the pages.
pub const PART: Part = Part {
    nav: &[
        place(
            "/",
            "overview",
            Group::Work,
            Scope::READ,
            "M4 13h6V4H4zM14 20h6v-9h-6zM4 20h6v-3H4zM14 7h6V4h-6z",
        ),
        place("/jobs", "jobs", Group::Work, Scope::READ, "M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01"),
        place(
            "/dead-letters",
            "dead",
            Group::Work,
            Scope::READ,
            "M4 13h4l1.500 3h5l1.500-3h4M5.500 5h13L20 13v6H4v-6z",
        ),
        place("/submit", "submit", Group::Work, Scope::SUBMIT, "M12 5v14M5 12h14"),
        place(
            "/backends",
            "backends",
            Group::System,
            Scope::READ,
            "M4 5h16v6H4zM4 13h16v6H4zM8 8h.01M8 16h.01",
        ),
        place(
            "/sources",
            "sources",
            Group::System,
            Scope::READ,
            "M9 7V3M15 7V3M7 7h10v4a5 5 0 0 1-10 0zM12 16v5",
        ),
        place(
            "/failsafe",
            "failsafe",
            Group::System,
            Scope::READ,
            "M12 3l7 3v5c0 4.500-3 8-7 10-4-2-7-5.500-7-10V6zM12 8.500v4M12 15.500h.01",
        ),
        place(
            "/tokens",
            "tokens",
            Group::Administration,
            Scope::ADMIN,
            "M14 10a4 4 0 1 1-1.200-2.900M13.500 8.500L21 16v3h-3v-2h-2v-2l-2.500-2.500M9 10h.01",
        ),
        place(
            "/accounts",
            "accounts",
            Group::Administration,
            Scope::ADMIN,
            "M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM3 20c0-3.500 2.500-5.500 6-5.500s6 2 6 5.500M16 4.500a3.200 3.200 0 0 1 0 6M18 14.800c2 .8 3 2.600 3 5.200",
        ),
        place(
            "/audit",
            "audit",
            Group::Administration,
            Scope::ADMIN,
            "M9 4h6v3H9zM7 5.500H5V21h14V5.500h-2M8.500 12h7M8.500 16h5",
        ),
        place(
            "/settings",
            "settings",
            Group::Administration,
            Scope::ADMIN,
            "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.500v5M9 14.500v5",
        ),
        place("/docs", "docs", Group::System, Scope::READ, "M8 7l-5 5 5 5M16 7l5 5-5 5M13.500 5l-3 14"),
        place(
            "/about",
            "about",
            Group::Administration,
            Scope::READ,
            "M12 11v6M12 7.500h.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
        ),
    ],
    texts: &[(Lang::En, include_str!("../texts/en.ftl")), (Lang::Fr, include_str!("../texts/fr.ftl"))],
    programs: &[],
};

const fn place(
    path: &'static str,
    name: &'static str,
    group: Group,
    needs: Scope,
    icon: &'static str,
) -> NavItem {
    NavItem { path, name, group, needs, icon }
}
