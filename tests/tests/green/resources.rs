//! Green threads when the system has run out of something. Each test has a separate process.

use std::any::Any;
use std::cell::RefCell;

use tests::prelude::*;

#[test]
fn schedulers_that_cannot_start_may_start_later() {
    let Some(()) = alone() else { return };
    let echo = |request: Socket, _| request.sendall(&request.recv(100)?);
    let server = GreenTCPServer::handling(echo).bind(LOCAL).expect("bind");
    let before = (count_of("fd"), count_of("task"));
    with_at_most(Resource::Nofile, 100, || {
        // One is half of what a scheduler needs.
        let mut all = all_descriptors();
        all.pop();
        for _ in 0..10 {
            server.serve_forever().expect_err("there is no descriptor for an epoll");
        }
    });
    let after = (count_of("fd"), count_of("task"));
    assert_eq!(after, before, "no descriptors and no threads are left behind");
    let server = Running::from(server.spawn().expect("spawn"));
    Client::echoed(&server.address());
    server.drain(DEADLINE / 2);
}

/// The schedulers start, and the usual stacks have a mapping. So have the threads: one that gets no
/// signal stack ends the process. A thread has its name after that.
fn start_schedulers() {
    green::spawn(|| ()).join().expect("no panic");
    let cores = cores();
    until("the schedulers and their watchdog run", || {
        let tasks = fs::read_dir("/proc/self/task").expect("/proc");
        let names =
            tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
        names.filter(|name| name.starts_with("green-")).count() > cores
    });
}

/// One that writes its lines on a thread beside the schedulers.
#[test]
fn a_logger_may_make_blocking_calls() {
    let Some(()) = alone() else { return };
    static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());
    log_by(LevelFilter::Debug, |record| {
        LINES.lock().push(record.args().to_string());
        green::blocking(|| ());
    });
    let line_about = |text: &str| LINES.lock().iter().any(|line| line.contains(text));
    start_schedulers();
    let first = green::spawn(|| green::blocking(|| 7));
    assert_eq!(in_time("the first call", || first.join()).expect("no panic"), 7);
    assert!(line_about("threads in all pools"));

    let limit = leave_memory(8 << 20);
    let (open, gate) = unbounded::<()>();
    let call = |_| {
        let gate = gate.clone();
        green::spawn(move || green::blocking(move || gate.recv()))
    };
    let calls: Vec<_> = (0..20).map(call).collect();
    until("a thread is refused", || line_about("cannot start another worker thread"));
    setrlimit(Resource::As, limit).expect("the old limit");
    drop(open);
    calls.into_iter().for_each(|call| _ = in_time("a call", || call.join()).expect("no panic"));
}

/// As under `ulimit -v`, or where the system promises no memory that it does not have.
#[test]
fn stacks_need_little_address_space() {
    let Some(()) = alone() else { return };
    start_schedulers();
    let most = memory_of(std::process::id(), "VmSize").expect("its memory") + (40 << 20);
    with_at_most(Resource::As, most, || {
        let (open, gate) = green::channel::<()>(1);
        let spawn = |_| {
            let gate = gate.clone();
            green::try_spawn(300 << 10, move || gate.recv()).expect("there is room for a few")
        };
        let waiting: Vec<_> = (0..8).map(spawn).collect();
        drop(open);
        for one in waiting {
            one.join().expect("no panic").expect_err("nothing was sent");
        }
    });
}

#[test]
fn a_server_may_be_a_thread_local() {
    let Some(()) = alone() else { return };
    thread_local! {
        static SERVER: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
    }
    let ends = thread::spawn(|| {
        // Thread-locals end in the reverse of the order in which they were first used.
        SERVER.set(None);
        let server = GreenTCPServer::handling(|_: Socket, _| ()).bind(LOCAL);
        let server = server.expect("bind");
        SERVER.set(Some(Box::new(server)));
    });
    ends.join().expect("it ends well");
}
