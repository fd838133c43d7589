//! The frame around every page: navigation, who is signed in, language and theme.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use super::kit::{Group, NavItem};
use super::lang::Lang;
use super::visit::{Theme, Visit};
use crate::caller::Proof;
use crate::problem::Problem;

/// A page that is being made.
pub struct Page<'v> {
    visit: &'v Visit,
    title: String,
    live: Option<String>,
    status: StatusCode,
    bare: bool,
}

#[derive(Template)]
#[template(path = "frame.html")]
struct Frame<'p> {
    v: &'p Visit,
    title: &'p str,
    live: Option<&'p str>,
    /// Without navigation: nobody is signed in.
    bare: bool,
    content: &'p str,
    notice: Option<String>,
    groups: Vec<(String, Vec<Entry>)>,
    name: Option<&'p str>,
    role: Option<String>,
    has_account: bool,
    langs: [Lang; 2],
    themes: [Theme; 3],
}

struct Entry {
    path: &'static str,
    name: String,
    icon: &'static str,
    current: bool,
}

#[derive(Template)]
#[template(source = "<title>{{ title }} · Intendant</title>{{ content|safe }}", ext = "html")]
struct Inside<'p> {
    title: &'p str,
    content: &'p str,
}

impl<'v> Page<'v> {
    pub(super) fn new(visit: &'v Visit, title: String) -> Self {
        Page { visit, title, live: None, status: StatusCode::OK, bare: visit.caller.is_none() }
    }

    /// The page is read again when what it is about changes: the query of the live stream, such as `on=jobs`.
    #[must_use]
    pub fn live(self, about: impl Into<String>) -> Self {
        Page { live: Some(about.into()), ..self }
    }

    /// The page answers with this status.
    #[must_use]
    pub fn status(self, status: StatusCode) -> Self {
        Page { status, ..self }
    }

    /// The page has no navigation.
    #[must_use]
    pub fn bare(self) -> Self {
        Page { bare: true, ..self }
    }

    /// The page with this content.
    pub fn show(self, content: &impl Template) -> Response {
        match self.render(content) {
            Ok(html) => (self.status, Html(html)).into_response(),
            Err(error) => Problem::bug(&error).into_response(),
        }
    }

    fn render(&self, content: &impl Template) -> Result<String, askama::Error> {
        let content = content.render()?;
        let (title, visit) = (self.title.as_str(), self.visit);
        if visit.fragment {
            return Inside { title, content: &content }.render();
        }
        let caller = visit.caller.as_ref();
        Frame {
            v: visit,
            title,
            live: self.live.as_deref(),
            bare: self.bare,
            content: &content,
            notice: visit.notice(),
            groups: groups(visit),
            name: caller.map(crate::caller::Caller::name),
            role: caller.and_then(|caller| match caller.by {
                Proof::Session { role, .. } => Some(visit.t(&format!("role-{role}"))),
                _ => None,
            }),
            has_account: caller.is_some_and(|caller| matches!(caller.by, Proof::Session { .. })),
            langs: Lang::ALL,
            themes: Theme::ALL,
        }
        .render()
    }
}

/// The navigation, as far as who looks may see it.
fn groups(visit: &Visit) -> Vec<(String, Vec<Entry>)> {
    let here = visit.here.split('?').next().unwrap_or_default();
    let entry = |item: &NavItem| Entry {
        path: item.path,
        name: visit.t(item.name),
        icon: item.icon,
        current: is_at(here, item.path),
    };
    [Group::Work, Group::System, Group::Administration]
        .into_iter()
        .map(|group| {
            let items = visit.kit.inner().nav.iter();
            let seen = items.filter(|item| item.group == group && visit.may(item.needs));
            (visit.t(group.name()), seen.map(entry).collect::<Vec<_>>())
        })
        .filter(|(_, entries)| !entries.is_empty())
        .collect()
}

/// Whether a page is this one, or below it.
fn is_at(here: &str, path: &str) -> bool {
    match here.strip_prefix(path) {
        Some(rest) => rest.is_empty() || (path != "/" && rest.starts_with('/')),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_belong_to_the_place_above_them() {
        assert!(is_at("/jobs", "/jobs") && is_at("/jobs/1", "/jobs") && is_at("/", "/"));
        assert!(!is_at("/jobs", "/") && !is_at("/jobsters", "/jobs") && !is_at("/", "/jobs"));
    }
}
