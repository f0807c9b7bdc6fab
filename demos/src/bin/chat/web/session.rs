//! The members whose clients are pages. A random token in a cookie identifies the member of a
//! browser, so a page may be loaded again, and its connections may break.

use std::collections::HashMap;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rustix::rand::{GetRandomFlags, getrandom};
use socketserver::{Address, Host, green};

use super::mailbox::Mailbox;
use crate::Chat;
use crate::pace::Pace;

/// All members with pages, by their tokens.
pub(crate) struct Sessions {
    all: Mutex<HashMap<String, Arc<Session>>>,
    limits: Limits,
}

/// The limits of sessions. A session needs no connection, so the limits of the server do not apply
/// to it.
pub(crate) struct Limits {
    pub(crate) sessions: usize,
    pub(crate) per_address: Option<NonZeroUsize>,
    /// How long a page may be away before its member leaves.
    pub(crate) away: Duration,
}

/// One member.
pub(super) struct Session {
    pub(super) mailbox: Arc<Mailbox>,
    /// The member's name, and `None` once it has left. Locked after the room.
    pub(super) name: Mutex<Option<String>>,
    /// Locked while a line is handled, so that lines keep their order. A handler sleeps under this
    /// lock.
    pub(super) pace: green::Mutex<Pace>,
    client: Option<Host>,
}

/// The reason for which a session is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The room does not accept the name.
    Name(&'static str),
    /// There are too many sessions.
    Full(&'static str),
}

const ROOM_FULL: Refusal = Refusal::Full("the room is full");
const ADDRESS_FULL: Refusal = Refusal::Full("too many members have come from your address");

impl Sessions {
    pub(crate) fn new(limits: Limits) -> Self {
        Sessions { all: Mutex::default(), limits }
    }

    pub(super) fn get(&self, token: &str) -> Option<Arc<Session>> {
        self.all.lock().get(token).cloned()
    }

    /// Makes a session for a new member of the room. Returns its token.
    pub(super) fn enter(
        &self,
        chat: &Chat,
        name: &str,
        client_address: &Address,
    ) -> io::Result<Result<String, Refusal>> {
        let (token, client) = (random_text()?, client_address.host());
        let mailbox = Arc::new(Mailbox::new());
        let mut all = self.all.lock();
        if let Some(refusal) = self.is_full(&all, client.as_ref()) {
            return Ok(Err(refusal));
        }
        if let Err(error) = chat.room.lock().enter(name, mailbox.clone()) {
            return Ok(Err(Refusal::Name(error)));
        }
        let session = Session {
            mailbox,
            name: Mutex::new(Some(name.to_owned())),
            pace: green::Mutex::new(Pace::new()),
            client,
        };
        all.insert(token.clone(), Arc::new(session));
        Ok(Ok(token))
    }

    fn is_full(
        &self,
        all: &HashMap<String, Arc<Session>>,
        client: Option<&Host>,
    ) -> Option<Refusal> {
        if all.len() >= self.limits.sessions {
            return Some(ROOM_FULL);
        }
        let most = self.limits.per_address?.get();
        let own =
            all.values().filter(|session| client.is_some() && session.client.as_ref() == client);
        (own.count() >= most).then_some(ADDRESS_FULL)
    }

    /// Removes a member.
    pub(super) fn leave(&self, chat: &Chat, token: &str) {
        let session = self.all.lock().remove(token);
        if let Some(session) = session {
            session.leave(chat);
        }
    }

    /// Removes members whose pages have gone.
    pub(crate) fn sweep(&self, chat: &Chat) {
        let away = self.limits.away;
        let mut all = self.all.lock();
        let gone: Vec<_> =
            all.extract_if(|_, session| session.mailbox.is_abandoned(away)).collect();
        drop(all);
        gone.iter().for_each(|(_, session)| session.leave(chat));
    }
}

impl Session {
    fn leave(&self, chat: &Chat) {
        let mut room = chat.room.lock();
        if let Some(name) = self.name.lock().take() {
            room.leave(&name);
            log::info!("{name} has left");
        }
        self.mailbox.close();
    }
}

/// 128 random bits as text.
pub(super) fn random_text() -> io::Result<String> {
    let mut bits = [0; 16];
    let length = getrandom(&mut bits, GetRandomFlags::empty())?;
    assert_eq!(length, bits.len(), "so few bytes come at once");
    Ok(bits.map(|byte| format!("{byte:02x}")).concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_texts_are_long_and_differ() {
        let [one, other] = [(); 2].map(|()| random_text().expect("bits"));
        assert_eq!(one.len(), 32);
        assert_ne!(one, other);
    }
}
