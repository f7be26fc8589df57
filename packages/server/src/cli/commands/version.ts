/** `merpati version`: what one puts into a bug report. */

import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { productVersion } from '../../observe/version.ts';

export function register(version: Command, cli: () => Cli): void {
  version.action(() => {
    const facts = {
      merpati: productVersion(),
      node: process.versions.node,
      sqlite: process.versions['sqlite'] ?? '',
      openssl: process.versions.openssl,
      platform: `${process.platform}-${process.arch}`,
    };
    const { output } = cli();
    output.value('merpati.version/1', facts, () => {
      for (const [name, value] of Object.entries(facts)) output.line(`${name.padEnd(9)} ${value}`);
    });
  });
}
