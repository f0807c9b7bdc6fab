//! The system's structure for an address, taken apart and put together as bytes.

use std::mem::offset_of;

use socket2::{SockAddr, SockAddrStorage};

/// Where the bytes after the family begin, in every structure for an address.
const DATA: usize = offset_of!(libc::sockaddr, sa_data);

/// Makes an address of its family and the bytes that follow it. `None` if the system's largest
/// structure is too small for them, or the number is no family's.
#[allow(unsafe_code)]
pub(crate) fn from_parts(family: i32, data: &[u8]) -> Option<SockAddr> {
    let mut storage = SockAddrStorage::zeroed();
    let length = DATA.checked_add(data.len())?;
    if length > size_of::<SockAddrStorage>() {
        return None;
    }
    // SAFETY: `sockaddr` is one of the system's structures for addresses.
    let head = unsafe { storage.view_as::<libc::sockaddr>() };
    head.sa_family = family.try_into().ok()?;
    let start = (&raw mut storage).cast::<u8>();
    // SAFETY: the storage is plain memory, valid for writes of its whole size, which is at least
    // `DATA + data.len()` bytes as checked above. `data` cannot overlap with a local variable.
    unsafe { start.add(DATA).copy_from_nonoverlapping(data.as_ptr(), data.len()) };
    // SAFETY: all of the storage is initialised, with zeros behind the data, and `length` is not
    // more than its size. So whatever structure the family has, reading it stays inside and finds
    // integers only, for which every value is valid.
    Some(unsafe { SockAddr::new(storage, length as libc::socklen_t) })
}

/// The bytes that follow the family.
#[allow(unsafe_code)]
pub(crate) fn data(address: &SockAddr) -> &[u8] {
    // The system reports the length that an address has, even if not all of it fitted.
    let length = (address.len() as usize).min(size_of::<SockAddrStorage>());
    // SAFETY: the pointer is to the storage inside `address`, borrowed for as long as the slice.
    // `SockAddr` zeroes that storage before the system writes to it, so all of its bytes are
    // initialised, and `length` is not more than its size.
    let bytes = unsafe { std::slice::from_raw_parts(address.as_ptr().cast::<u8>(), length) };
    bytes.get(DATA..).unwrap_or(&[])
}
