//! Schools by state, filters, and the list.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{RawQuery, State as Extract};
use axum::response::Response;
use http::page::{Form, Visit, When};
use http::{May, Problem, Read};
use jiff::Timestamp;

use super::super::show::{Chip, age, host, name, tone};
use super::super::{ICON, Pages};
use super::HOME;
use crate::right::CLIENT;
use crate::state::State;
use crate::tracker::{Error, Followed, Found, HostView};

/// Rows of a page.
const ROWS: usize = 100;
/// Schools that are looked through for those of a host, or without a contact; then somebody has to ask on.
const LOOKED_THROUGH: usize = 2_000;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Asked {
    state: String,
    host: String,
    text: String,
    /// Only those that cannot be notified (`untold`), or whose host is in trouble over them (`trouble`).
    only: String,
}

impl Asked {
    fn read(form: &Form) -> Self {
        let field = |name: &str| form.get(name).unwrap_or_default().to_owned();
        Asked { state: field("state"), host: field("host"), text: field("text"), only: field("only") }
    }

    /// A path that asks for the same, and more.
    fn link(&self, more: &[(&str, &str)]) -> String {
        let Asked { state, host, text, only } = self;
        let own = [("state", state), ("host", host), ("text", text), ("only", only)];
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(own.into_iter().filter(|(_, value)| !value.is_empty())).extend_pairs(more);
        let query = query.finish();
        if query.is_empty() { HOME.to_owned() } else { format!("{HOME}?{query}") }
    }

    fn is_empty(&self) -> bool {
        *self == Asked::default()
    }

    /// What the journal cannot look for.
    fn fits(&self, school: &Followed, down: &[&str]) -> bool {
        let of_host = self.host.is_empty() || school.kept.host == self.host;
        of_host
            && match self.only.as_str() {
                "untold" => school.is_mute(),
                "trouble" => is_in_trouble(school, down),
                _ => true,
            }
    }
}

/// Whether its host does not answer, or not for this school.
fn is_in_trouble(school: &Followed, down: &[&str]) -> bool {
    school.kept.trouble.is_some() || down.contains(&school.kept.host.as_str())
}

/// So many schools, and what they have in common.
struct Tile {
    id: String,
    link: String,
    tone: &'static str,
    name: String,
    count: u64,
    hint: String,
    current: bool,
}

/// A host that does not answer.
struct Down {
    sentence: String,
    since: When,
    message: String,
    schools: usize,
}

struct Row {
    rne: String,
    griffe: String,
    chip: Chip,
    age: Option<(String, When)>,
    host: String,
    told: Result<String, Chip>,
    trouble: Option<Chip>,
    looked: Option<When>,
}

#[derive(Template)]
#[template(path = "office/list.html")]
struct List<'p> {
    v: &'p Visit,
    icon: &'static str,
    asked: Asked,
    tiles: Vec<Tile>,
    downs: Vec<Down>,
    states: Vec<(String, String, bool)>,
    hosts: Vec<(String, String, bool)>,
    rows: Vec<Row>,
    damaged: Vec<(String, String)>,
    first: Option<String>,
    more: Option<String>,
    /// No school is followed at all.
    first_day: bool,
    may_act: bool,
}

/// `GET /hosting`.
pub(in crate::pages) async fn list(
    Extract(pages): Extract<Pages>,
    visit: Visit,
    _: May<Read>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let form = Form::of_query(query.as_deref().unwrap_or_default());
    let (asked, after) = (Asked::read(&form), form.get("after").map(str::to_owned));
    let (tracker, now) = (&pages.tracker, pages.tracker.now());
    let (counts, (all, untold), hosts) =
        (tracker.counts().await?, tracker.mute().await?, tracker.hosts().await?);
    let down: Vec<&str> =
        hosts.iter().filter(|host| host.answering.trouble.is_some()).map(|host| &*host.name).collect();
    let found = find(&pages, &asked, after.clone(), &down).await?;
    let content = List {
        v: &visit,
        icon: ICON,
        tiles: tiles(&visit, &asked, &counts, untold),
        downs: hosts.iter().filter_map(|host| Down::of(&visit, host)).collect(),
        states: State::ALL
            .map(|state| (state.code().to_owned(), name(&visit, state.code()), asked.state == state.code()))
            .into(),
        hosts: hosts
            .iter()
            .map(|one| (one.name.clone(), host(&visit, &one.name), asked.host == one.name))
            .collect(),
        rows: found.schools.iter().map(|school| Row::new(&visit, school, &down, now)).collect(),
        damaged: found.damaged,
        first: after.map(|_| asked.link(&[])),
        more: found.next.map(|next| asked.link(&[("after", &next)])),
        first_day: all == 0,
        may_act: visit.may(CLIENT),
        asked,
    };
    Ok(visit.page(visit.t("hosting")).live("on=jobs").show(&content))
}

/// A page of those that fit.
async fn find(pages: &Pages, asked: &Asked, after: Option<String>, down: &[&str]) -> Result<Found, Error> {
    let states = Some(asked.state.clone()).filter(|state| !state.is_empty());
    let states: Vec<String> = states.into_iter().collect();
    let text = Some(asked.text.clone()).filter(|text| !text.is_empty());
    let (mut found, mut seen) = (Found { next: after, ..Found::default() }, 0);
    loop {
        let page = pages.tracker.list(&states, text.clone(), found.next.take(), ROWS).await?;
        seen += page.schools.len();
        found.damaged.extend(page.damaged);
        found.schools.extend(page.schools.into_iter().filter(|school| asked.fits(school, down)));
        found.next = page.next;
        if found.next.is_none() || found.schools.len() >= ROWS / 2 || seen >= LOOKED_THROUGH {
            return Ok(found);
        }
    }
}

fn tiles(v: &Visit, asked: &Asked, counts: &BTreeMap<String, u64>, untold: usize) -> Vec<Tile> {
    let place = |code: &str| State::of_code(code).map_or(u8::MAX, State::number);
    let mut states: Vec<_> = counts.iter().filter(|(_, count)| **count > 0).collect();
    states.sort_by_key(|(code, _)| place(code));
    let state = |(code, count): (&String, &u64)| Tile {
        id: code.to_lowercase(),
        link: Asked { state: code.clone(), ..Asked::default() }.link(&[]),
        tone: tone(code),
        name: name(v, code),
        count: *count,
        hint: String::new(),
        current: asked.state == *code,
    };
    let untold = (untold > 0).then(|| Tile {
        id: "untold".to_owned(),
        link: Asked { only: "untold".to_owned(), ..Asked::default() }.link(&[]),
        tone: "warn",
        name: v.t("hosting-untold"),
        count: u64::try_from(untold).unwrap_or(u64::MAX),
        hint: v.t("hosting-untold-hint"),
        current: asked.only == "untold",
    });
    states.into_iter().map(state).chain(untold).collect()
}

impl Down {
    fn of(v: &Visit, view: &HostView) -> Option<Self> {
        let trouble = view.answering.trouble.as_ref()?;
        Some(Down {
            sentence: v.with("hosting-trouble-since", "host", &host(v, &view.name)),
            since: trouble.since.into(),
            message: trouble.message.clone(),
            schools: view.schools,
        })
    }
}

impl Row {
    fn new(v: &Visit, school: &Followed, down: &[&str], now: Timestamp) -> Self {
        let mail = school.kept.contact.as_ref().map(|contact| contact.mail.clone());
        Row {
            rne: school.rne.to_string(),
            griffe: school.kept.griffe.clone(),
            chip: Chip::state(v, &school.state),
            age: school.since().map(|since| (age(v, since, now), since.into())),
            host: host(v, &school.kept.host),
            told: Chip::not_told(v, school).map_or(Ok(mail.unwrap_or_default()), Err),
            trouble: is_in_trouble(school, down).then(|| Chip::warning(v, "hosting-trouble")),
            looked: school.kept.looked_at.map(Into::into),
        }
    }
}
