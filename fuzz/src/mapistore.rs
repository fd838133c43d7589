//! What processes say about users of backends, and messages of the queues of 2011.

use mapistore_wire::legacy::{Command, Generation};
use mapistore_wire::{Frames, FromHub, FromProcess};

/// What is understood can be said again, and means the same; no more is kept than was sent.
pub(crate) fn run(bytes: &[u8]) {
    stream(bytes);
    queue(bytes);
}

fn stream(bytes: &[u8]) {
    let mut frames = Frames::default();
    frames.push(bytes);
    while let Ok(Some(frame)) = frames.next_frame() {
        let mut again = Vec::new();
        if let Ok(Some(said)) = FromProcess::decode(frame) {
            said.encode(&mut again).expect("what was read can be written");
            let mut frames = Frames::default();
            frames.push(&again);
            let frame = frames.next_frame().expect("a frame").expect("a whole one");
            assert_eq!(FromProcess::decode(frame), Ok(Some(said)));
        } else if let Ok(Some(said)) = FromHub::decode(frame) {
            said.encode(&mut again).expect("what was read can be written");
            let mut frames = Frames::default();
            frames.push(&again);
            let frame = frames.next_frame().expect("a frame").expect("a whole one");
            assert_eq!(FromHub::decode(frame), Ok(Some(said)));
        }
        assert!(again.len() <= bytes.len(), "more than was sent");
    }
}

fn queue(bytes: &[u8]) {
    for generation in [Generation::A, Generation::B] {
        let Ok(command) = Command::decode(generation, bytes) else { continue };
        let again = match (&command, generation) {
            (Command::User(user), Generation::A) => user.encode(generation),
            (command, _) => command.encode(),
        };
        assert_eq!(Command::decode(generation, &again), Ok(command));
        assert!(again.len() <= bytes.len() + 8, "more than was sent");
    }
}
