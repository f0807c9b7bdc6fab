//! The room: who is in it, what was said there, and who gets what. It knows nothing of sockets and
//! of threads.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::Duration;

/// So many lines are told to whoever joins.
const HISTORY: usize = 20;

/// So many characters may be in a name.
const LONGEST_NAME: usize = 20;

/// Where a member's lines are put.
pub(crate) trait Tell {
    /// Takes a line, with its end, and never waits.
    fn tell(&self, line: &str);
}

/// Why somebody cannot have a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameError {
    /// There is nothing in it.
    Empty,
    /// There is something in it that does not belong into a name.
    Invalid,
    /// Somebody else has it.
    Taken,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NameError::Empty => f.write_str("a name is not empty"),
            NameError::Invalid => write!(
                f,
                "a name is letters and digits, then also - and _, at most {LONGEST_NAME} in all"
            ),
            NameError::Taken => f.write_str("that name is taken"),
        }
    }
}

/// Everybody who is there, and the last lines.
///
/// Lines of people begin with `NAME: ` or `* NAME `, those of the room itself with `-- `; no name
/// can imitate that.
pub(crate) struct Room<M> {
    /// By what [`key`] makes of their names, and so in order.
    members: BTreeMap<String, Member<M>>,
    history: VecDeque<String>,
    /// What whoever still comes in is told, once the room closes.
    closing: Option<String>,
}

struct Member<M> {
    name: String,
    outbox: M,
}

impl<M> Default for Room<M> {
    fn default() -> Self {
        Room {
            members: BTreeMap::new(),
            history: VecDeque::new(),
            closing: None,
        }
    }
}

impl<M: Tell> Room<M> {
    /// Somebody joins, and is told who is there and what was said last.
    pub(crate) fn enter(&mut self, name: &str, outbox: M) -> Result<(), NameError> {
        let key = self.free(name, None)?;
        self.tell_others(name, &format!("-- {name} has joined\n"));
        outbox.tell(&format!("-- welcome, {name}\n"));
        let member = Member {
            name: name.to_owned(),
            outbox,
        };
        self.members.insert(key.clone(), member);
        let outbox = &self.members[&key].outbox;
        outbox.tell(&self.who());
        for line in self.history.iter().chain(&self.closing) {
            outbox.tell(line);
        }
        Ok(())
    }

    /// Somebody is gone.
    pub(crate) fn leave(&mut self, name: &str) {
        self.members.remove(&key(name));
        self.tell_others(name, &format!("-- {name} has left\n"));
    }

    /// Somebody says something.
    pub(crate) fn say(&mut self, name: &str, text: &str) {
        self.pass_on(name, format!("{name}: {text}\n"));
    }

    /// Somebody does something.
    pub(crate) fn act(&mut self, name: &str, text: &str) {
        self.pass_on(name, format!("* {name} {text}\n"));
    }

    /// Somebody takes another name.
    pub(crate) fn rename(&mut self, name: &str, new: &str) -> Result<(), NameError> {
        let new_key = self.free(new, Some(name))?;
        if let Some(mut member) = self.members.remove(&key(name)) {
            member.outbox.tell(&format!("-- you are now {new}\n"));
            member.name = new.to_owned();
            self.members.insert(new_key, member);
            self.tell_others(new, &format!("-- {name} is now {new}\n"));
        }
        Ok(())
    }

    /// The line that says who is here.
    pub(crate) fn who(&self) -> String {
        let names: Vec<_> = self.members.values().map(|member| &*member.name).collect();
        format!("-- here are: {}\n", names.join(", "))
    }

    /// The room closes, and its members may say good-bye for some time.
    pub(crate) fn close(&mut self, time: Duration) {
        let line = format!("-- the room closes in {time:?}; good-bye\n");
        for member in self.members.values() {
            member.outbox.tell(&line);
        }
        self.closing = Some(line);
    }

    /// What was said goes to everybody but who said it, who has seen it already, and to those who
    /// come later.
    fn pass_on(&mut self, name: &str, line: String) {
        self.tell_others(name, &line);
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(line);
    }

    fn tell_others(&self, name: &str, line: &str) {
        let own = key(name);
        for (key, member) in &self.members {
            if *key != own {
                member.outbox.tell(line);
            }
        }
    }

    /// The key of a name that can be had, by somebody whose name is `own` now.
    fn free(&self, name: &str, own: Option<&str>) -> Result<String, NameError> {
        if name.is_empty() {
            return Err(NameError::Empty);
        }
        let fits = |character: char| character.is_alphanumeric() || "-_".contains(character);
        if !name.starts_with(char::is_alphanumeric)
            || !name.chars().all(fits)
            || name.chars().count() > LONGEST_NAME
        {
            return Err(NameError::Invalid);
        }
        let key = key(name);
        let is_own = own.is_some_and(|own| self::key(own) == key);
        if !is_own && self.members.contains_key(&key) {
            return Err(NameError::Taken);
        }
        Ok(key)
    }
}

/// What two names have in common that would be taken for each other.
fn key(name: &str) -> String {
    name.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::mem;
    use std::rc::Rc;

    use proptest::collection::vec;
    use proptest::prelude::*;

    /// A member who remembers everything.
    #[derive(Clone, Default)]
    struct Ear(Rc<RefCell<Vec<String>>>);

    impl Tell for Ear {
        fn tell(&self, line: &str) {
            let line = line.strip_suffix('\n').expect("a line has an end");
            self.0.borrow_mut().push(line.to_owned());
        }
    }

    impl Ear {
        /// What came since the last time.
        fn heard(&self) -> Vec<String> {
            mem::take(&mut *self.0.borrow_mut())
        }
    }

    /// A room, and its members, who have heard nothing yet.
    fn room<const N: usize>(names: [&str; N]) -> (Room<Ear>, [Ear; N]) {
        let mut room = Room::default();
        let ears = names.map(|name| {
            let ear = Ear::default();
            room.enter(name, ear.clone()).unwrap();
            ear
        });
        for ear in &ears {
            ear.heard();
        }
        (room, ears)
    }

    #[test]
    fn who_joins_is_welcomed_and_announced() {
        let (mut room, [bob]) = room(["bob"]);
        let ann = Ear::default();
        room.enter("Ann", ann.clone()).unwrap();
        assert_eq!(bob.heard(), ["-- Ann has joined"]);
        assert_eq!(ann.heard(), ["-- welcome, Ann", "-- here are: Ann, bob"]);
        room.leave("Ann");
        assert_eq!(bob.heard(), ["-- Ann has left"]);
        assert_eq!(ann.heard(), [""; 0]);
        assert_eq!(room.who(), "-- here are: bob\n");
    }

    #[test]
    fn everybody_else_hears_what_is_said_and_done() {
        let (mut room, [ann, bob, cid]) = room(["ann", "bob", "cid"]);
        room.say("ann", "hello");
        room.act("bob", "waves");
        assert_eq!(ann.heard(), ["* bob waves"]);
        assert_eq!(bob.heard(), ["ann: hello"]);
        assert_eq!(cid.heard(), ["ann: hello", "* bob waves"]);
    }

    #[test]
    fn the_last_lines_are_told_to_whoever_joins() {
        let (mut room, _members) = room(["ann"]);
        for number in 0..25 {
            room.say("ann", &number.to_string());
        }
        let bob = Ear::default();
        room.enter("bob", bob.clone()).unwrap();
        let last: Vec<_> = (5..25).map(|number| format!("ann: {number}")).collect();
        assert_eq!(bob.heard()[2..], last);
    }

    #[test]
    fn a_name_is_somebodys_own() {
        let (mut room, [_ann]) = room(["ann"]);
        let mut enter = |name: &str| room.enter(name, Ear::default());
        assert_eq!(enter(""), Err(NameError::Empty));
        assert_eq!(enter("ann"), Err(NameError::Taken));
        assert_eq!(enter("ANN"), Err(NameError::Taken));
        for name in [
            "a b",
            "-",
            "_-",
            "a:",
            "*",
            "/who",
            "�",
            "21-characters-is-more",
        ] {
            assert_eq!(enter(name), Err(NameError::Invalid), "{name}");
        }
        assert_eq!(enter("Jürgen_2"), Ok(()));
        assert_eq!(enter("JÜRGEN_2"), Err(NameError::Taken));
    }

    #[test]
    fn a_name_can_be_changed() {
        let (mut room, [ann, bob]) = room(["ann", "bob"]);
        assert_eq!(room.rename("ann", "Bob"), Err(NameError::Taken));
        assert_eq!(room.rename("ann", "a b"), Err(NameError::Invalid));
        room.rename("ann", "Ann").unwrap();
        room.rename("Ann", "zoe").unwrap();
        assert_eq!(ann.heard(), ["-- you are now Ann", "-- you are now zoe"]);
        assert_eq!(bob.heard(), ["-- ann is now Ann", "-- Ann is now zoe"]);
        assert_eq!(room.who(), "-- here are: bob, zoe\n");
        room.enter("ann", Ear::default()).unwrap();
    }

    #[test]
    fn a_closing_room_says_so_to_all() {
        let (mut room, [ann]) = room(["ann"]);
        room.close(Duration::from_secs(5));
        let line = "-- the room closes in 5s; good-bye";
        assert_eq!(ann.heard(), [line]);
        let late = Ear::default();
        room.enter("late", late.clone()).unwrap();
        assert_eq!(late.heard().last().unwrap(), line);
    }

    /// What somebody does, by number.
    #[derive(Clone, Debug)]
    enum Deed {
        Enter(String),
        Leave(usize),
        Say(usize, String),
        Act(usize, String),
        Rename(usize, String),
    }

    fn deed() -> impl Strategy<Value = Deed> {
        // Few names, so that they meet, and some that are none.
        let name = || prop_oneof!["[abAB]", "[äÄßİı-]{1,2}", ".{0,22}"];
        let who = any::<usize>;
        let text = || "\\PC{1,10}";
        prop_oneof![
            2 => name().prop_map(Deed::Enter),
            1 => who().prop_map(Deed::Leave),
            2 => (who(), text()).prop_map(|(who, text)| Deed::Say(who, text)),
            2 => (who(), text()).prop_map(|(who, text)| Deed::Act(who, text)),
            2 => (who(), name()).prop_map(|(who, name)| Deed::Rename(who, name)),
        ]
    }

    /// Who is in the room, as it should be.
    #[derive(Default)]
    struct Everybody(Vec<(String, Ear)>);

    impl Everybody {
        /// Everybody but `who` has heard this and nothing else.
        #[track_caller]
        fn heard(&self, who: &str, line: &str) {
            for (_, ear) in self.0.iter().filter(|(name, _)| name != who) {
                assert_eq!(ear.heard(), [line]);
            }
        }

        fn can_have(&self, name: &str, own: Option<usize>) -> bool {
            let mut others = self
                .0
                .iter()
                .enumerate()
                .filter(|(number, _)| Some(*number) != own);
            (1..=LONGEST_NAME).contains(&name.chars().count())
                && name.starts_with(char::is_alphanumeric)
                && name
                    .chars()
                    .all(|c| c.is_alphanumeric() || c == '-' || c == '_')
                && others.all(|(_, (other, _))| other.to_lowercase() != name.to_lowercase())
        }
    }

    proptest! {
        #[test]
        fn everybody_else_hears_everything_once(deeds in vec(deed(), 0..40)) {
            let mut room = Room::default();
            let mut all = Everybody::default();
            for deed in deeds {
                let somebody = |who: usize| who.checked_rem(all.0.len());
                match deed {
                    Deed::Enter(name) => {
                        let ear = Ear::default();
                        let entered = room.enter(&name, ear.clone()).is_ok();
                        prop_assert_eq!(entered, all.can_have(&name, None));
                        if entered {
                            all.heard("", &format!("-- {name} has joined"));
                            prop_assert_eq!(&ear.heard()[0], &format!("-- welcome, {name}"));
                            all.0.push((name, ear));
                        } else {
                            prop_assert!(ear.heard().is_empty());
                        }
                    }
                    Deed::Leave(who) => if let Some(who) = somebody(who) {
                        let (name, ear) = all.0.swap_remove(who);
                        room.leave(&name);
                        all.heard("", &format!("-- {name} has left"));
                        prop_assert!(ear.heard().is_empty());
                    }
                    Deed::Say(who, text) => if let Some(who) = somebody(who) {
                        let name = &all.0[who].0;
                        room.say(name, &text);
                        all.heard(name, &format!("{name}: {text}"));
                    }
                    Deed::Act(who, text) => if let Some(who) = somebody(who) {
                        let name = &all.0[who].0;
                        room.act(name, &text);
                        all.heard(name, &format!("* {name} {text}"));
                    }
                    Deed::Rename(who, new) => if let Some(who) = somebody(who) {
                        let old = all.0[who].0.clone();
                        let renamed = room.rename(&old, &new).is_ok();
                        prop_assert_eq!(renamed, all.can_have(&new, Some(who)));
                        if renamed {
                            all.0[who].0 = new.clone();
                            all.heard(&new, &format!("-- {old} is now {new}"));
                            prop_assert_eq!(all.0[who].1.heard(), [format!("-- you are now {new}")]);
                        }
                    }
                }
                // Nobody has heard anything that was not for everybody.
                prop_assert!(all.0.iter().all(|(_, ear)| ear.heard().is_empty()));
                prop_assert!(room.history.len() <= HISTORY);
                prop_assert_eq!(room.members.len(), all.0.len());
            }
        }
    }
}
