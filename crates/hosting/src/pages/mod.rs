//! What people see of the schools that are followed: the page of a school, for the school, and pages for those who look
//! after all of them.

mod office;
mod school;
mod show;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRef, Path};
use axum::response::Response;
use axum::routing::get;
use http::Scope;
use http::page::{Assets, Group, Kit, NavItem, PageRoute, PageRoutes, Part, Who};

use crate::right::CLIENT;
use crate::rne::Rne;
use crate::texts::TEXTS;
use crate::tracker::{Error, Followed, Looked, Tracker, Trouble};
use office::{alter, create, list, one, sure};

/// What the module brings to the pages.
pub const PART: Part = Part {
    nav: &[NavItem {
        path: office::HOME,
        name: "hosting",
        group: Group::Work,
        needs: Scope::READ,
        icon: ICON,
    }],
    texts: &TEXTS,
    programs: &["/hosting/v1/"],
};

/// Books on a shelf.
const ICON: &str = "M4 4h4v16H4zM8 4h4v16H8zM12.500 5.500l3.800-1 4 15-3.800 1z";

/// Whoever looks at a page waits no longer for a host: what was seen last is shown instead.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the school's page loads beside what all pages do.
static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    let script = include_bytes!("../../assets/school.js");
    Assets::of("/hosting/v1/school-assets/", &[("school.js", "text/javascript; charset=utf-8", script)])
});

/// What the pages are made from. Cheap to clone.
#[derive(Clone)]
pub struct Pages {
    tracker: Tracker,
    kit: Kit,
    /// What the page of a school may do, and who may show it in a frame.
    policy: Arc<str>,
}

impl Pages {
    /// Of the schools that are followed. `sites` may show the page of a school in a frame, such as `https://shop.example`; at
    /// `hosts` are the pages to which schools upload.
    pub fn new<'h>(
        tracker: Tracker,
        kit: Kit,
        sites: &[String],
        hosts: impl Iterator<Item = &'h str>,
    ) -> Self {
        let frames: Vec<_> = std::iter::once("'self'").chain(hosts.filter_map(origin)).collect();
        let policy = crate::upload::policy(sites, &format!("; frame-src {}", frames.join(" ")));
        Pages { tracker, kit, policy: policy.into() }
    }

    /// How a school stands now, if its host says so soon; else as it was seen last.
    async fn look(&self, rne: &Rne) -> Result<Looked, Error> {
        let (tracker, of) = (self.tracker.clone(), rne.clone());
        // Once asked, what the host says is kept, also when nobody waits for it any more.
        let asked = engine::carry(async move { tracker.look(&of).await });
        if let Ok(looked) = engine::clock::within(PATIENCE, asked).await {
            return looked;
        }
        let why = format!("no answer within {} seconds", PATIENCE.as_secs());
        let said = Err(Trouble::Down { why, retry_after: None });
        Ok(Looked { school: self.tracker.get(rne).await?, said })
    }
}

/// What stands before the path of an address, as a policy names it; `None` = it is none that a policy could name.
fn origin(url: &str) -> Option<&str> {
    let start = url.find("://")? + 3;
    let end = url.get(start..)?.find('/').map_or(url.len(), |place| start + place);
    url.get(..end).filter(|origin| !origin.contains([' ', ';', ',', '\'']))
}

/// A school by its number and stamp.
fn full_name(school: &Followed) -> String {
    if school.kept.griffe.is_empty() {
        school.rne.to_string()
    } else {
        format!("{} ({})", school.kept.griffe, school.rne)
    }
}

impl FromRef<Pages> for Kit {
    fn from_ref(pages: &Pages) -> Self {
        pages.kit.clone()
    }
}

/// The routes, whose paths are whole.
pub fn routes(pages: Pages) -> Router {
    described().with_state(pages).route("/hosting/v1/school-assets/{name}", get(asset))
}

/// The pages, each with who may use it.
pub fn table() -> Vec<PageRoute> {
    described().table()
}

fn described() -> PageRoutes<Pages> {
    const READ: Who = Who::May(Scope::READ);
    const ACT: Who = Who::May(CLIENT);
    PageRoutes::default()
        .get("/hosting/v1/school/{token}", Who::Anybody, school::show)
        .post("/hosting/v1/school/{token}/reveal", Who::Anybody, school::reveal)
        .get("/hosting/v1/stop/{token}", Who::Anybody, school::ask_stop)
        .post("/hosting/v1/stop/{token}", Who::Anybody, school::stop)
        .get(office::HOME, READ, list::list)
        .get("/hosting/new", ACT, create::ask)
        .post("/hosting/new", ACT, create::create)
        .get("/hosting/schools/{rne}", READ, one::show)
        .post("/hosting/schools/{rne}", ACT, one::act)
        .get("/hosting/schools/{rne}/alter", ACT, alter::ask)
        .post("/hosting/schools/{rne}/alter", ACT, alter::alter)
        .get("/hosting/schools/{rne}/delete", ACT, sure::ask_delete)
        .post("/hosting/schools/{rne}/delete", ACT, sure::delete)
        .get("/hosting/schools/{rne}/rotate", ACT, sure::ask_rotate)
        .post("/hosting/schools/{rne}/rotate", ACT, sure::rotate)
        .get("/hosting/schools/{rne}/forget", ACT, sure::ask_forget)
        .post("/hosting/schools/{rne}/forget", ACT, sure::forget)
}

async fn asset(Path(name): Path<String>) -> Response {
    ASSETS.serve(&name)
}
