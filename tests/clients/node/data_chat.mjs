// The AI SDK 4: what `useChat` calls to post and to read the data stream, and the reader by itself.
import { callChatApi, processDataStream } from "@ai-sdk/ui-utils";
import { refusalCases } from "./cases.mjs";

/** Posts messages as `useChat` does with these options, and returns what it would show. */
export async function postDataChat(messages, { api, headers, body }) {
  const seen = { lengths: [], calls: [] };
  await callChatApi({
    api,
    body: { id: "chat", messages, ...body },
    streamProtocol: "data",
    credentials: undefined,
    headers,
    abortController: () => undefined,
    restoreMessagesOnFailure: () => (seen.restored = true),
    onResponse: undefined,
    onUpdate: ({ message }) => seen.lengths.push(message.content.length),
    onFinish: (message, { usage, finishReason }) => Object.assign(seen, { message, usage, finishReason }),
    onToolCall: ({ toolCall }) => void seen.calls.push(toolCall),
    generateId: () => "made-up",
    fetch: undefined,
    lastMessage: messages.at(-1),
  }).catch((error) => (seen.error = { name: error.name, message: error.message }));
  return seen;
}

/** Returns the cases of version 4. */
export function dataChatCases(names) {
  const { asked } = names;
  const user = (content, more = {}) => ({ id: "m1", role: "user", content, parts: [{ type: "text", text: content }], ...more });

  const post = (messages, body, key = names.key) =>
    postDataChat(messages, {
      api: `${names.base_url}/api/llm`,
      headers: { Authorization: `Bearer ${key}` },
      body: { streamProtocol: "data", ...body },
    });

  const failing = (model, key) => post([user("Hello")], { modelOverride: model }, key);

  async function tools(model) {
    const body = { modelOverride: model, tools: { tell_weather: { description: asked.weather_text, parameters: asked.weather } } };
    const first = await post([user(asked.ask_weather)], body);
    const called = first.message;
    for (const part of called.parts.filter((part) => part.type === "tool-invocation")) {
      part.toolInvocation = { ...part.toolInvocation, state: "result", result: asked.reported };
    }
    const told = await post([user(asked.ask_weather), called], body);
    return { calls: first.calls, finishReason: first.finishReason, said: told.message.content, error: told.error };
  }

  async function parts() {
    const response = await fetch(`${names.base_url}/api/llm`, {
      method: "POST",
      headers: { Authorization: `Bearer ${names.key}`, "Content-Type": "application/json" },
      body: JSON.stringify({ prompt: asked.say_greeting, stream: true, streamProtocol: "data" }),
    });
    const seen = { protocol: response.headers.get("x-vercel-ai-data-stream"), text: "", order: [] };
    const note = (name) => (value) => void (seen.order.push(name), (seen[name] = value));
    await processDataStream({
      stream: response.body,
      onTextPart: (text) => void (seen.text += text),
      onErrorPart: note("error"),
      onStartStepPart: note("start"),
      onFinishStepPart: note("step"),
      onMessageAnnotationsPart: note("notes"),
      onFinishMessagePart: note("finish"),
    });
    return seen;
  }

  const image = [user(asked.look, { experimental_attachments: undefined })];
  image[0].parts.push({ type: "file", mimeType: "image/png", data: asked.pixel });
  const schema = { responseFormat: { type: "json_schema", schema: asked.person } };
  const cases = {
    text: () => post([user(asked.say_greeting)]),
    claude: () => post([user(asked.say_greeting)], { modelOverride: "claude-haiku-4-5" }),
    parts,
    tools: () => tools("gpt-4o-mini"),
    "tools of claude": () => tools("claude-haiku-4-5"),
    image: () => post(image, { useCase: "vision" }),
    structured: async () => JSON.parse((await post([user("Invent a person.")], schema)).message.content),
    ...refusalCases(names, failing),
    "broken stream": () => failing(names.breaking, names.key),
    "broken stream of claude": () => failing(names.breaking_claude, names.key),
  };
  return Object.fromEntries(Object.entries(cases).map(([name, act]) => [`ai4: ${name}`, act]));
}
