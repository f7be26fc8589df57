/** The table of all admin operations. The command line knows it by its type only. */

import { accountAdd } from './operations/account-add.ts';
import { accountEdit } from './operations/account-edit.ts';
import { accountList } from './operations/account-list.ts';
import { accountPassword } from './operations/account-password.ts';
import { accountRemove } from './operations/account-remove.ts';
import { accountRelease } from './operations/account-release.ts';
import { accountShow } from './operations/account-show.ts';
import { accountTotp } from './operations/account-totp.ts';
import { aliasList } from './operations/alias-list.ts';
import { aliasPut } from './operations/alias-put.ts';
import { aliasRemove } from './operations/alias-remove.ts';
import { appPasswordAdd } from './operations/app-password-add.ts';
import { appPasswordRemove } from './operations/app-password-remove.ts';
import { domainCheck } from './operations/domain-check.ts';
import { domainDns } from './operations/domain-dns.ts';
import { domainKeys } from './operations/domain-keys.ts';
import { certificateCheck } from './operations/certificate-check.ts';
import { certificateList } from './operations/certificate-list.ts';
import { certificateRenew } from './operations/certificate-renew.ts';
import { domainList } from './operations/domain-list.ts';
import { domainPublish } from './operations/domain-publish.ts';
import { domainPut } from './operations/domain-put.ts';
import { domainRemove } from './operations/domain-remove.ts';
import { journeySearch } from './operations/journey-search.ts';
import { journeyShow } from './operations/journey-show.ts';
import { journeyTail } from './operations/journey-tail.ts';
import { labFault } from './operations/lab-fault.ts';
import { mailDownloaded } from './operations/mail-downloaded.ts';
import { mailList } from './operations/mail-list.ts';
import { mailRead } from './operations/mail-read.ts';
import { mailRestore } from './operations/mail-restore.ts';
import { queueEdit } from './operations/queue-edit.ts';
import { queueList } from './operations/queue-list.ts';
import { reportDmarc } from './operations/report-dmarc.ts';
import { reportImport } from './operations/report-import.ts';
import { reportTls } from './operations/report-tls.ts';
import { senderFind } from './operations/sender-find.ts';
import { serverExamine } from './operations/server-examine.ts';
import { serverStatus } from './operations/server-status.ts';
import { storeBackup } from './operations/store-backup.ts';
import { storeCheck } from './operations/store-check.ts';
import { storeReindex } from './operations/store-reindex.ts';
import { storeRepair } from './operations/store-repair.ts';
import { storeStats } from './operations/store-stats.ts';

export const operations = {
  'account.add': accountAdd,
  'account.edit': accountEdit,
  'account.list': accountList,
  'account.password': accountPassword,
  'account.remove': accountRemove,
  'account.release': accountRelease,
  'account.show': accountShow,
  'account.totp': accountTotp,
  'alias.list': aliasList,
  'alias.put': aliasPut,
  'alias.remove': aliasRemove,
  'app-password.add': appPasswordAdd,
  'app-password.remove': appPasswordRemove,
  'domain.check': domainCheck,
  'domain.dns': domainDns,
  'domain.keys': domainKeys,
  'certificate.check': certificateCheck,
  'certificate.list': certificateList,
  'certificate.renew': certificateRenew,
  'domain.list': domainList,
  'domain.publish': domainPublish,
  'domain.put': domainPut,
  'domain.remove': domainRemove,
  'journey.search': journeySearch,
  'journey.show': journeyShow,
  'lab.fault': labFault,
  'mail.downloaded': mailDownloaded,
  'mail.list': mailList,
  'mail.restore': mailRestore,
  'queue.edit': queueEdit,
  'queue.list': queueList,
  'report.dmarc': reportDmarc,
  'report.import': reportImport,
  'report.tls': reportTls,
  'sender.find': senderFind,
  'server.examine': serverExamine,
  'server.status': serverStatus,
  'store.backup': storeBackup,
  'store.stats': storeStats,
} as const;

export const streams = {
  'journey.tail': journeyTail,
  'mail.read': mailRead,
  'store.check': storeCheck,
  'store.reindex': storeReindex,
  'store.repair': storeRepair,
} as const;

export type Operations = typeof operations;
export type Streams = typeof streams;
