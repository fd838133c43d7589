//! What a hub answers that cannot start yet: that it is there, and why it is not ready.

use std::sync::Arc;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use axum::routing::{any, get, post};
use axum::{Json, Router};

use super::{metrics, nodes, status};
use crate::dto::{Nodes, Part, Readiness};
use http::{Admin, May, Params, Problem};
use journal::{Drain, Hubs, NodesReceiver};

/// Seconds after which a caller may look again.
const AGAIN: u16 = 10;

/// Routes of a hub whose journal cannot be opened yet.
pub fn waiting(why: &str) -> Router {
    let part = Part { name: "journal".to_owned(), ready: false, optional: false, why: Some(why.to_owned()) };
    let readiness = Readiness { ready: false, parts: vec![part] };
    let refused: Arc<str> = format!("the hub has not started yet and takes nothing: {why}").into();
    Router::new()
        .route("/healthz", get(status::health))
        .route("/readyz", get(async move || (StatusCode::SERVICE_UNAVAILABLE, Json(readiness))))
        .merge(everything_else(refused))
}

/// Routes of a hub that stands by while another one works on its journal.
pub fn standing_by(nodes: NodesReceiver) -> Router {
    let (shown, refused) = (nodes.clone(), nodes);
    let ready = async move || {
        let why = Some(stands_by(&shown.borrow()));
        let part = Part { name: "journal".to_owned(), ready: false, optional: false, why };
        (StatusCode::SERVICE_UNAVAILABLE, Json(Readiness { ready: false, parts: vec![part] }))
    };
    let metrics = async || ([(header::CONTENT_TYPE, metrics::OPENMETRICS)], metrics::standing_by());
    let other = async move || {
        let nodes = refused.borrow().clone();
        let turn = if nodes.at_work().is_some() { ": turn to that one" } else { "" };
        Problem::later("standing_by", AGAIN, format!("{}{turn}", stands_by(&nodes))).into_response()
    };
    Router::new()
        .route("/healthz", get(status::health))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/", any(other.clone()))
        .route("/{*rest}", any(other))
}

/// What it answers besides to those who may ask who is there.
pub fn standing_by_nodes(hubs: Hubs) -> Router {
    let (shown, drained, resumed) = (hubs.clone(), hubs.clone(), hubs);
    let list = async move || Json(Nodes::from(&shown));
    let drain = async move |by: May<Admin>, Path(life): Path<String>, mut params: Params| {
        let force = params.flag("force")?;
        params.finish()?;
        nodes::tell(&drained, Drain { life, drained: true, force, by: by.caller.actor.0 }).await
    };
    let resume = async move |by: May<Admin>, Path(life): Path<String>| {
        nodes::tell(&resumed, Drain { life, drained: false, force: false, by: by.caller.actor.0 }).await
    };
    Router::new()
        .route("/api/v1/nodes", get(list))
        .route("/api/v1/nodes/{life}/drain", post(drain))
        .route("/api/v1/nodes/{life}/resume", post(resume))
}

fn stands_by(nodes: &journal::Nodes) -> String {
    let drained = nodes.own().is_some_and(|own| own.drained);
    let what = match (nodes.at_work(), drained) {
        (Some(node), false) => format!("this hub stands by: the one in {} works on the journal", node.who()),
        (Some(node), true) => format!("this hub is drained: the one in {} works on the journal", node.who()),
        (None, false) => "this hub stands by, and is about to work on the journal".to_owned(),
        (None, true) => {
            "nobody works on the journal, and this hub is drained: `intendant nodes resume` lets it work"
                .to_owned()
        }
    };
    match &nodes.trouble {
        Some(trouble) => format!("{what}, as it was seen last ({trouble})"),
        None => what,
    }
}

/// Routes and no fallback: the frame around them has one of its own.
fn everything_else(refused: Arc<str>) -> Router {
    let answer = async move || Problem::later("starting", AGAIN, &*refused).into_response();
    Router::new().route("/", any(answer.clone())).route("/{*rest}", any(answer))
}
