//! `#[handler(default = …)]` on a field.

use tests::prelude::*;

use super::{Notes, handle};

/// Names that a careless expansion would have used itself.
#[test]
fn defaults_see_only_the_users_names() {
    fn server() -> u8 {
        1
    }
    const REQUEST: u8 = 2;

    struct Quiet;

    impl Quiet {
        fn setup(&self) -> u8 {
            3
        }
    }

    trait Loud {
        fn setup(&mut self) -> u8 {
            4
        }
    }

    impl Loud for u8 {}

    #[derive(BaseRequestHandler)]
    struct Handler {
        #[handler(default = server() + REQUEST)]
        sum: u8,
        #[handler(default = Quiet.setup() + 0u8.setup())]
        setups: u8,
        #[handler(default = Self::LIMIT)]
        limit: usize,
        #[handler(default = |text| text.len())]
        measure: fn(&str) -> usize,
        #[handler(default = std::collections::BTreeMap::<u8, u8>::from([(1, 2)]).len())]
        commas: usize,
        #[handler(default = { let mut list = vec![0; 3]; list.push(1); list })]
        list: Vec<u8>,
        // A name that only other derives fill.
        #[handler(default = "mine")]
        rfile: &'static str,
        server: ServerRef<Notes>,
    }

    impl Handler {
        const LIMIT: usize = 10;

        fn handle(&self) {
            assert_eq!((self.sum, self.setups, self.limit), (3, 7, 10));
            assert_eq!(((self.measure)("four"), self.commas), (4, 1));
            assert_eq!((self.list.as_slice(), self.rfile), ([0, 0, 0, 1].as_slice(), "mine"));
            self.server.note("checked");
        }
    }

    assert_eq!(handle::<Handler, _>(()).0, ["checked"]);
}

#[test]
fn defaults_are_evaluated_for_each_request() {
    static NEXT: AtomicUsize = AtomicUsize::new(1);

    #[derive(BaseRequestHandler)]
    struct Numbered {
        server: ServerRef<Notes>,
        #[handler(default = NEXT.fetch_add(1, Ordering::Relaxed))]
        number: usize,
    }

    impl Numbered {
        fn handle(&self) {
            self.server.note(self.number);
        }
    }

    assert_eq!(handle::<Numbered, _>(()).0, ["1"]);
    assert_eq!(handle::<Numbered, _>(()).0, ["2"]);
}
