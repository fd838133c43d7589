//! People, found by a few letters.

use engine::port::BoxFuture;
use http::Scope;
use http::page::Visit;
use module::{Finder, Found};

use super::Pages;
use super::show::name;
use crate::directory::Sort;
use crate::document::{label, person};
use crate::identity::Identity;
use crate::register::Filter;
use crate::right::READ;

/// Finds people in the register.
pub(crate) struct People(pub(crate) Pages);

impl Finder for People {
    fn name(&self) -> &'static str {
        "identities"
    }

    fn find<'a>(&'a self, visit: &'a Visit, words: &'a str, at_most: usize) -> BoxFuture<'a, Vec<Found>> {
        Box::pin(async move {
            if !(visit.may(READ) || visit.may(Scope::OPERATE)) {
                return Vec::new();
            }
            let filter = Filter { text: Some(words.to_owned()), ..Filter::default() };
            let found = self.0.register.listed(&filter, Sort::default(), None, at_most).await;
            let people = found.map(|found| found.identities).unwrap_or_default();
            people.into_iter().map(|identity| found_as(visit, &identity)).collect()
        })
    }
}

fn found_as(visit: &Visit, identity: &Identity) -> Found {
    let document = &identity.kept.document;
    let called = person(document, "cn").unwrap_or_else(|| label(document));
    let uid = person(document, "uid").map(|uid| format!("{uid} · ")).unwrap_or_default();
    let path: String = form_urlencoded::byte_serialize(identity.id.as_bytes()).collect();
    Found::new(called, format!("/identities/{}", path.replace('+', "%20")))
        .detail(format!("{uid}{}", name(visit, identity.state)))
}
