//! The documents about deployment name what is there.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use acceptance::workspace;

use crate::template::{Template, text};

const DOCUMENTS: [&str; 2] = ["docs/recommendations.md", "infra/README.md"];

/// The targets of a document's links that are paths.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://") && !target.starts_with('#')).collect()
}

fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            normal.pop();
        } else {
            normal.push(part);
        }
    }
    normal
}

#[test]
fn every_link_leads_to_a_file() {
    for document in DOCUMENTS {
        let text = text(document);
        let links = links(&text);
        assert!(!links.is_empty(), "{document}");
        for link in links {
            let path = link.split('#').next().unwrap();
            let path = normal(&Path::new(document).parent().unwrap().join(path));
            assert!(workspace().join(&path).exists(), "{document} links to {}, which is not there", path.display());
        }
    }
}

#[test]
fn every_managed_rule_of_the_pack_is_a_recommendation() {
    let text = text("docs/recommendations.md");
    for (id, rule) in Template::read("infra/conformance-pack.yaml").of_type("AWS::Config::ConfigRule") {
        let source = &rule["Properties"]["Source"];
        if source["Owner"] == "AWS" {
            let identifier = source["SourceIdentifier"].as_str().unwrap();
            assert!(text.contains(identifier), "{id}: no row says what {identifier} is for");
        }
    }
}

#[test]
fn every_row_of_the_recommendations_says_how_to_see_it() {
    for line in text("docs/recommendations.md").lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        assert_eq!(cells.len(), 3, "{line}");
        assert!(cells.iter().all(|cell| !cell.is_empty()), "{line}");
    }
}

#[test]
fn the_readme_of_infra_names_every_file_there() {
    let text = text("infra/README.md");
    let mut missing = BTreeSet::new();
    for directory in ["infra", "infra/kubernetes"] {
        for entry in std::fs::read_dir(workspace().join(directory)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let listed = ["README.md", "kustomization.yaml", "cluster-role.yaml"].contains(&name.as_str());
            if !listed && !text.contains(&format!("{name}`")) && !text.contains(&format!("`{name}/`")) {
                missing.insert(name);
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}
