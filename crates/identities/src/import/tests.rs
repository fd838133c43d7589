//! Files of every format, good and bad.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn read_all(file: &str, format: Format, mapping: &str) -> Vec<Record> {
    read(file.as_bytes(), format, &Mapping::parse(mapping).unwrap()).unwrap()
}

/// The document of a record, which must be good.
fn good(record: &Record) -> Value {
    Value::Object(
        record.identity.clone().unwrap_or_else(|why| panic!("line {}: {why}", record.line)).document,
    )
}

/// Lines and reasons of what is bad.
fn bad(records: &[Record]) -> Vec<(u64, &str)> {
    records.iter().filter_map(|r| Some((r.line, r.identity.as_ref().err()?.as_str()))).collect()
}

#[test]
fn ndjson_tells_of_every_bad_line_and_takes_the_others() {
    let file = concat!(
        r#"{"inetOrgPerson": {"uid": "a"}}"#,
        "\n\n",
        r#"{"inetOrgPerson": "#,
        "\n",
        r#"{"inetOrgPerson": {"cn": "nobody"}}"#,
        "\r\n",
        r#"{"inetOrgPerson": {"uid": "a"}}"#,
        "\n",
        "[1]\n",
        r#"{"_id": "66c2", "inetOrgPerson": {"uid": "b"}}"#,
    );
    let records = read_all(file, Format::Ndjson, "");
    let good: Vec<u64> = records.iter().filter(|r| r.identity.is_ok()).map(|r| r.line).collect();
    assert_eq!(good, [1, 7]);
    assert_eq!(records[5].identity.as_ref().unwrap().id, "66c2");
    assert_eq!(
        bad(&records),
        [
            (3, "it is no JSON from column 18 on"),
            (4, "it has no uid, by which identities are told apart"),
            (5, "it is the same identity as on line 1"),
            (6, "it is no JSON object"),
        ]
    );
}

#[test]
fn an_array_knows_the_lines_of_its_items() {
    let file = "\n[\n  {\"inetOrgPerson\": {\"uid\": \"a\"}},\n  7,\n  {\n \"inetOrgPerson\": {\"uid\": \"b\"}}\n]\n";
    let records = read_all(file, Format::Json, "");
    assert_eq!(records.iter().map(|r| r.line).collect::<Vec<_>>(), [3, 4, 5]);
    assert_eq!(bad(&records), [(4, "it is no JSON object")]);
    let one = read_all("\n{\"inetOrgPerson\": {\"uid\": \"a\"}}", Format::Json, "");
    assert_eq!((one.len(), one[0].line), (1, 2));
    let why = read(b"{}\n{}", Format::Json, &Mapping::default()).unwrap_err();
    assert!(why.contains("line 2") && why.contains("ndjson"), "{why}");
}

#[test]
fn a_table_needs_no_mapping_when_its_columns_are_named_well() {
    let file = "\u{feff}uid;CN;sn;inetOrgPerson.title;/additionalFields/attributes/supannPerson/supannCivilite;state;mobile\n\
                adupont;\"DUPONT; Alain\";DUPONT;Prof;M.;99;'+33 6\n\
                short;row\n\
                ;X;Y;;;;\n";
    let records = read_all(file, Format::Csv, "");
    assert_eq!(
        good(&records[0]),
        json!({
            "inetOrgPerson": {"uid": "adupont", "cn": "DUPONT; Alain", "sn": "DUPONT", "title": "Prof", "mobile": "+33 6"},
            "additionalFields": {"attributes": {"supannPerson": {"supannCivilite": "M."}}},
        })
    );
    assert_eq!(
        bad(&records),
        [(3, "it has 2 cells, and the heading 7"), (4, "it has no uid, by which identities are told apart")]
    );
}

#[test]
fn a_mapping_makes_documents_of_any_table() {
    let mapping = "
key: [employeeNumber, employeeType]
separator: '|'
fields:
  uid: LOGIN
  cn: '{NOM} {PRENOM}'
  sn: NOM
  employeeNumber: MATRICULE
  /additionalFields/attributes/supannPerson/supannAutreMail: MAIL
constants:
  employeeType: TAIGA
  /additionalFields/objectClasses: [supannPerson]
";
    let file = "LOGIN|NOM|PRENOM|MATRICULE|MAIL|NOISE\nadupont|DUPONT|Alain|111|a@b|x\nb|B|||c@d|y\n";
    let records = read_all(file, Format::Csv, mapping);
    assert_eq!(
        good(&records[0]),
        json!({
            "inetOrgPerson": {"uid": "adupont", "cn": "DUPONT Alain", "sn": "DUPONT", "employeeNumber": "111", "employeeType": "TAIGA"},
            "additionalFields": {"attributes": {"supannPerson": {"supannAutreMail": "a@b"}}, "objectClasses": ["supannPerson"]},
        })
    );
    assert_eq!(
        bad(&records),
        [(3, "it has no employeeNumber or no employeeType, by which identities are told apart")]
    );
}

#[test]
fn tables_that_cannot_be_read_at_all_say_why() {
    for (file, why) in [("a,a\n1,2\n", "two columns"), ("", "names no columns"), (",,\n", "names no columns")]
    {
        let said = read(file.as_bytes(), Format::Csv, &Mapping::default()).unwrap_err();
        assert!(said.contains(why), "{file:?}: {said}");
    }
    let bytes = b"uid,cn\na,caf\xe9\nb,x\n";
    let records = read(bytes, Format::Csv, &Mapping::default()).unwrap();
    assert_eq!(bad(&records), [(2, "cn is not written in UTF-8")]);
    assert!(records[1].identity.is_ok());
}

#[test]
fn ldif_is_unfolded_decoded_and_mapped() {
    let file = "version: 1\n# a comment\n#  folded\n  further\n\
                dn: uid=a,dc=x\nobjectClass: inetOrgPerson\nuid: a\ncn:: w4ljb2xl\nsn: very\n  long\n\
                mail: one@x\nmail: two@x\nuserPassword:: e1NTSEF9\n\n\
                dn: uid=b,dc=x\nchangetype: modify\nreplace: mail\n\n\n\
                dn: uid=c,dc=x\nuid: c\njpegPhoto:< file:///x\n\n\
                dn: uid=d,dc=x\nbroken\n\n\
                dn: uid=e,dc=x\r\nuid;x-opt: e\r\njpegPhoto:: /9j/\r\n";
    let records = read_all(file, Format::Ldif, "lists: [mail]");
    assert_eq!(
        good(&records[0]),
        json!({"inetOrgPerson": {"uid": "a", "cn": "École", "sn": "very long", "mail": ["one@x", "two@x"]}})
    );
    assert_eq!(good(&records[4]), json!({"inetOrgPerson": {"uid": "e", "jpegPhoto": "/9j/"}}));
    assert_eq!(
        bad(&records),
        [
            (15, "it changes an entry, and only whole entries are imported"),
            (20, "line 22 refers to a file, which is not read"),
            (24, "line 25 is no `attribute: value`"),
        ]
    );
}

#[test]
fn objects_of_any_shape_can_be_mapped() {
    let mapping = "fields: {uid: login, cn: /name/full, departmentNumber: units}\nlists: [departmentNumber]";
    let file = r#"{"login": "a", "name": {"full": "A B"}, "units": ["x", "y"]}"#;
    let records = read_all(file, Format::Ndjson, mapping);
    assert_eq!(
        good(&records[0]),
        json!({"inetOrgPerson": {"uid": "a", "cn": "A B", "departmentNumber": ["x", "y"]}})
    );
}

#[test]
fn mappings_that_cannot_be_used_say_why() {
    for (text, why) in [
        ("fields: {uid: '{a'}", "without a }"),
        ("separator: ab", "one character"),
        ("key: []", "names no member"),
        ("felds: {}", "felds"),
        ("fields: [", "mapping"),
    ] {
        let said = Mapping::parse(text).unwrap_err().to_string();
        assert!(said.contains(why), "{text:?}: {said}");
    }
    assert_eq!(Mapping::parse("").unwrap(), Mapping::default());
}

proptest! {
    /// Nothing that is handed in makes it panic, and every record has a line of the file.
    #[test]
    fn whatever_the_file_is(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let lines = bytes.split(|byte| *byte == b'\n').count() as u64;
        for format in Format::ALL {
            for record in read(&bytes, format, &Mapping::default()).unwrap_or_default() {
                prop_assert!((1..=lines).contains(&record.line), "{format:?}: line {}", record.line);
            }
        }
    }

    #[test]
    fn whatever_the_lines_are(lines in prop::collection::vec("[a-d:;,\\[\\]{}\" #<=\\-]{0,12}", 0..20)) {
        let text = lines.join("\n");
        for format in Format::ALL {
            let _ = read(text.as_bytes(), format, &Mapping::default());
        }
        let _ = Mapping::parse(&text);
    }
}
