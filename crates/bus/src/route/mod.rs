//! Routes: which routing keys are served, by which actions, and what is told to whom. Pure.

mod pattern;
mod ring;

use std::collections::BTreeMap;

use engine::Schema;
use model::Dependency;
use serde_json::Value;

pub use pattern::Pattern;
pub use ring::ring;

/// What configuration says of a route.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteSpec {
    /// What it does, for the catalogue.
    pub about: Option<String>,
    /// The action in the table; without it the routing key of the message itself.
    pub action: Option<String>,
    /// JSON Schema of the data.
    pub schema: Option<Value>,
    /// JSON pointers into the data, the first that finds something counts: whom it is about (`concernedTo`).
    pub concerned_to: Vec<String>,
    /// Whether those who ask for a reply get one.
    pub reply: bool,
    /// The routing key of a notification that is sent after success, with the answer's data.
    pub notify: Option<String>,
    /// Which of the backends' own notices are sent on, by their names. The default sends none that would come back here as
    /// a message.
    pub notices: Vec<String>,
    /// What is asked meanwhile.
    pub depends_on: Vec<Dependency>,
}

/// What is sent on when nobody says it.
const ALL_NOTICES: &str = "notify.#";

impl Default for RouteSpec {
    fn default() -> Self {
        RouteSpec {
            about: None,
            action: None,
            schema: None,
            concerned_to: Vec::new(),
            reply: true,
            notify: None,
            notices: vec![ALL_NOTICES.to_owned()],
            depends_on: Vec::new(),
        }
    }
}

/// A route.
#[derive(Debug)]
pub struct Route {
    /// The routing keys that it serves.
    pub pattern: Pattern,
    /// What configuration says of it.
    pub spec: RouteSpec,
    schema: Option<Schema>,
    notices: Vec<Pattern>,
}

/// A route that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("route {key}: {why}")]
pub struct BadRoute {
    /// Its routing key.
    pub key: String,
    /// What is wrong with it.
    pub why: String,
}

/// All routes of a bus.
#[derive(Debug, Default)]
pub struct Routes {
    exact: BTreeMap<String, Route>,
    /// The most precise first.
    patterns: Vec<Route>,
    /// What else the hub listens to on the exchange that all share.
    others: Vec<Pattern>,
}

impl Route {
    fn new(key: &str, spec: RouteSpec) -> Result<Self, BadRoute> {
        let bad = |why: String| BadRoute { key: key.to_owned(), why };
        if key.is_empty() || key.len() > KEY {
            return Err(bad(format!("a routing key has 1 to {KEY} bytes")));
        }
        let sound = |key: &str| (1..=KEY).contains(&key.len()) && Pattern::new(key).is_exact();
        if let Some(notified) = spec.notify.as_deref().filter(|key| !sound(key)) {
            return Err(bad(format!(
                "notify: {notified:?} is no routing key such as notify.account.updated"
            )));
        }
        let schema = spec.schema.as_ref().map(Schema::new).transpose();
        let schema = schema.map_err(|why| bad(format!("its schema is not a valid JSON Schema: {why}")))?;
        let notices = spec.notices.iter().map(|text| Pattern::new(text)).collect();
        Ok(Route { pattern: Pattern::new(key), spec, schema, notices })
    }

    /// The action for a message with this routing key.
    pub fn action<'a>(&'a self, routing_key: &'a str) -> &'a str {
        self.spec.action.as_deref().unwrap_or(routing_key)
    }

    /// What in this data does not fit the schema: places and rules, never the values themselves.
    pub fn violations(&self, data: &Value) -> Vec<String> {
        self.schema.as_ref().map(|schema| schema.violations(data)).unwrap_or_default()
    }

    /// Whom this data is about; [`Value::Null`] when it does not say.
    pub fn concerned_to(&self, data: &Value) -> Value {
        let mut places = self.spec.concerned_to.iter().filter_map(|pointer| data.pointer(pointer));
        places.find(|found| found.is_string() || found.is_number()).cloned().unwrap_or_default()
    }

    /// Whether its notices are what nobody said otherwise.
    fn by_default(&self) -> bool {
        self.spec.notices == [ALL_NOTICES]
    }
}

/// The longest routing key of AMQP, in bytes.
const KEY: usize = 255;

impl Routes {
    /// Compiles them.
    pub fn new(specs: impl IntoIterator<Item = (String, RouteSpec)>) -> Result<Self, BadRoute> {
        let mut routes = Routes::default();
        for (key, spec) in specs {
            let route = Route::new(&key, spec)?;
            if route.pattern.is_exact() {
                routes.exact.insert(key, route);
            } else {
                routes.patterns.push(route);
            }
        }
        routes.patterns.sort_by(|a, b| a.pattern.by_precision(&b.pattern));
        Ok(routes)
    }

    /// The route of a message: the one for exactly this key, else the most precise pattern that matches it.
    pub fn find(&self, routing_key: &str) -> Option<&Route> {
        self.exact.get(routing_key).or_else(|| self.patterns.iter().find(|r| r.pattern.matches(routing_key)))
    }

    /// Whether a route sends on a backend's notice of this name. By default none that would come back.
    pub fn tell(&self, route: &Route, notice: &str) -> bool {
        let sent = route.notices.iter().any(|pattern| pattern.matches(notice));
        sent && !(route.by_default() && self.hears(notice))
    }

    /// Whether what is published under this key on the exchange that all share comes back to the hub.
    pub fn hears(&self, routing_key: &str) -> bool {
        self.find(routing_key).is_some() || self.others.iter().any(|pattern| pattern.matches(routing_key))
    }

    /// Notes what the hub listens to beside, for other applications on the same exchange.
    pub fn hear_others(&mut self, others: Vec<Pattern>) {
        self.others = others;
    }

    /// All of them, those for one key first.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.exact.values().chain(&self.patterns)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.patterns.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn routes(specs: &[(&str, RouteSpec)]) -> Result<Routes, BadRoute> {
        Routes::new(specs.iter().map(|(key, spec)| ((*key).to_owned(), spec.clone())))
    }

    fn to(action: &str) -> RouteSpec {
        RouteSpec { action: Some(action.to_owned()), ..RouteSpec::default() }
    }

    #[test]
    fn the_most_precise_route_serves_a_message() {
        let routes = routes(&[
            ("#", to("REST")),
            ("request.ldap.#", to("LDAP")),
            ("request.ldap.*.update", to("UPDATE")),
            ("request.ldap.group.update", RouteSpec::default()),
        ])
        .unwrap();
        let action = |key: &str| routes.find(key).unwrap().action(key).to_owned();
        assert_eq!(action("request.ldap.group.update"), "request.ldap.group.update");
        assert_eq!(action("request.ldap.account.update"), "UPDATE");
        assert_eq!(action("request.ldap"), "LDAP");
        assert_eq!(action("notify.account.updated"), "REST");
    }

    #[test]
    fn data_is_checked_without_being_shown() {
        let schema = json!({
            "$schema": "http://json-schema.org/draft-04/schema#",
            "type": "object",
            "required": ["uuid"],
            "properties": { "uuid": { "type": "string" } },
        });
        let spec = RouteSpec { schema: Some(schema), concerned_to: vec!["/uuid".to_owned()], ..to("A") };
        let routes = routes(&[("request.a", spec)]).unwrap();
        let route = routes.find("request.a").unwrap();
        assert!(route.violations(&json!({ "uuid": "u" })).is_empty());
        let violations = route.violations(&json!({ "uuid": 49152 }));
        assert!(violations[0].starts_with("/uuid: ") && !violations[0].contains("49152"), "{violations:?}");
        assert_eq!(route.concerned_to(&json!({ "uuid": "u" })), "u");
        assert_eq!(route.concerned_to(&json!({ "uuid": [] })), Value::Null);
    }

    #[test]
    fn a_route_that_cannot_be_is_refused() {
        let bad = RouteSpec { schema: Some(json!({ "type": "objekt" })), ..RouteSpec::default() };
        assert!(
            routes(&[("request.a", bad)]).unwrap_err().to_string().starts_with("route request.a: its schema")
        );
        let bad = RouteSpec { notify: Some("notify.#".to_owned()), ..RouteSpec::default() };
        assert!(routes(&[("request.a", bad)]).is_err());
    }
}
