// The official `openai` client of npm on `/v1`.
import OpenAI, { APIConnectionError, APIError } from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import { refusal, refusalCases, repeated } from "./cases.mjs";

const Person = z.object({ name: z.string(), age: z.number().int() });

/** Returns the cases. */
export function openaiCases(names) {
  const { asked } = names;
  const open = (apiKey = names.key, more = {}) =>
    new OpenAI({ baseURL: `${names.base_url}/v1`, apiKey, maxRetries: 0, ...more });
  const client = open();
  const user = (content) => [{ role: "user", content }];
  const hello = user(asked.say_greeting);
  const tool = { type: "function",
                 function: { name: "tell_weather", description: asked.weather_text, parameters: asked.weather } };
  const kinds = { APIConnectionError, APIError };
  const refused = (model, apiKey) =>
    refusal(() => open(apiKey).chat.completions.create({ model, messages: hello }), kinds);

  async function chat(model) {
    const { data, response } = await client.chat.completions.create({ model, messages: hello }).withResponse();
    return { said: data.choices[0].message.content, reason: data.choices[0].finish_reason, usage: data.usage,
             provider: response.headers.get("x-signalbox-provider"), cost: response.headers.get("x-signalbox-cost-usd") };
  }

  async function stream(model) {
    const options = { model, messages: hello, stream: true, stream_options: { include_usage: true } };
    const texts = [];
    let usage;
    for await (const chunk of await client.chat.completions.create(options)) {
      const text = chunk.choices[0]?.delta.content;
      if (text) texts.push(text);
      usage = chunk.usage ?? usage;
    }
    return { texts, usage };
  }

  async function tools(model) {
    const calls = [];
    const run = ({ city }) => (calls.push(city), asked.reported);
    const runner = client.chat.completions.runTools({
      model,
      messages: user(asked.ask_weather),
      tools: [{ type: "function", function: { ...tool.function, parse: JSON.parse, function: run } }],
      stream: true,
    });
    return { said: await runner.finalContent(), calls };
  }

  async function structured(model) {
    const response_format = zodResponseFormat(Person, "person");
    const answer = await client.chat.completions.parse({ model, messages: user("Invent a person."), response_format });
    return answer.choices[0].message.parsed;
  }

  async function image(model) {
    const url = `data:image/png;base64,${asked.pixel}`;
    const messages = user([{ type: "text", text: asked.look }, { type: "image_url", image_url: { url } }]);
    const answer = await client.chat.completions.create({ model, messages });
    return { said: answer.choices[0].message.content };
  }

  async function response(model) {
    const whole = await client.responses.create({ model, input: asked.say_greeting });
    const events = [];
    const streamed = client.responses.stream({ model, input: asked.say_greeting });
    for await (const event of streamed) events.push(event.type);
    return { said: whole.output_text, events, final: (await streamed.finalResponse()).output_text };
  }

  async function broken(model) {
    const texts = [];
    const told = await refusal(async () => {
      const options = { model, messages: user(asked.say_much), stream: true };
      for await (const chunk of await client.chat.completions.create(options)) {
        texts.push(chunk.choices[0]?.delta.content ?? "");
      }
    }, kinds);
    return { ...told, came: texts.join("") };
  }

  const retried = () =>
    repeated(async (options) => {
      const question = { model: names.limited_once[1], messages: hello };
      return (await open(names.key, options).chat.completions.create(question)).choices[0].message.content;
    });

  const cases = {
    chat: () => chat("gpt-4o-mini"),
    "chat of claude": () => chat("claude-haiku-4-5"),
    "chat of a use case": () => chat("use-case:draft"),
    stream: () => stream("gpt-4o-mini"),
    "stream of claude": () => stream("claude-haiku-4-5"),
    tools: () => tools("gpt-4o-mini"),
    "tools of claude": () => tools("claude-haiku-4-5"),
    structured: () => structured("gpt-4o-mini"),
    "structured by claude": () => structured("claude-haiku-4-5"),
    image: () => image("gpt-4o"),
    "image of claude": () => image("claude-sonnet-4-5"),
    response: () => response("gpt-4o-mini"),
    "response of claude": () => response("claude-haiku-4-5"),
    models: async () => (await client.models.list()).data.map((model) => model.id),
    embeddings: async () => {
      const answer = await client.embeddings.create({ model: "text-embedding-3-small", input: ["a lighthouse", "a ship"] });
      return answer.data.map((each) => each.embedding.length);
    },
    ...refusalCases(names, refused),
    404: () => refused("no-such-model", names.key),
    "broken stream": () => broken(names.breaking),
    "broken stream of claude": () => broken(names.breaking_claude),
    retried,
  };
  return Object.fromEntries(Object.entries(cases).map(([name, act]) => [`openai: ${name}`, act]));
}
