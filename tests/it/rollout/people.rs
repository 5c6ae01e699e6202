//! What people do between runs and in the middle of them.

use std::rc::Rc;

use layerwright::campaign::plan::file::File;

use super::random::Random;
use super::repository::{is_dockerfile, linked, planned_text};
use super::state::State;
use super::texts;
use super::world::{MAIN, Who, id};

/// A person does something, if there is something to do it to.
pub fn act(state: &mut State) {
    match state.random.below(25) {
        0..=6 => merge(state),
        7 => on_pull(state, |state, number| state.world.close(number)),
        8 => reopen(state),
        9 => revert(state),
        10 => edit_body(state),
        11 => edit_issue(state),
        12 | 13 => tick(state),
        14 => push(state),
        15 => amend(state),
        16 => delete(state),
        17 => on_pull(state, |state, number| state.world.pull_mut(number).unwrap().labels.clear()),
        18 => rename(state),
        19 => change_base(state),
        20 => link_by_hand(state),
        21 => on_pull(state, |state, number| {
            let pull = state.world.pull_mut(number).unwrap();
            pull.queued = !pull.queued;
        }),
        22 => state.world.pulls.iter_mut().for_each(|pull| pull.pending = false),
        23 => propose(state),
        _ => update_branch(state),
    }
}

/// A person does something in the middle of a run: more often than not with the texts that it is about to write.
pub fn act_meanwhile(state: &mut State) {
    match state.random.below(6) {
        0 => edit_body(state),
        1 => edit_issue(state),
        2 => tick(state),
        _ => act(state),
    }
}

fn open_pulls(state: &State) -> Vec<u64> {
    state.world.pulls.iter().filter(|pull| pull.open).map(|pull| pull.number).collect()
}

fn on_pull(state: &mut State, act: impl FnOnce(&mut State, u64)) {
    let open = open_pulls(state);
    if let Some(&number) = state.random.choose(&open) {
        act(state, number);
    }
}

fn merge(state: &mut State) {
    on_pull(state, |state, number| {
        let (squash, delete) = (state.random.once_in(2), state.random.once_in(2));
        state.world.merge(number, squash, delete);
    });
}

fn reopen(state: &mut State) {
    let world = &state.world;
    let can_be = |pull: &&super::world::Pull| {
        let others = world.pulls.iter().any(|other| other.open && other.branch == pull.branch);
        !pull.open && pull.merged.is_none() && world.branches.get(&pull.branch) == Some(&pull.head) && !others
    };
    let closed: Vec<u64> = world.pulls.iter().filter(can_be).map(|pull| pull.number).collect();
    if let Some(&number) = state.random.choose(&closed) {
        state.world.pull_mut(number).unwrap().open = true;
    }
}

/// Restores what the files had before a merge.
fn revert(state: &mut State) {
    let merges: Vec<usize> = state.world.pulls.iter().filter_map(|pull| pull.merged).collect();
    let Some(&merge) = state.random.choose(&merges) else { return };
    let before = state.world.commits[merge].parents[0];
    let changed = state.world.differing(before, merge);
    let texts: Vec<(&str, Option<String>)> = changed
        .iter()
        .filter(|path| state.world.text(state.world.main(), path) == state.world.text(merge, path))
        .map(|path| (path.as_str(), state.world.text(before, path).cloned()))
        .collect();
    let changes: Vec<(&str, Option<&str>)> =
        texts.iter().map(|(path, text)| (*path, text.as_deref())).collect();
    on_main(state, &changes, "Revert");
}

fn on_main(state: &mut State, changes: &[(&str, Option<&str>)], message: &str) {
    let commit = state.world.change(state.world.main(), changes, message);
    state.world.branches.insert(MAIN.into(), commit);
}

/// Writes something new outside the markers.
fn write_into(random: &mut Random, token: usize, text: &str) -> String {
    match texts::parts(text) {
        Some((before, _, behind)) if random.once_in(2) => {
            format!("{before}note-{token}\n{}{behind}", &text[before.len()..text.len() - behind.len()])
        }
        // Now and then somebody removes what others wrote.
        None if random.once_in(4) => format!("note-{token}\n"),
        _ => format!("{text}\nnote-{token}\n"),
    }
}

fn edit_body(state: &mut State) {
    on_pull(state, |state, number| {
        state.tokens += 1;
        let body = &state.world.pull(number).unwrap().body;
        let body = write_into(&mut state.random, state.tokens, body);
        state.world.pull_mut(number).unwrap().body = body;
    });
}

fn edit_issue(state: &mut State) {
    let Some(issue) = state.world.issues.first_mut() else { return };
    state.tokens += 1;
    if state.random.once_in(3) {
        issue.body = match issue.body.strip_suffix(texts::CRAMPED) {
            Some(body) => body.to_owned(),
            None => format!("{}{}", issue.body, texts::CRAMPED),
        };
        return;
    }
    issue.body = write_into(&mut state.random, state.tokens, &issue.body);
}

fn tick(state: &mut State) {
    let Some(issue) = state.world.issues.first_mut() else { return };
    let lines = texts::ticks(&issue.body);
    if let Some((path, pull, is_ticked)) = state.random.choose(&lines) {
        *state.seen.entry("ticked").or_default() += 1;
        let line = |ticked: bool| format!("- [{}] {path} #{pull}\n", if ticked { 'x' } else { ' ' });
        issue.body = issue.body.replace(&line(*is_ticked), &line(!is_ticked));
    }
}

fn campaign_branches(state: &State) -> Vec<String> {
    state.world.branches.keys().filter(|name| *name != MAIN).cloned().collect()
}

/// A person's commit: to the Dockerfile, or to another file.
fn push(state: &mut State) {
    let branches = campaign_branches(state);
    let Some(branch) = state.random.choose(&branches) else { return };
    let head = state.world.branches[branch];
    let path = state.path_of(branch).cloned().filter(|path| state.world.text(head, path).is_some());
    let path = path.filter(|_| state.random.once_in(2)).unwrap_or("docs".into());
    state.tokens += 1;
    let text = format!("{}# {}\n", state.world.text(head, &path).cloned().unwrap_or_default(), state.tokens);
    let commit = state.world.change(head, &[(path.as_str(), Some(&text))], "By hand");
    state.world.branches.insert(branch.clone(), commit);
}

/// A person amends the last commit of a branch, and keeps what it says.
fn amend(state: &mut State) {
    let branches = campaign_branches(state);
    let Some(branch) = state.random.choose(&branches) else { return };
    let head = state.world.branches[branch];
    if state.world.contains(state.world.main(), head) {
        return;
    }
    let was = state.world.commits[head].clone();
    state.tokens += 1;
    let mut tree = (*was.tree).clone();
    let path = state.path_of(branch).cloned().filter(|path| tree.contains_key(path));
    let path = path.filter(|_| state.random.once_in(2)).unwrap_or("docs".into());
    let text = format!("{}# {}\n", tree.get(&path).cloned().unwrap_or_default(), state.tokens);
    tree.insert(path, text);
    let commit = state.world.commit(was.parents, Rc::new(tree), &was.message, Who::Person);
    state.world.branches.insert(branch.clone(), commit);
}

fn delete(state: &mut State) {
    let branches = campaign_branches(state);
    if let Some(branch) = state.random.choose(&branches) {
        state.world.delete_branch(branch);
    }
}

fn dockerfile(state: &mut State) -> Option<(String, String)> {
    let tree = state.world.commits[state.world.main()].tree.clone();
    let files: Vec<_> = tree.iter().filter(|(path, _)| is_dockerfile(path)).collect();
    let (path, text) = state.random.choose(&files)?;
    Some(((*path).clone(), (*text).clone()))
}

fn rename(state: &mut State) {
    let Some((path, text)) = dockerfile(state) else { return };
    if !state.random.once_in(3) {
        return;
    }
    state.tokens += 1;
    let new = format!("r{}/Dockerfile", state.tokens);
    on_main(state, &[(&path, None), (&new, Some(&text))], "Rename");
}

fn change_base(state: &mut State) {
    let Some((path, text)) = dockerfile(state) else { return };
    state.tokens += 1;
    let text = match state.random.below(3) {
        0 => format!("{text}# {}\n", state.tokens),
        1 => format!("{text}COPY e{} f\n", state.tokens),
        _ => return on_main(state, &[("README", Some(&state.tokens.to_string()))], "Change"),
    };
    on_main(state, &[(&path, Some(&text))], "Change");
}

fn link_by_hand(state: &mut State) {
    let Some((path, text)) = dockerfile(state) else { return };
    if state.random.once_in(3) {
        on_main(state, &[(&path, Some(&linked(&text)))], "Link");
    }
}

/// A person pushes a branch that `migrate --commit` made.
fn propose(state: &mut State) {
    let main = state.world.main();
    let has_branch = |path: &str| state.world.branches.contains_key(&state.branches[path]);
    let planned = |file: &&File| {
        let text = state.world.text(main, &file.path);
        text.is_some_and(|text| id(text) == file.blob) && !has_branch(&file.path)
    };
    let files: Vec<&File> = state.plan.files.iter().filter(planned).collect();
    let Some(&file) = state.random.choose(&files) else { return };
    let Some(text) = planned_text(file, state.world.text(main, &file.path).unwrap()) else { return };
    let mut tree = (*state.world.commits[main].tree).clone();
    let message = format!("Use COPY --link\n\nLayerwright: {} - {}\n", id(&text), id("checksum"));
    tree.insert(file.path.clone(), text);
    let branch = state.branches[&file.path].clone();
    let commit = state.world.commit(vec![main], Rc::new(tree), &message, Who::Bot);
    state.world.branches.insert(branch, commit);
    state.saw("pushed");
}

/// The button that merges the base branch into a pull request's.
fn update_branch(state: &mut State) {
    on_pull(state, |state, number| {
        let branch = state.world.pull(number).unwrap().branch.clone();
        let (main, head) = (state.world.main(), state.world.branches[&branch]);
        if let Some(tree) = state.world.merged(head, main).filter(|_| !state.world.contains(head, main)) {
            let merge = state.world.commit(vec![head, main], tree, "Merge main", Who::Person);
            state.world.branches.insert(branch, merge);
        }
    });
}
