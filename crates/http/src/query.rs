//! Query strings: read strictly on one side, written on the other.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use model::JobState;

use crate::problem::Problem;
use crate::suggest::{hint, quote};

/// The parameters of a request, taken out by name; what is left at the end is unknown.
pub struct Params {
    given: Vec<(String, String)>,
    known: Vec<&'static str>,
}

impl Params {
    /// Those of a query string, as it stands behind the `?`.
    pub fn new(query: Option<&str>) -> Self {
        let given = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
        Params { given, known: Vec::new() }
    }

    /// Every value of a parameter that may be repeated.
    pub fn all(&mut self, name: &'static str) -> Vec<String> {
        self.known.push(name);
        self.given.extract_if(.., |(given, _)| given == name).map(|(_, value)| value).collect()
    }

    /// A parameter as it is.
    pub fn one(&mut self, name: &'static str) -> Result<Option<String>, Problem> {
        let mut values = self.all(name);
        match values.len() {
            0 | 1 => Ok(values.pop()),
            _ => Err(Problem::bad_request(format!("the parameter {name} is given twice"))),
        }
    }

    /// A parameter that is written as `expected`.
    pub fn value<T: FromStr>(&mut self, name: &'static str, expected: &str) -> Result<Option<T>, Problem> {
        let wrong = |_| Problem::bad_request(format!("the parameter {name} must be {expected}"));
        self.one(name)?.map(|text| text.parse().map_err(wrong)).transpose()
    }

    /// A whole number in a range.
    pub fn number(&mut self, name: &'static str, range: RangeInclusive<u32>) -> Result<Option<u32>, Problem> {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        match self.value(name, &expected)? {
            Some(number) if !range.contains(&number) => {
                Err(Problem::bad_request(format!("the parameter {name} must be {expected}")))
            }
            number => Ok(number),
        }
    }

    /// `true` or `false`; absent = `false`.
    pub fn flag(&mut self, name: &'static str) -> Result<bool, Problem> {
        Ok(self.value(name, "true or false")?.unwrap_or(false))
    }

    /// Every state of jobs that is named, all of them words of the model.
    pub fn states(&mut self, name: &'static str) -> Result<Vec<JobState>, Problem> {
        let words = JobState::ALL.map(JobState::as_str);
        let state = |word: String| {
            JobState::from_word(&word).ok_or_else(|| {
                Problem::bad_request(format!(
                    "{} is no state of a job: {}",
                    quote(&word),
                    hint(&word, &words)
                ))
            })
        };
        self.all(name).into_iter().map(state).collect()
    }

    /// Refuses what nobody asked for: a filter with a typing error must not select everything.
    pub fn finish(self) -> Result<(), Problem> {
        let Some((name, _)) = self.given.first() else { return Ok(()) };
        let rest = match self.known.as_slice() {
            [] => "none is known here".to_owned(),
            known => hint(name, known),
        };
        Err(Problem::bad_request(format!("unknown parameter {}: {rest}", quote(name))))
    }
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Params::new(parts.uri.query()))
    }
}

/// A path with parameters, being written.
#[derive(Default)]
pub struct Query {
    path: String,
    parameters: String,
}

impl Query {
    /// A path without parameters yet.
    pub fn new(path: impl Into<String>) -> Self {
        Query { path: path.into(), parameters: String::new() }
    }

    /// Adds a parameter that is there.
    pub fn add(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            // A serializer of its own each time: a longer-lived one cannot cross threads.
            let mut parameters = form_urlencoded::Serializer::new(std::mem::take(&mut self.parameters));
            self.parameters = parameters.append_pair(name, &value.to_string()).finish();
        }
    }

    /// Only the parameters: `name=value`.
    pub fn parameters(self) -> String {
        self.parameters
    }

    /// `path?name=value`.
    pub fn finish(self) -> String {
        let Query { path, parameters } = self;
        if parameters.is_empty() { path } else { format!("{path}?{parameters}") }
    }
}
