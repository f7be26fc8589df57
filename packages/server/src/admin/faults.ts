/**
 * Everything an admin operation can answer instead of a result, with its kind and its words: what
 * is the case, and what to do now. `{command}` is how the asker calls this program: `merpati`, `npx
 * merpati --lab`.
 */

/** What kind of no it is; the command line has an exit code for each. */
export type FaultKind = 'failed' | 'usage' | 'notFound' | 'notAllowed' | 'conflict' | 'later';

export interface FaultWords {
  readonly kind: FaultKind;
  readonly en: { readonly why: string; readonly next?: string };
  readonly id: { readonly why: string; readonly next?: string };
}

export const faults = {
  'input.invalid': {
    kind: 'usage',
    en: { why: '{path} is not acceptable: {reason}' },
    id: { why: '{path} tidak bisa diterima: {reason}' },
  },
  'operation.unknown': {
    kind: 'failed',
    en: {
      why: 'the running server knows no operation {name}',
      next: 'It may be of another version: restart it.',
    },
    id: {
      why: 'server yang berjalan tidak mengenal operasi {name}',
      next: 'Mungkin versinya lain: mulai ulang server.',
    },
  },
  'server.bug': {
    kind: 'failed',
    en: { why: 'the server made a mistake of its own', next: 'Its log has the details.' },
    id: { why: 'ada kesalahan di dalam server', next: 'Rinciannya ada di log server.' },
  },
  'store.unavailable': {
    kind: 'later',
    en: {
      why: 'the store cannot write now ({reason})',
      next: 'Nothing was changed. Try again when the disk has room.',
    },
    id: {
      why: 'penyimpanan tidak bisa menulis sekarang ({reason})',
      next: 'Tidak ada yang berubah. Coba lagi setelah disk punya ruang.',
    },
  },
  'address.invalid': {
    kind: 'usage',
    en: { why: '{address} is not an e-mail address', next: 'Write it as name@domain.' },
    id: { why: '{address} bukan alamat email', next: 'Tulis sebagai nama@domain.' },
  },
  'domain.invalid': {
    kind: 'usage',
    en: { why: '{domain} is not a domain name' },
    id: { why: '{domain} bukan nama domain' },
  },
  'domain.update.off': {
    kind: 'failed',
    en: {
      why: 'no server is configured that takes updates of the zone',
      next: 'Set acme.dns_server and its key, or do it by hand: {command} domain dns {domain}',
    },
    id: {
      why: 'belum diatur server yang menerima perubahan zona',
      next: 'Atur acme.dns_server dan kuncinya, atau secara manual: {command} domain dns {domain}',
    },
  },
  'domain.zone.unknown': {
    kind: 'later',
    en: { why: 'the DNS does not tell which zone {domain} lies in' },
    id: { why: 'DNS tidak memberi tahu di zona mana {domain} berada' },
  },
  'domain.update.failed': {
    kind: 'failed',
    en: { why: 'the server of the zone {zone} did not take it: {why}' },
    id: { why: 'server zona {zone} tidak menerimanya: {why}' },
  },
  'domain.unknown': {
    kind: 'notFound',
    en: {
      why: 'this server is not responsible for {domain}',
      next: 'Its domains: {known}. Add one with: {command} domain add {domain}',
    },
    id: {
      why: 'server ini tidak mengurus {domain}',
      next: 'Domainnya: {known}. Tambahkan dengan: {command} domain add {domain}',
    },
  },
  'domain.exists': {
    kind: 'conflict',
    en: { why: '{domain} is there already' },
    id: { why: '{domain} sudah ada' },
  },
  'domain.in-use': {
    kind: 'conflict',
    en: {
      why: '{domain} still has addresses',
      next: 'Remove its accounts and aliases first: {command} account list',
    },
    id: {
      why: '{domain} masih punya alamat',
      next: 'Hapus dulu akun dan aliasnya: {command} account list',
    },
  },
  'domain.alias-of-itself': {
    kind: 'usage',
    en: { why: 'a domain cannot be an alias of itself or of an alias' },
    id: { why: 'domain tidak bisa menjadi alias dirinya sendiri atau alias lain' },
  },
  'sender.unknown': {
    kind: 'notAllowed',
    en: {
      why: 'no account may send as {address}',
      next: 'To let one: {command} alias add {address} ACCOUNT',
    },
    id: {
      why: 'tidak ada akun yang boleh mengirim sebagai {address}',
      next: 'Agar bisa: {command} alias add {address} AKUN',
    },
  },
  'account.unknown': {
    kind: 'notFound',
    en: { why: 'there is no account {address}', next: '{command} account list shows all.' },
    id: { why: 'tidak ada akun {address}', next: '{command} account list menampilkan semuanya.' },
  },
  'account.unknown.near': {
    kind: 'notFound',
    en: { why: 'there is no account {address}', next: 'Did you mean {near}?' },
    id: { why: 'tidak ada akun {address}', next: 'Maksud Anda {near}?' },
  },
  'address.exists': {
    kind: 'conflict',
    en: { why: '{address} is in use already' },
    id: { why: '{address} sudah dipakai' },
  },
  'alias.unknown': {
    kind: 'notFound',
    en: { why: 'there is no alias {address}', next: '{command} alias list shows all.' },
    id: { why: 'tidak ada alias {address}', next: '{command} alias list menampilkan semuanya.' },
  },
  'alias.to-itself': {
    kind: 'usage',
    en: { why: '{address} cannot point to itself' },
    id: { why: '{address} tidak bisa menunjuk dirinya sendiri' },
  },
  'password.weak': {
    kind: 'usage',
    en: {
      why: 'a password needs at least {least} characters',
      next: 'Leave it out and a good one is made.',
    },
    id: {
      why: 'kata sandi perlu sedikitnya {least} karakter',
      next: 'Kosongkan saja, nanti dibuatkan yang kuat.',
    },
  },
  'password.unusable': {
    kind: 'usage',
    en: { why: 'the password holds characters that clients cannot send (RFC 4013)' },
    id: { why: 'kata sandi memuat karakter yang tidak bisa dikirim klien (RFC 4013)' },
  },
  'app-password.unknown': {
    kind: 'notFound',
    en: { why: '{address} has no app password {id}' },
    id: { why: '{address} tidak punya sandi aplikasi {id}' },
  },
  'app-password.too-many': {
    kind: 'conflict',
    en: {
      why: '{address} has {most} app passwords, and that is the most',
      next: 'Remove one that is not used: {command} account show {address}',
    },
    id: {
      why: '{address} sudah punya {most} sandi aplikasi, dan itu batasnya',
      next: 'Hapus yang tidak dipakai: {command} account show {address}',
    },
  },
  'mailbox.unknown': {
    kind: 'notFound',
    en: { why: '{address} has no folder {mailbox}', next: 'Its folders: {known}' },
    id: { why: '{address} tidak punya folder {mailbox}', next: 'Foldernya: {known}' },
  },
  'message.unknown': {
    kind: 'notFound',
    en: {
      why: 'there is no message {message} in {mailbox} of {address}',
      next: '{command} mail list --as {address}',
    },
    id: {
      why: 'tidak ada pesan {message} di {mailbox} milik {address}',
      next: '{command} mail list --as {address}',
    },
  },
  'message.corrupt': {
    kind: 'failed',
    en: {
      why: 'the stored message is damaged: {where}',
      next: '{command} store check --deep tells more.',
    },
    id: {
      why: 'pesan yang tersimpan rusak: {where}',
      next: '{command} store check --deep menjelaskan lebih lanjut.',
    },
  },
  'queue.id': {
    kind: 'usage',
    en: { why: '{id} is not a place in the queue', next: '{command} queue list shows them.' },
    id: { why: '{id} bukan tempat di antrean', next: '{command} queue list menampilkannya.' },
  },
  'journey.unknown': {
    kind: 'notFound',
    en: {
      why: 'there is no journey {id}',
      next: '{command} journey search shows the latest ones.',
    },
    id: {
      why: 'tidak ada perjalanan {id}',
      next: '{command} journey search menampilkan yang terbaru.',
    },
  },
  'journey.id': {
    kind: 'usage',
    en: {
      why: '"{id}" is not the beginning of an id',
      next: 'An id has ten letters and digits: {command} journey search shows them.',
    },
    id: {
      why: '"{id}" bukan awal sebuah id',
      next: 'Id terdiri dari sepuluh huruf dan angka: {command} journey search menampilkannya.',
    },
  },
  'journey.none': {
    kind: 'notFound',
    en: { why: 'no message has been on its way yet' },
    id: { why: 'belum ada email yang berjalan' },
  },
  'journey.ambiguous': {
    kind: 'usage',
    en: { why: '{id} fits several journeys: {several}', next: 'Give more letters.' },
    id: { why: '{id} cocok dengan beberapa perjalanan: {several}', next: 'Tambah hurufnya.' },
  },
  'backup.folder': {
    kind: 'conflict',
    en: { why: 'the folder {folder} is not empty' },
    id: { why: 'folder {folder} tidak kosong' },
  },
  'report.unread': {
    kind: 'failed',
    en: {
      why: '{name} could not be taken as a report: {why}',
      next: 'It may be XML or JSON, as it is, in gzip or zip, or a whole message.',
    },
    id: {
      why: '{name} tidak bisa diterima sebagai laporan: {why}',
      next: 'Bentuknya XML atau JSON, apa adanya, dalam gzip atau zip, atau email utuh.',
    },
  },
  'certificate.no-server': {
    kind: 'failed',
    en: { why: 'only a running server gets certificates', next: 'Start it with: merpati serve' },
    id: { why: 'sertifikat hanya diambil server yang berjalan', next: 'Mulai: merpati serve' },
  },
  'certificate.no-acme': {
    kind: 'failed',
    en: {
      why: 'certificates by ACME are not switched on',
      next: 'See: {command} config explain acme.terms_agreed',
    },
    id: {
      why: 'sertifikat lewat ACME belum diaktifkan',
      next: 'Lihat: {command} config explain acme.terms_agreed',
    },
  },
  'certificate.unknown': {
    kind: 'notFound',
    en: {
      why: 'no certificate is wanted for {name}',
      next: 'Names count that lead to this host: {command} certificate check',
    },
    id: {
      why: 'tidak ada sertifikat untuk {name}',
      next: 'Hanya nama yang menuju server ini: {command} certificate check',
    },
  },
  'account.not-paused': {
    kind: 'conflict',
    en: { why: 'the sending of {address} is not paused' },
    id: { why: 'pengiriman dari {address} tidak dihentikan' },
  },
  'totp.on': {
    kind: 'conflict',
    en: {
      why: '{address} has a second factor already',
      next: 'For another one: {command} account totp {address} --off',
    },
    id: {
      why: '{address} sudah memakai faktor kedua',
      next: 'Untuk menggantinya: {command} account totp {address} --off',
    },
  },
  'totp.wrong': {
    kind: 'failed',
    en: {
      why: 'that is not the code of the moment',
      next: 'Is the clock of the device right? A new secret: {command} account totp {address}',
    },
    id: {
      why: 'itu bukan kode saat ini',
      next: 'Apakah jam perangkat benar? Rahasia baru: {command} account totp {address}',
    },
  },
  'lab.none': {
    kind: 'failed',
    en: { why: 'this server is not a lab', next: 'Start one with: merpati lab' },
    id: { why: 'server ini bukan lab', next: 'Mulai dengan: merpati lab' },
  },
  'lab.server': {
    kind: 'notFound',
    en: { why: 'there is no server {server} here', next: 'There are: {known}' },
    id: { why: 'tidak ada server {server} di sini', next: 'Yang ada: {known}' },
  },
} as const satisfies Readonly<Record<string, FaultWords>>;

export type FaultCode = keyof typeof faults;
