//! Dependencies between the workspace's members go one way, and versions are written in one place.

use std::fs;
use std::path::Path;

use cargo_metadata::{Metadata, MetadataCommand, Package};
use toml::{Table, Value};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What a member is, by its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Catalogue,
    Core,
    Exporter,
    Generator,
    Tests,
}

impl Part {
    fn of(folder: &str) -> Self {
        match folder {
            "exporters/catalogue" => Self::Catalogue,
            "exporters/core" => Self::Core,
            "generator" => Self::Generator,
            "tests" => Self::Tests,
            exporter if exporter.starts_with("exporters/") => Self::Exporter,
            other => panic!("{other} is no place for a package"),
        }
    }

    /// catalogue <- core <- each exporter; catalogue <- generator; the end-to-end tests may use all.
    fn may_use(self, other: Self) -> bool {
        match self {
            Self::Catalogue => false,
            Self::Core | Self::Generator => other == Self::Catalogue,
            Self::Exporter => [Self::Catalogue, Self::Core].contains(&other),
            Self::Tests => true,
        }
    }
}

fn metadata() -> Metadata {
    MetadataCommand::new().current_dir(ROOT).no_deps().other_options(["--offline".to_owned()]).exec().unwrap()
}

fn folder<'a>(metadata: &'a Metadata, package: &'a Package) -> &'a str {
    package.manifest_path.parent().unwrap().strip_prefix(&metadata.workspace_root).unwrap().as_str()
}

fn manifest(file: &Path) -> Table {
    fs::read_to_string(file).unwrap().parse().unwrap()
}

/// Every `[…dependencies]` table of a manifest, those of targets included.
fn dependencies(manifest: &Table) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (section, value) in manifest {
        match value {
            Value::Table(table) if section.ends_with("dependencies") => found.extend(table.clone()),
            Value::Table(table) if section == "target" => {
                table.values().filter_map(Value::as_table).for_each(|target| found.extend(dependencies(target)));
            }
            _ => {}
        }
    }
    found
}

fn is_inherited(value: &Value) -> bool {
    value.get("workspace") == Some(&Value::Boolean(true))
}

#[test]
fn members_depend_one_way_only() {
    let metadata = metadata();
    let part = |name: &str| metadata.packages.iter().find(|package| package.name == name).map(|package| Part::of(folder(&metadata, package)));
    for package in &metadata.packages {
        let from = Part::of(folder(&metadata, package));
        for dependency in &package.dependencies {
            let to = part(&dependency.name);
            assert!(to.is_none_or(|to| from.may_use(to)), "{} must not depend on {}", package.name, dependency.name);
        }
    }
}

#[test]
fn forbidden_edges_are_refused() {
    for (user, used) in [
        (Part::Exporter, Part::Exporter),
        (Part::Generator, Part::Exporter),
        (Part::Generator, Part::Core),
        (Part::Core, Part::Exporter),
        (Part::Catalogue, Part::Core),
    ] {
        assert!(!user.may_use(used), "{user:?} on {used:?}");
    }
}

#[test]
fn versions_stand_in_the_root_only() {
    for package in &metadata().packages {
        for (name, value) in dependencies(&manifest(package.manifest_path.as_std_path())) {
            assert!(is_inherited(&value), "{name} of {}: write `{name}.workspace = true`", package.name);
        }
    }
}

#[test]
fn members_share_the_workspace_lints() {
    let metadata = metadata();
    for package in &metadata.packages {
        let lints = manifest(package.manifest_path.as_std_path()).get("lints").cloned();
        // The tests' own lints are a documented copy: see their manifest.
        let shared = lints.as_ref().is_some_and(is_inherited) || Part::of(folder(&metadata, package)) == Part::Tests;
        assert!(shared, "{}: write `[lints]` `workspace = true`", package.name);
    }
}

#[test]
fn test_lints_are_the_workspace_lints_less_those_on_panics() {
    let root = manifest(&Path::new(ROOT).join("Cargo.toml"));
    let own = manifest(&Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
    let mut expected = root["workspace"]["lints"].as_table().unwrap().clone();
    let clippy = expected["clippy"].as_table_mut().unwrap();
    for lint in ["unwrap_used", "expect_used", "panic", "indexing_slicing", "string_slice", "get_unwrap"] {
        clippy.remove(lint);
    }
    clippy.insert("missing_panics_doc".to_owned(), Value::String("allow".to_owned()));

    assert_eq!(own["lints"].as_table().unwrap(), &expected);
}

#[test]
fn readme_says_what_each_dependency_is_for() {
    let manifest = manifest(&Path::new(ROOT).join("Cargo.toml"));
    let dependencies = manifest["workspace"]["dependencies"].as_table().unwrap();
    let ours = |value: &Value| value.get("path").is_some();
    let mut wanted: Vec<_> = dependencies.iter().filter(|(_, value)| !ours(value)).map(|(name, _)| name.as_str()).collect();
    let readme = fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap();
    let table = readme.split_once("## Dependencies").unwrap().1;
    // A row is: | `name`, `name` | what for |
    let names = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once(" | ")).flat_map(|(names, _)| names.split(", "));
    let mut found: Vec<_> = names.map(|name| name.trim_matches('`')).collect();
    wanted.sort_unstable();
    found.sort_unstable();

    assert_eq!(found, wanted);
}
