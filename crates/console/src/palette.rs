//! Going anywhere: pages, backends, people and jobs by what one remembers of them.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::page::{Form, Visit};
use http::{May, Problem, Read};
use journal::{Filter, Order, Page};
use model::JobId;
use model::composed::folded;
use module::Found;

use crate::Console;
use crate::show::{Chip, segment};
use crate::views;

/// Results of a kind.
const MOST: usize = 6;

/// Results of a kind, under its name.
struct Group {
    name: String,
    found: Vec<Found>,
}

#[derive(Template)]
#[template(path = "palette.html")]
struct Results<'p> {
    v: &'p Visit,
    asked: String,
    groups: Vec<Group>,
}

/// `GET /palette?q=`: what fits, as a page of its own or as a part of another.
pub(crate) async fn find(
    State(console): State<Console>,
    visit: Visit,
    May { caller, .. }: May<Read>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let form = Form::of_query(query.as_deref().unwrap_or_default());
    let asked = form.get("q").unwrap_or_default().to_owned();
    let wanted = folded(&asked);
    let fits = |name: &str| folded(name).contains(&wanted);
    let mut groups = Vec::new();
    let mut add = |name: &str, found: Vec<Found>| {
        if !found.is_empty() {
            groups.push(Group { name: visit.t(name), found });
        }
    };
    let places = visit.places().filter(|(name, _)| fits(name));
    let at_most = if asked.is_empty() { usize::MAX } else { MOST };
    let pages = places.take(at_most).map(|(name, path)| Found::new(name, path));
    let pages: Vec<Found> = pages.collect();
    if !asked.is_empty() {
        if let Ok(id) = asked.parse::<JobId>() {
            let job = console.hub.job(id).await.ok();
            add("jobs", job.into_iter().map(|job| of_job(&visit, &job)).collect());
        }
        for finder in console.finders.iter() {
            let found = finder.find(&visit, &asked, MOST).await;
            add(finder.name(), found);
        }
    }
    let saved = views::saved(&console, &caller).await.into_iter().filter(|view| fits(&view.name));
    add("views", saved.take(MOST).map(|view| Found::new(view.name, view.link)).collect());
    add("palette-pages", pages);
    if !asked.is_empty() {
        let backends = console.hub.backends().into_iter().filter(|backend| fits(&backend.name));
        let backend = |backend: engine::BackendView| {
            let link = format!("/backends/{}", segment(&backend.name));
            Found::new(backend.name.clone(), link).detail(Chip::backend(&visit, &backend).word)
        };
        add("backends", backends.take(MOST).map(backend).collect());
        let filter = Filter { text: Some(asked.clone()), ..Filter::default() };
        let page = Page { after: None, order: Order::Newest, limit: u32::try_from(MOST).unwrap_or(1) };
        let jobs = console.hub.jobs(filter, None, page).await?.rows;
        add("jobs", jobs.iter().map(|job| of_job(&visit, job)).collect());
        let all = form_urlencoded::byte_serialize(asked.as_bytes()).collect::<String>();
        let more = Found::new(visit.with("palette-all", "text", &asked), format!("/jobs?text={all}"));
        add("palette-search", vec![more]);
    }
    Ok(visit.page(visit.t("palette")).show(&Results { v: &visit, asked, groups }))
}

fn of_job(v: &Visit, job: &model::Job) -> Found {
    let subject = job.subject.as_ref().map(|subject| format!("{subject} · ")).unwrap_or_default();
    let state = Chip::job(v, job.state).word;
    Found::new(job.action.clone(), format!("/jobs/{}", job.id)).detail(format!("{subject}{state}"))
}
