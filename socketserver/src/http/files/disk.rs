//! Reading files, where a read may wait for a disk.

use std::fs::File;
use std::io::{self, ErrorKind, IoSliceMut};
use std::num::NonZeroU64;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use rustix::fs::{Advice, fadvise};
use rustix::io::{ReadWriteFlags, preadv2};

use crate::green;

/// Fills `data` with the bytes of a file from `place` on.
///
/// # Errors
/// `UnexpectedEof` if the file has become shorter; those of the system.
pub(super) fn read(file: &File, place: u64, data: &mut [u8]) -> io::Result<()> {
    // A green thread looks first, and mostly has it then.
    if green::may_park().is_none() || !read_cached(file, data, place) {
        warm(file, place..place + data.len() as u64);
        file.read_exact_at(data, place)?;
    }
    Ok(())
}

/// Reads a part of a file that the system has in its cache. Returns whether that was all of it.
fn read_cached(file: &File, data: &mut [u8], place: u64) -> bool {
    let length = data.len();
    let read = preadv2(file, &mut [IoSliceMut::new(data)], place, ReadWriteFlags::NOWAIT);
    read == Ok(length)
}

/// On a green thread, reads a part of a file into the system's cache on another thread, because a
/// scheduler must not wait for a disk.
pub(super) fn warm(file: &File, part: Range<u64>) {
    if part.is_empty() || green::may_park().is_none() {
        return;
    }
    let last = part.end - 1;
    if is_cached(file, part.start) && is_cached(file, last) {
        return;
    }
    // Without a second descriptor the reply is slower, not wrong.
    let Ok(file) = file.try_clone() else { return };
    green::blocking(move || {
        let length = NonZeroU64::new(part.end - part.start);
        let _ = fadvise(&file, part.start, length, Advice::WillNeed);
        for place in [part.start, last] {
            let _ = file.read_at(&mut [0], place);
        }
    });
}

fn is_cached(file: &File, place: u64) -> bool {
    let read = preadv2(file, &mut [IoSliceMut::new(&mut [0])], place, ReadWriteFlags::NOWAIT);
    !read.is_err_and(|error| io::Error::from(error).kind() == ErrorKind::WouldBlock)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::tests::Folder;
    use super::*;

    #[test]
    fn parts_are_read_whole_or_not_at_all() {
        let folder = Folder::new();
        fs::write(folder.join("file"), "0123456789").expect("write");
        let file = File::open(folder.join("file")).expect("open");
        let mut part = [0; 3];
        read(&file, 2, &mut part).expect("it is there");
        assert_eq!(part, *b"234");
        read(&file, 10, &mut []).expect("nothing");
        let error = read(&file, 5, &mut [0; 6]).expect_err("it is shorter");
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
        for place in [0, 9, 10, 99] {
            assert!(is_cached(&file, place), "it was just written");
        }
        let mut data = [0; 3];
        assert!(read_cached(&file, &mut data, 7) && data == *b"789");
        assert!(!read_cached(&file, &mut data, 8), "there are two");
    }
}
