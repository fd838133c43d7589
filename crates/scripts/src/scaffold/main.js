#!/usr/bin/env node
// Does what is asked of it. See ../config.yml for what calls it, and intendant.js for how.
"use strict";
const { run } = require("./intendant.js");

run(async (request) => {
  if (request.action === "PING_TARGET") {
    // Replace this by a look at the target: is it there?
    return { status: 0, message: "I am alive" };
  }
  // Replace this by the real work. A later attempt of the same job has the same request.job and a higher
  // request.attempt: what was done already must not be done twice.
  // What is written to standard error is kept with the job; a line that begins with INFO: goes to the hub's log.
  console.error(`INFO: ${request.action} came with ${Object.keys(request.document).length} members`);
  return { status: 0, message: "nothing is done yet: write the work into bin/main.js" };
});
