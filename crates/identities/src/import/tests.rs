//! Files of every format, good and bad.

use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn read_all(file: &str, format: Format, mapping: &str) -> Vec<Record> {
    let mapping = Mapping::parse(mapping).unwrap();
    let records: Vec<Record> = read(file.as_bytes(), format, &mapping).unwrap().collect();
    assert_eq!(count(file.as_bytes(), format, &mapping), records.len() as u64, "counted otherwise than read");
    records
}

/// Why nothing at all can be read.
fn unreadable(file: &[u8], format: Format) -> String {
    read(file, format, &Mapping::default()).err().expect("it can be read")
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
    let why = unreadable(b"{}\n{}", Format::Json);
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
        let said = unreadable(file.as_bytes(), Format::Csv);
        assert!(said.contains(why), "{file:?}: {said}");
    }
    let bytes = b"uid,cn\na,caf\xe9\nb,x\n";
    let mapping = Mapping::default();
    let records: Vec<Record> = read(bytes, Format::Csv, &mapping).unwrap().collect();
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

#[test]
fn what_is_nested_too_deep_is_told_and_the_others_are_taken() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let line = |uid: &str, levels: usize| {
        format!(r#"{{"inetOrgPerson": {{"uid": "{uid}", "a": {}}}}}"#, nested(levels))
    };
    let most = model::json::DEEPEST - model::json::AROUND - 2;
    let file = [line("a", most), line("b", most + 1), line("c", 125), line("d", 100_000)].join("\n");
    for (format, file) in
        [(Format::Ndjson, file.clone()), (Format::Json, format!("[{}]", file.replace('\n', ",\n")))]
    {
        let records = read_all(&file, format, "");
        assert_eq!(records.iter().filter(|record| record.identity.is_ok()).count(), 1, "{format:?}");
        assert_eq!(records[0].line, 1);
        assert!(bad(&records).iter().all(|(_, why)| why.contains("nested deeper")), "{:?}", bad(&records));
    }
    // A document at the limit comes back from where it is kept.
    let kept = serde_json::to_vec(
        &serde_json::json!({"document": good(&read_all(&line("a", most), Format::Ndjson, "")[0])}),
    );
    assert!(serde_json::from_slice::<Value>(&kept.unwrap()).is_ok());
}

#[test]
fn headings_with_dots_lead_no_deeper_than_documents_may_be() {
    for dots in [100, 6_000, 100_000] {
        let heading = format!("uid,a{}", ".b".repeat(dots));
        let records = read_all(&format!("{heading}\nx,1\n"), Format::Csv, "");
        assert!(bad(&records)[0].1.ends_with("leads too deep"), "{:?}", bad(&records));
        assert!(bad(&records)[0].1.len() < 200);
        let entry = format!("dn: x\nuid: x\na{}: 1\n", ".b".repeat(dots));
        assert!(bad(&read_all(&entry, Format::Ldif, ""))[0].1.ends_with("leads too deep"));
        assert!(Mapping::parse(&format!("fields: {{{:?}: uid}}", "/b".repeat(dots))).is_err());
    }
    let said = Mapping::parse(&format!("fields: {{{:?}: uid}}", "/b".repeat(100))).unwrap_err().0;
    assert!(said.ends_with("leads too deep"), "{said}");
    let records = read_all("uid,a.b.c\nx,1\n", Format::Csv, "");
    assert_eq!(good(&records[0]), json!({"inetOrgPerson": {"uid": "x"}, "a": {"b": {"c": "1"}}}));
}

#[test]
fn abbreviations_in_a_heading_are_no_places() {
    let records =
        read_all("uid,cn,sn,N. tel.,Ext. mail\ndot1,Person One,One,12,one@example.org\n", Format::Csv, "");
    assert_eq!(good(&records[0]), json!({"inetOrgPerson": {"uid": "dot1", "cn": "Person One", "sn": "One"}}));
}

#[test]
fn whole_numbers_tell_people_apart_by_all_their_digits() {
    let line = |number: &str, uid: &str| {
        format!(r#"{{"inetOrgPerson":{{"employeeNumber":{number},"uid":"{uid}"}}}}"#)
    };
    let file = [line("700700700700700700700", "n1"), line("700700700700700700701", "n2")].join("\n");
    let records = read_all(&file, Format::Ndjson, "key: [employeeNumber]");
    assert_eq!(bad(&records), []);
    assert_ne!(records[0].identity.as_ref().unwrap().id, records[1].identity.as_ref().unwrap().id);
    assert_eq!(good(&records[1])["inetOrgPerson"]["employeeNumber"].to_string(), "700700700700700700701");
}

#[test]
fn a_member_twice_is_told_at_its_line() {
    let file = concat!(
        r#"{"inetOrgPerson":{"uid":"a"}}"#,
        "\n",
        r#"{"inetOrgPerson":{"uid":"m1","employeeNumber":"1","employeeNumber":"2"}}"#,
    );
    assert_eq!(bad(&read_all(file, Format::Ndjson, "")), [(2, "\"employeeNumber\" is given twice")]);
}

#[test]
fn a_wide_table_is_read_in_linear_time_and_one_row_at_a_time() {
    let columns: Vec<String> = (0..2_000).map(|n| format!("inetOrgPerson.c{n}")).collect();
    let row = vec!["1"; 2_000].join(",");
    let mut file = format!("uid,{}\n", columns.join(","));
    for person in 0..500 {
        writeln!(file, "p{person},{row}").unwrap();
    }
    let mapping = Mapping::default();
    let mut records = read(file.as_bytes(), Format::Csv, &mapping).unwrap();
    let first = records.next().unwrap().identity.unwrap();
    assert_eq!(first.document["inetOrgPerson"].as_object().unwrap().len(), 2_001);
    assert_eq!(records.filter(|record| record.identity.is_ok()).count(), 499);
}

#[test]
fn what_would_be_too_much_is_told() {
    let wide = (0..10_001).map(|n| format!("c{n}")).collect::<Vec<_>>().join(",");
    assert!(unreadable(wide.as_bytes(), Format::Csv).contains("more than 10000"));
    let many = format!("dn: x\nuid: x\n{}\ndn: y\nuid: y\n", "a: b\n".repeat(60_000));
    let records = read_all(&many, Format::Ldif, "");
    assert_eq!(bad(&records), [(1, "it is longer than 10 MiB or has more than 50000 lines")]);
    assert!(records[1].identity.is_ok());
    let deep = (0..1_000).map(|n| format!("a{n}{}", ".b".repeat(70))).collect::<Vec<_>>().join(",");
    let records = read_all(&format!("uid,{deep}\nx{}\n", ",1".repeat(1_000)), Format::Csv, "");
    assert!(bad(&records)[0].1.ends_with("leads too deep"));
    let values = format!(r#"{{"inetOrgPerson":{{"uid":"x"}},"a":[{}0]}}"#, "{},".repeat(2_000_000));
    assert!(bad(&read_all(&values, Format::Ndjson, ""))[0].1.contains("small values"));
}

proptest! {
    /// Nothing that is handed in makes it panic, and every record has a line of the file.
    #[test]
    fn whatever_the_file_is(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let lines = bytes.split(|byte| matches!(byte, b'\r' | b'\n')).count() as u64;
        for format in Format::ALL {
            let mapping = Mapping::default();
            for record in read(&bytes, format, &mapping).into_iter().flatten() {
                prop_assert!((1..=lines).contains(&record.line), "{format:?}: line {}", record.line);
            }
        }
    }

    #[test]
    fn whatever_the_lines_are(lines in prop::collection::vec("[a-d:;,\\[\\]{}\" #<=\\-]{0,12}", 0..20)) {
        let text = lines.join("\n");
        for format in Format::ALL {
            let mapping = Mapping::default();
            let read = read(text.as_bytes(), format, &mapping).map(Iterator::count);
            let counted = count(text.as_bytes(), format, &mapping);
            prop_assert!(read.is_err() || read.map(|read| read as u64) == Ok(counted));
        }
        let _ = Mapping::parse(&text);
    }
}
