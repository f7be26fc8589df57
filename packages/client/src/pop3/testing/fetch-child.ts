/** Fetches once, as a process of its own that can be killed: PORT FOLDER keep|delete. */

import { Pop3Client } from '../client.ts';
import { fetchMail } from '../fetch.ts';

const [port = '0', folder = '', mode = 'keep'] = process.argv.slice(2);
const client = await Pop3Client.connect({
  host: '127.0.0.1',
  port: Number(port),
  security: 'none',
});
await client.login({ user: 'rina', password: 'x' });
const summary = await fetchMail(client, {
  folder,
  account: 'rina@peer',
  keep: mode === 'keep',
  nowMs: Date.now(),
});
process.stdout.write(`${JSON.stringify(summary)}\n`);
