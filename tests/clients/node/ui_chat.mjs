// The AI SDK 5, 6 and 7: what `useChat` does, without a page around it.
import { refusalCases } from "./cases.mjs";

/** The state that React holds for `useChat`. */
class PlainState {
  status = "ready";
  error = undefined;
  messages = [];
  pushMessage = (message) => this.messages.push(message);
  popMessage = () => this.messages.pop();
  replaceMessage = (index, message) => (this.messages[index] = message);
  snapshot = (value) => structuredClone(value);
}

const textOf = (message) => message.parts.filter((part) => part.type === "text").map((part) => part.text).join("");

/** Returns the cases of one major version, whose package is `sdk`. */
export function uiChatCases(version, sdk, names) {
  const { asked } = names;
  class Chat extends sdk.AbstractChat {
    constructor(init) {
      const state = new PlainState();
      super({ ...init, state });
      this.kept = state;
    }
  }
  const transport = (body, key) =>
    new sdk.DefaultChatTransport({ api: `${names.base_url}/api/llm`, headers: { Authorization: `Bearer ${key}` }, body });

  async function converse(prompt, { body = {}, key = names.key } = {}) {
    let finished;
    const chat = new Chat({ transport: transport(body, key), onFinish: (facts) => (finished = facts) });
    await chat.sendMessage(typeof prompt === "string" ? { text: prompt } : prompt);
    const last = chat.messages.at(-1);
    return { chat, said: textOf(last), facts: {
      status: chat.status, messages: chat.messages.length, role: last.role, text: textOf(last),
      metadata: last.metadata, finishReason: finished?.finishReason, isError: finished?.isError,
      error: chat.error && { name: chat.error.name, message: chat.error.message, statusCode: chat.error.statusCode ?? null },
    } };
  }

  const failing = async (model, key) => (await converse("Hello", { body: { modelOverride: model }, key })).facts;

  async function secondTurn() {
    const { chat } = await converse(asked.say_greeting);
    const before = chat.messages.at(-1).metadata.usage.inputTokens;
    await chat.sendMessage({ text: asked.say_greeting });
    const after = chat.messages.at(-1).metadata.usage.inputTokens;
    return { messages: chat.messages.map((message) => [message.role, textOf(message)]), grew: after > before };
  }

  async function tools(model) {
    let chat;
    const onToolCall = ({ toolCall }) => {
      const output = { tool: toolCall.toolName, toolCallId: toolCall.toolCallId, output: asked.reported };
      // The SDK 5 calls it a result, and so do 6 and 7 for those who come from there.
      void (chat.addToolOutput ?? chat.addToolResult).call(chat, output);
    };
    const body = { modelOverride: model, tools: { tell_weather: { description: asked.weather_text, parameters: asked.weather } } };
    let ended;
    const end = new Promise((resolve) => (ended = resolve));
    chat = new Chat({
      transport: transport(body, names.key),
      onToolCall,
      sendAutomaticallyWhen: sdk.lastAssistantMessageIsCompleteWithToolCalls,
      onFinish: ({ message }) => textOf(message) && ended(),
      onError: ended,
    });
    await chat.sendMessage({ text: asked.ask_weather });
    await end;
    const parts = chat.messages.at(-1).parts;
    const call = parts.find((part) => part.type === "tool-tell_weather");
    return { kinds: parts.map((part) => part.type), state: call?.state, input: call?.input, output: call?.output,
             said: textOf(chat.messages.at(-1)), messages: chat.messages.length, error: chat.error?.message };
  }

  async function readStream() {
    const message = { id: "m1", role: "user", parts: [{ type: "text", text: asked.say_greeting }] };
    const stream = await transport({}, names.key).sendMessages({
      chatId: "c1", messages: [message], trigger: "submit-message", messageId: undefined, abortSignal: undefined,
    });
    const lengths = [];
    let last;
    for await (const each of sdk.readUIMessageStream({ stream })) {
      lengths.push(textOf(each).length);
      last = each;
    }
    return { lengths, said: textOf(last), states: last.parts.filter((part) => part.type === "text").map((part) => part.state) };
  }

  const image = { text: asked.look, files: [{ type: "file", mediaType: "image/png", url: `data:image/png;base64,${asked.pixel}` }] };
  const schema = { responseFormat: { type: "json_schema", schema: asked.person } };
  const cases = {
    text: async () => (await converse(asked.say_greeting)).facts,
    claude: async () => (await converse(asked.say_greeting, { body: { modelOverride: "claude-haiku-4-5" } })).facts,
    "use case": async () => (await converse(asked.say_greeting, { body: { useCase: "draft" } })).facts,
    "second turn": secondTurn,
    stream: readStream,
    tools: () => tools("gpt-4o-mini"),
    "tools of claude": () => tools("claude-haiku-4-5"),
    image: async () => (await converse(image, { body: { useCase: "vision" } })).facts,
    structured: async () => JSON.parse((await converse("Invent a person.", { body: schema })).said),
    ...refusalCases(names, failing),
    "broken stream": () => failing(names.breaking, names.key),
    "broken stream of claude": () => failing(names.breaking_claude, names.key),
  };
  return Object.fromEntries(Object.entries(cases).map(([name, act]) => [`ai${version}: ${name}`, act]));
}
