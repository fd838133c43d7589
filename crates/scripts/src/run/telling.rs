//! What a script says on standard error of how far it has come: `PROGRESS: {"done": 3, "of": 10}`.

use engine::port::Reporter;
use model::mask::Mask;
use model::{Progress, json};

use crate::output::Tail;

/// A line that begins with this.
const WORD: &[u8] = b"PROGRESS:";
/// A longer line is text as any other.
const LONGEST: usize = 4096;

/// Takes such lines out of what is read, tells them at once, and leaves the rest in the log.
pub(crate) struct Telling<'a> {
    reporter: &'a Reporter,
    /// The beginning of a line that may be one.
    line: Vec<u8>,
    /// The line that is being read is none.
    passing: bool,
}

impl<'a> Telling<'a> {
    pub(crate) fn new(reporter: &'a Reporter) -> Self {
        Telling { reporter, line: Vec::new(), passing: false }
    }

    /// Takes what was read.
    pub(crate) fn push(&mut self, chunk: &[u8], log: &mut Tail, mask: &Mask) {
        for piece in chunk.split_inclusive(|byte| *byte == b'\n') {
            let ends = piece.ends_with(b"\n");
            if self.passing {
                log.push(piece, mask);
            } else {
                self.line.extend_from_slice(piece);
                if !may_be(&self.line) || self.line.len() > LONGEST {
                    self.passing = true;
                    self.flush(log, mask);
                } else if ends {
                    self.say(log, mask);
                }
            }
            if ends {
                self.passing = false;
            }
        }
    }

    /// Nothing more is read: a line without an end is one too.
    pub(crate) fn end(&mut self, log: &mut Tail, mask: &Mask) {
        self.say(log, mask);
    }

    /// What cannot be understood stays in the log, where it can be looked at.
    fn say(&mut self, log: &mut Tail, mask: &Mask) {
        let document = self.line.strip_prefix(WORD).and_then(|text| json::read(text).ok());
        match document.as_ref().and_then(Progress::read) {
            Some(progress) => {
                self.line.clear();
                self.reporter.report(progress);
            }
            None => self.flush(log, mask),
        }
    }

    fn flush(&mut self, log: &mut Tail, mask: &Mask) {
        log.push(&self.line, mask);
        self.line.clear();
    }
}

fn may_be(line: &[u8]) -> bool {
    line.starts_with(WORD) || WORD.starts_with(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stays in the log of what is printed, read in pieces of so many bytes.
    fn logged(printed: &str, size: usize) -> String {
        let reporter = Reporter::unheard();
        let (mut telling, mut log, mask) = (Telling::new(&reporter), Tail::new(1 << 20), Mask::default());
        printed.as_bytes().chunks(size).for_each(|chunk| telling.push(chunk, &mut log, &mask));
        telling.end(&mut log, &mask);
        String::from_utf8(log.bytes().to_vec()).unwrap()
    }

    #[test]
    fn what_is_no_progress_stays_in_the_log_however_it_was_read() {
        let long = format!("PROGRESS: {{\"message\": \"{}\"}}\n", "x".repeat(LONGEST));
        let printed = format!(
            "WARN: odd\nPROGRESS: {{\"done\": 1, \"of\": 3}}\nPROG\n\nPROGRESS: nonsense\n{long} PROGRESS: {{\"done\": 2}}\nPROGRESS: \
             {{\"done\": 2}}\nPROGRESS: {{\"done\": 3}}"
        );
        let stays = format!("WARN: odd\nPROG\n\nPROGRESS: nonsense\n{long} PROGRESS: {{\"done\": 2}}\n");
        for size in [1, 2, 7, 4096, 1 << 20] {
            assert_eq!(logged(&printed, size), stays, "{size}");
        }
    }
}
