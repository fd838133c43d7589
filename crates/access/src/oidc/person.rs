//! Who a person is to the hub, after what the provider says of them. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::token::Claims;
use http::Role;

/// Which claims are looked at, and what they mean.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// The claim that holds the account's name.
    pub name_claim: String,
    /// The claim that holds groups or roles: a text or a list of texts. Points lead into objects
    /// (`realm_access.roles`).
    pub role_claim: String,
    /// The role that each of its values gives; the highest counts.
    pub roles: BTreeMap<String, Role>,
    /// The role of those to whom nothing else gives one; `None` = they do not get in.
    pub default_role: Option<Role>,
}

impl Mapping {
    /// The account's name.
    pub(super) fn name(&self, claims: &Claims) -> Option<String> {
        claim(claims, &self.name_claim)?.as_str().map(str::to_owned)
    }

    /// Whether everything that is looked at is there.
    pub(super) fn is_answered(&self, claims: &Claims) -> bool {
        let roles = self.roles.is_empty() || claim(claims, &self.role_claim).is_some();
        roles && self.name(claims).is_some()
    }

    /// The role, if the person has one.
    pub(super) fn role(&self, claims: &Claims) -> Option<Role> {
        let values = match claim(claims, &self.role_claim) {
            Some(Value::String(one)) => vec![one.as_str()],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let given = values.into_iter().filter_map(|value| self.roles.get(value).copied());
        given.max().or(self.default_role)
    }
}

/// A claim by its name, or by the way to it. Names of claims may have points themselves (`https://example.org/groups`).
fn claim<'c>(claims: &'c Claims, name: &str) -> Option<&'c Value> {
    claims.get(name).or_else(|| {
        let mut parts = name.split('.');
        let first = claims.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.get(part))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(value: Value) -> Claims {
        let Value::Object(claims) = value else { unreachable!("an object") };
        claims
    }

    fn mapping(role_claim: &str) -> Mapping {
        let roles = [("staff", Role::Viewer), ("ops", Role::Operator), ("root", Role::Admin)];
        Mapping {
            name_claim: "preferred_username".to_owned(),
            role_claim: role_claim.to_owned(),
            roles: roles.into_iter().map(|(value, role)| (value.to_owned(), role)).collect(),
            default_role: None,
        }
    }

    #[test]
    fn the_highest_role_counts_and_no_role_is_none() {
        let role = |groups: Value| mapping("groups").role(&claims(json!({ "groups": groups })));
        assert_eq!(role(json!(["ops", "staff", "other"])), Some(Role::Operator));
        assert_eq!(role(json!("root")), Some(Role::Admin));
        assert_eq!(role(json!(["other"])), None);
        assert_eq!(role(json!({"staff": true})), None);
        let open = Mapping { default_role: Some(Role::Viewer), ..mapping("groups") };
        assert_eq!(open.role(&claims(json!({}))), Some(Role::Viewer));
        assert_eq!(open.role(&claims(json!({"groups": ["root"]}))), Some(Role::Admin));
    }

    #[test]
    fn claims_are_found_by_name_and_by_way() {
        let nested = claims(json!({"realm_access": {"roles": ["ops"]}, "https://a.example/r": "staff"}));
        assert_eq!(mapping("realm_access.roles").role(&nested), Some(Role::Operator));
        assert_eq!(mapping("https://a.example/r").role(&nested), Some(Role::Viewer));
        assert_eq!(mapping("realm_access.roles.0").role(&nested), None);
        assert_eq!(mapping("nowhere.at.all").role(&nested), None);
    }

    #[test]
    fn what_the_id_token_lacks_is_asked_for() {
        let whole = claims(json!({"preferred_username": "alice", "groups": []}));
        assert!(mapping("groups").is_answered(&whole));
        assert!(!mapping("roles").is_answered(&whole));
        assert!(!mapping("groups").is_answered(&claims(json!({"groups": []}))));
    }
}
