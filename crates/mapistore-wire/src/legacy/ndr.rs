//! NDR as the original's marshaller writes it: 32-bit, little-endian; alignment counts from the message's beginning.

use super::Reject;

/// The first pointer of a message; each further one that is not NULL is 4 more.
const FIRST_POINTER: u32 = 0x0002_0000;

/// What stands before the characters of a string: room, offset, count.
pub(crate) const STRING_HEAD: usize = 12;

/// The next place that is a multiple of `to`.
pub(crate) fn aligned(at: usize, to: usize) -> usize {
    at.next_multiple_of(to)
}

/// A message that is being written.
#[derive(Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
    pointers: u32,
}

impl Writer {
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(crate) fn align(&mut self, to: usize) {
        self.bytes.resize(aligned(self.bytes.len(), to), 0);
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.align(2);
        self.bytes.extend(value.to_le_bytes());
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.align(4);
        self.bytes.extend(value.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.align(8);
        self.bytes.extend(value.to_le_bytes());
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The place of a pointer to something that may be missing.
    pub(crate) fn pointer(&mut self, present: bool) {
        let id = FIRST_POINTER + 4 * self.pointers;
        self.pointers += u32::from(present);
        self.u32(if present { id } else { 0 });
    }

    /// What a pointer leads to.
    pub(crate) fn string(&mut self, text: Option<&str>) {
        let Some(text) = text else { return };
        let units: Vec<u16> = text.encode_utf16().chain([0]).collect();
        let count = u32::try_from(units.len()).unwrap_or(u32::MAX);
        self.u32(count);
        self.u32(0);
        self.u32(count);
        self.bytes.extend(units.into_iter().flat_map(u16::to_le_bytes));
    }
}

/// A message that is being read. What is left at its end is nobody's business.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) fn align(&mut self, to: usize) {
        self.at = aligned(self.at, to);
    }

    pub(crate) fn raw(&mut self, length: usize) -> Result<&'a [u8], Reject> {
        let end = self.at.checked_add(length).ok_or(Reject::Short)?;
        let raw = self.bytes.get(self.at..end).ok_or(Reject::Short)?;
        self.at = end;
        Ok(raw)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Reject> {
        self.align(N);
        self.raw(N)?.try_into().map_err(|_| Reject::Short)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Reject> {
        self.array().map(u8::from_le_bytes)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Reject> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Reject> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Reject> {
        self.array().map(u64::from_le_bytes)
    }

    /// Whether a pointer leads anywhere; its number means nothing.
    pub(crate) fn pointer(&mut self) -> Result<bool, Reject> {
        Ok(self.u32()? != 0)
    }

    /// What a pointer leads to. A string ends at its first U+0000.
    pub(crate) fn string(&mut self, present: bool) -> Result<Option<String>, Reject> {
        if !present {
            return Ok(None);
        }
        let (max, offset, actual) = (self.u32()?, self.u32()?, self.u32()?);
        if offset != 0 {
            return Err(Reject::Offset(offset));
        }
        if actual == 0 || actual > max {
            return Err(Reject::Count { actual, max });
        }
        let length = usize::try_from(actual).ok().and_then(|n| n.checked_mul(2)).ok_or(Reject::Short)?;
        let units = self.raw(length)?.as_chunks().0.iter().map(|unit| u16::from_le_bytes(*unit));
        if units.clone().next_back() != Some(0) {
            return Err(Reject::Unterminated);
        }
        let text: Result<String, _> = char::decode_utf16(units.take(length / 2 - 1)).collect();
        let text = text.map_err(|_| Reject::Text)?;
        Ok(text.split('\0').next().map(str::to_owned))
    }
}
