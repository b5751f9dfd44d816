//! User profiles, tags and lifecycle configs: states, shapes and permissions.

use super::fixture::{ACCOUNT, Bench, DOMAIN, EXECUTION_ROLE, REGION, world};
use crate::demo::aws::World;
use crate::demo::aws::fault::ApiError;
use serde_json::{Value, json};
use std::time::Duration;

fn code(result: Result<Value, ApiError>) -> String {
    result.unwrap_err().code.to_string()
}

fn create(name: &str) -> Value {
    json!({"DomainId": DOMAIN, "UserProfileName": name, "Tags": [{"Key": "studiouserid", "Value": name}]})
}

fn named(name: &str) -> Value {
    json!({"DomainId": DOMAIN, "UserProfileName": name})
}

fn status(bench: &mut Bench, name: &str) -> Result<String, ApiError> {
    let output = bench.ours("DescribeUserProfile", &named(name))?;
    Ok(output["Status"].as_str().unwrap().to_owned())
}

#[test]
fn a_new_profile_is_pending_for_as_many_describes_as_asked() {
    let mut bench = Bench::new(world());
    bench.knobs.pending_describes(2);
    bench.ours("CreateUserProfile", &create("carol")).unwrap();
    assert_eq!(status(&mut bench, "carol").unwrap(), "Pending");
    assert_eq!(status(&mut bench, "carol").unwrap(), "Pending");
    assert_eq!(status(&mut bench, "carol").unwrap(), "InService");
}

#[test]
fn a_new_profile_is_pending_for_as_long_as_asked() {
    let mut bench = Bench::new(world());
    bench.knobs.pending_for(Duration::from_secs(30));
    bench.ours("CreateUserProfile", &create("carol")).unwrap();
    bench.later(29);
    assert_eq!(status(&mut bench, "carol").unwrap(), "Pending");
    assert_eq!(code(bench.ours("UpdateUserProfile", &named("carol"))), "ResourceInUse");
    assert_eq!(code(bench.ours("DeleteUserProfile", &named("carol"))), "ResourceInUse");
    bench.later(1);
    assert_eq!(status(&mut bench, "carol").unwrap(), "InService");
}

#[test]
fn creation_can_fail_with_a_reason() {
    let mut bench = Bench::new(world());
    bench.knobs.fail_creation("no EFS user ids left");
    bench.ours("CreateUserProfile", &create("carol")).unwrap();
    let output = bench.ours("DescribeUserProfile", &named("carol")).unwrap();
    assert_eq!(output["Status"], "Failed");
    assert_eq!(output["FailureReason"], "no EFS user ids left");
}

#[test]
fn names_do_not_mind_case() {
    let mut bench = Bench::new(world());
    assert_eq!(code(bench.ours("CreateUserProfile", &create("Alice"))), "ResourceInUse");
    assert_eq!(bench.ours("DescribeUserProfile", &named("ALICE")).unwrap()["UserProfileName"], "alice");
}

#[test]
fn a_deleted_profile_is_deleting_and_then_gone() {
    let mut bench = Bench::new(world());
    bench.knobs.pending_describes(1);
    bench.ours("DeleteUserProfile", &named("bob")).unwrap();
    assert_eq!(status(&mut bench, "bob").unwrap(), "Deleting");
    assert_eq!(status(&mut bench, "bob").unwrap_err().code, "ResourceNotFound");
}

#[test]
fn updates_merge_settings() {
    let mut bench = Bench::new(world());
    let settings = json!({"ExecutionRole": EXECUTION_ROLE, "DefaultLandingUri": "studio::"});
    let mut request = named("alice");
    request["UserSettings"] = settings;
    bench.ours("UpdateUserProfile", &request).unwrap();
    assert_eq!(bench.state.profiles[&(DOMAIN.into(), "alice".into())].view.status, "Updating");
    let output = bench.ours("DescribeUserProfile", &named("alice")).unwrap();
    assert_eq!(output["Status"], "InService");
    assert_eq!(output["UserSettings"]["ExecutionRole"], EXECUTION_ROLE);
}

#[test]
fn a_domain_has_room_for_so_many_and_is_found_in_its_region_only() {
    let mut bench = Bench::new(World { most_profiles: 3, ..world() });
    bench.ours("CreateUserProfile", &create("carol")).unwrap();
    assert_eq!(code(bench.ours("CreateUserProfile", &create("dave"))), "ResourceLimitExceeded");
    let elsewhere = json!({"DomainId": "d-elsewhere", "UserProfileName": "dave"});
    assert_eq!(code(bench.ours("CreateUserProfile", &elsewhere)), "ResourceNotFound");
    assert_eq!(code(bench.ours("DescribeDomain", &json!({"DomainId": "d-elsewhere"}))), "ResourceNotFound");
    bench.state.world.domains[0].region = "eu-west-1".into();
    assert_eq!(code(bench.ours("DescribeDomain", &json!({"DomainId": DOMAIN}))), "ResourceNotFound");
}

#[test]
fn every_constraint_of_a_request_is_checked() {
    let tag = |key: &str, value: &str| json!({"Key": key, "Value": value});
    let many: Vec<Value> = (0..51).map(|n| tag(&format!("k{n}"), "v")).collect();
    for (pointer, value) in [
        ("DomainId", json!("x-abc")),
        ("UserProfileName", json!("first.last")),
        ("UserProfileName", json!("a".repeat(64))),
        ("UserProfileName", json!(null)),
        ("Tags", json!(many)),
        ("Tags", json!([tag("", "v")])),
        ("Tags", json!([tag("k", &"v".repeat(257))])),
        ("Tags", json!([tag("k", "a;b")])),
        ("Tags", json!([tag("k", "1"), tag("k", "2")])),
        ("Tags", json!([tag("aws:k", "1")])),
        ("Unknown", json!(1)),
        ("UserSettings", json!({"SecurityGroups": ["sg-1", "sg-2", "sg-3", "sg-4", "sg-5", "sg-6"]})),
        ("UserSettings", json!({"SecurityGroups": ["sg_1"]})),
        ("UserSettings", json!({"ExecutionRole": "StudioExecution"})),
        ("UserSettings", json!({"DefaultLandingUri": "https://evil.example.com"})),
        ("UserSettings", json!({"StudioWebPortal": "enabled"})),
        ("UserSettings", json!({"Theme": "dark"})),
        (
            "UserSettings",
            json!({"JupyterLabAppSettings": {"AppLifecycleManagement": {"IdleSettings":
            {"LifecycleManagement": "ENABLED", "IdleTimeoutInMinutes": 59}}}}),
        ),
        (
            "UserSettings",
            json!({"CodeEditorAppSettings": {"AppLifecycleManagement": {"IdleSettings":
            {"IdleTimeoutInMinutes": 525_601}}}}),
        ),
        (
            "UserSettings",
            json!({"JupyterServerAppSettings": {"DefaultResourceSpec": {"InstanceType": "ml.t3.medium"}}}),
        ),
        (
            "UserSettings",
            json!({"KernelGatewayAppSettings": {"DefaultResourceSpec": {"InstanceType": "m1.t3"}}}),
        ),
        ("UserSettings", json!({"SharingSettings": {"S3OutputPath": "s3:///x"}})),
        ("UserSettings", json!({"CustomPosixUserConfig": {"Uid": 10_000}})),
        ("UserSettings", json!({"CustomPosixUserConfig": {"Uid": 10_000, "Gid": 1000}})),
        ("UserSettings", json!({"CustomFileSystemConfigs": [{}]})),
        (
            "UserSettings",
            json!({"CustomFileSystemConfigs": [{"EFSFileSystemConfig": {"FileSystemId": "fs-1"}}]}),
        ),
        (
            "UserSettings",
            json!({"SpaceStorageSettings": {"DefaultEbsStorageSettings":
            {"DefaultEbsVolumeSizeInGb": 20, "MaximumEbsVolumeSizeInGb": 10}}}),
        ),
        ("UserSettings", json!({"StudioWebPortalSettings": {"HiddenAppTypes": ["Emacs"]}})),
        ("UserSettings", json!({"StudioWebPortalSettings": {"HiddenInstanceTypes": ["t3.medium"]}})),
        ("UserSettings", json!({"RStudioServerProAppSettings": {"UserGroup": "ADMIN"}})),
        ("UserSettings", json!({"TensorBoardAppSettings": {"CustomImages": []}})),
        ("UserSettings", json!({"RSessionAppSettings": {"CustomImages": [{"ImageName": "a"}]}})),
        (
            "UserSettings",
            json!({"JupyterLabAppSettings": {"CodeRepositories": [{"RepositoryUrl": "git@x:y"}]}}),
        ),
        ("UserSettings", json!({"JupyterLabAppSettings": {"EmrSettings": {"AssumableRoleArns": ["Emr"]}}})),
        ("UserSettings", json!({"CanvasAppSettings": {"KendraSettings": {"Status": "ON"}}})),
        ("UserSettings", json!({"CanvasAppSettings": {"GenerativeAiSettings": {"Status": "ENABLED"}}})),
        (
            "UserSettings",
            json!({"JupyterLabAppSettings": {"DefaultResourceSpec": {"SageMakerImageVersionAlias": "latest"}}}),
        ),
    ] {
        let mut request = create("carol");
        request[pointer] = value;
        let error = Bench::new(world()).ours("CreateUserProfile", &request).unwrap_err();
        assert_eq!(error.code, "ValidationException", "{request}");
        assert!(error.message.contains("failed to satisfy constraint"), "{}", error.message);
    }
}

#[test]
fn a_profile_may_have_every_setting_there_is() {
    let everything: toml::Table = include_str!("../../../../tests/settings/everything.toml").parse().unwrap();
    let mut bench = Bench::new(world());
    let mut request = create("carol");
    request["UserSettings"] = serde_json::to_value(&everything).unwrap();
    request["UserSettings"]["ExecutionRole"] = json!(EXECUTION_ROLE);
    bench.ours("CreateUserProfile", &request).unwrap();
    assert_eq!(
        bench.ours("DescribeUserProfile", &named("carol")).unwrap()["UserSettings"],
        request["UserSettings"]
    );
}

#[test]
fn updates_and_deletions_can_fail_and_say_why() {
    let mut bench = Bench::new(world());
    bench.knobs.fail_updates("no addresses left");
    let mut request = named("alice");
    request["UserSettings"] = json!({"StudioWebPortal": "DISABLED"});
    bench.ours("UpdateUserProfile", &request).unwrap();
    let output = bench.ours("DescribeUserProfile", &named("alice")).unwrap();
    assert_eq!(
        (&output["Status"], &output["FailureReason"]),
        (&json!("Update_Failed"), &json!("no addresses left"))
    );
    assert_eq!(output["UserSettings"].get("StudioWebPortal"), None);

    bench.knobs.fail_deletion("apps are running");
    bench.ours("DeleteUserProfile", &named("bob")).unwrap();
    let output = bench.ours("DescribeUserProfile", &named("bob")).unwrap();
    assert_eq!(
        (&output["Status"], &output["FailureReason"]),
        (&json!("Delete_Failed"), &json!("apps are running"))
    );
}

#[test]
fn a_new_profile_can_be_out_of_sight_at_first() {
    let mut bench = Bench::new(world());
    bench.knobs.unseen_describes(2);
    bench.ours("CreateUserProfile", &create("carol")).unwrap();
    assert_eq!(status(&mut bench, "carol").unwrap_err().code, "ResourceNotFound");
    assert_eq!(code(bench.ours("CreateUserProfile", &create("carol"))), "ResourceInUse");
    assert_eq!(status(&mut bench, "carol").unwrap_err().code, "ResourceNotFound");
    assert_eq!(status(&mut bench, "carol").unwrap(), "InService");
}

fn config(name: &str, app: &str) -> Value {
    json!({
        "StudioLifecycleConfigName": name,
        "StudioLifecycleConfigContent": "ZWNobyBoaQ==",
        "StudioLifecycleConfigAppType": app,
    })
}

#[test]
fn lifecycle_configs_are_immutable_and_must_fit_the_app() {
    let mut bench = Bench::new(world());
    let arn = bench.ours("CreateStudioLifecycleConfig", &config("git", "JupyterLab")).unwrap();
    let arn = arn["StudioLifecycleConfigArn"].as_str().unwrap().to_owned();
    assert_eq!(arn, format!("arn:aws:sagemaker:{REGION}:{ACCOUNT}:studio-lifecycle-config/git"));
    assert_eq!(
        code(bench.ours("CreateStudioLifecycleConfig", &config("git", "CodeEditor"))),
        "ResourceInUse"
    );
    let name = json!({"StudioLifecycleConfigName": "git"});
    let output = bench.ours("DescribeStudioLifecycleConfig", &name).unwrap();
    assert_eq!(output["StudioLifecycleConfigContent"], "ZWNobyBoaQ==");

    let with = |app: &str, arns: Value, default: Value| {
        let mut request = named("alice");
        request["UserSettings"] = json!({format!("{app}AppSettings"):
            {"LifecycleConfigArns": arns, "DefaultResourceSpec": {"LifecycleConfigArn": default}}});
        request
    };
    let missing = format!("{arn}x");
    for request in [
        with("CodeEditor", json!([arn]), json!(null)),
        with("JupyterLab", json!([missing]), json!(null)),
        with("JupyterLab", json!([]), json!(arn)),
    ] {
        assert_eq!(code(bench.ours("UpdateUserProfile", &request)), "ValidationException", "{request}");
    }
    bench.ours("UpdateUserProfile", &with("JupyterLab", json!([arn]), json!(arn))).unwrap();
    assert_eq!(code(bench.ours("DeleteStudioLifecycleConfig", &name)), "ResourceInUse");
}

#[test]
fn scripts_are_base64_of_a_limited_size() {
    for (member, value) in [
        ("StudioLifecycleConfigContent", json!("")),
        ("StudioLifecycleConfigContent", json!("echo hi")),
        ("StudioLifecycleConfigContent", json!("QUJD".repeat(4097))),
        ("StudioLifecycleConfigAppType", json!("Jupyter")),
        ("StudioLifecycleConfigName", json!("a_b")),
    ] {
        let mut request = config("git", "JupyterLab");
        request[member] = value;
        let result = Bench::new(world()).ours("CreateStudioLifecycleConfig", &request);
        assert_eq!(code(result), "ValidationException", "{member}");
    }
    let mut largest = config("git", "JupyterLab");
    largest["StudioLifecycleConfigContent"] = json!("QUJD".repeat(4096));
    assert!(Bench::new(world()).ours("CreateStudioLifecycleConfig", &largest).is_ok());
}

#[test]
fn lists_come_in_pages() {
    let mut bench = Bench::new(world());
    for n in 0..5 {
        bench.ours("CreateUserProfile", &create(&format!("user{n}"))).unwrap();
    }
    let mut request = json!({"DomainIdEquals": DOMAIN, "MaxResults": 3});
    let mut names = Vec::new();
    loop {
        let output = bench.ours("ListUserProfiles", &request).unwrap();
        let page = output["UserProfiles"].as_array().unwrap();
        assert!(page.len() <= 3);
        names.extend(page.iter().map(|p| p["UserProfileName"].as_str().unwrap().to_owned()));
        match output.get("NextToken") {
            Some(token) => request["NextToken"] = token.clone(),
            None => break,
        }
    }
    names.sort();
    assert_eq!(names, ["alice", "bob", "user0", "user1", "user2", "user3", "user4"]);
    assert_eq!(code(bench.ours("ListUserProfiles", &json!({"MaxResults": 101}))), "ValidationException");
    assert_eq!(code(bench.ours("ListUserProfiles", &json!({"NextToken": "x"}))), "ValidationException");
}

#[test]
fn tags_are_added_listed_and_deleted() {
    let mut bench = Bench::new(world());
    let arn = format!("arn:aws:sagemaker:{REGION}:{ACCOUNT}:user-profile/{DOMAIN}/alice");
    let add = json!({"ResourceArn": arn, "Tags": [{"Key": "team", "Value": "ml"}]});
    bench.ours("AddTags", &add).unwrap();
    let list = json!({"ResourceArn": arn});
    let tags = bench.ours("ListTags", &list).unwrap()["Tags"].clone();
    assert_eq!(tags, json!([{"Key": "studiouserid", "Value": "alice"}, {"Key": "team", "Value": "ml"}]));
    bench.ours("DeleteTags", &json!({"ResourceArn": arn, "TagKeys": ["studiouserid"]})).unwrap();
    let tags = bench.ours("ListTags", &list).unwrap()["Tags"].clone();
    assert_eq!(tags, json!([{"Key": "team", "Value": "ml"}]));
    let many: Vec<Value> = (0..50).map(|n| json!({"Key": format!("k{n}"), "Value": "v"})).collect();
    assert_eq!(
        code(bench.ours("AddTags", &json!({"ResourceArn": arn, "Tags": many}))),
        "ValidationException"
    );
    assert_eq!(code(bench.ours("ListTags", &json!({"ResourceArn": format!("{arn}x")}))), "ResourceNotFound");
}

/// A world whose gateway has exactly these actions.
fn allowed(actions: &[&str]) -> Bench {
    let mut world = world();
    world.gateway_keys[0].policies = vec![json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": actions, "Resource": "*"}]})];
    Bench::new(world)
}

#[test]
fn tags_and_execution_roles_need_permissions_of_their_own() {
    let mut plain = create("carol");
    plain.as_object_mut().unwrap().remove("Tags");
    let mut with_role = plain.clone();
    with_role["UserSettings"] = json!({"ExecutionRole": EXECUTION_ROLE});
    let mut bench = allowed(&["sagemaker:CreateUserProfile"]);
    let denied = |result: Result<Value, ApiError>, action: &str| {
        let error = result.unwrap_err();
        assert_eq!((error.status, error.code.as_ref()), (400, "AccessDeniedException"));
        let part = format!("is not authorized to perform: {action} on resource: arn:aws:");
        assert!(error.message.contains(&part), "{}", error.message);
    };
    denied(bench.ours("CreateUserProfile", &create("carol")), "sagemaker:AddTags");
    denied(bench.ours("CreateUserProfile", &with_role), "iam:PassRole");
    denied(bench.ours("DescribeUserProfile", &named("alice")), "sagemaker:DescribeUserProfile");
    assert!(bench.ours("CreateUserProfile", &plain).is_ok());
    let mut bench = allowed(&["sagemaker:CreateUserProfile", "sagemaker:AddTags", "iam:PassRole"]);
    with_role["Tags"] = create("carol")["Tags"].clone();
    assert!(bench.ours("CreateUserProfile", &with_role).is_ok());
}
