//! Handing a request in by hand: a form made from the action's schema where it has one, and JSON always.

mod fields;

use api::decode;
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use engine::{Accepted, Error};
use http::page::{Form, Visit};
use http::{May, Problem, Submit};
use model::Effects;
use serde_json::{Value, json};

use self::fields::{Field, Fields, Kind};
use crate::Console;
use crate::jobs::choices;
use crate::show::pretty;

#[derive(Template)]
#[template(path = "submit.html")]
struct Ask<'p> {
    v: &'p Visit,
    action: String,
    actions: Vec<String>,
    /// The form of the action's schema; none = only JSON.
    fields: Vec<Field>,
    /// JSON is typed, whatever the schema says.
    raw: bool,
    has_schema: bool,
    document: String,
    fault: Option<String>,
    destroys: bool,
}

/// `GET /submit`.
pub(crate) async fn ask(
    State(console): State<Console>,
    visit: Visit,
    _: May<Submit>,
    RawQuery(query): RawQuery,
) -> Response {
    let form = Form::of_query(query.as_deref().unwrap_or_default());
    let action = form.get("action").unwrap_or_default().to_owned();
    let document = pretty(&json!({ "concernedTo": "", "payload": {} }));
    Asked { action, raw: form.is_ticked("raw"), ..Asked::default() }.page(&console, &visit, document)
}

/// `POST /submit`. What does not fit is said at its field; nothing is kept of it.
pub(crate) async fn submit(
    State(console): State<Console>,
    visit: Visit,
    May { caller, .. }: May<Submit>,
    form: Form,
) -> Result<Response, Problem> {
    let action = form.get("action").unwrap_or_default().to_owned();
    let raw = form.raw("document").is_some();
    let mut asked = Asked { raw, action, fault: None, wrong: Vec::new(), typed: Some(form) };
    let document = match asked.document(&console) {
        Ok(document) => document,
        Err(fault) => {
            asked.fault = Some(visit.with("json-wrong", "why", &fault));
            return Ok(asked.page(&console, &visit, String::new()));
        }
    };
    let beside = decode::Beside {
        action: Some(asked.action.clone()).filter(|name| !name.is_empty()),
        ..decode::Beside::default()
    };
    let bytes = document.to_string();
    let accepted = match decode::request(bytes.as_bytes(), &caller.source(), &beside, console.hub.now()) {
        Ok(request) => {
            asked.wrong = console.hub.action(&request.action).violations(&request.body);
            console.hub.accept(request, Effects::default()).await
        }
        Err(why) => Ok(Accepted::Refused(why)),
    };
    match accepted {
        Ok(Accepted::New(job)) => Ok(Visit::said(&format!("/jobs/{job}"), "submitted", 1).into_response()),
        Ok(Accepted::Known(job, _)) => Ok(Visit::said(&format!("/jobs/{job}"), "known", 1).into_response()),
        Ok(Accepted::Unclaimed) => {
            asked.fault = Some(visit.t("submit-unclaimed"));
            Ok(asked.page(&console, &visit, String::new()))
        }
        Ok(Accepted::Refused(why)) => {
            asked.fault = Some(why.message);
            Ok(asked.page(&console, &visit, String::new()))
        }
        Err(Error::Refused { message, .. }) => {
            asked.fault = Some(message);
            Ok(asked.page(&console, &visit, String::new()))
        }
        Err(error) => Err(error.into()),
    }
}

/// What was asked, and what is wrong with it.
#[derive(Default)]
struct Asked {
    action: String,
    raw: bool,
    typed: Option<Form>,
    fault: Option<String>,
    /// Places and rules that do not fit the schema.
    wrong: Vec<String>,
}

impl Asked {
    fn fields(&self, console: &Console) -> Option<Fields> {
        Fields::of_schema(console.hub.action(&self.action).spec.schema.as_ref()?)
    }

    /// The document that was typed, or that the fields make.
    fn document(&self, console: &Console) -> Result<Value, String> {
        let Some(form) = &self.typed else { return Ok(Value::Null) };
        if let Some(typed) = form.raw("document") {
            return model::json::read(typed.as_bytes()).map_err(|why| why.to_string());
        }
        self.fields(console).map_or_else(|| Ok(json!({})), |fields| fields.document(form))
    }

    fn page(self, console: &Console, visit: &Visit, template: String) -> Response {
        let fields = self.fields(console);
        let has_schema = fields.is_some();
        let empty = Form::default();
        let typed = self.typed.as_ref().unwrap_or(&empty);
        let (fields, rest) = fields.map(|fields| fields.shown(typed, &self.wrong)).unwrap_or_default();
        let fault =
            self.fault.filter(|_| self.raw || fields.is_empty() || !rest.is_empty() || self.wrong.is_empty());
        let wrong = fault.is_some() || !self.wrong.is_empty();
        let document = typed.raw("document").map_or(template, str::to_owned);
        let content = Ask {
            v: visit,
            actions: choices(console).0,
            destroys: console.hub.action(&self.action).spec.destructive.is_some(),
            raw: self.raw || !has_schema,
            action: self.action,
            fields,
            has_schema,
            document,
            fault,
        };
        let status = if wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        visit.page(visit.t("submit-title")).status(status).show(&content)
    }
}
