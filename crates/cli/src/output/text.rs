pub(super) use eks_rules::{printable, shortened};
