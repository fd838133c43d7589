//! What people of the support see and do: both accounts of a job that failed over them, and the remedies.

mod diff;
mod sides;

use askama::Template;
use axum::extract::{FromRef, Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use engine::port::BoxFuture;
use engine::{Accepted, AuditEntry, Hub};
use http::page::{Form, Group, Kit, Lang, NavItem, PageRoutes, Part, Visit, Who};
use http::{May, Operate, Problem, Scope};
use model::{Code, Effects, Job, JobId, JobState, Request};
use module::Panel;
use serde_json::{Value, json};

use crate::request::{ALIASES, LINK, UNLINK};
use crate::seam::Google;
use crate::told::Failure;
use sides::{Row, Sides};

/// The source of jobs that people ask for here.
pub(crate) const SOURCE: &str = "google";

/// What the module brings to the pages.
pub(crate) const PART: Part = Part {
    nav: &[NavItem {
        path: "/google/diff",
        name: "google-diff",
        group: Group::System,
        needs: Scope::READ,
        icon: "M4 6h7v12H4zM13 6h7v12h-7zM6 10h3M15 10h3M6 14h3",
    }],
    texts: &[(Lang::En, include_str!("../../texts/en.ftl")), (Lang::Fr, include_str!("../../texts/fr.ftl"))],
    programs: &[],
};

/// What the pages are made from. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Pages {
    pub(crate) hub: Hub,
    pub(crate) kit: Kit,
    pub(crate) own: Google,
}

impl FromRef<Pages> for Kit {
    fn from_ref(pages: &Pages) -> Self {
        pages.kit.clone()
    }
}

/// The routes, each with who may use it.
pub(crate) fn routes() -> PageRoutes<Pages> {
    const READ: Who = Who::May(Scope::READ);
    const OPERATE: Who = Who::May(Scope::OPERATE);
    PageRoutes::default()
        .get("/google/jobs/{job}", OPERATE, look)
        .post("/google/jobs/{job}", OPERATE, remedy)
        .get("/google/diff", READ, diff::list)
        .post("/google/diff", OPERATE, diff::begin)
        .get("/google/diff/{job}", READ, diff::show)
}

#[derive(Template)]
#[template(path = "sides.html")]
struct Table<'p> {
    v: &'p Visit,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "panel.html")]
struct Beside<'p> {
    v: &'p Visit,
    job: JobId,
    what: &'static str,
    table: String,
    may_operate: bool,
}

#[derive(Template)]
#[template(path = "job.html")]
struct Both<'p> {
    v: &'p Visit,
    job: JobId,
    what: &'static str,
    stored: String,
    live: String,
    troubles: Vec<String>,
    uuid: &'p str,
    google_id: String,
    aliases: String,
    /// The same, as it is typed.
    alias_list: String,
    fault: Option<String>,
}

fn table(v: &Visit, sides: &Sides) -> String {
    Table { v, rows: sides.rows() }.render().unwrap_or_default()
}

/// What is to be known of a job that failed over accounts: the message that says what to do, and both accounts as they
/// were; `None` = it did not.
async fn failed_over(hub: &Hub, job: JobId) -> Option<(&'static str, Sides)> {
    let story = hub.story(job).await.ok().filter(|story| story.job.state == JobState::Failed)?;
    let answered = story.answered();
    let (step, data) =
        answered.iter().find_map(|(step, outcome)| Some((step, outcome.as_ref()?.data.as_ref()?)))?;
    let code = step.code.as_ref()?;
    let what = match code {
        code if *code == Failure::AlreadyRegistered.code() => "google-registered",
        code if *code == Failure::AlreadyExists.code() => "google-exists",
        code if *code == Failure::SaveRefused.code() => "google-save",
        _ => return None,
    };
    Some((what, Sides::of_failure(data.get("data")?)))
}

/// Both accounts on the page of the job.
pub(crate) struct Accounts(pub(crate) Hub);

impl Panel for Accounts {
    fn show<'a>(&'a self, visit: &'a Visit, job: &'a Job) -> BoxFuture<'a, Option<String>> {
        Box::pin(async move {
            if job.state != JobState::Failed {
                return None;
            }
            let (what, sides) = failed_over(&self.0, job.id).await?;
            let beside = Beside {
                v: visit,
                job: job.id,
                what,
                table: table(visit, &sides),
                may_operate: visit.may(Scope::OPERATE),
            };
            beside.render().ok()
        })
    }
}

/// `GET /google/jobs/{job}`: as they were, and as they are.
async fn look(
    State(pages): State<Pages>,
    visit: Visit,
    _: May<Operate>,
    Path(job): Path<JobId>,
) -> Result<Response, Problem> {
    page(&pages, &visit, job, None).await
}

async fn page(pages: &Pages, visit: &Visit, job: JobId, fault: Option<String>) -> Result<Response, Problem> {
    let Some((what, stored)) = failed_over(&pages.hub, job).await else {
        return Err(Problem::missing(format!("job {job} that failed over a Google account")));
    };
    let (uuid, id) = (stored.in_gram("uuid"), stored.at_google("google_id"));
    let (live, troubles) = now(pages, visit, &uuid, &id).await;
    let aliases = live.google.get("aliases").and_then(Value::as_array).cloned().unwrap_or_default();
    let aliases: Vec<_> = aliases.iter().filter_map(Value::as_str).collect();
    let both = Both {
        v: visit,
        job,
        what,
        stored: table(visit, &stored),
        live: table(visit, &live),
        troubles,
        uuid: &uuid,
        google_id: id,
        aliases: aliases.join("\n"),
        alias_list: aliases.join(","),
        fault,
    };
    Ok(visit.page(visit.t("google-accounts")).show(&both))
}

/// Both accounts as they are, and who could not be asked.
async fn now(pages: &Pages, visit: &Visit, uuid: &str, id: &str) -> (Sides, Vec<String>) {
    let (mut sides, mut troubles) = (Sides::default(), Vec::new());
    let Some(accounts) = pages.own.current() else { return (sides, troubles) };
    let away = |who: &str, why: String| {
        visit.say("google-away", &[("who", who.to_owned().into()), ("why", why.into())])
    };
    if let Some(gram) = accounts.0.gram.as_ref().filter(|_| !uuid.is_empty()) {
        match gram.account(uuid).await {
            Ok(account) => sides.gram.clone_from(account.shown()),
            Err(why) => troubles.push(away("GrAM", format!("{why:?}"))),
        }
    }
    if !id.is_empty() {
        match accounts.0.directory.user(id).await {
            Ok(user) => {
                sides.google = user.told();
                sides.google.extend(user.told_as_before());
                sides.google.insert("aliases".to_owned(), user.aliases.clone().into());
            }
            Err(why) => troubles.push(away("Google", crate::backend::said(&why))),
        }
    }
    (sides, troubles)
}

/// `POST /google/jobs/{job}`: a remedy, as a job of its own.
async fn remedy(
    State(pages): State<Pages>,
    visit: Visit,
    May { caller, .. }: May<Operate>,
    Path(job): Path<JobId>,
    form: Form,
) -> Result<Response, Problem> {
    caller.must(&[Scope::SUBMIT])?;
    let Some((_, stored)) = failed_over(&pages.hub, job).await else {
        return Err(Problem::missing(format!("job {job} that failed over a Google account")));
    };
    let uuid = stored.in_gram("uuid");
    if uuid.is_empty() || !form.get("typed").unwrap_or_default().trim().eq_ignore_ascii_case(&uuid) {
        let fault = visit.t("google-typed-wrong");
        return page(&pages, &visit, job, Some(fault)).await;
    }
    let (action, payload) = match form.get("do").unwrap_or_default() {
        "aliases" => {
            let typed = form.raw("aliases").unwrap_or_default();
            let aliases: Vec<_> =
                typed.split([',', '\n', ' ']).map(str::trim).filter(|alias| !alias.is_empty()).collect();
            (ALIASES, json!({ "gram_account_uuid": uuid, "aliases": aliases }))
        }
        "link" => {
            let id = form.get("google_id").unwrap_or_default().trim();
            (LINK, json!({ "gram_account_uuid": uuid, "google_id": id }))
        }
        "unlink" => (UNLINK, json!({ "gram_account_uuid": uuid })),
        _ => return page(&pages, &visit, job, Some(visit.t("google-which"))).await,
    };
    let body = json!({ "concernedTo": null, "payload": payload, "options": {} });
    let audit = |new: JobId| {
        let text = format!("{action} by hand after job {job}, as job {new}");
        Some(AuditEntry::new(&caller.actor, format!("account {uuid}"), Code::from_static("by_hand"), text))
    };
    let request = Request::new(SOURCE, action, body);
    match pages.hub.accept_audited(request, Effects::default(), audit).await? {
        Accepted::New(new) | Accepted::Known(new, _) => {
            Ok(Redirect::to(&format!("/jobs/{new}")).into_response())
        }
        Accepted::Refused(why) => page(&pages, &visit, job, Some(why.message)).await,
        Accepted::Unclaimed => page(&pages, &visit, job, Some(visit.t("google-typed-wrong"))).await,
    }
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
