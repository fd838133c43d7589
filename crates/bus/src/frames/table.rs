//! Names and tables of AMQP as the client's library can read them: names in UTF-8, tables no deeper than [`DEEPEST`].
//! What is otherwise is made so, and nothing else is touched. Pure.

/// So many tables and lists stand in one another, at most. The library reads them by recursion, without a limit: what one
/// frame holds would overflow its stack, and end the process.
pub(super) const DEEPEST: usize = 32;
/// What stands for a value that cannot be read.
pub(super) const LEFT_OUT: &[u8] = b"(left out: it is nested too deep, or no value)";

/// Takes so many bytes from the front.
pub(super) fn take<'a>(rest: &mut &'a [u8], many: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(many)?;
    *rest = left;
    Some(taken)
}

fn byte(rest: &mut &[u8]) -> Option<u8> {
    take(rest, 1)?.first().copied()
}

/// A text with one byte for its length.
pub(super) fn short<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = byte(rest)?;
    take(rest, usize::from(length))
}

/// Bytes with four for their length.
pub(super) fn long<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u32::from_be_bytes(take(rest, 4)?.try_into().ok()?);
    take(rest, usize::try_from(length).ok()?)
}

/// Writes a short text; a `?` for each byte that is no UTF-8, so that its length stays.
pub(super) fn write_short(text: &[u8], out: &mut Vec<u8>) {
    out.extend(u8::try_from(text.len()));
    for part in text.utf8_chunks() {
        out.extend(part.valid().as_bytes());
        out.extend(part.invalid().iter().map(|_| b'?'));
    }
}

/// Writes a table with its length, from the entries of another.
pub(super) fn write_table(entries: &[u8], out: &mut Vec<u8>) {
    let mut written = Vec::with_capacity(entries.len());
    if write_entries(entries, &mut written).is_none() {
        // One of its lengths is wrong: what follows means nothing.
        written.clear();
    }
    out.extend(u32::try_from(written.len()).unwrap_or_default().to_be_bytes());
    out.extend(written);
}

fn write_entries(mut entries: &[u8], out: &mut Vec<u8>) -> Option<()> {
    while !entries.is_empty() {
        let name = short(&mut entries)?;
        let mut after = entries;
        value(&mut after)?;
        let length = entries.len() - after.len();
        let value = take(&mut entries, length)?;
        write_short(name, out);
        if is_readable(value).is_some() {
            out.extend(value);
        } else {
            out.push(b'S');
            out.extend(u32::try_from(LEFT_OUT.len()).unwrap_or_default().to_be_bytes());
            out.extend(LEFT_OUT);
        }
    }
    Some(())
}

/// What there is in a value to be looked into.
enum Inside<'a> {
    Nothing,
    Table(&'a [u8]),
    List(&'a [u8]),
}

/// Goes past a value.
fn value<'a>(rest: &mut &'a [u8]) -> Option<Inside<'a>> {
    let width = match byte(rest)? {
        b'F' => return long(rest).map(Inside::Table),
        b'A' => return long(rest).map(Inside::List),
        b'S' | b'x' => return long(rest).map(|_| Inside::Nothing),
        b'V' => 0,
        b't' | b'b' | b'B' => 1,
        b's' | b'U' | b'u' => 2,
        b'I' | b'i' | b'f' => 4,
        b'D' => 5,
        b'L' | b'l' | b'd' | b'T' => 8,
        _ => return None,
    };
    take(rest, width).map(|_| Inside::Nothing)
}

/// `None` = it is nested too deep, a name in it is not UTF-8, or it is no value.
fn is_readable(whole: &[u8]) -> Option<()> {
    let mut open = vec![(whole, false)];
    while let Some((rest, is_table)) = open.last_mut() {
        if rest.is_empty() {
            open.pop();
            continue;
        }
        if *is_table {
            std::str::from_utf8(short(rest)?).ok()?;
        }
        match value(rest)? {
            Inside::Nothing => continue,
            Inside::Table(inner) => open.push((inner, true)),
            Inside::List(inner) => open.push((inner, false)),
        }
        if open.len() > DEEPEST {
            return None;
        }
    }
    Some(())
}
