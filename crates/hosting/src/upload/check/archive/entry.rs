//! One entry of an archive, as the directory says and as it stands before its bytes.

use std::io::{Read, Seek, SeekFrom};

use super::Bad;
use super::directory::Fields;
use crate::upload::refusal::Reason;

/// Bytes that may follow those of an entry and repeat its sizes.
pub(super) const DESCRIPTOR: u64 = 24;

/// Bytes of an entry in the directory, without what varies.
const LISTED: usize = 46;
/// Bytes of what stands before those of an entry, without what varies.
const LOCAL: usize = 30;
/// Flags: a password; sizes stand behind the bytes; strong encryption; names are UTF-8; the directory itself is masked.
const PASSWORD: u16 = 1;
const STREAMED: u16 = 1 << 3;
const STRONG: u16 = 1 << 6;
const UTF8: u16 = 1 << 11;
const MASKED: u16 = 1 << 13;
/// Extra fields: sizes of Zip64, a second name, encryption.
const ZIP64: u16 = 0x0001;
const SECOND_NAME: u16 = 0x7075;
const AES: u16 = 0x9901;

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its name. What is no UTF-8 is read byte by byte.
    pub(super) name: String,
    raw: Vec<u8>,
    flags: u16,
    method: u16,
    packed: u64,
    /// Bytes that become of it.
    pub(super) unpacked: u64,
    /// Where it begins.
    pub(super) at: u64,
    /// It has a password.
    pub(super) encrypted: bool,
    /// Type and rights, where the program that packed it has such things.
    mode: u32,
}

impl Entry {
    /// Reads the next one of the directory.
    pub(super) fn read(listed: &mut impl Read) -> Result<Self, Bad> {
        let mut head = [0; LISTED];
        listed.read_exact(&mut head)?;
        let fields = Fields(&head);
        if !head.starts_with(b"PK\x01\x02") || fields.u16(34)? != 0 {
            return Err(Reason::ArchiveBroken.into());
        }
        let raw = bytes(listed, fields.u16(28)?)?;
        let extra = bytes(listed, fields.u16(30)?)?;
        bytes(listed, fields.u16(32)?)?;
        let flags = fields.u16(8)?;
        let extra = Extra::read(&extra)?;
        let mut wide = extra.sizes.iter();
        let mut size = |short: u32| match short {
            u32::MAX => wide.next().copied().ok_or(Reason::ArchiveBroken),
            short => Ok(short.into()),
        };
        let (unpacked, packed, at) = (size(fields.u32(24)?)?, size(fields.u32(20)?)?, size(fields.u32(42)?)?);
        // A size that stands there twice can be read in two ways.
        if wide.next().is_some() {
            return Err(Reason::ArchiveBroken.into());
        }
        let by_unix = matches!(fields.u16(4)? >> 8, 3 | 19);
        let entry = Entry {
            name: name(&raw, flags)?,
            raw,
            flags,
            method: fields.u16(10)?,
            packed,
            unpacked,
            at,
            encrypted: flags & (PASSWORD | STRONG | MASKED) != 0 || extra.encrypted,
            mode: if by_unix { fields.u32(38)? >> 16 } else { 0 },
        };
        if extra.second_name || (entry.method == 0 && !entry.encrypted && packed != unpacked) {
            return Err(Reason::ArchiveBroken.into());
        }
        Ok(entry)
    }

    /// Where its bytes end, by what stands before them, which says the same as the directory.
    pub(super) fn end(&self, file: &mut (impl Read + Seek)) -> Result<u64, Bad> {
        file.seek(SeekFrom::Start(self.at))?;
        let mut head = [0; LOCAL];
        file.read_exact(&mut head)?;
        let fields = Fields(&head);
        let (name, extra) = (fields.u16(26)?, fields.u16(28)?);
        let name = bytes(file, name)?;
        let sizes = bytes(file, extra)?;
        let sizes = Extra::read(&sizes)?.sizes;
        let streamed = self.flags & STREAMED != 0;
        let agrees = |short: u32, place: usize, size: u64| {
            let wide = sizes.get(place).copied();
            u64::from(short) == size || (short == u32::MAX && wide == Some(size)) || (streamed && short == 0)
        };
        let same = head.starts_with(b"PK\x03\x04")
            && fields.u16(6)? == self.flags
            && fields.u16(8)? == self.method
            && name == self.raw
            && (agrees(fields.u32(22)?, 0, self.unpacked) || (streamed && sizes.first() == Some(&0)))
            && (agrees(fields.u32(18)?, 1, self.packed) || (streamed && sizes.get(1) == Some(&0)));
        if !same {
            return Err(Reason::ArchiveBroken.into());
        }
        let head = (LOCAL + name.len()) as u64 + u64::from(extra);
        let end = self.at.checked_add(head).and_then(|start| start.checked_add(self.packed));
        end.ok_or_else(|| Reason::ArchiveBroken.into())
    }

    /// Whether it is packed in one of the two ways that every program knows.
    pub(super) fn is_method_known(&self) -> bool {
        matches!(self.method, 0 | 8)
    }

    /// Whether it is neither a file nor a folder: a link, a device, a pipe.
    pub(super) fn is_special(&self) -> bool {
        !matches!(self.mode >> 12, 0 | 0o4 | 0o10)
    }

    pub(super) fn is_folder(&self) -> bool {
        self.name.ends_with('/')
    }
}

/// What the extra fields say that counts here.
#[derive(Default)]
struct Extra {
    sizes: Vec<u64>,
    second_name: bool,
    encrypted: bool,
}

impl Extra {
    fn read(mut fields: &[u8]) -> Result<Self, Bad> {
        let mut extra = Extra::default();
        let mut seen = false;
        while !fields.is_empty() {
            let (kind, length) = (Fields(fields).u16(0)?, usize::from(Fields(fields).u16(2)?));
            let field = fields.get(4..4 + length).ok_or(Reason::ArchiveBroken)?;
            match kind {
                ZIP64 if seen => return Err(Reason::ArchiveBroken.into()),
                ZIP64 => {
                    seen = true;
                    // What may follow the three numbers is the number of the disk, and there is one.
                    let (numbers, _) = field.as_chunks::<8>();
                    extra.sizes = numbers.iter().take(3).map(|number| u64::from_le_bytes(*number)).collect();
                }
                SECOND_NAME => extra.second_name = true,
                AES => extra.encrypted = true,
                _ => {}
            }
            fields = fields.get(4 + length..).unwrap_or_default();
        }
        Ok(extra)
    }
}

fn bytes(from: &mut impl Read, length: u16) -> Result<Vec<u8>, Bad> {
    let mut bytes = vec![0; length.into()];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// A name that says that it is UTF-8 and is not is none.
fn name(raw: &[u8], flags: u16) -> Result<String, Bad> {
    match std::str::from_utf8(raw) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) if flags & UTF8 != 0 => Err(Reason::ArchiveBroken.into()),
        Err(_) => Ok(raw.iter().map(|byte| char::from(*byte)).map(printable).collect()),
    }
}

/// Letters of an old character set, which lie where control characters are in another one: a sign of its own for each.
fn printable(c: char) -> char {
    let is_letter = matches!(c, '\u{80}'..='\u{9f}' | '\u{ad}');
    if is_letter { char::from_u32(u32::from(c) + 0x2500).unwrap_or(c) } else { c }
}
