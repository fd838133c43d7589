//! Text as PostgreSQL can hold it: U+0000 becomes U+FFFD, before anything is sealed that is bound to it.

use crate::change::{AttemptEnd, Change, EffectSet, NewJob, NewRecord};

pub(super) fn text(text: &mut String) {
    if text.contains('\0') {
        *text = text.replace('\0', "\u{fffd}");
    }
}

pub(super) fn maybe(of: &mut Option<String>) {
    of.iter_mut().for_each(text);
}

fn code(code: &mut model::Code) {
    if code.as_str().contains('\0') {
        *code = model::Code(code.as_str().replace('\0', "\u{fffd}").into());
    }
}

pub(super) fn job(job: &mut NewJob) {
    text(&mut job.source);
    text(&mut job.action);
    job.external_id.iter_mut().for_each(|id| text(&mut id.value));
}

pub(super) fn record(record: &mut NewRecord) {
    text(&mut record.who);
    maybe(&mut record.what);
    code(&mut record.code);
    text(&mut record.message);
}

pub(super) fn effects(effects: &mut EffectSet) {
    for content in effects.entities.iter_mut().filter_map(|write| write.content.as_mut()) {
        text(&mut content.state);
        text(&mut content.label);
    }
    for (_, to, _, _) in &mut effects.deliveries {
        text(&mut to.courier);
        text(&mut to.address);
    }
    effects.follow_ups.iter_mut().chain(&mut effects.joins).for_each(job);
    effects.records.iter_mut().for_each(record);
}

pub(super) fn change(change: &mut Change) {
    if let Some(AttemptEnd { code: of, message, .. }) = &mut change.ended {
        of.iter_mut().for_each(code);
        maybe(message);
    }
    let to = &mut change.to;
    to.code.iter_mut().for_each(code);
    maybe(&mut to.message);
    maybe(&mut to.lane);
    if let Some(cause) = &mut to.cause {
        maybe(&mut cause.backend);
        cause.code.iter_mut().for_each(code);
        text(&mut cause.shape);
    }
    for (_, _, _, of) in &mut change.events {
        of.iter_mut().for_each(code);
    }
    effects(&mut change.effects);
}
