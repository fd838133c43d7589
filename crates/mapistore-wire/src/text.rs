//! Numbers and texts of the stream socket.

use crate::{Triple, WireError};

/// The longest text, in bytes.
pub const LONGEST_TEXT: usize = 8192;

/// What is left of a frame's body.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(body: &'a [u8]) -> Self {
        Self(body)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (array, rest) = self.0.split_first_chunk().ok_or(WireError::Short)?;
        self.0 = rest;
        Ok(*array)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, WireError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, WireError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, WireError> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn i32(&mut self) -> Result<i32, WireError> {
        self.array().map(i32::from_le_bytes)
    }

    pub(crate) fn flag(&mut self) -> Result<bool, WireError> {
        match self.array()? {
            [0] => Ok(false),
            [1] => Ok(true),
            [other] => Err(WireError::Flag(other)),
        }
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, WireError> {
        self.text_within(LONGEST_TEXT)
    }

    fn text_within(&mut self, longest: usize) -> Result<&'a str, WireError> {
        let length = usize::from(self.u16()?);
        if length > longest {
            return Err(WireError::TextLength(length));
        }
        let (text, rest) = self.0.split_at_checked(length).ok_or(WireError::Short)?;
        self.0 = rest;
        let text = str::from_utf8(text).map_err(|_| WireError::Text)?;
        if text.contains('\0') { Err(WireError::Text) } else { Ok(text) }
    }

    pub(crate) fn text_if_any(&mut self) -> Result<Option<&'a str>, WireError> {
        if self.flag()? { self.text().map(Some) } else { Ok(None) }
    }

    /// The names of a triple have a bound of their own, on the three together.
    pub(crate) fn triple(&mut self) -> Result<Triple<'a>, WireError> {
        let mut name = || self.text_within(usize::from(u16::MAX));
        Ok(Triple::new(name()?, name()?, name()?)?)
    }

    /// Nothing may be left.
    pub(crate) fn end(self) -> Result<(), WireError> {
        if self.0.is_empty() { Ok(()) } else { Err(WireError::Long(self.0.len())) }
    }
}

pub(crate) fn write_text(out: &mut Vec<u8>, text: &str) -> Result<(), WireError> {
    if text.len() > LONGEST_TEXT {
        return Err(WireError::TextLength(text.len()));
    }
    if text.contains('\0') {
        return Err(WireError::Text);
    }
    write_name(out, text)
}

fn write_name(out: &mut Vec<u8>, name: &str) -> Result<(), WireError> {
    let length = u16::try_from(name.len()).map_err(|_| WireError::TextLength(name.len()))?;
    out.extend(length.to_le_bytes());
    out.extend_from_slice(name.as_bytes());
    Ok(())
}

pub(crate) fn write_text_if_any(out: &mut Vec<u8>, text: Option<&str>) -> Result<(), WireError> {
    out.push(u8::from(text.is_some()));
    text.map_or(Ok(()), |text| write_text(out, text))
}

pub(crate) fn write_triple(out: &mut Vec<u8>, triple: Triple<'_>) -> Result<(), WireError> {
    [triple.backend(), triple.username(), triple.vuser()]
        .into_iter()
        .try_for_each(|name| write_name(out, name))
}
