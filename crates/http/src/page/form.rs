//! What a form was filled in with.

use axum::extract::{FromRef, FromRequest, Request};
use axum::http::StatusCode;

use super::kit::Kit;
use crate::body::require;
use crate::problem::Problem;

/// A page of everything that can be ticked has far fewer fields: each takes much more memory than its bytes.
const MOST: usize = 20_000;

/// The fields of a form that was sent, in order. Not shown by `Debug`: passwords are among them.
#[derive(Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// A field that is not empty, without white space around it.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.raw(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// A field as it was typed.
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a field that may be given more than once.
    pub fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// Every field, in order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether a box was ticked.
    pub fn is_ticked(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// The fields of a query string.
    pub fn of_query(query: &str) -> Self {
        Form(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl<S> FromRequest<S> for Form
where
    S: Send + Sync,
    Kit: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        require(&head.headers, "application/x-www-form-urlencoded")?;
        let document = Kit::from_ref(state).read(&head, body).await?;
        let fields = form_urlencoded::parse(&document.bytes).into_owned().take(MOST + 1).collect::<Vec<_>>();
        if fields.len() > MOST {
            let detail = format!("the form has more than {MOST} fields");
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail));
        }
        Ok(Form(fields))
    }
}
