//! Releases, as far as they can be tested without one: the workflows' rules, the script that computes version and tags,
//! the bundle for Claude Desktop.
//!
//! Never here: lints of the workflows (`make lint`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn workflow(name: &str) -> (String, Value) {
    let path = Path::new(ROOT).join(".github/workflows").join(name);
    let text = fs::read_to_string(path).unwrap();
    let parsed = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    (text, parsed)
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn every_action_is_pinned_and_every_permission_is_asked_for() {
    for name in ["ci.yml", "release.yml"] {
        let (text, workflow) = workflow(name);
        assert_eq!(
            workflow["permissions"],
            Value::Object(serde_json::Map::new()),
            "{name}"
        );
        for (job, body) in workflow["jobs"].as_object().unwrap() {
            assert!(body["permissions"].is_object(), "{name}: {job}");
            assert!(body["timeout-minutes"].is_u64(), "{name}: {job}");
        }
        let mut actions = 0;
        for line in text.lines().filter_map(|line| line.split("uses: ").nth(1)) {
            let (action, version) = line.split_once(" # v").expect("a version in a comment");
            let (_, commit) = action.split_once('@').unwrap();
            assert!(
                commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit()),
                "{line}"
            );
            assert!(version.starts_with(|c: char| c.is_ascii_digit()), "{line}");
            actions += 1;
        }
        assert!(actions > 0);
    }
}

#[test]
fn what_can_write_or_sign_runs_no_dependency() {
    let (_, workflow) = workflow("release.yml");
    let mut writers = 0;
    for (name, job) in workflow["jobs"].as_object().unwrap() {
        let permissions = job["permissions"].as_object().unwrap();
        if permissions.values().all(|right| right == "read") {
            continue;
        }
        writers += 1;
        for step in job["steps"].as_array().unwrap() {
            let script = step["run"].as_str().unwrap_or_default();
            // Commands that compile, and commands that run something compiled.
            for word in [
                "make ",
                "cargo",
                "rustc",
                ".ci/",
                "docker run",
                "docker exec",
                "npm",
                "pip",
            ] {
                assert!(!script.contains(word), "{name} runs {word}: {script}");
            }
            // A target of the Dockerfile that only copies.
            if script.contains("docker buildx build") {
                assert!(script.contains("--target prebuilt"), "{name}: {script}");
            }
        }
    }
    assert_eq!(writers, 1);
    for dockerfile in ["Dockerfile.scratch", "Dockerfile.alpine"] {
        let text = fs::read_to_string(Path::new(ROOT).join(dockerfile)).unwrap();
        let stage = text
            .split("\nFROM ")
            .find(|stage| stage.starts_with("settings AS prebuilt"));
        assert!(!stage.unwrap().contains("\nRUN "), "{dockerfile}");
    }
}

/// Tags and versions can be moved; a hash cannot.
#[test]
fn what_builds_and_checks_is_pinned_by_hash() {
    let mut files = Vec::new();
    for folder in [".ci", ".github", "runtime", "tests"] {
        files_below(&Path::new(ROOT).join(folder), &mut files);
    }
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let is_script =
        |path: &Path| path.extension().is_none() || path.extension() == Some("sh".as_ref());
    let (mut scripts, mut lists) = (0, 0);
    for path in files {
        let text = fs::read_to_string(&path).unwrap_or_default();
        if name(&path) == "package-lock.json" {
            let lock: Value = serde_json::from_str(&text).unwrap();
            for (package, entry) in lock["packages"].as_object().unwrap() {
                let hash = entry["integrity"].as_str().unwrap_or_default();
                let is_pinned = package.is_empty() || hash.starts_with("sha512-");
                assert!(is_pinned, "{}: {package}", path.display());
            }
            lists += 1;
        } else if name(&path) == "requirements.txt" {
            for entry in text.replace("\\\n", "").lines() {
                let is_pinned = entry.contains("==") && entry.contains(" --hash=sha256:");
                let is_comment = entry.trim_start().starts_with('#');
                assert!(is_pinned || is_comment, "{}: {entry}", path.display());
            }
            lists += 1;
        } else if is_script(&path) {
            let commands: Vec<&str> = text.lines().map(str::trim).collect();
            let runs = |what: &str| {
                let is_run = |line: &&&str| {
                    line.contains(what) && !line.starts_with('#') && !line.starts_with("echo ")
                };
                commands.iter().find(is_run)
            };
            for (what, needs) in [
                ("pip install", "--require-hashes"),
                ("npm install", "npm ci"),
                ("npx ", "npm ci"),
                ("cargo install ", "sha256sum "),
            ] {
                if let Some(line) = runs(what) {
                    assert!(text.contains(needs), "{}: {line}", path.display());
                    scripts += 1;
                }
            }
        }
    }
    assert!(
        lists >= 4 && scripts >= 3,
        "{lists} lists, {scripts} scripts"
    );
    // The release resolves one digest of each base image, and gives it to all its jobs.
    let (text, workflow) = workflow("release.yml");
    assert!(text.contains(r#"echo "$key=$image@$digest" >>"$GITHUB_OUTPUT""#));
    let facts = &workflow["jobs"]["facts"]["outputs"];
    for (output, variable) in [("builder", "BUILDER_IMAGE"), ("alpine", "ALPINE_IMAGE")] {
        assert!(facts[output].is_string(), "{output}");
        let uses = format!("{variable}: ${{{{ needs.facts.outputs.{output} }}}}");
        assert!(text.contains(&uses), "{uses}");
    }
}

#[test]
fn every_direct_dependency_is_named_with_its_licence() {
    let file = folder("licences").join("THIRD-PARTY-LICENSES");
    let script = Path::new(ROOT).join("runtime/image/licenses");
    let made = Command::new(script).arg(&file).current_dir(ROOT).output();
    let made = made.unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let text = fs::read_to_string(&file).unwrap();
    let manifest = fs::read_to_string(Path::new(ROOT).join("runtime/Cargo.toml")).unwrap();
    let (_, dependencies) = manifest.split_once("[dependencies]").unwrap();
    let (dependencies, _) = dependencies.split_once("[lints]").unwrap();
    let names = dependencies
        .lines()
        .filter(|line| line.starts_with(char::is_alphabetic))
        .filter_map(|line| line.split(['.', ' ']).next())
        .filter(|name| !name.starts_with("anygpt-"));
    let mut count = 0;
    for name in names {
        let is_named = |line: &str| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(' '))
        };
        assert!(text.lines().any(is_named), "{name} is not named");
        count += 1;
    }
    assert!(count > 10, "{count}");
    for part in [
        "The Rust Standard Library",
        "libunwind of LLVM",
        "musl, the C library",
        "LiteLLM's price list",
    ] {
        assert!(text.contains(part), "{part}");
    }
    // The bill of materials has them, too: the lock file does not name them.
    let bill = fs::read_to_string(Path::new(ROOT).join(".ci/sbom")).unwrap();
    for part in ["rust-std", "libunwind", "musl"] {
        assert!(bill.contains(&format!("part(\"{part}\", ")), "{part}");
    }
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files_below(&path, found),
            false => found.push(path),
        }
    }
}

#[test]
fn unsafe_code_stands_only_where_this_page_says() {
    let page = fs::read_to_string(Path::new(ROOT).join(".github/SECURITY.md")).unwrap();
    let mut sources = Vec::new();
    for folder in ["runtime/src", "runtime/providers/src", "core/src"] {
        files_below(&Path::new(ROOT).join(folder), &mut sources);
    }
    // The compiler rejects it unless a file allows it.
    let allows = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap_or_default();
        text.contains("allow(unsafe_code") || text.contains("expect(unsafe_code")
    };
    let mut names: Vec<&str> = sources
        .iter()
        .filter(|path| allows(path))
        .map(|path| path.file_name().unwrap().to_str().unwrap())
        .collect();
    names.sort_unstable();
    let expected = [
        "allocator.rs",
        "before_main.rs",
        "ignored.rs",
        "no_unwinding.rs",
    ];
    assert_eq!(names, expected);
    for name in names {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}

/// Each promise names its tests, and they exist.
#[test]
fn the_tests_that_security_md_names_exist() {
    let page = fs::read_to_string(Path::new(ROOT).join(".github/SECURITY.md")).unwrap();
    let (_, promises) = page.split_once("## What is promised\n").unwrap();
    let (promises, _) = promises.split_once("\n## ").unwrap();
    let mut sources = vec![Path::new(ROOT).join("tests/image/run")];
    for folder in ["tests/tests", "runtime/src"] {
        files_below(&Path::new(ROOT).join(folder), &mut sources);
    }
    let sources: String = sources
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .collect();
    for promise in promises.split("\n- ").skip(1) {
        let names = promise.split('`').skip(1).step_by(2);
        let tests =
            names.filter(|name| name.matches('_').count() > 2 && !name.contains(['.', '=']));
        let tests: Vec<&str> = tests
            .filter(|name| {
                name.bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
            })
            .collect();
        assert!(!tests.is_empty(), "names no test: {promise}");
        for test in tests {
            let is_there = sources.contains(&format!("fn {test}()"))
                || sources.contains(&format!("\n{test}()"));
            assert!(is_there, "there is no {test}");
        }
    }
}

/// Runs the first script of `release.yml` as for a tag of that name, and returns its outputs.
fn facts(owner: &str, tag: &str) -> Option<String> {
    let (_, workflow) = workflow("release.yml");
    let steps = workflow["jobs"]["facts"]["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["id"] == "facts").unwrap();
    let output = folder(&format!("facts-{owner}-{tag}")).join("output");
    let ran = Command::new("bash")
        .args(["-e", "-c", step["run"].as_str().unwrap()])
        .current_dir(ROOT)
        .env("OWNER", owner)
        .env("GITHUB_REF_NAME", tag)
        .env("GITHUB_OUTPUT", &output)
        .output()
        .unwrap();
    ran.status
        .success()
        .then(|| fs::read_to_string(&output).unwrap())
}

#[test]
fn a_release_needs_an_owner_and_the_version_of_the_sources() {
    let version = env!("CARGO_PKG_VERSION");
    let tag = format!("v{version}");
    assert_eq!(facts("YOUR_ORG", &tag), None);
    assert_eq!(facts("acme", "v999.0.0"), None);
    let [major, minor, _]: [&str; 3] = version
        .split('.')
        .collect::<Vec<_>>()
        .try_into()
        .expect("a plain version");
    let given = facts("AcmeCo", &tag).unwrap();
    let lines: Vec<&str> = given.lines().collect();
    assert_eq!(lines[0], format!("version={version}"));
    assert_eq!(lines[1], "owner=AcmeCo");
    assert_eq!(
        lines[2],
        format!("tags=latest {version} {major}.{minor} {major}")
    );
    assert!(
        lines[3].starts_with("created=20") && lines[3].ends_with('Z'),
        "{}",
        lines[3]
    );
}

/// Runs Python; `None`, with a line on stderr, where there is none. In continuous integration there must be.
fn python(arguments: &[&str]) -> Option<String> {
    let Ok(output) = Command::new("python3").args(arguments).output() else {
        assert!(std::env::var_os("CI").is_none(), "python3 is missing");
        eprintln!("SKIPPED: python3 is missing");
        return None;
    };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_bundle_starts_the_program_for_this_machine() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder("bundle");
    let at = |path: &str| folder.join(path).to_str().unwrap().to_owned();
    for arch in ["amd64", "arm64", "darwin"] {
        fs::create_dir_all(at(&format!("dist/{arch}"))).unwrap();
        let program = format!("#!/bin/sh\necho {arch} \"$@\"\n");
        fs::write(at(&format!("dist/{arch}/anygpt-mcp")), program).unwrap();
    }
    fs::write(at("dist/THIRD-PARTY-LICENSES"), "MIT").unwrap();
    let pack = format!("{ROOT}/runtime/registry/mcpb/pack");
    let manifest = format!("{ROOT}/runtime/registry/mcpb/manifest.json");
    for bundle in ["once.mcpb", "twice.mcpb"] {
        if python(&[&pack, &manifest, &at("dist"), &at(bundle)]).is_none() {
            return;
        }
    }
    assert_eq!(
        fs::read(at("once.mcpb")).unwrap(),
        fs::read(at("twice.mcpb")).unwrap()
    );

    // Unpacked as Claude Desktop does it: with the modes in the bundle.
    const UNPACK: &str = "
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as bundle:
    for entry in bundle.infolist():
        os.chmod(bundle.extract(entry, sys.argv[2]), entry.external_attr >> 16)
";
    python(&["-c", UNPACK, &at("once.mcpb"), &at("unpacked")]).unwrap();
    let start = at("unpacked/server/anygpt-mcp");
    let said = Command::new(&start).arg("hello").output().unwrap();
    let expected = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("macos", _) => "darwin hello\n",
        (_, "aarch64") => "arm64 hello\n",
        _ => "amd64 hello\n",
    };
    assert_eq!(String::from_utf8(said.stdout).unwrap(), expected);
    let mode = fs::metadata(at("unpacked/manifest.json"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o644);

    // Without a program for macOS the bundle does not claim to have one.
    fs::remove_dir_all(at("dist/darwin")).unwrap();
    python(&[&pack, &manifest, &at("dist"), &at("linux.mcpb")]).unwrap();
    python(&["-c", UNPACK, &at("linux.mcpb"), &at("linux")]).unwrap();
    let manifest = fs::read_to_string(at("linux/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(
        manifest["compatibility"]["platforms"],
        serde_json::json!(["linux"])
    );
}
