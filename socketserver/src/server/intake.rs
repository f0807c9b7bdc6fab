//! Transport, handler and state behind one trait object: the one file, beside the builder, that
//! knows all three.

use std::any::{Any, type_name};
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::engine::{Intake, end_refused, quietly, survived};
use crate::aborts::{Aborts, Enclosed};
use crate::address::Address;
use crate::admission::{ClientLimits, Refusal};
use crate::handler::{BaseServer, Life, RequestHandler, ServerRef};
use crate::panics::DropsQuietly;
use crate::request::{Accepted, End, Facts, HandlerError, RequestPhase, Share, caught};
use crate::socket::Socket;
use crate::transport::{self, Transport};
use crate::wait::nonblocking_sockets;

/// A transport, a handler and a state. They drop without a panic, on any thread.
pub(crate) struct Typed<T, H, S> {
    transport: DropsQuietly<T>,
    server: DropsQuietly<ServerRef<S>>,
    /// How long `shutdown_request` may block after the handler.
    patience: Duration,
    /// The limits per client, if the transport learns a request's client where its handler runs.
    limits: Option<Arc<ClientLimits>>,
    handler: PhantomData<fn(H)>,
}

impl<T, H, S> Typed<T, H, S> {
    /// `runs_on_loop` is whether handlers run on the loop's own thread: then `shutdown_request` may
    /// block for 100 ms only, because the whole server waits.
    pub(crate) fn new(
        transport: T,
        server: ServerRef<S>,
        runs_on_loop: bool,
        limits: Option<Arc<ClientLimits>>,
    ) -> Arc<Self> {
        Arc::new(Typed {
            transport: DropsQuietly::new(transport),
            server: DropsQuietly::new(server),
            patience: if runs_on_loop { Duration::from_millis(100) } else { Duration::MAX },
            limits,
            handler: PhantomData,
        })
    }
}

impl<T, H, S> Intake for Arc<Typed<T, H, S>>
where
    T: Transport,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    fn take(&self, listener: &Socket) -> io::Result<Arc<dyn Accepted>> {
        // Allocated in there, so that a pointer is moved and not the request.
        survived(|| {
            let taken = self.transport.get_request(listener)?;
            Ok(Request::<T, H, S>::accepted(taken, self))
        })
    }

    fn take_given(&self, connection: &Socket) -> io::Result<Arc<dyn Accepted>> {
        let given = survived(|| Ok(self.transport.given_request(connection)))?;
        // The client has gone since the start.
        let given = given.ok_or(io::ErrorKind::ConnectionAborted)?;
        Ok(Request::<T, H, S>::accepted(given, self))
    }

    fn is_lost(&self, listener: &Socket) -> bool {
        survived(|| Ok(self.transport.is_lost(listener))).unwrap_or(false)
    }

    fn bind_again(&self, address: &Address) -> io::Result<Socket> {
        survived(|| transport::bound(&*self.transport, address))
    }

    fn handler_name(&self) -> &'static str {
        type_name::<H>()
    }

    fn activate(&self, listener: &Socket) -> io::Result<()> {
        survived(|| self.transport.server_activate(listener))
    }

    fn fence(&self, listener: &Socket) -> io::Result<()> {
        survived(|| self.transport.fence(listener))
    }

    fn close_listener(&self, listener: &Socket) {
        quietly("the transport's server_close", || {
            self.transport.server_close(listener);
        });
    }

    fn service_actions(&self) {
        quietly("service_actions", || {
            self.server.state().service_actions(&self.server);
        });
    }

    fn handle_timeout(&self) {
        quietly("handle_timeout", || {
            self.server.state().handle_timeout(&self.server);
        });
    }

    fn announce_end(&self) {
        quietly("server_close", || {
            self.server.state().server_close(&self.server);
        });
    }

    fn closed(&self) {
        quietly("server_closed", || {
            self.server.state().server_closed(&self.server);
        });
    }
}

/// One request with its types. Its fields drop without a panic, on any thread.
struct Request<T: Transport, H, S> {
    request: DropsQuietly<T::Request>,
    client_address: Address,
    /// The client, if the transport has learnt it from the request.
    learnt: OnceLock<Box<Address>>,
    typed: Arc<Typed<T, H, S>>,
    /// The waits that an abort ends, beside that for the client.
    aborts: OnceLock<Box<DropsQuietly<Aborts>>>,
    facts: Facts,
}

impl<T, H, S> Enclosed for Request<T, H, S>
where
    T: Transport,
    Self: Send + Sync,
{
    fn aborts(&self) -> &Aborts {
        self.aborts.get_or_init(|| Box::new(DropsQuietly::new(Aborts::default())))
    }

    fn id(&self) -> u64 {
        self.facts.id()
    }

    #[cfg(any(feature = "proxy", feature = "tls"))]
    fn take_silence(&self) -> Duration {
        self.facts.take_silence()
    }

    fn connection(&self) -> Option<RawFd> {
        let request: &dyn Any = &*self.request;
        request.downcast_ref().map(Socket::as_raw_fd)
    }
}

impl<T, H, S> Request<T, H, S>
where
    T: Transport,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    fn accepted(
        (request, client_address): (T::Request, Address),
        typed: &Arc<Typed<T, H, S>>,
    ) -> Arc<dyn Accepted> {
        Arc::new(Self {
            request: DropsQuietly::new(request),
            client_address,
            learnt: OnceLock::new(),
            typed: typed.clone(),
            aborts: OnceLock::new(),
            facts: Facts::now(),
        })
    }

    fn was_aborted(&self) -> bool {
        self.aborts.get().is_some_and(|aborts| aborts.is_aborted())
    }

    /// Serves a request whose client only the request itself says. Never inlined: its frame would
    /// lie below every handler, and cost each idle thread a page.
    #[inline(never)]
    fn learn_and_serve(&self, limits: &ClientLimits) -> End {
        match self.admit(limits) {
            // The share is the client's again before the request counts as ended.
            Ok(_share) => self.serve(),
            Err(refusal) => {
                Life::leave_request();
                end_refused(refusal, self)
            }
        }
    }

    /// Learns the client, and does then what the loop has done for others: limits, rates and
    /// `verify_request`.
    fn admit(&self, limits: &ClientLimits) -> Result<Option<Share>, Refusal> {
        let learn = || self.typed.transport.learn_client(&self.request, &self.client_address);
        let client = caught(|| learn().map_err(HandlerError::of_handshake));
        if let Some(client) = client.map_err(Refusal::Failed)? {
            self.learnt.get_or_init(|| Box::new(client));
        }
        let share = limits.admit(self.client_address())?;
        Refusal::unless_verified(self)?;
        Ok(share)
    }

    fn serve(&self) -> End {
        let handled = caught(|| self.handle());
        self.facts.set_phase(RequestPhase::Ending);
        Life::leave_request();
        let end = match handled {
            Ok(()) => End::Finished,
            Err(error) => {
                let end = error.end();
                self.fail(error);
                end
            }
        };
        self.shutdown(self.typed.patience);
        self.closed();
        end
    }

    fn handle(&self) -> Result<(), HandlerError> {
        let prepared = self.typed.transport.prepare(&self.request);
        prepared.map_err(HandlerError::of_handshake)?;
        self.facts.set_phase(RequestPhase::Handling);
        // Written by a derive, which calls `handler::base::run`, or by hand.
        H::handle_request(
            T::Request::clone(&self.request),
            self.client_address().clone(),
            self.typed.server.clone(),
        )
    }
}

impl<T, H, S> Accepted for Request<T, H, S>
where
    T: Transport,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    fn client_address(&self) -> &Address {
        self.learnt.get().map_or(&self.client_address, |learnt| learnt)
    }

    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn socket(&self) -> Option<&Socket> {
        let request: &dyn Any = &*self.request;
        request.downcast_ref()
    }

    fn awaits_first_byte(&self) -> bool {
        let mut awaits = false;
        quietly("the transport's awaits_first_byte", || {
            awaits = self.typed.transport.awaits_first_byte(&self.client_address);
        });
        awaits
    }

    fn awaits_more(&self) -> bool {
        let mut awaits = false;
        quietly("the transport's awaits_more", || {
            awaits = self.typed.transport.awaits_more(&self.request);
        });
        awaits
    }

    fn silence(&self, patience: Duration) -> io::Error {
        let error = survived(|| Ok(self.typed.transport.silence(&self.request, patience)));
        error.unwrap_or_else(|panic| panic)
    }

    fn handler_name(&self) -> &'static str {
        type_name::<H>()
    }

    fn is_own(&self, server: &Address) -> bool {
        let (transport, client) = (&self.typed.transport, &self.client_address);
        let mut is_own = false;
        quietly("the transport's is_own", || {
            is_own = transport.is_own(&self.request, client, server);
        });
        is_own
    }

    fn verify(&self) -> Result<bool, HandlerError> {
        let server = &self.typed.server;
        caught(|| {
            let state = server.state();
            Ok(state.verify_request(&self.request, self.client_address(), server))
        })
    }

    fn refuse(&self) {
        let server = &self.typed.server;
        quietly("refuse_request", || {
            if self.typed.transport.speaks_before_prepare() {
                nonblocking_sockets(|| {
                    let state = server.state();
                    state.refuse_request(&self.request, self.client_address(), server);
                });
            }
        });
    }

    fn run(self: Arc<Self>) -> End {
        self.facts.set_phase(RequestPhase::Preparing);
        let life = &self.typed.server.core().life;
        life.inside_request(self.clone(), || match &self.typed.limits {
            None => self.serve(),
            Some(limits) => self.learn_and_serve(limits),
        })
    }

    fn fail(&self, mut error: HandlerError) {
        error.set_request_id(self.facts.id());
        error.set_aborted(self.was_aborted());
        let server = &self.typed.server;
        quietly("handle_error", || {
            let state = server.state();
            state.handle_error(&self.request, self.client_address(), &error, server);
        });
        quietly("the drop of a handler's error", || drop(error));
    }

    fn shutdown(&self, patience: Duration) {
        quietly("shutdown_request", || {
            self.typed.transport.shutdown_request(&self.request, patience);
        });
    }

    fn closed(&self) {
        let server = &self.typed.server;
        quietly("request_closed", || {
            let state = server.state();
            state.request_closed(&self.request, self.client_address(), server);
        });
    }

    fn abort(&self) {
        self.aborts().abort(|| {
            quietly("the transport's abort", || {
                self.typed.transport.abort(&self.request);
            });
        });
    }

    fn wake_idle(&self) {
        if let Some(aborts) = self.aborts.get() {
            aborts.wake_idle();
        }
    }
}
