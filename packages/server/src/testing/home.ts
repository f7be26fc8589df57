/**
 * A home for tests: a store in a folder of its own, a certificate, domains, accounts and aliases.
 * It is made of the production code; only folder, names and passwords are those of the test.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import { openStore } from '@merpati/store/sqlite/open.ts';
import type { AccountSettings, Credential, Store } from '@merpati/store/contract.ts';
import type { AccountId } from '@merpati/store/ids.ts';
import { accountId } from '@merpati/store/ids.ts';
import { hashPassword } from '../accounts/password.ts';
import { ServedCertificates } from '../certificates/served.ts';
import { defaultConfig } from '../config/read.ts';
import type { Fault, Home } from '../home.ts';
import { openAuthority } from '../lab/authority.ts';
import { createMetrics } from '../observe/metrics.ts';
import { silentLog } from '../observe/log.ts';
import { realWorld } from '../real-world.ts';
import { createKeyRing } from '../signing/key-ring.ts';
import { beginThread } from '../threads/begin-thread.ts';
import { createTables } from '../threads/counted-connections.ts';
import { ownShared } from '../threads/own-shared.ts';
import type { World } from '../world.ts';

export interface TestHomeOptions {
  readonly config?: Parameters<typeof defaultConfig>[0];
  readonly world?: Partial<World>;
  /** Without it no TLS is offered. */
  readonly tls?: boolean;
  readonly log?: Home['log'];
  /** How many `runHome` is to start; default 1. */
  readonly threads?: number;
}

export interface TestHome extends AsyncDisposable {
  readonly home: Home;
  readonly faults: Set<Fault>;
  /** PEM of the root that signed the home's certificate. */
  readonly ca: string;
  readonly directory: string;
  addDomain(name: string, options?: { aliasOf?: string; catchAll?: string }): Promise<void>;
  /** The password is `merpati` unless told. */
  addAccount(
    address: string,
    options?: Partial<AccountSettings> & { readonly password?: string },
  ): Promise<AccountId>;
  addAlias(address: string, ...targets: string[]): Promise<void>;
  /** The messages of the inbox, whole, oldest first. */
  inbox(account: AccountId): Promise<Buffer[]>;
}

export const testPassword = 'merpati';
let credential: Promise<Credential> | null = null;

export const testSettings: AccountSettings = {
  displayName: '',
  state: 'active',
  quotaBytes: null,
  pop: { policy: 'hide', keepDays: 30 },
  limits: { messagesPerDay: 1_000_000, newRecipientsPerDay: 1_000_000 },
  hideClientAddress: false,
};

/** `mx.merpati.test`, without any domain yet. Disposing asserts that no bug was counted. */
export async function testHome(options: TestHomeOptions = {}): Promise<TestHome> {
  const { threads = 1 } = options;
  if (threads > 1) beginThread({ number: 0, of: threads });
  const directory = mkdtempSync(join(tmpdir(), 'merpati-test-'));
  const config = defaultConfig({
    hostname: 'mx.merpati.test',
    data: join(directory, 'data'),
    ...options.config,
  });
  const world: World = { ...realWorld(config.dns), ...options.world };
  const authority = await openAuthority(directory, Date.now());
  const issued = await authority.issue([config.hostname, 'localhost', '127.0.0.1'], Date.now());
  const faults = new Set<Fault>();
  const store = await openStore({ directory: config.data, nowMs: world.nowMs() });
  const home: Home = {
    config,
    world,
    store,
    log: options.log ?? silentLog(),
    metrics: createMetrics(),
    tls: options.tls === false ? null : new ServedCertificates([issued], world),
    certificates: null,
    wakeQueue: () => {},
    shared: ownShared(config, threads > 1 ? createTables(threads) : null),
    keyRing: createKeyRing(store, () => world.nowMs()),
    alarms: null,
    reports: null,
    faults,
  };

  return {
    home,
    faults,
    ca: authority.certificate,
    directory,
    async addDomain(name, { aliasOf = null, catchAll = null } = {}) {
      const domain = { name, aliasOf, catchAll, createdMs: Date.now() };
      const edited = await store.editDirectory({ kind: 'domain-put', domain });
      assert.ok(edited.ok);
    },
    async addAccount(address, { password = testPassword, ...settings } = {}) {
      const isCommon = password === testPassword;
      const made = isCommon ? (credential ??= hashPassword(password)) : hashPassword(password);
      const edited = await store.editDirectory({
        kind: 'account-add',
        address,
        settings: { ...testSettings, ...settings },
        credential: await made,
        nowMs: Date.now(),
      });
      assert.ok(edited.ok);
      return accountId(edited.id ?? 0);
    },
    async addAlias(address, ...targets) {
      const edited = await store.editDirectory({ kind: 'alias-put', address, targets });
      assert.ok(edited.ok);
    },
    inbox: (account) => readInbox(store, account),
    async [Symbol.asyncDispose]() {
      await store.close();
      rmSync(directory, { recursive: true, force: true });
      const bugs = await home.metrics.bugs.get();
      assert.equal(bugs.values[0]?.value ?? 0, 0, 'an unexpected error was counted');
    },
  };
}

async function readInbox(store: Store, account: AccountId): Promise<Buffer[]> {
  const messages: Buffer[] = [];
  for (const entry of await store.maildrop(account)) {
    const body = await store.readMessage(account, entry.content);
    const chunks: Uint8Array[] = [];
    for await (const chunk of body?.chunks() ?? []) chunks.push(chunk);
    messages.push(Buffer.concat(chunks));
  }
  return messages;
}
