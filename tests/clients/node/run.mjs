// Runs the cases of every package against the server that standard input describes, and prints one report.
import { readFileSync } from "node:fs";
import * as ai7 from "ai";
import * as ai5 from "ai5";
import * as ai6 from "ai6";
import { anthropicCases } from "./anthropic_client.mjs";
import { report } from "./cases.mjs";
import { dataChatCases } from "./data_chat.mjs";
import { openaiCases } from "./openai_client.mjs";
import { pageReport } from "./page_cases.mjs";
import { uiChatCases } from "./ui_chat.mjs";

const names = JSON.parse(readFileSync(0, "utf8"));
const examples = await pageReport(names);
const entries = await report({
  ...dataChatCases(names),
  ...uiChatCases(5, ai5, names),
  ...uiChatCases(6, ai6, names),
  ...uiChatCases(7, ai7, names),
  ...openaiCases(names),
  ...anthropicCases(names),
});
process.stdout.write(JSON.stringify({ ...examples, ...entries }));
