//! The pages about those who are registered.

mod remove;

use askama::Template;
use axum::extract::{FromRef, RawQuery, State};
use axum::response::Response;
use http::page::{Form, Group, Kit, Lang, NavItem, PageRoutes, Part, Visit, Who};
use http::{May, Problem, Query, Read, Scope};
use jiff::Timestamp;

use crate::api::{Api, HolderView, RegistrationPage, place};
use crate::registry::Filter;

/// What the registry brings to the pages of a hub.
pub const PART: Part = Part {
    nav: &[NavItem {
        path: "/registrations",
        name: "registrations",
        group: Group::Work,
        needs: Scope::READ,
        icon: "M4 6h16v12H4zM4 7l8 6 8-6",
    }],
    texts: &[(Lang::En, include_str!("../texts/en.ftl")), (Lang::Fr, include_str!("../texts/fr.ftl"))],
    programs: &[],
};

/// Rows of a page.
const ROWS: usize = 100;
/// What the form of the filter has.
const FIELDS: [&str; 3] = ["text", "backend", "vuser"];

/// What the pages are made from. Cheap to clone.
#[derive(Clone)]
pub struct Pages {
    /// The registry.
    pub api: Api,
    /// What all pages share, with [`PART`] in it.
    pub kit: Kit,
}

impl FromRef<Pages> for Kit {
    fn from_ref(pages: &Pages) -> Self {
        pages.kit.clone()
    }
}

/// The routes of the pages, each with who may use it.
pub fn routes() -> PageRoutes<Pages> {
    PageRoutes::default()
        .get("/registrations", Who::May(Scope::READ), list)
        .get(remove::PATH, Who::May(Scope::OPERATE), remove::ask)
        .post(remove::PATH, Who::May(Scope::OPERATE), remove::remove)
}

#[derive(Template)]
#[template(path = "registrations.html")]
struct List<'p> {
    v: &'p Visit,
    /// The registry is switched on.
    is_on: bool,
    page: RegistrationPage,
    rows: Vec<Row>,
    values: [String; 3],
    filtered: bool,
    more: Option<String>,
}

struct Row {
    backend: String,
    user: String,
    vuser: String,
    count: String,
    manager: bool,
    /// Since when, exactly and in words.
    since: Option<(String, String)>,
    holders: Vec<Holder>,
    /// Where he can be taken away.
    remove: Option<String>,
}

struct Holder {
    text: String,
    connected: bool,
}

/// `GET /registrations`.
async fn list(
    State(pages): State<Pages>,
    visit: Visit,
    _: May<Read>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let form = Form::of_query(query.as_deref().unwrap_or_default());
    let value = |name: &str| form.get(name).map(str::to_owned);
    let filter = Filter { text: value("text"), backend: value("backend"), vuser: value("vuser"), user: None };
    let after = form.get("after").map(place).transpose()?;
    let live = pages.api.live().ok();
    let page = live.map(|live| RegistrationPage::of(live, &filter, after.as_ref(), ROWS)).unwrap_or_default();
    let values = FIELDS.map(|name| value(name).unwrap_or_default());
    let more = page.next.as_ref().map(|next| {
        let mut query = Query::new("/registrations");
        for (name, value) in FIELDS.iter().zip(&values) {
            query.add(name, Some(value).filter(|value| !value.is_empty()));
        }
        query.add("after", Some(next));
        query.finish()
    });
    let content = List {
        v: &visit,
        is_on: live.is_some(),
        rows: rows(&visit, &page),
        filtered: values.iter().any(|value| !value.is_empty()),
        more,
        values,
        page,
    };
    // Who comes and goes without a job makes no event.
    Ok(visit.page(visit.t("registrations")).live("on=all&every=2").show(&content))
}

fn rows(v: &Visit, page: &RegistrationPage) -> Vec<Row> {
    let moment = |at: Timestamp| (format!("{at:.3}"), at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
    let row = |one: &crate::api::Registration| Row {
        backend: one.backend.clone(),
        user: one.user.clone(),
        vuser: one.vuser.clone(),
        count: v.number(one.count),
        manager: one.manager,
        since: one.since.map(|since| moment(since.0)),
        holders: one.holders.iter().map(|held| holder(v, held)).collect(),
        remove: remove::link(one).filter(|_| v.may(Scope::OPERATE)),
    };
    page.registrations.iter().map(row).collect()
}

fn holder(v: &Visit, held: &HolderView) -> Holder {
    let name = match (&held.program, held.pid, &held.queue) {
        (Some(program), Some(pid), _) => format!("{program} [{pid}]"),
        (None, Some(pid), _) => v.with("registration-process", "pid", &pid.to_string()),
        (_, None, queue) => v.with("registration-queue", "queue", queue.as_deref().unwrap_or_default()),
    };
    let text = if held.count > 1 { format!("{name} ×{}", v.number(held.count)) } else { name };
    Holder { text, connected: held.connected }
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
