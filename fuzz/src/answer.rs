//! What scripts print.

use scripts::answer::{Found, find};

/// An answer stands where it says, and is the same when it stands alone; an object that is none is no answer alone.
pub(crate) fn run(bytes: &[u8]) {
    let found = find(bytes);
    let (Found::Answer(answer) | Found::Remark(answer)) = &found else { return };
    let text = bytes.get(answer.place.clone()).expect("an answer stands outside of what was printed");
    assert!(
        text.starts_with(b"{") && text.ends_with(b"}"),
        "an answer is no object: {}",
        text.escape_ascii()
    );
    assert_eq!(
        answer.status().is_some(),
        matches!(found, Found::Answer(_)),
        "an answer has a status that counts"
    );
    let alone = match find(text) {
        Found::Answer(alone) | Found::Remark(alone) => alone,
        Found::Nothing => panic!("an answer is none alone: {}", text.escape_ascii()),
    };
    assert_eq!(alone.place, 0..text.len(), "an answer is only a part of itself");
    assert_eq!(alone.into_value(), answer.clone().into_value(), "an answer means something else alone");
}
