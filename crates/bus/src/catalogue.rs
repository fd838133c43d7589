//! The catalogue of a bus: which routing keys are listened to and emitted, why, and what their data looks
//! like. It follows from the routes as they are now, and from nothing else. Pure.

use std::collections::BTreeMap;

use api::dto::Dependency;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::envelope::Kind;
use crate::route::{Route, Routes};
use crate::settings::{LogBody, Settings};

/// Examples are not nested deeper.
const DEEPEST: usize = 8;

/// Whether messages come or go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// They come: the application listens to them.
    In,
    /// They go: the application emits them.
    Out,
}

/// A line of the catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// The bus, by its name in the configuration.
    pub bus: String,
    /// Whether messages come or go.
    pub way: Way,
    /// What they are for.
    #[schema(value_type = String)]
    pub kind: Kind,
    /// Their routing key; `*` stands for one word, `#` for any number of them.
    pub routing_key: String,
    /// The exchange; absent = the one that the requester names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<String>,
    /// The action that they ask for; absent for those that go, and where the routing key itself is the action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// What they do, as the configuration says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The routing keys whose messages lead to those that go; for what is announced whoever asked for it, the actions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub triggers: Vec<String>,
    /// JSON Schema of the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
    /// Data that fits it, as far as that can be guessed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<Value>,
    /// The backends that do it, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backends: Vec<String>,
    /// What is asked over HTTP meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<Dependency>,
}

/// What is known of an action beside its routes.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The active backends that map it.
    pub backends: Vec<String>,
    /// What these ask over HTTP meanwhile.
    pub depends_on: Vec<model::Dependency>,
}

/// The catalogue of one bus: what comes, then what goes, each by routing key.
pub fn catalogue(settings: &Settings, routes: &Routes, known: impl Fn(&str) -> Known) -> Vec<Entry> {
    let mut entries: Vec<Entry> = routes.iter().map(|route| listened(settings, route, &known)).collect();
    entries.extend(replies(settings, routes));
    entries.extend(notifications(settings, routes));
    entries.extend(log(settings, routes));
    entries.sort_by(|a, b| (a.way, &a.routing_key).cmp(&(b.way, &b.routing_key)));
    entries
}

fn listened(settings: &Settings, route: &Route, known: &impl Fn(&str) -> Known) -> Entry {
    let key = route.pattern.as_str();
    let kind = Kind::of_key(key).unwrap_or(Kind::Event);
    let exchange = match kind {
        Kind::Request => settings.request_exchange(),
        _ => settings.event_exchange.clone(),
    };
    let Known { backends, depends_on } = known(route.action(key));
    Entry {
        exchange: Some(exchange),
        action: route.spec.action.clone(),
        about: route.spec.about.clone(),
        schema: route.spec.schema.clone(),
        example: route.spec.schema.as_ref().map(example),
        backends,
        depends_on: once(route.spec.depends_on.iter().chain(&depends_on)),
        ..entry(settings, Way::In, kind, key)
    }
}

/// Each of them once, however many declare it.
fn once<'a>(declared: impl Iterator<Item = &'a model::Dependency>) -> Vec<Dependency> {
    let mut once: Vec<Dependency> = Vec::new();
    for needed in declared.cloned().map(Dependency::from) {
        if !once.contains(&needed) {
            once.push(needed);
        }
    }
    once
}

/// Replies go to those who ask: to a request, or to whatever a pattern lets through.
fn replies(settings: &Settings, routes: &Routes) -> Vec<Entry> {
    let asked = routes.iter().filter(|route| route.spec.reply && may_ask(route.pattern.as_str()));
    let reply = |route: &Route| {
        let key = route.pattern.as_str();
        Entry {
            triggers: vec![key.to_owned()],
            ..entry(settings, Way::Out, Kind::Reply, &key.replacen("request", "reply", 1))
        }
    };
    asked.map(reply).collect()
}

fn may_ask(key: &str) -> bool {
    matches!(key.split('.').next(), Some("request" | "*" | "#"))
}

fn notifications(settings: &Settings, routes: &Routes) -> Vec<Entry> {
    let mut keys: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for route in routes.iter() {
        for key in route.spec.notify.iter().chain(&route.spec.notices) {
            keys.entry(key).or_default().push(route.pattern.to_string());
        }
    }
    for announced in routes.announcements() {
        for key in announced.notify.iter().chain(announced.notices.names()) {
            keys.entry(key).or_default().push(announced.action.clone());
        }
    }
    let told = |(key, triggers)| Entry {
        exchange: Some(settings.event_exchange.clone()),
        triggers,
        ..entry(settings, Way::Out, Kind::Event, key)
    };
    keys.into_iter().map(told).collect()
}

/// What supervision is told of failures.
fn log(settings: &Settings, routes: &Routes) -> Vec<Entry> {
    if settings.log == LogBody::Off || routes.is_empty() {
        return Vec::new();
    }
    // Without a key of its own it has that of the message that failed, which may be one without a route.
    let key = settings.log_key.as_deref().unwrap_or("#");
    let example = match settings.log {
        LogBody::Text => {
            Some(json!({ "level": 3, "error_message": "…", "routing_key": "…", "correlation_id": "…" }))
        }
        LogBody::Empty | LogBody::Off => None,
    };
    vec![Entry {
        exchange: Some(settings.log_exchange.clone()),
        example,
        ..entry(settings, Way::Out, Kind::Log, key)
    }]
}

fn entry(settings: &Settings, way: Way, kind: Kind, key: &str) -> Entry {
    Entry {
        bus: settings.name.clone(),
        way,
        kind,
        routing_key: key.to_owned(),
        exchange: None,
        action: None,
        about: None,
        triggers: Vec::new(),
        schema: None,
        example: None,
        backends: Vec::new(),
        depends_on: Vec::new(),
    }
}

/// A value that a schema would take, from what it says of its members.
pub fn example(schema: &Value) -> Value {
    guess(schema, DEEPEST)
}

fn guess(schema: &Value, depth: usize) -> Value {
    let said = ["example", "default", "const"].into_iter().find_map(|word| schema.get(word));
    let listed = ["examples", "enum"].into_iter().find_map(|word| schema.get(word)?.as_array()?.first());
    if let Some(value) = said.or(listed) {
        return value.clone();
    }
    if depth == 0 {
        return Value::Null;
    }
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str),
        kind => kind.and_then(Value::as_str),
    };
    match kind {
        Some("string") => text(schema).into(),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| 1.into()),
        Some("boolean") => true.into(),
        Some("array") => schema.get("items").map(|items| guess(items, depth - 1)).into_iter().collect(),
        Some("object") => members(schema, depth),
        None if schema.get("properties").is_some() => members(schema, depth),
        _ => Value::Null,
    }
}

fn members(schema: &Value, depth: usize) -> Value {
    let properties = schema.get("properties").and_then(Value::as_object);
    let members = properties.into_iter().flatten();
    Value::Object(
        members.map(|(name, schema)| (name.clone(), guess(schema, depth - 1))).collect::<Map<_, _>>(),
    )
}

fn text(schema: &Value) -> &'static str {
    match schema.get("format").and_then(Value::as_str) {
        Some("uuid") => "88d818a1-c77c-44e6-ad0c-8aa893468e94",
        Some("date-time") => "2016-05-29T15:03:50+00:00",
        Some("date") => "2016-05-29",
        Some("email") => "alice@example.org",
        Some("uri") => "https://example.org/",
        _ => "text",
    }
}

#[cfg(test)]
mod tests {
    use engine::Schema;
    use engine::port::{Moment, View};
    use jiff::Timestamp;
    use model::word::code;
    use model::{Class, Job, JobId, JobState, Notice, OnError, Outcome, Seq, Step, StepState};

    use super::*;
    use crate::route::{Pattern, RouteSpec};
    use crate::settings::{Access, Address};

    fn settings() -> Settings {
        Settings::new("gdd", Address::new("amqp://mq", Access::default()).unwrap())
    }

    fn routes(specs: Vec<(&str, RouteSpec)>) -> Routes {
        Routes::new(specs.into_iter().map(|(key, spec)| (key.to_owned(), spec))).unwrap()
    }

    fn all() -> Vec<Entry> {
        let schema = json!({
            "type": "object", "required": ["uuid"],
            "properties": {
                "uuid": {"type": "string", "format": "uuid"}, "age": {"type": "integer", "minimum": 3},
                "aliases": {"type": "array", "items": {"type": "string"}},
            },
        });
        let directory = model::Dependency {
            name: "gram".into(),
            url: "https://gram.example".into(),
            why: "reads accounts".into(),
        };
        let create = RouteSpec {
            about: Some("creates an account".to_owned()),
            schema: Some(schema),
            notify: Some("notify.gapps.account.created".to_owned()),
            depends_on: vec![directory.clone()],
            ..RouteSpec::default()
        };
        let event = RouteSpec { action: Some("UPDATE".to_owned()), reply: false, ..RouteSpec::default() };
        let routes = routes(vec![("request.gapps.account.create", create), ("notify.account.#", event)]);
        let known = |action: &str| Known {
            backends: if action == "UPDATE" { vec!["10google".to_owned()] } else { Vec::new() },
            // The backends of both say so, and one of the routes too.
            depends_on: vec![directory.clone()],
        };
        catalogue(&settings(), &routes, known)
    }

    #[test]
    fn it_has_what_comes_and_what_goes_in_the_columns_of_the_seed() {
        let all = all();
        let keys: Vec<_> = all.iter().map(|e| (e.way, e.kind.as_str(), e.routing_key.as_str())).collect();
        assert_eq!(
            keys,
            [
                (Way::In, "event", "notify.account.#"),
                (Way::In, "request", "request.gapps.account.create"),
                (Way::Out, "log", "#"),
                (Way::Out, "event", "notify.#"),
                (Way::Out, "event", "notify.gapps.account.created"),
                (Way::Out, "reply", "reply.gapps.account.create"),
            ]
        );
        let create = &all[1];
        assert_eq!(create.exchange.as_deref(), Some("gdd.request"));
        assert_eq!(create.about.as_deref(), Some("creates an account"));
        let needed = |entry: &Entry| entry.depends_on.iter().map(|d| d.name.clone()).collect::<Vec<_>>();
        assert_eq!((needed(create), needed(&all[0])), (vec!["gram".into()], vec!["gram".into()]));
        assert_eq!(all[0].backends, ["10google"]);
        assert_eq!(all[4].triggers, ["request.gapps.account.create"]);
    }

    #[test]
    fn an_example_fits_its_schema() {
        let create = all().remove(1);
        let schema = Schema::new(create.schema.as_ref().unwrap()).unwrap();
        let example = create.example.unwrap();
        assert_eq!(schema.violations(&example), Vec::<String>::new(), "{example}");
        assert_eq!(example["age"], 3);
        let deep = (0..20).fold(
            json!({"type": "string"}),
            |inner, _| json!({"type": "object", "properties": {"x": inner}}),
        );
        assert!(super::example(&deep).to_string().len() < 200, "it ends");
    }

    /// Everything that leaves when a job of this key succeeds, fails for now, and fails for good.
    fn all_told(settings: &Settings, routes: &Routes, key: &str) -> Vec<crate::Outgoing> {
        let origin = json!({"version": "v2", "routing_key": key, "id": "i", "reply_to": "someone.reply"});
        let body = json!({"payload": {}, "options": {"bus": origin}});
        let notice = Notice { name: "notify.gapps.quota.low".to_owned(), data: json!({}) };
        let done = Outcome { notices: vec![notice], ..Outcome::done() };
        let soft = Outcome::soft(75, code::RETRY, "later");
        let hard = Outcome::hard(1, code::FAILED, "no");
        let moves = [
            (JobState::Succeeded, StepState::Succeeded, Moment::Settled, done),
            (JobState::Retrying, StepState::Pending, Moment::Soft, soft),
            (JobState::Failed, StepState::Failed, Moment::Settled, hard),
        ];
        let told = moves.into_iter().flat_map(|(state, stands, moment, outcome)| {
            let job = job(state, &outcome);
            let step = Step {
                state: stands,
                attempts: 1,
                status: outcome.status,
                code: outcome.code.clone(),
                message: outcome.message.clone(),
                ..Step::new(0, "10google".to_owned(), OnError::Stop)
            };
            let steps = [(step, Some(outcome))];
            let view = View { job: &job, body: &body, reply: &[], steps: &steps };
            settings.tell(&view, moment, routes)
        });
        told.collect()
    }

    fn job(state: JobState, outcome: &Outcome) -> Job {
        let at = Timestamp::UNIX_EPOCH;
        Job {
            id: JobId::from_parts(at, [1; 10]),
            seq: Seq(1),
            source: "gdd".to_owned(),
            external_id: None,
            action: "A".to_owned(),
            subject: None,
            class: Class::Bulk,
            state,
            head: true,
            lane: String::new(),
            due_at: at,
            deadline: None,
            not_before: None,
            dry_run: false,
            status: outcome.status,
            code: outcome.code.clone(),
            message: outcome.message.clone(),
            accepted_at: at,
            started_at: Some(at),
            attempted_at: Some(at),
            ended_at: Some(at),
            replay_of: None,
            cancelled_by: None,
            failed: None,
        }
    }

    /// So that a key that is told and not in the catalogue is found.
    #[test]
    fn every_key_that_is_told_is_in_it() {
        let emitted: Vec<Pattern> =
            all().iter().filter(|e| e.way == Way::Out).map(|e| Pattern::new(&e.routing_key)).collect();
        let (settings, routes) = (settings(), {
            let create =
                RouteSpec { notify: Some("notify.gapps.account.created".to_owned()), ..RouteSpec::default() };
            routes(vec![("request.gapps.account.create", create)])
        });
        let told = all_told(&settings, &routes, "request.gapps.account.create");
        assert!(told.len() >= 5, "{told:?}");
        for outgoing in told {
            let key = &outgoing.message.routing_key;
            // Only the log's own pattern stands for everything: it does not count for the others.
            let fits = |pattern: &&Pattern| {
                pattern.matches(key)
                    && (pattern.as_str() != "#" || outgoing.exchange == settings.log_exchange)
            };
            assert!(emitted.iter().any(|pattern| fits(&pattern)), "{key} is missing");
        }
    }
}
