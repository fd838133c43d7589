//! The conformance suite: what every implementation of `dyn Journal` has to do. Each rule is a function that takes a
//! [`Bed`](crate::support::Bed); `conformance!` makes a test of each.

pub mod accepting;

/// Runs every rule against the bed that the expression makes anew for each.
#[macro_export]
macro_rules! conformance {
    ($bed:expr) => {
        $crate::rules! { $bed;
            accepting {
                a_job_is_what_was_given
            }
        }
    };
}

#[macro_export]
macro_rules! rules {
    ($bed:expr; $($topic:ident { $($rule:ident)+ })+) => {
        $(mod $topic {
            $(#[tokio::test]
            async fn $rule() {
                $crate::conformance::$topic::$rule(&$bed).await;
            })+
        })+
    };
}
