//! What a table looks like before its first cell is read: its separator, its lines, its quotation marks.

/// What may stand between two cells, when nobody says.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// The separator that a first line `sep=;` names, as spreadsheets write it, and how many bytes that line takes.
pub(super) fn told(file: &[u8]) -> (Option<u8>, usize) {
    let end = file.iter().position(|byte| *byte == b'\n').map_or(file.len(), |at| at + 1);
    let line = file.get(..end).unwrap_or_default().trim_ascii_end();
    match line {
        // A tab is trimmed away with the line end.
        [s, e, p, b'=', separator @ ..] if [*s, *e, *p].eq_ignore_ascii_case(b"sep") => match separator {
            [] => (Some(b'\t'), end),
            [one] => (Some(*one), end),
            _ => (None, 0),
        },
        _ => (None, 0),
    }
}

/// The separator that the heading has most of, outside of quotation marks.
pub(super) fn guess(file: &[u8]) -> u8 {
    let mut counted = SEPARATORS.map(|separator| (0_usize, separator));
    let mut quoted = false;
    for byte in file {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            _ if quoted => {}
            byte => counted.iter_mut().filter(|(_, known)| known == byte).for_each(|(count, _)| *count += 1),
        }
    }
    // The last of equals wins: without any it is the comma.
    counted.into_iter().rev().max_by_key(|(count, _)| *count).map_or(b',', |(_, separator)| separator)
}

/// Where a quotation mark opens in this row that nothing closes.
pub(super) fn unclosed(row: &[u8], separator: u8) -> Option<usize> {
    /// Where in a cell.
    enum At {
        Start,
        Within,
        Quoted(usize),
        Behind(usize),
    }
    let mut at = At::Start;
    for (place, byte) in row.iter().enumerate() {
        at = match (at, byte) {
            (At::Start, b'"') => At::Quoted(place),
            (At::Quoted(opened), b'"') => At::Behind(opened),
            // Two of them are one that belongs to the text.
            (At::Behind(opened), b'"') | (At::Quoted(opened), _) => At::Quoted(opened),
            (_, b'\r' | b'\n') => At::Start,
            (_, byte) if *byte == separator => At::Start,
            _ => At::Within,
        };
    }
    match at {
        At::Quoted(opened) => Some(opened),
        _ => None,
    }
}

/// Which line a place of a file is on. Asked from the front to the back, it looks at each byte once.
pub(super) struct Lines<'f> {
    file: &'f [u8],
    at: usize,
    line: u64,
}

impl<'f> Lines<'f> {
    pub(super) fn of(file: &'f [u8]) -> Self {
        Lines { file, at: 0, line: 1 }
    }

    /// The line of this place, from 1.
    pub(super) fn at(&mut self, place: usize) -> u64 {
        self.line += ends(self.file, self.at, place);
        self.at = self.at.max(place);
        self.line
    }
}

/// How many lines end between two places of a file.
pub(super) fn ends(file: &[u8], from: usize, to: usize) -> u64 {
    let between = file.get(from..to.min(file.len())).unwrap_or_default();
    let ends = between.iter().enumerate().filter(|(place, byte)| match byte {
        b'\n' => true,
        b'\r' => file.get(from + place + 1) != Some(&b'\n'),
        _ => false,
    });
    u64::try_from(ends.count()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_told_or_guessed() {
        for (file, told_, bytes) in [
            ("sep=;\r\na;b", Some(b';'), 7),
            ("SEP=|\na|b", Some(b'|'), 6),
            ("sep=\t\na\tb", Some(b'\t'), 6),
            ("sep=;", Some(b';'), 5),
            ("sep=;;\na", None, 0),
            ("sep,uid\n", None, 0),
            ("", None, 0),
        ] {
            assert_eq!(told(file.as_bytes()), (told_, bytes), "{file:?}");
        }
        for (heading, separator) in [
            ("a,b;c,d\n;;;;;;", b','),
            ("\"a\";\"b (c, d, e)\"\n", b';'),
            ("\"a\n,,,\";b\n", b';'),
            ("a", b','),
            ("a\tb", b'\t'),
        ] {
            assert_eq!(guess(heading.as_bytes()), separator, "{heading:?}");
        }
    }

    #[test]
    fn quotation_marks_that_nothing_closes_are_found() {
        for (row, opened) in [
            ("a,\"b\nc", Some(2)),
            ("\"a\"\"", Some(0)),
            ("\"a\"\"\"", None),
            ("\"a\",b\"c,\"d\"", None),
            ("\"a\" b,\"", Some(6)),
            ("a\n", None),
        ] {
            assert_eq!(unclosed(row.as_bytes(), b','), opened, "{row:?}");
        }
    }

    #[test]
    fn lines_are_counted_whatever_ends_them() {
        let mut lines = Lines::of(b"a\r\nb\nc\rd");
        assert_eq!([0, 1, 3, 5, 7].map(|place| lines.at(place)), [1, 1, 2, 3, 4]);
    }
}
