//! Runs every test in a separate process, which must leave none behind.

use std::env;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use rustix::process::{Signal, WaitOptions, kill_process_group, set_child_subreaper, waitpgid};
use tests::prelude::*;

/// The argument that makes this program run one test, or one program that belongs to a test, and
/// nothing else.
const ALONE: &str = "--alone";

/// The longest that one test may take. What it waits for has its own deadline, which comes earlier
/// and says more.
const LIMIT: Duration = DEADLINE.saturating_mul(3);

/// How long other processes of a test may outlive it.
const MOMENT: Duration = Duration::from_secs(1);

pub(crate) struct Test {
    pub(crate) path: &'static str,
    pub(crate) run: fn(),
}

impl Test {
    /// The path without the crate.
    fn name(&self) -> &'static str {
        let (_, name) = self.path.split_once("::").expect("it is in a module");
        name
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
    let mut tests = tests.iter().copied().flatten();
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [flag, name, ..] = &arguments[..]
        && flag == ALONE
    {
        let mut all = tests.chain(programs.iter().copied().flatten());
        let test = all.find(|test| test.name() == name);
        (test.expect("a test or a program").run)();
        return ExitCode::SUCCESS;
    }
    // Children of a test that outlive it become ours, so that they can be seen.
    set_child_subreaper(Some(getpid())).expect("a subreaper");
    let arguments = Arguments::from_args();
    let capture = !arguments.nocapture;
    let trial = |test: &'static Test| Trial::test(test.name(), move || run(test, capture));
    libtest_mimic::run(&arguments, tests.by_ref().map(trial).collect()).exit_code()
}

/// Runs a test. When it fails, returns what it wrote, and why.
#[expect(clippy::zombie_processes, reason = "`end_of` waits for its whole group")]
fn run(test: &Test, capture: bool) -> Result<(), Failed> {
    let folder = Folder::new();
    let output = folder.join("output");
    let mut command = alone(test.name());
    // What a test does to its group, Ctrl-C for instance, reaches no other process.
    command.process_group(0);
    if capture {
        let file = File::create(&output).expect("a file for the output");
        command.stdout(file.try_clone().expect("the same file"));
        command.stderr(file);
    }
    let child = command.spawn().expect("the test's process");
    end_of(Pid::from_child(&child)).map_err(|why| {
        let written = fs::read(output).unwrap_or_default();
        format!("{}{why}", String::from_utf8_lossy(&written)).into()
    })
}

/// Waits until a group, whose first process is a test, has ended. Returns its failure, if any.
fn end_of(group: Pid) -> Result<(), String> {
    let mut end = Instant::now() + LIMIT;
    let mut result = Err(format!("it took more than {LIMIT:?}"));
    loop {
        let in_time = Instant::now() < end;
        match waitpgid(group, WaitOptions::NOHANG) {
            // The whole group has ended.
            Err(_) => return result,
            Ok(Some((process, status))) if process == group && in_time => {
                end = Instant::now() + MOMENT;
                result = match status.exit_status() {
                    Some(0) => Ok(()),
                    _ => Err(format!("{status:?}")),
                };
            }
            Ok(Some(_)) => {}
            Ok(None) if in_time => thread::sleep(Duration::from_millis(1)),
            Ok(None) => {
                result = result.and(Err("it left a process behind".to_owned()));
                // It may just have ended.
                let _ = kill_process_group(group, Signal::KILL);
                thread::sleep(Duration::from_millis(1));
            }
        }
    }
}
