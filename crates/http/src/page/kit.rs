//! What all pages of a program share.

use std::sync::Arc;

use axum::body::Body;
use axum::http::request::Parts;

use super::asset::Assets;
use super::lang::Lang;
use super::text::Texts;
use crate::body::{Bodies, BodyLimits, Document};
use crate::caller::{Address, Caller};
use crate::phrases::Phrases;
use crate::problem::Problem;
use crate::scope::Scope;

/// What a module brings to the pages.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Its pages, as the navigation names them.
    pub nav: &'static [NavItem],
    /// What its pages say: Fluent messages.
    pub texts: &'static [(Lang, &'static str)],
    /// Where it answers programs, whatever they accept: the beginnings of paths.
    pub programs: &'static [&'static str],
}

/// An entry of the navigation.
#[derive(Clone, Copy, Debug)]
pub struct NavItem {
    /// Where it leads. Pages below it belong to it.
    pub path: &'static str,
    /// The message that names it.
    pub name: &'static str,
    /// What it is about.
    pub group: Group,
    /// What a caller must be allowed to see it.
    pub needs: Scope,
    /// The shape of its icon: an SVG path in a box of 24 by 24, drawn with a line of 1.75.
    pub icon: &'static str,
}

/// The groups of the navigation, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// What is asked, and what became of it.
    Work,
    /// What the work runs on and comes from.
    System,
    /// Who may do what, and how all is set.
    Administration,
}

impl Group {
    /// The message that names it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Group::Work => "nav-work",
            Group::System => "nav-system",
            Group::Administration => "nav-administration",
        }
    }
}

/// What all pages of a program share. Cheap to clone.
#[derive(Clone)]
pub struct Kit(Arc<Inner>);

pub(super) struct Inner {
    pub(super) version: &'static str,
    pub(super) nav: Vec<NavItem>,
    pub(super) texts: Texts,
    pub(super) french: Option<&'static Phrases>,
    pub(super) programs: Vec<&'static str>,
    pub(super) assets: Assets,
    pub(super) bodies: Bodies,
}

/// Forms of people are small; the largest is a document typed or pasted by hand.
const FORMS: BodyLimits = BodyLimits {
    document: 4 << 20,
    memory: 32 << 20,
    idle: std::time::Duration::from_secs(30),
    pause: std::time::Duration::from_secs(30),
};

/// Where the hub itself answers programs.
const PROGRAMS: [&str; 1] = ["/api/"];

/// The kit's own messages.
const TEXTS: [(Lang, &str); 2] =
    [(Lang::En, include_str!("texts/en.ftl")), (Lang::Fr, include_str!("texts/fr.ftl"))];

impl Kit {
    /// For a program of this version made of these parts.
    pub fn new(version: &'static str, parts: &[Part]) -> Self {
        Kit::speaking(version, parts, None)
    }

    /// The same, where what the hub itself says (errors, reasons) is shown in French to whoever reads French.
    pub fn speaking(version: &'static str, parts: &[Part], french: Option<&'static Phrases>) -> Self {
        let texts: Vec<_> = TEXTS.iter().chain(parts.iter().flat_map(|part| part.texts)).copied().collect();
        let mut nav: Vec<NavItem> = parts.iter().flat_map(|part| part.nav).copied().collect();
        nav.sort_by_key(|item| item.group);
        Kit(Arc::new(Inner {
            version,
            nav,
            texts: Texts::new(&texts),
            french,
            programs: PROGRAMS.iter().chain(parts.iter().flat_map(|part| part.programs)).copied().collect(),
            assets: Assets::new(),
            bodies: Bodies::new(FORMS),
        }))
    }

    /// The version of the program.
    pub fn version(&self) -> &'static str {
        self.0.version
    }

    /// All messages.
    pub fn texts(&self) -> &Texts {
        &self.0.texts
    }

    /// Reads the form of a person who is signed in, or of anybody.
    pub(super) async fn read(&self, head: &Parts, body: Body) -> Result<Document, Problem> {
        let (bodies, headers) = (&self.0.bodies, &head.headers);
        match head.extensions.get::<Caller>() {
            Some(caller) => bodies.read(caller, headers, body).await,
            None => bodies.read_of_stranger(Address::of(&head.extensions).0, headers, body).await,
        }
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kit_speaks_every_language() {
        assert_eq!(Texts::faults(&TEXTS), Vec::<String>::new());
    }
}
