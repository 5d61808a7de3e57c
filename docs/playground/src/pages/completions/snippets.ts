/** What the snippets request. */
export type Example = { baseUrl: string; model: string; message: string; stream: boolean };

/** For a POSIX shell. */
const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
/** A literal of JavaScript and of Python. */
const literal = (text: string) => JSON.stringify(text);

/** Requests with curl and the SDKs of OpenAI. The key is in `OPENAI_API_KEY` and not in the text. */
export const snippets = {
  curl({ baseUrl, model, message, stream }: Example): string {
    const body = JSON.stringify({ model, ...(stream && { stream }), messages: [{ role: 'user', content: message }] });
    return [
      `curl ${stream ? '-N ' : ''}${baseUrl}/chat/completions \\`,
      '  -H "Authorization: Bearer $OPENAI_API_KEY" -H "Content-Type: application/json" \\',
      `  -d ${quote(body)}`,
    ].join('\n');
  },
  Python({ baseUrl, model, message, stream }: Example): string {
    const request = [
      `    model=${literal(model)},`,
      `    messages=[{"role": "user", "content": ${literal(message)}}],`,
      ...(stream ? ['    stream=True,'] : []),
      ')',
    ];
    const show = stream
      ? ['for chunk in answer:', '    print(chunk.choices[0].delta.content or "", end="", flush=True)']
      : ['print(answer.choices[0].message.content)'];
    return [
      'from openai import OpenAI',
      '',
      `client = OpenAI(base_url=${literal(baseUrl)})`,
      'answer = client.chat.completions.create(',
      ...request,
      ...show,
    ].join('\n');
  },
  'Node.js'({ baseUrl, model, message, stream }: Example): string {
    const request = [
      `  model: ${literal(model)},`,
      `  messages: [{ role: 'user', content: ${literal(message)} }],`,
      ...(stream ? ['  stream: true,'] : []),
      '});',
    ];
    const show = stream
      ? [`for await (const chunk of answer) process.stdout.write(chunk.choices[0]?.delta.content ?? '');`]
      : ['console.log(answer.choices[0]?.message.content);'];
    return [
      `import OpenAI from 'openai';`,
      '',
      `const client = new OpenAI({ baseURL: ${literal(baseUrl)} });`,
      'const answer = await client.chat.completions.create({',
      ...request,
      ...show,
    ].join('\n');
  },
} as const satisfies Record<string, (example: Example) => string>;

export type Language = keyof typeof snippets;
