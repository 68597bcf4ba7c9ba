use super::*;
use crate::table::normalised;

/// The whole header of every format in `templates.md`, sections 3 to 16, and the id it must have.
const HEADERS: &[(&str, &str)] = &[
    ("securly-pass", "firstname,lastname,email,role,gradyear,status,idnumber"),
    ("securly-pass", "firstname,lastname,email,role,status"),
    (
        "securly-parents",
        "Parent First Name,Parent Last Name,Parent Email,Student First Name,Student Last Name,Student Email",
    ),
    ("eps-students", "School ID,Student ID,First Name,Last Name,Email,Username,Password,Grade"),
    ("eps-teachers", "School ID,Teacher ID,First Name,Last Name,Email,Username,Password"),
    ("eps-admins", "School ID,Admin ID,First Name,Last Name,Email,Username,Password"),
    (
        "eps-teacher-legacy",
        "Action (A/U) (R),Username (R),Password (R),First Name,MI,Last Name,Grade,Email (R),Active/Inactive (R)",
    ),
    ("fc-aap", "Email Address,First Name,Last Name,User Role,Team,Jhana Enabled"),
    ("fc-aap", "Email Address,First Name,Last Name,User Role"),
    ("fc-aap-export", "Email Address,First Name,Last Name,User Role,Region,Pass,Date of Last Login"),
    (
        "mh-users",
        "User GUID,User ID,Role,First Name,Last Name,Grade Level,Email,Username,Password,Class GUID,Class ID,Class Name,\
         Class Grade Level,Class Start Date,Class End Date,Master Code,Error",
    ),
    ("mh-users", "User GUID,User ID,Role,First Name,Last Name,Grade Level,Email,Username,Password"),
    (
        "mh-students",
        "Student GUID,Student ID,First Name,Last Name,Grade Level,Email,Username,Password,Class GUID,Class ID,Class Name,\
         Class Grade Level,Class Start Date,Class End Date,Master Code",
    ),
    (
        "clever-schools",
        "School_id,School_name,School_number,State_id,Nces_id,Low_grade,High_grade,Principal,Principal_email,School_address,\
         School_city,School_state,School_zip,School_phone",
    ),
    (
        "clever-students",
        "School_id,Student_id,Student_number,State_id,Last_name,Middle_name,First_name,Grade,Gender,Graduation_year,DOB,Race,\
         Hispanic_Latino,Home_language,Ell_status,Frl_status,IEP_status,Student_street,Student_city,Student_state,Student_zip,\
         Student_email,Contact_relationship,Contact_type,Contact_name,Contact_phone,Contact_email,Contact_sis_id,Username,\
         Password",
    ),
    (
        "clever-teachers",
        "School_id,Teacher_id,Teacher_number,State_teacher_id,Teacher_email,First_name,Middle_name,Last_name,Title,Username,\
         Password",
    ),
    (
        "clever-sections",
        "School_id,Section_id,Teacher_id,Teacher_2_id,Teacher_3_id,Teacher_4_id,Name,Section_number,Grade,Course_name,\
         Course_number,Course_description,Period,Subject,Term_name,Term_start,Term_end",
    ),
    ("clever-enrollments", "School_id,Section_id,Student_id"),
    ("clever-staff", "School_id,Staff_id,Staff_email,First_name,Last_name,Department,Title,Username,Password,Role"),
    ("clever-admins", "School_id,Staff_id,Admin_email,First_name,Last_name"),
    ("or-manifest", "propertyName,value"),
    ("or-sessions", "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear"),
    ("or-orgs", "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId"),
    (
        "or-courses",
        "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,subjectCodes",
    ),
    (
        "or-classes",
        "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,\
         termSourcedIds,subjects,subjectCodes,periods",
    ),
    (
        "or11-users",
        "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,\
         identifier,email,sms,phone,agentSourcedIds,grades,password",
    ),
    (
        "or-enrollments",
        "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate",
    ),
    (
        "or-demographics",
        "sourcedId,status,dateLastModified,birthDate,sex,americanIndianOrAlaskaNative,asian,blackOrAfricanAmerican,\
         nativeHawaiianOrOtherPacificIslander,white,demographicRaceTwoOrMoreRaces,hispanicOrLatinoEthnicity,\
         countryOfBirthCode,stateOfBirthAbbreviation,cityOfBirth,publicSchoolResidenceStatus",
    ),
    (
        "or-gradebook",
        "sourcedId,status,dateLastModified,title,description,assignDate,dueDate,classSourcedId,categorySourcedId,\
         gradingPeriodSourcedId,resultValueMin,resultValueMax",
    ),
    (
        "or-gradebook",
        "sourcedId,status,dateLastModified,lineItemSourcedId,studentSourcedId,scoreStatus,score,scoreDate,comment",
    ),
    ("or-gradebook", "sourcedId,status,dateLastModified,title,weight"),
    (
        "or12-users",
        "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,identifier,email,sms,\
         phone,agentSourcedIds,grades,password,userMasterIdentifier,resourceSourcedIds,preferredGivenName,\
         preferredMiddleName,preferredFamilyName,primaryOrgSourcedId,pronouns",
    ),
    (
        "or12-roles",
        "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId",
    ),
    (
        "or12-userprofiles",
        "sourcedId,status,dateLastModified,userSourcedId,profileType,vendorId,applicationId,description,credentialType,\
         username,password",
    ),
    ("sds1-school", "SIS ID,Name,School Number"),
    (
        "sds1-section",
        "SIS ID,School SIS ID,Section Name,Section Number,Term SIS ID,Term Name,Term StartDate,Term EndDate,Period",
    ),
    (
        "sds1-person",
        "SIS ID,School SIS ID,Username,First Name,Last Name,Middle Name,Student Number,Status,State ID,Mailing Address,Gender,\
         Birthdate,Grade,ELL Status,FederalRace,Secondary Email,Graduation Year,Password",
    ),
    (
        "sds1-person",
        "SIS ID,School SIS ID,Username,First Name,Last Name,Middle Name,Teacher Number,State ID,Status,Secondary Email,Title,\
         Qualification,Password",
    ),
    ("sds1-membership", "Section SIS ID,SIS ID"),
    ("sds1-guardian-user", "Email,First Name,Last Name,Phone,SIS ID"),
    ("sds1-guardian-rel", "SIS ID,Email,Role"),
    ("sds21-orgs", "sourcedId,name,type,parentSourcedId"),
    ("sds21-users", "sourcedId,username,givenName,familyName,password,activeDirectoryMatchId,email,phone,sms"),
    ("sds21-roles", "userSourcedId,orgSourcedId,role,sessionSourcedId,grade,isPrimary,roleStartDate,roleEndDate"),
    ("sds21-classes", "sourcedId,orgSourcedId,title,sessionSourcedIds,courseSourcedId"),
    ("sds21-enrollments", "classSourcedId,userSourcedId,role"),
    ("sds21-sessions", "sourcedId,title,type,schoolYear,startDate,endDate"),
    ("sds21-courses", "sourcedId,orgSourcedId,title,code,schoolYearSourcedId,subject,grade"),
    ("sds21-demographics", "userSourcedId,sex,birthDate,birthCity,birthState,birthCountry,ethnicityCodes,raceCodes"),
    ("sds21-userflags", "userSourcedId,flag"),
    ("sds21-relationships", "userSourcedId,relationshipUserSourcedId,relationshipRole"),
    (
        "google-users",
        "First Name [Required],Last Name [Required],Email Address [Required],Password [Required],\
         Password Hash Function [UPLOAD ONLY],Org Unit Path [Required],New Primary Email [UPLOAD ONLY],Recovery Email,\
         Home Secondary Email,Work Secondary Email,Recovery Phone [MUST BE IN THE E.164 FORMAT],Work Phone,Home Phone,\
         Mobile Phone,Work Address,Home Address,Employee ID,Employee Type,Employee Title,Manager Email,Department,Cost Center,\
         Building ID,Floor Name,Floor Section,Change Password at Next Sign-In,New Status [UPLOAD ONLY]",
    ),
    (
        "canvas-users",
        "user_id,integration_id,login_id,password,ssha_password,authentication_provider_id,first_name,last_name,full_name,\
         sortable_name,short_name,email,pronouns,declared_user_type,canvas_password_notification,home_account,status",
    ),
    ("canvas-accounts", "account_id,parent_account_id,name,status"),
    ("canvas-terms", "term_id,name,status,start_date,end_date"),
    ("canvas-courses", "course_id,short_name,long_name,account_id,term_id,status,start_date,end_date,course_format"),
    ("canvas-sections", "section_id,course_id,name,status,start_date,end_date"),
    ("canvas-enrollments", "course_id,user_id,role,section_id,root_account,status,associated_user_id"),
    ("canvas-enrollments", "section_id,user_id,role_id,status"),
    ("canvas-groups", "group_id,account_id,name,status"),
    ("canvas-membership", "group_id,user_id,status"),
    ("canvas-xlists", "xlist_course_id,section_id,status"),
    ("canvas-observers", "observer_id,student_id,status"),
    (
        "apple-students",
        "person_id,person_number,first_name,middle_name,last_name,grade_level,email_address,sis_username,password_policy,\
         location_id,location_id_2",
    ),
    (
        "apple-staff",
        "person_id,person_number,first_name,middle_name,last_name,email_address,sis_username,location_id,location_id_2",
    ),
    ("apple-courses", "course_id,course_number,course_name,location_id"),
    ("apple-classes", "class_id,class_number,course_id,instructor_id,instructor_id_2,instructor_id_3,location_id"),
    ("apple-rosters", "roster_id,class_id,student_id"),
    ("apple-locations", "location_id,location_name"),
    ("moodle-users", "username,firstname,lastname,email,idnumber,course1,role1,suspended"),
    ("moodle-users", "username,password,firstname,lastname,email,city,institution,auth,cohort1,type1"),
    ("moodle-users", "username,oldusername"),
];

fn keys(header: &str) -> Vec<String> {
    header.split(',').map(normalised).collect()
}

#[test]
fn every_known_header_matches_exactly_one_template() {
    for (id, header) in HEADERS {
        let keys = keys(header);
        let matched: Vec<&str> =
            fingerprints().iter().filter(|known| known.matches(&keys)).map(|known| known.id).collect();
        assert_eq!(matched, [*id], "{header}");
        assert_eq!(recognise(&keys).unwrap().id, *id);
    }
}

#[test]
fn every_template_has_its_header_here() {
    for known in fingerprints() {
        assert!(HEADERS.iter().any(|(id, _)| *id == known.id), "{}", known.id);
    }
}

#[test]
fn the_order_and_the_case_of_columns_do_not_matter() {
    for (id, header) in HEADERS {
        let mut keys = keys(&header.to_uppercase());
        keys.reverse();
        assert_eq!(recognise(&keys).unwrap().id, *id, "{header}");
    }
}

#[test]
fn what_no_template_is_enough_for() {
    for header in [
        "email,first name,last name",
        "email",
        "a,b,c",
        "",
        "firstname,lastname,email,role,status,username", // all of Pass, and a column that Moodle proves
        "username,role,status",
    ] {
        assert!(recognise(&keys(header)).is_none(), "{header}");
    }
}

#[test]
fn every_importable_format_is_a_template_and_its_own_sheet_is_recognised() {
    for format in formats() {
        let sheet = keys(format.blank_sheet().trim_end());
        let known = recognise(&sheet).unwrap();
        assert_eq!((known.id, importable(known).unwrap().id), (format.id, format.id));
        assert_eq!(format.missing(&sheet).count(), 0);
    }
}

#[test]
fn the_nearest_header_is_named_for_each_that_is_missing() {
    let (format, missing) = nearest(&keys("First Name,last_name,E-Mail,user role,State"), None).unwrap();
    let said: Vec<String> = missing.iter().map(Missing::to_string).collect();
    assert_eq!(format.id, "securly-pass");
    assert_eq!(
        said,
        [
            "`firstname` (there is `first name`)",
            "`lastname` (there is `last_name`)",
            "`email` (there is `e-mail`)",
            "`role`",
            "`status` (there is `state`)",
        ]
    );
}

#[test]
fn a_header_that_is_right_for_one_column_is_not_proposed_for_another() {
    let (_, missing) = nearest(&keys("firstname,email,role,status"), None).unwrap();
    assert_eq!(missing, [Missing { wanted: "lastname", near: None }]);
}
