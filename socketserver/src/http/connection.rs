//! A connection from its first request to its last.

use std::io;

use super::exchange::Exchange;
use super::exchange::head::Received;
use super::exchange::stage::Stage;
use super::handler::BaseHTTPRequestHandler as Handler;
use super::message::framing::{self, Framed};
use super::message::headers::{Head, Headers};
use super::message::refusal::HTTPError;
use super::message::status::Status;
use crate::request::{HandlerError, caught};

/// Serves the requests of a connection.
///
/// # Errors
/// The error that a method returned, or that of the connection.
///
/// Python: `BaseHTTPRequestHandler.handle`
pub fn serve<H: Handler>(handler: &mut H) -> Result<(), HandlerError> {
    let end = End(handler.exchange().of_connection());
    while one(handler, &end.0)? {}
    Ok(())
}

/// Ends the current reply, even if the override that sends it panics: the part that was sent must
/// not look whole.
struct End(Exchange);

impl Drop for End {
    fn drop(&mut self) {
        if self.0.is_cut_short() {
            self.0.abort();
        }
    }
}

/// Serves one request. Returns whether another may follow. The steps are not inlined: what they need
/// of the stack would add up here, and stay in the memory of each idle thread.
///
/// Python: `handle_one_request`
fn one(handler: &mut dyn Handler, exchange: &Exchange) -> Result<bool, HandlerError> {
    // An idle connection keeps no head, however long that was.
    handler.__assign(&Headers::default());
    match exchange.receive_head()? {
        Received::Head => {}
        Received::Nothing => return Ok(false),
        Received::Refused(error) => return refuse(handler, exchange, &error),
    }
    let headers = exchange.headers();
    let framed = match framed(headers.head()) {
        Ok(framed) => framed,
        Err(error) => return refuse_body(handler, exchange, headers.head(), &error),
    };
    exchange.begin(&framed);
    handler.__assign(&headers);
    // Without another handle the next head reuses this memory.
    drop(headers);
    let result = caught(|| handle(handler, exchange, &framed));
    conclude(handler, exchange, result)?;
    Ok(!exchange.closes() && exchange.drop_body())
}

#[inline(never)]
fn framed(head: &Head) -> Result<Framed, Box<HTTPError>> {
    framing::of(head).map_err(Box::new)
}

/// Answers a request whose body has no length that can be trusted, or no known command at all.
#[cold]
#[inline(never)]
fn refuse_body(
    handler: &mut dyn Handler,
    exchange: &Exchange,
    head: &Head,
    error: &HTTPError,
) -> Result<bool, HandlerError> {
    let unsupported = (!handler.__knows(head.command())).then(|| unsupported(head));
    refuse(handler, exchange, unsupported.as_ref().unwrap_or(error))
}

/// Answers a request that cannot be handled. The connection ends, since the start of its next
/// request is not known.
#[cold]
#[inline(never)]
fn refuse(
    handler: &mut dyn Handler,
    exchange: &Exchange,
    error: &HTTPError,
) -> Result<bool, HandlerError> {
    exchange.begin_refusal();
    handler.__assign(&exchange.headers());
    answer(handler, exchange, error.status())?;
    Ok(false)
}

/// Sends an error page, and logs it.
fn answer(
    handler: &mut dyn Handler,
    exchange: &Exchange,
    status: Status<'_>,
) -> Result<(), HandlerError> {
    exchange.set_closes(true);
    // An upstream server may have chosen the code, and an interim one ends no request.
    let status = if status.code < 200 { 500.into() } else { status };
    // The message may quote the client's bytes, which need not be one line of Latin-1; so may a
    // field.
    let plain = Status::from(status.code);
    let mut sent = Ok(());
    for status in [status, Status { fields: status.fields, ..plain }, plain, 500.into()] {
        sent = handler.__send_error(status);
        let is_refused =
            sent.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::InvalidInput);
        if !is_refused || exchange.has_begun() {
            break;
        }
    }
    sent?;
    exchange.finish()?;
    log(handler, exchange);
    Ok(())
}

fn log(handler: &mut dyn Handler, exchange: &Exchange) {
    let (code, size) = exchange.code_and_size();
    handler.__log_request(code, size);
}

fn unsupported(head: &Head) -> HTTPError {
    HTTPError::new((501, &*format!("Unsupported method ('{}')", head.command())))
}

#[inline(never)]
fn handle(
    handler: &mut dyn Handler,
    exchange: &Exchange,
    framed: &Framed,
) -> Result<(), HandlerError> {
    if framed.expects_continue && !handler.__handle_expect_100()? {
        return Ok(());
    }
    let headers = exchange.headers();
    let head = headers.head();
    match handler.__call(head.command()) {
        Some(result) => result,
        None => without_method(handler, exchange, head),
    }
}

/// Answers a command for which the handler has no method.
fn without_method(
    handler: &mut dyn Handler,
    exchange: &Exchange,
    head: &Head,
) -> Result<(), HandlerError> {
    let is_standard = exchange.settings().standard_methods;
    match head.command() {
        "HEAD" if is_standard && handler.__knows("GET") => {
            return handler.__call("GET").unwrap_or(Ok(()));
        }
        "OPTIONS" if is_standard || head.path() == "*" => {
            exchange.begin_reply(204.into(), "")?;
            if is_standard {
                exchange.field("Allow", format_args!("{}", allowed(handler)))?;
            }
            return Ok(handler.__end_headers()?);
        }
        // It asks for no resource of this site, so `Allow` would not help.
        "CONNECT" => {}
        command if is_standard && handler.__commands().contains(&command) => {
            let allowed = allowed(handler);
            return Ok(handler.__method_not_allowed(&allowed)?);
        }
        _ => {}
    }
    Ok(handler.__send_error(unsupported(head).status())?)
}

/// The commands that are answered, as the field `Allow` lists them.
fn allowed(handler: &dyn Handler) -> String {
    let is_allowed = |command: &&str| match *command {
        "HEAD" => handler.__knows("HEAD") || handler.__knows("GET"),
        "OPTIONS" => true,
        command => handler.__knows(command),
    };
    let commands = handler.__commands().iter().copied().filter(is_allowed);
    commands.collect::<Vec<_>>().join(", ")
}

/// Ends the reply after the method has returned: completes it, or answers the method's error.
#[inline(never)]
fn conclude(
    handler: &mut dyn Handler,
    exchange: &Exchange,
    result: Result<(), HandlerError>,
) -> Result<(), HandlerError> {
    let result = result.and_then(|()| complete(handler, exchange));
    let Err(error) = result else {
        if exchange.is_broken() {
            exchange.abort();
        }
        log(handler, exchange);
        return Ok(());
    };
    if exchange.has_begun() {
        exchange.set_closes(true);
        // A reset shows the client that the rest is missing.
        if !exchange.has_no_body() {
            exchange.abort();
        }
        log(handler, exchange);
        return Err(error);
    }
    if let Some(refusal) = error.find::<HTTPError>() {
        return answer(handler, exchange, refusal.status());
    }
    if !error.is_disconnect() && !error.is_abort() {
        // The method's error is the one to report, even if this page cannot be sent.
        let _ = answer(handler, exchange, 500.into());
    }
    Err(error)
}

/// Sends the rest of a reply.
///
/// # Errors
/// If the handler has sent no reply, or a shorter body than it announced.
fn complete(handler: &mut dyn Handler, exchange: &Exchange) -> Result<(), HandlerError> {
    match exchange.stage() {
        // A handler that closes the connection may have written to it.
        Stage::Nothing if exchange.closes_by_choice() => return Ok(()),
        Stage::Nothing => {
            return Err(HandlerError::new("expected a reply from the handler, got none"));
        }
        Stage::Head => handler.__end_headers()?,
        Stage::Open | Stage::Framed(_) | Stage::Ended => {}
    }
    let short =
        "expected a body as long as its Content-Length, or its last chunk, got a shorter one";
    if exchange.falls_short() {
        return Err(HandlerError::new(short));
    }
    match exchange.finish()? {
        true => Ok(()),
        false => Err(HandlerError::new(short)),
    }
}
