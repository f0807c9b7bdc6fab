//! The room: its members, the last lines, and the rules for which member gets which line. It knows
//! neither sockets nor threads.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Number of earlier lines that a new member gets.
const HISTORY: usize = 20;

/// Maximum number of characters in a name.
const LONGEST_NAME: usize = 20;

/// The destination of a member's lines.
pub(crate) trait Outbox {
    /// Takes a line, with its end, and never blocks.
    fn put(&self, line: &str);

    /// Whether the member gets its own lines too. A terminal has shown them already.
    fn wants_own(&self) -> bool {
        false
    }
}

impl<O: Outbox + ?Sized> Outbox for Arc<O> {
    fn put(&self, line: &str) {
        (**self).put(line);
    }

    fn wants_own(&self) -> bool {
        (**self).wants_own()
    }
}

/// The reason for which a member cannot have a name, for the member to read.
type NameError = &'static str;

const EMPTY: NameError = "a name is not empty";
const INVALID: NameError =
    "a name is Latin letters and digits, with - and _ after the first, at most 20 in all";
const TAKEN: NameError = "that name is taken";

/// The members and the last lines.
///
/// Lines of members begin with `NAME: ` or `* NAME `, those of the room itself with `-- `. No name
/// can imitate that.
pub(crate) struct Room<O> {
    /// Each name as it was typed, and its outbox, by the name's [`key`].
    members: BTreeMap<String, (String, O)>,
    history: VecDeque<String>,
    /// The announcement that the room closes, once it has been made.
    closing: Option<String>,
}

impl<O> Default for Room<O> {
    fn default() -> Self {
        Room { members: BTreeMap::new(), history: VecDeque::new(), closing: None }
    }
}

impl<O: Outbox> Room<O> {
    /// Adds a member, and sends it the names of all members and the last lines.
    pub(crate) fn enter(&mut self, name: &str, outbox: O) -> Result<(), NameError> {
        self.check(name, None)?;
        self.send_to_others(name, &format!("-- {name} has joined\n"));
        outbox.put(&format!("-- welcome, {name}\n"));
        self.members.insert(key(name), (name.to_owned(), outbox));
        let (_, outbox) = &self.members[&key(name)];
        outbox.put(&self.who());
        for line in self.history.iter().chain(&self.closing) {
            outbox.put(line);
        }
        Ok(())
    }

    /// Removes a member.
    pub(crate) fn leave(&mut self, name: &str) {
        self.members.remove(&key(name));
        self.send_to_others(name, &format!("-- {name} has left\n"));
    }

    /// A member says something.
    pub(crate) fn say(&mut self, name: &str, text: &str) {
        self.send_and_remember(name, format!("{name}: {text}\n"));
    }

    /// A member does something.
    pub(crate) fn act(&mut self, name: &str, text: &str) {
        self.send_and_remember(name, format!("* {name} {text}\n"));
    }

    /// A member changes its name.
    pub(crate) fn rename(&mut self, name: &str, new: &str) -> Result<(), NameError> {
        self.check(new, Some(name))?;
        if let Some((_, outbox)) = self.members.remove(&key(name)) {
            outbox.put(&format!("-- you are now {new}\n"));
            self.members.insert(key(new), (new.to_owned(), outbox));
            self.send_to_others(new, &format!("-- {name} is now {new}\n"));
        }
        Ok(())
    }

    /// The line with the names of all members.
    pub(crate) fn who(&self) -> String {
        let names: Vec<_> = self.members.values().map(|(name, _)| &**name).collect();
        format!("-- here are: {}\n", names.join(", "))
    }

    /// Announces that the room closes after that time, once: each of its servers calls this.
    pub(crate) fn close(&mut self, time: Duration) {
        if self.closing.is_some() {
            return;
        }
        let line = format!("-- the room closes in {time:?}; good-bye\n");
        self.members.values().for_each(|(_, outbox)| outbox.put(&line));
        self.closing = Some(line);
    }

    /// Sends a line to the others, and keeps it for new members.
    fn send_and_remember(&mut self, name: &str, line: String) {
        self.send_to_others(name, &line);
        if let Some((_, outbox)) = self.members.get(&key(name))
            && outbox.wants_own()
        {
            outbox.put(&line);
        }
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(line);
    }

    fn send_to_others(&self, name: &str, line: &str) {
        let own = key(name);
        let others = self.members.iter().filter(|(key, _)| **key != own);
        others.for_each(|(_, (_, outbox))| outbox.put(line));
    }

    /// Whether a member, whose name is `own` now, may be called `name`.
    fn check(&self, name: &str, own: Option<&str>) -> Result<(), NameError> {
        let fits = |character: char| is_distinct(character) || "-_".contains(character);
        if name.is_empty() {
            Err(EMPTY)
        } else if !name.starts_with(is_distinct)
            || !name.chars().all(fits)
            || name.chars().count() > LONGEST_NAME
        {
            Err(INVALID)
        } else if own.map(key) != Some(key(name)) && self.members.contains_key(&key(name)) {
            Err(TAKEN)
        } else {
            Ok(())
        }
    }
}

/// Whether a name may have this letter or digit. All are of one alphabet, so readers can see them
/// and tell them apart, except for those that [`key`] folds. Other alphabets have letters that look
/// the same, and invisible ones.
fn is_distinct(character: char) -> bool {
    match character {
        // Signs, ligatures, and letters that look like others.
        '×' | '÷' | 'İ' | 'ı' | 'Ĳ' | 'ĳ' | 'ĸ' | 'ŉ' => false,
        'À'..='ž' => true,
        _ => character.is_ascii_alphanumeric(),
    }
}

/// The key by which names are compared, equal for names that readers would confuse. It has no
/// capitals, and one character for each group of characters that look alike.
fn key(name: &str) -> String {
    let folded = |character| match character {
        '1' | 'l' => 'i',
        '0' => 'o',
        // Only their capitals look alike.
        'ð' => 'đ',
        _ => character,
    };
    name.to_lowercase().chars().map(folded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::mem;
    use std::rc::Rc;

    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    /// A member that remembers its lines.
    #[derive(Clone, Default)]
    struct Ear(Rc<RefCell<Vec<String>>>);

    impl Outbox for Ear {
        fn put(&self, line: &str) {
            let line = line.strip_suffix('\n').expect("a line has an end");
            self.0.borrow_mut().push(line.to_owned());
        }
    }

    impl Ear {
        /// The lines since the last call.
        fn heard(&self) -> Vec<String> {
            mem::take(&mut *self.0.borrow_mut())
        }
    }

    #[test]
    fn names_are_valid_and_unique() {
        let mut room = Room::default();
        let mut enter = |name: &str| room.enter(name, Ear::default());
        assert_eq!(enter("ann"), Ok(()));
        assert_eq!(enter(""), Err(EMPTY));
        assert_eq!(enter("ann"), Err(TAKEN));
        assert_eq!(enter("ANN"), Err(TAKEN));
        for name in "a b,-,_-,a:,*,/who,�,21-characters-is-more".split(',') {
            assert_eq!(enter(name), Err(INVALID), "{name}");
        }
        // Another alphabet's a, full width, a combining accent, no width, a filler, a joiner, a
        // change of direction, a blank of Braille, a dotless i.
        for name in "\u{430}nn,\u{ff41}nn,u\u{308},\u{200b}ann,\u{3164},a\u{200d}nn,\u{202e}ann,\u{2800},\u{131}da"
            .split(',')
        {
            assert_eq!(enter(name), Err(INVALID), "{}", name.escape_unicode());
        }
        assert_eq!(enter("Jürgen_2"), Ok(()));
        assert_eq!(enter("JÜRGEN_2"), Err(TAKEN));
        assert_eq!(enter("Bill0"), Ok(()));
        assert_eq!(enter("BI1lO"), Err(TAKEN));
        assert!(INVALID.contains(&format!("at most {LONGEST_NAME} ")));
    }

    #[test]
    fn closing_is_announced_to_late_members_too() {
        let mut room = Room::default();
        let [ann, late] = [(); 2].map(|()| Ear::default());
        room.enter("ann", ann.clone()).unwrap();
        room.close(Duration::from_secs(5));
        room.enter("late", late.clone()).unwrap();
        let line = "-- the room closes in 5s; good-bye";
        assert!(ann.heard().contains(&line.to_owned()));
        assert_eq!(late.heard().last().unwrap(), line);
    }

    #[test]
    fn own_lines_come_back_where_they_are_wanted() {
        /// A member, and whether it wants its own lines.
        struct Wish(Ear, bool);
        impl Outbox for Wish {
            fn put(&self, line: &str) {
                self.0.put(line);
            }

            fn wants_own(&self) -> bool {
                self.1
            }
        }
        let mut room = Room::default();
        let [ann, bob] = [(); 2].map(|()| Ear::default());
        room.enter("ann", Wish(ann.clone(), true)).unwrap();
        room.enter("bob", Wish(bob.clone(), false)).unwrap();
        ann.heard();
        bob.heard();
        room.say("ann", "hello");
        room.act("ann", "waves");
        assert_eq!(ann.heard(), ["ann: hello", "* ann waves"]);
        assert_eq!(bob.heard(), ["ann: hello", "* ann waves"]);
    }

    #[derive(Clone, Copy, Debug)]
    enum Deed {
        Enter,
        Leave,
        Say,
        Act,
        Rename,
    }

    /// A deed, the member that does it by number, its new name, and a text.
    fn deed() -> impl Strategy<Value = (Deed, usize, String, String)> {
        use Deed::{Act, Enter, Leave, Rename, Say};
        let deeds = [Enter, Enter, Leave, Say, Say, Act, Act, Rename, Rename];
        // Few names, so that they collide, and some that are invalid.
        let name = prop_oneof!["[abAB]", "[äÄßl1İı-]{1,2}", "[a-zÀ-ž]{18,22}", ".{0,22}"];
        (select(deeds.to_vec()), any::<usize>(), name, "\\PC{1,10}")
    }

    /// The members as they should be.
    #[derive(Default)]
    struct Members(Vec<(String, Ear)>);

    impl Members {
        /// All but the one of that name have heard this line and nothing else.
        #[track_caller]
        fn heard(&self, name: &str, line: &str) {
            for (_, ear) in self.0.iter().filter(|(other, _)| other != name) {
                assert_eq!(ear.heard(), [line]);
            }
        }

        fn can_have(&self, name: &str, own: Option<usize>) -> bool {
            let mut others = self.0.iter().enumerate().filter(|(place, _)| Some(*place) != own);
            let fits = |c: char| is_distinct(c) || c == '-' || c == '_';
            (1..=LONGEST_NAME).contains(&name.chars().count())
                && name.starts_with(is_distinct)
                && name.chars().all(fits)
                && others.all(|(_, (other, _))| key(other) != key(name))
        }
    }

    proptest! {
        #[test]
        fn every_line_reaches_every_other_member_once(deeds in vec(deed(), 0..40)) {
            let mut room = Room::default();
            let mut all = Members::default();
            for (deed, place, new, text) in deeds {
                let member = place.checked_rem(all.0.len());
                match (deed, member) {
                    (Deed::Enter, _) => {
                        let ear = Ear::default();
                        let entered = room.enter(&new, ear.clone()).is_ok();
                        prop_assert_eq!(entered, all.can_have(&new, None));
                        if entered {
                            all.heard("", &format!("-- {new} has joined"));
                            prop_assert_eq!(&ear.heard()[0], &format!("-- welcome, {new}"));
                            all.0.push((new, ear));
                        } else {
                            prop_assert!(ear.heard().is_empty());
                        }
                    }
                    (Deed::Leave, Some(member)) => {
                        let (name, ear) = all.0.swap_remove(member);
                        room.leave(&name);
                        all.heard("", &format!("-- {name} has left"));
                        prop_assert!(ear.heard().is_empty());
                    }
                    (Deed::Say, Some(member)) => {
                        let name = &all.0[member].0;
                        room.say(name, &text);
                        all.heard(name, &format!("{name}: {text}"));
                    }
                    (Deed::Act, Some(member)) => {
                        let name = &all.0[member].0;
                        room.act(name, &text);
                        all.heard(name, &format!("* {name} {text}"));
                    }
                    (Deed::Rename, Some(member)) => {
                        let old = all.0[member].0.clone();
                        let renamed = room.rename(&old, &new).is_ok();
                        prop_assert_eq!(renamed, all.can_have(&new, Some(member)));
                        if renamed {
                            all.0[member].0 = new.clone();
                            all.heard(&new, &format!("-- {old} is now {new}"));
                            let heard = all.0[member].1.heard();
                            prop_assert_eq!(heard, [format!("-- you are now {new}")]);
                        }
                    }
                    (_, None) => {}
                }
                prop_assert!(all.0.iter().all(|(_, ear)| ear.heard().is_empty()));
                prop_assert!(room.history.len() <= HISTORY);
                prop_assert_eq!(room.members.len(), all.0.len());
            }
        }
    }
}
