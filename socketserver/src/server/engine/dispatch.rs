//! One request from the loop to its handler, or to its refusal.

use std::sync::Arc;
use std::time::Duration;

use super::serve::Taken;
use super::{Engine, TARGET};
use crate::admission::Refusal;
use crate::lead::Pace;
use crate::lobby::Lobby;
use crate::panics::log_quietly;
use crate::request::{Accepted, End, Job, Named, Rejected, Ticket};
use crate::server::report::Served;

impl Engine {
    /// Hands a request to the concurrency, or to the lobby, or refuses it. `refusal` is a reason
    /// that was known before. `pace` measures the handler.
    pub(super) fn dispatch(
        &self,
        request: Arc<dyn Accepted>,
        refusal: Option<Refusal>,
        pace: Option<&Arc<Pace>>,
    ) -> Taken {
        let (share, refusal) = match self.admission.judge(&*request) {
            Ok(share) => (share, refusal),
            Err(refusal) => (None, Some(refusal)),
        };
        let ticket = Ticket::open(&self.core.books, &request, share);
        if let Some(refusal) = refusal.or_else(|| self.admission.verify(&*request).err()) {
            ticket.end(end_refused(refusal, &*request));
            return Taken::Request(Served::Refused);
        }
        let job = Job::new(request, ticket);
        let job = match &self.lobby {
            None => job,
            Some(lobby) => match enter(lobby, job) {
                Ok(()) => return Taken::Silent,
                Err(spoken) => spoken,
            },
        };
        let job = match pace {
            Some(pace) => pace.measure(job),
            None => job,
        };
        Taken::Request(self.hand_over(job))
    }

    /// Hands a job to the concurrency.
    #[inline(always)]
    pub(super) fn hand_over(&self, job: Job) -> Served {
        match self.concurrency.process_request(job) {
            Ok(()) => Served::Handled,
            Err(Rejected { job, error }) => {
                let (request, ticket) = job.give_back();
                let end = end_refused(Refusal::Failed(error.into()), &*request);
                request.closed();
                ticket.end(end);
                Served::Refused
            }
        }
    }
}

/// Not inlined: most servers have no lobby.
#[inline(never)]
fn enter(lobby: &Lobby, job: Job) -> Result<(), Job> {
    if job.awaits_first_byte() { lobby.enter(job) } else { Err(job) }
}

/// Ends a request that never comes to its handler. Does not block, unless the state's
/// `handle_error` does.
pub(in crate::server) fn end_refused(refusal: Refusal, request: &dyn Accepted) -> End {
    let end = match refusal {
        Refusal::Failed(error) => {
            let end = error.end();
            request.fail(error);
            end
        }
        refusal => {
            let named = Named(Some(request.facts().id()), request.client_address());
            log_quietly(TARGET, || log::debug!(target: TARGET, "{named} refused: {refusal}"));
            if refusal.gets_an_answer() {
                request.refuse();
            }
            End::Refused
        }
    };
    request.shutdown(Duration::ZERO);
    end
}
