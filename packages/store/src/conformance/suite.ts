/**
 * What every engine must do: `conformance(engine)` registers the tests of the contract. An engine
 * opens a new store for each test; some tests close it and open it again.
 */

import { describe } from 'node:test';
import type { Engine } from './engine.ts';
import { bodySuite } from './suite-bodies.ts';
import { flagSuite } from './suite-flags.ts';
import { mailSuite } from './suite-mail.ts';
import { mailboxSuite } from './suite-mailboxes.ts';
import { modelSuite } from './suite-model.ts';
import { directorySuite, journeySuite, popSuite } from './suite-people.ts';
import { queueSuite } from './suite-queue.ts';
import { recordSuite } from './suite-records.ts';
import { searchSuite } from './suite-search.ts';
import { transferSuite } from './suite-transfer.ts';

export function conformance(engine: Engine): void {
  describe(`store contract: ${engine.name}`, () => {
    describe('directory', () => directorySuite(engine));
    describe('bodies', () => bodySuite(engine));
    describe('mail', () => mailSuite(engine));
    describe('flags', () => flagSuite(engine));
    describe('mailboxes', () => mailboxSuite(engine));
    describe('transfers', () => transferSuite(engine));
    describe('POP3', () => popSuite(engine));
    describe('search', () => searchSuite(engine));
    describe('queue', () => queueSuite(engine));
    describe('journeys', () => journeySuite(engine));
    describe('records', () => recordSuite(engine));
    describe('model', () => modelSuite(engine));
  });
}
