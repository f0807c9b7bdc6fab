//! Answers DNS queries for IPv4 addresses from a zone, over UDP and over TCP.
//!
//!     cargo run --example dns_responder 127.0.0.1:5353
//!     dig @127.0.0.1 -p 5353 www.example.test
//!     dig @127.0.0.1 -p 5353 +tcp www.example.test

#![allow(clippy::print_stdout)]

use std::collections::HashMap;
use std::env;
use std::io::{self, Read};
use std::net::Ipv4Addr;
use std::time::Duration;

use socketserver::{
    Address, BaseRequestHandler, BaseServer, Request, ServerRef, Socket, ThreadingTCPServer,
    UDPServer,
};

const ADDRESS: u16 = 1;
const INTERNET: u16 = 1;
const RESPONSE: u16 = 0x8000;
const OPCODE: u16 = 0x7800;
const AUTHORITATIVE: u16 = 0x0400;
const RECURSION_DESIRED: u16 = 0x0100;
const NOERROR: u16 = 0;
const FORMERR: u16 = 1;
const NXDOMAIN: u16 = 3;
const NOTIMP: u16 = 4;
const HEADER_SIZE: u16 = 12;
const TIME_TO_LIVE: u16 = 300;
const IDLE: Duration = Duration::from_secs(10);
const DRAIN: Duration = Duration::from_secs(1);

/// What both servers answer from.
#[derive(Clone)]
struct Zone(HashMap<&'static str, Vec<Ipv4Addr>>);

impl<R> BaseServer<R> for Zone {}

fn read_u16(rest: &mut &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes(rest.split_off(..2)?.try_into().ok()?))
}

fn read_name(rest: &mut &[u8]) -> Option<String> {
    let mut labels = Vec::new();
    loop {
        match *rest.split_off_first()? {
            0 => return Some(labels.join(".")),
            length @ 1..=63 => {
                let label = rest.split_off(..length.into())?;
                labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
            }
            // Compressed, which no question needs to be.
            _ => return None,
        }
    }
}

/// What the reply says: its code, the question, and the addresses.
type Answer<'a> = (u16, &'a [u8], &'a [Ipv4Addr]);

/// The answer to what stands behind the header, or `None` if that is malformed.
fn look_up<'a>(questions: &'a [u8], zone: &'a Zone) -> Option<Answer<'a>> {
    let mut rest = questions;
    let name = read_name(&mut rest)?;
    let asked = (read_u16(&mut rest)?, read_u16(&mut rest)?);
    let question = &questions[..questions.len() - rest.len()];
    Some(match zone.0.get(name.as_str()) {
        None => (NXDOMAIN, question, &[]),
        Some(addresses) if asked == (ADDRESS, INTERNET) => (NOERROR, question, addresses),
        Some(_) => (NOERROR, question, &[]),
    })
}

/// The reply to a query, or `None` for what is no query.
fn reply_to(query: &[u8], zone: &Zone) -> Option<Vec<u8>> {
    let (mut header, questions) = query.split_at_checked(HEADER_SIZE.into())?;
    let mut field = || read_u16(&mut header);
    let (identity, flags, count) = (field()?, field()?, field()?);
    let (code, question, addresses) = match flags & (RESPONSE | OPCODE) {
        0 if count == 1 => look_up(questions, zone).unwrap_or((FORMERR, &[], &[])),
        0 => (FORMERR, &[][..], &[][..]),
        opcode if opcode & RESPONSE == 0 => (NOTIMP, &[][..], &[][..]),
        _ => return None,
    };
    let flags = RESPONSE | AUTHORITATIVE | flags & (OPCODE | RECURSION_DESIRED) | code;
    let counts = [(!question.is_empty()).into(), addresses.len() as u16, 0, 0];
    let mut reply = [identity, flags].into_iter().chain(counts).flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    Some(reply)
}
