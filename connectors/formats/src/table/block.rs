//! Looks at 64 bytes at once. Plain loops over arrays that the compiler turns into vector code.

/// Bytes looked at together.
pub const WIDTH: usize = 64;

/// What stands where in a block, one bit a byte, the lowest for the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks {
    /// Delimiter, quote, line feed or carriage return.
    pub special: u64,
    /// Not printable ASCII.
    pub odd: u64,
}

/// Marks a block.
pub fn marks(block: &[u8; WIDTH], delimiter: u8) -> Marks {
    let mut special = [0_u8; WIDTH];
    let mut odd = [0_u8; WIDTH];
    for ((byte, special), odd) in block.iter().zip(&mut special).zip(&mut odd) {
        *special = u8::from(*byte == delimiter)
            | u8::from(*byte == b'"')
            | u8::from(*byte == b'\n')
            | u8::from(*byte == b'\r');
        *odd = u8::from(byte.wrapping_sub(b' ') >= 0x5F);
    }
    Marks { special: bits(&special), odd: bits(&odd) }
}

/// Gathers 64 bytes of 0 or 1 into 64 bits.
fn bits(flags: &[u8; WIDTH]) -> u64 {
    // The product moves the lowest bit of byte i to bit 56 + i; no two meet.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let mut bits = 0;
    for (at, eight) in flags.as_chunks::<8>().0.iter().enumerate() {
        bits |= (u64::from_le_bytes(*eight).wrapping_mul(GATHER) >> 56) << (8 * at);
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_every_place_is_marked_as_what_it_is() {
        for at in 0..WIDTH {
            for byte in 0..=u8::MAX {
                let mut block = [b'a'; WIDTH];
                block[at] = byte;
                let special = matches!(byte, b';' | b'"' | b'\n' | b'\r');
                let odd = !(b' '..=b'~').contains(&byte);
                let expected = Marks { special: u64::from(special) << at, odd: u64::from(odd) << at };
                assert_eq!(marks(&block, b';'), expected, "{byte} at {at}");
            }
        }
        assert_eq!(marks(&[b'"'; WIDTH], b',').special, u64::MAX);
    }
}
