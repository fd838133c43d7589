//! `DELETE /registrations`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use http::{May, Operate, Params, Problem};

use super::Api;
use crate::registry::Triple;
use crate::removal::{Removed, Unremoved};

impl From<Unremoved> for Problem {
    fn from(why: Unremoved) -> Self {
        let status = match why {
            Unremoved::NotRegistered(_) => StatusCode::NOT_FOUND,
            Unremoved::HeldByProcesses(_) => StatusCode::CONFLICT,
            Unremoved::Stopping => return Problem::stopping(),
        };
        Problem::new(status, why.code(), why.to_string())
    }
}

/// `DELETE /registrations`: takes away what came of somebody on queues, of a program that has died without unregistering
/// him. What processes hold stays. 404 when nobody is registered so, 409 when only processes hold him.
#[utoipa::path(
    delete,
    path = "/registrations",
    tag = "registry",
    operation_id = "registration_remove",
    params(
        ("backend" = String, Query, description = "The backend"),
        ("user" = String, Query, description = "The system user"),
        ("vuser" = String, Query, description = "The user as the backend knows him"),
    ),
    responses((status = 200, description = "Done", body = Removed)),
    security(("token" = ["operate"])),
)]
pub(super) async fn remove(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    mut params: Params,
) -> Result<Json<Removed>, Problem> {
    let names = [params.one("backend")?, params.one("user")?, params.one("vuser")?];
    params.finish()?;
    let live = api.live()?;
    let [Some(backend), Some(user), Some(vuser)] = names else {
        return Err(Problem::bad_request("name backend, user and vuser"));
    };
    Ok(Json(live.remove(&named(&backend, &user, &vuser)?, &caller.actor).await?))
}

/// Somebody by his names.
pub(crate) fn named(backend: &str, user: &str, vuser: &str) -> Result<Triple, Problem> {
    Triple::new(backend, user, vuser)
        .ok_or_else(|| Problem::bad_request("the names are longer than a registration can have"))
}
