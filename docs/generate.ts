/**
 * `npm run docs`: writes the pages that are made from tables of the program, so that they cannot
 * grow old: the configuration, the codes of the journey, the standards. A test compares them.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configKeys } from '@merpati/server/config/keys.ts';
import { words } from '@merpati/server/journey/words.ts';
import { readIndex } from '../tests/tidy/citations.ts';
import { readText, root } from '../tests/tidy/tree.ts';

/** Path to text. */
export function renderPages(): Readonly<Record<string, string>> {
  return {
    'docs/configuration.md': renderConfiguration(),
    'docs/journey-codes.md': renderJourneyCodes(),
    'docs/standards.md': renderStandards(),
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
  const rows = Object.entries(words).map(
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

function shortName(path: string): string {
  return (path.split('/').at(-1) ?? path).replace(/(\.test\.ts|\.txt)$/, '');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(renderPages())) writeFileSync(join(root, path), text);
}
