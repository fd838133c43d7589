use std::collections::BTreeMap;

use model::cursor::BadEvents;
use model::{EventSeq, EventsCursor};
use proptest::prelude::*;

/// Few origins and numbers, so that they meet.
fn event() -> impl Strategy<Value = EventSeq> {
    (0..5_i64, 0..20_i64).prop_map(|(origin, number)| EventSeq::of(origin, number))
}

fn any_event() -> impl Strategy<Value = EventSeq> {
    (0..=i64::MAX, 0..=i64::MAX).prop_map(|(origin, number)| EventSeq::of(origin, number))
}

/// Events, and the position that has passed all of them.
fn passed(event: impl Strategy<Value = EventSeq>) -> impl Strategy<Value = (Vec<EventSeq>, EventsCursor)> {
    proptest::collection::vec(event, 0..30).prop_map(|events| {
        let mut cursor = EventsCursor::default();
        for event in &events {
            cursor.pass(*event);
        }
        (events, cursor)
    })
}

/// The last of each origin, by other means.
fn last(events: &[EventSeq]) -> BTreeMap<i64, i64> {
    let mut last = BTreeMap::new();
    for event in events.iter().filter(|event| event.number() > 0) {
        let number = last.entry(event.origin()).or_insert(0);
        *number = event.number().max(*number);
    }
    last
}

fn places(cursor: &EventsCursor) -> Vec<(i64, i64)> {
    cursor.places().map(|place| (place.origin(), place.number())).collect()
}

proptest! {
    #[test]
    fn a_position_is_behind_all_that_it_passed_and_nothing_else((events, cursor) in passed(event()), next in event()) {
        let last = last(&events);
        prop_assert_eq!(places(&cursor), last.iter().map(|(o, n)| (*o, *n)).collect::<Vec<_>>());
        prop_assert_eq!(cursor.number(next.origin()), last.get(&next.origin()).copied().unwrap_or(0));
        let mut moved = cursor.clone();
        prop_assert_eq!(moved.pass(next), next.number() > cursor.number(next.origin()));
        prop_assert!(!moved.pass(next), "once");
    }

    #[test]
    fn it_comes_back_from_its_text((_, cursor) in passed(any_event()), event in any_event()) {
        prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        prop_assert_eq!(event.to_string().parse(), Ok(event));
        prop_assert_eq!(event.to_string().parse(), Ok(EventsCursor::behind(event)), "each is a position, too");
        let json = serde_json::to_string(&event).unwrap();
        prop_assert_eq!(&json, &format!("\"{event}\""));
        prop_assert_eq!(serde_json::from_str::<EventSeq>(&json).unwrap(), event);
    }

    #[test]
    fn the_lesser_skips_nothing_that_one_of_both_has_not_seen(
        (_, one) in passed(event()),
        (_, other) in passed(event()),
        event in event(),
    ) {
        let both = one.clone().at_most(&other);
        prop_assert_eq!(&both, &other.clone().at_most(&one));
        let number = event.origin();
        prop_assert_eq!(both.number(number), one.number(number).min(other.number(number)));
        prop_assert_eq!(both.to_string().parse(), Ok(both), "without places that say nothing");
    }

    #[test]
    fn the_greater_is_behind_what_either_has_seen(
        (seen, one) in passed(event()),
        (more, other) in passed(event()),
    ) {
        let both = one.clone().join(&other);
        prop_assert_eq!(&both, &other.clone().join(&one));
        let all: Vec<_> = seen.into_iter().chain(more).collect();
        prop_assert_eq!(places(&both), last(&all).into_iter().collect::<Vec<_>>());
        prop_assert_eq!(one.clone().at_most(&both), one);
    }

    #[test]
    fn no_text_is_too_much_for_it(text in "[0-9:, +-]{0,40}|.{0,40}") {
        if let Ok(cursor) = text.parse::<EventsCursor>() {
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
    }
}

#[test]
fn what_it_looks_like() {
    let read = |text: &str| text.parse::<EventsCursor>().unwrap().to_string();
    assert_eq!(read("120"), "120", "as a hub that counts for itself has given it");
    assert_eq!(read("0:120,3:55,5:88"), "120,3:55,5:88");
    assert_eq!(read("5:88,120,3:55"), "120,3:55,5:88");
    assert_eq!(read("0,3:0,5:88"), "5:88");
    assert_eq!(
        (read("0"), read("3:0"), EventsCursor::default().to_string()),
        ("0".into(), "0".into(), "0".into())
    );
    assert_eq!("0:120".parse(), Ok(EventSeq::new(120)));
    assert_eq!(serde_json::from_str::<EventSeq>("120").unwrap(), EventSeq::new(120));
}

#[test]
fn nonsense_is_refused() {
    let numbers =
        ["", " ", ":", "1:", ":1", "1:2:3", "-1", "+1", "1,", ",1", "1, 2", "x", "9223372036854775808"];
    for text in numbers {
        assert_eq!(text.parse::<EventsCursor>(), Err(BadEvents::Number), "{text:?}");
    }
    for text in ["1,2", "0:1,2", "3:1,4:1,3:2", "3:0,3:0"] {
        assert_eq!(text.parse::<EventsCursor>(), Err(BadEvents::Twice), "{text:?}");
    }
    for json in ["-1", "1.5", "null", "\"x\"", "9223372036854775808"] {
        assert!(serde_json::from_str::<EventSeq>(json).is_err(), "{json}");
    }
    let long = |origins: i64| (1..=origins).map(|n| format!("{n}:1")).collect::<Vec<_>>().join(",");
    assert_eq!(long(4096).parse::<EventsCursor>().unwrap().to_string(), long(4096));
    assert_eq!(long(4097).parse::<EventsCursor>(), Err(BadEvents::TooMany));
    assert_eq!(",".repeat(1 << 20).parse::<EventsCursor>(), Err(BadEvents::Number));
}
