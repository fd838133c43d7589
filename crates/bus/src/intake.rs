//! From messages of the queue to jobs of the journal.
//!
//! What is in the journal is acknowledged, as a job or as a refusal. While the journal cannot be written messages are
//! held and tried again; they stay the broker's.

use engine::door::{Entered, by_subject};
use engine::port::{Moment, View};
use engine::{Story, Why};
use futures_util::future::join_all;
use lapin::message::Delivery;
use model::json;
use model::word::code;
use model::{JobId, NewDelivery, Refusal, Request};
use serde_json::Value;
use uuid::Uuid;

use crate::envelope::{Kind, Message, Version};
use crate::failure::Failure;
use crate::hold::{Fate, Held, come_back};
use crate::raw::{Body, RawMessage};
use crate::request::{History, NO_ROUTE, Origin, POISONOUS, Refused, SKIPPED, original_id, request};
use crate::session::Session;
use crate::tell::uuid_of;
use crate::wire;

/// A message that is held may be handed out so often before somebody has to look.
const HANDED_OUT: u64 = 20;

/// Milliseconds of a day.
const DAY: i64 = 24 * 3600 * 1000;

/// A message that came, and what it asks for.
struct Incoming {
    /// The broker's number of it.
    tag: u64,
    raw: RawMessage,
    /// The job that the journal had of it when it was deferred.
    was: Option<JobId>,
    message: Option<Message>,
    request: Result<Request, Refused>,
}

impl Incoming {
    /// Tells it apart from others.
    fn number(&self) -> Uuid {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.raw.to_bytes());
        uuid_of(&hasher)
    }

    fn is_reply(&self) -> bool {
        self.message.as_ref().is_some_and(|message| message.kind == Kind::Reply)
    }
}

impl Session {
    /// Takes in what came. Messages of the same subject go one after the other, so that the journal has them in the
    /// order of the queue. `None`: not all were, since the hub stops.
    pub(crate) async fn take_in(&self, batch: Vec<Delivery>) -> Option<Vec<Held>> {
        self.link.count("received", batch.len() as u64);
        let incoming: Vec<_> = batch.into_iter().map(|delivery| self.read(delivery)).collect();
        let subject = |incoming: &Incoming| self.hub.subject_of(incoming.request.as_ref().ok()?);
        let lines = by_subject(incoming, subject);
        let taken = join_all(lines.into_iter().map(|line| self.take_in_line(line))).await;
        let taken: Result<Vec<_>, _> = taken.into_iter().collect();
        Some(taken.ok()?.into_iter().flatten().collect())
    }

    fn read(&self, delivery: Delivery) -> Incoming {
        let (settings, tag) = (&self.shared.settings, delivery.delivery_tag);
        let mut raw = RawMessage {
            exchange: delivery.exchange.to_string(),
            routing_key: delivery.routing_key.to_string(),
            redelivered: delivery.redelivered,
            properties: wire::read(&delivery.properties),
            body: Body::new(delivery.data),
        };
        let was = come_back(&mut raw, settings);
        match raw.decode() {
            Err(poison) => {
                let request = Err(Refused::new(code::UNREADABLE, poison.to_string()));
                Incoming { tag, raw, was, message: None, request }
            }
            Ok(message) => {
                let routes = self.shared.routes.get();
                let request = request(&settings.name, &message, &routes, settings.max_attempts);
                let request = request.map(|request| self.with_id(request, &raw));
                Incoming { tag, raw, was, message: Some(message), request }
            }
        }
    }

    /// A message without an id that the broker hands out again gets one that follows from it, so that it becomes no
    /// third job.
    fn with_id(&self, mut request: Request, raw: &RawMessage) -> Request {
        if request.external_id.is_none() && raw.redelivered {
            let day = self.shared.clock.now().as_millisecond() / DAY;
            let mut hasher = blake3::Hasher::new();
            hasher.update(&day.to_be_bytes()).update(raw.routing_key.as_bytes()).update(&raw.body.bytes());
            request.external_id = Some(format!("redelivered:{}", uuid_of(&hasher)));
        }
        request
    }

    /// An error: the hub stops.
    async fn take_in_line(&self, line: Vec<Incoming>) -> Result<Vec<Held>, engine::Error> {
        let mut held = Vec::with_capacity(line.len());
        for incoming in line {
            let fate = self.patience.until_taken(&self.shared.clock, || self.take_in_one(&incoming)).await?;
            held.push(Held { tag: incoming.tag, raw: incoming.raw, fate });
        }
        Ok(held)
    }

    /// An error: the journal did not take it.
    async fn take_in_one(&self, incoming: &Incoming) -> Result<Fate, engine::Error> {
        if let Some(job) = self.known(incoming).await? {
            self.link.count("known", 1);
            return Ok(Fate::Job(job));
        }
        let request = match &incoming.request {
            Ok(_) if self.is_poisonous(&incoming.raw) => {
                let message = format!(
                    "it was handed out more than {HANDED_OUT} times, and each time the hub was gone before it was done"
                );
                return self.refuse(incoming, &Refused::new(POISONOUS, message)).await;
            }
            Ok(request) => request.clone(),
            // Nobody here waits for it.
            Err(refused) if refused.why.code == NO_ROUTE && incoming.is_reply() => {
                self.link.count("unclaimed", 1);
                return Ok(Fate::Done);
            }
            Err(refused) if refused.why.code == SKIPPED => {
                self.link.count("skipped", 1);
                return self.tell_nothing_done(incoming).await;
            }
            Err(refused) => return self.refuse(incoming, refused).await,
        };
        Ok(match self.hub.enter(request).await? {
            Entered::New(job) => {
                self.link.count("accepted", 1);
                Fate::Job(job)
            }
            Entered::Live(job) => {
                self.link.count("known", 1);
                Fate::Job(job)
            }
            // It was held, and only our acknowledgement was lost.
            Entered::Ended(story) if self.shared.settings.hold.is_some() && incoming.raw.redelivered => {
                self.link.count("known", 1);
                Fate::Job(story.job.id)
            }
            Entered::Ended(story) => {
                self.link.count("known", 1);
                self.answer_again(incoming, &story).await?
            }
            Entered::Forgotten => {
                self.link.count("known", 1);
                let message =
                    "this message was dealt with long ago, its result is no longer kept: send it anew";
                let refused = Refused::new(code::ID_REUSED, message.to_owned());
                Fate::Told(self.hub.tell(self.told(incoming, &incoming.raw.to_bytes(), &refused)).await?)
            }
            Entered::Unclaimed => {
                self.link.count("unclaimed", 1);
                self.tell_nothing_done(incoming).await?
            }
            Entered::Refused(why) => {
                // What the action's own schema says is told as what a route's says is.
                let wrong = (why.code == code::INVALID_PAYLOAD).then(|| why.message.clone());
                let refused = Refused { why, violations: wrong.into_iter().collect(), schema: None };
                self.refuse(incoming, &refused).await?
            }
        })
    }

    /// Whether a message that is held seems to take the hub with it. Only a quorum queue counts how often it hands one out.
    fn is_poisonous(&self, raw: &RawMessage) -> bool {
        let count = raw.properties.headers.get("x-delivery-count").and_then(Value::as_u64);
        self.shared.settings.hold.is_some() && count.is_some_and(|count| count > HANDED_OUT)
    }

    /// The job that the journal has of a message that was held or deferred.
    async fn known(&self, incoming: &Incoming) -> Result<Option<JobId>, engine::Error> {
        let again = || incoming.raw.redelivered.then(|| self.shared.held.find(&incoming.raw)).flatten();
        let Some(job) = incoming.was.or_else(again) else { return Ok(None) };
        match self.hub.job(job).await {
            Ok(found) => Ok((found.source == self.shared.settings.name).then_some(job)),
            // The journal is another one.
            Err(engine::Error::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A message with which there is nothing to do: whoever waits for a reply gets one.
    async fn tell_nothing_done(&self, incoming: &Incoming) -> Result<Fate, engine::Error> {
        let Some(message) = &incoming.message else { return Ok(Fate::Done) };
        let settings = &self.shared.settings;
        let (origin, history) = (Origin::of(message), History::of(message));
        let told = settings.tell_nothing_done(&origin, &history, self.shared.clock.now());
        let told = told.map(|outgoing| settings.delivery(&outgoing, &incoming.number().to_string()));
        self.hub.tell(told.into_iter().collect()).await.map(Fate::Told)
    }

    /// A message whose job has ended: its result is told once more, nothing runs.
    async fn answer_again(&self, incoming: &Incoming, story: &Story) -> Result<Fate, engine::Error> {
        let last = |index: u16| {
            story
                .attempts
                .iter()
                .rev()
                .find(|(attempt, _)| attempt.step == index)
                .and_then(|(_, o)| o.clone())
        };
        let steps: Vec<_> = story.steps.iter().map(|step| (step.clone(), last(step.index))).collect();
        let reply: Vec<Value> = incoming.request.iter().filter_map(|request| request.reply.clone()).collect();
        let view = View { job: &story.job, body: &story.body, reply: &reply, steps: &steps };
        let settings = &self.shared.settings;
        let mut told = settings.tell(&view, Moment::Settled, &self.shared.routes.get());
        told.retain(|outgoing| outgoing.message.kind == Kind::Reply);
        let apart = story.job.id.to_string();
        let deliveries: Vec<_> = told.iter().map(|outgoing| settings.delivery(outgoing, &apart)).collect();
        // Only our acknowledgement was lost: what there is to say has left, or will.
        let is_said =
            |delivery: &NewDelivery| story.deliveries.iter().any(|there| there.body == delivery.body);
        if incoming.raw.redelivered && deliveries.iter().all(is_said) {
            return Ok(Fate::Job(story.job.id));
        }
        self.hub.tell(deliveries).await.map(Fate::Told)
    }

    /// Keeps what cannot be accepted with the dead letters, and says so to whoever sent it.
    async fn refuse(&self, incoming: &Incoming, refused: &Refused) -> Result<Fate, engine::Error> {
        let Why { code, message } = refused.why.clone();
        let raw = incoming.raw.to_bytes();
        let told = self.told(incoming, &raw, refused);
        let refusal = Refusal {
            source: self.shared.settings.name.clone(),
            external_id: incoming.message.as_ref().and_then(|message| message.id.clone()),
            action: Some(incoming.raw.routing_key.clone()).filter(|key| !key.is_empty()),
            code,
            message,
            raw,
        };
        let debt = self.hub.refuse_and_tell(refusal, told).await?;
        self.link.count("refused", 1);
        Ok(Fate::Told(debt))
    }

    /// What leaves for a message that became no job.
    fn told(&self, incoming: &Incoming, raw: &[u8], refused: &Refused) -> Vec<NewDelivery> {
        let settings = &self.shared.settings;
        let (origin, history) = match &incoming.message {
            Some(message) => (Origin::of(message), History::of(message)),
            None => (salvaged(&incoming.raw), History::default()),
        };
        let now = self.shared.clock.now();
        let number = uuid_of(blake3::Hasher::new().update(raw).update(&now.as_millisecond().to_be_bytes()));
        let failure = Failure::of_refused(refused);
        let told = settings.tell_refused(&origin, &history, &failure, number, now);
        told.iter().map(|outgoing| settings.delivery(outgoing, &number.to_string())).collect()
    }
}

/// What can be told of a message that cannot be read.
fn salvaged(raw: &RawMessage) -> Origin {
    let properties = &raw.properties;
    let body = json::read_around(&raw.body.bytes()).ok();
    let uuid = body.as_ref().and_then(|body| Some(body.get("event_uuid")?.as_str()?.to_owned()));
    let is_v2 =
        properties.headers.get("soa-version").and_then(Value::as_str).is_some_and(|v| v.starts_with('2'));
    Origin {
        version: if is_v2 { Version::V2 } else { Version::V1 },
        routing_key: raw.routing_key.clone(),
        id: uuid.or_else(|| properties.message_id.clone()),
        sender: properties.app_id.clone(),
        reply_to: properties.reply_to.clone().filter(|exchange| !exchange.is_empty()),
        correlation_id: properties.correlation_id.clone(),
        original_id: original_id(&properties.headers),
    }
}
