//! An attempt on a backend whose workers stay.

use std::sync::Arc;
use std::time::Duration;

use engine::port::{Call, Reporter};
use model::Outcome;
use model::word::code;

use super::exchange::{Ask, Lapse};
use super::kind::Kind;
use super::pool::{Loan, Pool, Unstarted};
use super::protocol::{self, Fault};
use crate::backend::{Script, ScriptBackend};
use crate::output::Tail;
use crate::run::{Ending, GRACE, Ran, StopSignal, grace};
use crate::time::Deadline;
use crate::verdict::{self, Verdict};

/// A worker that took nothing of a request is not to blame for it: another one is asked, so often.
const TRIES: u32 = 3;

/// What an action of a backend has whose workers stay.
pub(crate) struct Desk<'a> {
    pub(crate) backend: &'a ScriptBackend,
    pub(crate) pool: &'a Pool,
    pub(crate) kind: &'a Arc<Kind>,
    pub(crate) script: &'a Script,
}

impl Desk<'_> {
    /// Has a worker do what is asked, in this thread.
    pub(crate) fn serve(
        &self,
        call: &Call,
        limit: Option<Duration>,
        stop_signal: &StopSignal,
        progress: &Reporter,
    ) -> Result<(Ran, Verdict), Box<Outcome>> {
        if let Some(stop) = stop_signal.reason() {
            let nothing = || Tail::new(0);
            let ran = Ran { ending: Ending::Stopped(stop), stdout: nothing(), stderr: nothing() };
            let verdict = verdict::judge_worker(&ran, None, &call.mask);
            return Ok((ran, verdict));
        }
        let line = protocol::request(call, self.kind.language())
            .map_err(|error| Box::new(Outcome::hard(1, code::INVALID_PAYLOAD, error.to_string())))?;
        let ask = Ask {
            line: &line,
            id: &call.mark.to_string(),
            limit: limit.map_or_else(Deadline::never, Deadline::after),
            mask: &call.mask,
            stop_signal,
            progress,
        };
        for _ in 0..TRIES {
            let mut loan = match self.pool.idle(self.kind, call.mark.journal) {
                Some(loan) => loan,
                None => self.start(call, limit, &ask)?,
            };
            let (answer, ran) = match loan.ask(&ask) {
                Ok((answer, line)) => {
                    let stderr = loan.complaints();
                    loan.give_back();
                    (Some(answer), Ran { ending: Ending::Answered, stdout: Tail::whole(line), stderr })
                }
                Err(Lapse::Unread) => {
                    loan.end(true, GRACE);
                    continue;
                }
                Err(lapse) => (None, lost(loan, lapse, limit)),
            };
            let verdict = verdict::judge_worker(&ran, answer, &call.mask);
            return Ok((ran, verdict));
        }
        let sentence = format!("no worker takes a request: {}", Fault::Deaf);
        Err(Box::new(Outcome::soft(1, code::LOST, sentence)))
    }

    fn start(&self, call: &Call, limit: Option<Duration>, ask: &Ask<'_>) -> Result<Loan, Box<Outcome>> {
        self.backend.inspect(self.script)?;
        self.pool.start(self.kind, call.mark.journal, ask).map_err(|unstarted| match unstarted {
            Unstarted::System(error) => self.backend.unstarted(self.script, &error),
            Unstarted::NotReady(lapse, ending, stderr) => {
                Box::new(verdict::unready(&lapse, ending, limit, &stderr, &call.mask))
            }
        })
    }
}

/// Ends one of which it is not known what it did.
fn lost(loan: Loan, lapse: Lapse, limit: Option<Duration>) -> Ran {
    let failed = !matches!(lapse, Lapse::Limit | Lapse::Stopped(_));
    let grace = match &lapse {
        Lapse::Stopped(stop) => grace(&Ending::Stopped(*stop)),
        _ => GRACE,
    };
    let (by_itself, stderr) = loan.end(failed, grace);
    let (ending, said) = match lapse {
        Lapse::Limit | Lapse::Unready(_) => (Ending::Limit(limit.unwrap_or_default()), Vec::new()),
        Lapse::Stopped(stop) => (Ending::Stopped(stop), Vec::new()),
        Lapse::Broke(fault, said) => (Ending::Broke(fault), said),
        Lapse::Exited | Lapse::Unread => (by_itself.unwrap_or(Ending::Broke(Fault::Closed)), Vec::new()),
    };
    Ran { ending, stdout: Tail::whole(said), stderr }
}
