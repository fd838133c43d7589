//! What the hub says of its jobs, for the judge that stands outside of it.

use api::client::Client;
use api::dto::{JobQuery, Story};
use testkit::oracle::{JobView, StepView};

/// Everything that the hub says of the jobs after this place in the order (0 = of all).
pub(crate) async fn stories(client: &Client, after: i64) -> Vec<Story> {
    let mut stories = Vec::new();
    let mut query = JobQuery::default();
    loop {
        let page = client.jobs(&query).await.unwrap();
        for job in &page.jobs {
            if job.seq.0 <= after {
                return stories;
            }
            stories.push(client.job(job.id).await.unwrap());
        }
        match page.next {
            Some(next) => query.before = Some(next),
            None => return stories,
        }
    }
}

/// A job as the judge sees it.
pub(crate) fn view(story: &Story) -> JobView {
    let attempts = |step: u16| {
        let of_step = story.attempts.iter().filter(|attempt| attempt.step == step);
        of_step.map(|attempt| (attempt.number, attempt.ended_at.is_some())).collect()
    };
    let step = |step: &api::dto::Step| StepView {
        index: step.index,
        ended: step.state.is_terminal(),
        succeeded: step.state == model::StepState::Succeeded,
        attempts: attempts(step.index),
    };
    JobView {
        id: story.job.id.to_string(),
        seq: story.job.seq.0,
        subject: story.job.subject.as_ref().map(ToString::to_string),
        ended: story.job.state.is_terminal(),
        steps: story.steps.iter().map(step).collect(),
    }
}
