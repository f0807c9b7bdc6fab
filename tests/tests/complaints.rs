//! What people have complained about in Python's `socketserver`, and what has become of it here.
//!
//! Each complaint has a number, in the order of this table. Its test carries that in its name, or belongs to another
//! test program, which is named then; where nothing can be tested there is the reason. The table itself is tested too.
//!
//! | number | in Python | here |
//! | --- | --- | --- |
//! | 01 | `shutdown` on the loop's own thread waits for itself for ever | `complaint_01_a_handler_may_stop_its_server`; `hooks::any_hook_may_stop_the_server`; `forking::a_child_cannot_stop_its_server` |
//! | 02 | a stop waits for the next poll, and an idle server wakes twice a second | `hooks::a_stop_does_not_wait_for_the_poll_interval`, `hooks::an_idle_server_sleeps` |
//! | 03 | `shutdown` waits for ever for a loop that has not begun | `complaint_03_a_drain_before_the_first_loop_is_remembered`; `life_cycle::a_shutdown_before_the_first_loop_is_remembered_once` |
//! | 04 | a second `shutdown` ends the next `serve_forever` before it begins | `life_cycle::serves_again_after_a_shutdown` |
//! | 05 | of two loops on one server `shutdown` ends one | `concurrent::there_is_one_loop_at_a_time` |
//! | 06 | `server_close` on a server that serves leaves its loop spinning | `complaint_06_a_close_ends_the_loop` |
//! | 07 | without descriptors the loop spins, in silence | `complaint_07_without_descriptors_the_loop_waits_and_says_so`, `complaint_07_without_descriptors_a_drain_waits_too`, `complaint_07_with_a_descriptor_in_reserve_clients_are_refused`, `complaint_07_who_loses_the_reserve_waits` |
//! | 08 | whatever else fails as a connection is taken is never heard of | `complaint_08_a_connection_that_fails_in_a_drain_costs_no_other`; `dispatch::what_goes_wrong_with_one_connection_does_not_end_the_loop`; `layer::a_failed_handshake_costs_one_request` |
//! | 09 | a thread that could not be started makes `server_close` fail | `complaint_09_a_thread_that_cannot_be_started_costs_one_request`, `complaint_09_who_lacks_a_thread_gets_it_when_there_is_room`; `forking::a_fork_that_fails_costs_one_request` |
//! | 10 | every request leaves something in the list of threads | `complaint_10_requests_leave_no_memory_behind` |
//! | 11 | no limit: a storm of clients is a storm of threads | `complaint_11_a_full_server_may_say_so`; `concurrent::beyond_the_limit_clients_wait_in_the_queue`, `concurrent::one_address_cannot_take_all_places` |
//! | 12 | a queue of five is too short for any burst | `complaint_12_a_burst_fits_into_the_queue` |
//! | 13 | a restart finds its port in use, and setting the attribute on the object comes too late | `life_cycle::the_port_is_free_again_at_once`; options are the builder's, and binding consumes it: later there is nothing to set |
//! | 14 | on Windows the same option lets two servers share a port | There is no Windows: the crate does not compile there. |
//! | 15 | ports were shared although nobody had asked for it | `complaint_15_a_port_is_shared_only_by_those_who_ask`; a Unix socket does not have the option |
//! | 16 | `server_close` waits for silent clients for ever | `threading::closing_waits_unless_it_is_told_not_to`; `life_cycle::the_deadline_cuts`; `demos::a_live_client_that_stays_is_cut_when_the_time_is_over` |
//! | 17 | the way round that, daemon threads, loses the work that is under way | `complaint_17_the_end_of_a_server_is_not_the_end_of_its_work` |
//! | 18 | handshakes are made on the loop's thread, where one silent client stops everybody | `complaint_18_a_silent_handshake_keeps_nobody_out` |
//! | 19 | IPv6 has to be set by hand, and IPv4 clients get strange addresses there | `tcp::clients_of_ipv6`, `tcp::a_dual_stack_serves_both`, `tcp::without_dual_stack_there_is_ipv6_alone`; `udp::clients_of_ipv6`, `udp::a_dual_stack_serves_both`, `udp::without_dual_stack_there_is_ipv6_alone` |
//! | 20 | a forking server looks at its limit after the fork, stands still when it is full, and waits for children of others | `forking::there_are_never_more_than_max_children`, `forking::a_full_server_answers_a_stop`, `forking::children_of_others_are_left_to_them`, `forking::handle_request_waits_for_those_that_have_ended` |
//! | 21 | what is longer than 8,192 bytes is cut in silence | `udp::every_size_is_one_request`, `udp::what_is_longer_than_max_packet_size_is_cut_and_says_so` |
//! | 22 | a datagram is answered even with nothing, and fails when there is nobody to answer | `complaint_22_nothing_written_is_nothing_sent`, `complaint_22_nobody_to_answer_is_no_failure` |
//! | 23 | the file of a Unix socket stays, and the next start fails | `complaint_23_without_descriptors_the_file_goes_too`; `socket_file::the_file_goes_with_the_server`, `socket_file::a_stale_file_is_replaced`, `socket_file::a_live_one_is_never_replaced`, `socket_file::what_somebody_else_has_put_there_stays`, `socket_file::the_file_never_has_a_wider_mode_than_told` |
//! | 24 | errors are printed, also those of clients that left | `complaint_24_nothing_is_printed`; `errors::a_reset_is_a_debug_line_and_an_error_an_error_line`, `errors::an_error_of_any_kind_comes_to_handle_error_as_what_it_is` |
//! | 25 | the last flush fails when the client has left | `complaint_25_a_last_flush_to_nobody_is_no_failure` |
//! | 26 | what fails in a hook ends the server and leaves the connection open | `hooks::a_panic_in_a_hook_costs_one_call`; `dispatch::what_goes_wrong_with_one_connection_does_not_end_the_loop`, `dispatch::a_panic_in_an_axis_of_ones_own_leaves_a_server_that_can_be_stopped` |
//! | 27 | `timeout` means one thing on a server and another on a handler, and `serve_forever` looks at neither | `complaint_27_the_timeout_of_handle_request_is_nobody_elses` |
//! | 28 | a client that sends a byte now and then stays for ever | `concurrent::the_deadline_cuts_who_is_slow_and_nobody_else`, `forking::a_request_is_cut_at_its_deadline`; not without threads or processes, since the client then holds up the loop itself |
//! | 29 | the HTTP handler keeps timeouts to itself | `complaint_29_a_timeout_is_an_error_like_any_other`; there is no HTTP here |
//! | 30 | the queue's documentation says that clients are denied when it is full | `complaint_30_a_full_queue_makes_clients_wait` |
//! | 31 | closing a connection that was reset may fail | `complaint_31_the_end_of_a_reset_connection_is_no_failure` |
//! | 32 | after `shutdown` clients still connect, and nobody says so | `complaint_32_after_a_shutdown_clients_wait_and_after_a_close_they_are_refused` |
//! | 33 | starts and stops race | `life_cycle::a_stop_right_after_the_start_is_never_missed`, `life_cycle::many_may_stop_it_at_once`, `life_cycle::whatever_comes_at_once_all_of_it_returns` |
//! | 34 | what handlers share is nobody's business | `concurrent::handlers_share_the_state`; `udp::answers_go_to_who_asked`; a state that threads may not share does not compile |
//! | 35 | a socket that exists already has to replace one made for nothing | `complaint_35_a_listener_may_be_inherited`; `tcp::an_existing_listener_is_served_and_left_alive` |
//! | 36 | tests that stop the clock stop the server | Nothing can stop this clock: a program cannot replace it. |

use std::fs;
use std::path::Path;

/// The text of all test programs.
fn sources(folder: &Path) -> String {
    let entries = fs::read_dir(folder).expect("a folder");
    let texts = entries.map(|entry| {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => sources(&path),
            false => fs::read_to_string(path).unwrap_or_default(),
        }
    });
    texts.collect()
}

#[test]
fn every_complaint_is_accounted_for() {
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"));
    let table = include_str!("complaints.rs").lines().filter_map(|line| {
        let row = line.strip_prefix("//! | ")?.strip_suffix(" |")?;
        let [number, _, here] = row.split(" | ").collect::<Vec<_>>()[..] else {
            return None;
        };
        Some((number.parse::<u32>().ok()?, here))
    });
    let table: Vec<_> = table.collect();
    assert!(table.iter().map(|row| row.0).eq(1..=36));
    for (number, here) in table {
        for test in here.split('`').skip(1).step_by(2) {
            let name = test.rsplit("::").next().expect("a name");
            let is_there = |after| sources.contains(&format!("fn {name}{after}"));
            assert!(is_there('(') || is_there('<'), "{number:02}: {test}");
        }
        assert!(
            here.contains('`') || here.ends_with('.'),
            "{number:02}: neither a test nor a reason"
        );
    }
}
