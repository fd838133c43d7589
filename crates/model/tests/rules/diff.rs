use model::diff::differences;
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn members_and_elements_are_compared_one_by_one() {
    let before = json!({"a": 1, "b": {"c/d": [1, 2, {"e": null}]}, "gone": "x"});
    let after = json!({"a": 1, "b": {"c/d": [1, 3, {"e": false}, 4]}, "new": {"f": 5}});
    let expected = [
        ("/b/c~1d/1", Some(json!(2)), Some(json!(3))),
        ("/b/c~1d/2/e", Some(json!(null)), Some(json!(false))),
        ("/b/c~1d/3", None, Some(json!(4))),
        ("/gone", Some(json!("x")), None),
        ("/new", None, Some(json!({"f": 5}))),
    ];
    let expected: Vec<_> =
        expected.into_iter().map(|(place, old, new)| (place.to_owned(), old, new)).collect();
    assert_eq!(differences(&before, &after), expected);
    assert_eq!(differences(&json!([1]), &json!({"0": 1})).len(), 1);
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<u8>().prop_map(|n| json!(n)),
        "[a/~]{0,2}".prop_map(|s| json!(s))
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a/~]{1,2}", inner, 0..3).prop_map(|m| json!(m)),
        ]
    })
}

proptest! {
    #[test]
    fn each_difference_is_there_and_equal_documents_have_none(before in document(), after in document()) {
        let found = differences(&before, &after);
        prop_assert_eq!(found.is_empty(), before == after);
        for (place, old, new) in found {
            prop_assert_eq!(before.pointer(&place), old.as_ref());
            prop_assert_eq!(after.pointer(&place), new.as_ref());
            prop_assert_ne!(old, new);
        }
    }
}
