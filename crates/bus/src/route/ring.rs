//! Routes that lead to themselves: what one tells comes in at another one, and so on, until it begins anew.

use std::collections::VecDeque;

use super::{Pattern, Route, Routes};

/// A route among those of all applications on one exchange.
struct Node<'a> {
    bus: &'a str,
    route: &'a Route,
}

/// A ring among the routes of applications that share an exchange, as a sentence. What routes send on by default makes
/// none: [`Routes::tell`] keeps back what would come in again.
pub fn ring(buses: &[(&str, &Routes)]) -> Option<String> {
    let nodes: Vec<Node<'_>> =
        buses.iter().flat_map(|(bus, routes)| routes.iter().map(|route| Node { bus, route })).collect();
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
        format!("bus.{}.routes.{}", self.bus, self.route.pattern)
    }

    /// The nodes that get what it tells, each with the key or pattern.
    fn leads_to(&self, buses: &[(&str, &'a Routes)], nodes: &[Node<'a>]) -> Vec<(usize, &'a str)> {
        let notify = self.route.spec.notify.iter();
        let notices = self.route.spec.notices.iter().filter(|_| !self.route.by_default());
        let mut found = Vec::new();
        for told in notify.chain(notices) {
            let pattern = Pattern::new(told);
            let takers: Vec<&Route> = if pattern.is_exact() {
                buses.iter().filter_map(|(_, routes)| routes.find(told)).collect()
            } else {
                nodes.iter().map(|node| node.route).filter(|route| route.pattern.meets(&pattern)).collect()
            };
            for (place, node) in nodes.iter().enumerate() {
                if takers.iter().any(|taker| std::ptr::eq(*taker, node.route)) {
                    found.push((place, told.as_str()));
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
    use super::super::RouteSpec;
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

    #[test]
    fn a_route_that_feeds_itself_is_found() {
        for looped in [
            routes(&[("notify.a", Some("notify.a"), &[])]),
            routes(&[("notify.#", Some("notify.a.done"), &[])]),
            routes(&[("notify.a", None, &["notify.*"])]),
            routes(&[("#", Some("x"), &[])]),
        ] {
            let found = ring(&[("one", &looped)]).unwrap();
            assert!(found.starts_with("bus.one.routes.") && found.contains("without end"), "{found}");
        }
    }

    #[test]
    fn a_ring_over_several_applications_is_found() {
        let one = routes(&[("request.a", Some("notify.a"), &[]), ("notify.c", Some("notify.a"), &[])]);
        let two = routes(&[("notify.a", Some("notify.c"), &[])]);
        assert_eq!(ring(&[("one", &one)]), None);
        let found = ring(&[("one", &one), ("two", &two)]).unwrap();
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
        assert_eq!(ring(&[("one", &chain)]), None);
    }
}
