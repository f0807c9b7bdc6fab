//! The names in a directory.

use std::cmp::Ordering;
use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, RawDir, Stat, statat};

use super::root::Root;
use super::target::is_hidden;

/// Maximum number of names in a listing, because a client must not be able to use up the memory.
const MAX_NAMES: usize = 250_000;
/// Maximum number of names with sizes and dates, which cost a system call each.
const MAX_DETAILS: usize = 5_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum SortBy {
    #[default]
    Name,
    Size,
    Date,
}

/// The order of a listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) by: SortBy,
    pub(super) is_descending: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Directory,
    /// A symbolic link that was not followed, so that its target is not known.
    Link,
}

/// One name of a listing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// Position of the name in the text of all names.
    start: u32,
    length: u16,
    pub(super) kind: Kind,
    pub(super) is_link: bool,
    pub(super) size: u64,
    /// Time of the last change, in seconds since 1970.
    pub(super) modified: i64,
}

/// The names in a directory that a client may see, sorted.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// The names, each with a NUL behind it.
    names: Vec<u8>,
    /// How many first letters all names have in common. In a long listing there often are some.
    common: usize,
    pub(super) entries: Vec<Entry>,
    /// Whether sizes and dates are known.
    pub(super) has_details: bool,
    /// Whether names are missing, because the directory has more than `MAX_NAMES`.
    pub(super) is_cut: bool,
}

/// The directory to list, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    /// The directory's path below the root.
    pub(super) path: &'a [u8],
    pub(super) shows_hidden: bool,
    pub(super) order: Order,
}

impl Listing {
    pub(super) fn read(root: &Root, fd: &OwnedFd, request: Request<'_>) -> io::Result<Self> {
        let mut listing = Listing::default();
        let mut buffer = Vec::with_capacity(64 << 10);
        let mut directory = RawDir::new(fd, buffer.spare_capacity_mut());
        while let Some(entry) = directory.next() {
            let entry = entry?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..")
                || !request.shows_hidden && is_hidden(name.to_bytes(), request.path.is_empty())
            {
                continue;
            }
            if listing.entries.len() == MAX_NAMES {
                listing.is_cut = true;
                break;
            }
            listing.add(fd, name, entry.file_type());
        }
        if listing.entries.len() <= MAX_DETAILS {
            listing.add_details(root, fd, request.path);
        }
        listing.sort(request.order);
        Ok(listing)
    }

    pub(super) fn name(&self, entry: &Entry) -> &[u8] {
        &self.names[entry.start as usize..][..entry.length.into()]
    }

    fn name_with_nul(&self, entry: &Entry) -> &CStr {
        let name = &self.names[entry.start as usize..][..usize::from(entry.length) + 1];
        CStr::from_bytes_with_nul(name).unwrap_or_default()
    }

    fn add(&mut self, directory: &OwnedFd, name: &CStr, file_type: FileType) {
        let file_type = match file_type {
            // Some file systems do not give the type with the name.
            FileType::Unknown => statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)
                .map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode)),
            known => known,
        };
        let kind = match file_type {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Directory,
            FileType::Symlink => Kind::Link,
            // FIFOs, sockets and devices are not served.
            _ => return,
        };
        self.note_common(name.to_bytes());
        // A name has 255 bytes at most, and there are at most as many names as `MAX_NAMES`.
        let start = self.names.len() as u32;
        self.names.extend_from_slice(name.to_bytes_with_nul());
        let (length, is_link) = (name.to_bytes().len() as u16, kind == Kind::Link);
        self.entries.push(Entry { start, length, kind, is_link, size: 0, modified: 0 });
    }

    fn note_common(&mut self, name: &[u8]) {
        let Some(first) = self.entries.first() else {
            self.common = name.len();
            return;
        };
        let first = self.name(first);
        let begins_alike = |common: &usize| {
            let first = &first[..*common];
            let start = name.get(..*common);
            // Most are the same, which is seen faster.
            start.is_some_and(|start| start == first || start.eq_ignore_ascii_case(first))
        };
        self.common = (0..=self.common).rev().find(begins_alike).unwrap_or(0);
    }

    /// Adds sizes and dates, and follows links. Names that are gone by now, and links to places
    /// that are not served, are left out.
    fn add_details(&mut self, root: &Root, directory: &OwnedFd, path: &[u8]) {
        let mut entries = std::mem::take(&mut self.entries);
        entries.retain_mut(|entry| {
            let stat = match entry.kind {
                Kind::Link => root.stat(&join(path, self.name(entry))),
                _ => self.stat(directory, entry),
            };
            let Some(stat) = stat else { return false };
            entry.size = u64::try_from(stat.st_size).unwrap_or(0);
            entry.modified = stat.st_mtime;
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => entry.kind = Kind::File,
                FileType::Directory => entry.kind = Kind::Directory,
                _ => return false,
            }
            true
        });
        self.entries = entries;
        self.has_details = true;
    }

    fn stat(&self, directory: &OwnedFd, entry: &Entry) -> Option<Stat> {
        let name = self.name_with_nul(entry);
        statat(directory.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW).ok()
    }

    /// Sorts in the order that was asked for. Without details, and by default, the order is
    /// Python's: by the names in lower case.
    fn sort(&mut self, order: Order) {
        let mut entries = self.sorted_by_name();
        match (order.by, self.has_details) {
            // The size of a directory is meaningless.
            (SortBy::Size, true) => {
                entries.sort_by_key(|entry| (entry.kind == Kind::File).then_some(entry.size))
            }
            (SortBy::Date, true) => entries.sort_by_key(|entry| entry.modified),
            _ => {}
        }
        if order.is_descending {
            entries.reverse();
        }
        self.entries = entries;
    }

    /// The entries by name. Numbers are sorted faster than names, and tell most of them apart.
    fn sorted_by_name(&self) -> Vec<Entry> {
        let name = |place: u32| self.name(&self.entries[place as usize]);
        let keyed = |place| (key(&name(place)[self.common..]), place);
        let mut places: Vec<(u64, u32)> = (0..self.entries.len() as u32).map(keyed).collect();
        sort_by_key(&mut places);
        for alike in places.chunk_by_mut(|one, other| one.0 == other.0) {
            alike.sort_unstable_by(|one, other| compare(name(one.1), name(other.1)));
        }
        places.into_iter().map(|(_, place)| self.entries[place as usize]).collect()
    }
}

/// The first eight bytes of a text in lower case, as a number that sorts as the text does.
fn key(text: &[u8]) -> u64 {
    let first = text.first_chunk().copied().unwrap_or_else(|| {
        let mut first = [0; 8];
        first[..text.len()].copy_from_slice(text);
        first
    });
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let first = u64::from_be_bytes(first);
    let low = first & (0x7f * ONES);
    // Sets the high bit of each byte from `A` on, and of each one behind `Z`.
    let (from_a, behind_z) = (low + 0x3f * ONES, low + 0x25 * ONES);
    let capitals = from_a & !behind_z & !first & (0x80 * ONES);
    first | capitals >> 2
}

/// Sorts by the last byte of the keys first, and then by each earlier one. Each pass keeps the
/// order of keys that are alike in its byte. Comparisons would take several times as long.
fn sort_by_key(places: &mut Vec<(u64, u32)>) {
    let Some((first, _)) = places.first().copied() else { return };
    let differing = places.iter().fold(0, |bits, (key, _)| bits | (key ^ first));
    let mut sorted = places.clone();
    for shift in (0..64).step_by(8).filter(|shift| (differing >> shift) & 0xff != 0) {
        let byte = |key: u64| (key >> shift) as usize & 0xff;
        let mut starts = [0; 256];
        places.iter().for_each(|(key, _)| starts[byte(*key)] += 1);
        let mut end = 0;
        for start in &mut starts {
            (*start, end) = (end, end + *start);
        }
        for place in &*places {
            let start = &mut starts[byte(place.0)];
            sorted[*start] = *place;
            *start += 1;
        }
        std::mem::swap(places, &mut sorted);
    }
}

/// The order of two names: in lower case, and then as they are.
fn compare(one: &[u8], other: &[u8]) -> Ordering {
    fn lower(name: &[u8]) -> impl Iterator<Item = u8> {
        name.iter().map(u8::to_ascii_lowercase)
    }
    lower(one).cmp(lower(other)).then_with(|| one.cmp(other))
}

/// A name in the directory at this path below the root.
pub(super) fn join(path: &[u8], name: &[u8]) -> Vec<u8> {
    if path.is_empty() { name.to_vec() } else { [path, b"/", name].concat() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_as_texts_in_lower_case() {
        for byte in 0..=u8::MAX {
            let lower = byte.to_ascii_lowercase();
            assert_eq!(key(&[byte; 8]), u64::from_be_bytes([lower; 8]), "{byte}");
            assert_eq!(key(&[b'x', byte]), u64::from_be_bytes([b'x', lower, 0, 0, 0, 0, 0, 0]));
        }
        assert_eq!((key(b""), key(b"NAME-0001.txt")), (0, key(b"name-000")));
    }

    #[test]
    fn keys_are_sorted_by_all_their_bytes() {
        let mut number = 1_u64;
        let mut next = || {
            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            number
        };
        for mask in [u64::MAX, 0xff00_0000_0000_00ff, 0x0300_ff00, 0] {
            for length in [0, 1, 2, 1_000] {
                let mut places: Vec<_> = (0..length).map(|place| (next() & mask, place)).collect();
                let mut expected = places.clone();
                expected.sort();
                sort_by_key(&mut places);
                assert_eq!(places, expected, "{mask:x} {length}");
            }
        }
    }
}
