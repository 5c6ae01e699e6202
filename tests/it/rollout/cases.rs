//! Campaigns that something is known of.

use std::collections::BTreeMap;

use super::state::State;
use super::world::{MAIN, Who, World};
use super::{NO_MISTAKE, Simulation, plan_again, repository};

/// A campaign with a first file and another one behind it.
fn campaign() -> Simulation {
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
        state.clone_at = state.world.main();
    }
    simulation
}

fn issue(simulation: &Simulation) -> String {
    simulation.report().unwrap();
    simulation.state.borrow().world.issues[0].body.clone()
}

/// A campaign whose first pull request was declined, and then what `act` does to it with the first file's branch. Gives
/// what the issue says after a report.
fn reported(act: impl FnOnce(&mut State, &str)) -> String {
    let simulation = campaign();
    {
        let state = &mut *simulation.state.borrow_mut();
        let branch = state.branches["s0/Dockerfile"].clone();
        let number = propose(state, &branch);
        let label = state.policy.names.label();
        state.world.pull_mut(number).unwrap().labels.insert(label);
        state.world.close(number);
        act(state, &branch);
        plan_again(state);
        state.clone_at = state.world.main();
    }
    issue(&simulation)
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

/// Whoever opens an issue can edit it.
#[test]
fn the_ticks_of_those_who_may_not_write_do_not_count() {
    let ticked = |by_outsider: bool| {
        reported(|state, branch| {
            state.world.delete_branch(branch);
            let text = "<!-- layerwright -->\n- [x] s0/Dockerfile #1\n<!-- /layerwright -->";
            let number = state.world.create_issue("COPY --link", text);
            let issue = state.world.issue_mut(number).unwrap();
            issue.labels.insert(state.policy.names.label());
            issue.by_outsider = by_outsider;
        })
    };
    let issue = ticked(false);
    assert!(issue.contains("s0/Dockerfile Open(Current) 3\n"), "{issue}");
    let issue = ticked(true);
    assert!(issue.contains("s0/Dockerfile Declined { by: Some(\"admin\") } 1\n"), "{issue}");
    assert!(issue.contains("- [x] s0/Dockerfile #1\n"), "it stays as it is: {issue}");
}

/// A person who amends a commit keeps its message.
#[test]
fn a_commit_with_another_mode_is_not_the_campaigns() {
    for (mode, state) in [("100644", "Current"), ("100755", "OtherCommits"), ("120000", "OtherCommits")] {
        let simulation = campaign();
        assert!(issue(&simulation).contains("s0/Dockerfile Open(Current) 1\n"));
        {
            let world = &mut simulation.state.borrow_mut().world;
            let branch = world.pull(1).unwrap().branch.clone();
            let own = world.commits[world.branches[&branch]].clone();
            let amended = world.commit(own.parents, own.tree, &own.message, Who::Person);
            world.odd_modes.insert((amended, "s0/Dockerfile".to_owned()), mode.to_owned());
            world.branches.insert(branch, amended);
        }
        let issue = issue(&simulation);
        assert!(issue.contains(&format!("s0/Dockerfile Open({state}) 1\n")), "{mode}: {issue}");
    }
}

/// Branches of earlier versions have fewer digits.
#[test]
fn a_pull_request_of_an_earlier_version_counts() {
    let former = |state: &State| state.policy.names.branch_of("s0/Dockerfile").unwrap().unwrap().former;
    let issue = reported(|state, _| {
        let former = former(state);
        propose(state, &former);
    });
    assert!(issue.contains("s0/Dockerfile Open(OtherCommits) 2\n"), "{issue}");
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
