//! What the bus and the relay promise, on an old and on a new NATS server, over any engine of the log.
//!
//! The oracle throughout is [`stream::Copy`]: whatever befell relays, servers and streams, what JetStream holds in the
//! end is the log's tail, byte for byte, each record once and next by next.

mod carrying;
mod child;
mod failing;
mod following;
mod healing;
mod racing;
mod refusing;
mod server;
mod stream;
mod world;

#[path = "../log_contract/engine.rs"]
#[expect(dead_code, reason = "shared with the log's contract, which needs more of it")]
mod engine;
#[path = "../kurrent_server/mod.rs"]
#[expect(dead_code, reason = "shared with the log's contract, which needs more of it")]
mod kurrent_server;
#[path = "../log_contract/records.rs"]
#[expect(dead_code, reason = "shared with the log's contract, which needs more of it")]
mod records;

/// Runs each test with each engine of the log over each server.
macro_rules! everywhere {
    ($($file:ident: $($test:ident)+;)+) => {
        everywhere!(@ sqlite_over_old_nats, sqlite, Old, $($file: $($test)+;)+);
        everywhere!(@ sqlite_over_new_nats, sqlite, New, $($file: $($test)+;)+);
        everywhere!(@ postgres_over_old_nats, postgres, Old, $($file: $($test)+;)+);
        everywhere!(@ postgres_over_new_nats, postgres, New, $($file: $($test)+;)+);
    };
    (@ $place:ident, $engine:ident, $server:ident, $($file:ident: $($test:ident)+;)+) => {
        mod $place {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    let engine = crate::engine::Engine::$engine().await;
                    crate::$file::$test(crate::world::World::new(engine, crate::server::Program::$server).await).await;
                }
            )+)+
        }
    };
}

everywhere! {
    carrying:
        the_stream_is_an_exact_copy
        long_names_and_large_records_are_carried
        a_late_relay_leaves_what_was_before_to_the_log
        the_stream_is_made_as_it_must_be_and_mended;
    racing:
        of_many_relays_each_record_is_published_by_one
        what_a_losing_relays_process_appends_is_carried_in_milliseconds;
    healing:
        an_emptied_stream_is_gone_on_with
        what_is_published_again_within_the_window_for_duplicates_is_there_again
        a_deleted_stream_is_made_and_filled_again
        a_tail_that_nats_lost_is_published_again;
    failing:
        nats_killed_again_and_again_loses_nothing
        relays_killed_again_and_again_leave_an_exact_copy;
    following:
        a_follower_sees_what_the_log_holds
        a_follower_catches_up_and_goes_live_over_the_bus
        a_gap_is_filled_from_the_log
        a_follower_without_nats_follows_the_log
        a_follower_whose_bus_brings_nothing_follows_the_log
        a_follower_comes_back_to_the_bus_after_each_outage
        a_slow_follower_misses_nothing;
    refusing:
        the_stream_of_another_log_is_not_touched
        a_log_behind_its_stream_is_not_carried
        a_wrong_password_is_waited_out;
}

// Positions of KurrentDB are in order and not next by next, which the other rules count by.
everywhere! {
    @ kurrentdb_over_new_nats, kurrentdb, New,
    carrying:
        the_stream_is_an_exact_copy
        long_names_and_large_records_are_carried
        a_late_relay_leaves_what_was_before_to_the_log;
    racing: of_many_relays_each_record_is_published_by_one;
    healing:
        an_emptied_stream_is_gone_on_with
        a_deleted_stream_is_made_and_filled_again
        a_tail_that_nats_lost_is_published_again;
    following: a_follower_sees_what_the_log_holds;
}
