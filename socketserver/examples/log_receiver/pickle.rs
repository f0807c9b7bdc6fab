//! Reads a pickled dict of plain values, as Python's `SocketHandler` sends it.
//!
//! A pickle is a program for a machine with a stack and a memo. Only the instructions that make data
//! are known here: those that look something up or call it, with which a pickle can run whatever its
//! sender likes, are errors. Texts and numbers of the dict itself are kept; what stands in lists,
//! tuples and dicts inside it is passed over. So nothing is nested, nothing refers to itself, and no
//! pickle becomes larger than it came.

use std::borrow::Cow;
use std::collections::HashMap;

/// What stands on the stack.
#[derive(Clone, Copy, PartialEq)]
enum Value<'a> {
    Int(i64),
    Float(f64),
    /// UTF-8, but for what Python lets through.
    Text(&'a [u8]),
    /// The dict itself.
    Record,
    /// What is not kept.
    Other,
}

/// The dict.
#[derive(Default)]
pub(crate) struct Record<'a>(HashMap<&'a [u8], Value<'a>>);

impl Record<'_> {
    pub(crate) fn text(&self, key: &str) -> Result<Cow<'_, str>, String> {
        match self.0.get(key.as_bytes()) {
            Some(Value::Text(text)) => Ok(String::from_utf8_lossy(text)),
            _ => Err(format!("a record without a text {key:?}")),
        }
    }

    pub(crate) fn int(&self, key: &str) -> Result<i64, String> {
        match self.0.get(key.as_bytes()) {
            Some(Value::Int(number)) => Ok(*number),
            _ => Err(format!("a record without a whole number {key:?}")),
        }
    }

    pub(crate) fn float(&self, key: &str) -> Result<f64, String> {
        match self.0.get(key.as_bytes()) {
            Some(Value::Float(number)) => Ok(*number),
            _ => Err(format!("a record without a number {key:?}")),
        }
    }
}

/// Reads a pickle of protocol 1 or later.
pub(crate) fn loads(pickle: &[u8]) -> Result<Record<'_>, String> {
    let mut machine = Machine {
        rest: pickle,
        ..Machine::default()
    };
    loop {
        let position = pickle.len() - machine.rest.len();
        match machine.step() {
            Ok(true) => {}
            Ok(false) => return Ok(machine.record),
            Err(error) => return Err(format!("not a pickled record: {error} at byte {position}")),
        }
    }
}

type Step<T> = Result<T, &'static str>;

#[derive(Default)]
struct Machine<'a> {
    rest: &'a [u8],
    stack: Vec<Value<'a>>,
    /// How high the stack was at each mark.
    marks: Vec<usize>,
    memo: HashMap<u32, Value<'a>>,
    record: Record<'a>,
}

impl<'a> Machine<'a> {
    /// Carries out one instruction. Returns whether there are more.
    fn step(&mut self) -> Step<bool> {
        let [instruction] = self.array()?;
        match instruction {
            // PROTO, FRAME
            0x80 => _ = self.bytes(1)?,
            0x95 => _ = self.bytes(8)?,

            // NONE, NEWTRUE, NEWFALSE, EMPTY_LIST, EMPTY_TUPLE
            b'N' | 0x88 | 0x89 | b']' | b')' => self.stack.push(Value::Other),
            // EMPTY_DICT
            b'}' if self.stack.is_empty() => self.stack.push(Value::Record),
            b'}' => self.stack.push(Value::Other),
            // BININT1, BININT2, BININT, LONG1
            b'K' => self.int::<1>(|[byte]| byte.into())?,
            b'M' => self.int(|bytes| u16::from_le_bytes(bytes).into())?,
            b'J' => self.int(|bytes| i32::from_le_bytes(bytes).into())?,
            0x8a => self.long()?,
            // INT, LONG: digits
            b'I' | b'L' => self.digits()?,
            // BINFLOAT
            b'G' => {
                let number = f64::from_be_bytes(self.array()?);
                self.stack.push(Value::Float(number));
            }
            // SHORT_BINUNICODE, BINUNICODE
            0x8c => self.text::<1>(|[byte]| byte.into())?,
            b'X' => self.text(u32::from_le_bytes)?,

            // BINPUT, LONG_BINPUT, MEMOIZE
            b'q' => self.put::<1>(|[byte]| byte.into())?,
            b'r' => self.put(u32::from_le_bytes)?,
            0x94 => self.remember(self.memo.len() as u32)?,
            // BINGET, LONG_BINGET
            b'h' => self.get::<1>(|[byte]| byte.into())?,
            b'j' => self.get(u32::from_le_bytes)?,

            // MARK
            b'(' => self.marks.push(self.stack.len()),
            // TUPLE, TUPLE1, TUPLE2, TUPLE3
            b't' => self.since_mark().map(|_| self.stack.push(Value::Other))?,
            0x85..=0x87 => {
                self.pop(usize::from(instruction - 0x84))?;
                self.stack.push(Value::Other);
            }
            // APPEND, APPENDS
            b'a' => _ = self.pop(1)?,
            b'e' => _ = self.since_mark()?,
            // SETITEM, SETITEMS
            b's' => {
                let items = self.pop(2)?;
                self.set_items(&items);
            }
            b'u' => {
                let items = self.since_mark()?;
                self.set_items(&items);
            }

            // STOP
            b'.' if self.stack == [Value::Record] => return Ok(false),
            b'.' => return Err("something else than one dict"),
            _ => return Err("an instruction that makes no plain data"),
        }
        Ok(true)
    }

    fn bytes(&mut self, count: usize) -> Step<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(count).ok_or("a sudden end")?;
        self.rest = rest;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Step<[u8; N]> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or("a sudden end")?;
        self.rest = rest;
        Ok(*bytes)
    }

    fn int<const N: usize>(&mut self, read: fn([u8; N]) -> i64) -> Step<()> {
        let number = read(self.array()?);
        self.stack.push(Value::Int(number));
        Ok(())
    }

    /// A number in as few bytes as it needs.
    fn long(&mut self) -> Step<()> {
        let [count] = self.array()?;
        let bytes = self.bytes(count.into())?;
        let sign = if bytes.last().is_some_and(|&byte| byte >= 0x80) {
            0xff
        } else {
            0
        };
        let mut number = [sign; 8];
        let kept = number.get_mut(..bytes.len());
        self.stack.push(match kept {
            Some(kept) => {
                kept.copy_from_slice(bytes);
                Value::Int(i64::from_le_bytes(number))
            }
            None => Value::Other,
        });
        Ok(())
    }

    /// A line: the digits of a number and an `L`, or `00` and `01`, which are False and True.
    fn digits(&mut self) -> Step<()> {
        let end = self.rest.iter().position(|&byte| byte == b'\n');
        let line = self.bytes(end.ok_or("a sudden end")? + 1)?;
        let digits = str::from_utf8(line).map_err(|_| "a bad number")?;
        let digits = digits.trim_end().trim_end_matches('L');
        self.stack.push(match digits.parse() {
            _ if matches!(digits, "00" | "01") => Value::Other,
            Ok(number) => Value::Int(number),
            Err(_) => Value::Other,
        });
        Ok(())
    }

    fn text<const N: usize>(&mut self, length: fn([u8; N]) -> u32) -> Step<()> {
        let length = length(self.array()?);
        let text = self.bytes(length as usize)?;
        self.stack.push(Value::Text(text));
        Ok(())
    }

    fn remember(&mut self, place: u32) -> Step<()> {
        let top = self.stack.last().ok_or("an empty stack")?;
        self.memo.insert(place, *top);
        Ok(())
    }

    fn put<const N: usize>(&mut self, place: fn([u8; N]) -> u32) -> Step<()> {
        let place = place(self.array()?);
        self.remember(place)
    }

    fn get<const N: usize>(&mut self, place: fn([u8; N]) -> u32) -> Step<()> {
        let place = place(self.array()?);
        let value = self.memo.get(&place).ok_or("an empty place of the memo")?;
        self.stack.push(*value);
        Ok(())
    }

    fn pop(&mut self, count: usize) -> Step<Vec<Value<'a>>> {
        let height = self.stack.len().checked_sub(count);
        Ok(self.stack.split_off(height.ok_or("an empty stack")?))
    }

    fn since_mark(&mut self) -> Step<Vec<Value<'a>>> {
        let mark = self.marks.pop().ok_or("no mark")?;
        let count = self.stack.len().checked_sub(mark);
        self.pop(count.ok_or("an empty stack")?)
    }

    /// Keys and values for the dict on top of the stack.
    fn set_items(&mut self, items: &[Value<'a>]) {
        if self.stack.last() != Some(&Value::Record) {
            return;
        }
        for item in items.chunks_exact(2) {
            if let Value::Text(key) = item[0] {
                self.record.0.insert(key, item[1]);
            }
        }
    }
}
