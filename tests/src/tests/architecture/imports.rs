//! Which files of a crate use which, by the paths that begin with `crate`, `super` and `self`. Code that is compiled
//! for tests alone is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A module by its path in the crate; empty for the root.
pub(crate) type Module = Vec<String>;

/// Each module that is a file of its own, with the modules that it uses.
#[derive(Debug, Default)]
pub(crate) struct Imports(BTreeMap<Module, BTreeSet<Module>>);

impl Imports {
    /// Of the crate whose root is in this directory.
    pub(crate) fn read(src: &Path) -> Self {
        let mut files = BTreeMap::new();
        collect(src, &mut Vec::new(), &mut files);
        Self::of(&files)
    }

    /// Of a crate with these files.
    pub(crate) fn of(files: &BTreeMap<Module, String>) -> Self {
        let mut product: BTreeMap<&Module, String> = BTreeMap::new();
        let mut tests: Vec<Module> = Vec::new();
        // A file comes before those below it, so that what is for tests alone is known in time.
        for (module, text) in files {
            if tests.iter().any(|test| module.starts_with(test)) {
                continue;
            }
            let (text, test_modules) = without_tests(text);
            tests.extend(test_modules.into_iter().map(|name| below(module, name)));
            product.insert(module, text);
        }
        let known: BTreeSet<&Module> = product.keys().copied().collect();
        let uses = |(module, text): (&&Module, &String)| {
            let used = paths(text).into_iter().filter_map(|path| {
                let mut target = resolve(module, &path.segments)?;
                while !known.contains(&target) {
                    target.pop()?;
                }
                let own_child = path.reexport && target.starts_with(module);
                (target != **module && !own_child).then_some(target)
            });
            ((*module).clone(), used.collect())
        };
        Self(product.iter().map(uses).collect())
    }

    pub(crate) fn modules(&self) -> usize {
        self.0.len()
    }

    /// The sets of files that use each other in a circle. A file and its own submodules count as one.
    pub(crate) fn circles(&self) -> Vec<Vec<Module>> {
        let reached: BTreeMap<&Module, BTreeSet<&Module>> =
            self.0.keys().map(|from| (from, self.reach(from))).collect();
        let mut circles = BTreeSet::new();
        for (from, reach) in &reached {
            let circle: Vec<Module> = reach
                .iter()
                .filter(|to| reached.get(*to).is_some_and(|back| back.contains(from)))
                .map(|module| (*module).clone())
                .collect();
            let root = circle.iter().min_by_key(|module| module.len());
            if root.is_some_and(|root| circle.iter().any(|module| !module.starts_with(root))) {
                circles.insert(circle);
            }
        }
        circles.into_iter().collect()
    }

    fn reach<'a>(&'a self, from: &'a Module) -> BTreeSet<&'a Module> {
        let mut seen = BTreeSet::new();
        let mut next: Vec<&Module> = self.0.get(from).into_iter().flatten().collect();
        while let Some(module) = next.pop() {
            if seen.insert(module) {
                next.extend(self.0.get(module).into_iter().flatten());
            }
        }
        seen
    }

    /// The uses of a floor by one below it, where floors are top-level modules from the lowest to the highest. A
    /// module that is on no floor is one as well.
    pub(crate) fn upward(&self, floors: &[&str]) -> Vec<String> {
        let floor = |module: &Module| {
            floors
                .iter()
                .position(|floor| module.first().is_some_and(|top| top == floor))
        };
        let mut upward = Vec::new();
        for (module, used) in self.0.iter().filter(|(module, _)| !module.is_empty()) {
            let Some(own) = floor(module) else {
                upward.push(format!("{} is on no floor", module.join("::")));
                continue;
            };
            let higher = used.iter().filter(|used| floor(used).is_none_or(|floor| floor > own));
            upward.extend(higher.map(|used| format!("{} uses {}", module.join("::"), used.join("::"))));
        }
        upward
    }
}

fn collect(directory: &Path, module: &mut Module, files: &mut BTreeMap<Module, String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            // A directory of binaries has crates of its own.
            if name != "bin" || !module.is_empty() {
                module.push(name);
                collect(&path, module, files);
                module.pop();
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let own = match name.as_str() {
                "mod" => module.clone(),
                "lib" | "main" if module.is_empty() => Module::new(),
                _ => below(module, name),
            };
            let text = fs::read_to_string(&path).unwrap();
            // A crate of a library and a binary has two roots.
            files.entry(own).or_default().push_str(&text);
        }
    }
}

fn below(module: &[String], name: String) -> Module {
    let mut below = module.to_vec();
    below.push(name);
    below
}

/// The text without comments and without inline test modules, and the names of test modules in files of their own.
fn without_tests(text: &str) -> (String, Vec<String>) {
    let mut kept = String::new();
    let mut files = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let trimmed = line.trim_start();
        if trimmed.starts_with("//") {
            continue;
        }
        if !trimmed.starts_with("#[cfg(test)]") {
            kept.push_str(line);
            kept.push('\n');
            continue;
        }
        let indent = line.len() - trimmed.len();
        let end = format!("{}}}", &line[..indent]);
        let item = lines
            .by_ref()
            .find(|line| !line.trim_start().starts_with("#["))
            .unwrap_or_default();
        match item.trim().strip_suffix(';').and_then(|item| item.split_once("mod ")) {
            Some((_, name)) => files.push(name.to_owned()),
            None if item.trim_end().ends_with('{') => {
                lines.by_ref().find(|line| *line == end);
            }
            None => {}
        }
    }
    (kept, files)
}

#[derive(Debug, PartialEq)]
struct Used {
    segments: Vec<String>,
    /// Whether it is published again under a name of this module.
    reexport: bool,
}

/// Every path in the text that begins with `crate`, `super` or `self`, use trees taken apart.
fn paths(text: &str) -> Vec<Used> {
    let mut used = Vec::new();
    for start in ["crate::", "super::", "self::"] {
        for (at, _) in text.match_indices(start) {
            let before = &text[..at];
            // `super::super::x` is one path.
            if before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let statement = before.rsplit([';', '}']).next().unwrap_or_default();
            let statement = statement.trim_start();
            let reexport = statement.starts_with("pub") && statement.contains("use ");
            let mut found = Vec::new();
            tree(&mut text[at..].chars().peekable(), &mut Vec::new(), &mut found);
            used.extend(found.into_iter().map(|segments| Used { segments, reexport }));
        }
    }
    used
}

/// Reads `a::b` or `a::{b, c::d}`.
fn tree(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let depth = path.len();
    loop {
        let mut name = String::new();
        while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || *c == '_' || *c == '*') {
            name.push(c);
        }
        if !name.is_empty() {
            path.push(name);
        }
        if chars.next_if_eq(&':').is_none() || chars.next_if_eq(&':').is_none() {
            break;
        }
        if chars.next_if_eq(&'{').is_some() {
            loop {
                while chars.next_if(|c| c.is_whitespace() || *c == ',').is_some() {}
                if chars.next_if_eq(&'}').is_some() || chars.peek().is_none() {
                    break;
                }
                tree(chars, path, found);
                // A new name of what is imported.
                while chars.next_if(|c| *c != ',' && *c != '}').is_some() {}
            }
            path.truncate(depth);
            return;
        }
    }
    found.push(path.clone());
    path.truncate(depth);
}

/// The module path from the root of the crate.
fn resolve(module: &[String], path: &[String]) -> Option<Module> {
    let mut base = module.to_vec();
    let mut segments = path.iter().peekable();
    if segments.next_if(|segment| *segment == "crate").is_some() {
        base.clear();
    }
    segments.next_if(|segment| *segment == "self");
    while segments.next_if(|segment| *segment == "super").is_some() {
        base.pop()?;
    }
    base.extend(segments.cloned());
    Some(base)
}

fn crate_of(files: &[(&str, &str)]) -> Imports {
    let module = |path: &str| {
        path.split("::")
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect()
    };
    Imports::of(
        &files
            .iter()
            .map(|(path, text)| (module(path), (*text).to_owned()))
            .collect(),
    )
}

#[test]
fn planted_circle_between_files_is_found() {
    for uses in [
        "use crate::b::B;",
        "use super::{c, b::{self, B}};",
        "fn f() { crate::b::f() }",
        "use crate::d::D;",
    ] {
        let planted = crate_of(&[
            ("", "mod a; mod b; mod c; mod d;"),
            ("a", uses),
            ("b", "use crate::a::A;"),
            ("c", ""),
            ("d", "use crate::b::B;"),
        ]);
        let circles = planted.circles();
        assert_eq!(circles.len(), 1, "{uses}: {circles:?}");
        assert!(circles[0].contains(&vec!["b".to_owned()]), "{uses}");
    }
}

#[test]
fn file_and_its_own_submodules_are_one() {
    let crate_ = crate_of(&[
        ("", "mod a;"),
        ("a", "mod b; pub use self::b::B; use b::f; use self::b::g;"),
        ("a::b", "use super::A;"),
    ]);
    assert_eq!(crate_.circles(), Vec::<Vec<Module>>::new());
}

#[test]
fn what_is_compiled_for_tests_alone_may_use_everything() {
    let crate_ = crate_of(&[
        ("", "mod a; mod b;"),
        (
            "a",
            "//! See crate::b.\n#[cfg(test)]\nmod laws;\nfn f() {}\n#[cfg(test)]\nmod tests {\n    use crate::b::B;\n}\n",
        ),
        ("a::laws", "use crate::b::B;"),
        ("b", "use crate::a::A;"),
    ]);
    assert_eq!(crate_.circles(), Vec::<Vec<Module>>::new());
    assert_eq!(crate_.upward(&["a", "b"]), Vec::<String>::new());
    assert_eq!(crate_.modules(), 3);
}

#[test]
fn planted_upward_import_is_found() {
    let planted = crate_of(&[
        ("", "mod low; mod high;"),
        ("low", "mod inner;"),
        ("low::inner", "use crate::high::H;"),
        ("high", "use crate::low::L;"),
    ]);
    assert_eq!(planted.upward(&["low", "high"]), ["low::inner uses high"]);
    assert_eq!(planted.upward(&["high", "low"]), ["high uses low"]);
    assert_eq!(
        planted.upward(&["low"]),
        ["high is on no floor", "low::inner uses high"]
    );
}
