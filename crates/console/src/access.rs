//! Signing in and out, accounts and tokens.

pub(crate) mod accounts;
pub(crate) mod elsewhere;
pub(crate) mod own;
pub(crate) mod sign;
pub(crate) mod tokens;

use http::page::Visit;
use http::{Problem, Role};

/// What is wrong with what was filled in, in a sentence; problems of another kind are passed on.
fn fault(v: &Visit, problem: Problem) -> Result<String, Problem> {
    match problem.status {
        401 => Ok(v.t("sign-in-wrong")),
        429 => Ok(format!("{} {}", v.t("problem-often"), v.t("problem-often-hint"))),
        400 | 409 | 422 => Ok(problem.detail.into()),
        _ => Err(problem),
    }
}

/// A role, to choose from.
struct Choice {
    role: Role,
    name: String,
    meaning: String,
}

fn roles(v: &Visit) -> Vec<Choice> {
    let choice = |role: &Role| Choice {
        role: *role,
        name: v.t(&format!("role-{role}")),
        meaning: v.t(&format!("role-{role}-may")),
    };
    Role::ALL.iter().map(choice).collect()
}
