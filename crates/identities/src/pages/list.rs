//! Counts, filters, and the list.

use crate::ReadIdentities;
use askama::Template;
use axum::extract::{RawQuery, State as Extract};
use axum::response::Response;
use http::page::{Form, Visit, When};
use http::{May, Problem, Scope};
use serde_json::{Map, Value};

use super::Pages;
use super::show::{Act, Button, Chip, name, tone, word};
use crate::directory::{Column, Sort};
use crate::document::{label, person};
use crate::identity::Identity;
use crate::register::{Broken, Filter};
use crate::state::State;

/// Rows of a page.
const ROWS: usize = 100;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) state: Option<State>,
    pub(super) text: String,
    pub(super) sort: Sort,
}

impl Asked {
    pub(super) fn read(form: &Form) -> Self {
        Asked {
            state: form.get("state").and_then(State::from_word),
            text: form.get("text").unwrap_or_default().to_owned(),
            sort: form.get("sort").and_then(Sort::from_word).unwrap_or_default(),
        }
    }

    pub(super) fn filter(&self) -> Filter {
        let text = Some(self.text.clone()).filter(|text| !text.is_empty());
        Filter { states: self.state.into_iter().collect(), text }
    }

    /// Its fields, as a form sends them.
    pub(super) fn fields(&self) -> Vec<(&'static str, String)> {
        let state = self.state.map(|state| ("state", state.as_str().to_owned()));
        let text = Some(("text", self.text.clone())).filter(|(_, text)| !text.is_empty());
        let sort = Some(("sort", self.sort.word())).filter(|_| self.sort != Sort::default());
        state.into_iter().chain(text).chain(sort).collect()
    }

    /// A path that asks for the same, and more.
    pub(super) fn link(&self, path: &str, more: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.fields()).extend_pairs(more);
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    fn is_empty(&self) -> bool {
        self.unsorted() == Asked::default()
    }

    /// The same people, in no order.
    fn unsorted(&self) -> Self {
        Asked { sort: Sort::default(), ..self.clone() }
    }

    /// The heading of a column that sorts by it, or turns its order around.
    fn head(&self, v: &Visit, by: Column) -> Head {
        let sorted = self.sort.by == by;
        let descending = sorted && !self.sort.descending;
        let sort = Sort { by, descending };
        Head {
            name: v.t(match by {
                Column::Name => "identity-name",
                Column::Uid => "identity-uid",
                Column::State => "identity-state",
                Column::Changed => "identity-updated",
            }),
            link: Asked { sort, ..self.clone() }.link("/identities", &[]),
            order: match (sorted, self.sort.descending) {
                (false, _) => "none",
                (true, false) => "ascending",
                (true, true) => "descending",
            },
        }
    }
}

struct Tile {
    word: &'static str,
    tone: &'static str,
    name: String,
    count: u64,
    hint: String,
    current: bool,
}

/// The heading of a column, with the link that sorts by it.
struct Head {
    name: String,
    link: String,
    /// As `aria-sort` says it.
    order: &'static str,
}

struct Row {
    id: String,
    name: String,
    uid: String,
    chip: Chip,
    changed: When,
    synchronised: Option<When>,
    message: Option<String>,
}

impl Row {
    fn new(v: &Visit, identity: Identity) -> Self {
        let document = &identity.kept.document;
        Row {
            name: name_of(document, &identity.id),
            uid: person(document, "uid").unwrap_or_default(),
            chip: Chip::state(v, identity.state),
            changed: identity.kept.updated.at.into(),
            synchronised: identity.kept.synchronised_at.map(Into::into),
            message: identity
                .kept
                .last
                .filter(|_| identity.state == State::InError)
                .and_then(|last| last.message),
            id: identity.id,
        }
    }
}

/// What somebody is called; one of whom nothing is known by the id.
fn name_of(document: &Map<String, Value>, id: &str) -> String {
    let label = || Some(label(document)).filter(|label| !label.is_empty());
    person(document, "cn").or_else(label).unwrap_or_else(|| id.to_owned())
}

#[derive(Template)]
#[template(path = "list.html")]
struct List<'p> {
    v: &'p Visit,
    asked: Asked,
    tiles: Vec<Tile>,
    states: Vec<(&'static str, String, bool)>,
    heads: [Head; 4],
    rows: Vec<Row>,
    /// How many fit, on all pages.
    total: u64,
    damaged: Vec<Broken>,
    may_erase: bool,
    buttons: Vec<Button>,
    /// How many go out with the next synchronisation.
    waiting: u64,
    /// How many wait for somebody to look at them.
    to_validate: u64,
    next_run: Option<When>,
    first: Option<String>,
    more: Option<String>,
    export: [(&'static str, String); 2],
    /// There is no identity at all.
    first_day: bool,
    may_act: bool,
}

/// `GET /identities`.
pub(super) async fn list(
    Extract(pages): Extract<Pages>,
    visit: Visit,
    _: May<ReadIdentities>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let form = Form::of_query(query.as_deref().unwrap_or_default());
    let asked = Asked::read(&form);
    let after = form.get("after").map(str::to_owned);
    let counts = pages.register.counts().await?;
    let found = pages.register.listed(&asked.filter(), asked.sort, after.clone(), ROWS).await?;
    let count = |state: State| counts.get(&state).copied().unwrap_or_default();
    let tile = |state: State| Tile {
        word: state.as_str(),
        tone: tone(state),
        name: name(&visit, state),
        count: count(state),
        hint: visit.t(&format!("state-{}-hint", word(state))),
        current: asked.state == Some(state),
    };
    let may_act = visit.may(Scope::OPERATE);
    let content = List {
        v: &visit,
        tiles: State::ALL.into_iter().filter(|state| count(*state) > 0).map(tile).collect(),
        states: State::ALL
            .map(|state| (state.as_str(), name(&visit, state), asked.state == Some(state)))
            .into(),
        heads: Column::ALL.map(|column| asked.head(&visit, column)),
        total: found.total,
        damaged: found.damaged,
        may_erase: visit.may(Scope::ADMIN),
        rows: found.identities.into_iter().map(|identity| Row::new(&visit, identity)).collect(),
        buttons: Act::ALL.into_iter().map(|act| Button::new(&visit, act, false)).collect(),
        waiting: count(State::ToSynchronise),
        to_validate: count(State::ToValidate),
        next_run: pages.schedule.next(pages.register.hub()).map(Into::into),
        first: after.map(|_| asked.link("/identities", &[])),
        more: found.next.map(|next| asked.link("/identities", &[("after", &next)])),
        export: ["ndjson", "csv"].map(|format| {
            (format, asked.unsorted().link("/api/v1/identities/export", &[("format", format)]))
        }),
        first_day: counts.values().all(|count| *count == 0),
        may_act,
        asked,
    };
    Ok(visit.page(visit.t("identities")).live("on=jobs").show(&content))
}
