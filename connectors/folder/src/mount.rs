//! What kind of file system a folder lies on, and what that allows.

use std::path::Path;

/// Gives events for every change, because every change goes through this kernel.
const LOCAL: &[u32] = &[
    0x0000_EF53, // ext2, ext3, ext4
    0x5846_5342, // xfs
    0x9123_683E, // btrfs
    0x0102_1994, // tmpfs
    0xF2F5_2010, // f2fs
    0x2FC1_2FC1, // zfs
    0xCA45_1A4E, // bcachefs
    0x8584_58F6, // ramfs
    0x3153_464A, // jfs
];

/// Local, but stamps are coarse, or in local time, or what the sender wrote.
const LOCAL_ODD_STAMPS: &[u32] = &[
    0x0000_4D44, // vfat
    0x2011_BAB0, // exfat
    0x7366_746E, // ntfs3
];

/// Stamps by this kernel's clock, yet changes below the upper layer give no events.
const OVERLAY: u32 = 0x794C_7630;

/// What may be relied on under one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mount {
    /// Every change gives an event. Not so on NFS, CIFS, FUSE, overlay and whatever is not known.
    pub(crate) events: bool,
    /// The times of files come from this machine's clock, so that the two may be compared.
    pub(crate) our_clock: bool,
}

impl Mount {
    /// Asks the kernel; when it does not say, nothing is relied on.
    pub(crate) fn of(path: &Path) -> Self {
        // The type has another width on each architecture; all numbers known fit 32 bits.
        rustix::fs::statfs(path)
            .map_or(Self { events: false, our_clock: false }, |stat| Self::of_type(stat.f_type as u32))
    }

    fn of_type(magic: u32) -> Self {
        let local = LOCAL.contains(&magic);
        Self { events: local || LOCAL_ODD_STAMPS.contains(&magic), our_clock: local || magic == OVERLAY }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_file_system_allows() {
        let table = [
            ("ext4", 0xEF53, true, true),
            ("xfs", 0x5846_5342, true, true),
            ("vfat", 0x4D44, true, false),
            ("overlay", 0x794C_7630, false, true),
            ("nfs", 0x6969, false, false),
            ("cifs", 0xFF53_4D42, false, false),
            ("smb2", 0xFE53_4D42, false, false),
            ("fuse", 0x6573_5546, false, false),
            ("unknown", 0x1234_5678, false, false),
        ];
        for (name, magic, events, our_clock) in table {
            assert_eq!(Mount::of_type(magic), Mount { events, our_clock }, "{name}");
        }
    }

    #[test]
    fn nothing_is_relied_on_where_nothing_is() {
        assert_eq!(Mount::of(Path::new("/nonexistent/folder")), Mount { events: false, our_clock: false });
    }
}
