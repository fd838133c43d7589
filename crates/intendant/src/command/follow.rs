//! Shows a job's steps as they happen: each line when its attempt has ended, and what runs just now on a terminal.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::Result;
use api::dto::{Attempt, Progress, Story};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::render::step::{Line, name_column};
use crate::render::{job, progress, text, time};
use module::terminal::Screen;

/// How often the line of what runs is drawn anew.
const TICK: Duration = Duration::from_millis(100);

/// What of a job has been shown so far.
pub(super) struct Follower<'a> {
    screen: &'a Screen,
    /// Whether lines are wanted at all.
    wanted: bool,
    titled: bool,
    /// Attempts and steps that have their line.
    shown: HashSet<(u16, u32)>,
    /// The line of what runs just now, and the attempt it is about.
    busy: ProgressBar,
    running: Option<(u16, u32)>,
}

impl<'a> Follower<'a> {
    /// Nothing has been shown yet. Lines are `wanted`, or only the result is.
    pub(super) fn new(screen: &'a Screen, wanted: bool) -> Self {
        let wanted = wanted && !screen.is_quiet();
        let busy = busy_line(screen, wanted);
        Follower { screen, wanted, titled: false, shown: HashSet::new(), busy, running: None }
    }

    /// Shows what is new in the story.
    pub(super) fn show(&mut self, story: &Story) -> Result<()> {
        if !self.wanted {
            return Ok(());
        }
        self.show_title(story)?;
        self.show_steps(story)?;
        self.show_running(story);
        if let Some(said) = &story.progress {
            self.report(said);
        }
        if story.job.state.is_terminal() {
            self.busy.finish_and_clear();
            self.print(&[ending(story, self.screen), String::new()])?;
        }
        Ok(())
    }

    fn show_title(&mut self, story: &Story) -> Result<()> {
        if std::mem::replace(&mut self.titled, true) {
            return Ok(());
        }
        let subject = story.job.subject.as_ref().map(ToString::to_string).unwrap_or_default();
        let action = self.screen.out.bold(&text::one_line(&story.job.action));
        let id = self.screen.out.dim(&story.job.id.to_string());
        self.print(&[
            format!("{action}  {}", text::one_line(&subject)).trim_end().to_owned(),
            format!("  {id}"),
        ])
    }

    fn show_steps(&mut self, story: &Story) -> Result<()> {
        let names = name_column(&story.steps);
        let mut attempts: Vec<&Attempt> = story.attempts.iter().filter(|a| a.ended_at.is_some()).collect();
        attempts.sort_by_key(|attempt| (attempt.started_at, attempt.step, attempt.number));
        for attempt in attempts {
            let step = story.steps.iter().find(|step| step.index == attempt.step);
            if let Some(step) = step.filter(|_| self.shown.insert((attempt.step, attempt.number))) {
                self.print(&Line::of_attempt(step, attempt).lines(names, &self.screen.look()))?;
            }
        }
        for step in story.steps.iter().filter(|step| step.state.is_terminal() && step.attempts == 0) {
            if self.shown.insert((step.index, 0)) {
                self.print(&Line::of_step(step).lines(names, &self.screen.look()))?;
            }
        }
        Ok(())
    }

    fn show_running(&mut self, story: &Story) {
        let running = story.attempts.iter().find(|attempt| attempt.ended_at.is_none());
        let running = running.map(|attempt| (attempt.step, attempt.number));
        if running != self.running {
            self.running = running;
            let step = running.and_then(|(place, _)| story.steps.iter().find(|step| step.index == place));
            self.busy.set_style(style(self.screen, SPINNER));
            self.busy.set_message(
                step.map_or_else(|| self.screen.say("waiting"), |step| text::one_line(&step.backend)),
            );
            self.busy.reset_elapsed();
        }
    }

    /// Shows how far what runs says that it has come: as a bar where it knows its end.
    pub(super) fn report(&mut self, said: &Progress) {
        if self.running != Some((said.step, said.attempt)) {
            return;
        }
        let measured = said.done.zip(said.of);
        self.busy.set_style(style(self.screen, if measured.is_some() { BAR } else { SPINNER }));
        if let Some((done, of)) = measured {
            self.busy.set_length(of);
            self.busy.set_position(done);
        }
        self.busy.set_message(progress::words(said, &self.screen.look()));
    }

    /// Says something that a person may want to know, beside the line of what runs.
    pub(super) fn remark(&self, words: &str) {
        self.busy.suspend(|| self.screen.remark(words));
    }

    fn print(&self, lines: &[String]) -> Result<()> {
        self.busy.suspend(|| lines.iter().try_for_each(|line| self.screen.line(line)))
    }
}

impl Drop for Follower<'_> {
    fn drop(&mut self) {
        self.busy.finish_and_clear();
    }
}

/// How the job ended, and how long it took.
fn ending(story: &Story, screen: &Screen) -> String {
    let (state, mark) = (story.job.state, job::mark(story.job.state));
    let since = story.job.started_at.unwrap_or(story.job.accepted_at);
    let took = story.job.ended_at.map(|ended| format!("in {}", time::took(time::between(since.0, ended.0))));
    let state = mark.paint(screen.out, &format!("{} {}", mark.sign(), screen.say(state.as_str())));
    match took {
        Some(took) => format!("{state} {}", screen.say(&took)),
        None => state,
    }
}

/// A moving sign, the backend and the time so far, if wanted; on a terminal only.
pub(super) fn busy_line(screen: &Screen, wanted: bool) -> ProgressBar {
    if !(wanted && screen.live) {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
    bar.set_style(style(screen, SPINNER));
    bar.set_message(screen.say("waiting"));
    bar.enable_steady_tick(TICK);
    bar
}

/// What moves before the words.
const SPINNER: &str = "{spinner}";
const BAR: &str = "{spinner} {bar:20}";

fn style(screen: &Screen, sign: &str) -> ProgressStyle {
    let template = if screen.err.is_on() {
        format!("              {} {{msg}} {{elapsed:.dim}}", sign.replace("{spinner}", "{spinner:.cyan}"))
    } else {
        format!("              {sign} {{msg}} {{elapsed}}")
    };
    let plain = |_| ProgressStyle::default_spinner();
    let style = ProgressStyle::with_template(&template).unwrap_or_else(plain).progress_chars("━╸ ");
    style.tick_strings(&["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏", " "])
}
