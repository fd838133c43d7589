//! Messages of the original's own code, written and read.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests: what is wrong ends them")]

use std::sync::LazyLock;

use intendant_mapistore_wire as wire;
use serde_json::Value;
use wire::legacy::{Bind, Command, Generation, LONGEST, Notification, UserCommand};
use wire::{Triple, TripleError};

static VECTORS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("openchange-vectors.json")).unwrap());

fn list(name: &str) -> &'static [Value] {
    VECTORS[name].as_array().unwrap()
}

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn number<N: TryFrom<u64>>(value: &Value) -> N
where
    N::Error: std::fmt::Debug,
{
    let of_text = |text: &str| u64::from_str_radix(text.trim_start_matches("0x"), 16).ok();
    value.as_u64().or_else(|| value.as_str().and_then(of_text)).unwrap().try_into().unwrap()
}

fn user_command(fields: &Value) -> UserCommand {
    UserCommand {
        status: number(&fields["status"]),
        backend: text(&fields["backend"]),
        username: text(&fields["username"]),
        vuser: text(&fields["vuser"]),
    }
}

#[test]
fn user_commands_are_written_and_read_byte_for_byte() {
    assert_eq!(list("user_command_vectors").len(), 14);
    for vector in list("user_command_vectors") {
        let command = user_command(&vector["fields"]);
        for (generation, name) in [(Generation::A, "A"), (Generation::B, "B")] {
            let message = bytes(&vector[name]["hex"]);
            assert_eq!(command.encode(generation), message, "{} {name}", vector["id"]);
            assert_eq!(number::<usize>(&vector[name]["length"]), message.len());
            assert_eq!(Generation::of(&message), generation, "{}", vector["id"]);
            let read = Command::decode(generation, &message);
            assert_eq!(read, Ok(Command::User(command.clone())), "{} {name}", vector["id"]);
            if command.status != wire::legacy::status::SEND {
                let priority: u32 = number(&vector["mq_priority"][name]);
                assert_eq!(generation.priority(command.status), priority, "{} {name}", vector["id"]);
            }
        }
    }
}

#[test]
fn queues_have_the_names_of_the_original() {
    for (generation, name) in [(Generation::A, "A"), (Generation::B, "B")] {
        assert_eq!(VECTORS["generations"][name]["queue"], generation.queue());
    }
}

#[test]
fn other_commands_are_written_and_read_byte_for_byte() {
    for vector in list("notification_and_bind_vectors_final_layout_475cf74b") {
        let fields = &vector["fields"];
        let command = if fields["type"] == 2 {
            Command::Bind(Bind {
                username: text(&fields["username"]),
                context: bytes(&fields["rgbContext"]),
                address: bytes(&fields["rgbCallbackAddress"]),
            })
        } else {
            Command::Notification(Notification {
                status: number(&fields["status"]),
                flags: number(&fields["NotificationFlags"]),
                username: text(&fields["username"]),
                whole_store: number(&fields["WholeStore"]),
                folder: number(&fields["FolderID"]),
                message: number(&fields["MessageID"]),
                uri: text(&fields["MAPIStoreURI"]),
                total: number(&fields["TotalNumberOfMessages"]),
                unread: number(&fields["UnreadNumberOfMessages"]),
            })
        };
        let message = bytes(&vector["hex"]);
        assert_eq!(command.encode(), message, "{}", vector["id"]);
        assert_eq!(Command::decode(Generation::B, &message), Ok(command), "{}", vector["id"]);
    }
}

#[test]
fn a_reader_takes_and_refuses_what_the_original_marshaller_does() {
    assert_eq!(list("decoder_cases_generation_B").len(), 25);
    for case in list("decoder_cases_generation_B") {
        let read = Command::decode(Generation::B, &bytes(&case["hex"]));
        if case["samba_result"] == "accept" {
            assert_eq!(read, Ok(Command::User(user_command(&case["decoded"]))), "{}", case["id"]);
        } else {
            assert!(read.is_err(), "{}: {read:?}", case["id"]);
        }
    }
}

#[test]
fn no_end_of_a_message_may_be_missing() {
    for vector in list("user_command_vectors") {
        for (generation, name) in [(Generation::A, "A"), (Generation::B, "B")] {
            let message = bytes(&vector[name]["hex"]);
            for length in 0..message.len() {
                assert!(
                    Command::decode(generation, &message[..length]).is_err(),
                    "{} {length}",
                    vector["id"]
                );
            }
        }
    }
}

#[test]
fn what_a_queue_takes_is_a_triple() {
    let cases = VECTORS["size_boundary"]["cases"].as_array().unwrap();
    for case in cases {
        let names = ["username", "vuser"].map(|field| {
            let (letter, times) = case[field].as_str().unwrap().split_once(" x ").unwrap();
            letter.trim_matches('\'').repeat(times.parse().unwrap())
        });
        let length: usize = number(&case["B_length"]);
        let triple = Triple::new("SOGo", &names[0], &names[1]);
        if case["fits_8192"] == true {
            assert_eq!(UserCommand::new(1, triple.unwrap()).encode(Generation::B).len(), length);
        } else {
            assert_eq!(triple, Err(TripleError::Long(length)));
            assert!(length > LONGEST);
        }
    }
}
