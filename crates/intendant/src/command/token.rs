//! `intendant token …`.

use anyhow::Result;
use api::dto::{NewLink, NewToken, Time, TokenView};

use crate::cli::{MakeToken, OneToken, SignIn, Token, TokenList};
use crate::context::Context;
use crate::exit::{Exit, misuse};
use crate::render::{Align, Mark, Table, Times};

/// Carries out one of them.
pub async fn run(command: Token, context: &Context) -> Result<Exit> {
    match command {
        Token::Make(args) => make(args, context).await,
        Token::List(args) => list(&args, context).await,
        Token::Revoke(args) => revoke(&args, context).await,
        Token::SignIn(args) => sign_in(args, context).await,
    }
}

async fn make(args: MakeToken, context: &Context) -> Result<Exit> {
    let known = context.modules.scopes();
    args.scope.iter().try_for_each(|name| known.find(name).map(drop)).map_err(misuse)?;
    let now = context.clock.now();
    let expires_at = args.expires.map(|when| Time(when.ahead_of(now)));
    let new = NewToken { name: args.name, scopes: args.scope, expires_at };
    let made = context.client()?.make_token(&new).await?;
    if args.json {
        context.screen.json(&made)?;
    } else {
        context.screen.line(&made.secret)?;
        context.screen.remark("this is the only time that it is shown");
    }
    Ok(Exit::Done)
}

async fn list(args: &TokenList, context: &Context) -> Result<Exit> {
    let tokens = context.client()?.tokens().await?;
    if args.json {
        context.screen.json(&tokens)?;
    } else if tokens.is_empty() {
        context.screen.remark("there is none yet: `intendant token make NAME --scope submit` makes one");
    } else {
        context.screen.table(&table(&tokens, context))?;
    }
    Ok(Exit::Done)
}

fn table(tokens: &[TokenView], context: &Context) -> Table {
    let (times, now) = (Times::local(), context.clock.now());
    let never = context.screen.say("never");
    let time = |at: Option<Time>| at.map_or(never.clone(), |at| times.short(at.0, now));
    let mut table = Table::new([
        ("TOKEN", Align::Left),
        ("ID", Align::Left),
        ("USED", Align::Left),
        ("EXPIRES", Align::Left),
        ("SCOPES", Align::Left),
    ]);
    for token in tokens {
        table.row([
            (&token.name).into(),
            (&token.id).into(),
            time(token.used_at).into(),
            time(token.expires_at).into(),
            token.scopes.join(", ").into(),
        ]);
    }
    table
}

async fn revoke(args: &OneToken, context: &Context) -> Result<Exit> {
    context.client()?.revoke_token(&args.token).await?;
    context.screen.marked(Mark::Good, format!("{} does not work any more", args.token))?;
    Ok(Exit::Done)
}

async fn sign_in(args: SignIn, context: &Context) -> Result<Exit> {
    let link = context.client()?.sign_in_link(&NewLink { account: args.account }).await?;
    if args.json {
        context.screen.json(&link)?;
    } else {
        context.screen.line(&link.url)?;
        context.screen.remark("it works once, for 15 minutes");
    }
    Ok(Exit::Done)
}
