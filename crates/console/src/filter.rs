//! Which jobs: what the form above a list says, read with patience. What cannot be understood is said at its field, and
//! then nothing is selected.

use engine::WaitsFor;
use http::Problem;
use http::page::{Form, Visit};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use journal::Filter;
use model::{CauseId, JobState, Subject};

use crate::Console;

/// A filter as it was filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) states: Vec<JobState>,
    pub(crate) action: String,
    pub(crate) subject: String,
    pub(crate) backend: String,
    pub(crate) source: String,
    pub(crate) code: String,
    pub(crate) text: String,
    pub(crate) waiting: Option<WaitsFor>,
    pub(crate) since: String,
    pub(crate) until: String,
    /// When they ended.
    pub(crate) ended_since: String,
    pub(crate) ended_until: String,
    /// Only dead letters.
    pub(crate) dead: bool,
    /// Failed on this backend.
    pub(crate) failed_on: String,
    /// Dead letters of this cause.
    pub(crate) cause: String,
    /// The subject that is meant, where it was looked up.
    meant: Option<Subject>,
    /// The time zone in which these times are meant when they name none; empty = UTC.
    pub(crate) zone: String,
    /// The fields that cannot be understood, with the message that says why.
    wrong: Vec<(&'static str, &'static str)>,
}

impl Asked {
    /// Reads the fields of a query or a form.
    pub(crate) fn read(form: &Form) -> Self {
        let text = |name: &str| form.get(name).unwrap_or_default().to_owned();
        let mut asked = Asked {
            states: form.all("state").filter_map(JobState::from_word).collect(),
            action: text("action"),
            subject: text("subject"),
            backend: text("backend"),
            source: text("source"),
            code: text("code"),
            text: text("text"),
            waiting: form.get("waiting").and_then(waits_for),
            since: text("since"),
            until: text("until"),
            ended_since: text("ended_since"),
            ended_until: text("ended_until"),
            dead: form.is_ticked("dead"),
            failed_on: text("failed_on"),
            cause: text("cause"),
            meant: None,
            zone: text("zone"),
            wrong: Vec::new(),
        };
        let subject = asked.subject.is_empty() || asked.subject.parse::<Subject>().is_ok();
        // A zone that has nothing to say is no filter.
        if asked.times().iter().all(|(_, text)| text.is_empty()) {
            asked.zone.clear();
        }
        let time = |text: &str| text.is_empty() || asked.moment(text).is_some();
        let in_order = |since: &str, until: &str| {
            asked.moment(since).zip(asked.moment(until)).is_none_or(|(since, until)| since < until)
        };
        let checks = [
            ("subject", "filter-wrong-subject", subject),
            ("since", "filter-wrong-time", time(&asked.since)),
            ("until", "filter-wrong-time", time(&asked.until)),
            ("cause", "filter-wrong-cause", asked.cause.is_empty() || asked.cause.parse::<CauseId>().is_ok()),
            ("until", "filter-wrong-range", in_order(&asked.since, &asked.until)),
            ("ended_since", "filter-wrong-time", time(&asked.ended_since)),
            ("ended_until", "filter-wrong-time", time(&asked.ended_until)),
            ("ended_until", "filter-wrong-range", in_order(&asked.ended_since, &asked.ended_until)),
        ];
        asked.wrong =
            checks.into_iter().filter(|(.., right)| !right).map(|(name, why, _)| (name, why)).collect();
        asked
    }

    /// The same, with the subject that is meant where it is called by a name or an account.
    pub(crate) async fn meant(console: &Console, form: &Form) -> Result<Self, Problem> {
        let mut asked = Asked::read(form);
        if asked.subject.trim().is_empty() {
            return Ok(asked);
        }
        asked.wrong.retain(|(name, _)| *name != "subject");
        match console.hub.subject_meant(&asked.subject).await {
            Ok(subject) => asked.meant = Some(subject),
            Err(engine::Error::Missing(_)) => asked.wrong.push(("subject", "filter-nobody")),
            Err(engine::Error::Several { .. }) => asked.wrong.push(("subject", "filter-several")),
            Err(error) => return Err(error.into()),
        }
        Ok(asked)
    }

    /// Whether fields are filled in beside those that are always seen.
    pub(crate) fn is_detailed(&self) -> bool {
        let seen = ["state", "waiting", "text"];
        self.fields().iter().any(|(name, _)| !seen.contains(name))
    }

    /// The same, of those that have not ended, where no states are named.
    pub(crate) fn only_live(mut self) -> Self {
        if self.states.is_empty() {
            self.states = JobState::ALL.into_iter().filter(|state| !state.is_terminal()).collect();
        }
        self
    }

    /// The same, of dead letters only.
    pub(crate) fn only_dead(self) -> Self {
        Asked { states: Vec::new(), waiting: None, dead: true, ..self }
    }

    /// Its times, by the names of their fields.
    fn times(&self) -> [(&'static str, &String); 4] {
        [
            ("since", &self.since),
            ("until", &self.until),
            ("ended_since", &self.ended_since),
            ("ended_until", &self.ended_until),
        ]
    }

    /// The zone in which times without one are meant.
    pub(crate) fn zone_name(&self) -> &str {
        if self.zone.is_empty() { "UTC" } else { &self.zone }
    }

    /// A time with its zone, or what a browser's field for date and time holds, which is then in the zone of the form.
    fn moment(&self, text: &str) -> Option<Timestamp> {
        let zone = || TimeZone::get(self.zone_name()).ok();
        let local = || text.parse::<DateTime>().ok()?.to_zoned(zone()?).ok();
        text.parse().ok().or_else(|| local().map(|zoned| zoned.timestamp()))
    }

    /// Why a field cannot be understood.
    pub(crate) fn wrong(&self, v: &Visit, field: &str) -> Option<String> {
        self.wrong.iter().find(|(name, _)| *name == field).map(|(_, why)| v.t(why))
    }

    /// Whether all of it can be understood.
    pub(crate) fn is_clear(&self) -> bool {
        self.wrong.is_empty()
    }

    /// Whether it selects all jobs.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Asked::default()
    }

    pub(crate) fn has(&self, state: JobState) -> bool {
        self.states.contains(&state)
    }

    /// As fields, for links and hidden inputs.
    pub(crate) fn fields(&self) -> Vec<(&'static str, String)> {
        let states = self.states.iter().map(|state| ("state", state.as_str().to_owned()));
        let others = [
            ("action", &self.action),
            ("subject", &self.subject),
            ("backend", &self.backend),
            ("source", &self.source),
            ("code", &self.code),
            ("text", &self.text),
        ];
        let others = others.into_iter().chain(self.times()).chain([
            ("failed_on", &self.failed_on),
            ("cause", &self.cause),
            ("zone", &self.zone),
        ]);
        let dead = self.dead.then(|| ("dead", "true".to_owned()));
        let others = others.map(|(name, value)| (name, value.clone()));
        let waiting = WAITS.iter().filter(|(_, kind)| self.waiting == Some(*kind));
        let waiting = waiting.map(|(word, _)| ("waiting", (*word).to_owned()));
        states.chain(waiting).chain(dead).chain(others).filter(|(_, value)| !value.is_empty()).collect()
    }

    /// A path with the filter, and `more` behind it.
    pub(crate) fn link(&self, path: &str, more: &[(&str, String)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.fields() {
            query.append_pair(name, &value);
        }
        for (name, value) in more {
            query.append_pair(name, value);
        }
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    /// The same for the API, whose times are exact and whose words are its own.
    pub(crate) fn export(&self, format: &str) -> String {
        let exact = |text: &str| self.moment(text).map(|at| format!("{at:.3}")).unwrap_or_default();
        let asked = Asked {
            since: exact(&self.since),
            until: exact(&self.until),
            ended_since: exact(&self.ended_since),
            ended_until: exact(&self.ended_until),
            zone: String::new(),
            waiting: None,
            ..self.clone()
        };
        let waiting = WAITS.iter().filter(|(_, kind)| self.waiting == Some(*kind));
        let waiting = waiting.map(|(word, _)| ("waiting_on", (*word).to_owned()));
        let more: Vec<_> = waiting.chain([("format", format.to_owned())]).collect();
        asked.link("/api/v1/jobs/export", &more)
    }

    /// For the journal; `None` = it cannot be understood. What jobs wait for stands beside it.
    pub(crate) fn filter(&self) -> Option<Filter> {
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        self.is_clear().then(|| Filter {
            states: self.states.clone(),
            action: some(&self.action),
            subject: self.meant.clone().or_else(|| self.subject.parse().ok()),
            source: some(&self.source),
            backend: some(&self.backend),
            code: some(&self.code),
            text: some(&self.text),
            dead: self.dead,
            failed_on: some(&self.failed_on),
            cause: self.cause.parse().ok(),
            since: self.moment(&self.since),
            until: self.moment(&self.until),
            ended_since: self.moment(&self.ended_since),
            ended_until: self.moment(&self.ended_until),
            ..Filter::default()
        })
    }
}

/// What jobs may wait for, by the word in a form.
pub(crate) const WAITS: [(&str, WaitsFor); 11] = [
    ("subject", WaitsFor::Subject),
    ("failsafe", WaitsFor::Failsafe),
    ("pause", WaitsFor::Pause),
    ("breaker", WaitsFor::Breaker),
    ("backend_wait", WaitsFor::BackendWait),
    ("window", WaitsFor::Window),
    ("rate", WaitsFor::Rate),
    ("retry", WaitsFor::Retry),
    ("later", WaitsFor::Later),
    ("slot", WaitsFor::Slot),
    ("nothing", WaitsFor::Nothing),
];

fn waits_for(word: &str) -> Option<WaitsFor> {
    WAITS.into_iter().find(|(known, _)| *known == word).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str) -> Asked {
        Asked::read(&Form::of_query(query))
    }

    #[test]
    fn empty_fields_say_nothing() {
        let asked = asked("state=&action=&since=&subject=");
        assert!(asked.is_empty() && asked.is_clear());
        assert_eq!(asked.filter().unwrap(), Filter::default());
        assert_eq!(asked.link("/jobs", &[]), "/jobs");
    }

    #[test]
    fn a_filter_is_written_as_it_was_read() {
        let query = "state=failed&state=running&waiting=retry&action=DO+IT&since=2026-11-30T18%3A00";
        let asked = asked(query);
        assert_eq!(asked.link("/jobs", &[]), format!("/jobs?{query}"));
        let filter = asked.filter().unwrap();
        assert_eq!(filter.states, [JobState::Failed, JobState::Running]);
        assert_eq!(filter.since.unwrap().to_string(), "2026-11-30T18:00:00Z");
        assert!(
            asked.export("csv").ends_with("since=2026-11-30T18%3A00%3A00.000Z&waiting_on=retry&format=csv")
        );
    }

    #[test]
    fn times_are_those_of_the_reader_s_zone_and_ranges_have_a_length() {
        let paris = asked("since=2026-11-30T18:00&until=2026-11-30T19:00Z&zone=Europe/Paris");
        let filter = paris.filter().unwrap();
        assert_eq!(filter.since.unwrap().to_string(), "2026-11-30T17:00:00Z");
        assert_eq!(filter.until.unwrap().to_string(), "2026-11-30T19:00:00Z");
        assert!(paris.link("/jobs", &[]).contains("zone=Europe%2FParis"));
        assert!(
            paris.export("csv").contains("since=2026-11-30T17%3A00%3A00.000Z")
                && !paris.export("csv").contains("zone")
        );
        assert!(asked("zone=Europe/Paris").is_empty());
        assert!(asked("since=2026-11-30T18:00&zone=Mars/Base").filter().is_none());
        let empty = asked("since=2026-11-30T18:00&until=2026-11-30T18:00");
        assert!(empty.filter().is_none() && empty.wrong == [("until", "filter-wrong-range")]);
    }

    #[test]
    fn what_ended_in_a_time_is_asked_for_like_what_was_accepted() {
        let asked = asked("ended_since=2026-11-30T18:00&ended_until=2026-11-30T19:00&zone=Europe/Paris");
        let filter = asked.filter().unwrap();
        assert_eq!(filter.ended_since.unwrap().to_string(), "2026-11-30T17:00:00Z");
        assert_eq!(filter.ended_until.unwrap().to_string(), "2026-11-30T18:00:00Z");
        assert!(asked.export("csv").contains("ended_until=2026-11-30T18%3A00%3A00.000Z"));
        let none = Asked { ended_since: asked.ended_until.clone(), ..asked };
        assert_eq!(Asked::read(&Form::of_query(none.link("", &[]).trim_start_matches('?'))).wrong.len(), 1);
    }

    #[test]
    fn what_is_wrong_selects_nothing() {
        let asked = asked("subject=alice&until=tomorrow");
        assert!(!asked.is_clear() && asked.filter().is_none());
        assert_eq!(asked.wrong.len(), 2);
    }
}
