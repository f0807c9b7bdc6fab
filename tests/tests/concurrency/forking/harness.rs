//! Runs every test in a process of its own, which must leave none behind.

use std::env;
use std::fs::File;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, ExitStatus};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustix::process::{
    Pid, Signal, WaitOptions, getpid, kill_process_group, set_child_subreaper, waitpgid,
};
use tests::{Arguments, DEADLINE, Folder};

/// The argument that makes this program run one test, or one program that belongs to a test, and
/// nothing else.
const ALONE: &str = "--alone";

/// The longest that one test may take. What it waits for has its own deadline, which comes earlier
/// and says more.
const LIMIT: Duration = DEADLINE.saturating_mul(3);

/// A function that is run by its name.
pub(crate) struct Test {
    pub(crate) path: &'static str,
    pub(crate) run: fn(),
}

impl Test {
    /// The path without the crate.
    fn name(&self) -> &'static str {
        self.path
            .split_once("::")
            .map_or(self.path, |(_, name)| name)
    }
}

/// A module's `TESTS`, which are run, or its `PROGRAMS`, which tests run.
macro_rules! list {
    ($list:ident: $($name:ident),+ $(,)?) => {
        pub(crate) const $list: &[$crate::harness::Test] = &[$($crate::harness::Test {
            path: concat!(module_path!(), "::", stringify!($name)),
            run: $name,
        }),+];
    };
}
pub(crate) use list;

/// This program again, as one of its parts that has only one thread. `program` is the path of a
/// function in a list.
pub(crate) fn alone(program: &str) -> Command {
    let mut command = Command::new(env::current_exe().expect("the program's own path"));
    command.args([ALONE, program]);
    command
}

pub(crate) fn main(tests: &[&'static [Test]], programs: &[&'static [Test]]) -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let tests = tests.iter().copied().flatten();
    if let [flag, name, ..] = &arguments[..]
        && flag == ALONE
    {
        let programs = programs.iter().copied().flatten();
        let test = tests.chain(programs).find(|test| test.name() == name);
        (test.expect("a test or a program").run)();
        return ExitCode::SUCCESS;
    }
    let options = Arguments::read(arguments);
    let all = tests.clone().count();
    let chosen: Vec<&Test> = tests.filter(|test| options.chooses(test.name())).collect();
    if options.list {
        for test in &chosen {
            println!("{}: test", test.name());
        }
        return ExitCode::SUCCESS;
    }
    run_all(&chosen, all - chosen.len(), &options)
}

fn run_all(tests: &[&Test], filtered_out: usize, options: &Arguments) -> ExitCode {
    // Children of a test that outlive it become ours, so that they can be seen.
    set_child_subreaper(Some(getpid())).expect("a subreaper");
    println!("\nrunning {} tests", tests.len());
    let began = Instant::now();
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..options.threads_or_cores() {
            scope.spawn(|| {
                while let Some(test) = tests.get(next.fetch_add(1, Relaxed)) {
                    let result = run(test, options.capture);
                    let word = if result.is_ok() { "ok" } else { "FAILED" };
                    println!("test {} ... {word}", test.name());
                    if let Err(output) = result {
                        failures.lock().push((test.name(), output));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner();
    for (name, output) in &failures {
        println!("\n---- {name} ----\n{output}");
    }
    println!(
        "\ntest result: {}. {} passed; {} failed; 0 ignored; 0 measured; {filtered_out} filtered out; finished in {:.2}s\n",
        if failures.is_empty() { "ok" } else { "FAILED" },
        tests.len() - failures.len(),
        failures.len(),
        began.elapsed().as_secs_f64(),
    );
    ExitCode::from(if failures.is_empty() { 0 } else { 101 })
}

/// Runs a test. When it fails, returns what it wrote, and why.
fn run(test: &Test, capture: bool) -> Result<(), String> {
    let folder = Folder::new();
    let output = folder.join("output");
    let mut command = alone(test.name());
    // A group of its own: what a test does to its group, Ctrl-C for instance, reaches nobody else.
    command.process_group(0);
    if capture {
        let file = File::create(&output).expect("a file for the output");
        command.stdout(file.try_clone().expect("the same file"));
        command.stderr(file);
    }
    let child = command.spawn().expect("the test's process");
    let group = Pid::from_child(&child);
    let mut complaints = match status(child, group) {
        None => format!("it took more than {LIMIT:?}\n"),
        Some(status) if status.success() => String::new(),
        Some(status) => format!("{status}\n"),
    };
    if somebody_is_left(group) {
        complaints += "it left a process behind\n";
    }
    if complaints.is_empty() {
        return Ok(());
    }
    let mut text = String::new();
    if let Ok(mut file) = File::open(output) {
        // What is no text need not be shown.
        let _ = file.read_to_string(&mut text);
    }
    Err(text + &complaints)
}

/// How a test ended; `None` when it did not, and was killed.
fn status(mut child: Child, group: Pid) -> Option<ExitStatus> {
    let end = Instant::now() + LIMIT;
    loop {
        if let Some(status) = child.try_wait().expect("wait") {
            return Some(status);
        }
        if Instant::now() >= end {
            kill_process_group(group, Signal::KILL).expect("kill");
            child.wait().expect("wait");
            return None;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Whether a process of the group lives on. If so it is killed.
fn somebody_is_left(group: Pid) -> bool {
    /// How long one may take that is on its way out.
    const MOMENT: Duration = Duration::from_secs(1);
    let end = Instant::now() + MOMENT;
    let mut left = false;
    loop {
        match waitpgid(group, WaitOptions::NOHANG) {
            // Nobody belongs to it any more.
            Err(_) => return left,
            // One that has ended, and that only we could wait for.
            Ok(Some(_)) => {}
            Ok(None) => {
                if !left && Instant::now() >= end {
                    left = true;
                    kill_process_group(group, Signal::KILL).expect("kill");
                }
                thread::sleep(Duration::from_millis(1));
            }
        }
    }
}
