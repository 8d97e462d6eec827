// The examples of docs/clients.md: written beside the packages that they import, run one after the other.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DefaultChatTransport, readUIMessageStream } from "ai";
import { postDataChat } from "./data_chat.mjs";

const here = new URL(".", import.meta.url).pathname;

/** Returns what each example said, by name. */
export async function pageReport(names) {
  const folder = mkdtempSync(join(here, ".examples-"));
  const found = {};
  try {
    for (const [name, code] of Object.entries(names.page)) {
      const path = join(folder, `${name.replaceAll(" ", "-")}.mjs`);
      writeFileSync(path, code);
      found[name] = await run(path).catch((error) => ({ failed: String(error.stack) }));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return found;
}

async function run(path) {
  const lines = [];
  const { log } = console;
  console.log = (line) => void lines.push(line);
  try {
    const { transport, options } = await import(path);
    if (transport instanceof DefaultChatTransport) lines.push(await answerOf(transport));
    if (options) lines.push((await postDataChat([say("Hello")], options)).message.content);
  } finally {
    console.log = log;
  }
  return { said: lines.join("") };
}

const say = (text) => ({ id: "m1", role: "user", content: text, parts: [{ type: "text", text }] });

async function answerOf(transport) {
  const { role, id, parts } = say("Hello");
  const stream = await transport.sendMessages({ chatId: "c1", messages: [{ role, id, parts }], trigger: "submit-message" });
  let text = "";
  for await (const message of readUIMessageStream({ stream })) text = message.parts.at(-1)?.text ?? "";
  return text;
}
