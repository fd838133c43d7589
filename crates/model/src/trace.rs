//! The trace context of a caller (W3C Trace Context, level 1, §3.2).

use std::str::FromStr;

/// What a `traceparent` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    /// The trace.
    pub trace: [u8; 16],
    /// The caller's span in it.
    pub span: [u8; 8],
    /// Whether the caller keeps this trace.
    pub sampled: bool,
}

impl FromStr for TraceParent {
    type Err = ();

    /// What is not understood is to be ignored, whatever the reason.
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('-');
        let mut next = || parts.next().ok_or(());
        let (version, trace, span, flags) = (next()?, next()?, next()?, next()?);
        let [version] = bytes(version)?;
        let (trace, span, [flags]) = (bytes(trace)?, bytes(span)?, bytes(flags)?);
        // Later versions may say more after the flags, this one may not.
        let more = parts.next().is_some();
        if version == 0xff || (version == 0 && more) || trace == [0; 16] || span == [0; 8] {
            return Err(());
        }
        Ok(TraceParent { trace, span, sampled: flags & 1 == 1 })
    }
}

/// Lower-case hexadecimal digits, exactly as many as there is room for.
fn bytes<const N: usize>(text: &str) -> Result<[u8; N], ()> {
    if text.len() != 2 * N || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(());
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        let pair = std::str::from_utf8(pair).map_err(|_| ())?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| ())?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    fn parse(text: &str) -> Option<TraceParent> {
        text.parse().ok()
    }

    #[test]
    fn a_trace_parent_is_read() {
        let read = parse(&format!("00-{TRACE}-{SPAN}-01")).unwrap();
        assert_eq!((read.trace[0], read.trace[15], read.span[7], read.sampled), (0x4b, 0x36, 0xb7, true));
        assert!(!parse(&format!("00-{TRACE}-{SPAN}-00")).unwrap().sampled);
        assert!(parse(&format!("01-{TRACE}-{SPAN}-03-more")).unwrap().sampled, "of a later version");
    }

    #[test]
    fn what_is_not_understood_is_ignored() {
        let zeros = "0".repeat(32);
        for bad in [
            String::new(),
            "7".to_owned(),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{TRACE}-{SPAN}-01-more"),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("00-{zeros}-{SPAN}-01"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-{TRACE}0-{SPAN}-01"),
            format!("00-é{}-{SPAN}-01", &TRACE[2..]),
        ] {
            assert_eq!(parse(&bad), None, "{bad}");
        }
    }
}
