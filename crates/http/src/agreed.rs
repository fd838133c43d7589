//! Agreeing, over HTTP, to what cannot be taken back: above so many the caller names the number.

use axum::http::StatusCode;
use model::failsafe::UNNAMED;

use crate::problem::Problem;

/// Makes sure that a caller knows how many will be lost: whoever names a number names the right one, and above fifty it
/// has to be named. The problem says the number that holds, also as its member `expected`. `what` = what is done to them,
/// such as `delete`.
pub fn agreed(what: &str, n: u64, expected: Option<u64>) -> Result<(), Problem> {
    let (status, code, detail) = match expected {
        None if n <= UNNAMED => return Ok(()),
        Some(expected) if expected == n => return Ok(()),
        None => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "number_needed",
            format!("this would {what} {n}, more than {UNNAMED}: say that you know it, with `expected`: {n}"),
        ),
        Some(expected) => (
            StatusCode::CONFLICT,
            "other_number",
            format!("this would {what} {n}, not {expected}: look again, then say `expected`: {n}"),
        ),
    };
    let known = u32::try_from(n).unwrap_or(u32::MAX);
    Err(Problem { expected: Some(known), ..Problem::new(status, code, detail) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn above_fifty_the_number_is_named_and_it_is_always_the_right_one() {
        for (n, expected, code) in [
            (50, None, None),
            (51, None, Some("number_needed")),
            (51, Some(51), None),
            (51, Some(50), Some("other_number")),
            (3, Some(3), None),
            (3, Some(4), Some("other_number")),
            (0, None, None),
        ] {
            let answer = agreed("delete", n, expected);
            let problem = answer.as_ref().err();
            assert_eq!(problem.map(|problem| problem.code.as_str()), code, "{n} {expected:?}");
            assert_eq!(problem.and_then(|problem| problem.expected).map(u64::from), code.map(|_| n));
        }
    }
}
