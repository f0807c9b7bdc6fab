//! A message on standard error before the process ends because a coroutine has used up its stack.
//!
//! The standard library prints one for its own threads only, since it does not know the guards of
//! our stacks. Without this file the process would die of SIGSEGV in silence.

use std::mem::MaybeUninit;
use std::sync::OnceLock;

use super::stack;

/// The action for SIGSEGV that was installed before ours. Faults that are not ours go there.
static BEFORE: OnceLock<libc::sigaction> = OnceLock::new();

/// Installs the signal handler. Later calls do nothing.
#[allow(unsafe_code)]
pub(crate) fn report_overflows() {
    BEFORE.get_or_init(|| {
        let mut before = MaybeUninit::zeroed();
        // SAFETY: all-zero bytes are a valid `sigaction`. The handler has the signature that
        // SA_SIGINFO requires, and `handle` calls only functions that are safe in a signal
        // handler. `sigaction` writes the old action to `before`, which is large enough and is
        // read only after that. SA_ONSTACK makes the handler run on the alternate stack that the
        // standard library gives its threads. (If `main` is not Rust's there is none, and the
        // system ends the process without calling the handler.)
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
    const MESSAGE: &[u8] = b"\n\
        a green thread has overflowed its stack: give it a larger stack_size\n\
        fatal: stack overflow\n";
    // SAFETY: the system passes a valid `info` to a handler with SA_SIGINFO. Its address is set for
    // a fault, which is when `si_code` is positive; otherwise the value read here is not used.
    let (fault, address) = unsafe { ((*info).si_code > 0, (*info).si_addr() as usize) };
    if fault && stack::is_guard(address) {
        // SAFETY: `write` may be called in a signal handler, and the message is a constant whose
        // length is given.
        unsafe { libc::write(libc::STDERR_FILENO, MESSAGE.as_ptr().cast(), MESSAGE.len()) };
        end(signal);
        return;
    }
    let before = BEFORE.get();
    match before.map_or(libc::SIG_DFL, |before| before.sa_sigaction) {
        libc::SIG_IGN if !fault => {}
        libc::SIG_DFL | libc::SIG_IGN => end(signal),
        handler if before.is_some_and(|before| before.sa_flags & libc::SA_SIGINFO != 0) => {
            // SAFETY: the address was installed as a handler with SA_SIGINFO, so it is a function
            // with these parameters. It is called here as the system would have called it.
            let handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) =
                unsafe { std::mem::transmute(handler) };
            handler(signal, info, context);
        }
        handler => {
            // SAFETY: as above; without SA_SIGINFO a handler has the signal as its only parameter.
            let handler: extern "C" fn(libc::c_int) = unsafe { std::mem::transmute(handler) };
            handler(signal);
        }
    }
}

/// Ends the process by `signal`, as soon as the handler has returned.
#[allow(unsafe_code)]
fn end(signal: libc::c_int) {
    // SAFETY: both functions may be called in a signal handler. The signal is blocked until the
    // handler returns, and then finds its default action.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
}
