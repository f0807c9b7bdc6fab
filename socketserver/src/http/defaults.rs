//! What the methods of a handler do unless it overrides them.

use std::io;

use super::events::EventStream;
use super::exchange::Exchange;
use super::exchange::settings::Settings;
use super::message::status::{Status, has_body, response};
use super::message::text::{LOG_TARGET, escape_log};
use crate::address::Address;

/// The methods that the defaults call on a handler, which may have overridden them.
pub(super) trait Overridable {
    fn exchange(&self) -> &Exchange;
    fn version_string(&self) -> String;
    fn address_string(&self) -> String;
    fn end_headers(&mut self) -> io::Result<()>;
    fn log_error(&mut self, text: &str);
    fn log_message(&mut self, text: &str);
}

pub(super) fn begin_reply<H: Overridable + ?Sized>(
    handler: &H,
    status: Status<'_>,
) -> io::Result<()> {
    let exchange = handler.exchange();
    let Settings { server_version, sys_version, .. } = exchange.settings();
    match *sys_version {
        "" => exchange.begin_reply(status, server_version),
        _ => exchange.begin_reply(status, &handler.version_string()),
    }
}

pub(super) fn reply<H: Overridable + ?Sized>(
    handler: &mut H,
    status: Status<'_>,
    content_type: &str,
    body: &[u8],
) -> io::Result<()> {
    begin_reply(handler, status)?;
    if has_body(status.code) {
        handler.exchange().describe(content_type, body.len())?;
    }
    handler.end_headers()?;
    handler.exchange().write_body(body)
}

pub(super) fn event_stream<H: Overridable + ?Sized>(handler: &mut H) -> io::Result<EventStream> {
    begin_reply(handler, 200.into())?;
    handler.exchange().field("Content-Type", format_args!("text/event-stream"))?;
    handler.exchange().field("Cache-Control", format_args!("no-store"))?;
    handler.end_headers()?;
    handler.exchange().flush()?;
    Ok(EventStream::new(handler.exchange().clone()))
}

pub(super) fn send_error_page<H: Overridable + ?Sized>(
    handler: &mut H,
    status: Status<'_>,
) -> io::Result<()> {
    let phrase = response(status.code).map_or("???", |(phrase, _)| phrase);
    let message = status.message.unwrap_or(phrase);
    handler.log_error(&format!("code {}, message {message}", status.code));
    begin_reply(handler, Status { message: Some(message), ..status })?;
    let exchange = handler.exchange().clone();
    exchange.field("Connection", format_args!("close"))?;
    let page = exchange.describe_error(status)?;
    handler.end_headers()?;
    exchange.write_body(&page)
}

pub(super) fn log_request<H: Overridable + ?Sized>(handler: &mut H, code: u16, size: u64) {
    if log::log_enabled!(target: LOG_TARGET, log::Level::Info) {
        let line = handler.exchange().headers().head().requestline().to_owned();
        let size = if size == 0 { "-".to_owned() } else { size.to_string() };
        handler.log_message(&format!("\"{line}\" {code} {size}"));
    }
}

pub(super) fn log_message<H: Overridable + ?Sized>(handler: &H, text: &str) {
    let elapsed = handler.exchange().elapsed().unwrap_or_default();
    // Nothing is formatted unless the logger shows it.
    log::info!(
        target: LOG_TARGET, "{} [{elapsed:.1?}] {}", handler.address_string(), escape_log(text)
    );
}

pub(super) fn version_string(settings: &Settings) -> String {
    match settings.sys_version {
        "" => settings.server_version.to_owned(),
        system => format!("{} {system}", settings.server_version),
    }
}

pub(super) fn address_string(client: &Address) -> String {
    match client {
        Address::Inet(address) => address.ip().to_string(),
        address => address.to_string(),
    }
}
