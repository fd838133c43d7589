use std::time::Duration;

use model::{ActionSpec, Class, Destructive, RetryPolicy};
use serde_json::json;

use super::{Site, loaded};

fn spec(text: &str, base: ActionSpec) -> ActionSpec {
    let config = loaded(&format!("actions:\n  X:\n{text}")).config;
    config.actions.0["X"].over(base)
}

#[test]
fn an_entry_says_everything() {
    let text = "
    schema: {type: object, required: [payload]}
    class: interactive
    secrets: [/payload/pin, /payload/list/*/code]
    destructive: delete
    optional: true
    null_as_empty: true
    subject: {kind: account, pointer: [/payload/uid, /concernedTo]}
    retry: {max: 3, initial: 10s, max_delay: 5m, max_age: 1h}
";
    let expected = ActionSpec {
        schema: Some(json!({"type": "object", "required": ["payload"]})),
        subject_kind: Some("account".to_owned()),
        subject_pointers: vec!["/payload/uid".to_owned(), "/concernedTo".to_owned()],
        class: Class::Interactive,
        secrets: vec!["/payload/pin".to_owned(), "/payload/list/*/code".to_owned()],
        destructive: Some(Destructive::Delete),
        retry: Some(RetryPolicy {
            max: 3,
            initial: Duration::from_secs(10),
            max_delay: Duration::from_mins(5),
            max_age: Some(Duration::from_hours(1)),
            ..RetryPolicy::HTTP
        }),
        optional: true,
        null_as_empty: true,
    };
    assert_eq!(spec(text, ActionSpec::default()), expected);
}

#[test]
fn what_an_entry_does_not_say_stays() {
    let base = ActionSpec {
        schema: Some(json!({"type": "object"})),
        subject_kind: Some("account".to_owned()),
        subject_pointers: vec!["/payload/uid".to_owned()],
        class: Class::Interactive,
        secrets: vec!["/payload/pin".to_owned()],
        destructive: Some(Destructive::Disable),
        retry: Some(bus::RETRY),
        optional: true,
        null_as_empty: true,
    };
    assert_eq!(spec("    {}\n", base.clone()), base);
    assert_eq!(spec("    subject:\n    retry:\n    schema:\n", base.clone()), base);
    let more = spec("    secrets: /payload/code\n    optional: false\n    retry: {max: 2}\n", base.clone());
    assert_eq!(more.secrets, ["/payload/pin", "/payload/code"]);
    assert!(!more.optional && more.null_as_empty);
    assert_eq!(more.retry, Some(RetryPolicy { max: 2, ..bus::RETRY }));
    let unordered = spec("    subject: {kind: none}\n", base);
    assert_eq!((unordered.subject_kind, unordered.subject_pointers.len()), (None, 1));
}

#[test]
fn a_schema_may_be_a_file_beside_the_configuration() {
    let site = Site::new("actions:\n  X: {schema: schemas/x.json}\n  'request.*': {schema: y.yml}\n");
    std::fs::create_dir(site.path("schemas")).unwrap();
    site.write("schemas/x.json", r#"{"type": "object", "maxProperties": 5}"#);
    site.write("y.yml", "type: object\n");
    let actions = site.load(&[]).unwrap().config.actions;
    let schema = |name: &str| actions.0[name].over(ActionSpec::default()).schema;
    assert_eq!(schema("X"), Some(json!({"type": "object", "maxProperties": 5})));
    assert_eq!(schema("request.*"), Some(json!({"type": "object"})));
}

#[test]
fn what_an_entry_cannot_say_is_refused_where_it_stands() {
    for (text, message) in [
        ("  X:\n    schema: none.json\n", "actions.X.schema (intendant.yml:3): none.json: No such file"),
        ("  X:\n    schema: bad.json\n", "actions.X.schema (intendant.yml:3): bad.json: "),
        (
            "  X:\n    schema: [1]\n",
            "intendant.yml:3: \"[1]\" is not understood here: write a JSON Schema, or",
        ),
        (
            "  X:\n    secrets: [payload/pin]\n",
            "actions.X.secrets (intendant.yml:3): \"payload/pin\" is not understood",
        ),
        (
            "  X:\n    subject:\n      pointer: uid\n",
            "actions.X.subject.pointer (intendant.yml:4): \"uid\" is not",
        ),
        ("  X:\n    subject:\n      kind: a:b\n", "actions.X.subject.kind (intendant.yml:4): \"a:b\" is not"),
        (
            "  '*':\n    class: bulk\n",
            "actions.* (intendant.yml:2): \"*\" is not understood here: write an action's name",
        ),
        ("  'a*b':\n    class: bulk\n", "actions.a*b (intendant.yml:2): "),
        ("  'a**':\n    class: bulk\n", "actions.a** (intendant.yml:2): "),
        (
            "  X:\n    class: slow\n",
            "intendant.yml:3: \"slow\" is not understood here: write one of interactive, bulk",
        ),
        (
            "  X:\n    destructive: yes\n",
            "intendant.yml:3: \"yes\" is not understood here: write one of delete, disable",
        ),
        ("  X:\n    optional: yes\n", "intendant.yml:3: \"yes\" is not understood here: write true or false"),
        (
            "  X:\n    retry: {maximum: 5}\n",
            "intendant.yml:3: unknown key maximum, known here are max, initial",
        ),
        ("  X:\n", "intendant.yml"),
    ] {
        let site = Site::new(&format!("actions:\n{text}"));
        site.write("bad.json", "{\"type\": ");
        let refusal = site.refusal(&[]);
        assert!(refusal.starts_with(message), "{refusal}");
    }
}
