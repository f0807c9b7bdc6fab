//! A word before the end when a coroutine has used up its stack. The standard library knows only
//! its own threads' guards, so without this the process would die without any.

use std::mem::MaybeUninit;
use std::sync::OnceLock;

use super::stack;

/// What handled the signal before.
static BEFORE: OnceLock<libc::sigaction> = OnceLock::new();

/// From now on an overflow says what it is. Later calls do nothing.
#[allow(unsafe_code)]
pub(crate) fn report_overflows() {
    BEFORE.get_or_init(|| {
        let mut before = MaybeUninit::zeroed();
        // SAFETY: the action is whole: a handler of the signature that SA_SIGINFO asks for, which
        // does only what a signal handler may, on the alternate stack that the standard library
        // gives each of its threads; and the old action is written where the pointer points.
        // All-zero bytes are a valid action.
        unsafe {
            let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
            action.sa_sigaction = handle as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            libc::sigaction(libc::SIGSEGV, &raw const action, before.as_mut_ptr());
            before.assume_init()
        }
    });
}

#[allow(unsafe_code)]
extern "C" fn handle(
    _signal: libc::c_int,
    info: *mut libc::siginfo_t,
    _context: *mut libc::c_void,
) {
    const MESSAGE: &[u8] = b"\na green thread has overflowed its stack: give it a larger stack_size\nfatal: stack overflow\n";
    // SAFETY: the system passes a valid `info` to a handler with SA_SIGINFO, and for SIGSEGV its
    // address is set.
    let address = unsafe { (*info).si_addr() } as usize;
    if stack::is_guard(address) {
        // SAFETY: `write` may be called in a signal handler, and the message is there for the call.
        unsafe { libc::write(libc::STDERR_FILENO, MESSAGE.as_ptr().cast(), MESSAGE.len()) };
        // SAFETY: so may `signal` and `raise`'s equivalent, returning: the fault comes again, and
        // ends the process.
        unsafe { libc::signal(libc::SIGSEGV, libc::SIG_DFL) };
        return;
    }
    if let Some(before) = BEFORE.get() {
        // SAFETY: the action was the system's own a moment ago. The fault comes again, and goes
        // where it always went.
        unsafe { libc::sigaction(libc::SIGSEGV, before, std::ptr::null_mut()) };
    }
}
