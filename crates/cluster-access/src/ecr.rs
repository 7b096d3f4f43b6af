//! What Elastic Container Registry says of images and repositories: asked in batches, each once, several at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use aws_sdk_ecr::Client;
use aws_sdk_ecr::error::ProvideErrorMetadata;
use aws_sdk_ecr::operation::describe_images::DescribeImagesError;
use aws_sdk_ecr::types::{ImageDetail, ImageIdentifier, ImageScanFindings, Repository};
use eks_rules::{EcrRepository, ImageName, ImageScan, RegistryAnswer, RegistryQuestion, RepositorySettings};
use futures_util::future::try_join_all;
use tokio::sync::Semaphore;

use crate::aws::Aws;
use crate::error::{Cause, NotJudged};
use crate::image_index::{self, linux_images};

/// How many calls are under way at once for one cluster.
const CALLS_AT_ONCE: usize = 8;

/// How many images or repositories one call takes.
const BATCH: usize = 100;

const DESCRIBE_REPOSITORIES: &str = "DescribeRepositories";

const DESCRIBE_FINDINGS: &str = "DescribeImageScanFindings";

/// The digest of no image.
const NOWHERE: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// ECR, in whichever accounts and regions the images of a cluster are.
pub(crate) struct Ecr {
    aws: Aws,
    calls: Semaphore,
}

impl fmt::Debug for Ecr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Ecr").finish_non_exhaustive()
    }
}

/// The answers to questions.
type Answers = Vec<(RegistryQuestion, RegistryAnswer)>;

impl Ecr {
    pub(crate) fn new(aws: &Aws) -> Self {
        Self { aws: aws.clone(), calls: Semaphore::new(CALLS_AT_ONCE) }
    }

    /// Answers every question, or none.
    pub(crate) async fn answers(&self, questions: Vec<RegistryQuestion>) -> Result<Answers, NotJudged> {
        let mut scans: BTreeMap<EcrRepository, Vec<ImageName>> = BTreeMap::new();
        let mut settings: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        for question in questions {
            match question {
                RegistryQuestion::Scan(repository, name) => scans.entry(repository).or_default().push(name),
                RegistryQuestion::Settings(EcrRepository { account, region, name }) => {
                    settings.entry((account, region)).or_default().push(name);
                }
            }
        }
        let mut clients: HashMap<String, Client> = HashMap::new();
        let mut client =
            |region: &str| clients.entry(region.to_owned()).or_insert_with(|| self.aws.ecr(region)).clone();
        let mut scanning = Vec::new();
        for (repository, names) in scans {
            let client = client(&repository.region);
            scanning.push(async move { Repo { ecr: self, client, repository: &repository }.scans(names).await });
        }
        let mut setting = Vec::new();
        for ((account, region), names) in settings {
            for names in names.chunks(BATCH).map(<[String]>::to_vec) {
                let (client, account, region) = (client(&region), account.clone(), region.clone());
                setting.push(async move { self.settings(&client, &account, &region, names).await });
            }
        }
        let (scans, settings) = tokio::try_join!(try_join_all(scanning), try_join_all(setting))?;
        Ok(scans.into_iter().chain(settings).flatten().collect())
    }

    /// Makes each call once, about an image that no repository has, and says what came of it. Without a repository in
    /// the registry there is nothing to ask about.
    pub(crate) async fn probe(&self, account: &str, region: &str) -> Vec<(&'static str, Result<String, NotJudged>)> {
        let client = self.aws.ecr(region);
        let registry = format!("account {account} in {region}");
        let call = client.describe_repositories().registry_id(account).max_results(1);
        let name = match self.call(call.send()).await {
            Ok(answer) => answer.repositories.unwrap_or_default().into_iter().find_map(|one| one.repository_name),
            Err(error) => return vec![(DESCRIBE_REPOSITORIES, Err(failed(DESCRIBE_REPOSITORIES, registry, error)))],
        };
        let Some(name) = name else {
            return vec![(DESCRIBE_REPOSITORIES, Ok(format!("there is no repository of {registry} to ask about")))];
        };
        let repository = EcrRepository { account: account.to_owned(), region: region.to_owned(), name };
        let repo = Repo { ecr: self, client, repository: &repository };
        let found = || format!("asked of {repository}");
        vec![
            (DESCRIBE_REPOSITORIES, Ok(found())),
            ("DescribeImages", repo.describe(vec![digest_identifier(NOWHERE)]).await.map(|_| found())),
            (DESCRIBE_FINDINGS, repo.findings(NOWHERE).await.map(|_| found())),
            ("BatchGetImage", repo.children(BTreeSet::from([NOWHERE.to_owned()])).await.map(|_| found())),
        ]
    }

    /// How repositories of one registry are set up. A name that is not there fails the whole call, so that it is looked
    /// for by halves.
    async fn settings(
        &self,
        client: &Client,
        account: &str,
        region: &str,
        names: Vec<String>,
    ) -> Result<Answers, NotJudged> {
        let of = |name: String| EcrRepository { account: account.to_owned(), region: region.to_owned(), name };
        let mut answers = Vec::new();
        let mut open = vec![names];
        while let Some(names) = open.pop() {
            let call = client.describe_repositories().registry_id(account).set_repository_names(Some(names.clone()));
            match self.call(call.send()).await {
                Ok(answer) => {
                    let mut found: HashMap<String, Repository> = answer
                        .repositories
                        .unwrap_or_default()
                        .into_iter()
                        .map(|one| (one.repository_name.clone().unwrap_or_default(), one))
                        .collect();
                    answers.extend(names.into_iter().map(|name| {
                        let answer = found
                            .remove(&name)
                            .map_or(RegistryAnswer::NoRepository, |found| RegistryAnswer::Settings(settings(found)));
                        (RegistryQuestion::Settings(of(name)), answer)
                    }));
                }
                Err(error)
                    if error.as_service_error().is_some_and(|error| error.is_repository_not_found_exception()) =>
                {
                    match <[String; 1]>::try_from(names) {
                        Ok([name]) => {
                            answers.push((RegistryQuestion::Settings(of(name)), RegistryAnswer::NoRepository));
                        }
                        Err(names) => open.extend(halves(names)),
                    }
                }
                Err(error) => {
                    let repositories = format!("{} of account {account} in {region}", listed(&names));
                    return Err(failed(DESCRIBE_REPOSITORIES, repositories, error));
                }
            }
        }
        Ok(answers)
    }

    /// Makes a call when there is room for it.
    async fn call<T>(&self, call: impl Future<Output = T>) -> T {
        let _room = self.calls.acquire().await.ok();
        call.await
    }
}

/// One repository.
struct Repo<'a> {
    ecr: &'a Ecr,
    client: Client,
    repository: &'a EcrRepository,
}

impl Repo<'_> {
    /// What the scans of images say.
    async fn scans(&self, names: Vec<ImageName>) -> Result<Answers, NotJudged> {
        let answer = |name, answer| (RegistryQuestion::Scan(self.repository.clone(), name), answer);
        let identifiers = names.iter().map(identifier).collect();
        let Some(described) = self.describe(identifiers).await? else {
            return Ok(names.into_iter().map(|name| answer(name, RegistryAnswer::NoRepository)).collect());
        };
        let indexes: BTreeSet<String> = described
            .iter()
            .filter(|image| image.image_manifest_media_type.as_deref().is_some_and(image_index::is_index))
            .filter_map(|image| image.image_digest.clone())
            .collect();
        let children = self.children(indexes).await?;
        let wanted: BTreeSet<&String> = children.values().flatten().flatten().collect();
        let wanted = wanted.into_iter().map(|digest| digest_identifier(digest)).collect();
        let described_children = self.describe(wanted).await?.unwrap_or_default();
        let find = |name: &ImageName| described.iter().find(|image| is(image, name));
        let answers = names.into_iter().map(|name| {
            let image = find(&name);
            let children = image.and_then(|image| children.get(image.image_digest.as_ref()?));
            let described_children = &described_children;
            async move {
                let scans = match (image, children) {
                    (_, Some(Ok(children))) => {
                        let scans = children.iter().map(|digest| {
                            let child = described_children.iter().find(|child| child.image_digest() == Some(digest));
                            self.scan(child)
                        });
                        try_join_all(scans).await?
                    }
                    (_, Some(Err(why))) => vec![ImageScan::without(why)],
                    (image, None) => vec![self.scan(image).await?],
                };
                Ok(answer(name, RegistryAnswer::Scans(scans)))
            }
        });
        try_join_all(answers).await
    }

    /// Describes images; those that are not there are left out. None where the repository is not there.
    ///
    /// An image that is not there fails the whole call, so that it is looked for by halves.
    async fn describe(&self, identifiers: Vec<ImageIdentifier>) -> Result<Option<Vec<ImageDetail>>, NotJudged> {
        let mut open: Vec<Vec<ImageIdentifier>> = identifiers.chunks(BATCH).map(<[_]>::to_vec).collect();
        let mut described = Vec::new();
        while let Some(batch) = open.pop() {
            let call = self
                .client
                .describe_images()
                .registry_id(&self.repository.account)
                .repository_name(&self.repository.name)
                .set_image_ids(Some(batch.clone()));
            match self.ecr.call(call.send()).await {
                Ok(answer) => described.extend(answer.image_details.unwrap_or_default()),
                Err(error) => match error.as_service_error() {
                    Some(DescribeImagesError::ImageNotFoundException(_)) if batch.len() > 1 => {
                        open.extend(halves(batch));
                    }
                    Some(DescribeImagesError::ImageNotFoundException(_)) => {}
                    Some(DescribeImagesError::RepositoryNotFoundException(_)) => return Ok(None),
                    _ => return Err(self.failed("DescribeImages", error)),
                },
            }
        }
        Ok(Some(described))
    }

    /// The images for Linux of each index, or why it cannot be had.
    async fn children(
        &self,
        indexes: BTreeSet<String>,
    ) -> Result<HashMap<String, Result<Vec<String>, String>>, NotJudged> {
        let mut children = HashMap::new();
        let indexes: Vec<String> = indexes.into_iter().collect();
        for batch in indexes.chunks(BATCH) {
            let call = self
                .client
                .batch_get_image()
                .registry_id(&self.repository.account)
                .repository_name(&self.repository.name)
                .set_image_ids(Some(batch.iter().map(|digest| digest_identifier(digest)).collect()))
                .set_accepted_media_types(Some(image_index::MEDIA_TYPES.map(str::to_owned).to_vec()));
            let answer = self.ecr.call(call.send()).await.map_err(|error| self.failed("BatchGetImage", error))?;
            for failure in answer.failures.unwrap_or_default() {
                let digest = failure.image_id.and_then(|id| id.image_digest).unwrap_or_default();
                let why = failure.failure_code.map_or("no manifest".to_owned(), |code| code.as_str().to_owned());
                children.insert(digest, Err(why));
            }
            for image in answer.images.unwrap_or_default() {
                let digest = image.image_id.and_then(|id| id.image_digest).unwrap_or_default();
                let manifest = image.image_manifest.unwrap_or_default();
                let linux = linux_images(&manifest).map_err(|error| self.failed("BatchGetImage", error))?;
                children.insert(digest, Ok(linux));
            }
            for digest in batch {
                children.entry(digest.clone()).or_insert_with(|| Err("no manifest".to_owned()));
            }
        }
        Ok(children)
    }

    /// What the scan of an image says: the summary, where DescribeImages gives one, otherwise what
    /// DescribeImageScanFindings says. ECR's newer basic scanning gives no summary.
    async fn scan(&self, image: Option<&ImageDetail>) -> Result<ImageScan, NotJudged> {
        let Some(image) = image else { return Ok(ImageScan::without(IMAGE_NOT_FOUND)) };
        let status = image.image_scan_status.as_ref().and_then(|status| status.status.as_ref());
        let counts = image.image_scan_findings_summary().and_then(|summary| summary.finding_severity_counts.as_ref());
        if let Some(counts) = counts {
            let status = status.map(|status| status.as_str().to_owned()).unwrap_or_default();
            return Ok(ImageScan { status, counts: Some(counted(counts)) });
        }
        self.findings(image.image_digest().unwrap_or_default()).await
    }

    /// What DescribeImageScanFindings says of an image. Findings are counted page by page only where it gives no numbers.
    async fn findings(&self, digest: &str) -> Result<ImageScan, NotJudged> {
        let (mut token, mut tokens) = (None, BTreeSet::new());
        let mut listed = BTreeMap::new();
        loop {
            let call = self
                .client
                .describe_image_scan_findings()
                .registry_id(&self.repository.account)
                .repository_name(&self.repository.name)
                .image_id(digest_identifier(digest))
                .set_next_token(token.take());
            let answer = match self.ecr.call(call.send()).await {
                Ok(answer) => answer,
                Err(error) => match error.code() {
                    Some(word @ ("ScanNotFoundException" | IMAGE_NOT_FOUND)) => return Ok(ImageScan::without(word)),
                    _ => return Err(self.failed(DESCRIBE_FINDINGS, error)),
                },
            };
            let status = answer.image_scan_status.and_then(|status| status.status);
            let status = status.map(|status| status.as_str().to_owned()).unwrap_or_default();
            let Some(findings) = answer.image_scan_findings else { return Ok(ImageScan::without(status)) };
            if let Some(counts) = &findings.finding_severity_counts {
                return Ok(ImageScan { status, counts: Some(counted(counts)) });
            }
            count(&findings, &mut listed);
            match answer.next_token {
                None => return Ok(ImageScan { status, counts: Some(listed) }),
                Some(next) if !tokens.insert(next.clone()) => {
                    return Err(self.failed(DESCRIBE_FINDINGS, "the token of a page came twice"));
                }
                next => token = next,
            }
        }
    }

    fn failed(&self, operation: &'static str, error: impl Into<Failure>) -> NotJudged {
        failed(operation, self.repository.to_string(), error)
    }
}

/// The word for an image that is not in its repository any more.
const IMAGE_NOT_FOUND: &str = "ImageNotFoundException";

fn identifier(name: &ImageName) -> ImageIdentifier {
    match name {
        ImageName::Digest(digest) => digest_identifier(digest),
        ImageName::Tag(tag) => ImageIdentifier::builder().image_tag(tag).build(),
    }
}

fn digest_identifier(digest: &str) -> ImageIdentifier {
    ImageIdentifier::builder().image_digest(digest).build()
}

/// Whether an image is the one of that name.
fn is(image: &ImageDetail, name: &ImageName) -> bool {
    match name {
        ImageName::Digest(digest) => image.image_digest() == Some(digest),
        ImageName::Tag(tag) => image.image_tags().contains(tag),
    }
}

fn settings(repository: Repository) -> RepositorySettings {
    let filters = repository.image_tag_mutability_exclusion_filters.unwrap_or_default().into_iter();
    RepositorySettings {
        tag_mutability: repository.image_tag_mutability.map(|word| word.as_str().to_owned()).unwrap_or_default(),
        exclusion_filters: filters.map(|filter| (filter.filter_type.as_str().to_owned(), filter.filter)).collect(),
        encryption: repository
            .encryption_configuration
            .map(|encryption| encryption.encryption_type.as_str().to_owned())
            .unwrap_or_default(),
    }
}

fn counted(counts: &HashMap<aws_sdk_ecr::types::FindingSeverity, i32>) -> BTreeMap<String, u64> {
    counts.iter().map(|(severity, count)| (severity.as_str().to_owned(), u64::try_from(*count).unwrap_or(0))).collect()
}

/// Adds the findings of a page. Those of Inspector that are closed or suppressed are none.
fn count(findings: &ImageScanFindings, counts: &mut BTreeMap<String, u64>) {
    let basic = findings.findings().iter().map(|finding| finding.severity.as_ref().map(|severity| severity.as_str()));
    let enhanced = findings.enhanced_findings().iter();
    let enhanced = enhanced
        .filter(|finding| !matches!(finding.status.as_deref(), Some("CLOSED" | "SUPPRESSED")))
        .map(|finding| finding.severity.as_deref());
    for severity in basic.chain(enhanced) {
        *counts.entry(severity.unwrap_or("UNDEFINED").to_owned()).or_default() += 1;
    }
}

fn halves<T>(mut all: Vec<T>) -> [Vec<T>; 2] {
    let half = all.split_off(all.len() / 2);
    [all, half]
}

/// The first names, and how many there are besides.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(SHOWN) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} and {more} more"),
    }
}

/// Why a call failed, and whether it is for want of a right.
struct Failure {
    forbidden: bool,
    source: Cause,
}

impl<E> From<aws_sdk_ecr::error::SdkError<E>> for Failure
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    fn from(error: aws_sdk_ecr::error::SdkError<E>) -> Self {
        let forbidden = error.code().is_some_and(|code| code.starts_with("AccessDenied"));
        Self { forbidden, source: error.into() }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self { forbidden: false, source: error.into() }
    }
}

impl From<&'static str> for Failure {
    fn from(error: &'static str) -> Self {
        Self { forbidden: false, source: error.into() }
    }
}

fn failed(operation: &'static str, repository: String, error: impl Into<Failure>) -> NotJudged {
    let Failure { forbidden, source } = error.into();
    NotJudged::Registry { operation, repository, forbidden, source }
}
