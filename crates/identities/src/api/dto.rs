//! What goes over the wire, for server and client alike.

use std::collections::BTreeMap;

use api::dto::{Damaged, Time};
use http::{Params, Problem, Query};
use model::{JobId, JobState};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::document;
use crate::identity::Identity;
use crate::register;
use crate::state::{Deed, State};

/// An identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IdentityView {
    /// Its id.
    pub id: String,
    /// Its revision, also in the header `ETag`: what `If-Match` is compared with.
    pub rev: u64,
    /// Where it stands.
    pub state: State,
    /// Its name for people.
    pub label: String,
    /// The name of its account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// When its document was changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Time>,
    /// The backends know it.
    pub reached: bool,
    /// Access was taken away.
    pub disabled: bool,
    /// When it was last synchronised.
    pub synchronised_at: Option<Time>,
    /// How the last job about it ended.
    pub last: Option<LastJob>,
    /// Members of `inetOrgPerson` that are needed and not there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// The document as backends see it; not in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Value>,
}

/// How the last job about an identity ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastJob {
    /// The job.
    #[schema(value_type = String, format = "uuid")]
    pub job: JobId,
    /// What it did.
    pub deed: Deed,
    /// How.
    #[schema(value_type = String)]
    pub state: JobState,
    /// When.
    pub at: Time,
    /// Why it failed, redacted.
    pub message: Option<String>,
}

impl IdentityView {
    /// Without its document.
    pub fn brief(identity: &Identity) -> Self {
        let kept = &identity.kept;
        let last = kept.last.as_ref().map(|last| LastJob {
            job: last.job,
            deed: last.deed,
            state: last.state,
            at: last.at.into(),
            message: last.message.clone(),
        });
        IdentityView {
            id: identity.id.clone(),
            rev: identity.rev,
            state: identity.state,
            label: document::label(&kept.document),
            uid: document::account(&kept.document),
            changed_at: Some(kept.updated.at.into()),
            reached: kept.reached,
            disabled: kept.disabled,
            synchronised_at: kept.synchronised_at.map(Into::into),
            last,
            missing: document::missing(&kept.document).into_iter().map(str::to_owned).collect(),
            document: None,
        }
    }

    /// With its document.
    pub fn whole(identity: &Identity) -> Self {
        let document = Some(identity.document(identity.state.number()));
        IdentityView { document, ..IdentityView::brief(identity) }
    }
}

/// A page of identities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IdentityPage {
    /// The identities, by id, or as they were to be sorted.
    pub identities: Vec<IdentityView>,
    /// How many fit, on all pages; where they were to be sorted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// The `after` of the next page; `null` = this was all.
    pub next: Option<String>,
    /// Those between them that cannot be read. They can be erased.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damaged: Vec<Damaged>,
}

/// An identity that cannot be read, as lists show it.
pub(crate) fn damaged(broken: register::Broken) -> Damaged {
    Damaged { what: broken.id, why: broken.why }
}

/// How many identities are in each state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Counts {
    /// By state; states without any are left out.
    #[schema(value_type = BTreeMap<String, u64>)]
    pub states: BTreeMap<State, u64>,
    /// When those to synchronise are synchronised by themselves.
    pub next_synchronisation: Option<Time>,
}

/// Which identities. Empty = all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// In any of these states; in a query string the parameter is repeated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub state: Vec<State>,
    /// With this text in id, name or account. Neither case nor accents matter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl Filter {
    pub(crate) fn read(params: &mut Params) -> Result<Self, Problem> {
        let state = |word: String| State::from_word(&word).ok_or_else(|| unknown_state(&word));
        let state = params.all("state").into_iter().map(state).collect::<Result<_, _>>()?;
        Ok(Filter { state, text: params.one("text")? })
    }

    /// Adds it to a query string.
    pub fn write(&self, query: &mut Query) {
        self.state.iter().for_each(|state| query.add("state", Some(state.as_str())));
        query.add("text", self.text.as_ref());
    }
}

fn unknown_state(word: &str) -> Problem {
    let known = State::ALL.map(State::as_str).join(", ");
    Problem::bad_request(format!("{word:?} is no state of an identity: known are {known}"))
}

impl From<Filter> for register::Filter {
    fn from(filter: Filter) -> Self {
        register::Filter { states: filter.state, text: filter.text }
    }
}

/// Which identities something is done to: `ids`, or all that fit `filter`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Selection {
    /// These.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<String>>,
    /// All that fit; `{}` = all there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// Where something is taken away (`disable`, `delete`): to how many it can be done just now. More than 50 need it; nothing
    /// is done where another number is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 60)]
    pub expected: Option<u64>,
}

/// A new state, and for which identities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// `to_synchronise`, `to_validate` or `not_to_synchronise`.
    pub state: State,
    /// These.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<String>>,
    /// All that fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
}

/// What came of something that was done to many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// To how many it was done, or for how many there is a job now.
    pub done: u64,
    /// The first hundred of these jobs.
    #[schema(value_type = Vec<String>)]
    pub jobs: Vec<JobId>,
    /// How many were left as they are.
    pub left: u64,
    /// The first hundred of them.
    pub examples: Vec<LeftOut>,
    /// The run that it is in the history (`/identities/runs/{run}`), when it was asked of the backends for many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
}

/// An identity that was left as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeftOut {
    /// Which.
    pub id: String,
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Why, as a word.
    pub code: String,
    /// In words.
    pub message: String,
}

impl From<register::Report> for Report {
    fn from(report: register::Report) -> Self {
        let register::Report { done, jobs, left, examples, run } = report;
        let example = |left: register::Left| {
            let register::Left { id, name, code, message } = left;
            LeftOut { id, name, code, message }
        };
        Report { done, jobs, left, examples: examples.into_iter().map(example).collect(), run }
    }
}

/// A new password. With the old one it is changed, without it it is reset.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// The new one.
    pub new_password: String,
    /// The old one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_password: Option<String>,
}

/// Not shown: passwords.
impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewPassword").finish_non_exhaustive()
    }
}

/// The job that sets a password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PasswordJob {
    /// The job.
    #[schema(value_type = String, format = "uuid")]
    pub job: JobId,
    /// Where it stands after the wait.
    #[schema(value_type = String)]
    pub state: JobState,
    /// Why it failed.
    pub message: Option<String>,
}
