//! Every image of ours can be built: `exporters/Dockerfile` builds a program of a package, and there are such.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

type Outcome = Result<(), Box<dyn Error>>;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Names of the programs of every package.
fn programs() -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args(["metadata", "--no-deps", "--offline", "--format-version=1"]).current_dir(workspace()).output()?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let text = |value: &serde_json::Value, key: &str| value.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let packages = metadata.get("packages").and_then(serde_json::Value::as_array).ok_or("cargo metadata has no packages")?;
    let of_package = |package: &serde_json::Value| {
        let name = text(package, "name");
        let targets = package.get("targets").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
        let binaries = targets.into_iter().filter(|target| target.pointer("/kind/0").is_some_and(|kind| kind == "bin"));
        binaries.map(|target| (name.clone(), text(&target, "name"))).collect::<Vec<_>>()
    };
    Ok(packages.iter().flat_map(of_package).collect())
}

/// What follows in the compose file on `PACKAGE: `; a program is called as its package is unless the next line says otherwise.
fn package_and_binary(text: &str) -> (&str, &str) {
    let mut lines = text.lines();
    let package = lines.next().unwrap_or_default();
    (package, lines.next().and_then(|line| line.trim().strip_prefix("BINARY: ")).unwrap_or(package))
}

#[test]
fn every_image_is_of_a_program_that_there_is() -> Outcome {
    let programs = programs()?;
    let compose = fs::read_to_string(workspace().join("docker-compose.monitoring.yml"))?;
    let built: Vec<(&str, &str)> = compose.split("PACKAGE: ").skip(1).map(package_and_binary).collect();
    assert!(built.contains(&("api-metrics", "selextract-api")) && built.len() > 1, "{built:?}");
    for (package, binary) in built {
        assert!(programs.contains(&(package.to_owned(), binary.to_owned())), "package {package} has no program {binary}");
    }
    Ok(())
}

#[test]
fn the_image_is_built_from_package_and_binary() -> Outcome {
    let text = fs::read_to_string(workspace().join("exporters/Dockerfile"))?;
    for part in
        ["\nARG PACKAGE\n", "\nARG BINARY=${PACKAGE}\n", "--package \"${PACKAGE:?names a package}\" --bin \"${BINARY}\"", "release/${BINARY}\""]
    {
        assert!(text.contains(part), "{part}");
    }
    Ok(())
}
