//! The queue as a worker sees it: BullMQ's scripts, called by hand.

use std::time::Duration;

use jiff::Timestamp;
use redis::aio::MultiplexedConnection;
use redis::{FromRedisValue, RedisResult, ScriptInvocation, Value};
use serde::Serialize;

use crate::decode::Message;
use crate::keep::Keep;
use crate::keys::Keys;
use crate::script::Scripts;
use crate::server::Server;
use crate::settings::Settings;

/// No number of lost workers fails a job: the journal knows what was done.
const MAX_STALLED: u32 = i32::MAX.unsigned_abs();

/// So many waiting jobs are looked through by one call: Redis does nothing else meanwhile.
const LOOKED: usize = 1000;

/// A queue, and under which token we take from it.
pub(crate) struct Queue {
    keys: Keys,
    scripts: Scripts,
    token: String,
    lock: Duration,
    stalled_every: Duration,
    term: Duration,
    keep: Keep,
}

/// What was found when a job was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// A job, which is ours now.
    Job(Message),
    /// None; the queue wants to be asked again at the latest at this time.
    Nothing(Option<Timestamp>),
}

/// What a look through the waiting jobs for those of some names came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Looked {
    /// They are ours now.
    pub(crate) jobs: Vec<Message>,
    /// The newest job that was looked at and still waits.
    pub(crate) newest: Option<String>,
    /// How many older ones were looked at; `None` = all that the last look had not seen.
    pub(crate) many: Option<usize>,
}

/// How an attempt to complete a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finished {
    /// It is complete.
    Yes,
    /// There is no such job any more.
    Gone,
    /// It is not ours at this moment: its lock ran out, it went back to the queue, or somebody else has it.
    NotOurs,
    /// It waits for other jobs, which no job of the orchestrator does.
    HasChildren,
}

/// How a job that we hold stands, see `lua/hold.lua`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// Ours, without a break or again.
    Ours,
    /// Nobody's, and still active.
    Free,
    /// Somebody else's.
    Other,
    /// Back in the queue.
    Waiting,
    /// Complete.
    Finished,
    /// Removed.
    Gone,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TakeOptions<'a> {
    token: &'a str,
    lock_duration: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FinishOptions<'a> {
    token: &'a str,
    keep_jobs: Keep,
    lock_duration: u64,
    attempts: u32,
    max_metrics_size: &'a str,
}

impl Queue {
    /// `token` tells our locks from those of others: it is derived from the journal, so that it is the same after a
    /// restart. That a lock is one of this job's is said by its key.
    pub(crate) fn new(settings: &Settings, token: String) -> Self {
        Queue {
            keys: Keys::new(&settings.prefix, &settings.queue),
            scripts: Scripts::new(),
            token,
            lock: settings.lock,
            stalled_every: settings.stalled_every,
            term: settings.term,
            keep: Keep {
                age: Some(settings.keep_age.as_secs()),
                count: Some(i64::try_from(settings.keep_count).unwrap_or(i64::MAX)),
            },
        }
    }

    /// The key by which workers are woken.
    pub(crate) fn marker(&self) -> String {
        self.keys.key("marker")
    }

    /// Gives Redis the script of [`Queue::take`], which is called by its hash alone.
    pub(crate) async fn prepare(&self, mut redis: MultiplexedConnection) -> RedisResult<()> {
        self.scripts.take.load_async(&mut redis).await.map(drop)
    }

    /// Takes up to so many jobs, in the order of the queue. All are asked for by one request: those of several could
    /// overtake each other.
    pub(crate) async fn take(
        &self,
        mut redis: MultiplexedConnection,
        many: usize,
        now: Timestamp,
    ) -> RedisResult<Vec<RedisResult<Taken>>> {
        let options = TakeOptions { token: &self.token, lock_duration: millis(self.lock) };
        let mut call = redis::cmd("EVALSHA");
        call.arg(self.scripts.take.get_hash()).arg(TAKE.len()).arg(&self.keys.keys(TAKE));
        call.arg(self.keys.prefix()).arg(now.as_millisecond()).arg(pack(&options));
        let mut calls = redis::pipe();
        calls.ignore_errors();
        for _ in 0..many {
            calls.add_command(call.clone());
        }
        let answers: Vec<RedisResult<TakeAnswer>> = calls.query_async(&mut redis).await?;
        Ok(answers.into_iter().map(|answer| taken(answer?, now)).collect())
    }

    /// Takes the waiting jobs of these names before all others. A look goes from the newest job to the one that was the
    /// newest of the last look, in several calls if need be: `skipped` are those that the calls before went through.
    pub(crate) async fn take_first(
        &self,
        mut redis: MultiplexedConnection,
        names: &[&str],
        skipped: usize,
        last: Option<&str>,
        now: Timestamp,
    ) -> RedisResult<Looked> {
        let options = TakeOptions { token: &self.token, lock_duration: millis(self.lock) };
        let mut call = self.scripts.first.prepare_invoke();
        add_keys(&mut call, &self.keys.keys(TAKE));
        call.arg(self.keys.prefix()).arg(now.as_millisecond()).arg(pack(&options));
        call.arg(LOOKED).arg(skipped).arg(last.unwrap_or_default()).arg(names);
        let (newest, done, answers): (String, bool, Vec<TakeAnswer>) = call.invoke_async(&mut redis).await?;
        let mut jobs = Vec::new();
        for answer in answers {
            if let Taken::Job(job) = taken(answer, now)? {
                jobs.push(job);
            }
        }
        // Those that were taken are no longer in the way of the next call.
        let many = (!done).then(|| LOOKED - jobs.len().min(LOOKED));
        Ok(Looked { jobs, newest: Some(newest).filter(|id| !id.is_empty()), many })
    }

    /// Completes a job that is ours with this JSON text. It stays as long as it says itself, or the source.
    pub(crate) async fn finish(
        &self,
        mut redis: MultiplexedConnection,
        id: &str,
        value: &str,
        keep: Option<Keep>,
        now: Timestamp,
    ) -> RedisResult<Finished> {
        let options = FinishOptions {
            token: &self.token,
            keep_jobs: keep.unwrap_or(self.keep),
            lock_duration: millis(self.lock),
            attempts: 1,
            max_metrics_size: "",
        };
        let mut call = self.scripts.finish.prepare_invoke();
        let [wait, active, prioritized, events, stalled, limiter, delayed, paused, meta, pc, marker] =
            self.keys.keys(TAKE);
        let [completed, metrics] = self.keys.keys(["completed", "metrics:completed"]);
        let job = self.keys.key(id);
        add_keys(
            &mut call,
            &[wait, active, prioritized, events, stalled, limiter, delayed, paused, meta, pc],
        );
        add_keys(&mut call, &[completed, job, metrics, marker]);
        call.arg(id).arg(now.as_millisecond()).arg("returnvalue").arg(value).arg("completed").arg("0");
        call.arg(self.keys.prefix()).arg(pack(&options)).arg("");
        let code: i64 = call.invoke_async(&mut redis).await?;
        Ok(match code {
            -1 => Finished::Gone,
            -4 | -9 => Finished::HasChildren,
            code if code < 0 => Finished::NotOurs,
            _ => Finished::Yes,
        })
    }

    /// Gives a job back that was taken and not accepted: the next worker takes it first.
    pub(crate) async fn give_back(&self, mut redis: MultiplexedConnection, id: &str) -> RedisResult<()> {
        let names =
            ["active", "wait", "stalled", "paused", "meta", "limiter", "prioritized", "marker", "events"];
        let mut call = self.scripts.give_back.prepare_invoke();
        add_keys(&mut call, &self.keys.keys(names));
        call.arg(id).arg(&self.token).arg(self.keys.key(id));
        call.invoke_async::<i64>(&mut redis).await.map(drop)
    }

    /// Puts jobs whose lock ran out back into the queue, once in a round of all workers; says which.
    pub(crate) async fn release_stalled(
        &self,
        mut redis: MultiplexedConnection,
        now: Timestamp,
    ) -> RedisResult<Vec<String>> {
        let names =
            ["stalled", "wait", "active", "stalled-check", "meta", "paused", "marker", "events", "repeat"];
        let mut call = self.scripts.release_stalled.prepare_invoke();
        add_keys(&mut call, &self.keys.keys(names));
        call.arg(MAX_STALLED)
            .arg(self.keys.prefix())
            .arg(now.as_millisecond())
            .arg(millis(self.stalled_every));
        call.invoke_async(&mut redis).await
    }

    /// Renews the locks of jobs, and sets those anew that ran out when `retake` says so.
    pub(crate) async fn hold(
        &self,
        mut redis: MultiplexedConnection,
        ids: &[&str],
        retake: bool,
    ) -> RedisResult<Vec<Held>> {
        let mut call = self.scripts.hold.prepare_invoke();
        add_keys(&mut call, &self.keys.keys(["active", "stalled"]));
        call.arg(self.keys.prefix()).arg(&self.token).arg(millis(self.lock)).arg(u8::from(retake));
        for id in ids {
            call.arg(*id);
        }
        let words: Vec<String> = call.invoke_async(&mut redis).await?;
        Ok(words.iter().map(|word| Held::of(word)).collect())
    }

    /// The active jobs whose lock is ours.
    pub(crate) async fn ours(&self, mut redis: MultiplexedConnection) -> RedisResult<Vec<String>> {
        let mut call = self.scripts.ours.prepare_invoke();
        call.key(self.keys.key("active")).arg(self.keys.prefix()).arg(&self.token);
        call.invoke_async(&mut redis).await
    }

    /// A job as it lies in its hash.
    pub(crate) async fn read(&self, mut redis: MultiplexedConnection, id: &str) -> RedisResult<Message> {
        let mut call = redis::cmd("HGETALL");
        let fields: Vec<(Vec<u8>, Vec<u8>)> = call.arg(self.keys.key(id)).query_async(&mut redis).await?;
        Ok(Message::from_fields(id.to_owned(), fields))
    }

    /// What a job was completed with.
    pub(crate) async fn answer_of(
        &self,
        mut redis: MultiplexedConnection,
        id: &str,
    ) -> RedisResult<Option<String>> {
        redis::cmd("HGET").arg(self.keys.key(id)).arg("returnvalue").query_async(&mut redis).await
    }

    /// Puts the data without its secrets in the place of the data of a job that is over.
    pub(crate) async fn mask(
        &self,
        mut redis: MultiplexedConnection,
        id: &str,
        data: &str,
    ) -> RedisResult<()> {
        let mut call = self.scripts.mask.prepare_invoke();
        call.key(self.keys.key(id)).arg(data);
        call.invoke_async::<i64>(&mut redis).await.map(drop)
    }

    /// Serves the queue for a term, or says who does.
    /// Those of `us` who were in this seat before are over.
    pub(crate) async fn lease(
        &self,
        mut redis: MultiplexedConnection,
        us: &Server,
        seat: &str,
    ) -> RedisResult<Server> {
        let mut call = self.scripts.lease.prepare_invoke();
        call.key(self.keys.served_by()).arg(us.to_string()).arg(millis(self.term));
        call.arg(us.in_seat(seat)).arg(&us.formerly());
        let owner: String = call.invoke_async(&mut redis).await?;
        Ok(Server::read(&owner))
    }
}

impl Held {
    fn of(word: &str) -> Self {
        match word {
            "kept" | "retaken" => Held::Ours,
            "free" => Held::Free,
            "other" => Held::Other,
            "waiting" => Held::Waiting,
            "finished" => Held::Finished,
            _ => Held::Gone,
        }
    }
}

/// The keys that taking and completing share, in the order of both scripts; the marker comes last in both.
const TAKE: [&str; 11] = [
    "wait",
    "active",
    "prioritized",
    "events",
    "stalled",
    "limiter",
    "delayed",
    "paused",
    "meta",
    "pc",
    "marker",
];

/// Fields of the job's hash or 0, its id or 0, milliseconds to wait, when the next delayed job is due.
type TakeAnswer = (Value, Value, i64, i64);

fn taken((fields, id, limited, next): TakeAnswer, now: Timestamp) -> RedisResult<Taken> {
    if let (Value::Array(_), Value::BulkString(id)) = (&fields, &id) {
        let fields = Vec::<(Vec<u8>, Vec<u8>)>::from_redis_value(fields)?;
        let id = String::from_utf8_lossy(id).into_owned();
        return Ok(Taken::Job(Message::from_fields(id, fields)));
    }
    let at = if limited > 0 { now.as_millisecond().saturating_add(limited) } else { next };
    Ok(Taken::Nothing(Timestamp::from_millisecond(at).ok().filter(|_| at > 0)))
}

fn add_keys(call: &mut ScriptInvocation<'_>, keys: &[String]) {
    for key in keys {
        call.key(key);
    }
}

/// `MessagePack` with names, as the scripts unpack it.
fn pack(options: &impl Serialize) -> Vec<u8> {
    // Text and numbers written to memory: there is nothing that could fail.
    rmp_serde::to_vec_named(options).unwrap_or_default()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
