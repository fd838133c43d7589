//! Routes: which routing keys are served, by which actions, and what is told to whom. Pure.

mod announce;
mod pattern;
mod ring;

use std::borrow::Cow;
use std::collections::BTreeMap;

use engine::Schema;
use model::Dependency;
use serde_json::{Map, Value};

pub use announce::{AnnounceSpec, Notices};
pub use pattern::Pattern;
pub use ring::{Listener, ring};

use announce::Announced;

/// What configuration says of a route.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteSpec {
    /// What it does, for the catalogue.
    pub about: Option<String>,
    /// The action in the table; without it the routing key of the message itself.
    pub action: Option<String>,
    /// JSON Schema of the data.
    pub schema: Option<Value>,
    /// Whether whoever sends data that does not fit it is told the schema.
    pub tell_schema: bool,
    /// JSON Schema of data with which there is nothing to do.
    pub skip: Option<Value>,
    /// What backends are given instead of the data: members by name, each with the JSON pointer into the data where its
    /// value is. Empty = the data as they came.
    pub data: BTreeMap<String, String>,
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

impl Default for RouteSpec {
    fn default() -> Self {
        RouteSpec {
            about: None,
            action: None,
            schema: None,
            tell_schema: false,
            skip: None,
            data: BTreeMap::new(),
            concerned_to: Vec::new(),
            reply: true,
            notify: None,
            notices: Notices::default_names(),
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
    /// Which of the backends' own notices are sent on.
    pub notices: Notices,
    schema: Option<Schema>,
    skip: Option<Schema>,
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

/// An announcement that cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("announce {action}: {why}")]
pub struct BadAnnouncement {
    /// The action, as it is written.
    pub action: String,
    /// What is wrong with it.
    pub why: String,
}

/// All routes of a bus.
#[derive(Debug, Default)]
pub struct Routes {
    exact: BTreeMap<String, Route>,
    /// The most precise first.
    patterns: Vec<Route>,
    /// What is told of jobs whoever asked for them.
    announced: Vec<Announced>,
    /// What else the hub listens to on the exchange that all share.
    others: Vec<Pattern>,
}

impl Route {
    fn new(key: &str, spec: RouteSpec) -> Result<Self, BadRoute> {
        let bad = |why: String| BadRoute { key: key.to_owned(), why };
        if key.is_empty() || key.len() > KEY {
            return Err(bad(format!("a routing key has 1 to {KEY} bytes")));
        }
        sound(spec.notify.as_deref()).map_err(bad)?;
        let compiled = |what: &str, schema: &Option<Value>| {
            let schema = schema.as_ref().map(Schema::new).transpose();
            schema.map_err(|why| bad(format!("its {what} is not a valid JSON Schema: {why}")))
        };
        let (schema, skip) = (compiled("schema", &spec.schema)?, compiled("skip", &spec.skip)?);
        let notices = Notices::new(&spec.notices);
        Ok(Route { pattern: Pattern::new(key), spec, notices, schema, skip })
    }

    /// The action for a message with this routing key.
    pub fn action<'a>(&'a self, routing_key: &'a str) -> &'a str {
        self.spec.action.as_deref().unwrap_or(routing_key)
    }

    /// What in this data does not fit the schema: places and rules, never the values themselves.
    pub fn violations(&self, data: &Value) -> Vec<String> {
        self.schema.as_ref().map(|schema| schema.violations(data)).unwrap_or_default()
    }

    /// Whether there is nothing to do with this data.
    pub fn skips(&self, data: &Value) -> bool {
        self.skip.as_ref().is_some_and(|skip| skip.violations(data).is_empty())
    }

    /// What backends are given for this data. An error says, place by place, what is not there.
    pub fn given<'a>(&self, data: &'a Value) -> Result<Cow<'a, Value>, Vec<String>> {
        if self.spec.data.is_empty() {
            return Ok(Cow::Borrowed(data));
        }
        let (mut given, mut missing) = (Map::new(), Vec::new());
        for (name, pointer) in &self.spec.data {
            match data.pointer(pointer) {
                Some(value) => drop(given.insert(name.clone(), value.clone())),
                None => missing.push(format!("{pointer}: is not there, and {name} is made of it")),
            }
        }
        if missing.is_empty() { Ok(Cow::Owned(Value::Object(given))) } else { Err(missing) }
    }

    /// Whom this data is about; [`Value::Null`] when it does not say.
    pub fn concerned_to(&self, data: &Value) -> Value {
        let mut places = self.spec.concerned_to.iter().filter_map(|pointer| data.pointer(pointer));
        places.find(|found| found.is_string() || found.is_number()).cloned().unwrap_or_default()
    }
}

/// The longest routing key of AMQP, in bytes.
const KEY: usize = 255;

/// Whether something can be published under this key, if any.
fn sound(notify: Option<&str>) -> Result<(), String> {
    let is_sound = |key: &str| (1..=KEY).contains(&key.len()) && Pattern::new(key).is_exact();
    match notify.filter(|key| !is_sound(key)) {
        Some(key) => Err(format!("notify: {key:?} is no routing key such as notify.account.updated")),
        None => Ok(()),
    }
}

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

    /// With what is told of jobs whoever asked for them, by their action.
    pub fn announcing(
        mut self,
        specs: impl IntoIterator<Item = (String, AnnounceSpec)>,
    ) -> Result<Self, BadAnnouncement> {
        for (action, spec) in specs {
            self.announced.push(Announced::new(&action, spec)?);
        }
        // The most precise first: a name before a beginning, a long beginning before a short one.
        self.announced.sort_by_key(Announced::precision);
        Ok(self)
    }

    /// What is told of an action's jobs whoever asked for them, if anything.
    pub fn announced(&self, action: &str) -> Option<&Announced> {
        self.announced.iter().find(|announced| announced.is_of(action))
    }

    /// All that is told of jobs whoever asked for them.
    pub fn announcements(&self) -> impl Iterator<Item = &Announced> {
        self.announced.iter()
    }

    /// Whether a backend's notice of this name is sent on. By default none that would come back.
    pub fn tell(&self, notices: &Notices, notice: &str) -> bool {
        notices.name(notice) && !(notices.by_default() && self.hears(notice))
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

    /// Whether there is none, and nothing is announced.
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.patterns.is_empty() && self.announced.is_empty()
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
