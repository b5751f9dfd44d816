//! Lengths, ranges and patterns of single values, each under the name that the API's model has for it.
//!
//! A test compares them with the model that botocore ships; whoever changes a row here has changed nothing at AWS.

use super::shape::Shape;

/// `RoleArn`.
pub(super) const ROLE_ARN: Shape =
    Shape::text(20, 2_048).form(r"arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+");
/// `SecurityGroupId`.
pub(super) const SECURITY_GROUP_ID: Shape = Shape::text(0, 32).form(r"[-0-9a-zA-Z]+");
/// `S3Uri`.
pub(super) const S3_URI: Shape = Shape::text(0, 1_024).form(r"(https|s3)://([^/]+)/?(.*)");
/// `KmsKeyId`.
pub(super) const KMS_KEY_ID: Shape = Shape::text(0, 2_048).form(r"[a-zA-Z0-9:/_-]*");
/// `ImageArn`.
pub(super) const IMAGE_ARN: Shape =
    Shape::text(0, 256).form(r"arn:aws(-[\w]+)*:sagemaker:.+:[0-9]{12}:image/[a-zA-Z0-9]([-.]?[a-zA-Z0-9])*");
/// `ImageVersionArn`.
pub(super) const IMAGE_VERSION_ARN: Shape = Shape::text(0, 256)
    .form(r"(arn:aws(-[\w]+)*:sagemaker:.+:[0-9]{12}:image-version/[a-z0-9]([-.]?[a-z0-9])*/[0-9]+|None)");
/// `ImageVersionAlias`.
pub(super) const IMAGE_VERSION_ALIAS: Shape = Shape::text(1, 128).form(r"(^\d+$)|(^\d+.\d+$)|(^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$)");
/// `StudioLifecycleConfigArn`.
pub(super) const STUDIO_LIFECYCLE_CONFIG_ARN: Shape = Shape::text(0, 256)
    .form(r"(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:studio-lifecycle-config/.*|None)");
/// `StudioResourceSpecTrainingPlanArn`.
pub(super) const STUDIO_RESOURCE_SPEC_TRAINING_PLAN_ARN: Shape =
    Shape::text(0, 2_048).form(r"(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:training-plan/.*|None)");
/// `RepositoryUrl`.
pub(super) const REPOSITORY_URL: Shape = Shape::text(0, 1_024).form(r"https://([.\-_a-zA-Z0-9]+/?){3,1016}");
/// `ImageName`.
pub(super) const IMAGE_NAME: Shape = Shape::text(1, 63).form(r"[a-zA-Z0-9]([-.]?[a-zA-Z0-9]){0,62}");
/// `ImageVersionNumber`.
pub(super) const IMAGE_VERSION_NUMBER: Shape = Shape::number(0, i32::MAX as i64);
/// `AppImageConfigName`.
pub(super) const APP_IMAGE_CONFIG_NAME: Shape = Shape::text(0, 63).form(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}");
/// `SecretArn`.
pub(super) const SECRET_ARN: Shape =
    Shape::text(1, 2_048).form(r"arn:aws[a-z\-]*:secretsmanager:[a-z0-9\-]*:[0-9]{12}:secret:.*");
/// `IdleTimeoutInMinutes`.
pub(super) const IDLE_TIMEOUT_IN_MINUTES: Shape = Shape::number(60, 525_600);
/// `SpaceEbsVolumeSizeInGb`.
pub(super) const SPACE_EBS_VOLUME_SIZE_IN_GB: Shape = Shape::number(5, 16_384);
/// `LandingUri`.
pub(super) const LANDING_URI: Shape = Shape::text(0, 1_023);
/// `Uid`.
pub(super) const UID: Shape = Shape::number(10_000, 4_000_000);
/// `Gid`.
pub(super) const GID: Shape = Shape::number(1_001, 4_000_000);
/// `FileSystemId`.
pub(super) const FILE_SYSTEM_ID: Shape = Shape::text(11, 21).form(r"(fs-[0-9a-f]{8,})");
/// `FileSystemPath`.
pub(super) const FILE_SYSTEM_PATH: Shape = Shape::text(1, 256).form(r"\/\S*");
/// `String1024`.
pub(super) const STRING1024: Shape = Shape::text(0, 1_024);
/// `S3SchemaUri`.
pub(super) const S3_SCHEMA_URI: Shape = Shape::text(0, 1_024).form(r"(s3)://([^/]+)/?(.*)");
/// `ImageVersionAliasPattern`.
pub(super) const IMAGE_VERSION_ALIAS_PATTERN: Shape = Shape::text(1, 128).form(r"(0|[1-9]\d*)\.(0|[1-9]\d*)");
/// `UserProfileName`.
pub(super) const USER_PROFILE_NAME: Shape = Shape::text(0, 63).form(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}");
