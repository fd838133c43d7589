//! Row ids that are made of their place, so that steps and attempts need no index of their own.

use crate::error::Error;
use crate::rules::steps;
use crate::rules::steps::ATTEMPTS;
pub(super) use crate::rules::steps::STEPS;

/// A job's seq is less than this, so that every id fits.
pub(super) const JOBS: i64 = 1 << 39;

/// Whatever else is numbered never comes so far: what has such a number was written into the file by somebody.
pub(super) const NEVER: i64 = 1 << 62;

/// The next job's number.
pub(super) fn next_job(last: i64) -> Result<i64, Error> {
    if last < JOBS - 1 {
        Ok(last + 1)
    } else {
        Err(Error::TooMany(format!("the journal has numbered {last} jobs and has no more numbers")))
    }
}

/// The id of a step.
pub(super) fn step(job: i64, step: u16) -> Result<i64, Error> {
    if !(0..JOBS).contains(&job) {
        // Somebody wrote into the file.
        return Err(Error::TooMany(format!("job {job} has a number that no journal gives")));
    }
    Ok(job * STEPS + steps::place(step)?)
}

/// The id of an attempt.
pub(super) fn attempt(job: i64, place: u16, number: u32) -> Result<i64, Error> {
    Ok(step(job, place)? * ATTEMPTS + steps::number(number)?)
}

/// The first and the last id that steps of this job can have; of a number that no job has, what no step has.
pub(super) fn steps_of(job: i64) -> (i64, i64) {
    let first = job.saturating_mul(STEPS);
    (first, first.saturating_add(STEPS - 1))
}

/// The first and the last id that attempts of this job can have.
pub(super) fn attempts_of(job: i64) -> (i64, i64) {
    let (first, last) = steps_of(job);
    (first.saturating_mul(ATTEMPTS), last.saturating_mul(ATTEMPTS).saturating_add(ATTEMPTS - 1))
}

/// A step's place from its id.
pub(super) fn place_of_step(id: i64) -> u16 {
    u16::try_from(id.rem_euclid(STEPS)).unwrap_or_default()
}

/// The job of a step, from its id.
pub(super) fn job_of_step(id: i64) -> i64 {
    id.div_euclid(STEPS)
}

/// The job of an attempt, from its id.
pub(super) fn job_of_attempt(id: i64) -> i64 {
    job_of_step(id.div_euclid(ATTEMPTS))
}

/// The job's seq, the step's place and the number from an attempt's id.
pub(super) fn place_of_attempt(id: i64) -> (u16, u32) {
    let number = u32::try_from(id.rem_euclid(ATTEMPTS)).unwrap_or_default();
    (place_of_step(id.div_euclid(ATTEMPTS)), number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ids_are_places(job in 1..JOBS, place in 0..256_u16, number in 1..65_536_u32) {
            let id = attempt(job, place, number).unwrap();
            prop_assert_eq!(place_of_attempt(id), (place, number));
            prop_assert_eq!(place_of_step(step(job, place).unwrap()), place);
            let (first, last) = attempts_of(job);
            prop_assert!((first..=last).contains(&id));
            let (first, last) = steps_of(job);
            prop_assert!((first..=last).contains(&step(job, place).unwrap()));
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(step(1, 256).is_err());
        assert!(attempt(1, 0, 65_536).is_err());
        assert!(next_job(JOBS - 1).is_err());
        assert!(next_job(i64::MAX).is_err());
        for job in [i64::MIN, -1, JOBS, i64::MAX] {
            assert!(step(job, 0).is_err() && attempt(job, 0, 1).is_err());
            let ((first, _), (_, last)) = (steps_of(job), attempts_of(job));
            assert!(first <= last.max(first));
        }
        assert!(attempt(JOBS - 1, 255, 65_535).unwrap() > 0);
    }
}
