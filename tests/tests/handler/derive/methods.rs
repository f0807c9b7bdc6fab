//! `setup`, `handle` and `finish`, in every form, and when they are called.

use std::error::Error;

use tests::prelude::*;

use super::{Notes, handle};

/// The notes of a handler with these methods, and its error.
macro_rules! outcome_of {
    ($($methods:tt)*) => {{
        #[derive(BaseRequestHandler)]
        struct Handler {
            server: ServerRef<Notes>,
        }

        impl Handler {
            $($methods)*
        }

        let (notes, result) = handle::<Handler, _>(());
        (notes.join(" "), result)
    }};
}

fn well(notes: &str) -> (String, Result<(), String>) {
    (notes.to_owned(), Ok(()))
}

fn failed(notes: &str, error: &str) -> (String, Result<(), String>) {
    (notes.to_owned(), Err(error.to_owned()))
}

/// Calls the method in every form that it may have, after or before a `handle`.
macro_rules! every_form {
    ($method:ident, $notes:literal $(, $handle:item)?) => {
        let shared = outcome_of! {
            $($handle)?
            fn $method(&self) { self.server.note(stringify!($method)) }
        };
        let shared_result = outcome_of! {
            $($handle)?
            fn $method(&self) -> Result<(), Box<dyn Error>> {
                self.server.note(stringify!($method));
                Ok(())
            }
        };
        let unique = outcome_of! {
            $($handle)?
            fn $method(&mut self) { self.server.note(stringify!($method)) }
        };
        let unique_result = outcome_of! {
            $($handle)?
            fn $method(&mut self) -> io::Result<()> {
                self.server.note(stringify!($method));
                Ok(())
            }
        };
        let all = [shared, shared_result, unique, unique_result];
        assert_eq!(all, [(); 4].map(|()| well($notes)));
    };
}

#[test]
fn methods_may_have_every_form() {
    every_form!(
        setup,
        "setup handle",
        fn handle(&self) {
            self.server.note("handle")
        }
    );
    // The other two are absent.
    every_form!(handle, "handle");
    every_form!(
        finish,
        "handle finish",
        fn handle(&self) {
            self.server.note("handle")
        }
    );
}

#[test]
fn a_failed_setup_is_the_last_call() {
    let outcome = outcome_of! {
        fn setup(&self) -> Result<(), &'static str> { self.server.note("setup"); Err("no") }
        fn handle(&self) { self.server.note("handle") }
        fn finish(&self) { self.server.note("finish") }
    };
    assert_eq!(outcome, failed("setup", "no"));
}

#[test]
fn finish_follows_every_handle() {
    let after_an_error = outcome_of! {
        fn setup(&self) { self.server.note("setup") }
        fn handle(&self) -> Result<(), &'static str> { self.server.note("handle"); Err("no") }
        fn finish(&self) { self.server.note("finish") }
    };
    assert_eq!(after_an_error, failed("setup handle finish", "no"));
    let after_a_panic = outcome_of! {
        fn handle(&self) { self.server.note("handle"); resume_unwind(Box::new("on purpose")) }
        fn finish(&self) { self.server.note("finish") }
    };
    assert_eq!(after_a_panic, failed("handle finish", "panicked: on purpose"));
    let with_an_error_of_its_own = outcome_of! {
        fn handle(&self) -> Result<(), &'static str> { self.server.note("handle"); Err("first") }
        fn finish(&self) -> Result<(), &'static str> { self.server.note("finish"); Err("second") }
    };
    assert_eq!(with_an_error_of_its_own, failed("handle finish", "second"));
}

#[test]
fn a_method_may_come_from_a_trait() {
    trait Stage {
        fn notes(&self) -> &Notes;
        fn handle(&self) {
            self.notes().note("handled by the trait");
        }
    }

    #[derive(BaseRequestHandler)]
    struct Actor {
        server: ServerRef<Notes>,
    }

    impl Stage for Actor {
        fn notes(&self) -> &Notes {
            &self.server
        }
    }

    assert_eq!(handle::<Actor, _>(()).0, ["handled by the trait"]);
}
