/// The registries of EKS's own add-ons, a tab-separated line for each region after a line of headings
/// (<https://docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html>).
const REGISTRIES: &str = include_str!("eks-addon-registries.tsv");

/// Every region that has such a registry, with the account that owns it.
pub(super) fn registries() -> impl Iterator<Item = (&'static str, &'static str)> {
    REGISTRIES.lines().skip(1).filter_map(|line| {
        let mut fields = line.split('\t');
        Some((fields.next()?, fields.next()?))
    })
}
