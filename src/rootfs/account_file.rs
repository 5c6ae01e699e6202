//! Questions about the files that hold the accounts of an image, and their answers. It never reads a file.

/// A question about the accounts of an image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Account {
    /// The first group of this name in `/etc/group`.
    Group(String),
    /// The first user with this number in `/etc/passwd`.
    Uid(u32),
    /// The first user of this name in `/etc/passwd`.
    User(String),
}

/// The answer to a question about accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountEntry {
    /// The file has no such account.
    Missing,
    /// The numbers of the account; each is `None` if the file has no number there.
    Numbers {
        /// The uid; of a group, its gid.
        id: Option<u32>,
        /// The gid of a user; `None` for a group.
        gid: Option<u32>,
    },
}

impl Account {
    /// Returns the file that answers it.
    pub(super) fn file(&self) -> &'static str {
        match self {
            Account::Group(_) => "/etc/group",
            Account::Uid(_) | Account::User(_) => "/etc/passwd",
        }
    }
}

impl AccountEntry {
    /// Finds an account in the content of the file that answers it.
    pub fn find(account: &Account, file: &[u8]) -> Self {
        let text = String::from_utf8_lossy(file);
        let mut lines = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let number = |fields: &[&str], at: usize| fields.get(at).and_then(|field| field.parse().ok());
        let found = lines.find(|fields| match account {
            Account::Group(name) | Account::User(name) => fields.first() == Some(&name.as_str()),
            Account::Uid(uid) => is_number(fields.get(2).copied().unwrap_or_default(), *uid),
        });
        let Some(fields) = found else { return AccountEntry::Missing };
        let gid = if matches!(account, Account::Group(_)) { None } else { number(&fields, 3) };
        AccountEntry::Numbers { id: number(&fields, 2), gid }
    }
}

/// Returns true if a field is this number, in digits alone.
fn is_number(field: &str, number: u32) -> bool {
    field.bytes().all(|byte| byte.is_ascii_digit()) && field.parse() == Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_account_with_the_name_or_number_is_found() {
        let passwd = b"app:x:1000:1001::/:\napp:x:5:5::/:\nplus:x:+7:7::/:\nodd:x:a\n";
        let find = |account: &Account| AccountEntry::find(account, passwd);
        let numbers = |id, gid| AccountEntry::Numbers { id, gid };
        assert_eq!(find(&Account::User("app".into())), numbers(Some(1000), Some(1001)));
        assert_eq!(find(&Account::User("odd".into())), numbers(None, None));
        assert_eq!(find(&Account::User("ap".into())), AccountEntry::Missing);
        assert_eq!(find(&Account::Uid(5)), numbers(Some(5), Some(5)));
        assert_eq!(find(&Account::Uid(7)), AccountEntry::Missing);
        let group = AccountEntry::find(&Account::Group("staff".into()), b"staff:x:50:app\n");
        assert_eq!(group, numbers(Some(50), None));
    }
}
