//! A server that ends by itself once it has had nothing to do for a while.

use tests::prelude::*;

fn an_idle_server_drains_by_itself<C: Column>() {
    let server = Server::<Tcp, C, Echo>::builder().exit_when_idle(Duration::from_millis(100));
    let server = Arc::new(bind(server));
    let serving = serve(&server);
    assert_eq!(Client::echoed(server.server_address()).finish(), b"");
    ends_well(serving);
    assert_eq!((server.fileno(), server.stats().finished), (-1, 1));
}

fn an_idle_lame_duck_is_logged_once<C: Column>() {
    let lines = keep_lines(LevelFilter::Info);
    // It checks its counters every few milliseconds, so several times during its lame-duck time.
    let server = Server::<Tcp, C, Echo>::builder().exit_when_idle(Duration::from_millis(20));
    let server = Arc::new(bind(server.lame_duck(Duration::from_millis(200))));
    ends_well(serve(&server));
    let ending = lines.about(&format!("{} is idle: ending", server.server_address()));
    assert_eq!(ending.len(), 1, "{ending:?}");
}

matrix!(columns: an_idle_server_drains_by_itself, an_idle_lame_duck_is_logged_once);
