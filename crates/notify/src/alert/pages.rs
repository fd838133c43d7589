//! The page about alerts: who is told of what, what would be told now, and a test.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use engine::Hub;
use http::page::{Group, Kit, NavItem, PageRoutes, Part, Visit, Who};
use http::{Admin, May, Problem, Scope};

use super::letter::TEXTS;
use super::work::Alerts;

const HOME: &str = "/alerts";

/// What alerts bring to the pages.
pub(crate) const PART: Part = Part {
    nav: &[NavItem {
        path: HOME,
        name: "alerts",
        group: Group::Administration,
        needs: Scope::ADMIN,
        icon: "M6 16V11a6 6 0 0 1 12 0v5l1.500 2h-15zM10 20.500h4",
    }],
    texts: &TEXTS,
    programs: &[],
};

/// What the pages are made from. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Pages {
    pub(crate) hub: Hub,
    /// `None` = nobody is told.
    pub(crate) alerts: Option<Arc<Alerts>>,
    pub(crate) kit: Kit,
}

impl FromRef<Pages> for Kit {
    fn from_ref(pages: &Pages) -> Self {
        pages.kit.clone()
    }
}

/// The routes, whose paths are whole.
pub(crate) fn routes(pages: Pages) -> Router {
    described().with_state(pages)
}

/// The pages, each with who may use it.
pub(crate) fn described() -> PageRoutes<Pages> {
    const ADMIN: Who = Who::May(Scope::ADMIN);
    PageRoutes::default().get(HOME, ADMIN, show).post("/alerts/test", ADMIN, test)
}

#[derive(Template)]
#[template(path = "alerts.html")]
struct Content<'p> {
    v: &'p Visit,
    /// A name and what it is set to, each.
    facts: Vec<(String, String)>,
    /// What would be told of now.
    now: Vec<String>,
    /// Why the test did not reach everybody.
    fault: Option<String>,
    /// It did.
    sent: bool,
}

async fn show(State(pages): State<Pages>, v: Visit, _: May<Admin>) -> Result<Response, Problem> {
    page(&pages, &v, None, false).await
}

/// Sends everybody a letter, and says what the relay makes of it.
async fn test(State(pages): State<Pages>, v: Visit, _: May<Admin>) -> Result<Response, Problem> {
    let Some(alerts) = &pages.alerts else { return page(&pages, &v, None, false).await };
    match alerts.test().await {
        Ok(()) => page(&pages, &v, None, true).await,
        Err(why) => {
            let shown = page(&pages, &v, Some(why), false).await?;
            Ok((StatusCode::BAD_GATEWAY, shown).into_response())
        }
    }
}

async fn page(pages: &Pages, v: &Visit, fault: Option<String>, sent: bool) -> Result<Response, Problem> {
    let mut content = Content { v, facts: Vec::new(), now: Vec::new(), fault, sent };
    if let Some(alerts) = &pages.alerts {
        let settings = alerts.settings();
        let never = || v.t("alerts-never");
        content.facts = vec![
            (v.t("alerts-to"), settings.to.join(", ")),
            (v.t("alerts-after"), v.count("alert-minutes", settings.after.as_secs() / 60)),
            (v.t("alerts-quiet"), settings.quiet.as_ref().map_or_else(never, ToString::to_string)),
            (v.t("alerts-digest"), settings.digest.as_ref().map_or_else(never, ToString::to_string)),
            (v.t("alerts-dead-letters"), v.number(settings.dead_letters)),
        ];
        content.now = alerts.seen(&pages.hub, v.lang).await?.into_iter().map(|seen| seen.line).collect();
    }
    Ok(v.page(v.t("alerts")).show(&content))
}
