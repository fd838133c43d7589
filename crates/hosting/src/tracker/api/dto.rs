//! What goes over the wire.

use ::http::Time;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::followed::{Failing, Followed, Notice};
use super::super::{Bulk, Found, HostView, OWN};
use crate::values::Contact;

/// A school that is to be followed.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFollowed {
    /// Its number (RNE).
    #[schema(example = "0750655E")]
    pub rne: String,
    /// At which host: a name of the configuration. Without it the one in this hub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The licence stamp. With stamp, code and version the host is asked for the school, unless it knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub griffe: Option<String>,
    /// The licence code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// `CL` or `SP`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The school's key, where somebody has it. Without it the client's is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Who is told what happens. Without it as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// The state in which it is found is told too. One that was just created is told so in any case.
    #[serde(default)]
    pub tell: bool,
}

/// A school that is followed from now on.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct SchoolFollowed {
    /// How it came about: `created`, `adopted`, `renewed`, `followed` or `known`.
    pub how: String,
    /// The school.
    pub school: SchoolView,
    /// Why mails to it do not arrive as they should, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hindrance: Option<String>,
}

/// A followed school.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct SchoolView {
    /// Its number.
    #[schema(example = "0750655E")]
    pub rne: String,
    /// At which host.
    #[schema(example = "here")]
    pub host: String,
    /// The licence stamp, as far as it is known.
    pub griffe: String,
    /// Which server, as far as it is known.
    pub version: Option<String>,
    /// Where it stood when it was seen last; `UNSEEN` = it was not.
    #[schema(example = "BCDIREADY")]
    pub state: String,
    /// Since when.
    pub since: Option<Time>,
    /// When its host said so the last time.
    pub looked_at: Option<Time>,
    /// Why its host could not say so the last time, for this school or at all.
    pub trouble: Option<FailingView>,
    /// Who is told.
    pub contact: Option<Contact>,
    /// Since when nobody is told any more, because somebody at the school said so.
    pub stopped_at: Option<Time>,
    /// Seconds until it is open, when its host was just asked and knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eta_seconds: Option<u64>,
    /// The steps that were seen, oldest first; in a list none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepView>,
    /// Its page, for people at the school: told to operators; in a list none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}

/// Something that is wrong.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct FailingView {
    /// What.
    pub message: String,
    /// Since when.
    pub since: Time,
    /// When it was so the last time.
    pub at: Time,
}

/// A step that a school has come to.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct StepView {
    /// The code of the state.
    pub state: String,
    /// When, as its host says.
    pub at: Time,
    /// When it was seen here.
    pub seen_at: Time,
    /// Whether the school was told.
    pub notice: Notice,
}

/// A page of followed schools.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct SchoolPage {
    /// The schools, by number.
    pub schools: Vec<SchoolView>,
    /// After which the listing goes on; absent = this was all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Those between them that cannot be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damaged: Vec<::api::dto::Damaged>,
}

/// How a host answers.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct HostAnswers {
    /// Its name; `here` = the one in this hub.
    pub name: String,
    /// Where it is.
    pub url: Option<String>,
    /// So many schools are followed there.
    pub schools: usize,
    /// When it answered last.
    pub answered_at: Option<Time>,
    /// Why it does not.
    pub trouble: Option<FailingView>,
    /// It is not asked before this time.
    pub again_at: Option<Time>,
}

/// A line of the answer to a table.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportLine {
    /// How far it is.
    Handled {
        /// Rows that were handled.
        rows: usize,
        /// Of so many.
        of: usize,
    },
    /// The last line: what came of it.
    Report(ImportReport),
    /// The last line: it broke off.
    Broken(::http::Problem),
}

/// What came of a table.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct ImportReport {
    /// How it was written.
    #[schema(example = "UTF-8")]
    pub encoding: String,
    /// The host was asked for so many.
    pub created: usize,
    /// So many were there, with the values of the table.
    pub adopted: usize,
    /// So many had been removed and begin anew.
    pub renewed: usize,
    /// So many were there and are followed now.
    pub followed: usize,
    /// So many were followed already.
    pub known: usize,
    /// Rows that could not be used.
    pub bad: Vec<BadRowView>,
    /// Columns that nobody knows.
    pub unused: Vec<String>,
    /// Nothing was done, since there are bad rows and nobody said that they are to be left out.
    pub untouched: bool,
}

/// A row that could not be used.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct BadRowView {
    /// Its line, from 1.
    pub line: u64,
    /// What is wrong.
    pub reason: String,
}

impl SchoolView {
    /// Without its steps and its page.
    pub(super) fn brief(school: &Followed) -> Self {
        let kept = &school.kept;
        SchoolView {
            rne: school.rne.to_string(),
            host: kept.host.clone(),
            griffe: kept.griffe.clone(),
            version: kept.version.clone(),
            state: school.state.clone(),
            since: school.since().map(Time),
            looked_at: kept.looked_at.map(Time),
            trouble: kept.trouble.as_ref().map(FailingView::from),
            contact: kept.contact.clone(),
            stopped_at: kept.stopped_at.map(Time),
            eta_seconds: None,
            steps: Vec::new(),
            page: None,
        }
    }

    /// With its steps.
    pub(super) fn whole(school: &Followed) -> Self {
        let steps = school.kept.steps.iter().map(|step| StepView {
            state: step.state.clone(),
            at: Time(step.at),
            seen_at: Time(step.seen_at),
            notice: step.notice,
        });
        SchoolView { steps: steps.collect(), ..SchoolView::brief(school) }
    }
}

impl From<&Failing> for FailingView {
    fn from(failing: &Failing) -> Self {
        FailingView { message: failing.message.clone(), since: Time(failing.since), at: Time(failing.at) }
    }
}

impl From<Found> for SchoolPage {
    fn from(found: Found) -> Self {
        let damaged = |(what, why): (String, String)| ::api::dto::Damaged { what, why };
        SchoolPage {
            schools: found.schools.iter().map(SchoolView::brief).collect(),
            next: found.next,
            damaged: found.damaged.into_iter().map(damaged).collect(),
        }
    }
}

impl From<HostView> for HostAnswers {
    fn from(view: HostView) -> Self {
        HostAnswers {
            name: view.name,
            url: view.url,
            schools: view.schools,
            answered_at: view.answering.answered_at.map(Time),
            trouble: view.answering.trouble.as_ref().map(FailingView::from),
            again_at: view.answering.again_at.map(Time),
        }
    }
}

impl From<Bulk> for ImportReport {
    fn from(bulk: Bulk) -> Self {
        use super::super::How;
        let n = |how| bulk.done.get(&how).copied().unwrap_or_default();
        ImportReport {
            encoding: bulk.encoding.name().to_owned(),
            created: n(How::Created),
            adopted: n(How::Adopted),
            renewed: n(How::Renewed),
            followed: n(How::Followed),
            known: n(How::Known),
            bad: bulk.bad.into_iter().map(|row| BadRowView { line: row.line, reason: row.reason }).collect(),
            unused: bulk.unused,
            untouched: bulk.untouched,
        }
    }
}

impl NewFollowed {
    /// The host that is meant.
    pub(super) fn host(&self) -> &str {
        self.host.as_deref().unwrap_or(OWN)
    }
}
