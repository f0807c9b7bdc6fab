//! Ends of records.

use super::*;

#[test]
fn ends_of_records() {
    let stream = [&[22, 3, 3, 0, 2, 7, 7][..], &[23, 3, 3, 0, 0], &[23, 3, 3, 1, 0], &[9; 256]];
    let stream = stream.concat();
    for size in [1, 2, 3, 5, 7, 100] {
        let mut records = Records::default();
        let mut whole = vec![0];
        let mut at = 0;
        for part in stream.chunks(size) {
            records.pass(part);
            at += part.len();
            if records.is_whole() {
                whole.push(at);
            }
        }
        let ends = [0, 7, 12, 273];
        let at_end = |at: &&usize| (**at).is_multiple_of(size) || **at == stream.len();
        let expected: Vec<usize> = ends.iter().filter(at_end).copied().collect();
        assert_eq!(whole, expected, "{size} bytes at a time");
    }
}
