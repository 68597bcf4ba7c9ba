//! Which format a header is (`templates.md` section 2): must-have and must-lack sets, data only.

use crate::definition::{FormatDef, format};

/// The header set of one known template, importable or not.
#[derive(Debug)]
pub struct Fingerprint {
    pub id: &'static str,
    /// What it is, for a sentence: "a Clever students file".
    pub title: &'static str,
    pub must_have: &'static [&'static str],
    /// At least one of these too; empty: no such rule.
    pub one_of: &'static [&'static str],
    pub must_lack: &'static [&'static str],
}

const fn known(
    id: &'static str,
    title: &'static str,
    must_have: &'static [&'static str],
    one_of: &'static [&'static str],
    must_lack: &'static [&'static str],
) -> Fingerprint {
    Fingerprint { id, title, must_have, one_of, must_lack }
}

static FINGERPRINTS: &[Fingerprint] = &[
    known(
        "securly-pass",
        "a Securly Pass user file",
        &["firstname", "lastname", "email", "role", "status"],
        &[],
        &["username", "course1"],
    ),
    known(
        "securly-parents",
        "a Securly parents file",
        &[
            "parent first name",
            "parent last name",
            "parent email",
            "student first name",
            "student last name",
            "student email",
        ],
        &[],
        &[],
    ),
    known(
        "mh-users",
        "a McGraw Hill Import Users/Rosters file",
        &["user guid", "user id", "role", "first name", "last name"],
        &[],
        &[],
    ),
    known(
        "mh-students",
        "a McGraw Hill Import Students/Rosters file",
        &["student guid", "student id", "first name", "last name"],
        &[],
        &["role"],
    ),
    known(
        "fc-aap-export",
        "a FranklinCovey list of pass users",
        &["email address", "first name", "last name", "user role", "date of last login"],
        &[],
        &[],
    ),
    known(
        "fc-aap",
        "a FranklinCovey All Access Pass upload",
        &["email address", "first name", "last name"],
        &["user role", "team", "jhana enabled"],
        &["date of last login"],
    ),
    known(
        "eps-students",
        "an EPS Connect students file",
        &["school id", "student id", "first name", "last name"],
        &[],
        &[],
    ),
    known(
        "eps-teachers",
        "an EPS Connect teachers file",
        &["school id", "teacher id", "first name", "last name"],
        &[],
        &[],
    ),
    known(
        "eps-admins",
        "an EPS Connect school admins file",
        &["school id", "admin id", "first name", "last name"],
        &[],
        &[],
    ),
    known("eps-teacher-legacy", "an older EPS teacher file", &["action", "username", "password", "email"], &[], &[]),
    known("clever-schools", "a Clever schools file", &["school_id", "school_name"], &[], &["section_id"]),
    known(
        "clever-students",
        "a Clever students file",
        &["school_id", "student_id", "last_name", "first_name"],
        &[],
        &["section_id"],
    ),
    known(
        "clever-teachers",
        "a Clever teachers file",
        &["school_id", "teacher_id", "last_name", "first_name"],
        &[],
        &["section_id"],
    ),
    known("clever-staff", "a Clever staff file", &["school_id", "staff_id", "staff_email"], &[], &[]),
    known("clever-admins", "a Clever admins file", &["school_id", "staff_id", "admin_email"], &[], &[]),
    known(
        "clever-sections",
        "a Clever sections file",
        &["school_id", "section_id", "teacher_id"],
        &[],
        &["student_id"],
    ),
    known(
        "clever-enrollments",
        "a Clever enrollments file",
        &["school_id", "section_id", "student_id"],
        &[],
        &["last_name", "teacher_id"],
    ),
    known("or-manifest", "a OneRoster manifest", &["propertyname", "value"], &[], &[]),
    known(
        "or11-users",
        "a OneRoster 1.1 users file",
        &["sourcedid", "enableduser", "orgsourcedids", "role", "username", "givenname", "familyname"],
        &[],
        &[],
    ),
    known(
        "or12-users",
        "a OneRoster 1.2 users file",
        &["sourcedid", "enableduser", "username", "givenname", "familyname"],
        &[],
        &["orgsourcedids"],
    ),
    known(
        "or12-roles",
        "a OneRoster 1.2 roles file",
        &["sourcedid", "usersourcedid", "roletype", "role", "orgsourcedid"],
        &[],
        &[],
    ),
    known(
        "or12-userprofiles",
        "a OneRoster 1.2 user profiles file",
        &["sourcedid", "usersourcedid", "profiletype", "vendorid", "credentialtype", "username"],
        &[],
        &[],
    ),
    known("or-orgs", "a OneRoster orgs file", &["sourcedid", "status", "datelastmodified", "name", "type"], &[], &[]),
    known(
        "or-sessions",
        "a OneRoster academic sessions file",
        &["sourcedid", "title", "type", "startdate", "enddate", "schoolyear", "datelastmodified"],
        &[],
        &[],
    ),
    known(
        "or-courses",
        "a OneRoster courses file",
        &["sourcedid", "title", "coursecode", "orgsourcedid", "schoolyearsourcedid"],
        &[],
        &[],
    ),
    known(
        "or-classes",
        "a OneRoster classes file",
        &["sourcedid", "title", "coursesourcedid", "classtype", "schoolsourcedid", "termsourcedids"],
        &[],
        &[],
    ),
    known(
        "or-enrollments",
        "a OneRoster enrollments file",
        &["sourcedid", "classsourcedid", "schoolsourcedid", "usersourcedid", "role"],
        &[],
        &[],
    ),
    known(
        "or-demographics",
        "a OneRoster demographics file",
        &["sourcedid", "birthdate", "sex", "hispanicorlatinoethnicity"],
        &[],
        &[],
    ),
    known(
        "sds21-orgs",
        "a School Data Sync 2.1 orgs file",
        &["sourcedid", "name", "type"],
        &[],
        &["status", "datelastmodified"],
    ),
    known(
        "sds21-users",
        "a School Data Sync 2.1 users file",
        &["sourcedid", "username", "givenname", "familyname"],
        &[],
        &["enableduser", "orgsourcedids"],
    ),
    known(
        "sds21-roles",
        "a School Data Sync 2.1 roles file",
        &["usersourcedid", "orgsourcedid", "role"],
        &[],
        &["sourcedid", "roletype"],
    ),
    known(
        "sds21-classes",
        "a School Data Sync 2.1 classes file",
        &["sourcedid", "orgsourcedid", "title"],
        &[],
        &["schoolsourcedid", "coursecode", "code"],
    ),
    known(
        "sds21-courses",
        "a School Data Sync 2.1 courses file",
        &["sourcedid", "orgsourcedid", "title", "code"],
        &[],
        &["coursecode", "sessionsourcedids", "coursesourcedid"],
    ),
    known(
        "sds21-sessions",
        "a School Data Sync 2.1 sessions file",
        &["sourcedid", "title", "type", "schoolyear", "startdate", "enddate"],
        &[],
        &["datelastmodified"],
    ),
    known(
        "sds21-enrollments",
        "a School Data Sync 2.1 enrollments file",
        &["classsourcedid", "usersourcedid", "role"],
        &[],
        &["sourcedid", "schoolsourcedid"],
    ),
    known(
        "sds21-relationships",
        "a School Data Sync 2.1 relationships file",
        &["usersourcedid", "relationshipusersourcedid", "relationshiprole"],
        &[],
        &[],
    ),
    known(
        "sds1-section",
        "a School Data Sync V1 sections file",
        &["sis id", "school sis id", "section name"],
        &[],
        &[],
    ),
    known(
        "sds1-person",
        "a School Data Sync V1 people file",
        &["sis id", "school sis id", "username"],
        &[],
        &["section name"],
    ),
    known("sds1-membership", "a School Data Sync V1 membership file", &["section sis id", "sis id"], &[], &[]),
    known(
        "sds1-guardian-user",
        "a School Data Sync guardians file",
        &["email", "first name", "last name", "phone", "sis id"],
        &[],
        &[],
    ),
    known(
        "sds1-guardian-rel",
        "a School Data Sync guardian relationships file",
        &["sis id", "email", "role"],
        &[],
        &["section sis id"],
    ),
    known("sds1-school", "a School Data Sync V1 schools file", &["sis id", "name"], &[], &["school sis id"]),
    known(
        "google-users",
        "a Google Workspace users file",
        &["first name [required]", "last name [required]", "email address [required]", "org unit path [required]"],
        &[],
        &[],
    ),
    known("canvas-users", "a Canvas users file", &["user_id", "login_id", "status"], &[], &["course_id"]),
    known(
        "canvas-accounts",
        "a Canvas accounts file",
        &["account_id", "parent_account_id", "name", "status"],
        &[],
        &[],
    ),
    known("canvas-terms", "a Canvas terms file", &["term_id", "name", "status"], &[], &[]),
    known("canvas-courses", "a Canvas courses file", &["course_id", "short_name", "long_name", "status"], &[], &[]),
    known("canvas-sections", "a Canvas sections file", &["section_id", "course_id", "name", "status"], &[], &[]),
    known(
        "canvas-enrollments",
        "a Canvas enrollments file",
        &["user_id", "status"],
        &["role", "role_id"],
        &["login_id"],
    ),
    known("canvas-xlists", "a Canvas cross-listings file", &["xlist_course_id", "section_id", "status"], &[], &[]),
    known("canvas-observers", "a Canvas observers file", &["observer_id", "student_id", "status"], &[], &[]),
    known(
        "apple-students",
        "an Apple School Manager students file",
        &["person_id", "first_name", "last_name", "location_id"],
        &["grade_level", "password_policy"],
        &[],
    ),
    known(
        "apple-staff",
        "an Apple School Manager staff file",
        &["person_id", "first_name", "last_name", "location_id"],
        &[],
        &["grade_level", "password_policy"],
    ),
    known(
        "apple-courses",
        "an Apple School Manager courses file",
        &["course_id", "course_number", "course_name", "location_id"],
        &[],
        &[],
    ),
    known(
        "apple-classes",
        "an Apple School Manager classes file",
        &["class_id", "class_number", "course_id", "instructor_id", "location_id"],
        &[],
        &[],
    ),
    known("apple-rosters", "an Apple School Manager rosters file", &["roster_id", "class_id", "student_id"], &[], &[]),
    known(
        "apple-locations",
        "an Apple School Manager locations file",
        &["location_id", "location_name"],
        &[],
        &["person_id"],
    ),
    known(
        "moodle-users",
        "a Moodle users file",
        &["username"],
        &["auth", "course1", "cohort1", "suspended", "deleted", "oldusername", "firstname"],
        &["gradyear", "first name", "givenname", "action"],
    ),
];

/// Every known template.
pub fn fingerprints() -> &'static [Fingerprint] {
    FINGERPRINTS
}

/// The template a header is; the most specific one when one's headers contain another's.
pub fn recognise(keys: &[String]) -> Option<&'static Fingerprint> {
    let has = |key: &&str| keys.iter().any(|other| other == *key);
    FINGERPRINTS
        .iter()
        .filter(|known| known.must_have.iter().all(|key| has(&key)))
        .filter(|known| known.one_of.is_empty() || known.one_of.iter().any(|key| has(&key)))
        .filter(|known| !known.must_lack.iter().any(|key| has(&key)))
        .max_by_key(|known| known.must_have.len())
}

/// The importable format nearest to a header: most of its columns present, by spelling distance.
pub fn nearest(keys: &[String]) -> Option<(&'static FormatDef, Vec<(&'static str, Option<String>)>)> {
    let mut best: Option<(usize, &'static FormatDef, Vec<(&'static str, Option<String>)>)> = None;
    for format in crate::formats() {
        let present = format.must_have.iter().filter(|key| keys.iter().any(|other| other == **key)).count();
        let missing: Vec<(&'static str, Option<String>)> = format
            .must_have
            .iter()
            .filter(|key| !keys.iter().any(|other| other == **key))
            .map(|key| (*key, closest(key, keys)))
            .collect();
        if best.as_ref().is_none_or(|(count, ..)| present > *count) {
            best = Some((present, format, missing));
        }
    }
    best.map(|(_, format, missing)| (format, missing))
}

/// The header that looks most like `wanted`, if one does at all.
fn closest(wanted: &str, keys: &[String]) -> Option<String> {
    let squeezed = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    keys.iter()
        .map(|key| (strsim::jaro_winkler(wanted, &squeezed(key)), key))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, key)| key.clone())
}

/// The importable format of a fingerprint.
pub fn importable(fingerprint: &Fingerprint) -> Option<&'static FormatDef> {
    format(fingerprint.id)
}
