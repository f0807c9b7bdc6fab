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
        // does only what a signal handler may; and the old action is written where the pointer
        // points. All-zero bytes are a valid action. The handler runs on the alternate stack that
        // the standard library gives its threads; where `main` is not Rust's it gives none, and
        // the system ends the process without calling it.
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
extern "C" fn handle(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    const MESSAGE: &[u8] = b"\na green thread has overflowed its stack: give it a larger stack_size\nfatal: stack overflow\n";
    // SAFETY: the system passes a valid `info` to a handler with SA_SIGINFO, and for a fault its
    // address is set.
    let (fault, address) = unsafe { ((*info).si_code > 0, (*info).si_addr() as usize) };
    if fault && stack::is_guard(address) {
        // SAFETY: `write` may be called in a signal handler, and the message is there for the call.
        unsafe { libc::write(libc::STDERR_FILENO, MESSAGE.as_ptr().cast(), MESSAGE.len()) };
        end(signal);
        return;
    }
    let before = BEFORE.get();
    match before.map_or(libc::SIG_DFL, |before| before.sa_sigaction) {
        libc::SIG_IGN if !fault => {}
        libc::SIG_DFL | libc::SIG_IGN => end(signal),
        handler if before.is_some_and(|before| before.sa_flags & libc::SA_SIGINFO != 0) => {
            // SAFETY: somebody gave the system this address as a handler with these parameters,
            // and here it is called as the system would have.
            let handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) =
                unsafe { std::mem::transmute(handler) };
            handler(signal, info, context);
        }
        handler => {
            // SAFETY: as above, without SA_SIGINFO.
            let handler: extern "C" fn(libc::c_int) = unsafe { std::mem::transmute(handler) };
            handler(signal);
        }
    }
}

/// Ends the process by the signal, as soon as the handler has returned.
#[allow(unsafe_code)]
fn end(signal: libc::c_int) {
    // SAFETY: both may be called in a signal handler. The signal is held back until that returns.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
}
