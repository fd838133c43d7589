//! Refusals and deliveries that were given up: which of them are meant, and what they have in common.

use engine::{LetterCause, LetterCauses};
use http::Problem;
use http::page::Form;
use model::CauseId;

use crate::show::When;

/// What a list of them is narrowed to, and what a form about them means beside what is ticked.
#[derive(Default)]
pub(crate) struct Narrowed {
    /// The source of refusals, the courier of deliveries.
    pub(crate) by: Option<String>,
    /// Where deliveries were to go.
    pub(crate) address: Option<String>,
    pub(crate) cause: Option<CauseId>,
}

impl Narrowed {
    pub(crate) fn read(form: &Form) -> Result<Self, Problem> {
        let some = |name: &str| form.get(name).filter(|text| !text.is_empty());
        let cause = some("cause").map(str::parse).transpose();
        let cause = cause.map_err(|bad: model::cause::BadCauseId| Problem::bad_request(bad.to_string()))?;
        let owned = |name: &str| some(name).map(str::to_owned);
        Ok(Narrowed { by: owned("by"), address: owned("address"), cause })
    }

    pub(crate) fn is_all(&self) -> bool {
        self.fields().is_empty()
    }

    /// As fields, for links and hidden inputs.
    pub(crate) fn fields(&self) -> Vec<(&'static str, String)> {
        let fields = [
            ("by", self.by.clone()),
            ("address", self.address.clone()),
            ("cause", self.cause.map(|cause| cause.to_string())),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// The list of these letters, with `more` behind it.
    pub(crate) fn link(&self, of: &str, more: &[(&str, String)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("of", of);
        for (name, value) in self.fields() {
            query.append_pair(name, &value);
        }
        for (name, value) in more {
            query.append_pair(name, value);
        }
        format!("/dead-letters?{}", query.finish())
    }
}

/// A cause, in a list.
pub(crate) struct Letters {
    pub(crate) of: LetterCause,
    pub(crate) first: When,
    pub(crate) last: When,
}

impl Letters {
    /// All causes, those of most letters first.
    pub(crate) fn all(told: LetterCauses) -> Vec<Self> {
        let group = |of: LetterCause| Letters { first: of.first.into(), last: of.last.into(), of };
        told.causes.into_iter().map(group).collect()
    }
}

/// Nothing was ticked.
pub(crate) fn nothing_chosen() -> Problem {
    Problem::bad_request("nothing was chosen: tick what is meant, or all that fit")
}
