//! Storage of a profile: EBS volumes of its spaces, file systems that are mounted, the POSIX user.

use super::super::super::shape::{Rule, Shape};
use super::form::S3_SCHEMA_URI;

const FILE_SYSTEM: Rule = Rule::length(11, 21).form("(fs-[0-9a-f]{8,})", |text| {
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    text.strip_prefix("fs-").is_some_and(|id| id.len() >= 8 && id.chars().all(hex))
});
const PATH: Rule = Rule::length(1, 256)
    .form("\\/\\S*", |text| text.starts_with('/') && !text.chars().any(char::is_whitespace));

pub(super) fn check(settings: &Shape<'_>) {
    if let Some(storage) = settings.inside("SpaceStorageSettings") {
        storage.only(&["DefaultEbsStorageSettings"]);
        if let Some(ebs) = storage.inside("DefaultEbsStorageSettings") {
            ebs.only(&["DefaultEbsVolumeSizeInGb", "MaximumEbsVolumeSizeInGb"]);
            let default = needed(&ebs, "DefaultEbsVolumeSizeInGb", 5, 16_384);
            let maximum = needed(&ebs, "MaximumEbsVolumeSizeInGb", 5, 16_384);
            if default.zip(maximum).is_some_and(|(default, maximum)| default > maximum) {
                ebs.report("DefaultEbsVolumeSizeInGb", "", "the default is larger than the maximum");
            }
        }
    }
    if let Some(posix) = settings.inside("CustomPosixUserConfig") {
        posix.only(&["Uid", "Gid"]);
        needed(&posix, "Uid", 10_000, 4_000_000);
        needed(&posix, "Gid", 1001, 4_000_000);
    }
    for system in settings.each("CustomFileSystemConfigs", 10) {
        let kinds = ["EFSFileSystemConfig", "FSxLustreFileSystemConfig", "S3FileSystemConfig"];
        system.only(&kinds);
        if kinds.iter().filter(|kind| system.raw(kind).is_some()).count() != 1 {
            system.report("CustomFileSystemConfig", "", "a union has exactly one member");
        }
        for kind in ["EFSFileSystemConfig", "FSxLustreFileSystemConfig"] {
            if let Some(config) = system.inside(kind) {
                config.only(&["FileSystemId", "FileSystemPath"]);
                config.required("FileSystemId", FILE_SYSTEM);
                config.string("FileSystemPath", PATH);
            }
        }
        if let Some(config) = system.inside("S3FileSystemConfig") {
            config.only(&["MountPath", "S3Uri"]);
            config.string("MountPath", Rule::length(0, 1024));
            config.required("S3Uri", S3_SCHEMA_URI);
        }
    }
}

fn needed(shape: &Shape<'_>, name: &str, least: u32, most: u32) -> Option<u32> {
    if shape.raw(name).is_none() {
        shape.report(name, "null", "Member must not be null");
    }
    shape.integer(name, least..=most)
}
