//! How much of anything is taken (`safety.md` section 3). Checked while reading, never after.

/// Longest cell that is kept, in bytes.
pub const FIELD_LIMIT: usize = 64 << 10;
/// Longest record that is kept, in bytes as delivered, quotes and delimiters included.
pub const LINE_LIMIT: usize = 1 << 20;
/// Most columns a header may have.
pub const COLUMN_LIMIT: usize = 512;
/// Most rows of one file.
pub const ROW_LIMIT: u64 = 10_000_000;
/// Longest name, and any other value without a limit of its own, in characters.
pub const NAME_LIMIT: usize = 255;
/// Longest e-mail, in characters.
pub const EMAIL_LIMIT: usize = 254;
/// Longest number, in characters.
pub const NUMBER_LIMIT: usize = 128;
