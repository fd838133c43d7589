//! Patience with a hub that goes away while a command follows something: it may be started anew, or another one take over.

use std::time::Duration;

use api::Error;

/// The pause between two tries to reach a hub that went away.
pub const PAUSE: Duration = Duration::from_secs(1);

/// What is known of a hub that a command follows, and what a person was told of it.
#[derive(Debug, Default)]
pub struct Patience {
    /// It has answered once: it is there, or will be.
    met: bool,
    /// What was said last, while it is away.
    said: Option<String>,
}

impl Patience {
    /// The hub answers. What to tell a person, if they were told that it had gone.
    pub fn answered(&mut self) -> Option<&'static str> {
        self.met = true;
        self.said.take().map(|_| "the hub is back")
    }

    /// The hub went away, or this came of asking it again. What to tell a person, if that is new.
    ///
    /// # Errors
    /// What does not pass by itself; and whatever comes of asking a hub that has not answered yet.
    pub fn bear(&mut self, why: Option<Error>) -> Result<Option<String>, Error> {
        let words = match why {
            Some(error) if !self.met || !error.passes() => return Err(error),
            // Another one may be at work by now, and this one say so.
            Some(Error::Problem(problem)) => format!("it answers: {}", problem.detail),
            _ if self.said.is_some() => return Ok(None),
            _ => "the hub went away: waiting until it is back (Ctrl-C ends)".to_owned(),
        };
        if self.said.as_ref() == Some(&words) {
            return Ok(None);
        }
        self.said = Some(words.clone());
        Ok(Some(words))
    }
}

#[cfg(test)]
mod tests {
    use http::Problem;

    use super::*;

    fn stands_by() -> Error {
        Problem::later("standing_by", 10, "this hub stands by").into()
    }

    fn lost() -> Error {
        Error::Lost("it broke off".to_owned())
    }

    #[test]
    fn each_thing_is_said_once_until_it_is_back() {
        let mut hub = Patience::default();
        assert_eq!(hub.answered(), None);
        assert!(hub.bear(None).unwrap().unwrap().contains("went away"));
        assert_eq!(hub.bear(Some(lost())).unwrap(), None);
        assert_eq!(hub.bear(Some(stands_by())).unwrap().unwrap(), "it answers: this hub stands by");
        assert_eq!(hub.bear(Some(stands_by())).unwrap(), None);
        assert_eq!(hub.bear(Some(lost())).unwrap(), None);
        assert_eq!(hub.answered(), Some("the hub is back"));
        assert_eq!(hub.answered(), None);
        assert!(hub.bear(Some(lost())).unwrap().is_some());
    }

    #[test]
    fn nobody_waits_for_a_hub_that_was_never_there_or_for_what_does_not_pass() {
        let mut hub = Patience::default();
        assert!(hub.bear(Some(stands_by())).is_err());
        assert!(hub.bear(Some(lost())).is_err());
        hub.answered();
        assert!(hub.bear(Some(Problem::unauthenticated().into())).is_err());
        assert!(hub.bear(Some(Problem::missing("job 1").into())).is_err());
    }
}
