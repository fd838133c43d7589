//! Waiting for what cannot be awaited: another program's state.
#![allow(
    clippy::disallowed_methods,
    reason = "another program tells nobody that it is ready: it must be asked again"
)]

use std::time::{Duration, Instant};

/// Asks again and again until there is an answer, or `limit` is over.
pub fn until<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    loop {
        let answer = ask();
        if answer.is_some() || Instant::now() >= end {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_until_there_is_an_answer() {
        let mut asked = 0;
        let answer = until(Duration::from_mins(1), || {
            asked += 1;
            (asked == 3).then_some("three")
        });
        assert_eq!(answer, Some("three"));
    }

    #[test]
    fn gives_up() {
        assert_eq!(until(Duration::ZERO, || None::<()>), None);
    }
}
