// Lets one handler serve Intendant both ways: run once for each job, or kept and asked again and again where config.yml
// says `mode: worker`. Put this file beside the handler, in bin/:
//
//     const { run } = require("./intendant.js");
//
//     run(async (request) => {
//       if (request.action === "PING_TARGET") return { status: 0, message: "I am alive" };
//       request.progress({ done: 1, of: 2, message: "half way" });
//       return { status: 0, message: "done", data: { saw: request.document.concernedTo } };
//     });
//
// What the handler prints goes to standard error: lines that begin with INFO: (DEBUG:, WARN:, ERROR:) go to the hub's
// log, the rest is kept with the job. An exception is an answer with status 1.
"use strict";

exports.run = async (handle) => {
  const { env, stdin, stdout, stderr } = process;
  const write = stdout.write.bind(stdout);
  stdout.write = stderr.write.bind(stderr); // what the handler prints is no answer
  const say = (members) => write(JSON.stringify(members) + "\n");
  const answer = async (request) => {
    try {
      return { status: 0, ...(await handle(request)) };
    } catch (error) {
      console.error(error);
      return { status: 1, message: String(error) };
    }
  };
  stdin.setEncoding("utf8");
  let rest = "";
  if (!("INTENDANT_WORKER" in env)) {
    for await (const chunk of stdin) rest += chunk;
    say(await answer({
      action: env.INTENDANT_ACTION,
      job: env.INTENDANT_JOB_ID,
      attempt: Number(env.INTENDANT_ATTEMPT ?? 1),
      run: env.INTENDANT_RUN,
      document: JSON.parse(rest),
      progress: (said) => process.stderr.write(`PROGRESS: ${JSON.stringify(said)}\n`),
    }));
    return;
  }
  say({ ready: 1 });
  for await (const chunk of stdin) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const request = JSON.parse(line);
      const { id } = request;
      request.progress = (said) => say({ id, progress: said });
      say({ id, ...(await answer(request)) });
    }
  }
};
