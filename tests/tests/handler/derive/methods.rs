//! `setup`, `handle` and `finish`, in every form, and when they are called.

use std::error::Error;

use tests::prelude::*;

use super::{Notes, handle};

/// The notes of a handler with these methods, which does not fail.
macro_rules! notes_of {
    ($($methods:tt)*) => {{
        #[derive(BaseRequestHandler)]
        struct Handler {
            server: ServerRef<Notes>,
        }

        impl Handler {
            $($methods)*
        }

        let (notes, result) = handle::<Handler, _>(());
        assert_eq!(result, Ok(()));
        notes.join(" ")
    }};
}

/// Calls the method in every form that it may have, after or before a `handle`.
macro_rules! every_form {
    ($method:ident, $notes:literal $(, $handle:item)?) => {
        let shared = notes_of! {
            $($handle)?
            fn $method(&self) { self.server.note(stringify!($method)) }
        };
        let shared_result = notes_of! {
            $($handle)?
            fn $method(&self) -> Result<(), Box<dyn Error>> {
                self.server.note(stringify!($method));
                Ok(())
            }
        };
        let unique = notes_of! {
            $($handle)?
            fn $method(&mut self) { self.server.note(stringify!($method)) }
        };
        let unique_result = notes_of! {
            $($handle)?
            fn $method(&mut self) -> io::Result<()> {
                self.server.note(stringify!($method));
                Ok(())
            }
        };
        let all = [shared, shared_result, unique, unique_result];
        assert_eq!(all, [$notes; 4]);
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
