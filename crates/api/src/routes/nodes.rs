//! The hubs on the journal.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use journal::{Drain, Hubs, Told};

use super::Api;
use crate::dto::{Node, NodeRole, Nodes};
use http::{Admin, May, Named, Params, Problem, Read};

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
    Json(match api.hub.keeping().hubs() {
        Some(hubs) => Nodes::from(&hubs),
        None => Nodes { nodes: vec![api.itself()], trouble: None },
    })
}

/// `POST /nodes/{life}/drain`: it lays down its work, and takes none until it is resumed or started anew.
#[utoipa::path(
    post,
    path = "/nodes/{life}/drain",
    tag = "hub",
    operation_id = "nodes_drain",
    params(
        ("life" = String, Path, description = "The life of the hub"),
        ("force" = Option<bool>, Query, description = "Also when nobody else is there who could work"),
    ),
    responses((status = 204, description = "Done")),
    security(("token" = ["admin"])),
)]
pub(super) async fn drain(
    State(api): State<Api>,
    May { caller, .. }: May<Admin>,
    Named(life): Named<String>,
    mut params: Params,
) -> Result<StatusCode, Problem> {
    let force = params.flag("force")?;
    params.finish()?;
    let Some(hubs) = api.hub.keeping().hubs() else {
        let why = "no other hub can work on this journal, which is in a folder: stop this one instead";
        return Err(Problem::new(StatusCode::CONFLICT, "only_hub", why));
    };
    tell(&hubs, Drain { life, drained: true, force, by: caller.actor.0 }).await
}

/// `POST /nodes/{life}/resume`: a hub that was drained may take work again.
#[utoipa::path(
    post,
    path = "/nodes/{life}/resume",
    tag = "hub",
    operation_id = "nodes_resume",
    params(("life" = String, Path, description = "The life of the hub")),
    responses((status = 204, description = "Done")),
    security(("token" = ["admin"])),
)]
pub(super) async fn resume(
    State(api): State<Api>,
    May { caller, .. }: May<Admin>,
    Named(life): Named<String>,
) -> Result<StatusCode, Problem> {
    let drain = Drain { life, drained: false, force: false, by: caller.actor.0 };
    match api.hub.keeping().hubs() {
        Some(hubs) => tell(&hubs, drain).await,
        None => Err(Problem::missing(format_args!("hub {}", drain.life))),
    }
}

/// Tells a hub. What came of it is audited by the one at work, as soon as it sees it: one that stands by cannot write.
pub(super) async fn tell(hubs: &Hubs, drain: Drain) -> Result<StatusCode, Problem> {
    match hubs.tell(&drain).await? {
        Told::Done => Ok(StatusCode::NO_CONTENT),
        Told::Unknown => Err(Problem::missing(format_args!("hub {}", drain.life))),
        Told::NobodyElse => {
            let why = "no other hub is there that could work: nothing was changed";
            Err(Problem::new(StatusCode::CONFLICT, "nobody_else", why))
        }
    }
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
            leads: true,
            drained: false,
            version: Some(self.version.to_owned()),
            other_backends: Vec::new(),
            other_settings: Vec::new(),
            since: self.started_at.into(),
            silent: 0,
            own: true,
        }
    }
}
