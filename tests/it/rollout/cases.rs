//! Campaigns that something is known of.

use std::collections::BTreeMap;

use super::state::State;
use super::world::{MAIN, World};
use super::{NO_MISTAKE, Simulation, plan_again, repository};

/// A campaign with a first file and another one behind it, whose first pull request was declined, and then what `act`
/// does to it with the first file's branch. Gives what the issue says after a report.
fn reported(act: impl FnOnce(&mut State, &str)) -> String {
    let simulation = Simulation { named_issue: None, ..Simulation::new(1, NO_MISTAKE) };
    {
        let state = &mut *simulation.state.borrow_mut();
        let text = || "FROM x\nCOPY a b\n".to_owned();
        let tree = BTreeMap::from([("s0/Dockerfile".into(), text()), ("s1/Dockerfile".into(), text())]);
        let mut known = repository::known_at(&mut state.random, 0);
        known.evidence = layerwright::campaign::evidence::EvidenceState::Verified;
        state.known = BTreeMap::from([
            ("s0/Dockerfile".into(), known.clone()),
            ("s1/Dockerfile".into(), repository::Known { wave: 1, ..known }),
        ]);
        (state.world, state.faults, state.busy) = (World::new(tree, true), 0, 0);
        state.policy.create_issue = true;
        plan_again(state);
        let branch = state.branches["s0/Dockerfile"].clone();
        let number = propose(state, &branch);
        let label = state.policy.names.label();
        state.world.pull_mut(number).unwrap().labels.insert(label);
        state.world.close(number);
        act(state, &branch);
        plan_again(state);
        state.clone_at = state.world.main();
    }
    simulation.report().unwrap();
    simulation.state.borrow().world.issues[0].body.clone()
}

/// Opens a pull request that links the first file, and has no label.
fn propose(state: &mut State, branch: &str) -> u64 {
    let main = state.world.main();
    let linked = repository::linked(state.world.text(main, "s0/Dockerfile").unwrap());
    let head = state.world.change(main, &[("s0/Dockerfile", Some(&linked))], "Link");
    state.world.branches.insert(branch.to_owned(), head);
    state.world.open_pull(branch, MAIN, "title", "body").unwrap()
}

#[test]
fn who_declined_is_told_wherever_that_was_read() {
    let issue = reported(|state, branch| state.world.delete_branch(branch));
    assert!(issue.contains("s0/Dockerfile Declined { by: Some(\"admin\") } 1\n"), "{issue}");
    assert!(issue.contains("s1/Dockerfile Ready 0\n"), "the first wave waits for it: {issue}");
}

/// Branches of earlier versions have fewer digits.
#[test]
fn a_pull_request_of_an_earlier_version_counts() {
    let former = |state: &State| state.policy.names.branch_of("s0/Dockerfile").unwrap().unwrap().former;
    let issue = reported(|state, _| {
        let former = former(state);
        propose(state, &former);
    });
    assert!(issue.contains("s0/Dockerfile Open(Current) 2\n"), "{issue}");
    let issue = reported(|state, branch| {
        // Without its label and its branch, only its head shows that it was of this file.
        let former = former(state);
        let number = propose(state, &former);
        state.world.merge(number, true, true);
        state.world.delete_branch(branch);
        let main = state.world.main();
        let more = state.world.text(main, "s0/Dockerfile").unwrap().clone() + "COPY c d\n";
        let changed = state.world.change(main, &[("s0/Dockerfile", Some(&more))], "Change");
        state.world.branches.insert(MAIN.into(), changed);
    });
    assert!(issue.contains("s0/Dockerfile Partly 2\n"), "{issue}");
}

/// A run that was killed leaves a pull request without a label; a merge takes its branch away.
#[test]
fn a_later_pull_request_that_never_had_the_label_counts() {
    let issue = reported(|state, branch| {
        let number = propose(state, branch);
        state.world.merge(number, true, true);
        let main = state.world.main();
        let more = state.world.text(main, "s0/Dockerfile").unwrap().clone() + "COPY c d\n";
        let changed = state.world.change(main, &[("s0/Dockerfile", Some(&more))], "Change");
        state.world.branches.insert(MAIN.into(), changed);
    });
    assert!(issue.contains("s0/Dockerfile Partly 2\n"), "{issue}");
    assert!(issue.contains("s1/Dockerfile Open(Current) 3\n"), "{issue}");
}
