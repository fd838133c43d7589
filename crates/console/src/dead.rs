//! Dead letters: failed jobs, messages that could not be accepted, deliveries that were given up.

pub(crate) mod delivery;
pub(crate) mod group;
mod letters;
pub(crate) mod refusal;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use engine::LetterCauses;
use http::page::{Form, Visit};
use http::{May, Problem, Read, Scope};
use journal::{DeliveryFilter, Order, Page, RecordFilter};
use model::{Delivery, DeliveryState, Job, Record, RecordKind, Seq};

use self::group::Group;
use self::letters::{Letters, Narrowed};
use crate::Console;
use crate::filter::Asked;
use crate::jobs::Row;
use crate::show::{When, pretty};

/// Rows of a page.
const ROWS: u32 = 100;
/// So many of those over which a person has to decide stand before all others.
const FIRST: usize = 50;
/// So many causes are shown.
const CAUSES: usize = 100;

/// A refused message in a list.
struct Refused {
    at: When,
    record: Record,
}

/// A delivery that was given up, in a list.
struct Given {
    delivery: Delivery,
    body: String,
}

#[derive(Template)]
#[template(path = "dead.html")]
struct Dead<'p> {
    v: &'p Visit,
    of: Of,
    asked: Asked,
    failed: u64,
    refused: u64,
    /// What the failed jobs have in common.
    causes: Vec<Group>,
    /// So many of them have causes that are not shown.
    elsewhere: u64,
    /// The one cause that is asked for.
    cause: Option<Group>,
    /// Over which a person has to decide.
    grave: Vec<Row>,
    jobs: Vec<Row>,
    refusals: Vec<Refused>,
    deliveries: Vec<Given>,
    /// What refusals or deliveries have in common.
    letters: Vec<Letters>,
    /// The one cause of these that is asked for.
    letter: Option<Letters>,
    /// So many deliveries were given up; a mark where there may be more.
    given_up: Option<(u64, bool)>,
    narrowed: Narrowed,
    older: Option<String>,
    retry: Option<String>,
    aside: Option<String>,
}

/// Which of them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Jobs,
    Refusals,
    Deliveries,
}

impl Of {
    fn read(form: &Form) -> Self {
        match form.get("of") {
            Some("refusals") => Of::Refusals,
            Some("deliveries") => Of::Deliveries,
            _ => Of::Jobs,
        }
    }
}

/// Failed jobs over which a person has to decide, newest first: those of which none has succeeded since.
pub(crate) async fn undecided(console: &Console) -> Result<Vec<Job>, Problem> {
    let journal = console.hub.journal();
    let mut found = Vec::new();
    for code in console.grave.iter() {
        let code = Some((*code).to_owned());
        let filter = journal::Filter { dead: true, code, ..journal::Filter::default() };
        found.extend(
            journal.jobs(filter, Page { after: None, order: Order::Newest, limit: ROWS }).await?.rows,
        );
    }
    let mut undecided = Vec::new();
    for job in found {
        if journal.later_success(job.id).await?.is_none() {
            undecided.push(job);
        }
    }
    undecided.sort_by_key(|job| std::cmp::Reverse(job.seq));
    Ok(undecided)
}

/// `GET /dead-letters`.
pub(crate) async fn show(
    State(console): State<Console>,
    visit: Visit,
    _: May<Read>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let form = Form::of_query(query.as_deref().unwrap_or_default());
    let of = Of::read(&form);
    let before: Option<i64> = form.get("before").and_then(|before| before.parse().ok());
    let journal = console.hub.journal();
    let tally = journal.dead_letters().await?;
    let asked = Asked::read(&form).only_dead();
    let narrowed = Narrowed::read(&form)?;
    let in_part = !narrowed.is_all() || !asked.failed_on.is_empty();
    let (mut grave, mut jobs, mut refusals, mut deliveries) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut causes, mut cause, mut told) = (Vec::new(), None, LetterCauses::default());
    let next = match of {
        Of::Jobs => {
            let unclear = || Problem::bad_request("the filter cannot be understood");
            let page = Page { after: before.map(Seq), order: Order::Newest, limit: ROWS };
            let found = console.hub.jobs(asked.filter().ok_or_else(unclear)?, None, page).await?;
            cause = match asked.cause.parse() {
                Ok(id) => journal.cause(id).await?.map(Group::from),
                Err(_) => None,
            };
            if before.is_none() && !in_part {
                causes = Group::all(&console, None, CAUSES).await?;
                grave = undecided(&console).await?;
                grave.truncate(FIRST);
            }
            let first: Vec<_> = grave.iter().map(|job| job.id).collect();
            let others = found.rows.into_iter().filter(|job| !first.contains(&job.id));
            jobs = Row::all(&visit, &console, others.collect()).await?;
            found.next
        }
        Of::Refusals => {
            let dead = RecordFilter { dead: true, ..RecordFilter::of(RecordKind::Refusal) };
            let dead = RecordFilter { who: narrowed.by.clone(), ..dead };
            told = console.hub.refusal_causes().await?;
            let found = match narrowed.cause {
                Some(cause) => console.hub.refusals_of(cause, dead, before, ROWS as usize).await?,
                None => console.hub.records(dead, before, ROWS as usize).await?,
            };
            let refused = found.rows.into_iter().map(|record| Refused { at: record.at.into(), record });
            refusals = refused.collect();
            found.next
        }
        Of::Deliveries => {
            let filter = DeliveryFilter {
                state: Some(DeliveryState::Undeliverable),
                courier: narrowed.by.clone(),
                address: narrowed.address.clone(),
            };
            told = console.hub.delivery_causes().await?;
            let found = match narrowed.cause {
                Some(cause) => console.hub.deliveries_of(cause, filter, before, ROWS as usize).await?,
                None => console.hub.deliveries(filter, before, ROWS as usize).await?,
            };
            let given = |delivery: Delivery| Given { body: pretty(&delivery.body), delivery };
            deliveries = found.rows.into_iter().map(given).collect();
            found.next
        }
    };
    let name = match of {
        Of::Jobs => "jobs",
        Of::Refusals => "refusals",
        Of::Deliveries => "deliveries",
    };
    let given_up = (of == Of::Deliveries).then_some((told.looked_at, told.more));
    let mut letters = Letters::all(told);
    let letter = letters.iter().position(|one| Some(one.of.id) == narrowed.cause);
    let letter = letter.map(|place| letters.swap_remove(place));
    if before.is_some() || !narrowed.is_all() {
        letters.clear();
    }
    let may_change = of == Of::Jobs && !jobs.is_empty() && visit.may(Scope::OPERATE);
    let content = Dead {
        v: &visit,
        of,
        failed: tally.jobs,
        refused: tally.refusals,
        elsewhere: tally.jobs.saturating_sub(causes.iter().map(|group| group.tally.jobs).sum()),
        causes,
        cause,
        retry: may_change.then(|| asked.link("/jobs/retry", &[])),
        aside: may_change.then(|| asked.link("/jobs/aside", &[])),
        grave: Row::all(&visit, &console, grave).await?,
        jobs,
        refusals,
        deliveries,
        letters,
        letter,
        given_up,
        older: next.map(|next| {
            let before = ("before", next.to_string());
            match of {
                Of::Jobs => asked.link("/dead-letters", &[("of", name.to_owned()), before]),
                Of::Refusals | Of::Deliveries => narrowed.link(name, &[before]),
            }
        }),
        narrowed,
        asked,
    };
    Ok(visit.page(visit.t("dead")).live("on=jobs&on=refusals&on=deliveries").show(&content))
}
