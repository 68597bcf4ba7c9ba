//! Securly Pass user file (formerly e-hallpass); `templates.md` section 3.

use rosterd_contract::{Field, Mode, Role};

use crate::definition::{ColumnDef, FormatDef, GENERAL_STATUSES, Target};

/// The seven columns, and what the vendor's pages say about them.
pub static SECURLY_PASS: FormatDef = FormatDef {
    id: "securly-pass",
    title: "Securly Pass users",
    mode: Mode::Snapshot,
    needs_email: true,
    needs_names: &[Field::GivenName, Field::FamilyName],
    default_role: Some(Role::Student),
    roles: &[("admin", Role::Admin), ("teacher", Role::Teacher), ("staff", Role::Staff), ("student", Role::Student)],
    statuses: GENERAL_STATUSES,
    columns: &[
        ColumnDef {
            header: "firstname",
            required: true,
            target: Target::Field(Field::GivenName),
            help: "Given name; hyphens and apostrophes are fine, a display name may be given.",
            example: "Ola",
        },
        ColumnDef {
            header: "lastname",
            required: true,
            target: Target::Field(Field::FamilyName),
            help: "Family name; hyphens and apostrophes are fine.",
            example: "Berg-Nilsen",
        },
        ColumnDef {
            header: "email",
            required: true,
            target: Target::Email,
            help: "E-mail in a domain of the district; a row without one is not taken.",
            example: "ola.bergnilsen@harbor.example.org",
        },
        ColumnDef {
            header: "role",
            required: true,
            target: Target::Role,
            help: "admin, teacher, staff or student; blank means student for a newcomer.",
            example: "student",
        },
        ColumnDef {
            header: "gradyear",
            required: false,
            target: Target::Field(Field::GradYear),
            help: "Year of graduation, four digits; leave it blank when unknown.",
            example: "2029",
        },
        ColumnDef {
            header: "status",
            required: true,
            target: Target::Status,
            help: "Active or 1. Take people who left out of the file instead of marking them.",
            example: "1",
        },
        ColumnDef {
            header: "idnumber",
            required: false,
            target: Target::Number,
            help: "The person's own number, as text: leading zeros count. It lets an e-mail change keep its person.",
            example: "0048812",
        },
    ],
};
