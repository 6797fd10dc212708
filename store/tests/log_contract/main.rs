//! What every engine of the log promises, said once and run for each of them.

mod append;
mod child;
mod crash;
mod engine;
mod follow;
mod hammer;
#[path = "../kurrent_server/mod.rs"]
mod kurrent_server;
mod kurrentdb_only;
mod postgres_only;
mod read;
mod records;

/// Runs each rule on each engine. One thread: requests that are made together then lie in one batch.
macro_rules! contract {
    ($($engine:ident),+ => $rules:tt) => {
        $(mod $engine { contract!(@ $engine $rules); })+
    };
    (@ $engine:ident { $($file:ident: $($rule:ident)+;)+ }) => {
        $($(#[tokio::test] async fn $rule() { crate::$file::$rule(crate::engine::Engine::$engine().await).await })+)+
    };
}

contract! {
    sqlite, postgres, kurrentdb => {
        append:
            records_come_back_byte_for_byte
            an_expected_version_that_is_not_the_streams_is_stale_and_says_the_one_it_is
            nothing_is_not_appended
            too_many_records_in_one_append_are_refused
            a_record_made_for_elsewhere_is_refused
            of_many_appends_at_one_version_one_wins
            the_same_records_again_get_the_first_answer_and_add_nothing
            the_same_records_twice_in_one_batch_are_there_once
            records_that_are_there_in_part_are_refused
            one_id_twice_in_an_append_is_refused
            a_conflict_fails_its_own_request_only
            appends_to_one_stream_in_one_batch_see_each_other
            what_was_decided_from_a_stream_that_has_moved_is_refused
            a_guard_that_does_not_hold_fails_its_own_request_only
            too_many_guards_are_refused
            large_records_and_long_names_are_kept
            clocks_play_no_part_in_order
            a_closed_log_has_committed_what_it_took_and_takes_no_more;
        read:
            a_stream_is_read_after_a_version
            a_missing_stream_is_empty
            the_whole_log_is_read_in_pages_from_anywhere
            records_are_read_at_their_positions
            the_head_is_never_behind_an_acknowledged_position
            a_log_that_is_not_migrated_is_refused
            migrating_again_keeps_the_log;
        follow:
            a_follower_catches_up_and_goes_live_without_loss_or_repeat
            a_follower_sees_what_another_process_appends
            a_follower_is_never_handed_more_than_it_asked_for
            a_follower_ahead_of_the_log_is_told
            a_follower_is_handed_what_the_log_holds_of_what_was_said_twice;
        hammer: every_acknowledged_record_is_seen_once_and_in_order;
        crash: what_was_acknowledged_outlives_the_process;
    }
}

/// What the SQL engines promise beyond, or is broken here by SQL. KurrentDB's answers to the same are in
/// `kurrentdb_only`.
mod sql {
    contract! {
        sqlite, postgres => {
            append:
                an_id_that_lies_in_another_stream_is_refused
                nothing_is_appended_behind_what_its_guard_forbids
                what_the_engine_refuses_fails_its_own_request_only
                nobody_changes_or_removes_a_record;
            read:
                a_gap_stops_the_reader
                a_record_of_another_log_stops_the_reader
                a_record_that_lies_where_it_was_not_written_for_stops_the_reader;
            follow: a_foreign_write_transaction_does_not_stop_the_tail;
            crash: a_process_killed_before_its_commit_leaves_nothing;
        }
    }
}
