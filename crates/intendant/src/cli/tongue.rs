//! What can be typed, described in another language: each text of clap's is looked up in the catalogue as it stands.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::builder::{Str, StyledStr};
use clap::error::ErrorKind;
use clap::{Arg, Command};
use http::page::Lang;
use module::terminal::{Tongue, text};

/// As clap does it, with the heading of the usage in bold and underlined.
const TEMPLATE: &str = "\
{before-help}{about-with-newline}
\u{1b}[1m\u{1b}[4mUtilisation\u{a0}:\u{1b}[0m {usage}

{all-args}{after-help}";

/// The command and all its subcommands in this language.
pub(super) fn described(mut command: Command, tongue: Tongue) -> Command {
    if tongue.lang() == Lang::En {
        return command;
    }
    command.build();
    speak(command, tongue)
}

fn speak(command: Command, tongue: Tongue) -> Command {
    let say = |text: &StyledStr| tongue.say(&text.to_string());
    let about = command.get_about().map(say);
    let long_about = command.get_long_about().map(say);
    let after = command.get_after_help().map(say);
    let names: Vec<String> = command.get_subcommands().map(|inner| inner.get_name().to_owned()).collect();
    let mut command = command.mut_args(|arg| said(arg, tongue));
    command =
        names.into_iter().fold(command, |all, name| all.mut_subcommand(name, |inner| speak(inner, tongue)));
    if let Some(about) = about {
        command = command.about(about);
    }
    if let Some(about) = long_about {
        command = command.long_about(about);
    }
    if let Some(after) = after {
        command = command.after_help(after);
    }
    command
        .help_template(TEMPLATE)
        .subcommand_help_heading("Commandes\u{a0}")
        .subcommand_value_name("COMMANDE")
}

/// An argument. What clap adds in its own words is put into ours.
fn said(arg: Arg, tongue: Tongue) -> Arg {
    let help = arg.get_help().map(|help| tongue.say(&help.to_string())).unwrap_or_default();
    let long = arg.get_long_help().map(|help| tongue.say(&help.to_string()));
    let names = arg.get_value_names().unwrap_or_default();
    let names: Vec<Str> = names.iter().map(|name| word(name, tongue)).collect();
    let takes = arg.get_action().takes_values();
    let heading = match arg.get_help_heading() {
        Some(heading) => tongue.word(heading),
        None if arg.is_positional() => Some("Arguments\u{a0}"),
        None => Some("Options\u{a0}"),
    };
    let defaults: Vec<String> =
        arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    let default = (takes && !arg.is_hide_default_value_set() && !defaults.is_empty())
        .then(|| format!(" [par défaut\u{a0}: {}]", defaults.join(", ")));
    let values: Vec<String> =
        arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    let known = (takes && !arg.is_hide_possible_values_set() && !values.is_empty())
        .then(|| format!(" [valeurs\u{a0}: {}]", values.join(", ")));
    let help = format!("{help}{}{}", default.unwrap_or_default(), known.unwrap_or_default());
    let mut arg = arg.help(help).hide_default_value(true).hide_possible_values(true);
    if let Some(heading) = heading {
        arg = arg.help_heading(heading);
    }
    if let Some(long) = long {
        arg = arg.long_help(long);
    }
    if takes && !names.is_empty() { arg.value_names(names) } else { arg }
}

fn word(name: &Str, tongue: Tongue) -> Str {
    tongue.word(name).map_or_else(|| name.clone(), Str::from)
}

/// Says what clap has to say: help, the version, or what is wrong with a line.
pub(super) fn tell(error: &clap::Error, tongue: Tongue) -> ExitCode {
    let help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    if help || tongue.lang() == Lang::En {
        // Where that fails there is nowhere left to say so.
        let _ = error.print();
    } else {
        let rendered = error.render().to_string();
        let said: Vec<String> = rendered.lines().map(|line| line_of(line, tongue)).collect();
        // As above.
        let _ = writeln!(io::stderr().lock(), "{}", text::printable(&said.join("\n")));
    }
    u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// A line of clap's, with its margin.
fn line_of(line: &str, tongue: Tongue) -> String {
    let text = line.trim_start();
    let margin = line.get(..line.len() - text.len()).unwrap_or_default();
    format!("{margin}{}", tongue.say(text))
}
