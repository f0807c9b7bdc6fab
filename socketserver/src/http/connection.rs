//! A connection from its first request to its last.

use std::io;

use super::exchange::Exchange;
use super::exchange::head::Received;
use super::exchange::stage::Stage;
use super::handler::BaseHTTPRequestHandler as Handler;
use super::message::framing::{self, Framed};
use super::message::headers::Head;
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
    let exchange = handler.exchange().clone();
    while one(handler, &exchange)? {}
    Ok(())
}

/// Serves one request. Returns whether another may follow.
///
/// Python: `handle_one_request`
fn one(handler: &mut dyn Handler, exchange: &Exchange) -> Result<bool, HandlerError> {
    match exchange.receive_head()? {
        Received::Head => {}
        Received::Nothing => return Ok(false),
        Received::Refused(error) => return refuse(handler, exchange, &error),
    }
    let headers = exchange.headers();
    let framed = match framing::of(&headers.0) {
        Ok(framed) => framed,
        Err(error) => {
            let head = &headers.0;
            let unsupported = (!handler.__knows(head.command())).then(|| unsupported(head));
            return refuse(handler, exchange, unsupported.as_ref().unwrap_or(&error));
        }
    };
    exchange.begin(&framed);
    handler.__assign(&headers);
    // Without another handle the next head reuses this memory.
    drop(headers);
    let result = caught(|| handle(handler, exchange, &framed));
    conclude(handler, exchange, result)?;
    Ok(!exchange.closes() && exchange.drop_body())
}

/// Answers a request that cannot be handled. The connection ends, since the start of its next
/// request is not known.
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
    if let Err(error) = handler.__send_error(status) {
        // The message may quote the client's bytes, which need not be one line of Latin-1.
        if exchange.has_begun() || error.kind() != io::ErrorKind::InvalidInput {
            return Err(error.into());
        }
        handler.__send_error(status.code.into())?;
    }
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

fn handle(
    handler: &mut dyn Handler,
    exchange: &Exchange,
    framed: &Framed,
) -> Result<(), HandlerError> {
    if framed.expects_continue && !handler.__handle_expect_100()? {
        return Ok(());
    }
    let headers = exchange.headers();
    let head = &headers.0;
    match handler.__call(head.command()) {
        Some(result) => result,
        None if head.command() == "OPTIONS" && head.path() == "*" => {
            exchange.begin_reply(204.into(), "")?;
            Ok(handler.__end_headers()?)
        }
        None => Ok(handler.__send_error(unsupported(head).status())?),
    }
}

/// Ends the reply after the method has returned: completes it, or answers the method's error.
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
    let short = "expected a body as long as its Content-Length from the handler, got a shorter one";
    if exchange.falls_short() {
        return Err(HandlerError::new(short));
    }
    match exchange.finish()? {
        true => Ok(()),
        false => Err(HandlerError::new(short)),
    }
}
