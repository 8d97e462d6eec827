// How a case becomes an entry of the report.

/** Runs every case beside the others; the report holds what each returned, or how it failed. */
export async function report(cases) {
  const run = async ([name, act]) => {
    try {
      return [name, await act()];
    } catch (error) {
      return [name, { failed: String(error?.stack ?? error) }];
    }
  };
  return Object.fromEntries(await Promise.all(Object.entries(cases).map(run)));
}

/** Returns what a client says of the error that `act` ends with; `kinds` are the client's own classes. */
export async function refusal(act, kinds = {}) {
  try {
    await act();
  } catch (error) {
    const classes = Object.keys(kinds).filter((kind) => error instanceof kinds[kind]);
    const { status, requestID, message } = error;
    return { classes, name: error.constructor.name, status, requestId: requestID, message, code: error.code, type: error.type };
  }
  throw new Error("nothing was refused");
}

/** Returns the cases that a server refuses; `ask(model, key)` asks it. */
export function refusalCases(names, ask) {
  return {
    401: () => ask("gpt-4o-mini", names.asked.nobody),
    402: () => ask("gpt-4o-mini", names.spent_key),
    "429 of ours": () => ask("gpt-4o-mini", names.hasty_key),
    "429 of theirs": () => ask(names.limited, names.key),
    503: () => ask(names.closed, names.key),
  };
}

/** Returns when `ask` fetched, in milliseconds, and what it returned; it takes options of a client that asks again. */
export async function repeated(ask) {
  const times = [];
  const counting = (...given) => (times.push(performance.now()), fetch(...given));
  return { said: await ask({ maxRetries: 2, fetch: counting }), times };
}
