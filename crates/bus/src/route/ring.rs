//! Routes that lead to themselves: what one tells comes in at another one, and so on, until it begins anew.

use std::collections::VecDeque;

use super::{Notices, Pattern, Route, Routes};

/// An application that listens to an exchange, and tells there.
#[derive(Clone, Copy, Debug)]
pub struct Listener<'a> {
    /// Its name in the configuration.
    pub bus: &'a str,
    /// What it listens to, and what it tells.
    pub routes: &'a Routes,
    /// The exchange, by a number: it is the same one for all that have the same number.
    pub exchange: usize,
}

/// A route among those of all applications.
struct Node<'a> {
    bus: &'a Listener<'a>,
    route: &'a Route,
}

/// A ring among the routes of applications, as a sentence. What is sent on by default makes none: [`Routes::tell`] keeps
/// back what would come in again.
pub fn ring(buses: &[Listener<'_>]) -> Option<String> {
    let nodes: Vec<Node<'_>> =
        buses.iter().flat_map(|bus| bus.routes.iter().map(move |route| Node { bus, route })).collect();
    let steps: Vec<Vec<(usize, &str)>> = nodes.iter().map(|node| node.leads_to(buses, &nodes)).collect();
    let found = (0..nodes.len()).filter_map(|start| way_back(&steps, start));
    let shortest = found.min_by_key(Vec::len)?;
    let place = |at: usize| nodes.get(at).map(Node::place).unwrap_or_default();
    let told: Vec<String> = shortest
        .iter()
        .map(|(from, key, to)| format!("{} sends {key}, which comes in at {}", place(*from), place(*to)))
        .collect();
    let told = told.join("; ");
    Some(format!("{told}: one message would make the next without end; name another key, or leave it out"))
}

impl<'a> Node<'a> {
    fn place(&self) -> String {
        format!("bus.{}.routes.{}", self.bus.bus, self.route.pattern)
    }

    /// What its jobs have told, and on which exchange: by itself, and by whoever announces them.
    fn tells(&self, buses: &'a [Listener<'a>]) -> Vec<(usize, &'a str)> {
        let Route { spec, notices, .. } = self.route;
        let mut told = Vec::new();
        let mut add = |exchange: usize, notify: &'a Option<String>, notices: &'a Notices| {
            let named = notices.names().iter().filter(|_| !notices.by_default());
            told.extend(notify.iter().chain(named).map(|key| (exchange, key.as_str())));
        };
        add(self.bus.exchange, &spec.notify, notices);
        for bus in buses {
            for announced in bus.routes.announcements().filter(|announced| announced.may_be_of(self.route)) {
                add(bus.exchange, &announced.notify, &announced.notices);
            }
        }
        told
    }

    /// The nodes that get what it tells, each with the key or pattern.
    fn leads_to(&self, buses: &'a [Listener<'a>], nodes: &[Node<'a>]) -> Vec<(usize, &'a str)> {
        let mut found = Vec::new();
        for (exchange, told) in self.tells(buses) {
            let pattern = Pattern::new(told);
            let takers: Vec<&Route> = if pattern.is_exact() {
                let there = buses.iter().filter(|bus| bus.exchange == exchange);
                there.filter_map(|bus| bus.routes.find(told)).collect()
            } else {
                let there = nodes.iter().filter(|node| node.bus.exchange == exchange);
                there.map(|node| node.route).filter(|route| route.pattern.meets(&pattern)).collect()
            };
            for (place, node) in nodes.iter().enumerate() {
                if takers.iter().any(|taker| std::ptr::eq(*taker, node.route)) {
                    found.push((place, told));
                }
            }
        }
        found
    }
}

/// The shortest way from a node to itself: from, by what, to.
fn way_back<'a>(steps: &[Vec<(usize, &'a str)>], start: usize) -> Option<Vec<(usize, &'a str, usize)>> {
    let mut came: Vec<Option<(usize, &str)>> = vec![None; steps.len()];
    let mut left = VecDeque::from([start]);
    while let Some(at) = left.pop_front() {
        for (next, told) in steps.get(at).into_iter().flatten() {
            if let Some(known @ None) = came.get_mut(*next) {
                *known = Some((at, told));
                left.push_back(*next);
            }
        }
    }
    let (mut way, mut at) = (Vec::new(), start);
    loop {
        let (from, told) = came.get(at).copied().flatten()?;
        way.push((from, told, at));
        at = from;
        if at == start {
            way.reverse();
            return Some(way);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{AnnounceSpec, RouteSpec};
    use super::*;

    fn routes(specs: &[(&str, Option<&str>, &[&str])]) -> Routes {
        let spec = |(key, notify, notices): &(&str, Option<&str>, &[&str])| {
            let mut spec = RouteSpec { notify: notify.map(str::to_owned), ..RouteSpec::default() };
            if !notices.is_empty() {
                spec.notices = notices.iter().map(|notice| (*notice).to_owned()).collect();
            }
            ((*key).to_owned(), spec)
        };
        Routes::new(specs.iter().map(spec)).unwrap()
    }

    fn at<'a>(bus: &'a str, routes: &'a Routes, exchange: usize) -> Listener<'a> {
        Listener { bus, routes, exchange }
    }

    /// Whose jobs are announced under a key that comes in elsewhere, and so on.
    #[test]
    fn what_is_announced_is_followed_over_exchanges_too() {
        let announcing = |specs: &[(&str, Option<&str>, &[&str])], action: &str, key: &str| {
            let spec = AnnounceSpec { notify: Some(key.to_owned()), ..AnnounceSpec::default() };
            routes(specs).announcing([(action.to_owned(), spec)]).unwrap()
        };
        // A route's key is its action where it names none.
        let one = announcing(&[("notify.a", None, &[])], "notify.*", "notify.a");
        assert!(ring(&[at("one", &one, 0)]).unwrap().contains("bus.one.routes.notify.a sends notify.a"));
        let quiet = announcing(&[("notify.a", None, &[])], "OTHER", "notify.a");
        assert_eq!(ring(&[at("one", &quiet, 0)]), None);
        // Each announces on its own exchange what comes in on the other's.
        let one = announcing(&[("notify.a", None, &[])], "notify.b", "notify.a");
        let two = announcing(&[("notify.b", None, &[])], "notify.a", "notify.b");
        assert!(ring(&[at("one", &one, 0), at("two", &two, 1)]).is_some());
        assert_eq!(ring(&[at("one", &one, 0), at("two", &routes(&[("notify.b", None, &[])]), 1)]), None);
    }

    #[test]
    fn a_route_that_feeds_itself_is_found() {
        for looped in [
            routes(&[("notify.a", Some("notify.a"), &[])]),
            routes(&[("notify.#", Some("notify.a.done"), &[])]),
            routes(&[("notify.a", None, &["notify.*"])]),
            routes(&[("#", Some("x"), &[])]),
        ] {
            let found = ring(&[at("one", &looped, 0)]).unwrap();
            assert!(found.starts_with("bus.one.routes.") && found.contains("without end"), "{found}");
        }
    }

    #[test]
    fn a_ring_over_several_applications_is_found() {
        let one = routes(&[("request.a", Some("notify.a"), &[]), ("notify.c", Some("notify.a"), &[])]);
        let two = routes(&[("notify.a", Some("notify.c"), &[])]);
        assert_eq!(ring(&[at("one", &one, 0)]), None);
        let found = ring(&[at("one", &one, 0), at("two", &two, 0)]).unwrap();
        assert!(
            found.contains("bus.one.routes.notify.c sends notify.a, which comes in at bus.two"),
            "{found}"
        );
    }

    #[test]
    fn a_chain_that_ends_is_none() {
        let chain = routes(&[
            ("request.a", Some("notify.a"), &["notify.a.*"]),
            ("notify.a.#", Some("notify.b"), &[]),
            // The more precise one takes it.
            ("notify.#", None, &[]),
            ("notify.b", None, &[]),
        ]);
        assert_eq!(ring(&[at("one", &chain, 0)]), None);
    }
}
