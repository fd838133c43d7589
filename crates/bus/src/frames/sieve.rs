//! Goes through what the broker sends, frame by frame, and makes readable what senders put into it: the names and the
//! properties of messages. Everything else passes as it is. Pure.

use super::table::{long, short, take, write_short, write_table};

/// Kind, channel and length of a frame.
const HEAD: usize = 7;
/// No broker agrees to frames of that size. One that claims to be longer passes as it is: it takes no memory here.
const LONGEST: usize = 16 << 20;
const METHOD: u8 = 1;
const HEADER: u8 = 2;
/// The class of methods that concern messages.
const BASIC: [u8; 2] = [0, 60];
/// Its methods that hand a message out, and back.
const DELIVER: [u8; 2] = [0, 60];
const RETURN: [u8; 2] = [0, 50];

/// How the properties of a message are written, in their order.
#[derive(Clone, Copy)]
enum Kind {
    Short,
    Table,
    Fixed(usize),
}
const PROPERTIES: [Kind; 14] = {
    use Kind::{Fixed, Short, Table};
    [
        Short,
        Short,
        Table,
        Fixed(1),
        Fixed(1),
        Short,
        Short,
        Short,
        Short,
        Fixed(8),
        Short,
        Short,
        Short,
        Short,
    ]
};

/// What it knows of the frame under way.
#[derive(Debug, Default)]
pub(super) struct Sieve {
    /// Its beginning, or all of it when it is one that is looked at.
    held: Vec<u8>,
    /// So many bytes of it pass as they are.
    passing: usize,
}

impl Sieve {
    /// Takes what came, and adds to `out` what may go on.
    pub(super) fn pass(&mut self, mut came: &[u8], out: &mut Vec<u8>) {
        while !came.is_empty() {
            if self.passing > 0 {
                let many = self.passing.min(came.len());
                let passing = take(&mut came, many).unwrap_or_default();
                self.passing -= passing.len();
                out.extend(passing);
                continue;
            }
            let missing = self.wanted().saturating_sub(self.held.len()).min(came.len());
            self.held.extend(take(&mut came, missing).unwrap_or_default());
            if self.held.len() >= HEAD && self.held.len() == self.wanted() {
                self.let_through(out);
            }
        }
    }

    /// How many bytes of the frame are to be held.
    fn wanted(&self) -> usize {
        if self.is_looked_at() { HEAD + self.rest() } else { HEAD }
    }

    fn is_looked_at(&self) -> bool {
        self.held.len() >= HEAD
            && matches!(self.held.first(), Some(&(METHOD | HEADER)))
            && self.rest() <= LONGEST
    }

    /// Bytes of the frame behind its head: what is in it, and its end.
    fn rest(&self) -> usize {
        let length = self.held.get(3..HEAD).and_then(|length| length.try_into().ok()).map(u32::from_be_bytes);
        length.and_then(|length| usize::try_from(length).ok()).unwrap_or_default().saturating_add(1)
    }

    fn let_through(&mut self, out: &mut Vec<u8>) {
        if !self.is_looked_at() {
            self.passing = self.rest();
            out.append(&mut self.held);
            return;
        }
        let held = std::mem::take(&mut self.held);
        let written = if held.first() == Some(&METHOD) {
            content(&held).and_then(method)
        } else {
            content(&held).map(header)
        };
        match written.and_then(|content| Some((u32::try_from(content.len()).ok()?, content))) {
            Some((length, content)) => {
                out.extend(held.iter().take(3));
                out.extend(length.to_be_bytes());
                out.extend(content);
                out.extend(held.last());
            }
            None => out.extend(held),
        }
    }
}

/// What is in a frame.
fn content(frame: &[u8]) -> Option<&[u8]> {
    frame.get(HEAD..frame.len().checked_sub(1)?)
}

/// A method with names of senders in it; `None` = there are none.
fn method(mut content: &[u8]) -> Option<Vec<u8>> {
    let mut written = Vec::with_capacity(content.len());
    let rest = &mut content;
    let name = take(rest, 4)?;
    written.extend(name);
    match name.split_at_checked(2)? {
        (class, method) if class == BASIC && method == DELIVER => {
            write_short(short(rest)?, &mut written);
            // The delivery's number, and whether it was handed out before.
            written.extend(take(rest, 9)?);
        }
        (class, method) if class == BASIC && method == RETURN => {
            written.extend(take(rest, 2)?);
            write_short(short(rest)?, &mut written);
        }
        _ => return None,
    }
    // Exchange and routing key.
    write_short(short(rest)?, &mut written);
    write_short(short(rest)?, &mut written);
    written.extend(&**rest);
    Some(written)
}

/// The properties of a message; none when they cannot be read.
fn header(content: &[u8]) -> Vec<u8> {
    properties(content).unwrap_or_else(|| content.iter().take(12).chain(&[0, 0]).copied().collect())
}

fn properties(mut content: &[u8]) -> Option<Vec<u8>> {
    let mut written = Vec::with_capacity(content.len());
    let rest = &mut content;
    // Class, weight, and the length of the body.
    written.extend(take(rest, 12)?);
    let flags = take(rest, 2)?;
    written.extend(flags);
    let flags = u16::from_be_bytes(flags.try_into().ok()?);
    for (place, kind) in PROPERTIES.into_iter().enumerate() {
        if flags & (0x8000 >> place) == 0 {
            continue;
        }
        match kind {
            Kind::Short => write_short(short(rest)?, &mut written),
            Kind::Table => write_table(long(rest)?, &mut written),
            Kind::Fixed(width) => written.extend(take(rest, width)?),
        }
    }
    Some(written)
}

#[cfg(test)]
mod tests {
    use super::super::table::{DEEPEST, LEFT_OUT};
    use super::*;

    fn frame(kind: u8, content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&[kind, 0, 1], &length[..], content, &[0xce]].concat()
    }

    fn headers(table: &[u8]) -> Vec<u8> {
        let length = u32::try_from(table.len()).unwrap().to_be_bytes();
        let properties = [&[0xa0, 0], &b"\x10application/json"[..], &length, table].concat();
        frame(HEADER, &[&[0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2], &properties[..]].concat())
    }

    /// An entry `a` with so many tables in one another.
    fn nested(levels: usize) -> Vec<u8> {
        let mut table = Vec::new();
        for _ in 0..levels {
            table = [&b"\x01aF"[..], &u32::try_from(table.len()).unwrap().to_be_bytes(), &table].concat();
        }
        table
    }

    fn passed(bytes: &[u8], many: usize) -> Vec<u8> {
        let (mut sieve, mut out) = (Sieve::default(), Vec::new());
        bytes.chunks(many).for_each(|came| sieve.pass(came, &mut out));
        out
    }

    #[test]
    fn what_can_be_read_passes_as_it_is_however_it_comes() {
        let deliver = [&[0, 60, 0, 60], &b"\x01t\0\0\0\0\0\0\0\x01\0\x01e\x03k.l"[..]].concat();
        let other = frame(METHOD, &[0, 10, 0, 30, 1, 2, 3]);
        let table = [nested(DEEPEST - 1), b"\x01nI\0\0\0\x05\x01sS\0\0\0\x02\xff\xfe".to_vec()].concat();
        let all =
            [other, frame(METHOD, &deliver), headers(&table), frame(3, b"{}"), frame(8, b""), headers(b"")]
                .concat();
        for many in [1, 2, 7, 8, 100, 10_000] {
            assert_eq!(passed(&all, many), all, "{many} at once");
        }
        let another_version = b"AMQP\0\0\x09\x01";
        assert_eq!(passed(another_version, 3), another_version);
    }

    #[test]
    fn what_is_nested_too_deep_is_left_out_alone() {
        let good = b"\x01nI\0\0\0\x05";
        let left_out = [&b"\x01aS\0\0\0"[..], &[u8::try_from(LEFT_OUT.len()).unwrap()], LEFT_OUT].concat();
        for levels in [DEEPEST, 18_000] {
            let came = headers(&[&nested(levels)[..], good].concat());
            assert_eq!(passed(&came, 1000), headers(&[&left_out[..], good].concat()));
        }
    }

    #[test]
    fn what_claims_to_be_endless_is_not_kept() {
        let (mut sieve, mut out) = (Sieve::default(), Vec::new());
        sieve.pass(&[HEADER, 0, 1, 0xff, 0xff, 0xff, 0xff], &mut out);
        sieve.pass(&[0; 10_000], &mut out);
        assert_eq!((out.len(), sieve.held.len()), (HEAD + 10_000, 0));
    }

    #[test]
    fn names_are_text_afterwards() {
        let names = |name: &[u8]| {
            let deliver = [&[0, 60, 0, 60], &b"\x01t\0\0\0\0\0\0\0\x01\0\x01e\x03"[..], name].concat();
            [frame(METHOD, &deliver), headers(&[&[3], name, b"V"].concat())].concat()
        };
        assert_eq!(passed(&names(b"a\xff\xfe"), 100), names(b"a??"));
    }

    #[test]
    fn properties_that_are_none_are_gone() {
        let none = frame(HEADER, &[0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0]);
        let cut = frame(HEADER, &[0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x80, 0, 200, 1]);
        assert_eq!(passed(&cut, 100), none);
        let unknown = headers(b"\x01aZ\0");
        assert_eq!(passed(&unknown, 100), headers(b""));
    }
}
