//! The fingerprints of `templates.md` section 2.2, data only. Whenever one changes, every known header
//! must still match exactly one: a test holds them together.

use super::Fingerprint;

/// Every known template. What is importable among them is decided by [`crate::formats`].
pub fn fingerprints() -> &'static [Fingerprint] {
    FINGERPRINTS
}

const fn known(id: &'static str, title: &'static str, has: &'static str, lacks: &'static str) -> Fingerprint {
    Fingerprint { id, title, has, lacks }
}

static FINGERPRINTS: &[Fingerprint] = &[
    known("securly-pass", "a Securly Pass user file", "firstname, lastname, email, role, status", "username, course1"),
    known(
        "securly-parents",
        "a Securly parents file",
        "parent first name, parent last name, parent email, student first name, student last name, student email",
        "",
    ),
    known("mh-users", "a McGraw Hill Import Users/Rosters file", "user guid, user id, role, first name, last name", ""),
    known(
        "mh-students",
        "a McGraw Hill Import Students/Rosters file",
        "student guid, student id, first name, last name",
        "role",
    ),
    known(
        "fc-aap",
        "a FranklinCovey All Access Pass import",
        "email address, first name, last name, user role|team|jhana enabled",
        "date of last login",
    ),
    known(
        "fc-aap-export",
        "a FranklinCovey list of pass users",
        "email address, first name, last name, user role, date of last login",
        "",
    ),
    known("eps-students", "an EPS Connect students file", "school id, student id, first name, last name", ""),
    known("eps-teachers", "an EPS Connect teachers file", "school id, teacher id, first name, last name", ""),
    known("eps-admins", "an EPS Connect school admins file", "school id, admin id, first name, last name", ""),
    known("eps-teacher-legacy", "an older EPS teacher file", "action, username, password, email", ""),
    known("clever-schools", "a Clever schools file", "school_id, school_name", "section_id"),
    known("clever-students", "a Clever students file", "school_id, student_id, last_name, first_name", "section_id"),
    known("clever-teachers", "a Clever teachers file", "school_id, teacher_id, last_name, first_name", "section_id"),
    known("clever-staff", "a Clever staff file", "school_id, staff_id, staff_email", ""),
    known("clever-admins", "a Clever admins file", "school_id, staff_id, admin_email", ""),
    known("clever-sections", "a Clever sections file", "school_id, section_id, teacher_id", "student_id"),
    known(
        "clever-enrollments",
        "a Clever enrollments file",
        "school_id, section_id, student_id",
        "last_name, teacher_id",
    ),
    known("or-manifest", "a OneRoster manifest", "propertyname, value", ""),
    known(
        "or11-users",
        "a OneRoster 1.1 users file",
        "sourcedid, enableduser, orgsourcedids, role, username, givenname, familyname",
        "",
    ),
    known(
        "or12-users",
        "a OneRoster 1.2 users file",
        "sourcedid, enableduser, username, givenname, familyname",
        "orgsourcedids",
    ),
    known("or12-roles", "a OneRoster 1.2 roles file", "sourcedid, usersourcedid, roletype, role, orgsourcedid", ""),
    known(
        "or12-userprofiles",
        "a OneRoster 1.2 user profiles file",
        "sourcedid, usersourcedid, profiletype, vendorid, credentialtype, username",
        "",
    ),
    known("or-orgs", "a OneRoster orgs file", "sourcedid, status, datelastmodified, name, type", ""),
    known(
        "or-sessions",
        "a OneRoster academic sessions file",
        "sourcedid, title, type, startdate, enddate, schoolyear, datelastmodified",
        "",
    ),
    known(
        "or-courses",
        "a OneRoster courses file",
        "sourcedid, title, coursecode, orgsourcedid, schoolyearsourcedid",
        "",
    ),
    known(
        "or-classes",
        "a OneRoster classes file",
        "sourcedid, title, coursesourcedid, classtype, schoolsourcedid, termsourcedids",
        "",
    ),
    known(
        "or-enrollments",
        "a OneRoster enrollments file",
        "sourcedid, classsourcedid, schoolsourcedid, usersourcedid, role",
        "",
    ),
    known(
        "or-demographics",
        "a OneRoster demographics file",
        "sourcedid, birthdate, sex, hispanicorlatinoethnicity",
        "",
    ),
    known(
        "or-gradebook",
        "a OneRoster gradebook file",
        "sourcedid&datelastmodified&title&assigndate|sourcedid&datelastmodified&title&weight|sourcedid&datelastmodified&title&resultvaluemax|lineitemsourcedid&studentsourcedid",
        "",
    ),
    known("sds21-orgs", "a School Data Sync 2.1 orgs file", "sourcedid, name, type", "status, datelastmodified"),
    known(
        "sds21-users",
        "a School Data Sync 2.1 users file",
        "sourcedid, username, givenname, familyname",
        "enableduser, orgsourcedids",
    ),
    known(
        "sds21-roles",
        "a School Data Sync 2.1 roles file",
        "usersourcedid, orgsourcedid, role",
        "sourcedid, roletype",
    ),
    known(
        "sds21-classes",
        "a School Data Sync 2.1 classes file",
        "sourcedid, orgsourcedid, title",
        "schoolsourcedid, coursecode, code",
    ),
    known(
        "sds21-courses",
        "a School Data Sync 2.1 courses file",
        "sourcedid, orgsourcedid, title, code",
        "coursecode, sessionsourcedids, coursesourcedid",
    ),
    known(
        "sds21-sessions",
        "a School Data Sync 2.1 sessions file",
        "sourcedid, title, type, schoolyear, startdate, enddate",
        "datelastmodified",
    ),
    known(
        "sds21-enrollments",
        "a School Data Sync 2.1 enrollments file",
        "classsourcedid, usersourcedid, role",
        "sourcedid, schoolsourcedid",
    ),
    known(
        "sds21-relationships",
        "a School Data Sync 2.1 relationships file",
        "usersourcedid, relationshipusersourcedid, relationshiprole",
        "",
    ),
    known(
        "sds21-demographics",
        "a School Data Sync 2.1 demographics file",
        "usersourcedid, sex, birthdate",
        "sourcedid",
    ),
    known("sds21-userflags", "a School Data Sync 2.1 user flags file", "usersourcedid, flag", ""),
    known("sds1-school", "a School Data Sync 1 schools file", "sis id, name", ""),
    known("sds1-section", "a School Data Sync 1 sections file", "sis id, school sis id, section name", ""),
    known(
        "sds1-person",
        "a School Data Sync 1 students or teachers file",
        "sis id, school sis id, username",
        "section name",
    ),
    known("sds1-membership", "a School Data Sync 1 enrollments or teacher rosters file", "section sis id, sis id", ""),
    known(
        "sds1-guardian-user",
        "a School Data Sync 1 guardians file",
        "email, first name, last name, phone, sis id",
        "",
    ),
    known(
        "sds1-guardian-rel",
        "a School Data Sync 1 guardian relationships file",
        "sis id, email, role",
        "section sis id",
    ),
    known(
        "google-users",
        "a Google Workspace users file",
        "first name [required], last name [required], email address [required], org unit path [required]",
        "",
    ),
    known("canvas-users", "a Canvas users file", "user_id, login_id, status", "course_id"),
    known("canvas-accounts", "a Canvas accounts file", "account_id, parent_account_id, name, status", ""),
    known("canvas-terms", "a Canvas terms file", "term_id, name, status", ""),
    known("canvas-courses", "a Canvas courses file", "course_id, short_name, long_name, status", ""),
    known("canvas-sections", "a Canvas sections file", "section_id, course_id, name, status", ""),
    known(
        "canvas-enrollments",
        "a Canvas enrollments file",
        "user_id, status, role|role_id, course_id|section_id",
        "login_id",
    ),
    known("canvas-xlists", "a Canvas cross-listings file", "xlist_course_id, section_id, status", ""),
    known("canvas-observers", "a Canvas observers file", "observer_id, student_id, status", ""),
    known("canvas-groups", "a Canvas groups file", "group_id, name, status", ""),
    known("canvas-membership", "a Canvas group memberships file", "group_id, user_id, status", ""),
    known(
        "apple-students",
        "an Apple School Manager students file",
        "person_id, first_name, last_name, location_id, grade_level|password_policy",
        "",
    ),
    known(
        "apple-staff",
        "an Apple School Manager staff file",
        "person_id, first_name, last_name, location_id",
        "grade_level, password_policy",
    ),
    known(
        "apple-courses",
        "an Apple School Manager courses file",
        "course_id, course_number, course_name, location_id",
        "",
    ),
    known(
        "apple-classes",
        "an Apple School Manager classes file",
        "class_id, class_number, course_id, instructor_id, location_id",
        "",
    ),
    known("apple-rosters", "an Apple School Manager rosters file", "roster_id, class_id, student_id", ""),
    known("apple-locations", "an Apple School Manager locations file", "location_id, location_name", "person_id"),
    known(
        "moodle-users",
        "a Moodle users file",
        "username, firstname&lastname|auth|course1|cohort1|suspended|deleted|oldusername",
        "gradyear, role&status",
    ),
];
