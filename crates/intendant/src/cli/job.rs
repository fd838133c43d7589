//! A job, as it is named on a command line.

use std::convert::Infallible;
use std::str::FromStr;

use model::JobId;

/// A job by one of its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobName {
    /// The hub's own.
    Ours(JobId),
    /// The one that whoever asked for it gave: BullMQ's, the idempotency key, the id of a message.
    Theirs(String),
}

impl FromStr for JobName {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.parse().map_or_else(|_| JobName::Theirs(text.to_owned()), JobName::Ours))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_the_hubs_own_name_is_the_callers() {
        let read = |text: &str| text.parse::<JobName>().unwrap();
        assert!(matches!(read("0193a5b2-7f3e-7abc-8def-0123456789ab"), JobName::Ours(_)));
        assert_eq!(read("66c22991bdc3c9a7563a9d4f"), JobName::Theirs("66c22991bdc3c9a7563a9d4f".to_owned()));
    }
}
