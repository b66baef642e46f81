//! Files that change under a running gateway.

use std::os::unix::fs::symlink;

use jiff::Timestamp;

use super::*;
use crate::clock::Clock;

const WHOLE: &str = "upstreams: { app: { url: http://127.0.0.1:9000 } }\n\
    rules: [{ id: a, match: { path: /** }, required_aal: aal1, upstream: app }]\n";

fn reloader(path: &Path) -> (Arc<RuleStore>, Arc<Reloader>) {
    let clock = Clock::manual(Timestamp::UNIX_EPOCH);
    let paths = vec![path.to_owned()];
    let first = load(&paths, &Context::default()).unwrap();
    let store = Arc::new(RuleStore::new(first, clock.wall()));
    let reloader = Reloader::new(Arc::clone(&store), paths, Context::default(), clock);
    (store, Arc::new(reloader))
}

/// Waits until the files' change has arrived.
fn wait_for(store: &RuleStore, what: impl Fn(&Reload, &RuleSet) -> bool) {
    for _ in 0..1000 {
        if what(&store.last_reload(), &store.current()) {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("no such reload: {:?}", store.last_reload());
}

fn first_id(rules: &RuleSet) -> &str {
    rules.rules()[0].id().as_str()
}

#[test]
fn a_broken_reload_keeps_the_rules_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.yaml");
    std::fs::write(&file, WHOLE).unwrap();
    let (store, reloader) = reloader(folder.path());
    let pinned = store.current();
    std::fs::write(&file, WHOLE.replace("aal1", "aal9")).unwrap();
    let ReloadOutcome::Rejected { problems } = reloader.reload().outcome else {
        panic!("it was broken");
    };
    assert_eq!(problems.len(), 1);
    assert_eq!(store.current().number(), 1);
    std::fs::write(&file, WHOLE.replace("id: a", "id: b")).unwrap();
    let outcome = reloader.reload().outcome;
    assert_eq!(outcome, ReloadOutcome::Applied { generation: 2 });
    assert_eq!(first_id(&store.current()), "b");
    // A request that began before keeps its generation.
    assert_eq!((first_id(&pinned), pinned.number()), ("a", 1));
    assert_eq!(reloader.reload_if_changed(), None);
    assert_eq!(store.current().number(), 2);
}

#[test]
fn a_changed_file_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.yaml");
    std::fs::write(&file, WHOLE).unwrap();
    let (store, reloader) = reloader(folder.path());
    let watching = watch(reloader, Duration::from_millis(20)).unwrap();
    std::fs::write(&file, "rules: [").unwrap();
    wait_for(&store, |last, _| {
        matches!(last.outcome, ReloadOutcome::Rejected { .. })
    });
    std::fs::write(&file, WHOLE.replace("id: a", "id: b")).unwrap();
    wait_for(&store, |_, rules| first_id(rules) == "b");
    // As editors do: a new file takes the name.
    let fresh = folder.path().join("app.yaml.new");
    std::fs::write(&fresh, WHOLE.replace("id: a", "id: c")).unwrap();
    std::fs::rename(&fresh, &file).unwrap();
    wait_for(&store, |_, rules| first_id(rules) == "c");
    drop(watching);
}

/// Kubernetes mounts `app.yaml -> ..data/app.yaml` and turns `..data` to another directory.
#[test]
fn a_config_map_that_is_swapped_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let mount = folder.path().join("mount");
    for (version, text) in [
        ("..1", WHOLE.to_owned()),
        ("..2", WHOLE.replace("id: a", "id: b")),
    ] {
        std::fs::create_dir_all(mount.join(version)).unwrap();
        std::fs::write(mount.join(version).join("app.yaml"), text).unwrap();
    }
    symlink("..1", mount.join("..data")).unwrap();
    symlink("..data/app.yaml", mount.join("app.yaml")).unwrap();
    for path in [mount.clone(), mount.join("app.yaml")] {
        let (store, reloader) = reloader(&path);
        assert_eq!(first_id(&store.current()), "a");
        let watching = watch(reloader, Duration::from_millis(20)).unwrap();
        symlink("..2", mount.join("..tmp")).unwrap();
        std::fs::rename(mount.join("..tmp"), mount.join("..data")).unwrap();
        wait_for(&store, |_, rules| first_id(rules) == "b");
        drop(watching);
        symlink("..1", mount.join("..tmp")).unwrap();
        std::fs::rename(mount.join("..tmp"), mount.join("..data")).unwrap();
    }
}

#[test]
fn a_directory_that_is_replaced_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("rules");
    for (version, id) in [("v1", "id: a"), ("v2", "id: b"), ("v3", "id: c")] {
        std::fs::create_dir(folder.path().join(version)).unwrap();
        let file = folder.path().join(version).join("app.yaml");
        std::fs::write(file, WHOLE.replace("id: a", id)).unwrap();
    }
    symlink("v1", &link).unwrap();
    let (store, reloader) = reloader(&link);
    let watching = watch(reloader, Duration::from_millis(20)).unwrap();
    for (version, id) in [("v2", "b"), ("v3", "c")] {
        symlink(version, folder.path().join("new")).unwrap();
        std::fs::rename(folder.path().join("new"), &link).unwrap();
        wait_for(&store, |_, rules| first_id(rules) == id);
    }
    let file = folder.path().join("v3").join("app.yaml");
    std::fs::write(file, WHOLE.replace("id: a", "id: d")).unwrap();
    wait_for(&store, |_, rules| first_id(rules) == "d");
    drop(watching);
}
