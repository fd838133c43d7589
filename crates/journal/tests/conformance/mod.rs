//! The conformance suite: what every implementation of `dyn Journal` has to do. Each rule is a function that takes a
//! [`Bed`](crate::support::Bed); `conformance!` makes a test of each. A rule that is not listed here is dead code,
//! and the compiler says so.

pub mod accepting;
pub mod beside;
pub mod dead;
pub mod effects;
pub mod fencing;
pub mod history;
pub mod keeping;
pub mod moving;
pub mod order;
pub mod reading;
pub mod waiting;

/// Runs every rule against a bed; the expression makes a new one for the rule of this name.
#[macro_export]
macro_rules! conformance {
    ($bed:expr) => {
        $crate::rules! { $bed;
            accepting {
                a_job_is_what_was_given
                a_repeated_request_is_known_and_joins_while_it_lives
                a_known_id_with_other_content_is_refused
                a_row_of_version_0_1_is_recognised_by_what_it_wrote
                ids_are_unique_within_their_source_only
                an_id_outlives_its_pruned_job
                everything_survives_closing_and_opening
                what_nobody_waits_for_is_written_all_the_same
                each_opening_is_a_life_of_its_own
                a_closed_journal_says_so
                a_job_is_not_replayed_twice
            }
            order {
                only_the_oldest_live_job_of_a_subject_is_head
                every_terminal_state_frees_the_next
                cancelling_one_that_waits_frees_nobody
                an_arrival_hurries_a_retrying_head_but_not_too_soon
                an_interactive_arrival_lends_its_class
                jobs_without_subject_are_always_heads
            }
            moving {
                a_start_is_durable_before_anything_runs
                a_retry_keeps_its_place_and_its_history
                a_step_and_the_next_one_are_one_move
                an_answer_holds_the_last_attempt_of_each_step
                an_attempt_that_is_left_has_no_end
                a_plan_may_fail_without_an_attempt
                secrets_go_when_they_are_told_to
                a_cancel_is_remembered
                a_hurried_retry_is_due
                steps_and_attempts_are_numbered_within_the_same_bounds_everywhere
            }
            waiting {
                of_many_waits_the_last_one_is_kept
                waits_are_counted_with_their_step
                an_arrival_hurries_nobody_who_was_told_to_wait
                what_is_put_off_keeps_its_place_and_its_time
                a_clock_put_right_lets_nobody_wait_beyond_its_rule
                a_dry_run_is_no_later_success
            }
            fencing {
                what_is_not_ready_is_not_started
                only_the_open_attempt_ends
                an_attempt_belongs_to_the_life_that_began_it
                impossible_moves_are_not_written
                a_failed_move_leaves_no_trace
                a_failing_neighbour_does_no_harm
                a_late_reply_address_is_a_conflict
            }
            effects {
                entities_are_compared_and_set
                a_new_entity_has_a_name_that_every_journal_can_hold
                entities_are_found_by_state_and_text
                a_conflict_takes_back_the_whole_move
                deliveries_keep_their_order_and_their_marks
                follow_ups_are_accepted_in_the_same_commit
                effects_without_a_job_are_applied
                dead_deliveries_are_listed_and_settled
            }
            dead {
                a_replay_that_succeeds_ends_a_dead_letter
                a_replay_that_fails_counts_in_the_place_of_its_original
                dead_letters_are_set_aside_once_and_for_a_reason
                dead_letters_are_grouped_by_cause_and_backend
                refusals_end_too
                however_many_messages_there_are_causes_are_bounded
            }
            reading {
                due_jobs_come_by_lane_class_and_time
                deadlines_are_found
                listings_are_filtered_and_paged
                jobs_are_found_by_when_they_ended
                listings_find_text_and_what_jobs_wait_for
                jobs_are_found_by_the_name_of_their_subject
                a_search_by_name_is_true_at_its_limits
                whoever_is_renamed_is_found_by_the_new_name_alone
                the_one_before_and_a_later_success_are_found
                events_are_numbered_and_resumed
                records_are_listed_by_kind
                records_are_filtered_and_paged
            }
            beside {
                what_one_accepts_the_other_knows
                of_two_who_start_a_job_one_does
                of_two_who_write_an_entity_one_does
                whoever_runs_a_job_is_told_of_its_cancel
                events_of_both_are_followed
            }
            history {
                any_history_is_told_rightly
            }
            keeping {
                what_is_old_or_too_much_is_pruned
                the_oldest_go_also_when_the_clock_is_behind_and_more_end_meanwhile
                messages_have_a_bound_of_their_own
                what_lives_is_kept_and_what_is_owed_too_long_is_given_up
                deliveries_of_no_job_are_bounded_too
                what_waits_for_one_address_is_bounded
                too_many_bytes_make_the_oldest_go
                secrets_are_scrubbed_when_their_time_comes
                numbers_are_never_given_twice
            }
        }
    };
}

/// One test for each rule of each topic.
#[macro_export]
macro_rules! rules {
    ($bed:expr; $($topic:ident { $($rule:ident)+ })+) => {
        $(mod $topic {
            $(#[tokio::test]
            async fn $rule() {
                $crate::conformance::$topic::$rule(&($bed)(stringify!($rule))).await;
            })+
        })+

        /// The names of all rules.
        #[allow(dead_code, reason = "only those ask that have exceptions")]
        const RULES: &[&str] = &[$($(stringify!($rule)),+),+];
    };
}
