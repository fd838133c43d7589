//! The hubs on the journal.

use axum::Json;
use axum::extract::State;

use super::Api;
use crate::dto::{Node, NodeRole, Nodes};
use http::{May, Read};

/// `GET /nodes`: who works on the journal, and who stands by.
#[utoipa::path(
    get,
    path = "/nodes",
    tag = "hub",
    operation_id = "list_nodes",
    responses((status = 200, description = "Done", body = Nodes)),
    security(("token" = ["read"])),
)]
pub(super) async fn list(State(api): State<Api>, _: May<Read>) -> Json<Nodes> {
    Json(match api.hub.keeping().nodes() {
        Some(nodes) => Nodes::from(&*nodes),
        None => Nodes { nodes: vec![api.itself()], trouble: None },
    })
}

impl Api {
    /// The only hub that can be there.
    fn itself(&self) -> Node {
        let life = self.hub.journal().life();
        Node {
            life: life.to_string(),
            host: life.seat().split(':').next().unwrap_or_default().to_owned(),
            process: i64::from(std::process::id()),
            role: NodeRole::AtWork,
            version: Some(self.version.to_owned()),
            since: self.started_at.into(),
            silent: 0,
            own: true,
        }
    }
}
