//! Cuts a stream of bytes into frames.

use std::collections::TryReserveError;

use crate::WireError;

/// The longest frame, in bytes: kind and body.
pub const LONGEST_FRAME: usize = 1 << 16;

/// The bytes of a frame's length.
const HEAD: usize = 4;

/// A frame as it came: its kind and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    pub(crate) kind: u8,
    pub(crate) body: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The frame at the beginning of some bytes, and how many bytes it takes; `None` while it is not whole.
    fn first(bytes: &'a [u8]) -> Result<Option<(Self, usize)>, WireError> {
        let Some((head, rest)) = bytes.split_first_chunk::<HEAD>() else { return Ok(None) };
        let announced = u32::from_le_bytes(*head);
        let length = usize::try_from(announced).unwrap_or(usize::MAX);
        if length == 0 || length > LONGEST_FRAME {
            return Err(WireError::Length(announced));
        }
        let Some((kind, body)) = rest.get(..length).and_then(<[u8]>::split_first) else { return Ok(None) };
        Ok(Some((Self { kind: *kind, body }, HEAD + length)))
    }
}

/// Appends a frame of this kind; `body` writes what it says.
pub(crate) fn write(
    out: &mut Vec<u8>,
    kind: u8,
    body: impl FnOnce(&mut Vec<u8>) -> Result<(), WireError>,
) -> Result<(), WireError> {
    let begin = out.len();
    out.extend([0; HEAD]);
    out.push(kind);
    let written = body(out);
    let length = out.len() - begin - HEAD;
    let announced = u32::try_from(length).ok().filter(|_| length <= LONGEST_FRAME);
    match (written, announced, out.get_mut(begin..begin + HEAD)) {
        (Ok(()), Some(announced), Some(head)) => {
            head.copy_from_slice(&announced.to_le_bytes());
            Ok(())
        }
        (written, ..) => {
            out.truncate(begin);
            written.and(Err(WireError::Length(u32::try_from(length).unwrap_or(u32::MAX))))
        }
    }
}

/// What was read of a stream and not yet understood.
///
/// Whoever pushes takes all frames out before pushing more: then no more is kept than one frame and one push.
#[derive(Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
    taken: usize,
}

impl Frames {
    /// Makes room for so much more, so that adding it needs no memory.
    pub fn reserve(&mut self, more: usize) -> Result<(), TryReserveError> {
        self.bytes.try_reserve(more)
    }

    /// Adds what was read.
    pub fn push(&mut self, read: &[u8]) {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.extend_from_slice(read);
    }

    /// The next whole frame.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, WireError> {
        let rest = self.bytes.get(self.taken..).unwrap_or_default();
        let Some((frame, length)) = Frame::first(rest)? else { return Ok(None) };
        self.taken += length;
        Ok(Some(frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out, kind, |out| {
            out.extend(body);
            Ok(())
        })
        .unwrap();
        out
    }

    #[test]
    fn a_stream_is_cut_wherever_it_was_broken() {
        let stream = [frame(1, b"abc"), frame(2, b""), frame(3, &[7; 300])].concat();
        for piece in 1..stream.len() {
            let (mut frames, mut kinds) = (Frames::default(), Vec::new());
            for read in stream.chunks(piece) {
                frames.push(read);
                while let Some(frame) = frames.next_frame().unwrap() {
                    kinds.push((frame.kind, frame.body.len()));
                }
            }
            assert_eq!(kinds, [(1, 3), (2, 0), (3, 300)], "in pieces of {piece}");
        }
    }

    #[test]
    fn a_length_is_looked_at_before_anything_is_kept_for_it() {
        let mut frames = Frames::default();
        frames.push(&u32::MAX.to_le_bytes());
        assert_eq!(frames.next_frame(), Err(WireError::Length(u32::MAX)));
        let mut frames = Frames::default();
        frames.push(&[0; 4]);
        assert_eq!(frames.next_frame(), Err(WireError::Length(0)));
    }

    #[test]
    fn what_is_too_long_leaves_nothing_behind() {
        let mut out = vec![1];
        let long = write(&mut out, 1, |out| {
            out.extend(vec![0; LONGEST_FRAME]);
            Ok(())
        });
        assert!(matches!(long, Err(WireError::Length(_))));
        assert_eq!(write(&mut out, 1, |_| Err(WireError::Text)), Err(WireError::Text));
        assert_eq!(out, [1]);
    }
}
