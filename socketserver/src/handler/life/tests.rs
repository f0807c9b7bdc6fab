use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn life(lame_duck: Duration) -> Life {
    Life::new(Waker::new().unwrap(), lame_duck)
}

fn serving() -> Life {
    let life = life(Duration::ZERO);
    life.enter().unwrap();
    life
}

fn ask(life: &Life, kind: StopKind) -> By {
    life.ask(kind, Waiting::Nobody, true).carried_out_by
}

/// Carries out the stop that was asked for. Returns its kind.
fn carry_out(life: &Life) -> Option<StopKind> {
    let stop = life.leave(None)?;
    assert_eq!(life.leave(Some(stop)), None);
    Some(stop.kind)
}

#[test]
fn a_stop_without_a_loop_waits_for_one() {
    let life = life(Duration::ZERO);
    let unable = |kind| life.ask(kind, Waiting::Nobody, false).carried_out_by;
    assert_eq!(unable(StopKind::Drain), By::Nobody);
    assert_eq!(unable(StopKind::Shutdown), By::Nobody);
    life.enter().unwrap();
    assert_eq!(carry_out(&life), Some(StopKind::Drain));
    assert!(life.enter().is_err());
}

#[test]
fn a_stop_during_the_end_is_carried_out_too() {
    let life = serving();
    assert_eq!(ask(&life, StopKind::Shutdown), By::Loop(0));
    let done = life.leave(None);
    assert_eq!(ask(&life, StopKind::Drain), By::Loop(0));
    let more = life.leave(done).expect("the drain is still to be done");
    assert_eq!(more.kind, StopKind::Drain);
    assert_eq!(life.leave(Some(more)), None);
    assert!(life.wait(0, Some(Instant::now())));
    let error = life.enter().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotConnected);
    assert_eq!(ask(&life, StopKind::Drain), By::Nobody);
}

#[test]
fn after_one_request_a_server_is_fresh() {
    let stopped = serving();
    ask(&stopped, StopKind::Shutdown);
    carry_out(&stopped);
    for life in [life(Duration::ZERO), stopped] {
        life.enter_once().unwrap();
        assert_eq!(carry_out(&life), None);
        assert!(!life.is_leaving());
        assert_eq!(ask(&life, StopKind::Shutdown), By::Nobody);
        life.enter_once().unwrap();
        assert_eq!(life.turn(), Turn::Leave, "the shutdown is not lost");
    }
}

#[test]
fn a_lame_duck_leaves_before_it_stops() {
    let life = life(1_000 * SECOND);
    life.enter().unwrap();
    let asked = life.ask(StopKind::Drain, Waiting::Caller(SECOND), true);
    assert!(asked.deadline > Instant::now() + 1_000 * SECOND);
    let turn = life.turn();
    assert!(matches!(turn, Turn::Go { until: Some(_) }), "{turn:?}");
    assert!(life.is_leaving() && !life.is_stopping());
    ask(&life, StopKind::Drain);
    assert_eq!(life.turn(), turn, "another drain does not begin anew");
    ask(&life, StopKind::Shutdown);
    assert!(life.is_stopping());
    assert_eq!(life.turn(), Turn::Leave, "a shutdown has no time");
    assert_eq!(carry_out(&life), Some(StopKind::Drain), "and the drain is done");
}

#[test]
fn the_lame_duck_time_ends_by_itself() {
    let life = life(Duration::from_nanos(1));
    life.enter().unwrap();
    ask(&life, StopKind::Drain);
    while life.turn() != Turn::Leave {}
    assert!(life.is_stopping());
}

#[test]
fn without_a_loop_there_is_no_lame_duck() {
    let life = life(1_000 * SECOND);
    let asked = life.ask(StopKind::Drain, Waiting::Caller(SECOND), true);
    assert_eq!(asked.carried_out_by, By::Caller);
    assert!(asked.deadline <= Instant::now() + SECOND);
    assert!(life.is_stopping());
}

#[test]
fn the_more_patient_of_two_callers_counts() {
    let life = serving();
    let long = life.ask(StopKind::Close, Waiting::Caller(100 * SECOND), true);
    life.ask(StopKind::Drain, Waiting::Caller(SECOND), true);
    let stop = life.leave(None).expect("both");
    assert_eq!((stop.kind, stop.deadline(None)), (StopKind::Drain, long.deadline));
}

#[test]
fn inside_ends_even_with_a_panic() {
    let life = life(Duration::ZERO);
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        life.inside(|| std::panic::resume_unwind(Box::new(())));
    }));
    assert!(!life.is_inside());
    assert!(life.inside(|| life.is_inside()));
}
