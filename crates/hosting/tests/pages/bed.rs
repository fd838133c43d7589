//! A hub whose own schools are followed, and who asks its pages.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use http::page::{Kit, Lang};
use http::{Caller, KnownScopes, Proof, Role};
use intendant_hosting::host::Doors;
use intendant_hosting::pages::{self, PART, Pages};
use intendant_hosting::tracker::{Following, Hosts, NewSchool, OWN, Schedule, Tracker};
use intendant_hosting::upload::{self, Limits, Uploads};
use intendant_hosting::{Contact, Hidden, SCOPE, State, Values, Version};
use model::Times;
use tower::ServiceExt as _;

use crate::support::{Bed, SECRET, actor};

pub const SITE: &str = "https://shop.example";

pub static KIT: LazyLock<Kit> = LazyLock::new(|| Kit::new("0", &[PART]));

/// A hub with the pages of those who follow its schools.
pub struct Office {
    pub bed: Bed,
    pub tracker: Tracker,
    pub routes: Router,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Where it leads to.
    pub fn place(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        self.header("location")
    }

    /// It shows these words.
    #[track_caller]
    pub fn shows(&self, words: &str) {
        assert!(self.body.contains(words), "{words:?} is missing: {}", self.body);
    }

    #[track_caller]
    pub fn hides(&self, words: &str) {
        assert!(!self.body.contains(words), "{words:?} is there: {}", self.body);
    }
}

/// Somebody with this role, as the hub knows it: the right of this module among its scopes.
pub fn person(role: Role) -> Caller {
    let by = Proof::Session { id: "s".to_owned(), role };
    let known = KnownScopes::with([SCOPE]);
    Caller { actor: engine::Actor("account:alice".to_owned()), scopes: known.of(role), by }
}

impl Office {
    pub async fn new() -> Self {
        Office::at("https://hub.example").await
    }

    /// One that people reach here.
    pub async fn at(url: &str) -> Self {
        Office::over(Bed::with(|settings| url.clone_into(&mut settings.url)).await)
    }

    fn over(bed: Bed) -> Self {
        let doors = Doors::default();
        doors.open(bed.host.clone());
        let limits = Limits { reserve: 0, ..Limits::default() };
        let uploads =
            Uploads::open(&bed.settings.uploads(), limits, Arc::new(doors), bed.clock.clone()).unwrap();
        let always = Times::Every(std::time::Duration::from_mins(1));
        let schedule = Schedule { busy: always.clone(), quiet: always, spread: Default::default() };
        let following = Following { hosts: Hosts::default(), schedule, at_once: 4, relayed: true };
        let tracker = Tracker::new(bed.host.clone(), uploads.clone(), following, bed.clock.clone());
        let sites = [SITE.to_owned()];
        let pages =
            Pages::new(tracker.clone(), KIT.clone(), &sites, ["https://host.example/sub"].into_iter());
        let own = pages::routes(pages).merge(http::page::routes(KIT.clone()));
        let own = own.merge(upload::routes(uploads, KIT.clone(), sites.into()));
        let routes = http::page::around(http::frame(own), &KIT);
        Office { bed, tracker, routes }
    }

    /// Follows a school of this hub, and asks for it where there is none.
    pub async fn follow(&self, rne: &str, mail: Option<&str>) {
        let contact = mail.map(|mail| Contact { mail: mail.to_owned(), language: "fr".to_owned() });
        let values = Values {
            griffe: "Lycée Jean Moulin".to_owned(),
            code: Hidden::new(SECRET),
            version: Version::Cl,
            contact: None,
        };
        let new = NewSchool {
            rne: rne.parse().unwrap(),
            host: OWN.to_owned(),
            values: Some(values),
            key: None,
            contact,
            tell: true,
        };
        self.tracker.follow(new, &actor()).await.unwrap();
    }

    /// Leads a school that is followed until it is open.
    pub async fn open(&self, rne: &str) {
        self.follow(rne, Some("cdi@lycee.example")).await;
        self.bed.until(rne, State::DbWait).await;
        self.bed.upload(rne, "a").await;
        self.bed.until(rne, State::Ready).await;
        let school = rne.parse().unwrap();
        let seen = async || self.tracker.look(&school).await.unwrap().school.state == "BCDIREADY";
        testhub::until("the open school is seen", seen).await;
    }

    /// The path of the page of a school.
    pub async fn page(&self, rne: &str) -> String {
        let school = self.tracker.get(&rne.parse().unwrap()).await.unwrap();
        self.path(&self.tracker.links(&school).await.unwrap().page)
    }

    /// The path of a link to this hub.
    pub fn path(&self, link: &str) -> String {
        link.strip_prefix(self.tracker.url()).unwrap().to_owned()
    }

    pub async fn ask(&self, method: &str, path: &str, who: Option<Role>, form: &str) -> Answer {
        let request = Request::builder().method(method).uri(path).header("accept", "text/html");
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let mut request = request.body(Body::from(form.to_owned())).unwrap();
        if let Some(role) = who {
            request.extensions_mut().insert(person(role));
        }
        let response = self.routes.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: head.status, headers: head.headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    /// Somebody without an account looks.
    pub async fn look(&self, path: &str) -> Answer {
        self.ask("GET", path, None, "").await
    }

    /// Somebody without an account looks until the page shows these words: what a host said a moment ago is good for a while.
    pub async fn look_until(&self, path: &str, words: &str) -> Answer {
        let what = format!("{words} at {path}");
        let mut shown = self.look(path).await;
        let page = async || {
            shown = self.look(path).await;
            shown.body.contains(words)
        };
        testhub::until(&what, page).await;
        shown
    }

    /// An operator looks.
    pub async fn see(&self, path: &str) -> Answer {
        self.ask("GET", path, Some(Role::Operator), "").await
    }

    /// An operator sends a form.
    pub async fn send(&self, path: &str, form: &str) -> Answer {
        self.ask("POST", path, Some(Role::Operator), form).await
    }
}

/// What a message says.
pub fn say(lang: Lang, key: &str) -> String {
    KIT.texts().say(lang, key, &[])
}
