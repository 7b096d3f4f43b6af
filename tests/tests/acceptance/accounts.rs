//! Several accounts: every call for an event is made in the event's account.

use acceptance::{Event, binary, compliant, evaluations, options, start, verdicts, violating};
use eks_rules::RuleName;
use loopback::{AccountSpec, FUNCTION_ROLE, OWN_ACCOUNT, Outcome, RoleSpec, World, WorldSpec};

const MEMBER: &str = "444455556666";
const OTHER: &str = "777788889999";

/// The function's own account, and two member accounts in which a role may be assumed.
async fn organization() -> World {
    let member = |id: &str, clusters, external_id: Option<&str>| AccountSpec {
        clusters,
        roles: vec![RoleSpec { name: "auditor".to_owned(), external_id: external_id.map(str::to_owned) }],
        ..AccountSpec::new(id)
    };
    start(WorldSpec {
        accounts: vec![
            member(OWN_ACCOUNT, vec![compliant("own")], None),
            member(MEMBER, vec![violating("shared-name"), compliant("member")], Some("agreed")),
            member(OTHER, vec![compliant("shared-name")], None),
        ],
        ..WorldSpec::default()
    })
    .await
}

/// An event of an organization rule, which is invoked once for each member account.
fn event(account: &str) -> Event {
    Event::schedule(RuleName::PrivEscalation).of_account(account).with("executionRoleName", "auditor")
}

#[tokio::test]
async fn every_call_is_made_with_the_role_of_the_events_account() {
    for rule in RuleName::ALL {
        let world = organization().await;
        let event =
            Event::schedule(rule).of_account(MEMBER).with("executionRoleName", "auditor").with("externalId", "agreed");
        event.run(&world).await.succeeded();
        let requests = world.aws_requests();
        assert_eq!(requests[0].operation, "AssumeRole");
        assert_eq!((requests[0].account.as_str(), requests[0].role.as_str()), (OWN_ACCOUNT, FUNCTION_ROLE));
        assert!(requests.len() > 4);
        for request in &requests[1..] {
            let caller = (request.account.as_str(), request.role.as_str());
            assert_eq!(caller, (MEMBER, "auditor"), "{}", request.operation);
        }
        for request in world.kubernetes_requests() {
            assert_eq!(request.account, MEMBER);
            let user = format!("arn:aws:sts::{MEMBER}:assumed-role/auditor/eks-config-rules-{rule}");
            assert_eq!(request.user, Some(user));
        }
        assert!(world.put_calls().iter().all(|call| call.account == MEMBER));
        assert_eq!(verdicts(&world).into_keys().collect::<Vec<_>>(), ["member", "shared-name"]);
    }
}

#[tokio::test]
async fn the_rdks_spelling_of_the_roles_parameter_is_taken() {
    let world = organization().await;
    let event = Event::schedule(RuleName::PrivEscalation).of_account(OTHER).with("ExecutionRoleName", "auditor");
    event.run(&world).await.succeeded();
    assert_eq!(world.put_calls()[0].account, OTHER);
}

#[tokio::test]
async fn the_roles_arn_has_the_partition_of_the_event_and_the_path_of_the_parameter() {
    for partition in ["aws", "aws-cn", "aws-us-gov"] {
        let world = organization().await;
        let event = Event::schedule(RuleName::PrivEscalation)
            .of_account(OTHER)
            .of_partition(partition)
            .with("executionRoleName", "security/audit/auditor");
        event.run(&world).await.succeeded();
        let body = &world.aws_requests()[0].body;
        assert_eq!(body["RoleArn"], format!("arn:{partition}:iam::{OTHER}:role/security/audit/auditor"));
        assert_eq!(body["RoleSessionName"], "eks-config-rules-privEscalation");
        assert!(body["ExternalId"].is_null(), "{body}");
    }
}

/// Expects that the event fails for want of credentials, and that nothing was read or said.
async fn no_credentials(world: &World, event: Event, parts: &[&str]) {
    let run = event.run(world).await;
    run.failed_with("CredentialsFailed", parts);
    assert_eq!((world.put_calls().len(), world.kubernetes_requests().len()), (0, 0));
    assert!(world.aws_requests().iter().all(|request| request.service == "sts"));
}

#[tokio::test]
async fn a_wrong_or_missing_external_id_is_refused() {
    let world = organization().await;
    let parts =
        [&format!("AssumeRole of arn:aws:iam::{MEMBER}:role/auditor failed"), "not authorized", "member-role.yaml"];
    no_credentials(&world, event(MEMBER).with("externalId", "guessed"), &parts).await;
    no_credentials(&world, event(MEMBER), &parts).await;
}

#[tokio::test]
async fn a_role_that_is_not_there_is_refused() {
    let world = organization().await;
    no_credentials(&world, event(MEMBER).with("executionRoleName", "nobody"), &["role/nobody", "not authorized"]).await;
}

#[tokio::test]
async fn a_foreign_account_without_a_role_to_assume_is_refused() {
    let world = organization().await;
    let event = Event::schedule(RuleName::PrivEscalation).of_account(MEMBER);
    no_credentials(&world, event, &[OWN_ACCOUNT, MEMBER, "executionRoleName"]).await;
}

#[tokio::test]
async fn a_role_that_turns_out_to_be_of_another_account_is_refused() {
    let world = organization().await;
    // An STS that answers with somebody else's role: what a confused proxy, or a wrong partition, would do.
    let body = format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><AssumedRoleUser>\
         <AssumedRoleId>AROALOOPBACK:x</AssumedRoleId><Arn>arn:aws:sts::{OTHER}:assumed-role/auditor/x</Arn>\
         </AssumedRoleUser><Credentials><AccessKeyId>ASIALOOPBACKFUNCTION</AccessKeyId><SecretAccessKey>secret\
         </SecretAccessKey><SessionToken>token</SessionToken><Expiration>2036-01-01T00:00:00Z</Expiration>\
         </Credentials></AssumeRoleResult></AssumeRoleResponse>"
    );
    let headers = vec![("content-type".to_owned(), "text/xml".to_owned())];
    let action = loopback::FaultAction::Status { code: 200, headers, body };
    world.script(loopback::Fault::aws("sts", "AssumeRole", action));
    no_credentials(&world, event(MEMBER).with("externalId", "agreed"), &[OTHER, "which is not of account", MEMBER])
        .await;
}

#[tokio::test]
async fn accounts_that_take_turns_in_a_warm_function_share_nothing() {
    let world = organization().await;
    let mut function = world.function(&binary(RuleName::PrivEscalation.binary()), options()).await.unwrap();
    let turns = [MEMBER, OTHER, OWN_ACCOUNT, MEMBER, OWN_ACCOUNT, OTHER];
    for account in turns {
        let event = match account {
            MEMBER => event(account).with("externalId", "agreed"),
            OWN_ACCOUNT => Event::schedule(RuleName::PrivEscalation),
            _ => event(account),
        };
        let before = (world.aws_requests().len(), world.kubernetes_requests().len(), evaluations(&world).len());
        let (outcome, _) = function.deliver(&event.issued(&world)).await.unwrap();
        assert!(matches!(outcome, Outcome::Response(_)), "{outcome:?}");
        let requests = &world.aws_requests()[before.0..];
        assert!(requests.iter().skip(1).all(|request| request.account == account), "{account}: {requests:?}");
        assert!(world.kubernetes_requests()[before.1..].iter().all(|request| request.account == account));
        let said: Vec<_> = evaluations(&world)[before.2..]
            .iter()
            .map(|said| (said.resource_id.clone(), said.compliance_type.clone()))
            .collect();
        let expected: &[(&str, &str)] = match account {
            MEMBER => &[("member", "COMPLIANT"), ("shared-name", "NON_COMPLIANT")],
            OTHER => &[("shared-name", "COMPLIANT")],
            _ => &[("own", "COMPLIANT")],
        };
        let expected: Vec<_> = expected.iter().map(|(id, said)| ((*id).to_owned(), (*said).to_owned())).collect();
        assert_eq!(said, expected, "{account}");
    }
}

#[tokio::test]
async fn two_accounts_that_are_evaluated_at_the_same_time_share_nothing() {
    let world = organization().await;
    let (one, two) = (event(MEMBER).with("externalId", "agreed"), event(OTHER));
    let (one, two) = tokio::join!(one.run(&world), two.run(&world));
    one.succeeded();
    two.succeeded();
    let held = |account: &str| {
        let of_account = world.evaluations().into_iter().filter(|held| held.account == account);
        of_account.map(|held| (held.resource_id, held.compliance_type)).collect::<Vec<_>>()
    };
    let owned = |id: &str, said: &str| (id.to_owned(), said.to_owned());
    assert_eq!(held(MEMBER), [owned("member", "COMPLIANT"), owned("shared-name", "NON_COMPLIANT")]);
    assert_eq!(held(OTHER), [owned("shared-name", "COMPLIANT")]);
}
