/** From the name of an operation to the function that does it. */

import { reindex, writeIndex } from '../index/write.ts';
import { packAccepted, type Answer, type Operation } from '../operations.ts';
import { accept, dropKeys } from './accept.ts';
import { append } from './append.ts';
import type { PlacedBody } from './blobs.ts';
import { adoptSegment, dropSegment, moveBlobs } from './compaction.ts';
import type { WriterContext } from './context.ts';
import { editDirectory, purgeAccount } from './directory.ts';
import { editMailbox } from './mailboxes.ts';
import { editFlags, expunge } from './messages.ts';
import { purgeDownloaded, restoreDownloaded, updateByPop } from './pop.ts';
import { claim, editQueue, renew, settle } from './queue.ts';
import { noteRead } from './reads.ts';
import { purgeMailbox } from './removals.ts';
import { purgeRecords, putRecords } from './records.ts';
import { repair } from './repair.ts';
import { copy, move } from './transfer.ts';

/** What nobody outside asks for. */
const upkeep = [
  'adoptSegment',
  'dropKeys',
  'dropSegment',
  'index',
  'moveBlobs',
  'noteSegments',
  'pruneJourneys',
  'purgeRecords',
  'purgeAccount',
  'purgeMailbox',
  'reindex',
  'repair',
  'reveal',
] as const;

type Upkeep = Extract<Operation, { name: (typeof upkeep)[number] }>;

const upkeepNames: ReadonlySet<string> = new Set(upkeep);

function isUpkeep(operation: Operation): operation is Upkeep {
  return upkeepNames.has(operation.name);
}

/** Within the transaction of its group. `bodies` were placed before, in the order of `bodiesOf`. */
export function perform(
  context: WriterContext,
  operation: Operation,
  bodies: readonly PlacedBody[],
): Answer {
  if (isUpkeep(operation)) return performUpkeep(context, operation);
  switch (operation.name) {
    case 'accept': {
      const [body] = bodies;
      if (body === undefined) throw new Error('an acceptance without a body');
      return packAccepted(accept(context, operation.take, body));
    }
    case 'settle':
      return settle(context, operation.take, bodies);
    case 'claim':
      return claim(context, operation.take);
    case 'renew':
      return renew(context, operation.take);
    case 'editQueue':
      return editQueue(context, operation.take);
    case 'directory':
      return editDirectory(context, operation.take);
    case 'mailbox':
      return editMailbox(context, operation.take);
    case 'flags':
      return editFlags(context, operation.take);
    case 'expunge':
      return expunge(context, operation.take);
    case 'move':
      return move(context, operation.take);
    case 'copy':
      return copy(context, operation.take);
    case 'append':
      return append(context, operation.take, bodies);
    case 'readNote':
      return noteRead(context, operation.take);
    case 'pop':
      return updateByPop(context, operation.take);
    case 'restore':
      return restoreDownloaded(context, operation.take);
    case 'purgeDownloaded':
      return purgeDownloaded(context, operation.take);
    case 'putRecords':
      return putRecords(context, operation.take);
    case 'journey':
      context.journal.append(operation.take.journey, operation.take.events);
      return null;
    case 'beginJourney': {
      const { head, events, accounts } = operation.take;
      context.journal.begin(head, [events], accounts);
      return null;
    }
    default:
      return operation satisfies never;
  }
}

function performUpkeep(context: WriterContext, operation: Upkeep): Answer {
  switch (operation.name) {
    case 'dropKeys':
      return dropKeys(context, operation.take);
    case 'pruneJourneys':
      return context.journal.prune(operation.take.beforeMs, operation.take.itemsMax);
    case 'purgeRecords':
      return purgeRecords(context, operation.take);
    case 'index':
      return writeIndex(context, operation.take);
    case 'reindex':
      return reindex(context, operation.take.account);
    case 'adoptSegment':
      return adoptSegment(context, operation.take.file);
    case 'moveBlobs':
      return moveBlobs(context, operation.take);
    case 'dropSegment':
      return dropSegment(context, operation.take.segment);
    case 'noteSegments':
      context.blobs.noteSegments();
      return context.blobs.openSegment;
    case 'repair':
      return repair(context, context.paths, operation.take.findings);
    case 'reveal':
      return null;
    case 'purgeAccount':
      return purgeAccount(context, operation.take.account);
    case 'purgeMailbox':
      return purgeMailbox(context, operation.take);
    default:
      return operation satisfies never;
  }
}
