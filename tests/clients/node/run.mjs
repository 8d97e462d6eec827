// Runs the cases of every package against the server that standard input describes, and prints one report.
import { readFileSync } from "node:fs";
import * as ai5 from "ai5";
import * as ai6 from "ai6";
import * as ai7 from "ai7";
import { report } from "./cases.mjs";
import { dataChatCases } from "./data_chat.mjs";
import { uiChatCases } from "./ui_chat.mjs";

const names = JSON.parse(readFileSync(0, "utf8"));
const entries = await report({
  ...dataChatCases(names),
  ...uiChatCases(5, ai5, names),
  ...uiChatCases(6, ai6, names),
  ...uiChatCases(7, ai7, names),
});
process.stdout.write(JSON.stringify(entries));
