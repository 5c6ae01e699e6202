//! The numbers and the checksum of a tar's header, as Go's `archive/tar` reads them. It never reads a member.

/// POSIX sums the bytes as unsigned; some old archivers took them as signed, and Go accepts both.
pub(crate) fn checksum_holds(block: &[u8; 512]) -> bool {
    let (head, rest) = block.split_at(148);
    let Some(stated) = number(&rest[..8]) else { return false };
    let counted = || head.iter().chain(&rest[8..]).copied();
    let blank = 8 * u32::from(b' ');
    let sum = |bytes: &[u8]| bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    stated == u64::from(sum_of_block(block) - sum(&rest[..8]) + blank)
        || i64::try_from(stated)
            == Ok(i64::from(blank) + counted().map(|byte| i64::from(byte.cast_signed())).sum::<i64>())
}

/// Returns the sum of the bytes of a block: of even and odd bytes in lanes of 16 bits, which 64 pairs cannot overflow.
fn sum_of_block(block: &[u8; 512]) -> u32 {
    const LANES: u64 = 0x00ff_00ff_00ff_00ff;
    let words = block.as_chunks::<8>().0.iter().map(|bytes| u64::from_ne_bytes(*bytes));
    let pairs: u64 = words.map(|word| (word & LANES) + ((word >> 8) & LANES)).sum();
    (0..4).map(|lane| (pairs >> (16 * lane) & 0xffff) as u32).sum()
}

/// Parses a numeric field: octal digits, or base 256 if the first bit is set. An empty field is 0, as in Go's
/// `parser.parseNumeric`.
pub(super) fn number(field: &[u8]) -> Option<u64> {
    let (first, rest) = field.split_first()?;
    if first & 0x80 != 0 {
        let start = (first & 0x40 == 0).then(|| u64::from(first & 0x3f))?;
        return rest.iter().try_fold(start, |value, byte| {
            let shifted = value.checked_mul(256)?;
            Some(shifted | u64::from(*byte))
        });
    }
    let is_blank = |byte: &u8| matches!(byte, 0 | b' ');
    let mut digits = field.iter().skip_while(|byte| is_blank(byte)).take_while(|byte| !is_blank(byte));
    digits.try_fold(0_u64, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 8 && value >> 61 == 0).then(|| value << 3 | u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_octal_or_base_256() {
        assert_eq!(number(b"0000644\0"), Some(0o644));
        assert_eq!(number(b"   644 \0"), Some(0o644));
        assert_eq!(number(b"\0\0\0\0\0\0\0\0"), Some(0));
        assert_eq!(number(b"0000648\0"), None);
        assert_eq!(number(b"0000644 7"), Some(0o644), "what follows a blank does not count");
        assert_eq!(number(b"1777777777777777777777"), Some(u64::MAX));
        assert_eq!(number(b"2000000000000000000000"), None, "over 64 bits");
        assert_eq!(number(&[0x80, 0, 0, 0, 0, 0, 1, 2]), Some(258));
        assert_eq!(number(&[0xff; 8]), None, "a negative number");
        assert_eq!(number(&[0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), None, "over 64 bits");
    }

    #[test]
    fn a_block_is_summed_byte_by_byte() {
        let mut block = [0xff_u8; 512];
        assert_eq!(sum_of_block(&block), 512 * 255);
        for (byte, at) in block.iter_mut().zip(0_u32..) {
            *byte = (at * 7 % 251) as u8;
        }
        assert_eq!(sum_of_block(&block), block.iter().map(|byte| u32::from(*byte)).sum::<u32>());
    }
}
